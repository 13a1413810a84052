"""The examples do what their first lines say."""
import os
import shutil
import subprocess
import unittest

from harness import LIMIT, ROOT, WorkspaceTest


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

    def call(self, *words):
        """What a loop of its own prints, with hdrive on its PATH."""
        program = os.path.join(self.bin, "hdrive")
        if not os.path.exists(program):
            os.symlink(self.hdrive, program)
        done = subprocess.run(words, cwd=self.project, env=self.environment(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, timeout=LIMIT)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.splitlines()

    def test_python_tunes_in_a_loop_of_its_own(self):
        if subprocess.call([os.path.join(self.bin, "python"), "-c", "import sklearn"], stderr=subprocess.DEVNULL):
            self.skipTest("no scikit-learn for this Python")
        self.copy("ask_tell")
        lines = self.call("python", "tune.py", "8")
        self.assertEqual([line.split(":")[0] for line in lines], ["trial %d" % n for n in range(8)] + ["best"])
        values = [float(line.split()[2]) for line in lines[:-1]]
        best = float(lines[-1].split()[1])
        self.assertGreaterEqual(best, max(values))
        self.assertGreater(best, 0.93)
        # In two halves, kept in a file, it goes on counting.
        first = self.call("python", "tune.py", "2", "loop.state")
        second = self.call("python", "tune.py", "2", "loop.state")
        self.assertEqual([line.split(":")[0] for line in first[:2] + second[:2]], ["trial %d" % n for n in range(4)])

    def test_shell_tunes_in_a_loop_of_its_own(self):
        self.copy("ask_tell_shell")
        lines = self.call("./tune.sh")
        sizes = [int(line.split()[-2]) for line in lines[:-1]]
        self.assertEqual(len(sizes), 12)
        self.assertEqual(int(lines[-1].split()[1]), min(sizes))


if __name__ == "__main__":
    unittest.main()
