# A board that no longer takes a block: it is looked at and sent the block again
# twice, then given up, each time after the limit of that one transfer.
set -e
mkdir /tmp/hang
cd /tmp/hang
server=
trap 'kill $server 2>/dev/null || :' EXIT
fail() {
  echo "hang.sh: $1"
  cat log
  exit 1
}
now() { cut -d' ' -f1 /proc/uptime; }
{ printf '\000\000\002\040\301\001\000\010'; head -c 65528 /dev/urandom; } >fw.bin
dfuflash simulate f405 --bench b.json --speed 1 >/dev/null
fault='{ "effect": "timeout", "nth": 20, "of": "data", "times": 50 }'
sed -i "s/\"profile\" : \"f405\"/&, \"faults\": [$fault]/" b.json
usbip-bench b.json --attach >/dev/null 2>&1 &
server=$!
for _ in $(seq 1 300); do
  dfuflash --list 2>/dev/null | grep -q 'Found DFU' && break
  usleep 50000
done
start=$(now)
status=0
dfuflash -a 0 -s 0x08000000 -D fw.bin >log 2>&1 || status=$?
seconds=$(awk "BEGIN { print $(now) - $start }")
[ $status = 74 ] || fail "exit $status"
grep -q 'writing at 0x08009800: the board did not answer in time' log ||
  fail 'another message'
# Three attempts, and bringing the board back after each: 72 s were measured.
awk "BEGIN { exit !($seconds < 100) }" || fail "$seconds s"
echo "hang.sh: given up after $seconds s"
