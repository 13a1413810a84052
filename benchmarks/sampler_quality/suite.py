#!/usr/bin/env python3
"""Runs samplers on the benchmark problems and compares them.

  suite.py run --methods random,optuna-tpe,hdrive --seeds 10 --budget 50 --results DIR --bridge PROGRAM
  suite.py table --results DIR --budget 50

A run is the sequence of [observed, true] values in the order in which they were told. Results are kept
as one JSON file per method, mode and problem, each run with the versions it was made with, and never
computed twice: what was broken off goes on when called again, and methods that need different
installations can be run by different interpreters into the same folder. Seeds come one after another,
so that the table is fair to all methods at any time.

The table. Normalised regret: (true value of the best observed - optimum) / (the same of random, median)
at the budget; 0 is the optimum, 1 is random. The optimum, where it is not known, is the best value that
any run found. Area: mean of the normalised regret after each result, at most 2. Rank: for each problem, 1 + the
chances that a run of each other method beats one of this (a tie counts half), then the mean.
Intervals: 95 % of 1,000 draws of as many runs with replacement.
"""

import argparse
import heapq
import importlib.metadata
import json
import math
import os
import pathlib
import time
import traceback

for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")
import numpy as np  # noqa: E402

import methods  # noqa: E402
import peers  # noqa: E402
import problems  # noqa: E402

MODES = {"sequential": 1, "parallel": 8}


def run(problem, method, mode, seed, budget, options=None):
    """[[observed, true], ...] and the processor seconds that an ask and its tell took here."""
    sampler = methods.make(method, problem.space, seed, budget, options)
    noise = np.random.default_rng([seed, 1])
    durations = np.random.default_rng([seed, 2])
    clock, asked, running, told, spent = 0.0, 0, [], [], 0.0
    while len(told) < budget:
        while asked < budget and len(running) < MODES[mode]:
            begin = time.process_time()
            ticket, params = sampler.ask()
            spent += time.process_time() - begin
            observed, true = problem.evaluate(params, noise)
            ends = clock + (durations.lognormal(0, 0.5) if MODES[mode] > 1 else 1.0)
            heapq.heappush(running, (ends, asked, ticket, observed, true))
            asked += 1
        clock, _, ticket, observed, true = heapq.heappop(running)
        failed = math.isnan(observed)
        begin = time.process_time()
        sampler.tell(ticket, None if failed else observed)
        spent += time.process_time() - begin
        told.append([None, None] if failed else [observed, true])
    return told, spent / budget


def versions(method):
    names = ["numpy", "scikit-learn", *peers.PACKAGES.get(method, [])]
    return {name: importlib.metadata.version(name) for name in names}


def missing_runs(arguments):
    for seed in range(arguments.seeds):
        for method in arguments.methods.split(","):
            for mode in MODES if arguments.mode == "both" else [arguments.mode]:
                if method == "random" and mode == "parallel":
                    continue  # it learns from nothing, so running ones make no difference
                for problem in problems.chosen(arguments.only):
                    label = arguments.label or method
                    path = pathlib.Path(arguments.results) / f"{label}.{mode}.{problem.name}.json"
                    known = json.loads(path.read_text()) if path.exists() else {}
                    key = f"{seed}/{arguments.budget}"
                    if key not in known:
                        yield seed, method, mode, problem, path, known, key


def command_run(arguments):
    methods.Hdrive.bridge = arguments.bridge
    for seed, method, mode, problem, path, known, key in missing_runs(arguments):
        begin = time.time()
        try:
            told, seconds = run(problem, method, mode, seed, arguments.budget, json.loads(arguments.options))
        except Exception:  # a peer that breaks must not end the runs of the others
            print(f"{path.name} {key} failed:\n{traceback.format_exc()}", flush=True)
            continue
        known[key] = {"told": told, "ask_seconds": seconds, "versions": versions(method)}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(known))
        if not arguments.quiet:
            print(f"{path.name} {key} {time.time() - begin:.1f} s, best {best_so_far(told)[-1]:.4g}", flush=True)


def best_so_far(told):
    """True value of the best observed, after each result; infinite before the first."""
    out, best, value = [], math.inf, math.inf
    for observed, true in told:
        if observed is not None and observed < best:
            best, value = observed, true
        out.append(value)
    return np.array(out)


class Results:
    """Curves of normalised regret, [runs, budget], by (problem, mode, method)."""

    def __init__(self, folder, budget, only, chosen=None, seeds=1000):
        raw, self.budget = {}, budget
        for path in sorted(pathlib.Path(folder).glob("*.json")):
            method, mode, name = path.name[:-5].split(".", 2)
            for key, entry in json.loads(path.read_text()).items():
                seed, of = key.split("/")
                if int(of) != budget or (int(seed) >= seeds and method != "random"):
                    continue
                raw.setdefault(name, {}).setdefault((mode, method), []).append(best_so_far(entry["told"]))
        found = {m for runs in raw.values() for _, m in runs}
        self.methods = chosen or sorted(found - {"random"}) + ["random"]
        self.families, self.curves = {}, {}
        for problem in problems.chosen(only):
            runs = raw.get(problem.name, {})
            if ("sequential", "random") not in runs:
                continue
            runs["parallel", "random"] = runs["sequential", "random"]
            every = np.concatenate([np.concatenate(r) for r in runs.values()])
            every = every[np.isfinite(every)]
            optimum = every.min() if problem.optimum is None else problem.optimum
            base = np.median([r[-1] for r in runs["sequential", "random"]]) - optimum
            self.families.setdefault(problem.family, []).append(problem.name)
            for (mode, method), curves in runs.items():
                curves = np.minimum(np.array(curves), every.max())
                self.curves[problem.name, mode, method] = (curves - optimum) / base

    def complete(self, mode):
        """Families with the problems that every method has runs of."""
        return {f: [p for p in names if all((p, mode, m) in self.curves for m in self.methods)]
                for f, names in self.families.items()}


def mean_ranks(finals):
    """Per method, the mean over problems; finals: one list per problem of one array per method."""
    ranks = []
    for runs in finals:
        def beats(a, b):
            difference = a[:, None] - b[None, :]
            return np.mean(difference < -1e-9) + 0.5 * np.mean(np.abs(difference) <= 1e-9)
        ranks.append([1 + sum(beats(b, a) for j, b in enumerate(runs) if j != i) for i, a in enumerate(runs)])
    return np.mean(ranks, axis=0)


def summary(runs):
    """Rows of one figure per method; runs: per problem, per method, curves."""
    finals = [[c[:, -1] for c in problem] for problem in runs]
    areas = [[np.minimum(c, 2).mean(axis=1) for c in problem] for problem in runs]
    return np.array([
        mean_ranks(finals),
        [np.median([np.median(p[i]) for p in finals]) for i in range(len(runs[0]))],
        [np.mean([np.median(p[i]) for p in finals]) for i in range(len(runs[0]))],
        [np.mean([np.median(p[i]) for p in areas]) for i in range(len(runs[0]))],
    ])


def command_table(arguments):
    results = Results(arguments.results, arguments.budget, arguments.only,
                      arguments.methods.split(",") if arguments.methods else None, arguments.seeds)
    rng = np.random.default_rng(0)
    for mode in MODES if arguments.mode == "both" else [arguments.mode]:
        families = {f: names for f, names in results.complete(mode).items() if names}
        print(f"\n### {mode}, {arguments.budget} results per run\n")
        print_row("median normalised regret", results.methods)
        print_row("---", ["---:"] * len(results.methods))
        for names in families.values():
            for name in names:
                print_row(name, [f"{np.median(results.curves[name, mode, m][:, -1]):.3f}" for m in results.methods])
        print_row("runs per problem", [str(min(len(results.curves[n, mode, m]) for names in families.values()
                                               for n in names)) for m in results.methods])
        groups = {**families, "all": [n for names in families.values() for n in names]}
        for family, names in groups.items():
            runs = [[results.curves[n, mode, m] for m in results.methods] for n in names]
            figures = summary(runs)
            draws = np.array([summary([[c[rng.integers(len(c), size=len(c))] for c in p] for p in runs])
                              for _ in range(arguments.draws)])
            low, high = np.quantile(draws, [0.025, 0.975], axis=0) if arguments.draws else (None, None)
            print(f"\n{family}, {len(names)} problems\n")
            print_row("", results.methods)
            print_row("---", ["---:"] * len(results.methods))
            for row, label in enumerate(("mean rank", "median regret", "mean regret", "mean area")):
                print_row(label, [f"{figures[row, i]:.2f}" if low is None else
                                  f"{figures[row, i]:.2f} ({low[row, i]:.2f}-{high[row, i]:.2f})"
                                  for i in range(len(results.methods))])


def print_row(label, cells):
    print("| " + " | ".join([label.ljust(24), *(c.rjust(8) for c in cells)]) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for name, function in (("run", command_run), ("table", command_table)):
        sub = commands.add_parser(name)
        sub.set_defaults(function=function)
        sub.add_argument("--methods", default="random" if name == "run" else "", help="comma-separated")
        sub.add_argument("--mode", default="both", choices=[*MODES, "both"])
        sub.add_argument("--only", default="core", help="problems or families, or core or all; comma-separated")
        sub.add_argument("--budget", type=int, default=50)
        sub.add_argument("--results", default="results")
        sub.add_argument("--seeds", type=int, default=10)
        if name == "run":
            sub.add_argument("--label", default="", help="kept under this name")
            sub.add_argument("--options", default="{}", help="of BayesianOptions, as JSON")
            sub.add_argument("--bridge", default="sampler_quality_bridge")
            sub.add_argument("--quiet", action="store_true")
        else:
            sub.add_argument("--draws", type=int, default=1000, help="for the intervals")
    arguments = parser.parse_args()
    arguments.function(arguments)


if __name__ == "__main__":
    main()
