#!/bin/sh
# The whole kernel test: builds dfuflash for release unless the environment
# variable DFUFLASH names a binary, and runs both programs side by side in
# QEMU. Arguments go to differential.py.
set -eu
cd "$(dirname "$0")/../.."
if ! command -v python3 >/dev/null; then
  root=; [ "$(id -u)" = 0 ] || root=sudo
  $root apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq python3-minimal
fi
if [ -z "${DFUFLASH:-}" ]; then
  swift build -c release --static-swift-stdlib --product dfuflash
  DFUFLASH=.build/release/dfuflash
fi
exec python3 Tests/Kernel/differential.py --program "$DFUFLASH" "$@"
