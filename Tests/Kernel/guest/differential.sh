# Runs the scripts that are its arguments, then every case of /host/cases with
# both programs, and leaves in /out/CASE/PROGRAM what became of it: see
# differential.py. Fails when one of the scripts does.
#
# One server plays all cases: it is told to open the bench of each. Boards that
# look like those before them take their places without the kernel's notice.
# Shell builtins where possible: starting a program is dear in an emulated
# machine.

# count_boards: sets n to the number of boards on this kernel's first virtual
# bus. A board counts once its interfaces are there.
count_boards() {
  n=0
  last=
  for interface in /sys/bus/usb/devices/1-*:*; do
    device=${interface##*/}
    device=${device%%:*}
    case $device in 1-0 | '1-*' | "$last") continue ;; esac
    last=$device
    n=$((n + 1))
  done
}

# wait_for_boards COUNT: at most 20 s.
wait_for_boards() {
  tries=400
  count_boards
  until [ $n = "$1" ]; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    usleep 50000
    count_boards
  done
}

# tell COMMAND: to the server; sets answer.
tell() {
  echo "$1" >&3
  read -r answer <&4
}

# open BENCH: has its boards on the bus, all of them fresh.
open() {
  tell "open $1"
  [ "$answer" != 'ok same' ] || return 0
  tell 'open /tmp/empty.json'
  wait_for_boards 0 || echo 'the last boards stayed' >>"$out/trouble"
  tell "open $1"
  [ "$answer" = 'ok new' ] || echo "the server: $answer" >>"$out/trouble"
  wait_for_boards "$count" || echo "$n boards appeared" >>"$out/trouble"
}

now() { read -r now _ </proc/uptime; }

# run CASE PROGRAM: in a copy of the case's folder. Its file `settings` sets
# count, arguments, input, user, holder, name and again.
run() {
  out=/out/${1##*/}/$2
  mkdir -p "$out" "/tmp/run"
  now && began=$now
  cp -r "$1" "/tmp/run/$2"
  cp -r /host/inputs "/tmp/run/$2/work"
  cd "/tmp/run/$2/work" || return
  . ../settings
  open "$PWD/../bench/bench.json"
  DEVNUM=0
  [ ! -e /sys/bus/usb/devices/1-1/devnum ] ||
    read -r DEVNUM </sys/bus/usb/devices/1-1/devnum
  held=
  if [ -n "$holder" ]; then
    eval "$holder" >/dev/null 2>&1 </dev/null &
    held=$!
    tries=400
    until [ -e /sys/bus/usb/devices/1-1:1.0/driver ]; do
      tries=$((tries - 1))
      [ $tries -gt 0 ] || break
      usleep 50000
    done
  fi
  program=/bin/$2
  [ "$2" != dfuflash ] || [ "$name" = dfuflash ] || program=/tmp/alias/dfu-util
  if [ -n "$user" ]; then
    chown "$user" .
    # su takes for its own whatever looks like an option.
    echo "exec $program $arguments" >/tmp/run/command
    program="su $user -c 'sh /tmp/run/command'"
    arguments=
  fi
  now && start=$now
  eval "timeout -s KILL 60 $program $arguments" >"$out/stdout" \
    2>"$out/stderr" <"$input"
  echo $? >"$out/exit"
  now && ended=$now
  if [ -n "$again" ]; then
    tell 'plug 1-1'
    wait_for_boards "$count" || echo 'it did not come back' >>"$out/trouble"
    eval "timeout -s KILL 60 $program $again" >"$out/stdout2" \
      2>"$out/stderr2" <"$input"
    echo $? >"$out/exit2"
  fi
  [ -z "$held" ] || kill $held
  tell save
  [ "$answer" = ok ] || echo "saving: $answer" >>"$out/trouble"
  [ "$count" = 0 ] && [ -z "$keeps" ] || cp -r ../bench "$out/bench"
  # Files of ours, but not what both found.
  for file in *; do
    [ -e "/host/inputs/$file" ] && [ "$file" != exists.bin ] && continue
    [ ! -f "$file" ] || { mkdir -p "$out/files" && cp "$file" "$out/files/"; }
  done
  cd /
  rm -rf "/tmp/run/$2"
  now && echo "$start $ended $began $now" >"$out/time"
}

status=0
for script; do
  sh "/kernel/$script" && echo "kernel: passed $script" || {
    echo "kernel: FAILED $script"
    status=1
  }
done
mkdir /tmp/alias && ln -s /bin/dfuflash /tmp/alias/dfu-util
cat >/tmp/empty.json <<'JSON'
{"format": "dfuflash-bench", "version": 1, "boards": []}
JSON
cp /tmp/empty.json /tmp/first.json
mkfifo /tmp/commands /tmp/answers
dfuflash simulate --usbip --attach --bench /tmp/first.json \
  --commands /tmp/commands >/tmp/answers &
exec 3<>/tmp/commands 4</tmp/answers
read -r answer <&4
for case in /host/cases/*; do
  for program in dfu-util dfuflash; do
    run "$case" $program
  done
  echo "kernel: done ${case##*/} $now"
done
tell 'open /tmp/empty.json'
exit $status
