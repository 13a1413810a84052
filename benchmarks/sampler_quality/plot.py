#!/usr/bin/env python3
"""Draws what suite.py measured: best-so-far curves and mean ranks, by family and mode.

  plot.py --results DIR --budget 50 --out ../../docs/plots
"""

import argparse
import pathlib

import matplotlib
import numpy as np

import suite

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "hdrive", "font.size": 8})
import matplotlib.pyplot as plt  # noqa: E402


def style(method):
    return {"linewidth": 2.2, "color": "black", "zorder": 3} if method == "hdrive" else {"linewidth": 1}


def draw_curves(results, mode, path):
    families = results.complete(mode)
    figure, axes = plt.subplots(1, len(families), figsize=(9, 2.8), sharey=True)
    for axis, (family, names) in zip(axes, families.items()):
        for method in results.methods:
            medians = [np.median(results.curves[n, mode, method], axis=0) for n in names]
            axis.plot(np.arange(1, results.budget + 1), np.mean(np.minimum(medians, 3), axis=0),
                      label=method, **style(method))
        axis.set_title(f"{family}, {len(names)} problems")
        axis.set_xlabel("results")
        axis.set_ylim(0, 2)
    axes[0].set_ylabel("normalised regret")
    axes[-1].legend(fontsize=6)
    save(figure, path)


def draw_ranks(results, path):
    figure, axes = plt.subplots(1, 2, figsize=(9, 2.8), sharey=True)
    for axis, mode in zip(axes, suite.MODES):
        families = results.complete(mode)
        groups = {**families, "all": [n for names in families.values() for n in names]}
        width = 0.8 / len(results.methods)
        ranks = [suite.mean_ranks([[results.curves[n, mode, m][:, -1] for m in results.methods] for n in names])
                 for names in groups.values()]
        for i, method in enumerate(results.methods):
            axis.bar(np.arange(len(groups)) + i * width, [r[i] for r in ranks], width, label=method,
                     color="black" if method == "hdrive" else None)
        axis.set_xticks(np.arange(len(groups)) + 0.4, list(groups))
        axis.set_title(mode)
    axes[0].set_ylabel("mean rank, lower is better")
    axes[-1].legend(fontsize=6, ncols=2)
    save(figure, path)


def save(figure, path):
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    print(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", default="results")
    parser.add_argument("--budget", type=int, default=50)
    parser.add_argument("--only", default="core")
    parser.add_argument("--methods", default="")
    parser.add_argument("--out", default="../../docs/plots")
    arguments = parser.parse_args()
    out = pathlib.Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    results = suite.Results(arguments.results, arguments.budget, arguments.only,
                            arguments.methods.split(",") if arguments.methods else None)
    for mode in suite.MODES:
        draw_curves(results, mode, out / f"sampler_quality_{mode}.svg")
    draw_ranks(results, out / "sampler_quality_ranks.svg")


if __name__ == "__main__":
    main()
