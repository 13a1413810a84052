"""Sweeps whose scripts print their metrics, as the frameworks do or in a form of their own."""
import importlib.util
import sys
import unittest

from harness import WorkspaceTest

OWN_FORM = """
import argparse, time
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
arguments = parser.parse_args()
for epoch in range(100):
    print("loss=0.1 | epoch %%d | validation says %%.4f" %% (epoch, arguments.x + epoch / 1000), flush=True)
    if arguments.x == 10 and epoch == 20:
        break
    time.sleep(%s)
"""

DATA = """
import argparse, time
from sklearn.datasets import make_classification
parser = argparse.ArgumentParser()
parser.add_argument("--learning_rate", type=float)
arguments = parser.parse_args()
X, y = make_classification(400, random_state=0)
def wait(*_):
    if arguments.learning_rate < 0.1:
        time.sleep(0.2)
rounds = 25 if arguments.learning_rate > 0.1 else 100
"""

LIGHTGBM = DATA + """
import lightgbm
train = lightgbm.Dataset(X[:300], y[:300])
valid = lightgbm.Dataset(X[300:], y[300:], reference=train)
lightgbm.train({"objective": "binary", "learning_rate": arguments.learning_rate, "num_threads": 1}, train, rounds,
               valid_sets=[valid], callbacks=[lightgbm.log_evaluation(1), wait])
"""

XGBOOST = DATA + """
import xgboost
class Wait(xgboost.callback.TrainingCallback):
    def after_iteration(self, model, epoch, evals_log):
        wait()
        return False
train, valid = xgboost.DMatrix(X[:300], y[:300]), xgboost.DMatrix(X[300:], y[300:])
xgboost.train({"objective": "binary:logistic", "learning_rate": arguments.learning_rate, "nthread": 1}, train, rounds,
              evals=[(valid, "valid")], callbacks=[Wait()])
"""

BANDIT = {"type": "BanditPolicy", "slack_factor": 0.2, "evaluation_interval": 1, "delay_evaluation": 5}


class OwnExpressions(WorkspaceTest):
    def own_form(self, **more):
        self.write("train.py", OWN_FORM % 0.2)
        self.write_runconfig("local", **more)
        self.write_hdconfig({"--x": ["choice", [10, 1]]}, policy=BANDIT, concurrent=1, primary_metric_name="accuracy")

    def test_they_steer_a_sweep(self):
        self.own_form(metricDefinitions=[
            {"Name": "accuracy", "Regex": r"epoch (?P<step>\d+) . validation says (?P<value>[0-9.]+)"},
            {"name": "never", "regex": "never (.*)"}])
        run = self.sweep("train.py")
        self.assertEqual(run["status"], "Completed", str(self.last))
        # The poor one would go on for twenty seconds.
        self.assertEqual(self.statuses(run["runId"]), {"Completed": 1, "Canceled": 1})
        best = self.run_hdrive("run", "best", "-r", run["runId"], "-o", "json").json()
        self.assertEqual(best["hyperparameters"], {"--x": 10})
        points = self.run_hdrive("run", "metrics", "-r", best["runId"], "-o", "json").json()
        # In a line where one finds something, nothing else is looked for.
        self.assertEqual([(point["name"], point["step"], point["value"]) for point in points],
                         [("accuracy", step, round(10 + step / 1000, 4)) for step in range(21)])
        told = self.run_hdrive("run", "explain", "-r", best["runId"]).out
        self.assertIn("the metric pattern `never (.*)` found nothing in what the script printed", told)

    def test_katibs_form_without_the_built_in_rules(self):
        self.own_form(metricsFormat=[r"(accuracy):=([0-9.]+)"], builtInMetricPatterns=False)
        self.write("train.py", "print('accuracy:=0.5')\nprint('loss=0.1')\n")
        self.write_hdconfig({"--x": ["choice", [1]]}, primary_metric_name="accuracy")
        run = self.sweep("train.py")
        points = self.run_hdrive("run", "metrics", "-r", run["runId"] + "_0", "-o", "json").json()
        self.assertEqual([(point["name"], point["value"]) for point in points], [("accuracy", 0.5)])

    def test_a_wrong_one_is_a_mistake_of_the_file(self):
        self.own_form(metricDefinitions=[{"name": "a", "regex": "("}, {"name": "b", "regex": "x"}])
        done = self.run_hdrive(*self.submit_words("train.py"), code=2)
        self.assertActionable(done, "metricDefinitions[0].regex: `(` is no regular expression",
                              "metricDefinitions[1].regex: `x` needs a group around the value")
        self.assertEqual(self.run_hdrive("run", "list", "-o", "json").json(), [])


class Frameworks(WorkspaceTest):
    def check(self, script, metric):
        self.write("train.py", script)
        # By its own path: through a link it would not know its virtual environment.
        self.write_runconfig("local", interpreter=sys.executable)
        self.write_hdconfig({"--learning_rate": ["choice", [0.3, 1e-6]]}, policy=BANDIT, goal="Minimize",
                            concurrent=1, primary_metric_name=metric)
        run = self.sweep("train.py")
        self.assertEqual(run["status"], "Completed", str(self.last))
        self.assertEqual(self.statuses(run["runId"]), {"Completed": 1, "Canceled": 1}, str(self.last))
        best = self.run_hdrive("run", "best", "-r", run["runId"], "-o", "json").json()
        self.assertEqual(best["hyperparameters"], {"--learning_rate": 0.3})
        points = self.run_hdrive("run", "metrics", "-r", best["runId"], "-o", "json").json()
        self.assertEqual(len([point for point in points if point["name"] == metric]), 25)

    @unittest.skipUnless(importlib.util.find_spec("lightgbm"), "needs the package lightgbm")
    def test_lightgbm_steers_a_sweep(self):
        self.check(LIGHTGBM, "valid_0's binary_logloss")

    @unittest.skipUnless(importlib.util.find_spec("xgboost"), "needs the package xgboost")
    def test_xgboost_steers_a_sweep(self):
        self.check(XGBOOST, "valid-logloss")


if __name__ == "__main__":
    unittest.main()
