# Proves the guest: the tools run and the virtual host controller is there.
set -e
dfu-util -l
usbip version
usbip port
ls /sys/devices/platform | grep vhci
ls /sys/bus/usb/devices
