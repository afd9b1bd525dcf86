# reattach.sh BUSID...: attaches boards of the server on this machine with the
# kernel's own tool, and again whenever they are back. For servers that run
# without --attach.
while :; do
  for busid; do
    # Fails while the board is attached already or off the bus.
    usbip attach -r 127.0.0.1 -b "$busid" >/dev/null 2>&1
  done
  usleep 100000
done
