"""Optuna as its documentation advises for one machine: SQLite storage, one process per worker."""
import multiprocessing
import os
import subprocess
import sys

import optuna


def objective_for(script):
    def objective(trial):
        x = trial.suggest_int("x", 0, 999999999)
        out = subprocess.run([script, "--x", str(x)], stdout=subprocess.PIPE, check=True).stdout
        return float(out.split(b":")[1])
    return objective


def work(script, storage, trials):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.load_study(study_name="bench", storage=storage,
                              sampler=optuna.samplers.RandomSampler(seed=os.getpid()))
    study.optimize(objective_for(script), n_trials=trials)


def main():
    script, total, parallel, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    storage = "sqlite:///" + os.path.join(folder, "optuna.db")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    optuna.create_study(study_name="bench", storage=storage, direction="maximize")
    workers = [multiprocessing.Process(target=work, args=(script, storage, total // parallel))
               for _ in range(parallel)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        if worker.exitcode != 0:
            sys.exit(1)


main()
