"""The examples do what their first lines say."""
import os
import shutil
import subprocess
import unittest

from harness import ROOT, WorkspaceTest


class Examples(WorkspaceTest):
    attach = False

    def copy(self, name):
        shutil.rmtree(self.project)
        shutil.copytree(os.path.join(ROOT, "examples", name), self.project,
                        ignore=shutil.ignore_patterns(".hdrive", "outputs", "__pycache__"))

    def test_digits_prunes_and_finds_a_good_network(self):
        if subprocess.call([os.path.join(self.bin, "python"), "-c", "import sklearn"], stderr=subprocess.DEVNULL):
            self.skipTest("no scikit-learn for this Python")
        self.copy("digits")
        run = self.sweep("train.py", runconfig="digits")
        counts = self.statuses(run["runId"])
        self.assertEqual(sum(counts.values()), 24)
        self.assertEqual(set(counts), {"Completed", "Canceled"})
        self.assertGreaterEqual(counts["Canceled"], 3)
        best = self.children(run["runId"])[0]
        self.assertGreater(best["best_primary_metric"], 0.95)
        model = os.path.join(self.project, self.work(best["run_id"]), "outputs", "model.joblib")
        self.assertTrue(os.path.isfile(model))

    def test_shell_script_is_tuned(self):
        self.copy("shell")
        run = self.sweep(runconfig="shell")
        best = self.children(run["runId"])[0]
        self.assertEqual(best["hyperparameters"], {"--rate": 0.016, "--momentum": 0.5})
        self.assertAlmostEqual(best["best_primary_metric"], 0.178, places=2)
        self.assertIn("Canceled", self.statuses(run["runId"]))


if __name__ == "__main__":
    unittest.main()
