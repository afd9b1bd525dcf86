# Proves the guest: the tools run and the virtual host controller is there.
set -e
dfu-util -l >/dev/null
usbip version
[ -e /sys/devices/platform/vhci_hcd.0/status ]
