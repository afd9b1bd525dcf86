# Runs the scripts that are its arguments, then every case of /host/cases with
# both programs, and leaves in /out/CASE/PROGRAM what became of it: see
# differential.py. Fails when one of the scripts does.

# The boards on this kernel's first virtual bus: "1-1 7" for device number 7
# at port 1. A board counts once its interfaces are there.
boards() {
  for interface in /sys/bus/usb/devices/1-*:*; do
    [ -e "$interface" ] || continue
    device=${interface%:*}
    [ "${device##*/}" = 1-0 ] ||
      echo "${device##*/} $(cat "$device/devnum" 2>/dev/null)"
  done | sort -u
}

# wait_until SECONDS COMMAND...: until COMMAND succeeds.
wait_until() {
  tries=$(($1 * 50))
  shift
  until "$@"; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    usleep 20000
  done
}

count_is() { [ "$(boards | wc -l)" -eq "$1" ]; }
is_gone() { ! [ -e "/proc/$1" ]; }
now() { cut -d' ' -f1 /proc/uptime; }

# run CASE PROGRAM: in a copy of the case's folder. Its file `settings` sets
# count, plugged, pulled and arguments.
run() {
  out=/out/${1##*/}/$2
  mkdir -p "$out"
  began=$(now)
  rm -rf "/tmp/$2"
  cp -r "$1" "/tmp/$2"
  cp -r /host/inputs "/tmp/$2/work"
  cd "/tmp/$2" || return
  . ./settings
  server=
  puller=
  if [ "$count" != 0 ]; then
    (
      sleep "$plugged"
      exec dfuflash simulate --usbip --attach --bench bench/bench.json
    ) >"$out/server" 2>&1 </dev/null &
    server=$!
    [ "$plugged" != 0 ] || wait_until 20 count_is "$count" ||
      echo 'the boards did not appear' >"$out/trouble"
  fi
  if [ "$pulled" != 0 ]; then
    (sleep "$pulled"; kill -TERM "$server") &
    puller=$!
  fi
  boards >"$out/before"
  start=$(now)
  cd work || return
  eval "set -- \"$2\" $arguments"
  timeout -s KILL 60 "$@" >"$out/stdout" 2>"$out/stderr" <"$input"
  echo $? >"$out/exit"
  cd ..
  ended=$(now)
  # A board that leaves is seen to have left.
  usleep 200000
  boards >"$out/after"
  [ -z "$puller" ] || wait "$puller"
  if [ -n "$server" ]; then
    kill -TERM "$server" 2>/dev/null
    wait_until 10 is_gone "$server" || {
      echo 'the server did not end' >>"$out/trouble"
      kill -KILL "$server"
    }
    wait "$server" ||
      echo "the server ended with $?: $(tail -n 3 "$out/server")" \
        >>"$out/trouble"
    wait_until 10 count_is 0 || echo 'the boards stayed' >>"$out/trouble"
  fi
  (cd bench && find . -type f | sort | xargs sha256sum) >"$out/memories"
  (cd work && find . -type f | sort | xargs sha256sum) >"$out/files"
  echo "$start $ended $began $(now)" >"$out/time"
}

status=0
for script; do
  sh "/kernel/$script" && echo "kernel: passed $script" || {
    echo "kernel: FAILED $script"
    status=1
  }
done
for case in /host/cases/*; do
  for program in dfu-util dfuflash; do
    run "$case" $program
  done
  # For whoever looks into a difference.
  name=${case##*/}
  cmp -s "/out/$name/dfu-util/memories" "/out/$name/dfuflash/memories" ||
    for program in dfu-util dfuflash; do
      cp -r "/tmp/$program/bench" "/out/$name/$program/bench"
    done
  echo "kernel: done ${case##*/}"
done
exit $status
