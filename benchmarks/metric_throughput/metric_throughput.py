#!/usr/bin/env python3
"""How many metric points one engine takes, and how fast a verdict becomes a SIGTERM.

Throughput: 8 children write native metric lines as fast as they can; every point is stored and
judged by a policy. Latency: children report a poor value and wait for SIGTERM, one at a time.

    python3 benchmarks/metric_throughput/metric_throughput.py --build build/release
"""
import argparse
import glob
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

RUNCONFIG = """script: {script}
arguments: [{arguments}]
target: local
environment:
  python: {{userManagedDependencies: true}}
"""

HDCONFIG = """sampling:
  type: grid
  parameter_space:
    - {{name: --{parameter}, expression: choice, values: [[{values}]]}}
policy: {{type: BanditPolicy, slack_factor: {slack}, evaluation_interval: 1}}
primary_metric_name: score
primary_metric_goal: Maximize
max_total_runs: {total}
max_concurrent_runs: {parallel}
"""


def sweep(hdrive, program, arguments, **config):
    folder = tempfile.mkdtemp(prefix="hdrive-bench-")
    os.makedirs(os.path.join(folder, ".azureml"))
    shutil.copy(program, os.path.join(folder, "script"))
    with open(os.path.join(folder, ".azureml", "bench.runconfig"), "w") as file:
        file.write(RUNCONFIG.format(script="script", arguments=arguments))
    with open(os.path.join(folder, "hdconfig.yml"), "w") as file:
        file.write(HDCONFIG.format(**config))
    begin = time.monotonic()
    done = subprocess.run([hdrive, "run", "submit-hyperdrive", "-e", "bench", "-c", "bench",
                           "--hyperdrive-configuration-name", "hdconfig.yml", "-o", "none"],
                          cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wall = time.monotonic() - begin
    if done.returncode != 0:
        sys.exit(done.stderr.decode()[-3000:])
    return folder, wall


def throughput(hdrive, build, children, points):
    folder, wall = sweep(hdrive, os.path.join(build, "benchmarks/metric_throughput/metric_writer"),
                         "--points, %d" % points, parameter="child",
                         values=", ".join(map(str, range(children))), slack=1000, total=children,
                         parallel=children)
    try:
        history = sqlite3.connect(os.path.join(folder, ".hdrive", "history.db"))
        stored = history.execute("select count(*) from metric").fetchone()[0]
        judged = history.execute("select count(*) from policy_verdict").fetchone()[0]
        # The first child to reach an interval has nobody to be compared with there.
        if stored != children * points or judged != stored - points:
            sys.exit("%d points written, %d stored, %d judged" % (children * points, stored,
                                                                  judged))
        print("%d children, %d points each: %d points stored and judged in %.2f s: %.0f a second"
              % (children, points, stored, wall, stored / wall))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def latency(hdrive, build, children):
    folder, _ = sweep(hdrive, os.path.join(build, "benchmarks/metric_throughput/condemned"), "",
                      parameter="role", values=", ".join(map(str, range(children + 1))), slack=0.1,
                      total=children + 1, parallel=1)
    try:
        values = []
        for name in glob.glob(os.path.join(folder, ".hdrive/runs/*/**/work/outputs/latency.txt"),
                              recursive=True):
            with open(name) as file:
                values.append(int(file.read()) / 1e6)
        values.sort()
        if len(values) != children:
            sys.exit("%d of %d children were canceled" % (len(values), children))
        print("metric line to SIGTERM, %d children: median %.2f ms, 99th percentile %.2f ms, "
              "longest %.2f ms" % (children, values[len(values) // 2],
                                   values[int(len(values) * 0.99)], values[-1]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--children", type=int, default=8)
    parser.add_argument("--points", type=int, default=250000)
    parser.add_argument("--canceled", type=int, default=200)
    options = parser.parse_args()
    hdrive = os.path.abspath(os.path.join(options.build, "bin/hdrive"))
    throughput(hdrive, os.path.abspath(options.build), options.children, options.points)
    latency(hdrive, os.path.abspath(options.build), options.canceled)


if __name__ == "__main__":
    main()
