#!/usr/bin/env python3
"""Runs samplers on the benchmark problems and compares them.

  suite.py run --method hdrive --mode sequential --seeds 5 --budget 80 --results DIR --bridge PROGRAM
  suite.py table --results DIR [--mode sequential]

A run is the sequence of true values in the order in which they were told. Results are kept as one
JSON file per method, mode and problem, and never computed twice. Normalised regret at the budget:
(true value of the best observed - optimum) / (the median of random - optimum): 0 is perfect, 1 is random.
The optimum of problems without a known one is the best value that any run found.
"""

import argparse
import heapq
import json
import math
import os
import pathlib
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np  # noqa: E402

import methods  # noqa: E402
import problems  # noqa: E402


def run(problem, method, mode, seed, budget, options):
    """[[observed, true], ...] and the seconds an ask took."""
    parallel = 8 if mode == "parallel" else 1
    sampler = methods.make(method, problem.space, seed, parallel > 1, options)
    noise = np.random.default_rng([seed, 1])
    durations = np.random.default_rng([seed, 2])
    clock, asked, running, told = 0.0, 0, [], []
    seconds = []
    while len(told) < budget:
        while asked < budget and len(running) < parallel:
            begin = time.perf_counter()
            ticket, params = sampler.ask()
            seconds.append(time.perf_counter() - begin)
            observed, true = problem.evaluate(params, noise)
            ends = clock + (durations.lognormal(0, 0.5) if parallel > 1 else 1.0)
            heapq.heappush(running, (ends, asked, ticket, observed, true))
            asked += 1
        clock, _, ticket, observed, true = heapq.heappop(running)
        failed = math.isnan(observed)
        sampler.tell(ticket, None if failed else observed)
        told.append([None, None] if failed else [observed, true])
    return told, float(np.mean(seconds))


def command_run(arguments):
    methods.Hdrive.bridge = arguments.bridge
    options = json.loads(arguments.options)
    for problem in problems.all_problems():
        if arguments.only and not any(o in (problem.name, problem.family) for o in arguments.only.split(",")):
            continue
        path = pathlib.Path(arguments.results) / f"{arguments.label or arguments.method}.{arguments.mode}.{problem.name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        known = json.loads(path.read_text()) if path.exists() else {}
        begin = time.time()
        for seed in range(arguments.seeds):
            key = f"{seed}/{arguments.budget}"
            if key in known:
                continue
            told, seconds = run(problem, arguments.method, arguments.mode, seed, arguments.budget, options)
            known[key] = {"told": told, "ask_seconds": seconds}
            path.write_text(json.dumps(known))
        if not arguments.quiet:
            print(f"{path.name} {time.time() - begin:.1f} s", flush=True)


def best_so_far(told):
    """True value of the best observed, after each result."""
    out, best, value = [], math.inf, math.inf
    for observed, true in told:
        if observed is not None and observed < best:
            best, value = observed, true
        out.append(value)
    return np.array(out)


def load(results, mode, budget, seeds):
    """{problem: {method: [curve, ...]}}"""
    table = {}
    for path in sorted(pathlib.Path(results).glob(f"*.{mode}.*.json")):
        method, _, name = path.name[:-5].split(".", 2)
        for key, entry in json.loads(path.read_text()).items():
            seed, of = key.split("/")
            if int(of) != budget or (int(seed) >= seeds and method != "random"):
                continue
            table.setdefault(name, {}).setdefault(method, []).append(best_so_far(entry["told"]))
    return table


def command_table(arguments):
    table = load(arguments.results, arguments.mode, arguments.budget, arguments.seeds)
    others = load(arguments.results, "parallel" if arguments.mode == "sequential" else "sequential",
                  arguments.budget, 1000)
    chosen = arguments.methods.split(",") if arguments.methods else sorted({m for t in table.values() for m in t})
    regrets, areas, families = {}, {}, {}
    for problem in problems.all_problems():
        curves = table.get(problem.name, {})
        if "random" not in curves or any(m not in curves for m in chosen):
            continue
        every = [c for t in (curves, others.get(problem.name, {})) for cs in t.values() for c in cs]
        optimum = problem.optimum if problem.optimum is not None else min(np.min(c) for c in every)
        base = np.median([c[-1] for c in curves["random"]]) - optimum
        finite = max(np.max(c[np.isfinite(c)]) for c in every)
        families.setdefault(problem.family, []).append(problem.name)
        for m in chosen:
            scaled = [np.minimum(np.where(np.isfinite(c), c, finite) - optimum, finite - optimum) / base for c in curves[m]]
            regrets[problem.name, m] = np.array([s[-1] for s in scaled])
            areas[problem.name, m] = np.array([np.mean(np.minimum(s, 3)) for s in scaled])
    names = [n for f in families.values() for n in f]
    width = max(len(m) for m in chosen) + 1
    print(f"mode {arguments.mode}, budget {arguments.budget}, median normalised regret (mean of the middle)")
    print(" " * 20 + "".join(m.rjust(width) for m in chosen))
    for n in names:
        print(n.ljust(20) + "".join(f"{np.median(regrets[n, m]):.3f}".rjust(width) for m in chosen))
    print()

    def ranks(group):
        out = []
        for n in group:
            r = np.array([np.median(regrets[n, m]) for m in chosen])
            out.append([1 + np.sum(r < x - 1e-12) + 0.5 * (np.sum(np.abs(r - x) <= 1e-12) - 1) for x in r])
        return np.mean(out, axis=0)

    for family, group in [*families.items(), ("all", names)]:
        rows = {
            "mean regret": [np.mean([np.median(regrets[n, m]) for n in group]) for m in chosen],
            "median regret": [np.median([np.median(regrets[n, m]) for n in group]) for m in chosen],
            "mean rank": ranks(group),
            "mean area": [np.mean([np.median(areas[n, m]) for n in group]) for m in chosen],
        }
        for label, row in rows.items():
            print(f"{family} {label}".ljust(26) + "".join(f"{x:.3f}".rjust(width) for x in row))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for name, function in (("run", command_run), ("table", command_table)):
        sub = commands.add_parser(name)
        sub.set_defaults(function=function)
        sub.add_argument("--mode", default="sequential", choices=["sequential", "parallel"])
        sub.add_argument("--budget", type=int, default=80)
        sub.add_argument("--results", default="results")
        sub.add_argument("--seeds", type=int, default=5)
        if name == "run":
            sub.add_argument("--method", required=True)
            sub.add_argument("--label", default="")
            sub.add_argument("--only", default="")
            sub.add_argument("--options", default="{}")
            sub.add_argument("--bridge", default="sampler_quality_bridge")
            sub.add_argument("--quiet", action="store_true")
        else:
            sub.add_argument("--methods", default="")
    arguments = parser.parse_args()
    arguments.function(arguments)


if __name__ == "__main__":
    main()
