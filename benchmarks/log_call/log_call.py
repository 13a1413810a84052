#!/usr/bin/env python3
"""How long a logging call of a training script takes while its engine is well, frozen and dead.

A child run logs through `azureml.core.Run` and through a bare append to $HDRIVE_METRICS, and times each
call. Meanwhile its engine goes on, is stopped by SIGSTOP, or is killed by SIGKILL and resumed later. Every
point must be stored once in the end.

    python3 benchmarks/log_call/log_call.py --hdrive build/release/bin/hdrive
"""
import argparse
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

TRAIN = """
import json, os, time
from azureml.core import Run
run = Run.get_context()
CALLS = %d

def timed(call):
    times = []
    for i in range(CALLS):
        begin = time.perf_counter()
        call(i)
        times.append(time.perf_counter() - begin)
        if i %% 100 == 99:
            time.sleep(0.001)
    times.sort()
    return {"median": times[CALLS // 2], "p99": times[CALLS * 99 // 100], "longest": times[-1]}

metrics = open(os.environ["HDRIVE_METRICS"], "ab", buffering=0)
results = {"run.log": timed(lambda i: run.log("score", i, step=i)),
           "append": timed(lambda i: metrics.write(b'{"t":"m","m":{"appended":%%d}}\\n' %% i))}
with open("%s/results.json", "w") as file:
    json.dump(results, file)
"""

RUNCONFIG = """script: train.py
target: local
environment: {python: {userManagedDependencies: true, interpreterPath: %s}}
"""

HDCONFIG = """sampling:
  type: grid
  parameter_space: [{name: --x, expression: choice, values: [[1]]}]
primary_metric_name: score
primary_metric_goal: Maximize
max_total_runs: 1
"""


def wait_for(condition, what):
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.01)
    sys.exit("waited in vain for " + what)


def measure(hdrive, state, calls):
    folder = tempfile.mkdtemp(prefix="hdrive-bench-")
    os.makedirs(os.path.join(folder, ".azureml"))
    results = os.path.join(folder, "results.json")
    with open(os.path.join(folder, "train.py"), "w") as file:
        file.write("import argparse, os, time\n"
                   "open(%r, 'w').close()\n"
                   "while not os.path.exists(%r): time.sleep(0.01)\n" % (folder + "/up", folder + "/go"))
        file.write(TRAIN % (calls, folder))
    with open(os.path.join(folder, ".azureml", "bench.runconfig"), "w") as file:
        file.write(RUNCONFIG % sys.executable)
    with open(os.path.join(folder, "hdconfig.yml"), "w") as file:
        file.write(HDCONFIG)
    engine = subprocess.Popen([hdrive, "run", "submit-hyperdrive", "-e", "bench", "-c", "bench",
                               "--hyperdrive-configuration-name", "hdconfig.yml", "-o", "none"],
                              cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: os.path.exists(folder + "/up"), "the script's start")
    if state == "frozen":
        engine.send_signal(signal.SIGSTOP)
    elif state == "dead":
        engine.kill()
        engine.wait()
    open(folder + "/go", "w").close()
    wait_for(lambda: os.path.exists(results) and os.path.getsize(results) > 0, "the script's end")
    if state == "frozen":
        engine.send_signal(signal.SIGCONT)
    if state == "dead":
        run = json.loads(subprocess.check_output([hdrive, "run", "list", "-o", "json"], cwd=folder))[0]
        subprocess.check_call([hdrive, "run", "resume", "-r", run["runId"], "-o", "none"], cwd=folder,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    elif engine.wait() != 0:
        sys.exit("the sweep failed")
    history = sqlite3.connect(os.path.join(folder, ".hdrive", "history.db"))
    stored, numbers = history.execute("select count(*), count(distinct sequence) from metric").fetchone()
    history.close()
    if (stored, numbers) != (2 * calls, 2 * calls):
        sys.exit("%d points were logged, %d are stored" % (2 * calls, stored))
    with open(results) as file:
        found = json.load(file)
    shutil.rmtree(folder, ignore_errors=True)
    for way, times in found.items():
        print("engine %-7s %-8s median %6.1f us, 99th percentile %6.1f us, longest %7.1f us" % (
            state, way, times["median"] * 1e6, times["p99"] * 1e6, times["longest"] * 1e6), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hdrive", default="build/release/bin/hdrive")
    parser.add_argument("--calls", type=int, default=10000)
    options = parser.parse_args()
    for state in ("alive", "frozen", "dead"):
        measure(os.path.abspath(options.hdrive), state, options.calls)


if __name__ == "__main__":
    main()
