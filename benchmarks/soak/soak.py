#!/usr/bin/env python3
"""A long sweep of real child runs: what the engine holds and what a child costs, tenth by tenth.

    benchmarks/soak/soak.py [--hdrive build/release/bin/hdrive] [--children 2000]

Every child run is a shell script that prints ten values and ends, 8 at a time. Ends with 1 when the
engine's descriptors or memory grow with the number of child runs, or something is left behind.
"""
import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time

PARALLEL = 8
MOST_BYTES_PER_CHILD = 100  # what is kept in memory of a child run that ended
ALLOWANCE_BYTES = 12 << 20  # buffers and caches that fill up once: SQLite's alone is 8 MB

SCRIPT = """#!/bin/sh
for i in 0 1 2 3 4 5 6 7 8 9; do echo "score: 0.$i"; done
"""
HDCONFIG = """sampling:
  type: random
  seed: 1
  parameter_space:
    - {name: --x, expression: randint, values: [1000000000]}
policy: {type: BanditPolicy, slack_factor: 0.5, delay_evaluation: 5}
primary_metric_name: score
primary_metric_goal: Maximize
max_total_runs: %d
max_concurrent_runs: %d
"""
RUNCONFIG = "script: train.sh\ntarget: local\nenvironment:\n  python: {userManagedDependencies: true}\n"


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)


class Engine(object):
    """The engine of a sweep, seen through /proc."""

    def __init__(self, hdrive, project):
        words = [hdrive, "run", "submit-hyperdrive", "-e", "soak", "-c", "soak",
                 "--hyperdrive-configuration-name", "hdconfig.yml", "-o", "none"]
        self.process = subprocess.Popen(words, cwd=project, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        self.place = "/proc/%d/" % self.process.pid

    def look(self):
        """(CPU seconds, resident bytes, descriptors), or None when it has ended."""
        try:
            with open(self.place + "stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
            with open(self.place + "statm") as file:
                resident = int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")
            ticks = int(fields[11]) + int(fields[12])
            return ticks / os.sysconf("SC_CLK_TCK"), resident, len(os.listdir(self.place + "fd"))
        except (OSError, IndexError):
            return None


def ended_children(project):
    path = os.path.join(project, ".hdrive", "history.db")
    try:
        with sqlite3.connect("file:%s?mode=ro" % path, uri=True) as database:
            return database.execute("SELECT count(*) FROM run WHERE parent IS NOT NULL AND ended_us > 0").fetchone()[0]
    except sqlite3.Error:
        return 0


def soak(hdrive, project, children):
    """Rows (child runs ended, CPU ms a child, resident bytes, fewest descriptors), one for each tenth. The
    fewest: how many more there are depends on how many children end at one moment."""
    write(os.path.join(project, "train.sh"), SCRIPT, 0o755)
    write(os.path.join(project, "hdconfig.yml"), HDCONFIG % (children, PARALLEL))
    write(os.path.join(project, ".azureml", "soak.runconfig"), RUNCONFIG)
    engine = Engine(hdrive, project)
    rows, fewest, before = [], sys.maxsize, (0, 0.0)
    print("%10s %14s %12s %12s" % ("child runs", "ms CPU/child", "MB resident", "descriptors"))
    while engine.process.poll() is None:
        time.sleep(0.02)
        now = engine.look()
        if now is None:
            continue
        fewest = min(fewest, now[2])
        ended = ended_children(project)
        if ended - before[0] >= children / 10:
            rows.append((ended, (now[0] - before[1]) / (ended - before[0]) * 1e3, now[1], fewest))
            print("%10d %14.2f %12.1f %12d" % (rows[-1][:2] + (now[1] / 1e6, fewest)), flush=True)
            before, fewest = (ended, now[0]), sys.maxsize
    if engine.process.returncode != 0:
        sys.exit("the sweep ended with %d" % engine.process.returncode)
    return rows


def left_behind(project):
    """Processes that have to do with the project, after a while."""
    for _ in range(100):
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % pid, "rb") as file:
                    if project.encode() in file.read() and int(pid) != os.getpid():
                        found.append(pid)
            except OSError:
                pass
        if not found:
            return []
        time.sleep(0.1)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hdrive", default="build/release/bin/hdrive")
    parser.add_argument("--children", type=int, default=2000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hdrive-soak-") as folder:
        begin = time.monotonic()
        rows = soak(os.path.abspath(options.hdrive), folder, options.children)
        wall = time.monotonic() - begin
        listed = json.loads(subprocess.check_output(
            [os.path.abspath(options.hdrive), "run", "list", "-o", "json"], cwd=folder))
        problems = []
        ended = sum(count for status, count in listed[0]["children"].items() if status != "total")
        if ended != options.children:
            problems.append("%d of %d child runs are in the history" % (ended, options.children))
        if len(rows) > 2:
            early, late = rows[1], rows[-1]  # the first holds the start of the engine
            if late[2] - early[2] > ALLOWANCE_BYTES + MOST_BYTES_PER_CHILD * (late[0] - early[0]):
                problems.append("memory grew from %d to %d bytes" % (early[2], late[2]))
            if late[3] > early[3] + 8 + options.children / 20:
                problems.append("descriptors grew from %d to %d" % (early[3], late[3]))
        if left_behind(folder):
            problems.append("processes are left: %s" % left_behind(folder))
        print("%d child runs in %.1f s%s" % (ended, wall, "".join("; " + text for text in problems)))
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
