# doctor on a real kernel: nothing there, a healthy board, a user whom no rule
# lets in, the rules installed, and a board that another program holds.
set -e
trap 'kill $server $holder 2>/dev/null || :' EXIT
server= holder=
fail() {
  echo "doctor.sh: $1"
  cat /tmp/report
  exit 1
}
expect() { # STATUS PATTERN COMMAND...: how doctor ends and what it shows
  wanted=$1 pattern=$2
  shift 2
  status=0
  "$@" >/tmp/report 2>&1 || status=$?
  [ $status = "$wanted" ] || fail "it ends with $status, not $wanted: $*"
  grep -q "$pattern" /tmp/report || fail "it does not show: $pattern"
}
wait_for() { # SECONDS COMMAND...
  tries=$(($1 * 10)); shift
  until "$@"; do
    tries=$((tries - 1))
    [ $tries -gt 0 ] || return 1
    usleep 100000
  done
}
as_user() { su user -c "$1"; }

expect 1 '^problem: no-device' dfuflash doctor

dfuflash simulate f405 --bench /tmp/doctor.json --speed 1 >/dev/null
usbip-bench /tmp/doctor.json --attach >/dev/null 2>&1 &
server=$!
shows() { dfuflash --list | grep -q 'path="1-1"'; }
wait_for 20 shows || fail 'the board did not appear'
expect 0 '^Healthy' dfuflash doctor
expect 0 'dfuIDLE, not read-protected' dfuflash doctor

# A user without a rule: the node and its permissions are named.
expect 1 '^problem: no-permission, board 1-1' as_user 'dfuflash doctor'
expect 1 'may not be opened: /dev/bus/usb/001/.* root root, and no udev rule' \
  as_user 'dfuflash doctor'
expect 73 '^As root this would be done' \
  as_user 'dfuflash doctor --install-udev --yes'

# The rules let the group plugdev in. Here are only files in memory.
grep -q '^plugdev:' /etc/group || echo 'plugdev:x:46:user' >>/etc/group
mkdir -p /etc/udev/rules.d
expect 0 'udev knows of it' dfuflash doctor --install-udev --yes
is_open() { as_user 'dfuflash --list' 2>/dev/null | grep -q 'serial="[0-9A-F]*"'; }
wait_for 10 is_open || {
  ls -l /dev/bus/usb/001 >/tmp/report
  fail 'the rules do not let the user in'
}
expect 0 '^Healthy' as_user 'dfuflash doctor'
expect 0 'in place already' dfuflash doctor --install-udev

# Another program at work is named.
dfuflash read --length 1048576 --force /tmp/whole.bin >/dev/null 2>&1 &
holder=$!
is_held() { [ -e /sys/bus/usb/devices/1-1:1.0/driver ]; }
wait_for 10 is_held || fail 'nobody took the board'
expect 1 'another program holds the interface: dfuflash (process' \
  dfuflash doctor
kill $holder || :
holder=
rm -f /etc/udev/rules.d/60-dfuflash.rules
udevadm control --reload
