# Runs the scripts that are its arguments, then both programs on case after
# case of /host/cases, and leaves in /host/cases/CASE/PROGRAM what became of
# it: see differential.py. Fails when one of the scripts does.
#
# The files of /host/groups name the cases. Whoever makes the folder of a
# group's name in /host/taken has its cases to run: several guests do so.
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
  tries=1000
  count_boards
  until [ $n = "$1" ]; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    usleep 20000
    count_boards
  done
}

# tell COMMAND: to the server; sets answer.
tell() {
  echo "$1" >&3
  read -r answer <&4
}

trouble() { echo "$1" >>/tmp/out/trouble; }

# open BENCH: has its boards on the bus, all of them fresh.
open() {
  tell "open $1"
  [ "$answer" != 'ok same' ] || return 0
  tell 'open /tmp/empty.json'
  wait_for_boards 0 || trouble 'the last boards stayed'
  tell "open $1"
  case $answer in ok*) ;; *) trouble "the server: $answer" ;; esac
  wait_for_boards "$count" || trouble "$n boards appeared"
}

# hold COMMAND: runs it until it has the board at 1-1, and stops it there; sets
# held.
hold() {
  eval "$1" >/dev/null 2>&1 </dev/null &
  held=$!
  tries=1000
  until [ -e /sys/bus/usb/devices/1-1:1.0/driver ]; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || { trouble 'nobody took the board'; break; }
    usleep 20000
  done
  kill -STOP $held || trouble 'the holder was done before the program'
}

now() { read -r now _ </proc/uptime; }

# run CASE PROGRAM: in /tmp/work, which has the inputs. The case's file
# `settings` sets count, arguments, input, user, holder, name and again.
run() {
  now && began=$now
  cd /tmp/work || return
  . "$1/settings"
  open "$1/$2/bench/bench.json"
  DEVNUM=0
  [ ! -e /sys/bus/usb/devices/1-1/devnum ] ||
    read -r DEVNUM </sys/bus/usb/devices/1-1/devnum
  [ -z "$holder" ] || hold "$holder"
  program=/bin/$2
  [ "$2" != dfuflash ] || [ "$name" = dfuflash ] || program=/tmp/alias/dfu-util
  if [ -n "$user" ]; then
    # su takes for its own whatever looks like an option.
    echo "exec $program $arguments" >/tmp/command
    program="su $user -c 'sh /tmp/command'"
    arguments=
  fi
  now && start=$now
  eval "timeout -s KILL 60 $program $arguments" >/tmp/out/stdout \
    2>/tmp/out/stderr <"$input"
  echo $? >/tmp/out/exit
  now && ended=$now
  if [ -n "$holder" ]; then
    kill -KILL $held || trouble 'the holder was done before the program'
    wait $held 2>/dev/null
    rm -f /tmp/held.bin
  fi
  if [ -n "$again" ]; then
    tell 'plug 1-1'
    wait_for_boards "$count" || trouble 'it did not come back'
    eval "timeout -s KILL 60 $program $again" >/tmp/out/stdout2 \
      2>/tmp/out/stderr2 <"$input"
    echo $? >/tmp/out/exit2
  fi
  tell save
  [ "$answer" = ok ] || trouble "saving: $answer"
  # Files of theirs, but not what both found.
  for file in *; do
    [ ! -e "/tmp/inputs/$file" ] || {
      [ "$file" = exists.bin ] && ! cmp -s exists.bin /tmp/inputs/exists.bin
    } || continue
    mkdir -p /tmp/out/files
    mv "$file" /tmp/out/files/
  done
  [ -e exists.bin ] || cp /tmp/inputs/exists.bin .
  now && echo "$start $ended $began $now" >/tmp/out/time
  cp -r /tmp/out/. "$1/$2/"
  rm -rf /tmp/out/*
}

status=0
for script; do
  read -r begun _ </proc/uptime
  sh "/kernel/$script" && result=passed || { result=FAILED status=1; }
  read -r now _ </proc/uptime
  echo "kernel: $result $script ($begun to $now s)"
done
cp -r /host/inputs /tmp/inputs
cp -r /tmp/inputs /tmp/work
# A case's user writes there too.
chmod 777 /tmp/work
mkdir /tmp/out /tmp/alias
ln -s /bin/dfuflash /tmp/alias/dfu-util
cat >/tmp/empty.json <<'JSON'
{"format": "dfuflash-bench", "version": 1, "boards": []}
JSON
cp /tmp/empty.json /tmp/first.json
mkfifo /tmp/commands /tmp/answers
usbip-bench /tmp/first.json --attach \
  --commands /tmp/commands >/tmp/answers &
exec 3<>/tmp/commands 4</tmp/answers
read -r answer <&4
for group in /host/groups/*; do
  mkdir "/host/taken/${group##*/}" 2>/dev/null || continue
  while read -r case; do
    for program in dfu-util dfuflash; do
      run "/host/cases/$case" $program
    done
    echo "kernel: done $case $now"
  done <"$group"
done
tell 'open /tmp/empty.json'
exit $status
