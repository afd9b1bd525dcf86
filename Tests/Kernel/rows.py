"""The table of the differential test: see differential.py.

Each row is a command line that dfu-util and dfuflash are given, word for
word, on boards that are equal and fresh. Both run in a folder with the
files of `inputs()`.
"""

import shlex
import struct
import zlib
from dataclasses import dataclass, field


@dataclass
class Row:
    """A command line and the boards it meets."""

    name: str
    # The words after the program's name, as a shell would split them.
    command: str
    # The kinds of the boards, at ports 1-1, 1-2, ...
    boards: list = field(default_factory=lambda: ["f405"])
    # Simulated seconds in a second. Erase times are shortened by it, and so
    # is the time a device gives its host to reset it; the programs' own
    # waits are not.
    speed: float = 10
    # Arguments of `dfuflash simulate` that bring the boards where they are.
    prepare: list = field(default_factory=list)
    # What is changed in the bench's file for each board: faults, events,
    # quirks, state.
    changes: list = field(default_factory=list)
    # How many boards are on the bus at the start, where it is not all that
    # are plugged in.
    present: int = None
    # A file for standard input.
    stdin: str = ""
    # A second command line of the same program, when the board at 1-1 has
    # been plugged in again.
    again: str = ""
    # Who runs it, if not root.
    user: str = ""
    # A command that holds the board at 1-1 meanwhile.
    holder: str = ""
    # dfuflash is called by this name.
    called: str = "dfu-util"
    # Deliberate differences: what is compared -> the id of the reason in
    # docs/dfu-util.md. What is named here must differ, or the row fails: no
    # stale excuses.
    differs: dict = field(default_factory=dict)
    # What dfuflash must show besides: "stdout", "stderr", "exit", "boards",
    # "memories" -> a regular expression.
    ours: dict = field(default_factory=dict)

    @property
    def is_slow(self):
        """Whether the programs' own waits are in it."""
        return bool(self.speed <= 1 or self.holder or self.again
                    or "-R" in self.words)

    @property
    def words(self):
        return shlex.split(self.command)


def pattern(length, seed):
    """Bytes that look random and are the same in each run."""
    state, out = seed or 1, bytearray()
    while len(out) < length:
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        out.append(state >> 16 & 0xFF)
    return bytes(out)


def firmware(length, seed=7):
    """A program for an STM32: a plausible vector table, then noise."""
    table = struct.pack("<II", 0x20020000, 0x08000101)
    return table + pattern(length - len(table), seed)


def suffixed(content, vendor=0xFFFF, product=0xFFFF, version=0x0100):
    """`content` with a DFU suffix (DFU 1.1, appendix B)."""
    head = content + struct.pack(
        "<HHHH3sB", 0xFFFF, product, vendor, version, b"UFD", 16)
    return head + struct.pack("<I", zlib.crc32(head) ^ 0xFFFFFFFF)


def dfuse(targets, vendor=0x0483, product=0xDF11):
    """A DfuSe file (UM0391) of (alternate, [(address, content)])."""
    body = b""
    for alternate, elements in targets:
        packed = b"".join(
            struct.pack("<II", address, len(content)) + content
            for address, content in elements)
        body += struct.pack(
            "<6sBI255sII", b"Target", alternate, 1, b"Test", len(packed),
            len(elements)) + packed
    head = struct.pack("<5sBIB", b"DfuSe", 1, len(body) + 11, len(targets))
    return suffixed(head + body, vendor, product, 0x011A)


def stellaris(content, address=0x1800):
    """`content` with a prefix for TI's boot loaders."""
    return struct.pack("<BBHI", 1, 0, address // 1024, len(content)) + content


def lpc(content):
    """`content` with a prefix for NXP's LPC boot loaders."""
    return struct.pack("<BBH8x4s", 0x1A, 0x3F, -(-len(content) // 512),
                       b"\xff" * 4) + content


def inputs():
    """The files that both programs find: name -> content."""
    small = firmware(5000)
    broken = bytearray(suffixed(small))
    broken[100] ^= 1
    return {
        "fw.bin": small,
        "new.bin": firmware(6000, 9),
        "big.bin": firmware(40_000),
        "blob.bin": pattern(3000, 5),
        "even.bin": pattern(2048, 6),
        "huge.bin": pattern(70_000, 8),
        "empty.bin": b"",
        "options.bin": struct.pack(
            "<IIII", 0x5514AAEB, 0xFFFFFFFF, 0xF0000FFF, 0xFFFFFFFF),
        # The complements are wrong.
        "badoptions.bin": struct.pack(
            "<IIII", 0x5510AAED, 0x5510AAED, 0x0000FFFF, 0x0000FFFF),
        "fw.dfu": dfuse([(0, [(0x08000000, small)])]),
        "two.dfu": dfuse([(0, [(0x08000000, small[:1000]),
                               (0x08004000, small[1000:3000])])]),
        "page.dfu": dfuse([(0, [(0x08000000, small[:500]),
                                (0x08000400, small[1000:2000])])]),
        "wrongid-dfuse.dfu": dfuse([(0, [(0x08000000, small)])],
                                   0x1234, 0x5678),
        "plain.dfu": suffixed(small),
        "plain11.dfu": suffixed(small, 0x1209, 0xDF02),
        "wrongid.dfu": suffixed(small, 0x1234, 0x5678),
        "brokencrc.dfu": bytes(broken),
        "tiva.dfu": suffixed(stellaris(pattern(3000, 5)), 0x1CBE, 0x00FF),
        "tiva.bin": stellaris(pattern(3000, 5)),
        "lpc.dfu": suffixed(lpc(pattern(2048, 5)), 0x0471, 0xDF55),
        "exists.bin": b"here already",
    }


def loader(port="1-1"):
    """Keeps a plain device's button pressed at a reset: it is in DFU mode."""
    return [f"--boot0-high {port} --press-reset {port}"]


# The board at 1-1 has a program already.
LOADED = ["--load 1-1:0x08000000={inputs}/new.bin"]
IN_ERROR = [{"state": {"dfuState": 10, "dfuStatus": 10}}]


def fault(effect, nth, of, **more):
    return [{"faults": [{"effect": effect, "nth": nth, "of": of, **more}]}]


ROWS = [
    # The contract's common callers, and front ends.
    Row("list", "-l"),
    Row("list, by our name", "-l", called="dfuflash"),
    Row("list, long option", "--list"),
    Row("list, two boards", "-l", boards=["f405", "l432"]),
    Row("list, nothing there", "-l", boards=[]),
    Row("list, run-time and DFU mode", "-l", boards=["plain11", "f405"]),
    Row("list, only run-time ids", "-l -d 1209:df01",
        boards=["plain11", "f405"], differs={"found": "pair-filters-both"}),
    Row("list, ids of DFU mode", "-l -d ,0483:df11",
        boards=["plain11", "f405"]),
    Row("list, no run-time", "-l -d -,0483:df11",
        boards=["plain11", "f405"]),
    Row("list, any ids", "-l -d '*:*'", boards=["plain11", "f405"]),
    Row("list, other ids", "-l -d 1234:5678",
        differs={"found": "pair-filters-both"}),
    Row("list, inherited vendor", "-l -d 1209:df01,:df02",
        boards=["plain11", "f405"]),
    Row("list, by serial", "-l -S 2055316B3331", boards=["f405", "l432"]),
    Row("list, by DFU serial", "-l -S ,2054316B3331",
        boards=["f405", "l432"]),
    Row("list, seven alternates", "-l", boards=["freerunner"],
        prepare=loader()),
    Row("list, DFU 1.0 without strings", "-l", boards=["lpclink"]),
    Row("list, configuration 0", "-l -c 0"),
    Row("list, configuration 2", "-l -c 2"),
    Row("list, interface 1", "-l -i 1"),
    Row("list, alternate 1", "-l -a 1"),
    Row("download", "-a 0 -s 0x08000000 -D fw.bin"),
    Row("download, by our name", "-a 0 -s 0x08000000 -D fw.bin",
        called="dfuflash", differs={"lines": "plain-lines"}),
    Row("QMK Toolbox", "-a 0 -d 0483:DF11 -s 0x08000000:leave -D fw.bin"),
    Row("QMK make", "-d 0483:df11 -a 0 -s 0x08000000:leave -D fw.bin -R -w",
        differs={"exit": "left-is-success"}),
    Row("Betaflight make", "-a 0 -D fw.bin -s 0x08000000:leave -R",
        differs={"exit": "left-is-success"}),
    Row("libopencm3", "-a 0 -s 0x08000000:leave -D fw.bin -d 0483:df11"),
    Row("MicroPython make", "-a 0 -d 0x0483:0xDF11 -D fw.dfu"),
    Row("Klipper make", "-p 1-1 -R -a 0 -s 0x08000000:leave -D fw.bin",
        differs={"exit": "left-is-success"}),
    Row("Zephyr west", "-d ,0483:df11 -a 0 -s 0x08000000:leave -D fw.bin"),
    Row("Daisy make", "-a 0 -s 0x08000000:leave -D fw.bin -d ,0483:df11"),
    Row("Mbed", "-a 0 --dfuse-address 0x08000000:leave --download fw.bin"),
    Row("ArduPilot", "-a 0 --dfuse-address 0x08000000:force:mass-erase:leave "
        "-D fw.bin", boards=["l432"]),
    Row("PlatformIO", "-d 0x0483:0xdf11 -a 0 -s 0x08000000:leave -D fw.bin"),
    Row("mass erase, download, leave", "-d ,0483:df11 -a 0 -s "
        "0x08000000:mass-erase:force:leave -R -D fw.bin", boards=["l432"],
        differs={"exit": "left-is-success"}),
    # The shapes of options.
    Row("joined options", "-a0 -d,0483:df11 -s0x08000000 -Dfw.bin"),
    Row("long options", "--alt 0 --device 0483:df11 --dfuse-address "
        "0x08000000 --download fw.bin"),
    Row("long options with =", "--alt=0 --device=0483:df11 "
        "--dfuse-address=0x08000000 --download=fw.bin"),
    Row("abbreviated long options", "--dow=fw.bin --dfu 0x08000000 --alt 0"),
    Row("ambiguous abbreviation", "--de 0483:df11 -l",
        ours={"stderr": "detach.*devnum|device"}),
    Row("a cluster", "-lv"),
    Row("end of options", "-l --"),
    Row("a stray word", "-l stray"),
    Row("alternate by its whole name", "-a '@Internal Flash  /0x08000000/"
        "04*016Kg,01*064Kg,07*128Kg' -s 0x08000000 -D fw.bin"),
    Row("alternate by its bare name", "-a 'Internal Flash' -s 0x08000000 "
        "-D fw.bin", differs={
            "exit": "bare-name", "memories": "bare-name"}),
    Row("by serial", "-S 2055316B3331 -a 0 -s 0x08000000 -D fw.bin",
        boards=["f405", "f405"]),
    Row("by serial of DFU mode", "-S ,2055316B3331 -a 0 -s 0x08000000 "
        "-D fw.bin", boards=["f405", "f405"]),
    Row("by a serial that is not there", "-S 123 -a 0 -s 0x08000000 "
        "-D fw.bin"),
    Row("by port path", "-p 1-2 -a 0 -s 0x08000000 -D fw.bin",
        boards=["f405", "f405"]),
    Row("by device number", "-n DEVNUM -a 0 -s 0x08000000 -D fw.bin",
        boards=["f405", "f405"]),
    Row("two boards", "-a 0 -s 0x08000000 -D fw.bin",
        boards=["f405", "f405"]),
    Row("no board", "-a 0 -s 0x08000000 -D fw.bin", boards=[]),
    Row("no such alternate", "-a 9 -s 0x08000000 -D fw.bin"),
    Row("no alternate given", "-s 0x08000000 -D fw.bin",
        differs={"exit": "alternate-by-address",
                 "memories": "alternate-by-address"}),
    Row("transfer size", "-t 1024 -a 0 -s 0x08000000 -D fw.bin"),
    Row("transfer size of nothing", "-t 0 -a 0 -s 0x08000000 -D fw.bin"),
    Row("transfer size that is no number", "-t x -a 0 -s 0x08000000 "
        "-D fw.bin"),
    # What is downloaded.
    Row("several sectors", "-a 0 -s 0x08000000 -D new.bin",
        boards=["g474"]),
    Row("over an older program", "-a 0 -s 0x08000000 -D fw.bin",
        prepare=LOADED, differs={"memories": "neighbours-stay"}),
    Row("into the middle of a sector", "-a 0 -s 0x08001000 -D fw.bin",
        prepare=LOADED, differs={"memories": "neighbours-stay"}),
    Row("a DfuSe file", "-a 0 -D fw.dfu"),
    Row("a DfuSe file with two elements", "-a 0 -D two.dfu"),
    Row("two elements in one sector", "-a 0 -D page.dfu"),
    Row("a DfuSe file with an address", "-a 0 -s 0x08000000 -D fw.dfu"),
    Row("a DfuSe file for another device", "-a 0 -D wrongid-dfuse.dfu",
        differs={"exit": "wrong-device", "lines": "wrong-device",
                 "memories": "wrong-device"}),
    Row("a suffix on a raw file for DfuSe", "-a 0 -s 0x08000000 "
        "-D plain.dfu"),
    Row("a suffix for another device", "-a 0 -s 0x08000000 -D wrongid.dfu",
        differs={"exit": "wrong-device", "lines": "wrong-device",
                 "memories": "wrong-device"}),
    Row("a suffix for another device, named", "-d 0483:df11 -a 0 "
        "-s 0x08000000 -D wrongid.dfu"),
    Row("a raw file without an address", "-a 0 -D fw.bin"),
    Row("from standard input", "-a 0 -s 0x08000000 -D -", stdin="fw.bin"),
    Row("an empty file", "-a 0 -s 0x08000000 -D empty.bin",
        differs={"exit": "empty-file"}),
    Row("a missing file", "-a 0 -s 0x08000000 -D nothing.bin"),
    Row("an address outside", "-a 0 -s 0x09000000 -D fw.bin"),
    Row("the end outside", "-a 0 -s 0x080FF000 -D fw.bin"),
    Row("an octal address", "-a 0 -s 08000000 -D fw.bin"),
    Row("an unknown modifier", "-a 0 -s 0x08000000:foo -D fw.bin"),
    Row("an abbreviated modifier", "-a 0 -s 0x08000000:lea -D fw.bin"),
    Row("mass erase without force", "-a 0 -s 0x08000000:mass-erase "
        "-D fw.bin"),
    Row("already in dfuERROR", "-a 0 -s 0x08000000 -D fw.bin",
        changes=IN_ERROR),
    Row("stays with -R", "-R -a 0 -s 0x08000000 -D fw.bin"),
    # Reading.
    Row("upload", "-a 0 -s 0x08000000:4096 -U out.bin", prepare=LOADED),
    Row("upload of an odd length", "-a 0 -s 0x08000000:3001 -U out.bin",
        prepare=LOADED),
    Row("upload with -Z", "-a 0 -s 0x08000000 -Z 4096 -U out.bin",
        prepare=LOADED, differs={"files": "upload-size"}),
    Row("upload to a file that is there", "-a 0 -s 0x08000000:4096 "
        "-U exists.bin"),
    Row("upload of a whole memory", "-a 0 -s 0x08000000 -U out.bin",
        boards=["f072"], prepare=LOADED),
    Row("upload past equal sectors", "-a 0 -s 0x0800C000 -U out.bin",
        prepare=["--load 1-1:0x0800C000={inputs}/huge.bin"], speed=40,
        differs={"files": "upload-whole-memory"}),
    Row("upload and leave", "-a 0 -s 0x08000000:4096:leave -U out.bin",
        prepare=LOADED),
    Row("upload of option bytes", "-a 1 -s 0x1FFFC000:16 -U out.bin"),
    # Commands.
    Row("leave", "-a 0 -s 0x08000000:leave", prepare=LOADED),
    Row("leave, no address", "-a 0 -s :leave", prepare=LOADED),
    Row("mass erase", "-a 0 -s :mass-erase:force", prepare=LOADED,
        boards=["l432"]),
    Row("unprotect", "-a 0 -s 0x08000000:unprotect:force",
        prepare=LOADED + ["--protect 1-1=1"],
        ours={"stdout": "unprotected|back"}),
    Row("unprotect without force", "-a 0 -s 0x08000000:unprotect"),
    Row("download to a protected board", "-a 0 -s 0x08000000 -D fw.bin",
        prepare=LOADED + ["--protect 1-1=1"],
        ours={"stderr": "protection"}),
    Row("upload from a protected board", "-a 0 -s 0x08000000:4096 -U out.bin",
        prepare=LOADED + ["--protect 1-1=1"],
        differs={"files": "no-partial-file"},
        ours={"stderr": "protection"}),
    Row("option bytes", "-a 1 -s 0x1FFFC000:will-reset -D options.bin",
        ours={"memories": "option"}),
    Row("option bytes that cannot be right", "-a 1 -s 0x1FFFC000:will-reset "
        "-D badoptions.bin", differs={
            "exit": "option-bytes-checked", "lines": "option-bytes-checked",
            "memories": "option-bytes-checked"}),
    # Plain DFU.
    Row("plain: download", "-D blob.bin", boards=["plain11"], speed=1,
        prepare=loader(), changes=[{"state": {"alternate": 0}}]),
    Row("plain: download to alternate 1", "-a 1 -D blob.bin",
        boards=["plain11"], prepare=loader()),
    Row("plain: from run-time", "-a 0 -D blob.bin", boards=["plain11"],
        speed=1),
    Row("plain: detach", "-e", boards=["plain11"], speed=1),
    Row("plain: detach, and -a", "-e -a 0", boards=["dapboot"], speed=1),
    Row("plain: suffix", "-a 0 -D plain11.dfu", boards=["plain11"],
        prepare=loader()),
    Row("plain: suffix of another device", "-a 0 -D wrongid.dfu",
        boards=["plain11"], prepare=loader(),
        differs={"exit": "wrong-device", "lines": "wrong-device",
                 "memories": "wrong-device"}),
    Row("plain: suffix chooses among two", "-a 0 -D plain11.dfu",
        boards=["plain11", "tinyusb"], prepare=loader(), differs={
            "exit": "file-chooses", "memories": "file-chooses"}),
    Row("plain: broken suffix", "-a 0 -D brokencrc.dfu", boards=["plain11"],
        prepare=loader(), ours={"stderr": "damaged"}),
    Row("plain: upload", "-a 0 -U out.bin", boards=["plain11"],
        prepare=loader(), changes=[{}]),
    Row("plain: already in dfuERROR", "-a 0 -D blob.bin", boards=["plain11"],
        prepare=loader(), changes=IN_ERROR),
    Row("plain: too large", "-a 1 -D huge.bin", boards=["plain11"],
        prepare=loader()),
    Row("plain: reset after", "-a 0 -R -D blob.bin", boards=["plain11"],
        prepare=loader(), differs={"exit": "reset-is-success"}),
    Row("plain: an address", "-a 0 -s 0x08000000 -D blob.bin",
        boards=["plain11"], prepare=loader()),
    Row("FreeRunner: from run-time", "-a kernel -D blob.bin",
        boards=["freerunner"], speed=1),
    Row("FreeRunner: by number", "-a 3 -D blob.bin", boards=["freerunner"],
        prepare=loader()),
    Row("SIMtrace", "-a 1 -D blob.bin", boards=["simtrace"],
        prepare=loader(), differs={"exit": "manifests"}),
    Row("LPC-Link", "-D lpc.dfu", boards=["lpclink"], speed=1,
        differs={"exit": "manifests"}),
    Row("LPC-Link: ids of both modes", "-d 0471:df55 -c 0 -t 2048 -R "
        "-D lpc.dfu", boards=["lpclink"], speed=1,
        differs={"exit": "manifests"}),
    Row("TDK: from run-time", "-D blob.bin", boards=["tdk"], speed=1,
        differs={"exit": "found-after-reset",
                 "memories": "found-after-reset"}),
    Row("TDK: frames of 1023 bytes", "-D even.bin", boards=["tdk"],
        prepare=loader()),
    Row("Maple make", "-a1 -d 1EAF:0003 -D blob.bin -R", boards=["maple"],
        differs={"exit": "manifests"}),
    Row("old Maple", "-a1 -d 1EAF:0003 -D blob.bin -R",
        boards=["maple-old"], differs={
            "exit": "maple-is-plain", "memories": "maple-is-plain",
            "boards": "maple-is-plain"}),
    Row("Maple list", "-l", boards=["maple-old"]),
    Row("dapboot", "-d 1209:db42 -D blob.bin", boards=["dapboot"], speed=1,
        prepare=loader(), differs={"exit": "manifests"}),
    Row("TinyUSB", "-a 0 -D blob.bin", boards=["tinyusb"]),
    Row("TinyUSB: upload", "-a 0 -U out.bin -Z 1024", boards=["tinyusb"]),
    Row("XMOS: from run-time", "-d 20b1:0002,20b1:0003 -D blob.bin",
        boards=["xmos"], speed=1),
    Row("XMOS: with -E", "-E 2 -D blob.bin", boards=["xmos"], speed=1),
    Row("Zephyr", "-a 1 -D blob.bin", boards=["zephyr"], prepare=loader()),
    Row("U-Boot", "-a kernel -D blob.bin -R", boards=["uboot"],
        differs={"exit": "reset-is-success"}),
    Row("Tiva", "-D tiva.dfu", boards=["tiva"]),
    Row("Tiva: prefix, no suffix", "-D tiva.bin", boards=["tiva"]),
    Row("a camera", "-D blob.bin", boards=["camera"]),
    Row("a camera beside a board", "-a 0 -s 0x08000000 -D fw.bin",
        boards=["camera", "f405"], differs={
            "exit": "unrelated-devices", "memories": "unrelated-devices"}),
    Row("Apple's Bluetooth", "-D blob.bin", boards=["apple-bluetooth"]),
    # Wrong usage.
    Row("nothing to do", ""),
    Row("version", "-V"),
    Row("version, long", "--version"),
    Row("help", "-h"),
    Row("unknown option", "--nonsense", ours={"stderr": "nonsense"}),
    Row("unknown short option", "-x"),
    Row("a value is missing", "-a 0 -D"),
    Row("download and upload", "-a 0 -D fw.bin -U out.bin", differs={
        "exit": "one-job", "lines": "one-job", "files": "one-job"}),
    Row("ids that are none", "-d xyz -l", differs={
        "exit": "sloppy-numbers", "found": "sloppy-numbers"}),
    Row("a wrong device number", "-n x -l",
        differs={"exit": "sloppy-numbers"}),
    Row("a port that is none", "-p x -l",
        differs={"exit": "sloppy-numbers"}),
    # The cable.
    Row("wait for the board", "-w -a 0 -s 0x08000000 -D fw.bin", present=0,
        changes=[{"state": {"plugged": False},
                  "events": [{"event": "plug", "after": 20}]}]),
    Row("wait, the board is there", "--wait -a 0 -s 0x08000000 -D fw.bin",
        differs={"exit": "bare-wait", "memories": "bare-wait"}),
    Row("cable pulled midway", "-a 0 -s 0x08000000 -D big.bin",
        changes=fault("unplug", 9, "data"),
        again="-a 0 -s 0x08000000 -D big.bin",
        ours={"stderr": "run the same command again"}),
    Row("cable pulled while erasing", "-a 0 -s 0x08000000 -D big.bin",
        boards=["g474"], prepare=LOADED, changes=fault("unplug", 3, "command"),
        again="-a 0 -s 0x08000000 -D big.bin"),
    Row("write error", "-a 0 -s 0x08000000 -D fw.bin",
        changes=fault("status", 2, "data", value=3),
        differs={"memories": "vectors-last"}),
    # Permission.
    Row("no permission", "-a 0 -s 0x08000000 -D fw.bin", user="user",
        ours={"stderr": "udev rule .*--install-udev.*"}),
    Row("no permission to list", "-l", user="user",
        differs={"found": "closed-is-listed"}),
    # Reading all of it takes seconds; the reader is stopped at once.
    Row("another program has it", "-a 0 -s 0x08000000 -D fw.bin",
        holder="dfuflash -a 0 -s 0x08000000 -U /tmp/held.bin", speed=0.2,
        ours={"stderr": "holds the board"}),
]
