"""Other projects' samplers, each with its defaults, behind the interface of methods.py.

All but Optuna and SMAC see nested parameters as flat ones that are always active. Steps are integers,
choices between numbers are the index into them, as a careful user of each library would say it.
"""

import math
import tempfile
import warnings

import numpy as np


class Flat:
    """One parameter as the libraries know them."""

    def __init__(self, key, kind, low=0, high=0, log=False, options=(), when=None):
        self.key, self.kind = key, kind  # kind: real, int or category
        self.low, self.high, self.log = low, high, log
        self.options = options  # of a category
        self.when = when  # (key, option) under which it is active


def flatten(space, prefix="", when=None):
    flat = []
    for name, e, v in space:
        key = prefix + name
        if e == "choice" and isinstance(v[0], dict):
            flat.append(Flat(key, "category", options=[str(i) for i in range(len(v))], when=when))
            for i, option in enumerate(v):
                flat += flatten(option["nested"], f"{key}.{i}.", (key, str(i)))
        elif e == "choice" and is_ordered(v):
            flat.append(Flat(key, "int", 0, len(v) - 1, when=when))
        elif e == "choice":
            flat.append(Flat(key, "category", options=[str(x) for x in v], when=when))
        elif e == "randint":
            flat.append(Flat(key, "int", 0, v[0] - 1, when=when))
        elif e == "uniform":
            flat.append(Flat(key, "real", v[0], v[1], when=when))
        elif e == "loguniform":
            flat.append(Flat(key, "real", math.exp(v[0]), math.exp(v[1]), True, when=when))
        elif e in ("quniform", "qloguniform"):
            log = e == "qloguniform"
            low, high = (round((math.exp(x) if log else x) / v[2]) for x in v[:2])
            flat.append(Flat(key, "int", max(low, 1) if log else low, high, log, when=when))
        else:
            raise ValueError(e)
    return flat


def is_ordered(options):
    return all(isinstance(x, int) and not isinstance(x, bool) for x in options)


def to_params(space, values, prefix=""):
    """The configuration that flat values, {key: value}, stand for."""
    params = {}
    for name, e, v in space:
        x = values[prefix + name]
        if e == "choice" and isinstance(v[0], dict):
            params.update(to_params(v[int(x)]["nested"], values, f"{prefix}{name}.{x}."))
        elif e == "choice":
            params[name] = v[int(x)] if is_ordered(v) else next(a for a in v if str(a) == x)
        elif e in ("quniform", "qloguniform"):
            params[name] = float(x * v[2])
        else:
            params[name] = int(x) if e == "randint" else float(x)
    return params


class WorstSoFar:
    """What a failed run is told as to a library that has no word for it."""

    worst = None

    def replace(self, value):
        """None while nothing is known to be worse than."""
        if value is None:
            return self.worst
        self.worst = value if self.worst is None else max(self.worst, value)
        return value


class Optuna:
    def __init__(self, space, seed, sampler):
        import optuna
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        warnings.filterwarnings("ignore", module="optuna")
        self.optuna, self.space, self.flat = optuna, space, flatten(space)
        if sampler == "gp":
            import torch
            torch.set_num_threads(1)
            chosen = optuna.samplers.GPSampler(seed=seed)
        else:
            chosen = optuna.samplers.TPESampler(seed=seed)
        self.study = optuna.create_study(sampler=chosen)

    def ask(self):
        trial, values = self.study.ask(), {}
        for f in self.flat:
            if f.when and values.get(f.when[0]) != f.when[1]:
                continue
            if f.kind == "category":
                values[f.key] = trial.suggest_categorical(f.key, f.options)
            else:
                suggest = trial.suggest_int if f.kind == "int" else trial.suggest_float
                values[f.key] = suggest(f.key, f.low, f.high, log=f.log)
        return trial, to_params(self.space, values)

    def tell(self, ticket, value):
        if value is None:
            self.study.tell(ticket, state=self.optuna.trial.TrialState.FAIL)
        else:
            self.study.tell(ticket, value)


class Skopt:
    """scikit-optimize with its default Gaussian process. Knows of no running ones: those that have
    not ended are told the worst value so far for the length of an ask (its "constant liar")."""

    def __init__(self, space, seed):
        from skopt import Optimizer
        from skopt.space import Categorical, Integer, Real
        warnings.filterwarnings("ignore", module="skopt")
        warnings.filterwarnings("ignore", module="sklearn")
        self.space, self.keys = space, []
        dimensions = []
        for f in flatten(space):
            self.keys.append(f.key)
            prior = "log-uniform" if f.log else "uniform"
            if f.kind == "category":
                dimensions.append(Categorical(f.options))
            elif f.kind == "int":
                dimensions.append(Integer(f.low, f.high, prior=prior))
            else:
                dimensions.append(Real(f.low, f.high, prior=prior))
        self.optimizer = Optimizer(dimensions, random_state=seed)
        self.running, self.known = [], WorstSoFar()

    def ask(self):
        optimizer = self.optimizer
        if self.running and self.known.worst is not None:
            optimizer = optimizer.copy(random_state=optimizer.rng)
            worst = self.known.worst
            optimizer.tell(self.running, [worst] * len(self.running))
        x = optimizer.ask()
        self.running.append(x)
        return x, to_params(self.space, dict(zip(self.keys, x)))

    def tell(self, ticket, value):
        self.running.remove(ticket)
        value = self.known.replace(value)
        if value is not None:
            self.optimizer.tell(ticket, value)


class Botorch:
    """BoTorch's SingleTaskGP and qLogNoisyExpectedImprovement as its tutorials use them, over numbers
    in [0, 1] and one-hot options, rounded; running ones as X_pending; starts with five Sobol points."""

    def __init__(self, space, seed):
        import torch
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        warnings.filterwarnings("ignore", module="botorch")
        warnings.filterwarnings("ignore", module="gpytorch")
        warnings.filterwarnings("ignore", module="linear_operator")
        self.torch, self.space, self.flat = torch, space, flatten(space)
        self.width = sum(len(f.options) or 1 for f in self.flat)
        self.sobol = torch.quasirandom.SobolEngine(self.width, scramble=True, seed=seed)
        self.x, self.y, self.running, self.known = [], [], [], WorstSoFar()

    def round(self, x):
        """The nearest point that stands for a configuration, and that configuration."""
        out, values, at = x.clone(), {}, 0
        for f in self.flat:
            if f.kind == "category":
                chosen = int(x[at:at + len(f.options)].argmax())
                out[at:at + len(f.options)] = 0
                out[at + chosen] = 1
                values[f.key] = f.options[chosen]
                at += len(f.options)
                continue
            low, high = (math.log(f.low), math.log(f.high)) if f.log else (f.low, f.high)
            number = low + float(x[at]) * (high - low)
            number = math.exp(number) if f.log else number
            if f.kind == "int":
                number = min(max(round(number), f.low), f.high)
                out[at] = ((math.log(number) if f.log else number) - low) / (high - low)
            values[f.key] = number
            at += 1
        return out, to_params(self.space, values)

    def propose(self):
        from botorch.acquisition.logei import qLogNoisyExpectedImprovement
        from botorch.fit import fit_gpytorch_mll
        from botorch.models import SingleTaskGP
        from botorch.models.transforms import Standardize
        from botorch.optim import optimize_acqf
        from gpytorch.mlls import ExactMarginalLogLikelihood
        torch = self.torch
        x = torch.stack(self.x)
        y = -torch.tensor(self.y, dtype=torch.double).unsqueeze(-1)
        model = SingleTaskGP(x, y, outcome_transform=Standardize(1))
        fit_gpytorch_mll(ExactMarginalLogLikelihood(model.likelihood, model))
        pending = torch.stack(self.running) if self.running else None
        acquisition = qLogNoisyExpectedImprovement(model, x, X_pending=pending, prune_baseline=True)
        bounds = torch.stack([torch.zeros(self.width), torch.ones(self.width)]).double()
        found, _ = optimize_acqf(acquisition, bounds, q=1, num_restarts=10, raw_samples=512)
        return found[0]

    def ask(self):
        started = len(self.x) + len(self.running) < 5 or len(self.x) < 2
        x = self.sobol.draw(1)[0].double() if started else self.propose()
        x, params = self.round(x)
        self.running.append(x)
        return x, params

    def tell(self, ticket, value):
        self.running = [x for x in self.running if x is not ticket]
        value = self.known.replace(value)
        if value is not None:
            self.x.append(ticket)
            self.y.append(value)


class Ax:
    """Ax's default strategy through its client."""

    def __init__(self, space, seed):
        import logging
        from ax.api.client import Client
        from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
        import torch
        torch.set_num_threads(1)
        warnings.filterwarnings("ignore")
        logging.disable(logging.INFO)
        self.space, self.client = space, Client(random_seed=seed)
        parameters = []
        self.names = {}
        for i, f in enumerate(flatten(space)):
            self.names[f"p{i}"] = f.key
            if f.kind == "category":
                parameters.append(ChoiceParameterConfig(
                    name=f"p{i}", values=f.options, parameter_type="str", is_ordered=False))
            else:
                parameters.append(RangeParameterConfig(
                    name=f"p{i}", bounds=(f.low, f.high), parameter_type="int" if f.kind == "int" else "float",
                    scaling="log" if f.log else None))
        self.client.configure_experiment(parameters=parameters)
        self.client.configure_optimization(objective="-loss")

    def ask(self):
        (ticket, values), = self.client.get_next_trials(max_trials=1).items()
        return ticket, to_params(self.space, {self.names[n]: v for n, v in values.items()})

    def tell(self, ticket, value):
        if value is None:
            self.client.mark_trial_failed(ticket)
        else:
            self.client.complete_trial(trial_index=ticket, raw_data={"loss": value})


class Smac:
    """SMAC3's facade for hyperparameter optimisation: a random forest. It makes a share of the budget
    its initial design, so it is told the budget."""

    def __init__(self, space, seed, budget):
        import logging
        import ConfigSpace as cs
        from smac import HyperparameterOptimizationFacade, Scenario
        from smac.runhistory import StatusType, TrialValue
        logging.disable(logging.WARNING)
        self.space, self.status, self.value = space, StatusType, TrialValue
        configuration_space, added = cs.ConfigurationSpace(seed=seed), {}
        for f in flatten(space):
            if f.kind == "category":
                added[f.key] = cs.Categorical(f.key, f.options)
            else:
                kind = cs.Integer if f.kind == "int" else cs.Float
                added[f.key] = kind(f.key, (f.low, f.high), log=f.log)
            configuration_space.add(added[f.key])
            if f.when:
                configuration_space.add(cs.EqualsCondition(added[f.key], added[f.when[0]], f.when[1]))
        self.folder = tempfile.TemporaryDirectory()
        scenario = Scenario(configuration_space, deterministic=True, n_trials=budget, seed=seed,
                            output_directory=self.folder.name)
        self.smac = HyperparameterOptimizationFacade(scenario, lambda config, seed=0: 0.0,
                                                     overwrite=True, logging_level=False)

    def ask(self):
        info = self.smac.ask()
        return info, to_params(self.space, dict(info.config))

    def tell(self, ticket, value):
        failed = value is None
        self.smac.tell(ticket, self.value(
            cost=math.inf if failed else value,
            status=self.status.CRASHED if failed else self.status.SUCCESS))


class Hebo:
    """HEBO. Knows of no running ones, and drops failed ones."""

    def __init__(self, space, seed):
        import torch
        from hebo.design_space.design_space import DesignSpace
        from hebo.optimizers.hebo import HEBO
        warnings.filterwarnings("ignore")
        torch.set_num_threads(1)
        torch.manual_seed(seed)
        np.random.seed(seed)
        self.space, rows = space, []
        for f in flatten(space):
            if f.kind == "category":
                rows.append({"name": f.key, "type": "cat", "categories": f.options})
            else:
                kind = {"real": "pow" if f.log else "num", "int": "pow_int" if f.log else "int"}[f.kind]
                rows.append({"name": f.key, "type": kind, "lb": f.low, "ub": f.high})
        self.optimizer = HEBO(DesignSpace().parse(rows), scramble_seed=seed)

    def ask(self):
        row = self.optimizer.suggest(n_suggestions=1)
        return row, to_params(self.space, row.iloc[0].to_dict())

    def tell(self, ticket, value):
        if value is not None:
            self.optimizer.observe(ticket, np.array([[value]]))


MAKERS = {
    "optuna-tpe": lambda space, seed: Optuna(space, seed, "tpe"),
    "optuna-gp": lambda space, seed: Optuna(space, seed, "gp"),
    "skopt": Skopt,
    "botorch": Botorch,
    "ax": Ax,
    "hebo": Hebo,
}

# Whose versions say what was measured.
PACKAGES = {
    "optuna-tpe": ["optuna"],
    "optuna-gp": ["optuna", "torch"],
    "skopt": ["scikit-optimize"],
    "smac": ["smac", "ConfigSpace"],
    "botorch": ["botorch", "gpytorch", "torch"],
    "ax": ["ax-platform", "botorch", "torch"],
    "hebo": ["HEBO", "GPy", "pymoo"],
}
