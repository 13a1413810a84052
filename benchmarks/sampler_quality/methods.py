"""Samplers behind one interface: ask() -> (ticket, params), tell(ticket, value or None).

`make` builds one. Failed runs are told as None. Peers are in peers.py.
"""

import json
import math
import subprocess

import numpy as np

import peers


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
    def __init__(self, space, seed):
        self.space, self.rng = space, np.random.default_rng([seed, 77])

    def ask(self):
        return None, draw(self.space, self.rng)

    def tell(self, ticket, value):
        pass


class Hdrive:
    """This project's sampler through the bridge program."""

    bridge = "sampler_quality_bridge"
    processes = {}

    def __init__(self, space, seed, options=None):
        if self.bridge not in self.processes:
            self.processes[self.bridge] = subprocess.Popen(
                [self.bridge], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process = self.processes[self.bridge]
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
        self.reason = answer["reasons"][0]
        trial = answer["trials"][0]
        return trial["id"], trial["params"]

    def tell(self, ticket, value):
        self.call(op="tell", id=ticket, value=value)


def make(method, space, seed, budget, options=None):
    if method == "random":
        return Random(space, seed)
    if method.startswith("hdrive"):
        return Hdrive(space, seed, options)
    if method == "smac":
        return peers.Smac(space, seed, budget)
    return peers.MAKERS[method](space, seed)
