#!/usr/bin/env python3
"""Compares dfuflash with Debian's dfu-util on a real Linux kernel.

    Tests/Kernel/differential.py --program FILE [--guests N] [NAME...]

Every row of rows.py (or those whose name contains a NAME) is run by both
programs, each on fresh simulated boards that a kernel in QEMU sees as true
USB devices. Compared are: the exit code, the "Found" lines, the lines that
scripts look for, the boards' final memories byte for byte, what became of the
boards (DFU mode, application, unplugged), and the files that were written. A
row fails when something differs that it does not declare, when it declares a
difference that is none, and when docs/dfu-util.md does not give the reason.

FILE is the release build of dfuflash. N guests run at the same time, and each
takes the next few rows when it is done with those before; everything they
left is in .build-kernel/share.
"""

import argparse
import concurrent.futures
import hashlib
import json
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
SHARE = os.path.join(boot.CACHE, "share")
INPUTS = os.path.join(SHARE, "inputs")
BENCHES = os.path.join(boot.CACHE, "benches")
# What the guests run before their rows.
SCRIPTS = [["hello.sh", "usbip.sh", "doctor.sh", "hang.sh"], ["thirty.sh"]]


def slug(index, row):
    return f"{index:03d}-" + re.sub(r"[^a-z0-9]+", "-", row.name.lower())


def write(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes)
                   else content.encode())


def make_bench(program, row, folder):
    """The boards of a row as a bench's file and its memories."""
    os.makedirs(folder)
    file = os.path.join(folder, "bench.json")
    if not row.boards:
        write(file, json.dumps(
            {"format": "dfuflash-bench", "version": 1, "boards": []}))
        return
    commands = [["simulate", *row.boards, "--speed", str(row.speed)]]
    commands += [
        ["simulate", *shlex.split(line.format(inputs=INPUTS))]
        for line in row.prepare]
    for command in commands:
        done = subprocess.run(
            [program, *command, "--bench", file],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise boot.Failure(f"no bench for “{row.name}”: {done.stdout}")


def change_bench(row, file):
    """Makes a row's own changes; returns how many boards are plugged in."""
    with open(file) as opened:
        bench = json.load(opened)
    for board, change in zip(bench["boards"], row.changes):
        for key, value in change.items():
            if isinstance(value, dict):
                board.setdefault(key, {}).update(value)
            else:
                board[key] = value
    write(file, json.dumps(bench, indent=2))
    return sum(board["state"].get("plugged", True)
               for board in bench["boards"])


def make_case(program, row, folder, made):
    """What a guest needs for a row. `made` has the benches there are."""
    kind = (tuple(row.boards), row.speed, tuple(row.prepare))
    if kind not in made:
        made[kind] = os.path.join(BENCHES, str(len(made)))
        make_bench(program, row, made[kind])
    for name in PROGRAMS:
        bench = os.path.join(folder, name, "bench")
        shutil.copytree(made[kind], bench)
        count = change_bench(row, os.path.join(bench, "bench.json"))
    write(os.path.join(folder, "settings"), "".join(
        f"{name}={shlex.quote(str(value))}\n" for name, value in [
            ("count", row.present if row.present is not None else count),
            ("input", row.stdin or "/dev/null"), ("again", row.again),
            ("user", row.user), ("holder", row.holder),
            ("name", row.called),
            ("arguments", shlex.join(row.words))]).replace(
                # The number is the guest's to know; see differential.sh.
                "DEVNUM", "$DEVNUM"))


# What scripts and front ends look for in dfu-util's output.
MARKS = re.compile(
    r"^(?:File downloaded successfully|\w+ *done\.)$", re.M)


class Outcome:
    """What one program made of one row."""

    def __init__(self, folder):
        self.folder = folder

        def read(name):
            try:
                with open(os.path.join(folder, name), errors="replace") as f:
                    return f.read()
            except FileNotFoundError:
                return ""

        self.exit = read("exit").strip()
        if read("exit2"):
            self.exit += f" {read('exit2').strip()}"
        self.stdout = read("stdout")
        self.stderr = read("stderr")
        self.trouble = read("trouble").strip()
        # Device numbers grow from run to run.
        self.found = [
            re.sub(r"devnum=\d+", "devnum=N", line)
            for line in self.stdout.splitlines() if line.startswith("Found ")]
        marks = MARKS.findall(self.stdout.replace("\r", "\n"))
        # Comparing and verifying are what only dfuflash does.
        self.lines = [
            m for m in marks if not m.startswith(("Compare", "Verify"))]
        self.memories = self.digests("bench", lambda name: not name.endswith(
            (".json", ".lock")))
        self.files = self.digests("files", lambda name: True)
        self.boards = []
        if read("bench/bench.json"):
            for board in json.loads(read("bench/bench.json"))["boards"]:
                state = board["state"]
                self.boards.append(
                    f"{board['path']} {state['mode']}"
                    f"{'' if state.get('plugged', True) else ' unplugged'}")
        times = read("time").split()
        self.seconds = float(times[1]) - float(times[0]) if times else 0
        self.total = float(times[3]) - float(times[2]) if times else 0

    def digests(self, name, wanted):
        result = []
        top = os.path.join(self.folder, name)
        for folder, _, names in os.walk(top):
            for name in filter(wanted, names):
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    digest = hashlib.sha256(file.read()).hexdigest()[:12]
                result.append(f"{os.path.relpath(path, top)}={digest}")
        return sorted(result)


ASPECTS = ["exit", "found", "lines", "memories", "boards", "files"]


def compare(row, theirs, ours, differences):
    """Why the row fails: a list of sentences, empty when it passes."""
    if not ours.exit or not theirs.exit:
        return ["the case was not run"]
    problems = [
        f"{name}: {outcome.trouble}"
        for name, outcome in zip(PROGRAMS, [theirs, ours]) if outcome.trouble]
    for aspect in ASPECTS:
        a, b = getattr(theirs, aspect), getattr(ours, aspect)
        if aspect == "lines" and set(a) <= set(b):
            # A line more does no script any harm.
            a = b
        reason = row.differs.get(aspect)
        if reason and reason not in differences:
            problems.append(f"docs/dfu-util.md has no difference “{reason}”")
        if a != b and not reason:
            problems.append(f"{aspect}: dfu-util {a}, dfuflash {b}")
        if a == b and reason:
            problems.append(f"{aspect} is declared to differ but does not")
    for name, wanted in row.ours.items():
        shown = getattr(ours, name)
        if not re.search(wanted, shown if isinstance(shown, str)
                         else "\n".join(shown), re.M):
            problems.append(f"dfuflash's {name} does not show: {wanted}")
    return problems


def documented():
    """The ids of the differences in the table of docs/dfu-util.md."""
    path = os.path.join(boot.ROOT, "docs", "dfu-util.md")
    with open(path) as file:
        return set(re.findall(r"^\| `([a-z0-9-]+)` \|", file.read(), re.M))


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
                for line in outcome.stderr.splitlines()[-5:]:
                    print(f"{'':36}  {name}: {line}")
    same = sum(not row.differs for _, row in rows)
    print(f"{len(rows)} rows: {same} to be the same, {len(rows) - same} with "
          f"a documented difference; {failed} failed")
    return failed


def groups_of(rows):
    """Rows as they are dealt: a few whose boards are equal at a time.

    A server need not show the kernel anything new when the next row has the
    same boards. Those in real time come first, so that no guest is left with
    one of them when the others are done.
    """
    order = sorted(rows, key=lambda pair: (
        not pair[1].is_slow, pair[1].boards, pair[0]))
    groups = []
    for pair in order:
        last = groups[-1] if groups else []
        if last and len(last) < (2 if pair[1].is_slow else 5) and (
                last[0][1].boards == pair[1].boards):
            last.append(pair)
        else:
            groups.append([pair])
    return groups


def scripts(guest, guests, rows):
    """What a guest runs before its rows."""
    if len(rows) < len(ROWS):
        return SCRIPTS[0][:1] if guest == 0 else []
    return [name for number, names in enumerate(SCRIPTS)
            for name in names if number % guests == guest]


def prepare(program, rows):
    """Fills the folder that the guests share."""
    shutil.rmtree(BENCHES, ignore_errors=True)
    boot.fill_share(SHARE, program)
    for name, content in inputs().items():
        write(os.path.join(INPUTS, name), content)
    made = {}
    for index, row in rows:
        make_case(program, row, os.path.join(
            SHARE, "cases", slug(index, row)), made)
    os.makedirs(os.path.join(SHARE, "taken"))
    for number, group in enumerate(groups_of(rows)):
        write(os.path.join(SHARE, "groups", f"{number:03d}"), "".join(
            slug(index, row) + "\n" for index, row in group))


def main():
    boot.stop_cleanly()
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True, metavar="FILE")
    parser.add_argument("--guests", type=int, default=3)
    parser.add_argument("--limit", type=float, default=1200,
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
    differences = documented()
    guests = max(1, min(options.guests, len(rows)))
    try:
        boot.prepare()
        prepare(program, rows)
        prepared = time.monotonic() - started
        with concurrent.futures.ThreadPoolExecutor(guests) as pool:
            codes = list(pool.map(
                lambda guest: boot.run(
                    SHARE, "differential.sh", scripts(guest, guests, rows),
                    options.limit, guest), range(guests)))
    except (boot.Failure, OSError) as failure:
        print(f"kernel: {failure}", file=sys.stderr)
        return 125
    results = {}
    for index, row in rows:
        theirs, ours = [
            Outcome(os.path.join(SHARE, "cases", slug(index, row), name))
            for name in PROGRAMS]
        results[index] = (
            theirs, ours, compare(row, theirs, ours, differences))
    failed = report(rows, results)
    unused = differences - {
        name for row in ROWS for name in row.differs.values()}
    print(f"{len(differences)} documented differences, of which "
          f"{len(differences) - len(unused)} are shown by rows")
    for code in codes:
        if code:
            print(f"kernel: a guest ended with {code}")
    print(f"kernel: {time.monotonic() - started:.0f} s in all, of which "
          f"{prepared:.0f} s to prepare")
    return 1 if failed or any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
