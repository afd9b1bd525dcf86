# Thirty boards on the kernel at once. 1-1 and 1-2 are U585s that show one
# serial number, 1-3 and 1-4 F072s that do; 1-5 to 1-30 are U585s. Each gets a
# file of its own: by a map in one run, then by thirty runs at once. A map that
# names one of a pair by its serial number touches nothing. Last, a run that
# waits for a board that is plugged in.
#
# Prints the seconds for one board (an F072, the slower kind) and for thirty, how
# much of that this one processor was busy, and the largest resident memory of
# the run of thirty. The boards live ten times slower than real ones, as the
# emulated processor does at least: what is measured is whether they wait for
# each other.
set -e
size=${1:-16384} speed=${2:-0.1}
mkdir /tmp/thirty
cd /tmp/thirty
server= pid=
trap 'kill $server $pid 2>/dev/null || :' EXIT
fail() {
  echo "thirty.sh: $1"
  exit 1
}
program() { # FILE: a plausible vector table, then noise
  { printf '\000\020\000\040\301\001\000\010'; head -c $((size - 8)) /dev/urandom; } >"$1"
}
# Sets now, and busy: this processor's seconds so far, without idling.
clocks() {
  read -r now _ </proc/uptime
  read -r _ user nice system _ </proc/stat
  busy=$((user + nice + system))
}
tell() {
  echo "$1" >&3
  read -r answer <&4
  [ "$answer" = ok ] || fail "$1: $answer"
}
wait_for() { # SECONDS COMMAND...
  tries=$(($1 * 10))
  shift
  until "$@"; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    usleep 100000
  done
}
# holds BOARD FILE: what the board's memory begins with, once it was saved.
holds() {
  head -c "$size" "bench.boards/1-$1/flash-0x08000000.bin" >after.bin
  cmp -s after.bin "$2"
}

# The bench.
kinds=
for n in $(seq 1 30); do
  case $n in 3 | 4) kinds="$kinds f072" ;; *) kinds="$kinds u585" ;; esac
  program "$n.bin"
done
dfuflash simulate $kinds --bench bench.json --speed "$speed" >/dev/null
# The serial number has the sum of the ID's words 0 and 2. (Transfers take no
# time but the kernel's, which is enough.)
sed -i -e 's/"180022000B50313353313320"/"170021000B50313354313320"/' \
  -e 's/"180024000B50313353313320"/"170023000B50313354313320"/' \
  -e 's/"version" : 1/"version" : 1, "wire" : false/' bench.json
dfuflash list --bench bench.json --json >before.json
dfuflash --list --bench bench.json | grep 'alt=0,' >before
serial() { sed -n "s/.*path=\"1-$1\".*serial=\"\([^\"]*\)\".*/\1/p" before; }
[ "$(serial 1)" = "$(serial 2)" ] || fail 'the first pair is none'
[ "$(serial 3)" = "$(serial 4)" ] || fail 'the second pair is none'

mkfifo commands answers
usbip-bench bench.json --attach --commands commands \
  >answers 2>server.log &
server=$!
exec 3<>commands 4<answers
read -r answer <&4
count_interfaces() {
  interfaces=0
  for interface in /sys/bus/usb/devices/*-*:1.0; do
    case $interface in *-0:*) continue ;; esac
    interfaces=$((interfaces + 1))
  done
  [ $interfaces = 30 ]
}
wait_for 60 count_interfaces || fail "only $interfaces boards appeared"
clocks
echo "thirty.sh: thirty boards on the bus at $now s"

# Kernel ports are its own beyond the first controller's, so that a board is
# known by its serial number there.
dfuflash --list | grep 'alt=0,' >kernel
port() {
  sed -n "s/.*path=\"\([^\"]*\)\".*serial=\"$1\".*/\1/p" kernel
}
{
  echo "path=1-1,1.bin"
  echo "path=1-2,2.bin"
  echo "uid=180023000B50313353313320,3.bin"
  echo "uid=170023000B50313354313320,4.bin"
  for n in $(seq 5 30); do echo "serial=$(serial "$n"),$n.bin"; done
} >boards.csv

# Named by what two boards share: nothing is touched.
for n in 1 3; do
  sed "${n}s/.*/serial=$(serial $n),$n.bin/" boards.csv >wrong.csv
  status=0
  dfuflash flash --map wrong.csv --jobs 0 >wrong.log 2>&1 || status=$?
  [ $status = 74 ] || { cat wrong.log; fail "shared serial: exit $status"; }
  grep -q 'several boards fit' wrong.log || { cat wrong.log; fail 'no reason'; }
done
tell save
[ ! -e bench.boards/1-1/flash-0x08000000.bin ] || fail 'it was touched'
[ ! -e bench.boards/1-3/flash-0x08000000.bin ] || fail 'it was touched'

# One of the slower boards, for comparison; twice, so that it has something to
# erase as it will have among the thirty.
program one.bin
dfuflash flash -p 1-3 --no-leave one.bin >one.log 2>&1 ||
  { cat one.log; fail 'one board failed'; }
program one.bin
clocks && start=$now was=$busy
dfuflash flash -p 1-3 --no-leave one.bin >one.log 2>&1 ||
  { cat one.log; fail 'one board failed'; }
clocks
one="$(awk "BEGIN { printf \"%.1f s (%.1f s busy)\", $now - $start, ($busy - $was) / 100 }")"
first=$(awk "BEGIN { print $now - $start }")

clocks && start=$now was=$busy
dfuflash flash --map boards.csv --jobs 0 --json --no-leave \
  >/out/thirty.jsonl 2>many.log &
pid=$!
memory=0
while kill -0 $pid 2>/dev/null; do
  while read -r name value _; do
    [ "$name" != VmHWM: ] || memory=$value
  done 2>/dev/null </proc/$pid/status || :
  usleep 100000
done
status=0
wait $pid || status=$?
clocks
[ $status = 0 ] || { tail -3 many.log /out/thirty.jsonl; fail "exit $status"; }
echo "thirty.sh: one board $one, thirty" "$(awk "BEGIN {
  all = $now - $start
  printf \"%.1f s (%.1f s busy), %.2f times as long, %d KiB resident\", \
    all, ($busy - $was) / 100, all / $first, $memory }")"
[ "$memory" -gt 0 ] && [ "$memory" -lt 65536 ] || fail "$memory KiB of memory"
tell save
for n in $(seq 1 30); do
  holds "$n" "$n.bin" || fail "board $n does not hold its file"
done

# Thirty runs at once, each with the port of one board and the file of the
# board before.
port_of() {
  case $1 in [1-4]) path=1-$1 ;; *) path=$(port "$(serial "$1")") ;; esac
}
clocks && start=$now was=$busy
runs=
for n in $(seq 1 30); do
  port_of "$n"
  dfuflash flash -p "$path" --no-leave $(((n + 28) % 30 + 1)).bin \
    >run-$n.log 2>&1 &
  runs="$runs $!"
done
n=0
for pid in $runs; do
  n=$((n + 1))
  wait "$pid" || { cat run-$n.log; fail "run $n failed"; }
done
pid=
clocks
echo "thirty.sh: thirty runs at once" "$(awk "BEGIN {
  printf \"%.1f s (%.1f s busy)\", $now - $start, ($busy - $was) / 100 }")"
tell save
for n in $(seq 1 30); do
  holds "$n" $(((n + 28) % 30 + 1)).bin || fail "board $n: another's file"
done

# Waiting for a board that is plugged in.
gone() { [ ! -e /sys/bus/usb/devices/1-6 ]; }
tell 'unplug 1-6'
wait_for 10 gone || fail '1-6 stayed'
dfuflash flash --wait -p 1-6 --no-leave 6.bin >wait.log 2>&1 &
pid=$!
usleep 500000
kill -0 $pid || { cat wait.log; fail 'it did not wait'; }
tell 'plug 1-6'
wait $pid || { cat wait.log; fail 'waiting failed'; }
pid=
tell save
holds 6 6.bin || fail '1-6 does not hold its file'
clocks
echo "thirty.sh: all done at $now s"
