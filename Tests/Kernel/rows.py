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
    # Simulated seconds in a second. Their erase times are real ones; the
    # programs' own waits are not shortened by it.
    speed: float = 4
    # A file for standard input.
    stdin: str = ""
    # Seconds after the program's start at which the boards are plugged in.
    plugged: float = 0
    # Seconds after the program's start at which the boards are pulled.
    pulled: float = 0
    # Deliberate differences: what is compared -> why it may differ. What
    # is named here must differ, or the row fails: no stale excuses.
    differs: dict = field(default_factory=dict)
    # Those of them that are not the same from run to run, and so may be
    # equal by chance.
    varies: set = field(default_factory=set)

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


def inputs():
    """The files that both programs find: name -> content."""
    small = firmware(5000)
    return {
        "fw.bin": small,
        "big.bin": firmware(100_000),
        "empty.bin": b"",
        "options.bin": struct.pack(
            "<IIII", 0x5510AAEF, 0x5510AAEF, 0x0000FFFF, 0x0000FFFF),
        "fw.dfu": dfuse([(0, [(0x08000000, small)])]),
        "two.dfu": dfuse([(0, [(0x08000000, small[:1000]),
                               (0x08004000, small[1000:3000])])]),
        "plain.dfu": suffixed(small),
        "wrongid.dfu": suffixed(small, 0x1234, 0x5678),
        "exists.bin": b"here already",
    }


ROWS = [
    Row("list", "-l"),
    Row("list, two boards", "-l", boards=["f405", "l432"]),
    Row("list, nothing there", "-l", boards=[]),
    Row("download", "-a 0 -s 0x08000000 -D fw.bin"),
    Row("download and leave", "-a 0 -d 0483:DF11 -s 0x08000000:leave "
        "-D fw.bin"),
    Row("download, joined options", "-a0 -d,0483:df11 -s0x08000000 "
        "-Dfw.bin"),
    Row("download by port path", "-p 1-2 -a 0 -s 0x08000000 -D fw.bin",
        boards=["f405", "f405"]),
    Row("download, two boards", "-a 0 -s 0x08000000 -D fw.bin",
        boards=["f405", "f405"]),
    Row("download, no board", "-a 0 -s 0x08000000 -D fw.bin", boards=[]),
    Row("download over several sectors", "-a 0 -s 0x08000000 -D big.bin",
        boards=["g474"]),
    Row("download a DfuSe file", "-a 0 -D fw.dfu"),
    Row("download from standard input", "-a 0 -s 0x08000000 -D -",
        stdin="fw.bin"),
    Row("upload", "-a 0 -s 0x08000000:4096 -U out.bin"),
    Row("upload to a file that is there", "-a 0 -s 0x08000000:4096 "
        "-U exists.bin"),
    Row("mass erase, download, leave", "-d ,0483:df11 -a 0 -s "
        "0x08000000:mass-erase:force:leave -R -D fw.bin", boards=["l432"],
        differs={"exit": "dfu-util fails because the board has left"}),
    Row("unprotect", "-a 0 -s 0x08000000:unprotect:force",
        differs={"left": "dfu-util ends while the board is still erasing; "
                 "dfuflash waits until it is back"}),
    Row("option bytes", "-a 1 -s 0x1FFFC000:will-reset -D options.bin"),
    Row("address outside", "-a 0 -s 0x09000000 -D fw.bin"),
    Row("octal address", "-a 0 -s 08000000 -D fw.bin"),
    Row("file missing", "-a 0 -s 0x08000000 -D nothing.bin"),
    Row("unknown option", "--nonsense"),
    Row("wait for the board", "-w -a 0 -s 0x08000000 -D fw.bin",
        plugged=1.5),
    Row("cable pulled midway", "-a 0 -s 0x08000000 -D big.bin", pulled=1.5,
        differs={"memories": "each is pulled at another block"},
        varies={"memories"}),
]
