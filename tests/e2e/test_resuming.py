"""Training scripts that leave checkpoints, die, and go on."""
import json
import os
import shutil
import signal
import sqlite3
import unittest

from harness import WorkspaceTest

# Counts to ten, keeps its place in a checkpoint, and dies at four when it began at zero.
COUNTING = """
import argparse, json, os, signal
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
%s
arguments = parser.parse_args()
folder = %s
step = 0
if folder and os.path.exists(os.path.join(folder, "checkpoint.json")):
    with open(os.path.join(folder, "checkpoint.json")) as file:
        step = json.load(file)["step"]
print("begins at", step, flush=True)
run = Run.get_context()
began = step
while step < 10:
    run.log("score", arguments.x + step)
    step += 1
    with open("outputs/checkpoint.new", "w") as file:
        json.dump({"step": step}, file)
    os.replace("outputs/checkpoint.new", "outputs/checkpoint.json")
    if step == 4 and began == 0:
        os.kill(os.getpid(), signal.SIGKILL)
"""
WITH_ARGUMENT = COUNTING % ('parser.add_argument("--resume-from")', "arguments.resume_from")
WITH_VARIABLE = COUNTING % ("", 'os.environ.get("HDRIVE_RESUME_FROM")')
WITH_OUTPUTS = COUNTING % ("", '"outputs"')

# Scores best near 3.
PARABOLA = """
import argparse
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
x = parser.parse_args().x
Run.get_context().log("score", -(x - 3) ** 2)
"""


class Retries(WorkspaceTest):
    def attempt(self, run_id, attempt, *parts):
        return self.read(".hdrive", "runs", run_id, str(attempt), *parts)

    def check_that_it_goes_on(self, script):
        self.write("train.py", script)
        self.write_hdconfig({"--x": ["choice", [1, 2]]}, concurrent=2, max_retries=1)
        run = self.sweep("train.py")["runId"]
        self.assertEqual(self.statuses(run), {"Completed": 2})
        for child in (run + "_0", run + "_1"):
            self.assertEqual(self.attempt(child, 0, "logs", "stdout.txt"), "begins at 0\n")
            self.assertEqual(self.attempt(child, 1, "logs", "stdout.txt"), "begins at 4\n")
            self.assertEqual(json.loads(self.attempt(child, 0, "work", "outputs", "checkpoint.json")), {"step": 4})
            self.assertEqual(json.loads(self.attempt(child, 1, "work", "outputs", "checkpoint.json")), {"step": 10})
            points = self.run_hdrive("run", "metrics", "-r", child, "--name", "score", "-o", "json").json()
            x = self.show(child)["hyperparameters"]["--x"]
            self.assertEqual([point["value"] for point in points], [x + step for step in range(10)])
            said = " ".join(self.run_hdrive("run", "explain", "-r", child, "-o", "json").json()["explanation"])
            self.assertIn("attempt 0 ended: ", said)
            self.assertIn("attempt 1 was started, to go on from the outputs of attempt 0", said)

    def test_a_script_with_the_argument(self):
        self.check_that_it_goes_on(WITH_ARGUMENT)

    def test_a_strict_script_with_the_variable(self):
        self.check_that_it_goes_on(WITH_VARIABLE)

    def test_a_strict_script_that_looks_into_its_outputs(self):
        self.check_that_it_goes_on(WITH_OUTPUTS)

    def test_an_attempt_that_leaves_nothing_loses_nothing(self):
        self.write("train.py", WITH_VARIABLE.replace("run = Run", """
if step == 4 and not os.path.exists("outputs/second"):
    open("outputs/second", "w").close()
    os.kill(os.getpid(), signal.SIGKILL)
run = Run"""))
        self.write_hdconfig({"--x": ["choice", [1]]}, max_retries=2)
        run = self.sweep("train.py")["runId"]
        self.assertEqual([self.attempt(run + "_0", n, "logs", "stdout.txt") for n in range(3)],
                         ["begins at 0\n", "begins at 4\n", "begins at 4\n"])

    def test_retries_run_out(self):
        self.write("train.py", "import sys; sys.exit('cannot train')")
        self.write_hdconfig({"--x": ["choice", [1]]}, max_retries=1)
        self.sweep("train.py", code=1)
        run = self.newest_run()
        self.assertEqual(self.statuses(run), {"Failed": 1})
        explained = self.run_hdrive("run", "explain", "-r", run + "_0", "-o", "json").json()
        self.assertEqual([attempt["code"] for attempt in explained["attempts"]], [1, 1])

    def test_the_engine_killed_while_a_retry_waits(self):
        self.write("train.py", WITH_ARGUMENT)
        self.write_hdconfig({"--x": ["choice", [1]]}, max_retries=1)
        process, run = self.start_sweep("train.py")
        self.wait_for(lambda: "attempt 0 ended" in self.run_hdrive("run", "explain", "-r", run + "_0", "-o", "json").out
                      if self.children(run) else False)
        process.send_signal(signal.SIGKILL)
        self.finish(process)
        if self.show(run)["status"] != "Completed":
            self.run_hdrive("run", "resume", "-r", run)
        self.assertEqual(self.attempt(run + "_0", 1, "logs", "stdout.txt"), "begins at 4\n")
        self.assertEqual(self.statuses(run), {"Completed": 1})


class WarmStart(WorkspaceTest):
    def values(self, run):
        return [child["hyperparameters"]["--x"] for child in self.children(run)]

    def earlier(self, space):
        self.write("train.py", PARABOLA)
        self.write_hdconfig(space)
        return self.sweep("train.py")["runId"]

    def submit(self, sampling, space, total, *words, **more):
        document = {"type": sampling, "parameter_space": [
            {"name": key, "expression": value[0], "values": value[1]} for key, value in space.items()]}
        if sampling != "grid":
            document["seed"] = 5
        self.write_hdconfig({}, sampling=document, total=total, concurrent=2, **more)
        return self.sweep(*words, "train.py")["runId"]

    def test_random_and_grid_sampling_try_nothing_again(self):
        old = self.earlier({"--x": ["choice", [1, 2, 3]]})
        for sampling in ("random", "grid"):
            run = self.submit(sampling, {"--x": ["choice", [1, 2, 3, 4, 5, 6]]}, 10, resume_from=[old])
            self.assertEqual(sorted(self.values(run)), [4, 5, 6])

    def test_bayesian_sampling_begins_where_the_other_stopped(self):
        old = self.earlier({"--x": ["quniform", [0, 10, 1]]})
        run = self.submit("bayesian", {"--x": ["uniform", [-5, 15]]}, 2, "--resume-from", old)
        self.assertEqual(len(self.values(run)), 2)
        for x in self.values(run):
            self.assertAlmostEqual(x, 3, delta=1)
        self.assertEqual(self.show(run)["warmStart"]["resumeFrom"], [{"runId": old, "results": 11, "leftOut": []}])

    def test_what_becomes_of_the_earlier_run_changes_nothing(self):
        old = self.earlier({"--x": ["choice", [1, 2, 3]]})
        space = {"--x": ["quniform", [0, 10, 1]]}
        unharmed = self.submit("bayesian", space, 5, "--resume-from", old)
        self.write("slow.py", PARABOLA + "import time; time.sleep(0.5)\n")
        process, _ = self.start_sweep("--resume-from", old, "slow.py")
        self.wait_for(lambda: self.newest_run() != unharmed and self.children(self.newest_run()))
        process.send_signal(signal.SIGKILL)
        self.finish(process)
        run = self.newest_run()
        with sqlite3.connect(os.path.join(self.project, ".hdrive", "history.db")) as database:
            database.execute("DELETE FROM event WHERE parent = (SELECT id FROM run WHERE run_id = ?)", (old,))
        for child in range(3):
            shutil.rmtree(os.path.join(self.project, ".hdrive", "runs", "%s_%d" % (old, child)))
        self.run_hdrive("run", "resume", "-r", run)
        self.assertEqual(len(self.values(run)), 5)
        self.assertFalse(set(self.values(run)) & {1, 2, 3})
        self.assertFalse(set(self.values(unharmed)) & {1, 2, 3})

    def test_resumed_child_runs_go_on_from_their_checkpoints(self):
        self.write("train.py", WITH_ARGUMENT)
        self.write_hdconfig({"--x": ["choice", [1, 2]]})
        self.sweep("--keep-going", "train.py", code=1)
        old = self.newest_run()
        self.assertEqual(self.statuses(old), {"Failed": 2})
        run = self.submit("grid", {"--x": ["choice", [1, 2]]}, 2, "--resume-child-runs", "%s_1,%s_0" % (old, old))
        self.assertEqual(self.statuses(run), {"Completed": 2})
        self.assertEqual(self.show(run + "_0")["hyperparameters"], {"--x": 2})
        for child in (run + "_0", run + "_1"):
            self.assertEqual(self.read(".hdrive", "runs", child, "0", "logs", "stdout.txt"), "begins at 4\n")

    def test_a_resumed_child_run_that_fails_is_retried_from_what_it_had(self):
        self.write("train.py", WITH_ARGUMENT)
        self.write_hdconfig({"--x": ["choice", [1]]})
        self.sweep("train.py", code=1)
        old = self.newest_run()
        self.write("train.py", WITH_ARGUMENT.replace("run = Run", """
if not os.path.exists("outputs/second"):
    open("outputs/second", "w").close()
    os.kill(os.getpid(), signal.SIGKILL)
run = Run"""))
        run = self.submit("grid", {"--x": ["choice", [1]]}, 1, "--resume-child-runs", old + "_0", max_retries=1)
        self.assertEqual([self.read(".hdrive", "runs", run + "_0", n, "logs", "stdout.txt") for n in "01"],
                         ["begins at 4\n", "begins at 4\n"])


if __name__ == "__main__":
    unittest.main()
