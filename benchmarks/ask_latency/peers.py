#!/usr/bin/env python3
"""How long an ask takes beside Optuna's GPSampler and BoTorch, in one run on one core.

    taskset -c 0 python3 benchmarks/ask_latency/peers.py --build build/release [--results 500 2000]

Needs optuna, torch and botorch in the Python that runs it. Times are processor time of one thread:
an ask of hdrive with its share of the refits, as ask_latency prints it, against the median ask of
each peer with its defaults, which refits at every ask. All tell the same function of 10 parameters.
"""
import argparse
import os
import statistics
import subprocess
import sys
import time

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

DIMENSIONS = 10


def value_of(point):
    import math

    return sum((x - 0.3) ** 2 + 0.1 * math.sin(9 * x + i) for i, x in enumerate(point))


def points(count):
    import random

    chance = random.Random(1)
    return [[chance.random() for _ in range(DIMENSIONS)] for _ in range(count)]


def timed(ask, asks):
    spent = []
    for _ in range(asks):
        begin = time.process_time()
        point = ask()
        spent.append(1e3 * (time.process_time() - begin))
        assert len(point) == DIMENSIONS
    return statistics.median(spent)


def optuna_gp(results, asks):
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = {"x%d" % i: optuna.distributions.FloatDistribution(0, 1) for i in range(DIMENSIONS)}
    study = optuna.create_study(sampler=optuna.samplers.GPSampler(seed=1))
    study.add_trials([
        optuna.trial.create_trial(params={"x%d" % i: x for i, x in enumerate(point)}, distributions=space,
                                  value=value_of(point))
        for point in points(results)])

    def ask():
        trial = study.ask(space)
        point = [trial.params["x%d" % i] for i in range(DIMENSIONS)]
        study.tell(trial, value_of(point))
        return point

    return timed(ask, asks)


def botorch(results, asks):
    import torch
    from botorch.acquisition import LogExpectedImprovement
    from botorch.fit import fit_gpytorch_mll
    from botorch.models import SingleTaskGP
    from botorch.models.transforms import Standardize
    from botorch.optim import optimize_acqf
    from gpytorch.mlls import ExactMarginalLogLikelihood

    torch.set_num_threads(1)
    torch.manual_seed(1)
    known = points(results)
    values = [-value_of(point) for point in known]
    bounds = torch.tensor([[0.0] * DIMENSIONS, [1.0] * DIMENSIONS], dtype=torch.double)

    def ask():
        x = torch.tensor(known, dtype=torch.double)
        y = torch.tensor(values, dtype=torch.double).unsqueeze(-1)
        model = SingleTaskGP(x, y, outcome_transform=Standardize(m=1))
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        found, _ = optimize_acqf(LogExpectedImprovement(model, best_f=y.max()), bounds=bounds, q=1,
                                 num_restarts=10, raw_samples=512)
        point = found.detach().reshape(-1).tolist()
        known.append(point)
        values.append(-value_of(point))
        return point

    return timed(ask, asks)


def hdrive(build, results):
    """The median ask with its share of the refits, the same with ten running, and the largest memory."""
    program = os.path.join(build, "benchmarks/ask_latency/ask_latency")
    printed = subprocess.run([program, "20", str(results)], check=True, stdout=subprocess.PIPE).stdout.decode()
    *rows, memory = [line.split() for line in printed.splitlines()[1:]]
    times = {int(row[2]): float(row[4]) + float(row[6]) for row in rows if int(row[1]) == DIMENSIONS}
    return times[0], times[10], float(memory[-2])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--results", type=int, nargs="+", default=[500, 2000])
    parser.add_argument("--asks", type=int, default=3)
    arguments = parser.parse_args()
    for results in arguments.results:
        ours, busy, memory = hdrive(arguments.build, results)
        print("%d results, %d parameters: hdrive %.1f ms, with ten running %.1f ms; %.0f MB" %
              (results, DIMENSIONS, ours, busy, memory))
        for peer in (optuna_gp, botorch):
            theirs = peer(results, arguments.asks)
            print("  %-10s %9.1f ms, %6.1f times as long" % (peer.__name__, theirs, theirs / ours))
            sys.stdout.flush()


if __name__ == "__main__":
    main()
