# Thirty boards on the kernel at once, each with a file of its own, named by a
# map. Leaves /out/thirty.{seconds,memory}: wall seconds for one board and for
# thirty, and the largest resident memory of the run of thirty, KiB.
set -e
count=${1:-30} size=${2:-65536}
cd /tmp
fail() { echo "thirty.sh: $1"; exit 1; }
now() { cut -d' ' -f1 /proc/uptime; }
program() { # a plausible vector table, then noise
  { printf '\000\000\002\040\301\001\000\010'; head -c $((size - 8)) /dev/urandom; } >"$1"
}
kinds= files=
for n in $(seq 1 "$count"); do
  kinds="$kinds u585"
  program "$n.bin"
done
dfuflash simulate $kinds --bench bench.json --speed 1 >/dev/null
dfuflash simulate --bench bench.json --usbip --attach >/dev/null 2>server.log &
server=$!
trap 'kill $server 2>/dev/null' EXIT
boards() { dfuflash --list 2>/dev/null | grep -c 'alt=0,' || true; }
for _ in $(seq 1 300); do
  [ "$(boards)" = "$count" ] && break
  usleep 100000
done
[ "$(boards)" = "$count" ] || { cat server.log; fail "only $(boards) boards appeared"; }
# The kernel's ports are its own: a board is known by its serial number.
dfuflash list --json >list.json
serials=$(sed -n 's/.*"serial" : "\([^"]*\)".*/\1/p' list.json)
n=0
for serial in $serials; do
  n=$((n + 1))
  [ $n = 1 ] && first=$serial
  echo "serial=$serial,$n.bin" >>boards.csv
  echo "$serial $n" >>owners
done
start=$(now)
dfuflash flash -S "$first" --no-leave 1.bin >one.log 2>&1 || { cat one.log; fail 'one board failed'; }
one=$(awk "BEGIN { print $(now) - $start }")
dfuflash erase -S "$first" --all >/dev/null 2>&1 || fail 'could not erase'
start=$(now)
status=0
dfuflash flash --map boards.csv --jobs 0 --json >/out/thirty.jsonl 2>many.log &
pid=$!
memory=0
while kill -0 $pid 2>/dev/null; do
  peak=$(sed -n 's/^VmHWM: *\([0-9]*\).*/\1/p' /proc/$pid/status 2>/dev/null || true)
  [ -n "$peak" ] && memory=$peak
  usleep 50000
done
wait $pid || status=$?
all=$(awk "BEGIN { print $(now) - $start }")
[ $status = 0 ] || { tail -3 many.log /out/thirty.jsonl; fail "exit status $status"; }
echo "$one $all" >/out/thirty.seconds
echo "$memory" >/out/thirty.memory
kill $server
wait $server 2>/dev/null || true
# What the boards hold, by the serial numbers of the bench.
for n in $(seq 1 "$count"); do
  serial=$(dfuflash list -p "1-$n" --bench bench.json --json 2>/dev/null | sed -n 's/.*"serial" : "\([^"]*\)".*/\1/p')
  [ -n "$serial" ] || continue
  owner=$(sed -n "s/^$serial //p" owners)
  dfuflash simulate --bench bench.json --dump "1-$n:0x08000000:$size" >after.bin
  cmp -s after.bin "$owner.bin" || fail "board $n does not hold its file"
done
echo "thirty.sh: one board $one s, $count boards $all s, $memory KiB"
