"""Sweeps of scripts that use more of the azureml package than run.log()."""
import json
import os
import unittest

from harness import WorkspaceTest

FOLDS = """
import argparse
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
arguments = parser.parse_args()
run = Run.get_context()
# The good one comes first and ends by itself; the poor ones would go on for a minute.
for epoch in range(3 if arguments.x > 5 else 1200):
    for fold in range(2):
        with run.child_run(name="fold%d" % fold) as child:
            # Better than everything: a policy that counted these would cancel nothing.
            child.log("score", 1000.0)
    run.log("score", arguments.x)
    run.parent.log("score", 2000.0)
    if arguments.x <= 5:
        import time
        time.sleep(0.05)
"""

REGISTER = """
import argparse, os
from azureml.core import Dataset, Model, Run
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
arguments = parser.parse_args()
run = Run.get_context()
ws = run.experiment.workspace
assert ws.name == "project", ws.name
data = run.input_datasets["numbers"]
with open(os.path.join(data, "one.txt")) as file:
    score = float(file.read()) * arguments.x
assert Dataset.get_by_name(ws, "numbers").to_path() == ["/one.txt"]
run.log("score", score)
run.log_image("picture", path=os.path.join(data, "one.txt"))
run.tag("kind", "test")
os.makedirs("outputs/model", exist_ok=True)
with open("outputs/model/weights.txt", "w") as file:
    file.write("%g" % score)
model = run.register_model(model_name="best", model_path="outputs/model", tags={"x": arguments.x}, description="weights")
with open(os.path.join(Model.get_model_path("best", version=model.version), "weights.txt")) as file:
    assert float(file.read()) == score
print("files", run.get_file_names())
"""


class AzuremlSweeps(WorkspaceTest):
    def test_runs_below_a_run_count_no_interval_of_it(self):
        self.write("train.py", FOLDS)
        self.write_hdconfig(
            {"--x": ["choice", [10, 1, 2]]},
            policy={"type": "BanditPolicy", "slack_factor": 0.1, "evaluation_interval": 1, "delay_evaluation": 0},
            concurrent=1,
        )
        run = self.sweep("train.py")
        self.assertEqual(self.statuses(run["runId"]), {"Completed": 1, "Canceled": 2})
        self.assertEqual(run["bestChildRunId"], run["runId"] + "_0")
        best = self.run_hdrive("run", "best", "-r", run["runId"], "-o", "json").json()
        self.assertEqual(best["bestPrimaryMetric"], 10)
        points = self.run_hdrive("run", "metrics", "-r", run["runId"] + "_0", "-o", "json").json()
        counted = {}
        for point in points:
            counted[point["name"]] = counted.get(point["name"], 0) + 1
        # Every epoch makes child runs of its own, told apart by a number.
        self.assertEqual(counted.pop("score"), 3)
        self.assertEqual(counted.pop("parent/score"), 3)
        self.assertEqual(sorted(set(counted.values())), [1])
        self.assertEqual(len([name for name in counted if name.startswith("child/fold")]), 6)

    def test_models_inputs_and_pictures_of_every_child(self):
        self.write("train.py", REGISTER)
        self.write("data/one.txt", "2")
        self.write(".azureml/datasets.json", json.dumps({"numbers": "data"}))
        self.write(".amlignore", "data/\n")
        self.write_hdconfig({"--x": ["choice", [1, 2, 3, 4]]})
        run = self.sweep("train.py")
        self.assertEqual(self.statuses(run["runId"]), {"Completed": 4}, str(self.last))
        self.assertEqual([c["best_primary_metric"] for c in self.children(run["runId"])], [8, 6, 4, 2])
        models = self.run_hdrive("model", "list", "-n", "best", "-o", "json").json()
        self.assertEqual([model["version"] for model in models], [4, 3, 2, 1])
        registered = {model["runId"]: (model["tags"], model["experimentName"]) for model in models}
        self.assertEqual(sorted(registered), ["%s_%d" % (run["runId"], child) for child in range(4)])
        for child in self.children(run["runId"]):
            tags, experiment = registered[child["run_id"]]
            self.assertEqual(float(tags["x"]), child["hyperparameters"]["--x"])
            self.assertEqual(experiment, "exp1")
            self.assertTrue(os.path.exists(os.path.join(self.project, self.work(child["run_id"]), "outputs", "picture.txt")))
            self.assertEqual(self.show(child["run_id"])["tags"].get("kind"), "test")
        best = [model for model in models if model["runId"] == run["bestChildRunId"]][0]
        got = self.run_hdrive("model", "download", "-i", best["modelId"], "-t", self.folder + "/got").json()["path"]
        with open(os.path.join(got, "weights.txt")) as file:
            self.assertEqual(file.read(), "8")


if __name__ == "__main__":
    unittest.main()
