# The flashing benchmark in the guest: both programs on equal boards, in real
# time. Leaves /out/CASE.PROGRAM.{seconds,exit,memory,log}, and of a first run
# calibration-*.trace, start.seconds and read.seconds. Arguments: which cases (all).
set -e
cases=${*:-f405 f405-no-verify f405-vdd f405-again f405-one-byte f405-blank l432 l432-no-verify l432-mass-erase h743}
cd /tmp
head -c 1048576 /dev/urandom >old.bin
program() { # SIZE FILE: a plausible vector table, then noise
  { printf '\000\000\002\040\301\001\000\010'; head -c $(($1 - 8)) /dev/urandom; } >"$2"
}
wait_board() {
  for _ in $(seq 1 300); do
    dfu-util -l 2>/dev/null | grep -q 'Found DFU' && return 0
    usleep 50000
  done
  echo 'the board did not appear'
  exit 1
}
now() { cut -d' ' -f1 /proc/uptime; }
# once CASE PROGRAM KIND OLD COMMAND...: a fresh board that holds OLD (- for
# blank); the time of COMMAND.
once() {
  case=$1 tool=$2 kind=$3 old=$4
  shift 4
  rm -rf bench word.bin
  mkdir bench
  dfuflash simulate "$kind" --bench bench/b.json --speed 1 >/dev/null
  [ "$old" = - ] ||
    dfuflash simulate --bench bench/b.json --load "1-1:0x08000000=$old" >/dev/null
  usbip-bench bench/b.json --attach >/dev/null 2>&1 &
  server=$!
  wait_board
  start=$(now)
  set +e
  # Into memory: each line on the shared folder costs milliseconds.
  # On an H743 dfu-util asks for ever.
  timeout 90 "$@" >log 2>&1
  echo $? >"/out/$case.$tool.exit"
  set -e
  now_=$(now)
  cp log "/out/$case.$tool.log"
  awk "BEGIN { print $now_ - $start }" >"/out/$case.$tool.seconds"
  kill $server
  wait $server 2>/dev/null || true
  # The board must be off the bus before the next one is attached.
  for _ in $(seq 1 100); do
    dfu-util -l 2>/dev/null | grep -q 'Found DFU' || break
    usleep 50000
  done
  dfuflash simulate --bench bench/b.json --dump "1-1:0x08000000:$check" >after.bin
  if cmp -s after.bin new.bin; then echo ok; else echo wrong; fi >"/out/$case.$tool.memory"
  echo "bench.sh: $case $tool $(cat "/out/$case.$tool.seconds") s, $(cat "/out/$case.$tool.memory")"
}
both() { # CASE KIND SIZE OLD [dfuflash options]
  case=$1 kind=$2 check=$3 old=$4
  shift 4
  [ -n "$keep" ] || program "$check" new.bin
  [ "$old" != big ] || { head -c "$chip" /dev/urandom >old.bin; old=old.bin; }
  once "$case" dfuflash "$kind" "$old" dfuflash -a 0 -s 0x08000000$modifier "$@" --stats -D new.bin
  once "$case" dfu-util "$kind" "$old" dfu-util -a 0 -s 0x08000000$modifier -D new.bin
}
# What one transfer costs here, and a use of the board that changes nothing:
# the program starts, opens and identifies it, and reads one word.
keep= check=65536
program $check new.bin
once calibration-2048 dfuflash f405 - dfuflash -a 0 -s 0x08000000 --trace /tmp/calibration-2048.trace -D new.bin
once calibration-1024 dfuflash h743 - dfuflash -a 0 -s 0x08000000 --trace /tmp/calibration-1024.trace -D new.bin
cp /tmp/calibration-*.trace /out
once start dfuflash f405 - dfuflash -a 0 -s 0x08000000:4 -U word.bin
# Reading 256 KiB once.
program 262144 new.bin
check=262144
once read dfuflash f405 new.bin dfuflash -a 0 -s 0x08000000:262144 -U word.bin
for case in $cases; do
  keep= modifier= chip=1048576
  case $case in
    f405) both f405 f405 262144 big ;;
    f405-no-verify) both f405-no-verify f405 262144 big --no-verify ;;
    f405-vdd) both f405-vdd f405 262144 big --vdd 3.3 ;;
    f405-again)
      program 262144 new.bin; keep=1
      both f405-again f405 262144 new.bin ;;
    f405-one-byte)
      program 262144 new.bin; keep=1
      cp new.bin one.bin
      printf '\252' | dd of=one.bin bs=1 seek=100000 conv=notrunc 2>/dev/null
      both f405-one-byte f405 262144 one.bin ;;
    f405-blank) both f405-blank f405 262144 - ;;
    l432) chip=131072; both l432 l432kb 131072 big ;;
    l432-no-verify) chip=131072; both l432-no-verify l432kb 131072 big --no-verify ;;
    l432-mass-erase)
      chip=262144 modifier=:mass-erase:force
      both l432-mass-erase l432 131072 big ;;
    h743) chip=2097152; both h743 h743 1572864 big ;;
  esac
done
