#!/usr/bin/env python3
"""Boots a real Linux kernel in QEMU and runs a script of ours in it.

    Tests/Kernel/boot.py [--limit SECONDS] [--program FILE] SCRIPT [ARGUMENT...]

SCRIPT is a file of Tests/Kernel/guest. In the guest the folder
Tests/Kernel/guest is /kernel, --program is /bin/dfuflash, the release build
of usbip-bench (or what the environment variable USBIP_BENCH names) is
/bin/usbip-bench, and what the script leaves in /out is found in
.build-kernel/share/out afterwards. The guest's output is streamed; its exit code is ours (124 when time ran out,
125 when the guest could not be built or died).

The guest is Debian's stock kernel with the USB/IP host driver, udevd,
busybox, the usbip tools and dfu-util. Its packages are downloaded with
apt-get into .build-kernel and unpacked there; on the machine itself only
QEMU is installed, and only if it is missing. Everything is kept for the
next run. `--refresh` asks apt for newer packages.

Runs on Debian (12 or later) on amd64, as root or with sudo.
"""

import argparse
import atexit
import hashlib
import lzma
import os
import re
import shutil
import signal
import stat
import struct
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CACHE = os.path.join(ROOT, ".build-kernel")
DEBS = os.path.join(CACHE, "debs")
TREE = os.path.join(CACHE, "tree")
KERNEL = os.path.join(CACHE, "vmlinuz")
INITRAMFS = os.path.join(CACHE, "initramfs.cpio")
STAMP = os.path.join(CACHE, "stamp")
# What serves simulated boards to the guest's kernel.
SERVER = os.environ.get("USBIP_BENCH") or os.path.join(
    ROOT, ".build", "release", "usbip-bench")

# libstdc++ and libgcc_s are what a Swift program with a static standard
# library still loads on Linux; the rest are the libraries of udevadm.
PACKAGES = [
    "busybox-static", "udev", "usbip", "dfu-util", "libusb-1.0-0",
    "libudev1", "libc6", "libstdc++6", "libgcc-s1", "libkmod2", "libacl1",
    "libblkid1", "libcap2", "libselinux1", "libpcre2-8-0", "liblzma5",
    "libzstd1", "libssl3",
]
PROGRAMS = ["bin/udevadm", "usr/sbin/usbip", "usr/bin/dfu-util"]
LIBRARIES = ["libstdc++.so.6", "libm.so.6", "libusb-1.0.so.0"]
MODULES = ["vhci-hcd", "virtio_pci", "9pnet_virtio", "9p"]
LIBRARY_FOLDERS = [
    "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "lib64",
]


class Failure(Exception):
    """The guest could not be built or started."""


def say(text):
    print(f"kernel: {text}", flush=True)


# Packages


def privileged(command):
    if os.geteuid() == 0:
        return command
    if shutil.which("sudo"):
        return ["sudo"] + command
    raise Failure(f"needs root or sudo for: {' '.join(command)}")


def call(command, **options):
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        **options)
    if done.returncode != 0:
        raise Failure(f"{' '.join(command)} failed:\n{done.stdout.strip()}")
    return done.stdout


def install_qemu():
    if shutil.which("qemu-system-x86_64"):
        return
    say("installing qemu-system-x86")
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    call(privileged(["apt-get", "install", "-y", "-qq",
                     "--no-install-recommends", "qemu-system-x86"]),
         env=environment)


def update_lists():
    """Fetches apt's package lists where the machine has none yet."""
    shown = subprocess.run(["apt-cache", "show", "usbip"],
                           stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    if shown.returncode != 0:
        refresh_lists()


def refresh_lists():
    say("apt-get update")
    call(privileged(["apt-get", "update", "-qq"]))


def download():
    """Downloads what is missing; returns the packages' file names."""
    depends = call(["apt-cache", "depends", "linux-image-amd64"])
    image = re.search(r"Depends: (linux-image-\S+-amd64)", depends)
    if not image:
        raise Failure("apt knows no linux-image-amd64; Debian is needed")
    os.makedirs(DEBS, exist_ok=True)
    names = PACKAGES + [image.group(1)]
    wanted = []
    # Not where they are: apt-get leaves out what the folder has.
    for line in call(["apt-get", "download", "--print-uris"] + names,
                     cwd=CACHE).splitlines():
        fields = re.match(r"'(\S+)' (\S+) (\d+)", line)
        if fields:
            wanted.append((fields.group(2), int(fields.group(3))))
    if len(wanted) != len(names):
        raise Failure(f"apt found {len(wanted)} of {len(names)} packages")
    missing = [
        name for name, size in wanted
        if not os.path.exists(os.path.join(DEBS, name))
        or os.path.getsize(os.path.join(DEBS, name)) != size]
    if missing:
        megabytes = sum(s for n, s in wanted if n in missing) / 1e6
        say(f"downloading {len(missing)} packages, {megabytes:.0f} MB")
        call(["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root"]
             + [name.split("_")[0] for name in missing], cwd=DEBS)
    for name in set(os.listdir(DEBS)) - {name for name, _ in wanted}:
        os.remove(os.path.join(DEBS, name))
    return sorted(name for name, _ in wanted)


# The guest's file system


def needed(path):
    """The names of the shared libraries that an ELF file asks for."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:5] != b"\x7fELF\x02":
        raise Failure(f"{path} is not a 64-bit ELF file")
    offset, = struct.unpack_from("<Q", data, 0x20)
    size, count = struct.unpack_from("<HH", data, 0x36)
    loads, dynamic = [], None
    for i in range(count):
        kind, _, at, address, _, length = struct.unpack_from(
            "<IIQQQQ", data, offset + i * size)
        if kind == 1:
            loads.append((address, at, length))
        elif kind == 2:
            dynamic = (at, length)
    if dynamic is None:
        return []
    entries = list(struct.iter_unpack(
        "<QQ", data[dynamic[0]:dynamic[0] + dynamic[1]]))
    table = next((v for tag, v in entries if tag == 5), 0)
    start = next(at + table - address for address, at, length in loads
                 if address <= table < address + length)
    names = []
    for tag, value in entries:
        if tag == 0:
            break
        if tag == 1:
            end = data.index(b"\0", start + value)
            names.append(data[start + value:end].decode())
    return names


def library(name):
    for folder in LIBRARY_FOLDERS:
        path = os.path.join(TREE, folder, name)
        if os.path.exists(path):
            return os.path.realpath(path)
    raise Failure(f"no package of the guest has {name}")


def module_files():
    """The modules and what they depend on, in the order of loading."""
    base = os.path.join(TREE, "lib/modules")
    release = os.listdir(base)[0]
    base = os.path.join(base, release)
    paths, depends = {}, {}
    for folder, _, files in os.walk(base):
        for file in files:
            match = re.match(r"(.+)\.ko(\.xz)?$", file)
            if match:
                paths[match.group(1).replace("-", "_")] = os.path.join(
                    folder, file)
    order = []

    def load(name):
        name = name.replace("-", "_")
        if name in order:
            return
        if name not in paths:
            # Built into this kernel.
            return
        content = module_bytes(paths[name])
        # The section .modinfo holds "key=value" strings.
        found = re.search(rb"(?:^|\0)depends=([^\0]*)\0", content)
        for dependency in (found.group(1).decode() if found else "").split(","):
            if dependency:
                load(dependency)
        order.append(name)
        depends[name] = content

    for name in MODULES:
        load(name)
    return [(name, depends[name]) for name in order]


def module_bytes(path):
    with open(path, "rb") as file:
        content = file.read()
    return lzma.decompress(content) if path.endswith(".xz") else content


class Archive:
    """A cpio archive as the kernel unpacks it ("newc")."""

    def __init__(self, file):
        self.file = file
        self.inode = 0
        self.known = set()

    def add(self, name, mode, data=b"", device=(0, 0)):
        name = name.strip("/")
        if name in self.known:
            return
        parent = os.path.dirname(name)
        if parent:
            self.add(parent, stat.S_IFDIR | 0o755)
        self.known.add(name)
        self.inode += 1
        encoded = name.encode() + b"\0"
        fields = [self.inode, mode, 0, 0, 1, 0, len(data), 0, 0,
                  device[0], device[1], len(encoded), 0]
        header = b"070701" + b"".join(b"%08x" % field for field in fields)
        self.pad(header + encoded)
        self.pad(data)

    def pad(self, data):
        self.file.write(data + b"\0" * (-len(data) % 4))

    def program(self, name, path):
        with open(path, "rb") as file:
            self.add(name, stat.S_IFREG | 0o755, file.read())

    def link(self, name, target):
        self.add(name, stat.S_IFLNK | 0o777, target.encode())

    def close(self):
        self.add("TRAILER!!!", 0)


def unpack(names):
    shutil.rmtree(TREE, ignore_errors=True)
    os.makedirs(TREE)
    for name in names:
        call(["dpkg", "-x", os.path.join(DEBS, name), TREE])
    boot = os.path.join(TREE, "boot")
    image = next(n for n in os.listdir(boot) if n.startswith("vmlinuz"))
    shutil.copyfile(os.path.join(boot, image), KERNEL)


def build_initramfs():
    with open(INITRAMFS + ".new", "wb") as file:
        archive = Archive(file)
        for folder in ["proc", "sys", "dev", "run", "tmp", "var", "root",
                       "host", "etc", "sbin", "usr/bin"]:
            archive.add(folder, stat.S_IFDIR | 0o755)
        archive.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
        archive.link("var/run", "/run")
        archive.link("out", "/host/out")
        archive.link("kernel", "/host/guest")
        busybox = os.path.join(TREE, "bin/busybox")
        archive.program("bin/busybox", busybox)
        for applet in call([busybox, "--list"]).split():
            archive.link(f"bin/{applet}", "busybox")
        pending = list(LIBRARIES)
        for program in PROGRAMS:
            path = os.path.join(TREE, program)
            archive.program(f"bin/{os.path.basename(program)}", path)
            pending += needed(path)
        archive.link("sbin/udevd", "/bin/udevadm")
        # udevd as it stands on a Debian machine, but for the rules: they
        # run programs that are not here. Device nodes are devtmpfs's.
        done = set()
        while pending:
            name = pending.pop()
            if name in done:
                continue
            done.add(name)
            path = library(name)
            folder = "lib64" if name.startswith("ld-linux") else "lib"
            archive.program(f"{folder}/{name}", path)
            pending += needed(path)
        archive.add("etc/passwd", stat.S_IFREG | 0o644,
                    b"root::0:0::/root:/bin/sh\nuser::1000:1000::/:/bin/sh\n")
        archive.add("etc/group", stat.S_IFREG | 0o644,
                    b"root::0:\nuser::1000:\n")
        modules = module_files()
        for name, content in modules:
            archive.add(f"modules/{name}.ko", stat.S_IFREG | 0o644, content)
        archive.add("modules/order", stat.S_IFREG | 0o644,
                    "".join(f"{name}\n" for name, _ in modules).encode())
        archive.program("init", os.path.join(HERE, "init"))
        archive.close()
    os.replace(INITRAMFS + ".new", INITRAMFS)


def fingerprint():
    digest = hashlib.sha256()
    for path in [os.path.abspath(__file__), os.path.join(HERE, "init")]:
        with open(path, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def prepare(refresh=False):
    """Makes sure that QEMU, the kernel and the initramfs are there."""
    machine = os.uname()
    if machine.sysname != "Linux" or machine.machine != "x86_64" \
            or not shutil.which("apt-get"):
        raise Failure("the kernel test runs on Debian on amd64 only")
    if os.path.exists(STAMP) and not refresh and all(
            map(os.path.exists, [KERNEL, INITRAMFS])) \
            and open(STAMP).read() == fingerprint() \
            and shutil.which("qemu-system-x86_64"):
        return
    os.makedirs(CACHE, exist_ok=True)
    if refresh:
        refresh_lists()
    else:
        update_lists()
    install_qemu()
    try:
        names = download()
    except Failure:
        # The lists are older than what the server still has.
        refresh_lists()
        names = download()
    unpack(names)
    build_initramfs()
    shutil.rmtree(TREE)
    with open(STAMP, "w") as file:
        file.write(fingerprint())
    say(f"initramfs: {os.path.getsize(INITRAMFS) / 1e6:.1f} MB")


# The run


def fill_share(share, program=None):
    """Makes a folder for one guest to see: our scripts, and with a program
    the server of simulated boards as well."""
    if program and not os.path.exists(SERVER):
        raise Failure(f"{SERVER} is missing; build it: make usbip-bench")
    shutil.rmtree(share, ignore_errors=True)
    os.makedirs(os.path.join(share, "out"))
    shutil.copytree(os.path.join(HERE, "guest"), os.path.join(share, "guest"))
    for path, name in [(program, "dfuflash"), (SERVER, "usbip-bench")]:
        if program:
            target = os.path.join(share, name)
            shutil.copyfile(path, target)
            os.chmod(target, 0o755)


def accelerator():
    # /dev/kvm may exist where the processor cannot be virtualised again.
    with open("/proc/cpuinfo") as file:
        can = re.search(r"^flags\s.*\b(vmx|svm)\b", file.read(), re.M)
    if can and os.access("/dev/kvm", os.R_OK | os.W_OK):
        return ["-accel", "kvm", "-cpu", "host"]
    # What "max" has besides (AVX, SMAP, five levels of page tables) is slow to
    # emulate and of no use here.
    return ["-accel", "tcg", "-cpu", "qemu64"]


# Each of the checks that a production kernel makes is dear in emulation.
APPEND = (
    "console=ttyS0 quiet loglevel=3 panic=-1 mitigations=off norandmaps "
    "nokaslr random.trust_cpu=on init_on_alloc=0 hardened_usercopy=off "
    "randomize_kstack_offset=off audit=0 lsm= nowatchdog tsc=reliable "
    "no_timer_check rcupdate.rcu_expedited=1")


def run(share, script, arguments, limit, guest=0):
    """Boots a guest and runs a script in it; returns its exit code.

    Guests with different numbers may have the same share. A guest has one
    processor: with two, emulated, everything takes three times as long.
    """
    with open(os.path.join(share, f"command-{guest}"), "w") as file:
        words = [f"/kernel/{script}"] + arguments
        file.write(" ".join("'" + w.replace("'", "'\\''") + "'"
                            for w in words) + "\n")
    command = ["qemu-system-x86_64"] + accelerator() + [
        "-smp", "1", "-m", "512", "-nodefaults", "-no-user-config",
        "-nographic", "-no-reboot", "-serial", "stdio", "-monitor", "none",
        "-virtfs", f"local,path={share},mount_tag=host,security_model=none",
        "-kernel", KERNEL, "-initrd", INITRAMFS,
        # What the kernel does not know it hands to init.
        "-append", f"{APPEND} guest={guest}"]
    machine = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True)
    late = threading.Event()

    def end():
        late.set()
        machine.kill()

    # Also when we are stopped.
    atexit.register(machine.kill)
    timer = threading.Timer(limit, end)
    timer.start()
    # The firmware writes its own lines and terminal codes before the
    # kernel's first; ours begin with init's mark.
    started = False
    for line in machine.stdout:
        line = line.replace(b"\r\n", b"\n")
        if not started:
            started = b"kernel: up" in line
            if started:
                line = line[line.index(b"kernel: up"):]
            elif not late.is_set() and machine.poll() is None:
                early = line
                continue
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
    machine.wait()
    timer.cancel()
    if late.is_set():
        say(f"time ran out after {limit:.0f} s")
        return 124
    try:
        with open(os.path.join(share, "out", f"exit-{guest}")) as file:
            return int(file.read())
    except (OSError, ValueError):
        if not started:
            say(f"no guest; QEMU's last line: {early.decode(errors='replace')}"
                if "early" in locals() else "QEMU did not start")
        say("the guest died without an exit code")
        return 125


def stop_cleanly():
    """Makes SIGTERM end this program as Ctrl-C does, guests included."""
    def stop(*_):
        # Threads that read from a guest end with it.
        atexit._run_exitfuncs()
        os._exit(130)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def main():
    stop_cleanly()
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0],
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=float, default=300, metavar="SECONDS")
    parser.add_argument("--program", metavar="FILE",
                        help="the dfuflash to put into the guest")
    parser.add_argument("--refresh", action="store_true",
                        help="ask apt for newer packages")
    parser.add_argument("script", nargs="?")
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    started = time.monotonic()
    try:
        prepare(options.refresh)
        if not options.script:
            return 0
        share = os.path.join(CACHE, "share")
        fill_share(share, options.program)
        prepared = time.monotonic()
        code = run(share, options.script, options.arguments, options.limit)
    except (Failure, OSError) as failure:
        print(f"kernel: {failure}", file=sys.stderr)
        return 125
    say(f"exit code {code}; {prepared - started:.1f} s to prepare, "
        f"{time.monotonic() - prepared:.1f} s in the guest")
    return code


if __name__ == "__main__":
    sys.exit(main())
