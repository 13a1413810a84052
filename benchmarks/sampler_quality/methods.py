"""Samplers behind one interface: ask() -> (ticket, params), tell(ticket, value or None)."""

import json
import math
import subprocess

import numpy as np


def draw(space, rng):
    """One configuration at random, as HyperDrive's random sampling draws it."""
    params = {}
    for name, expression, v in space:
        if expression == "choice":
            option = v[rng.integers(len(v))]
            if isinstance(option, dict):
                params.update(draw(option["nested"], rng))
            else:
                params[name] = option
        elif expression == "randint":
            params[name] = int(rng.integers(v[0]))
        elif expression == "uniform":
            params[name] = float(rng.uniform(v[0], v[1]))
        elif expression == "quniform":
            params[name] = float(round(rng.uniform(v[0], v[1]) / v[2]) * v[2])
        elif expression == "loguniform":
            params[name] = float(math.exp(rng.uniform(v[0], v[1])))
        elif expression == "qloguniform":
            params[name] = float(round(math.exp(rng.uniform(v[0], v[1])) / v[2]) * v[2])
        else:
            raise ValueError(expression)
    return params


class Random:
    def __init__(self, space, seed, **_):
        self.space, self.rng = space, np.random.default_rng([seed, 77])

    def ask(self):
        return None, draw(self.space, self.rng)

    def tell(self, ticket, value):
        pass


class Hdrive:
    """Our sampler through the bridge program."""

    bridge = "sampler_quality_bridge"
    processes = {}

    def __init__(self, space, seed, options=None, **_):
        if self.bridge not in self.processes:
            self.processes[self.bridge] = subprocess.Popen(
                [self.bridge], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process = self.processes[self.bridge]
        self.seconds = 0.0
        self.call(op="open", space=space, seed=seed, options=options or {})

    def call(self, **line):
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def ask(self):
        answer = self.call(op="ask", n=1)
        self.seconds += answer["seconds"]
        self.reason = answer["reasons"][0]
        trial = answer["trials"][0]
        return trial["id"], trial["params"]

    def tell(self, ticket, value):
        self.call(op="tell", id=ticket, value=value)


class Optuna:
    def __init__(self, space, seed, sampler="tpe", parallel=False, **_):
        import optuna
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        import warnings
        warnings.filterwarnings("ignore", module="optuna")
        self.optuna, self.space = optuna, space
        if sampler == "gp":
            import torch
            torch.set_num_threads(1)
            chosen = optuna.samplers.GPSampler(seed=seed)
        else:
            chosen = optuna.samplers.TPESampler(seed=seed, multivariate=sampler == "tpe_multivariate",
                                                group=sampler == "tpe_multivariate")
        self.study = optuna.create_study(sampler=chosen)

    def suggest(self, trial, space, prefix=""):
        params = {}
        for name, e, v in space:
            key = prefix + name
            if e == "choice":
                if isinstance(v[0], dict):
                    i = trial.suggest_categorical(key, list(range(len(v))))
                    params.update(self.suggest(trial, v[i]["nested"], f"{key}.{i}."))
                elif all(isinstance(x, int) and not isinstance(x, bool) for x in v):
                    # As a careful user would: an ordered choice by its index.
                    params[name] = v[trial.suggest_int(key, 0, len(v) - 1)]
                else:
                    params[name] = trial.suggest_categorical(key, v)
            elif e == "randint":
                params[name] = trial.suggest_int(key, 0, v[0] - 1)
            elif e == "uniform":
                params[name] = trial.suggest_float(key, v[0], v[1])
            elif e == "loguniform":
                params[name] = trial.suggest_float(key, math.exp(v[0]), math.exp(v[1]), log=True)
            elif e == "quniform":
                params[name] = trial.suggest_float(key, v[0], v[1], step=v[2])
            elif e == "qloguniform":
                # Optuna has no step with log: log integers when the step is one, else rounded.
                x = trial.suggest_float(key, math.exp(v[0]), math.exp(v[1]), log=True)
                params[name] = float(max(round(x / v[2]), 1) * v[2])
            else:
                raise ValueError(e)
        return params

    def ask(self):
        trial = self.study.ask()
        return trial, self.suggest(trial, self.space)

    def tell(self, ticket, value):
        if value is None:
            self.study.tell(ticket, state=self.optuna.trial.TrialState.FAIL)
        else:
            self.study.tell(ticket, value)


class Skopt:
    """scikit-optimize GP with its defaults; nested options become flat, always active dimensions."""

    def __init__(self, space, seed, **_):
        from skopt import Optimizer
        from skopt.space import Categorical, Integer, Real
        self.space, self.keys, dimensions = space, [], []

        def add(space, prefix=""):
            for name, e, v in space:
                self.keys.append(prefix + name)
                if e == "choice" and isinstance(v[0], dict):
                    dimensions.append(Categorical([str(i) for i in range(len(v))]))
                    for i, option in enumerate(v):
                        add(option["nested"], f"{prefix}{name}.{i}.")
                elif e == "choice" and all(isinstance(x, int) and not isinstance(x, bool) for x in v):
                    dimensions.append(Integer(0, len(v) - 1))
                elif e == "choice":
                    dimensions.append(Categorical([str(x) for x in v]))
                elif e == "randint":
                    dimensions.append(Integer(0, v[0] - 1))
                elif e in ("loguniform", "qloguniform"):
                    dimensions.append(Real(math.exp(v[0]), math.exp(v[1]), prior="log-uniform"))
                else:
                    dimensions.append(Real(v[0], v[1]))
        add(space)
        self.optimizer = Optimizer(dimensions, random_state=seed)
        self.worst = None

    def params(self, values, space, prefix=""):
        out = {}
        for name, e, v in space:
            x = values[prefix + name]
            if e == "choice" and isinstance(v[0], dict):
                out.update(self.params(values, v[int(x)]["nested"], f"{prefix}{name}.{x}."))
            elif e == "choice" and all(isinstance(a, int) and not isinstance(a, bool) for a in v):
                out[name] = v[int(x)]
            elif e == "choice":
                out[name] = next(a for a in v if str(a) == x)
            elif e == "randint":
                out[name] = int(x)
            elif e in ("quniform", "qloguniform"):
                out[name] = float(max(round(x / v[2]), 1) * v[2])
            else:
                out[name] = float(x)
        return out

    def ask(self):
        x = self.optimizer.ask()
        return x, self.params(dict(zip(self.keys, x)), self.space)

    def tell(self, ticket, value):
        if value is not None:
            self.worst = value if self.worst is None else max(self.worst, value)
        elif self.worst is None:
            return
        self.optimizer.tell(ticket, self.worst if value is None else value)


def make(method, space, seed, parallel, options=None):
    if method == "random":
        return Random(space, seed)
    if method.startswith("hdrive"):
        return Hdrive(space, seed, options=options)
    if method == "skopt":
        return Skopt(space, seed)
    if method.startswith("optuna-"):
        return Optuna(space, seed, sampler=method.split("-", 1)[1], parallel=parallel)
    raise ValueError(method)
