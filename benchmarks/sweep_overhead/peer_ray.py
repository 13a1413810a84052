"""Ray Tune with function trainables that start the command, `parallel` at a time."""
import os
import subprocess
import sys

os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
os.environ.setdefault("RAY_DEDUP_LOGS", "0")

import ray
from ray import tune


def main():
    script, total, parallel, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]

    def trainable(config):
        out = subprocess.run([script, "--x", str(config["x"])], stdout=subprocess.PIPE,
                             check=True).stdout
        tune.report({"score": float(out.split(b":")[1])})

    ray.init(num_cpus=parallel, include_dashboard=False, log_to_driver=False,
             configure_logging=False)
    tuner = tune.Tuner(
        tune.with_resources(trainable, {"cpu": 1}),
        param_space={"x": tune.randint(0, 1000000000)},
        tune_config=tune.TuneConfig(num_samples=total, metric="score", mode="max"),
        run_config=tune.RunConfig(storage_path=folder, verbose=0))
    results = tuner.fit()
    if results.num_errors or len(results) != total:
        sys.exit("%d errors in %d trials" % (results.num_errors, len(results)))


main()
