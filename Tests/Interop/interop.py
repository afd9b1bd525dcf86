"""Firmware files against independent programs. See `run`."""

import gzip
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib

import bincopy
import intelhex

dfuflash = os.path.abspath(sys.argv[1])
rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 12
seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
dice = random.Random(seed)
checks = 0


def run(*command):
    done = subprocess.run(
        [str(part) for part in command], capture_output=True)
    if done.returncode != 0:
        fail(f"{' '.join(map(str, command))}: exit {done.returncode}\n"
             f"{done.stdout.decode()}{done.stderr.decode()}")
    return done.stdout


def fail(what):
    sys.exit(f"interop: seed {seed}: {what}")


def same(what, got, wanted):
    """Two images as dictionaries from address to bytes."""
    global checks
    checks += 1
    if got != wanted:
        show = lambda image: {
            hex(a): (len(b), hex(zlib.crc32(b))) for a, b in image.items()}
        fail(f"{what}: {show(got)} instead of {show(wanted)}")


def joined(pieces):
    """Pieces by address, those that touch as one."""
    image = {}
    last = None
    for address, data in sorted(pieces):
        if last is not None and last + len(image[last]) == address:
            image[last] += data
        else:
            image[address] = data
            last = address
    return image


def random_image(lowest, highest):
    pieces = []
    address = dice.choice([lowest, lowest + dice.randrange(1 << 17)])
    for _ in range(dice.randrange(1, 6)):
        count = dice.choice([1, 15, 16, 17, 255, 256, 4096, 70_000])
        count = min(count, highest - address)
        if count <= 0:
            break
        pieces.append((address, dice.randbytes(count)))
        address += count + dice.choice([0, 1, 3, 240, 65_536, 100_000])
    return joined(pieces)


def ours_reads(what, path, wanted, *options):
    """What dfuflash finds in a file, by address, length and CRC-32."""
    global checks
    checks += 1
    report = json.loads(run(dfuflash, "inspect", "--json", *options, path))
    got = [
        (s["address"], s["length"], s["crc32"])
        for image in report["images"] for s in image["segments"]]
    expected = [(a, len(b), f"{zlib.crc32(b):08X}") for a, b in wanted.items()]
    if got != expected:
        fail(f"dfuflash reads {what}: {got} instead of {expected}")


def flat(image, fill=0xFF):
    start = min(image)
    data = bytearray()
    for address, part in sorted(image.items()):
        data += bytes([fill]) * (address - start - len(data)) + part
    return bytes(data)


def read_bincopy(path):
    file = bincopy.BinFile(str(path))
    return joined((s.address, bytes(s.data)) for s in file.segments)


def read_intelhex(path):
    file = intelhex.IntelHex(str(path))
    return joined(
        (start, file.tobinstr(start=start, end=end - 1))
        for start, end in file.segments())


def write_elf(image, name):
    """A program linked by ld, a section for each segment."""
    sections = []
    objects = []
    for index, (address, data) in enumerate(sorted(image.items())):
        part, object_file = f"{name}.{index}", f"{name}.{index}.o"
        open(part, "wb").write(data)
        run("objcopy", "-I", "binary", "-O", "elf32-i386", "-B", "i386",
            part, object_file)
        objects.append(object_file)
        # VMA in RAM, LMA where it is flashed, as initialised data has it.
        sections.append(
            f".s{index} {0x20000000 + address % 0x1000000:#x} : "
            f"AT({address:#x}) SUBALIGN(1) {{ {object_file}(.data) }} "
            f":p{index}")
    # A program header for each, or ld would join what is near.
    headers = " ".join(f"p{index} PT_LOAD;" for index in range(len(objects)))
    open("script.ld", "w").write(
        f"PHDRS {{ {headers} }} SECTIONS {{ " + "\n".join(sections) + " /DISCARD/ : { *(*) } }")
    run("ld", "-m", "elf_i386", "-n", "--no-check-sections", "-T",
        "script.ld", "-e", "0x8000101", "-o", name, *objects)
    # The host's linker writes for the host; what it wrote is taken for Arm's
    # (e_machine 40), whose files have the same form.
    with open(name, "r+b") as file:
        file.seek(18)
        file.write(b"\x28\x00")


def read_dfuse(path):
    """UM0391, by hand: no other program reads a DfuSe file without a board."""
    data = open(path, "rb").read()
    signature, version, size, targets = struct.unpack_from("<5sBIB", data)
    assert (signature, version, size) == (b"DfuSe", 1, len(data) - 16)
    position, pieces = 11, []
    for _ in range(targets):
        tag, _, _, _, size, elements = struct.unpack_from(
            "<6sBI255sII", data, position)
        assert tag == b"Target"
        position += 274
        for _ in range(elements):
            address, count = struct.unpack_from("<II", data, position)
            position += 8
            pieces.append((address, data[position:position + count]))
            position += count
    assert position == len(data) - 16
    return joined(pieces)


def write_dfuse(image, path, counts_suffix):
    """As dfuse-pack and ST's own tool do; they differ in the stated size."""
    elements = b"".join(
        struct.pack("<II", a, len(b)) + b for a, b in sorted(image.items()))
    target = struct.pack(
        "<6sBI255sII", b"Target", 0, 1, b"ST...", len(elements), len(image))
    body = target + elements
    size = 11 + len(body) + (16 if counts_suffix else 0)
    data = struct.pack("<5sBIB", b"DfuSe", 1, size, 1) + body
    data += struct.pack("<HHHH3sB", 0, 0xDF11, 0x0483, 0x011A, b"UFD", 16)
    data += struct.pack("<I", ~zlib.crc32(data) & 0xFFFFFFFF)
    open(path, "wb").write(data)


def read_uf2(path):
    data = open(path, "rb").read()
    pieces = []
    for number, start in enumerate(range(0, len(data), 512)):
        words = struct.unpack_from("<8I", data, start)
        assert words[:2] == (0x0A324655, 0x9E5D5157)
        assert struct.unpack_from("<I", data, start + 508)[0] == 0x0AB16F30
        assert words[5:7] == (number, len(data) // 512)
        assert words[2] == 0x2000 and words[7] == 0x57755A57
        pieces.append((words[3], data[start + 32:start + 32 + words[4]]))
    return joined(pieces)


def write_uf2(image, path):
    blocks = [
        (a + o, b[o:o + 256])
        for a, b in sorted(image.items()) for o in range(0, len(b), 256)]
    with open(path, "wb") as file:
        for number, (address, data) in enumerate(blocks):
            file.write(
                struct.pack(
                    "<8I", 0x0A324655, 0x9E5D5157, 0x2000, address, len(data),
                    number, len(blocks), 0x57755A57)
                + data.ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30))


def convert(source, target, *options):
    run(dfuflash, "convert", "--force", *options, source, target)


def text_formats(image):
    """Intel HEX and S-record."""
    bincopy_image = bincopy.BinFile()
    intelhex_image = intelhex.IntelHex()
    for address, data in image.items():
        bincopy_image.add_binary(data, address=address)
        intelhex_image.puts(address, data)
    for length in (16, 32, 250):
        open("b.hex", "w").write(bincopy_image.as_ihex(min(length, 255)))
        ours_reads("bincopy's hex", "b.hex", image)
        open("b.srec", "w").write(bincopy_image.as_srec(length))
        ours_reads("bincopy's srec", "b.srec", image)
    intelhex_image.write_hex_file("i.hex")
    ours_reads("intelhex's hex", "i.hex", image)
    convert("b.hex", "o.hex")
    convert("i.hex", "o.srec")
    same("bincopy reads our hex", read_bincopy("o.hex"), image)
    same("intelhex reads our hex", read_intelhex("o.hex"), image)
    same("bincopy reads our srec", read_bincopy("o.srec"), image)
    for kind, name in (("-intel", "hex"), ("-motorola", "srec")):
        run("srec_cat", f"o.{name}", kind, "-o", f"c.{name}", kind)
        ours_reads(f"srec_cat's {name}", f"c.{name}", image)
        run("srec_cmp", f"o.{name}", kind, f"b.{name}", kind)
    if max(a + len(b) for a, b in image.items()) <= 0x7FFFFFFF:
        for bfd, name in (("ihex", "hex"), ("srec", "srec")):
            run("objcopy", "-I", bfd, "-O", bfd, f"o.{name}", f"g.{name}")
            ours_reads(f"objcopy's {name}", f"g.{name}", image)
            run("objcopy", "-I", bfd, "-O", "binary", "--gap-fill", "0xFF",
                f"o.{name}", "g.bin")
            same(f"objcopy flattens our {name}",
                 {0: open("g.bin", "rb").read()}, {0: flat(image)})
    convert("o.hex", "o.bin")
    same("our raw file", {0: open("o.bin", "rb").read()}, {0: flat(image)})


def elf(image):
    write_elf(image, "l.elf")
    ours_reads("ld's ELF", "l.elf", image)
    convert("l.elf", "l.bin")
    run("objcopy", "-I", "elf32-little", "-O", "binary", "--gap-fill", "0xFF",
        "l.elf", "g.bin")
    same("as objcopy flattens an ELF",
         {0: open("l.bin", "rb").read()}, {0: open("g.bin", "rb").read()})


def dfu(image):
    convert("o.hex", "o.dfu")
    same("our DfuSe file", read_dfuse("o.dfu"), image)
    run("dfu-suffix", "-c", "o.dfu")
    for counts_suffix in (False, True):
        write_dfuse(image, "w.dfu", counts_suffix)
        ours_reads("a DfuSe file", "w.dfu", image)
    data = flat(image)
    open("raw.bin", "wb").write(data)
    convert("raw.bin", "s.dfu", "--to", "dfu", "--vid", "1209", "--pid",
            "2444", "--device-version", "0102")
    said = run("dfu-suffix", "-c", "s.dfu").decode()
    assert "0x2444" in said and "0x1209" in said and "0x0102" in said, said
    open("t.dfu", "wb").write(data)
    run("dfu-suffix", "-v", "1209", "-p", "2444", "-d", "0102", "-a", "t.dfu")
    same("our suffix is dfu-suffix's", {0: open("s.dfu", "rb").read()},
         {0: open("t.dfu", "rb").read()})
    convert("t.dfu", "u.bin")
    same("a suffix deleted", {0: open("u.bin", "rb").read()}, {0: data})
    run("dfu-suffix", "-D", "s.dfu")
    same("our suffix deleted", {0: open("s.dfu", "rb").read()}, {0: data})


def uf2(image):
    convert("o.hex", "o.uf2", "--family", "STM32F4")
    same("our UF2 file", read_uf2("o.uf2"), image)
    write_uf2(image, "w.uf2")
    ours_reads("a UF2 file", "w.uf2", image)


def packed(image, names):
    for name in names:
        data = open(name, "rb").read()
        for level in (0, 1, 9):
            with gzip.open("p.gz", "wb", compresslevel=level) as file:
                file.write(data)
            ours_reads(f"{name} in gzip", "p.gz", image)
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            with zipfile.ZipFile("p.zip", "w", method) as archive:
                archive.writestr("README.md", "Read me. " * 99)
                archive.writestr(f"build/{name}", data)
            ours_reads(f"{name} in zip", "p.zip", image)
            ours_reads(f"{name} in zip", f"p.zip:build/{name}", image)


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    for number in range(rounds):
        # objcopy takes addresses from 2^31 for negative ones.
        lowest, highest = dice.choice(
            [(0, 1 << 20), (0x0800_0000, 0x0820_0000),
             (0x0800_0000, 0x0820_0000), (0xFFF0_0000, 0xFFFF_FFFF)])
        image = random_image(lowest, highest)
        text_formats(image)
        names = ["o.hex", "o.uf2", "o.dfu", "o.srec"]
        if highest <= 1 << 31:
            elf(image)
            names.append("l.elf")
        dfu(image)
        uf2(image)
        packed(image, names)
print(f"interop: {checks} comparisons of {rounds} random images are exact "
      f"(seed {seed})")
