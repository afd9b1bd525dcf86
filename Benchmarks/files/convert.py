"""Reading and converting 16 MiB of firmware, dfuflash beside others.

Each figure is of a whole process: start, read, convert, write. The programs
take turns on the same file, so that what else the machine does meets all of
them; of each the best round counts. CPU time (user and system) says more than
wall time on a machine that is busy.

The reading rate is the file's size by the CPU time of converting it to raw,
without what start-up takes and without the writing of the result, for which
half the time of `cp` stands.
"""

import os
import struct
import sys
import tempfile
import time

ROUNDS = 7
SIZE = 16 << 20
ADDRESS = 0x08000000
PROGRAM = os.path.abspath(sys.argv[1])


def once(command, output="/dev/null"):
    """Wall seconds, CPU seconds, peak memory in bytes.

    Results of earlier rounds are removed first: some file systems make whoever
    replaces a file wait for the disk.
    """
    for old in ("out.bin", "copy.bin", "objcopy.bin", "srec_cat.bin"):
        if old in command and os.path.exists(old):
            os.unlink(old)
    start = time.perf_counter()
    pid = os.posix_spawnp(
        command[0], command, os.environ, file_actions=[
            (os.POSIX_SPAWN_OPEN, 1, output,
             os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)])
    _, status, usage = os.wait4(pid, 0)
    if status != 0:
        sys.exit(f"files: {' '.join(command)} failed")
    return (time.perf_counter() - start, usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss * 1024)


def best(commands):
    """The best wall and CPU time and the highest memory of each command."""
    rounds = [[once(command) for command in commands] for _ in range(ROUNDS)]
    return [
        (min(r[i][0] for r in rounds), min(r[i][1] for r in rounds),
         max(r[i][2] for r in rounds)) for i in range(len(commands))]


def same(path, wanted, who):
    with open(path, "rb") as file:
        if file.read() != wanted:
            sys.exit(f"files: {who} did not convert rightly")


def elf(image):
    """An executable of one segment and one section, as objcopy wants it."""
    names = b"\0.data\0.shstrtab\0"
    start = 52 + 32
    sections = start + len(image) + len(names)
    header = b"\x7fELF\1\1\1" + bytes(9) + struct.pack(
        "<HHIIIIIHHHHHH", 2, 40, 1, ADDRESS, 52, sections, 0x0500_0000, 52, 32,
        1, 40, 3, 2)
    program = struct.pack("<8I", 1, start, ADDRESS, ADDRESS, len(image),
                          len(image), 5, 1)
    data = struct.pack("<10I", 1, 1, 2, ADDRESS, start, len(image), 0, 0, 1, 0)
    strings = struct.pack("<10I", 7, 3, 0, 0, start + len(image), len(names),
                          0, 0, 1, 0)
    return header + program + image + names + bytes(40) + data + strings


def main():
    image = os.urandom(SIZE)
    with open("fw.bin", "wb") as file:
        file.write(image)
    with open("fw.elf", "wb") as file:
        file.write(elf(image))
    for name in ("fw.dfu", "fw.uf2", "fw.hex", "fw.srec"):
        once([PROGRAM, "convert", "--address", hex(ADDRESS), "fw.bin", name])
    once([PROGRAM, "convert", "fw.bin", "plain.dfu"])
    missed = []

    def judge(ok):
        return "ok" if ok else "MISSED"

    print(f"Converting to raw, {SIZE >> 20} MiB, best of {ROUNDS}; times in ms")
    print("file       MB/s  goal      wall   CPU   peak / image")
    goals = {"fw.bin": 1000, "fw.elf": 1000, "fw.dfu": 400, "plain.dfu": 400,
             "fw.uf2": 400, "fw.hex": 150, "fw.srec": 150}
    # What start-up and writing the result cost is not reading.
    small = "small.bin"
    with open(small, "wb") as file:
        file.write(image[:1024])
    start = best([[PROGRAM, "convert", "--force", small, "out.bin"]])[0]
    write = best([["cp", "fw.bin", "copy.bin"]])[0]
    for name, goal in goals.items():
        command = [PROGRAM, "convert", "--force", "--to", "raw", name, "out.bin"]
        wall, cpu, peak = best([command])[0]
        same("out.bin", image, "dfuflash")
        # cp reads and writes; half of it stands for writing.
        reading = max(1e-4, cpu - start[1] - write[1] / 2)
        rate = os.path.getsize(name) / reading / 1e6
        ratio = (peak - 10e6) / SIZE
        # The whole text of a file and its image, and no more.
        ok = rate >= goal and ratio <= 5
        if not ok:
            missed.append(name)
        print(f"{name:10} {rate:5.0f} {goal:5}  {wall * 1e3:8.0f} "
              f"{cpu * 1e3:5.0f}   {ratio:5.2f} (after 10 MB)  {judge(ok)}")

    print("\nThe same file to raw, in turns; times in ms, and how often faster")
    print("file     dfuflash wall/CPU   other      wall/CPU      ratio wall/CPU")
    for name, srecord, bfd in (("fw.hex", "-intel", "ihex"),
                               ("fw.srec", "-motorola", "srec"),
                               ("fw.elf", None, "elf32-little")):
        others = [("objcopy", ["objcopy", "-I", bfd, "-O", "binary", name,
                               "objcopy.bin"])]
        if srecord:
            others.append(("srec_cat", [
                "srec_cat", name, srecord, "-offset", f"-{ADDRESS}", "-o",
                "srec_cat.bin", "-binary"]))
        ours = [PROGRAM, "convert", "--force", name, "out.bin"]
        results = best([ours] + [command for _, command in others])
        same("out.bin", image, "dfuflash")
        for (who, _), result in zip(others, results[1:]):
            same(f"{who}.bin", image, who)
            wall, cpu = result[0] / results[0][0], result[1] / results[0][1]
            # The goal is for text, where there is something to do: a 2 MiB
            # image is read in a few ten milliseconds anyhow.
            ok = srecord is None or min(wall, cpu) >= 1
            if not ok:
                missed.append(f"{name} {who}")
            print(f"{name:8} {results[0][0] * 1e3:6.0f} /{results[0][1] * 1e3:5.0f}"
                  f"        {who:9} {result[0] * 1e3:6.0f} /{result[1] * 1e3:5.0f}"
                  f"      {wall:6.1f} /{cpu:5.1f}  "
                  f"{judge(ok) if srecord else ''}")
    print(f"\nload of the machine: {os.getloadavg()[0]:.1f} "
          f"on {os.cpu_count()} processors")
    if missed:
        sys.exit(f"files: missed: {', '.join(missed)}")


with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    main()
