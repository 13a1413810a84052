#!/usr/bin/env python3
"""What it costs to ask ahead: the configuration for a freed place was asked before the result that freed it.

  one_result_behind.py --bridge PROGRAM [--seeds 12] [--budget 50] [--parallel 1,2,4,8]

For each number of children in flight the same sweeps are run twice on ten problems: each freed place waits for an
ask that knows all results, or takes the configuration that was asked right after the one before it was taken. Child
runs take lognormal(0, 0.3) time, asks none. Printed:
  runs    how many times as many runs the sweeps asked ahead need to come as far as the others had come
          after 60 and 80 % of the budget, geometric mean over problems, with its standard error
  regret  how many times the regret at half and at the whole budget, the same way
A curve is the mean over seeds of the logarithm of the true regret of the best run so far.
"""

import argparse
import heapq
import json
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np  # noqa: E402

import methods  # noqa: E402
import problems  # noqa: E402

PROBLEMS = ["branin2", "rosenbrock5", "hartmann6", "ackley10", "ellipsoid8", "noisy_hartmann6",
            "network8", "conditional", "integers8", "log_valley4"]


def sweep(problem, parallel, ahead, seed, budget):
    """Best true value after each result."""
    sampler = methods.Hdrive(problem.space, seed)
    noise, durations = np.random.default_rng([seed, 1]), np.random.default_rng([seed, 2])
    clock, started, best, running, ready, curve = 0.0, 0, np.inf, [], [], []

    def start(asked):
        nonlocal started
        heapq.heappush(running, (clock + durations.lognormal(0, 0.3), started, asked))
        started += 1

    for _ in range(parallel):
        start(sampler.ask())
    if ahead:
        ready.append(sampler.ask())
    while running:
        clock, _, (ticket, params) = heapq.heappop(running)
        observed, true = problem.evaluate(params, noise)
        best = np.fmin(best, true)
        curve.append(best)
        if ready:
            start(ready.pop())
        sampler.tell(ticket, float(observed) if np.isfinite(observed) else None)
        if not ahead and started < budget:
            start(sampler.ask())
        if ahead and started < budget:
            ready.append(sampler.ask())
    return curve


def first_at_most(curve, value):
    """After how many runs; one more than there are when never."""
    below = np.flatnonzero(curve <= value)
    return (below[0] if below.size else curve.size) + 1


def factor(logs):
    return f"{np.exp(np.mean(logs)):.2f} ± {np.exp(np.mean(logs)) * np.std(logs, ddof=1) / np.sqrt(len(logs)):.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bridge", required=True)
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--budget", type=int, default=50)
    parser.add_argument("--parallel", default="1,2,4,8")
    parser.add_argument("--results", help="JSON file that keeps the curves")
    arguments = parser.parse_args()
    methods.Hdrive.bridge = arguments.bridge
    known = {p.name: p for p in problems.all_problems() if p.name in PROBLEMS}
    budget, kept = arguments.budget, {}
    print("in flight  runs          regret at half  regret at the end")
    for parallel in map(int, arguments.parallel.split(",")):
        runs, half, whole = [], [], []
        for name in PROBLEMS:
            curves = np.array([[sweep(known[name], parallel, ahead, seed, budget) for seed in range(arguments.seeds)]
                               for ahead in (False, True)])
            kept[f"{name}/{parallel}"] = curves.tolist()
            optimum = curves.min()
            least = 1e-3 * (np.median(curves[0, :, 4]) - optimum)
            waiting, ahead = np.log(np.maximum(curves - optimum, least)).mean(axis=1)
            runs.append(np.mean([np.log(first_at_most(ahead, waiting[at]) / first_at_most(waiting, waiting[at]))
                                 for at in (budget * 6 // 10 - 1, budget * 8 // 10 - 1)]))
            half.append(ahead[budget // 2 - 1] - waiting[budget // 2 - 1])
            whole.append(ahead[-1] - waiting[-1])
        print(f"{parallel:9}  {factor(runs):12}  {factor(half):14}  {factor(whole)}", flush=True)
    if arguments.results:
        with open(arguments.results, "w", encoding="utf-8") as file:
            json.dump(kept, file)


if __name__ == "__main__":
    main()
