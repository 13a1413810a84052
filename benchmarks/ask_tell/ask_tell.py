#!/usr/bin/env python3
"""Random-sampler asks a second: hdrive ask-tell over pipes beside Optuna's ask in one run.

One request at a time: each answer is read before the next request is written. Of several rounds, in
which the contestants take turns, the median counts. Optuna takes part when --peer-python can import
it; it samples in the process that asks, without any pipe or JSON.

    python3 benchmarks/ask_tell/ask_tell.py --hdrive build/release/bin/hdrive
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HDCONFIG = """sampling:
  type: random
  seed: 1
  parameter_space:
    - {name: lr, expression: loguniform, values: [-9, -1]}
    - {name: dropout, expression: uniform, values: [0, 0.5]}
    - {name: layers, expression: randint, values: [8]}
    - {name: batch, expression: choice, values: [16, 32, 64, 128]}
primary_metric_goal: Minimize
"""

PEER = """import sys, time
import optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
D = optuna.distributions
space = {
    "lr": D.FloatDistribution(0.000123, 0.3679, log=True),
    "dropout": D.FloatDistribution(0, 0.5),
    "layers": D.IntDistribution(0, 7),
    "batch": D.CategoricalDistribution([16, 32, 64, 128]),
}
study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
count = int(sys.argv[1])
started = time.perf_counter()
for _ in range(count):
    study.ask(space)
print(optuna.__version__, time.perf_counter() - started)
"""


def hdrive_seconds(arguments, folder, state):
    """Seconds for so many asks, the start of the program not counted; checks every answer."""
    command = [arguments.hdrive, "ask-tell", "-q", "--hyperdrive-configuration-name", "space.yml"]
    if state:
        path = os.path.join(folder, "loop.state")
        if os.path.exists(path):
            os.remove(path)
        command += ["--state", path]
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        request, answers = b'{"op":"ask","n":1}\n', []
        process.stdin.write(b'{"op":"pending"}\n')
        process.stdin.flush()
        process.stdout.readline()
        started = time.perf_counter()
        if state == "together":
            # A thousand requests are written before their answers are read.
            for _ in range(arguments.asks // 1000):
                process.stdin.write(request * 1000)
                process.stdin.flush()
                answers += [process.stdout.readline() for _ in range(1000)]
        else:
            for _ in range(arguments.asks):
                process.stdin.write(request)
                process.stdin.flush()
                answers.append(process.stdout.readline())
        seconds = time.perf_counter() - started
        process.stdin.close()
        rest = process.stdout.read()
    ids = [json.loads(answer)["trials"][0]["id"] for answer in answers]
    if ids != list(range(len(answers))) or rest or process.returncode != 0:
        sys.exit("hdrive did not answer as it should")
    return seconds


def peer(arguments):
    """(version, seconds), or None without Optuna."""
    done = subprocess.run([arguments.peer_python, "-c", PEER, str(arguments.peer_asks)], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, universal_newlines=True)
    if done.returncode != 0:
        return None
    version, seconds = done.stdout.split()
    return version, float(seconds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--hdrive", default="build/release/bin/hdrive")
    parser.add_argument("--asks", type=int, default=20000, help="a multiple of 1000")
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--peer-asks", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    arguments.hdrive = os.path.abspath(arguments.hdrive)

    ways = (("", "hdrive, one at a time"), ("alone", "hdrive, one at a time, --state"),
            ("together", "hdrive, a thousand at a time, --state"))
    rates = {name: [] for _, name in ways}
    peer_rates, peer_name = [], None
    with tempfile.TemporaryDirectory(prefix="ask-tell-", dir=os.getcwd()) as folder:
        with open(os.path.join(folder, "space.yml"), "w") as file:
            file.write(HDCONFIG)
        for _ in range(arguments.rounds):
            for state, name in ways:
                rates[name].append(arguments.asks / hdrive_seconds(arguments, folder, state))
            found = peer(arguments)
            if found:
                peer_name = "Optuna %s, study.ask" % found[0]
                peer_rates.append(arguments.peer_asks / found[1])
    if peer_name:
        rates[peer_name] = peer_rates
    for name, values in rates.items():
        line = "%-40s %9.0f asks/s" % (name, statistics.median(values))
        if peer_name and name != peer_name:
            line += "   %6.1f x Optuna" % (statistics.median(values) / statistics.median(peer_rates))
        print(line)
    if not peer_name:
        print("Optuna cannot be imported by %s" % arguments.peer_python)


if __name__ == "__main__":
    main()
