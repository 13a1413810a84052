#!/usr/bin/env python3
"""How many points that arrive over MLflow's protocol one engine stores, and what a call of a client takes.

Throughput: 8 children post batches of 1,000 metrics as fast as they can; every point is stored and judged
by a policy. Latency: one child logs with the client of --python, one call after the other.

    python3 benchmarks/mlflow_throughput/mlflow_throughput.py --build build/release --python PYTHON
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

HERE = os.path.dirname(os.path.abspath(__file__))

RUNCONFIG = """script: {script}
arguments: [{arguments}]
target: local
environment:
  python: {{userManagedDependencies: true, interpreterPath: {python}}}
"""

HDCONFIG = """sampling:
  type: grid
  parameter_space:
    - {{name: --child, expression: choice, values: [[{values}]]}}
policy: {{type: BanditPolicy, slack_factor: 1000, evaluation_interval: 1}}
primary_metric_name: score
primary_metric_goal: Maximize
max_total_runs: {children}
max_concurrent_runs: {children}
"""


def sweep(hdrive, script, arguments, children, python):
    """(project folder, seconds) of a sweep over a script beside this file."""
    folder = tempfile.mkdtemp(prefix="hdrive-bench-")
    os.makedirs(os.path.join(folder, ".azureml"))
    shutil.copy(os.path.join(HERE, script), folder)
    with open(os.path.join(folder, ".azureml", "bench.runconfig"), "w") as file:
        file.write(RUNCONFIG.format(script=script, arguments=arguments, python=python))
    with open(os.path.join(folder, "hdconfig.yml"), "w") as file:
        file.write(HDCONFIG.format(children=children, values=", ".join(map(str, range(children)))))
    begin = time.monotonic()
    done = subprocess.run([hdrive, "run", "submit-hyperdrive", "-e", "bench", "-c", "bench",
                           "--hyperdrive-configuration-name", "hdconfig.yml", "-o", "none"],
                          cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wall = time.monotonic() - begin
    if done.returncode != 0:
        sys.exit(done.stderr.decode()[-3000:])
    return folder, wall


def throughput(hdrive, children, batches):
    folder, wall = sweep(hdrive, "post_batches.py", "--batches, %d" % batches, children, sys.executable)
    try:
        history = sqlite3.connect(os.path.join(folder, ".hdrive", "history.db"))
        stored = history.execute("select count(*) from metric").fetchone()[0]
        if stored != children * batches * 1000:
            sys.exit("%d points posted, %d stored" % (children * batches * 1000, stored))
        print("%d children, %d batches each: %d points stored and judged in %.2f s: %.0f a second"
              % (children, batches, stored, wall, stored / wall))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def latency(hdrive, python, calls):
    folder, _ = sweep(hdrive, "log_metrics.py", "--calls, %d" % calls, 1, python)
    try:
        found = glob.glob(os.path.join(folder, ".hdrive/runs/*/0/work/outputs/took.txt"))
        with open(found[0]) as file:
            version, median, high = file.read().split()
        print("mlflow %s, %d calls of log_metric: median %.2f ms, 99th percentile %.2f ms"
              % (version, calls, float(median), float(high)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--children", type=int, default=8)
    parser.add_argument("--batches", type=int, default=50)
    parser.add_argument("--python", action="append", default=[], help="one with mlflow; may be repeated")
    parser.add_argument("--calls", type=int, default=1000)
    options = parser.parse_args()
    hdrive = os.path.abspath(os.path.join(options.build, "bin/hdrive"))
    throughput(hdrive, options.children, options.batches)
    for python in options.python:
        latency(hdrive, os.path.abspath(python), options.calls)


if __name__ == "__main__":
    main()
