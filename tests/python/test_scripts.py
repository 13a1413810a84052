"""Whole training scripts, as strangers wrote them for SDK v1, run unchanged.

They lie in scripts/. Where one needs a framework, scripts/standins has the few calls that it makes.
"""
import json
import os
import shutil
import subprocess
import sys

from support import PACKAGES, ProjectTest

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scripts")


class Scripts(ProjectTest):
    def script(self, name, *arguments, inside=True, code=0, **more):
        """stdout of a script of scripts/, run from a copy in the working directory."""
        shutil.copy(os.path.join(SCRIPTS, name), self.work)
        more["PYTHONPATH"] = os.path.join(SCRIPTS, "standins") + os.pathsep + PACKAGES
        more["PYTHONDONTWRITEBYTECODE"] = "1"
        done = subprocess.run(
            [sys.executable, name] + list(arguments),
            cwd=self.work,
            env=self.environment(inside, **more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            timeout=240,
        )
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.stderr = done.stderr
        return done.stdout

    def metrics_of(self, *words, **more):
        """[(name, value), ...] of all numbers that the script logged."""
        self.script(*words, **more)
        return [pair for record in self.records() if record["t"] == "m" for pair in record["m"].items()]

    def exists(self, *parts):
        return os.path.exists(os.path.join(self.work, *parts))

    def test_sklearn_iris(self):
        found = self.metrics_of("sklearn_iris.py", "--kernel", "rbf", "--penalty", "3.0")
        self.assertEqual(found, [("Penalty", 3.0), ("Accuracy", 0.25)])
        self.assertTrue(self.exists("outputs", "model.joblib"))

    def test_capstone_tabular(self):
        table = self.write("bank.csv", "age,y\n30,yes\n40,no\n50,no\n60,no\n")
        found = self.metrics_of("capstone_tabular.py", "--C", "0.5", "--max_iter", "50", TABLE=table)
        self.assertEqual(found, [("Regularization Strength:", 0.5), ("Max iterations:", 50), ("Accuracy", 0.25)])
        with open(os.path.join(self.project, ".hdrive", "models", "bankmarketing", "1", "model.json")) as file:
            self.assertEqual(json.load(file)["tags"], {"C": "0.5"})

    def test_keras_callback(self):
        found = self.metrics_of("keras_callback.py", "--data-folder", "data", "--batch-size", "50", "--learning-rate", "0.1")
        self.assertEqual([value for name, value in found if name == "Accuracy"], [0, 0.1, 0.2])
        self.assertEqual(found[-1][0], "Final test loss")
        self.assertTrue(self.exists("outputs", "Accuracy vs Loss.png") and self.exists("outputs", "model", "model.json"))

    def test_pytorch_best(self):
        found = self.metrics_of("pytorch_best.py", "--learning_rate", "0.5", "--output_dir", "./outputs")
        self.assertEqual([value for name, value in found if name == "best_val_acc"], [0.5, 0.75, 0.875])
        self.assertEqual([r["s"] for r in self.records() if "val_loss" in r.get("m", {})], [0, 1, 2])
        self.assertTrue(self.exists("outputs", "model.pt"))

    def test_pipeline_train_and_evaluate(self):
        self.write("diabetes/x.csv", "a,b\n1,2\n")
        self.write(".azureml/datasets.json", '{"diabetes": "diabetes/x.csv"}')
        found = self.metrics_of("pipeline_train.py")
        self.assertEqual([name for name, _ in found], ["alpha", "parent/alpha", "mse", "parent/mse"])
        self.assertIn({"t": "tag", "k": "run_type", "v": "train"}, self.records())
        self.assertIn("best 0.2", self.script("evaluate_register.py", "--model_name", "m"))
        self.assertIn("Version: 1", self.script("evaluate_register.py", "--model_name", "m", "--mse", "0.3"))
        out = self.script("evaluate_register.py", "--model_name", "m", "--mse", "0.1")
        self.assertIn("Version: 2", out)
        self.assertIn("best 0.1", out)

    def test_offline_checks_inside_and_outside(self):
        self.assertEqual(self.metrics_of("offline_checks.py"), [("offline", 0)])
        out = self.script("offline_checks.py", inside=False)
        self.assertIn("Attempted to log scalar metric offline:\n1\n", out)

    def test_boosting_callbacks(self):
        found = self.metrics_of("boosting_callbacks.py")
        self.assertEqual([value for name, value in found if name == "auc (valid_0)"], [0.5, 0.6, 0.7])
        self.assertEqual([value for name, value in found if name == "test-rmse"], [3.0, 2.0, 1.0])
        self.assertEqual([value for name, value in found if name == "eval_loss"], [1.0, 0.5, 1.0 / 3])
        self.assertNotIn("text", dict(found))

    def test_shared_submit(self):
        found = self.metrics_of("shared_submit.py", "--lr", "0.5")
        self.assertEqual([pair for pair in found if pair[0] == "accuracy"], [("accuracy", 0.5)])
        self.assertEqual(len(found), 4)
        self.assertTrue(self.exists("outputs", "code", "shared_submit.py") and self.exists("outputs", "cm.json"))
        self.script("shared_submit.py", "--submit", code=1)
        self.assertIn("hdrive run submit-hyperdrive --hyperdrive-configuration-name", self.stderr)

    def test_data_inputs(self):
        for name in ("mnist/train/a.bin", "mnist/train/b.bin", "mnist/test/c.bin"):
            self.write(name, name)
        self.write(".azureml/datasets.json", '{"mnist": "mnist"}')
        self.write(".azureml/datastores.json", '{"blob": "mnist"}')
        found = self.metrics_of("data_inputs.py", "--data-folder", os.path.join(self.project, "mnist"))
        self.assertEqual(found, [("files", 3 + 3 + 2 + 3 + 3 + 2)])

    def test_legacy_2018(self):
        self.assertEqual(self.metrics_of("legacy_2018.py"), [("alpha", 0.1)])
