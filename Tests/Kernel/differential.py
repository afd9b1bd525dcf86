#!/usr/bin/env python3
"""Compares dfuflash with Debian's dfu-util on a real Linux kernel.

    Tests/Kernel/differential.py --program FILE [--shards N] [NAME...]

Every row of rows.py (or those whose name contains a NAME) is run by both
programs, each on fresh simulated boards that a kernel in QEMU sees as true
USB devices. Compared are: the exit code, the "Found" lines, the boards'
final memories byte for byte, whether boards left the bus, and the files that
were written. A row fails when something differs that it does not declare,
and when it declares a difference that is none.

FILE is the release build of dfuflash. The rows are dealt to N guests that
run at the same time; everything they left is in .build-kernel/shard-*.
"""

import argparse
import concurrent.futures
import os
import re
import shlex
import shutil
import subprocess
import sys
import time

import boot
from rows import ROWS, inputs

PROGRAMS = ["dfu-util", "dfuflash"]


def slug(index, row):
    return f"{index:03d}-" + re.sub(r"[^a-z0-9]+", "-", row.name.lower())


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes)
                   else content.encode())


def make_bench(program, row, folder):
    """The boards of a row, virgin, as a bench's file and its memories."""
    os.makedirs(folder)
    done = subprocess.run(
        [program, "simulate", *row.boards, "--speed", str(row.speed),
         "--bench", os.path.join(folder, "bench.json")],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise boot.Failure(f"no bench for “{row.name}”: {done.stdout}")


def make_case(program, row, folder):
    write(os.path.join(folder, "settings"), "".join(
        f"{name}={shlex.quote(str(value))}\n" for name, value in [
            ("count", len(row.boards)), ("plugged", row.plugged),
            ("pulled", row.pulled), ("input", row.stdin or "/dev/null"),
            ("arguments", shlex.join(row.words))]))
    bench = os.path.join(folder, "bench")
    if row.boards:
        make_bench(program, row, bench)
    else:
        os.makedirs(bench)


class Outcome:
    """What one program made of one row."""

    def __init__(self, folder):
        def read(name):
            try:
                with open(os.path.join(folder, name), errors="replace") as f:
                    return f.read()
            except FileNotFoundError:
                return ""

        self.exit = read("exit").strip()
        self.stdout = read("stdout")
        self.stderr = read("stderr")
        self.trouble = read("trouble").strip()
        # Device numbers grow from run to run.
        self.found = [
            re.sub(r"devnum=\d+", "devnum=N", line)
            for line in self.stdout.splitlines() if line.startswith("Found ")]
        self.memories = sorted(
            line for line in read("memories").splitlines()
            if not line.endswith((".json", ".lock")))
        self.files = sorted(read("files").splitlines())
        before = dict(l.split() for l in read("before").splitlines())
        after = dict(l.split() for l in read("after").splitlines())
        self.left = {
            path: ("stayed" if after.get(path) == number else
                   "came back" if path in after else "left")
            for path, number in before.items()}
        times = read("time").split()
        self.seconds = float(times[1]) - float(times[0]) if times else 0


def compare(row, theirs, ours):
    """Why the row fails: a list of sentences, empty when it passes."""
    if not ours.exit or not theirs.exit:
        return ["the case was not run"]
    problems = [
        f"{name}: {outcome.trouble}"
        for name, outcome in zip(PROGRAMS, [theirs, ours]) if outcome.trouble]
    for aspect in ["exit", "found", "memories", "left", "files"]:
        a, b = getattr(theirs, aspect), getattr(ours, aspect)
        reason = row.differs.get(aspect)
        if a != b and not reason:
            problems.append(f"{aspect}: dfu-util {a}, dfuflash {b}")
        if a == b and reason and aspect not in row.varies:
            problems.append(f"{aspect} is declared to differ but does not")
    return problems


def report(rows, results):
    failed = 0
    print(f"{'':4} {'dfu-util':>14} {'dfuflash':>14}  row")
    for index, row in rows:
        theirs, ours, problems = results[index]
        failed += bool(problems)
        mark = "FAIL" if problems else "diff" if row.differs else "same"
        columns = [f"{o.exit or '-':>3} {o.seconds:8.2f} s"
                   for o in (theirs, ours)]
        print(f"{mark:4} {columns[0]:>14} {columns[1]:>14}  {row.name}: "
              f"{row.command}")
        for aspect, reason in row.differs.items():
            print(f"{'':36}({aspect}: {reason})")
        for problem in problems:
            print(f"{'':36}! {problem}")
        if problems:
            for name, outcome in zip(PROGRAMS, [theirs, ours]):
                for line in outcome.stderr.splitlines()[-4:]:
                    print(f"{'':36}  {name}: {line}")
    print(f"{len(rows)} rows, {failed} failed")
    return failed


def scripts(share, shares):
    """What the first guest runs before its rows."""
    return ["hello.sh", "usbip.sh"] if share == shares[0] else []


def main():
    boot.stop_cleanly()
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True, metavar="FILE")
    parser.add_argument("--shards", type=int, default=2)
    parser.add_argument("--limit", type=float, default=240,
                        metavar="SECONDS")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    rows = [(i, row) for i, row in enumerate(ROWS)
            if not options.names
            or any(name.lower() in row.name.lower()
                   for name in options.names)]
    if not rows:
        print("kernel: no row has such a name", file=sys.stderr)
        return 125
    started = time.monotonic()
    program = os.path.abspath(options.program)
    shards = max(1, min(options.shards, len(rows)))
    shares = [os.path.join(boot.CACHE, f"shard-{n}") for n in range(shards)]
    try:
        boot.prepare()
        for n, share in enumerate(shares):
            boot.fill_share(share, program)
            for name, content in inputs().items():
                write(os.path.join(share, "inputs", name), content)
            for index, row in rows[n::shards]:
                make_case(program, row,
                          os.path.join(share, "cases", slug(index, row)))
        with concurrent.futures.ThreadPoolExecutor(shards) as pool:
            codes = list(pool.map(
                lambda share: boot.run(
                    share, "differential.sh", scripts(share, shares),
                    options.limit), shares))
    except (boot.Failure, OSError) as failure:
        print(f"kernel: {failure}", file=sys.stderr)
        return 125
    results = {}
    for n, share in enumerate(shares):
        for index, row in rows[n::shards]:
            theirs, ours = [
                Outcome(os.path.join(share, "out", slug(index, row), name))
                for name in PROGRAMS]
            results[index] = (theirs, ours, compare(row, theirs, ours))
    failed = report(rows, results)
    for code in codes:
        if code:
            print(f"kernel: a guest ended with {code}")
    print(f"kernel: {time.monotonic() - started:.0f} s in all")
    return 1 if failed or any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
