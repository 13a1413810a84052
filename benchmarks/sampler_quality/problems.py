"""The benchmark problems: three families, all minimised.

A problem has a space in HyperDrive's words, [[name, expression, values], ...], a function from
parameters to (observed, true) value, and the least true value where it is known. A nested option of
a choice is {"nested": [...]}.
"""

import functools
import math
import warnings

import numpy as np


class Problem:
    def __init__(self, name, family, space, function, optimum=None, noise=0.0):
        self.name, self.family, self.space = name, family, space
        self.function, self.optimum, self.noise = function, optimum, noise

    def evaluate(self, params, rng):
        """(observed, true); the observed value is NaN where the run fails."""
        true = float(self.function(params))
        return true + self.noise * rng.standard_normal(), true


# ---- Synthetic functions, shifted and rotated.

def _rotation(d, seed):
    q, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((d, d)))
    return q


def _cube(d, bounds=(0.0, 1.0)):
    return [[f"x{i}", "uniform", list(bounds)] for i in range(d)]


def _vector(params, d):
    return np.array([params[f"x{i}"] for i in range(d)])


def _branin(p):
    x, y = 15 * p["x0"] - 5, 15 * p["x1"]
    return ((y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6) ** 2
            + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10)


_HARTMANN_A = np.array([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14],
                        [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]])
_HARTMANN_P = 1e-4 * np.array([[1312, 1696, 5569, 124, 8283, 5886],
                               [2329, 4135, 8307, 3736, 1004, 9991],
                               [2348, 1451, 3522, 2883, 3047, 6650],
                               [4047, 8828, 8732, 5743, 1091, 381]])


def _hartmann6(p):
    x = _vector(p, 6)
    inner = np.sum(_HARTMANN_A * (x - _HARTMANN_P) ** 2, axis=1)
    return -float(np.array([1.0, 1.2, 3.0, 3.2]) @ np.exp(-inner))


def _ackley(x):
    d = len(x)
    return (-20 * math.exp(-0.2 * math.sqrt(x @ x / d))
            - math.exp(np.cos(2 * math.pi * x).sum() / d) + 20 + math.e)


def _rosenbrock(x):
    return float(np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2))


def _rastrigin(x):
    return float(10 * len(x) + np.sum(x * x - 10 * np.cos(2 * math.pi * x)))


def _levy(x):
    w = 1 + x / 4
    return float(math.sin(math.pi * w[0]) ** 2
                 + np.sum((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(math.pi * w[:-1] + 1) ** 2))
                 + (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2))


def _moved(function, d, half_width, seed, rotate=True, at=0.0):
    """The function on a cube of that half width, its optimum somewhere inside."""
    shift = np.random.default_rng(seed).uniform(-0.5, 0.5, d) * half_width
    turn = _rotation(d, seed + 1) if rotate else np.eye(d)

    def moved(p):
        x = (2 * _vector(p, d) - 1) * half_width
        return function(turn @ (x - shift) + at)
    return moved


def synthetic():
    def ellipsoid(x):
        return float(np.sum(10 ** (3 * np.arange(len(x)) / (len(x) - 1)) * x * x))
    return [
        Problem("branin2", "synthetic", _cube(2), _branin, 0.39788735773),
        Problem("rastrigin3", "synthetic", _cube(3), _moved(_rastrigin, 3, 2.0, 11, False), 0.0),
        Problem("rosenbrock5", "synthetic", _cube(5), _moved(_rosenbrock, 5, 2.0, 12, True, 1.0), 0.0),
        Problem("hartmann6", "synthetic", _cube(6), _hartmann6, -3.32236801),
        Problem("ackley10", "synthetic", _cube(10), _moved(_ackley, 10, 10.0, 13), 0.0),
        Problem("levy20", "synthetic", _cube(20), _moved(_levy, 20, 6.0, 14, False, 0.0), 0.0),
        Problem("ellipsoid8", "synthetic", _cube(8), _moved(ellipsoid, 8, 2.0, 15), 0.0),
        Problem("noisy_branin2", "synthetic", _cube(2), _branin, 0.39788735773, noise=5.0),
        Problem("noisy_hartmann6", "synthetic", _cube(6), _hartmann6, -3.32236801, noise=0.3),
    ]


# ---- Mixed, log-scaled, integer and conditional spaces.

def _network(p):
    """The shape of a learning curve's end: a valley in (lr, batch), steps and categories."""
    lr, wd = math.log10(p["lr"]), math.log10(p["weight_decay"])
    best_lr = {"sgd": -1.0, "adam": -3.0, "rmsprop": -3.3}[p["optimizer"]]
    best_lr += 0.3 * math.log2(p["batch"] / 64)
    loss = {"sgd": 0.02, "adam": 0.0, "rmsprop": 0.05}[p["optimizer"]]
    loss += 0.12 * (lr - best_lr) ** 2 + (0.8 if lr > best_lr + 1.2 else 0.0)
    loss += 0.01 * (wd + 4) ** 2 + 0.03 * abs(p["layers"] - 4) + 0.3 * (p["dropout"] - 0.25) ** 2
    loss += {"relu": 0.01, "gelu": 0.0, "tanh": 0.06}[p["activation"]]
    loss += 0.15 * (math.log2(p["units"]) - 7.5) ** 2 / 9
    return loss


def _conditional(p):
    if "c" in p:
        c, g = math.log10(p["c"]), math.log10(p["gamma"])
        return 0.08 + 0.02 * (c - 1) ** 2 + 0.05 * (g + 2 + 0.3 * (c - 1)) ** 2
    if "trees" in p:
        return (0.1 + 0.05 * math.exp(-p["trees"] / 80) + 0.004 * abs(p["depth"] - 9)
                + 0.1 * (p["features"] - 0.4) ** 2)
    lr = math.log10(p["rate"])
    return (0.05 + 0.06 * (lr + 1.3 + 0.8 * math.log10(p["rounds"] / 200)) ** 2
            + 0.01 * abs(p["leaves"] - 5) + 0.2 * (p["subsample"] - 0.7) ** 2)


def _integers(p):
    x = np.array([p[f"n{i}"] for i in range(8)]) / 10.0
    target = np.array([0.3, 0.7, 0.1, 0.9, 0.5, 0.4, 0.6, 0.2])
    y = x - target
    return float(np.sum(y * y) + 0.5 * (y[:-1] * y[1:]).sum() + 0.3 * abs(y[0] + y[4]))


def _labels(p):
    """Eight categories with interactions; a third of the pairs matter."""
    table = _label_table()
    codes = [["a", "b", "c", "d"].index(p[f"k{i}"]) for i in range(8)]
    total = sum(table[0][i][c] for i, c in enumerate(codes))
    for (i, j), t in table[1].items():
        total += t[codes[i], codes[j]]
    return float(total)


@functools.lru_cache
def _label_table():
    rng = np.random.default_rng(21)
    single = rng.uniform(0, 1, (8, 4))
    pairs = {(i, j): rng.uniform(0, 0.7, (4, 4)) for i in range(8) for j in range(i + 1, 8)
             if rng.uniform() < 0.33}
    return single, pairs


def _log_valley(p):
    a, b, c, d = (math.log10(p[k]) for k in "abcd")
    return ((a + 3) ** 2 + 2 * (b - a - 1) ** 2 + 0.5 * (c + d + 2) ** 2 + 0.2 * abs(d + 1)) / 10


def _failing(p):
    """Fails (NaN) in a corner, with the optimum close to it."""
    lr, m = math.log10(p["lr"]), p["momentum"]
    if lr + 2 * m > 0.2:
        return float("nan")
    return (lr + 1.6) ** 2 * 0.1 + (m - 0.85) ** 2 + 0.1 * abs(p["steps"] - 6) / 6


def mixed():
    ln = math.log
    network = [["lr", "loguniform", [ln(1e-5), ln(1)]],
               ["weight_decay", "loguniform", [ln(1e-7), ln(1e-1)]],
               ["optimizer", "choice", ["sgd", "adam", "rmsprop"]],
               ["activation", "choice", ["relu", "gelu", "tanh"]],
               ["batch", "choice", [16, 32, 64, 128, 256]], ["layers", "randint", [9]],
               ["units", "qloguniform", [ln(16), ln(1024), 16]], ["dropout", "uniform", [0, 0.7]]]
    conditional = [["model", "choice", [
        {"nested": [["c", "loguniform", [ln(1e-3), ln(1e3)]], ["gamma", "loguniform", [ln(1e-5), ln(10)]]]},
        {"nested": [["trees", "quniform", [10, 500, 10]], ["depth", "randint", [20]],
                    ["features", "uniform", [0.05, 1]]]},
        {"nested": [["rate", "loguniform", [ln(1e-3), ln(1)]], ["rounds", "qloguniform", [ln(10), ln(1000), 1]],
                    ["leaves", "randint", [10]], ["subsample", "uniform", [0.3, 1]]]}]]]
    return [
        Problem("network8", "mixed", network, _network),
        Problem("noisy_network8", "mixed", network, _network, noise=0.03),
        Problem("conditional", "mixed", conditional, _conditional, 0.05),
        Problem("integers8", "mixed", [[f"n{i}", "randint", [11]] for i in range(8)], _integers),
        Problem("labels8", "mixed", [[f"k{i}", "choice", ["a", "b", "c", "d"]] for i in range(8)], _labels),
        Problem("log_valley4", "mixed", [[k, "loguniform", [ln(1e-6), ln(10)]] for k in "abcd"], _log_valley, 0.0),
        Problem("failing3", "mixed", [["lr", "loguniform", [ln(1e-5), ln(10)]], ["momentum", "uniform", [0, 1]],
                                      ["steps", "randint", [10]]], _failing),
    ]


# ---- Real tuning with scikit-learn: small data, cross-validated.

@functools.lru_cache
def _data(name):
    from sklearn import datasets
    from sklearn.preprocessing import StandardScaler
    x, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    rng = np.random.default_rng(5)
    keep = rng.permutation(len(x))[:200]
    return StandardScaler().fit_transform(x[keep]), y[keep]


def _score(model, data, scoring):
    from sklearn.model_selection import cross_val_score
    x, y = _data(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return -float(np.mean(cross_val_score(model, x, y, cv=3, scoring=scoring)))


def _svc(p):
    from sklearn.svm import SVC
    return _score(SVC(C=p["C"], kernel=p["kernel"], gamma=p["gamma"], degree=p["degree"],
                      coef0=p["coef0"]), "digits", "accuracy")


def _boosting(p):
    from sklearn.ensemble import GradientBoostingRegressor
    return _score(GradientBoostingRegressor(
        n_estimators=int(p["rounds"]), learning_rate=p["rate"], max_depth=int(p["depth"]) + 1,
        subsample=p["subsample"], min_samples_leaf=int(p["leaf"]) + 1, max_features=p["features"],
        random_state=0), "diabetes", "r2")


def _neighbors(p):
    from sklearn.decomposition import PCA
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    return _score(make_pipeline(
        PCA(int(p["components"]) + 1, whiten=p["whiten"], random_state=0),
        KNeighborsClassifier(int(p["k"]) + 1, weights=p["weights"], p=p["p"])), "digits", "accuracy")


def _linear(p):
    from sklearn.linear_model import SGDClassifier
    return _score(SGDClassifier(
        loss="log_loss", penalty="elasticnet", alpha=p["alpha"], l1_ratio=p["l1"], max_iter=int(p["epochs"]),
        tol=None, learning_rate=p["schedule"], eta0=p["eta0"], power_t=p["power"], random_state=0),
        "breast_cancer", "neg_log_loss")


def _tree(p):
    from sklearn.ensemble import ExtraTreesClassifier
    return _score(ExtraTreesClassifier(
        int(p["trees"]), criterion=p["criterion"], max_depth=int(p["depth"]) + 1, max_features=p["features"],
        min_samples_leaf=int(p["leaf"]) + 1, min_samples_split=int(p["split"]) + 2,
        class_weight=p["weight"], random_state=0), "wine", "neg_log_loss")


def _tree_digits(p):
    from sklearn.tree import DecisionTreeClassifier
    return _score(DecisionTreeClassifier(
        criterion=p["criterion"], splitter=p["splitter"], max_depth=int(p["depth"]) + 1,
        min_samples_leaf=int(p["leaf"]) + 1, max_features=p["features"], ccp_alpha=p["pruning"],
        random_state=0), "digits", "accuracy")


def _ridge(p):
    from sklearn.kernel_ridge import KernelRidge
    kernel = "rbf" if "gamma" in p else "polynomial" if "degree" in p else "laplacian"
    return _score(KernelRidge(
        alpha=p["alpha"], kernel=kernel, gamma=p.get("gamma", p.get("scale", p.get("rate"))),
        degree=p.get("degree", 3), coef0=p.get("coef0", 1)), "diabetes", "r2")


def real():
    ln = math.log
    return [
        Problem("svc_digits", "real", [
            ["C", "loguniform", [ln(1e-3), ln(1e3)]], ["gamma", "loguniform", [ln(1e-5), ln(1e1)]],
            ["kernel", "choice", ["rbf", "poly", "sigmoid", "linear"]], ["degree", "choice", [2, 3, 4, 5]],
            ["coef0", "uniform", [-1, 1]]], _svc),
        Problem("boosting_diabetes", "real", [
            ["rounds", "qloguniform", [ln(3), ln(60), 1]], ["rate", "loguniform", [ln(1e-3), ln(1)]],
            ["depth", "randint", [8]], ["subsample", "uniform", [0.2, 1]], ["leaf", "randint", [30]],
            ["features", "uniform", [0.1, 1]]], _boosting),
        Problem("neighbors_digits", "real", [
            ["components", "randint", [40]], ["whiten", "choice", [True, False]], ["k", "randint", [25]],
            ["weights", "choice", ["uniform", "distance"]], ["p", "uniform", [1, 4]]], _neighbors),
        Problem("linear_cancer", "real", [
            ["alpha", "loguniform", [ln(1e-7), ln(1)]], ["l1", "uniform", [0, 1]],
            ["epochs", "qloguniform", [ln(5), ln(40), 1]],
            ["schedule", "choice", ["constant", "optimal", "invscaling", "adaptive"]],
            ["eta0", "loguniform", [ln(1e-5), ln(10)]], ["power", "uniform", [0.1, 1]]], _linear),
        Problem("tree_digits", "real", [
            ["criterion", "choice", ["gini", "entropy"]], ["splitter", "choice", ["best", "random"]],
            ["depth", "randint", [20]], ["leaf", "randint", [30]], ["features", "uniform", [0.05, 1]],
            ["pruning", "loguniform", [ln(1e-5), ln(0.1)]]], _tree_digits),
        Problem("ridge_diabetes", "real", [
            ["alpha", "loguniform", [ln(1e-4), ln(1e3)]],
            ["kernel", "choice", [
                {"nested": [["gamma", "loguniform", [ln(1e-5), ln(10)]]]},
                {"nested": [["scale", "loguniform", [ln(1e-5), ln(1)]], ["degree", "choice", [2, 3, 4, 5]],
                            ["coef0", "uniform", [-1, 3]]]},
                {"nested": [["rate", "loguniform", [ln(1e-5), ln(10)]]]}]]], _ridge),
        Problem("trees_wine", "real", [
            ["trees", "qloguniform", [ln(3), ln(20), 1]], ["criterion", "choice", ["gini", "entropy"]],
            ["depth", "randint", [15]], ["features", "uniform", [0.05, 1]], ["leaf", "randint", [15]],
            ["split", "randint", [15]], ["weight", "choice", ["balanced", None]]], _tree),
    ]


def all_problems():
    return synthetic() + mixed() + real()


# What the committed table is made of: four of each family, chosen before any result was known, so
# that slow peers can be run too.
CORE = ["rosenbrock5", "ackley10", "levy20", "noisy_hartmann6",
        "network8", "noisy_network8", "conditional", "labels8",
        "svc_digits", "linear_cancer", "tree_digits", "ridge_diabetes"]


def chosen(names):
    """The problems of those names or families, comma-separated; "core" and "all" are names too."""
    wanted = set(names.split(","))
    if "core" in wanted:
        wanted |= set(CORE)
    return [p for p in all_problems() if "all" in wanted or p.name in wanted or p.family in wanted]
