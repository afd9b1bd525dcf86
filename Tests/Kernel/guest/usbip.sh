# The USB/IP server and the kernel's own tool: list, attach, both programs see
# the same boards, a board that leaves is detached, a second one stays, and
# reattach.sh fetches a board that comes back.
set -e
trap 'kill $server $loop 2>/dev/null' EXIT
fail() { echo "usbip.sh: $1"; exit 1; }
found() { dfu-util -l | grep -c '^Found DFU'; }
wait_for() { # SECONDS COMMAND...
  tries=$(($1 * 10)); shift
  until "$@"; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    usleep 100000
  done
}
lists() { usbip list -r 127.0.0.1 2>/dev/null | grep -q "$1"; }
shows() { dfu-util -l | grep -q "path=\"$1\""; }
hides() { ! shows "$1"; }

dfuflash simulate f405 l432 --bench /tmp/bench.json
usbip-bench /tmp/bench.json & server=$!
loop=
wait_for 10 lists 1-2 || fail 'the server offers no boards'
usbip attach -r 127.0.0.1 -b 1-1
usbip attach -r 127.0.0.1 -b 1-2
wait_for 10 shows 1-1
wait_for 10 shows 1-2
lists 1-1 && fail 'an attached board is still on offer'
dfu-util -l | grep '^Found' >/tmp/theirs
dfuflash --list | grep '^Found' >/tmp/ours
cmp /tmp/theirs /tmp/ours || fail 'the lists differ'
cat /tmp/ours
head -c 3000 /dev/urandom >/tmp/fw
dfuflash -p 1-1 -a 0 -s 0x08000000:leave -D /tmp/fw >/tmp/flash 2>&1 ||
  { cat /tmp/flash; fail 'the download failed'; }
wait_for 10 hides 1-1 || fail 'the board did not leave'
shows 1-2 || fail 'the other board went too'
# Option bytes reset the chip: it is off the bus for a moment, and then at the
# first free port, which usbip chooses.
sh /kernel/reattach.sh 1-2 & loop=$!
number() { dfu-util -l | grep -o 'devnum=[0-9]*' | head -1; }
before=$(number)
dfu-util -p 1-2 -a 1 -s 0x1FFF7800:40 -U /tmp/options >/dev/null
dfu-util -p 1-2 -a 1 -s 0x1FFF7800:will-reset -D /tmp/options >/dev/null
is_back() { number=$(number); [ -n "$number" ] && [ "$number" != "$before" ]; }
wait_for 10 is_back || fail 'the board did not come back'
