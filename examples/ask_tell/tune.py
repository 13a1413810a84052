"""Tunes gradient boosting on scikit-learn's breast cancer data in a loop of this program's own.

hdrive only says which configurations to try; there is no workspace and no child run. Any language
that can start a program and read and write lines can do the same.

    python tune.py [trials] [state file]
"""
import json
import subprocess
import sys

from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.model_selection import cross_val_score


class Loop:
    """hdrive ask-tell as an object. The words are those of the protocol (docs/tuning_loops.md)."""

    def __init__(self, hdconfig, *options):
        self.process = subprocess.Popen(
            ["hdrive", "ask-tell", "--hyperdrive-configuration-name", hdconfig, *options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def _say(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("hdrive ask-tell ended; its message is above")
        answer = json.loads(line)
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer

    def ask(self, n=1):
        return self._say(op="ask", n=n)["trials"]

    def pending(self):
        return self._say(op="pending")["trials"]

    def tell(self, trial, value):
        self._say(op="tell", id=trial["id"], value=value)

    def tell_failed(self, trial):
        self._say(op="tell", id=trial["id"], status="failed")

    def know(self, params, value):
        """What is known already of a configuration that was never asked."""
        self._say(op="tell", params=params, value=value)

    def best(self):
        return self._say(op="best")


def accuracy(params, data):
    """Mean accuracy of three-fold cross-validation."""
    model = GradientBoostingClassifier(n_estimators=20, random_state=0, **params)
    return float(cross_val_score(model, *data, cv=3).mean())


def main():
    trials = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    state = ["--state", sys.argv[2]] if len(sys.argv) > 2 else []
    data = load_breast_cancer(return_X_y=True)
    with Loop("space.yml", *state) as loop:
        if not state:
            default = {"learning_rate": 0.1, "max_leaf_nodes": 8, "min_samples_leaf": 1}
            loop.know(default, accuracy(default, data))
        # What an earlier run with this state file asked and did not finish comes first.
        queue = loop.pending()
        for _ in range(trials):
            queue = queue or loop.ask()
            if not queue:
                break  # nothing left to try
            trial = queue.pop(0)
            try:
                value = accuracy(trial["params"], data)
            except ValueError as error:
                print(f"trial {trial['id']} failed: {error}", file=sys.stderr)
                loop.tell_failed(trial)
                continue
            loop.tell(trial, value)
            print(f"trial {trial['id']}: {value:.4f} with {trial['params']}")
        best = loop.best()
        print(f"best: {best['value']:.4f} with {best['params']}")


if __name__ == "__main__":
    main()
