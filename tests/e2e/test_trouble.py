"""Children that fail, users that interrupt, engines that die."""
import os
import signal
import time
import unittest

from harness import SCORE, WorkspaceTest, processes_of

FOREVER = """
import signal, subprocess, sys, time
from azureml.core import Run
run = Run.get_context()
subprocess.Popen(["setsid", "sleep", "1000"])
if "--stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
step = 0
while True:
    run.log("score", step)
    step += 1
    time.sleep(0.02)
"""


class Failures(WorkspaceTest):
    def test_first_failures_stop_the_sweep(self):
        self.write("train.py", "import sys; sys.exit('cannot open the data')")
        self.write_hdconfig({"--x": ["choice", list(range(20))]}, concurrent=1)
        run = self.sweep("train.py", code=1)
        counts = self.statuses(run["runId"])
        self.assertEqual(run["status"], "Failed")
        self.assertLessEqual(counts["Failed"], 5)
        self.assertIn("cannot open the data", self.last.err)

    def test_keep_going_tries_all(self):
        self.write("train.py", "raise SystemExit(3)")
        self.write_hdconfig({"--x": ["choice", list(range(7))]})
        run = self.sweep("--keep-going", "train.py", code=1)
        self.assertEqual(self.statuses(run["runId"]), {"Failed": 7})

    def test_some_failures_do_not_fail_the_sweep(self):
        self.write("train.py", SCORE + "\nif arguments.x == 1: raise ValueError('one is bad')\n")
        self.write_hdconfig({"--x": ["choice", [3, 2, 1]]}, concurrent=1)
        run = self.sweep("train.py")
        self.assertEqual(self.statuses(run["runId"]), {"Completed": 2, "Failed": 1})
        failed = self.show(run["runId"] + "_2")
        self.assertIn("1", failed["error"]["message"])
        self.assertIn("one is bad", self.run_hdrive("run", "explain", "-r", failed["runId"]).out)

    def test_no_primary_metric_is_a_failed_sweep_and_names_what_was_logged(self):
        self.write("train.py", "from azureml.core import Run; Run.get_context().log('Score', 1)")
        self.write_hdconfig({"--x": ["choice", [1, 2]]})
        self.sweep("train.py", code=1)
        self.assertIn("Score", self.last.err)
        self.assertIn("score", self.last.err)

    def test_time_limit_of_a_child(self):
        self.write("train.py", FOREVER)
        self.write_runconfig("limited", maxRunDurationSeconds=1)
        self.write_hdconfig({"--x": ["choice", [1]]})
        run = self.sweep("train.py", runconfig="limited")
        self.assertNotEqual(self.show(run["runId"] + "_0")["status"], "Completed")
        self.assertIn("limit", self.run_hdrive("run", "explain", "-r", run["runId"] + "_0").out)

    def test_killed_script_is_failed_with_the_signal(self):
        self.write("train.py", SCORE + "\nimport os\nif arguments.x == 1: os.kill(os.getpid(), 9)\n")
        self.write_hdconfig({"--x": ["choice", [1, 2]]})
        run = self.sweep("train.py")
        self.assertIn("9", self.show(run["runId"] + "_0")["error"]["message"])

    def test_output_is_kept_byte_for_byte(self):
        self.write("train.py", "import sys; sys.stdout.buffer.write(bytes(range(256)) * 100 + b'no newline')")
        self.write_hdconfig({"--x": ["choice", [1]]})
        run = self.sweep("train.py", code=1)
        path = os.path.join(self.project, ".hdrive", "runs", run["runId"] + "_0", "0", "logs", "stdout.txt")
        with open(path, "rb") as file:
            self.assertEqual(file.read(), bytes(range(256)) * 100 + b"no newline")

    def test_one_gigabyte_in_one_line(self):
        if os.statvfs(self.folder).f_bavail * os.statvfs(self.folder).f_frsize < 3 << 30:
            self.skipTest("less than 3 GB free")
        self.write(
            "train.py",
            """
            import os
            from azureml.core import Run
            block = b"x" * (1 << 20)
            for _ in range(1024):
                os.write(1, block)
            os.write(1, b"\\nprinted: 7\\n")
            Run.get_context().log("score", 1)
            """,
        )
        self.write_hdconfig({"--x": ["choice", [1]]})
        run = self.sweep("train.py")
        path = os.path.join(self.project, ".hdrive", "runs", run["runId"] + "_0", "0", "logs", "stdout.txt")
        self.assertEqual(os.path.getsize(path), (1 << 30) + len("\nprinted: 7\n"))
        child = run["runId"] + "_0"
        points = self.run_hdrive("run", "metrics", "-r", child, "-o", "json").json()
        self.assertEqual({point["name"]: point["value"] for point in points}, {"printed": 7, "score": 1})


class Interrupts(WorkspaceTest):
    def setUp(self):
        super().setUp()
        self.write("train.py", FOREVER)
        self.write_hdconfig({"--x": ["choice", list(range(10))]}, concurrent=2)

    def running(self, run, count):
        return lambda: self.statuses(run).get("Running", 0) >= count

    def assertNothingRuns(self, run):
        """The promise is that nothing is left once the children are terminal."""
        left = [line for pid, line in processes_of(self.folder) if "sleep" in line or "train.py" in line]
        self.assertEqual(left, [], "after the end of %s" % run)

    def test_interrupt_cancels_and_exits_130(self):
        process, run = self.start_sweep("train.py")
        self.wait_for(self.running(run, 2), process)
        process.send_signal(signal.SIGINT)
        done = self.finish(process)
        self.assertEqual(done.code, 130, str(done))
        self.assertNothingRuns(run)
        self.assertEqual(self.show(run)["status"], "Canceled")
        # Configurations asked for ahead of time are cancelled with the rest, but never started.
        self.assertEqual(set(self.statuses(run)), {"Canceled"})
        attempts = [name for name in os.listdir(os.path.join(self.project, ".hdrive", "runs"))
                    if os.path.isdir(os.path.join(self.project, ".hdrive", "runs", name, "0"))]
        self.assertEqual(sorted(attempts), [run + "_0", run + "_1"])

    def test_second_interrupt_does_not_wait_for_stubborn_scripts(self):
        self.write_runconfig("local", arguments=["--stubborn"])
        process, run = self.start_sweep("train.py")
        # A script that has logged something has become stubborn before.
        self.wait_for(
            lambda: sum(child["best_primary_metric"] is not None for child in self.children(run)) >= 2, process)
        process.send_signal(signal.SIGINT)
        self.wait_for(lambda: self.show(run)["status"] == "CancelRequested", process)
        process.send_signal(signal.SIGINT)
        self.assertEqual(self.finish(process).code, 130)
        self.assertNothingRuns(run)

    def test_cancel_from_elsewhere_leaves_no_process(self):
        process, run = self.start_sweep("train.py")
        self.wait_for(self.running(run, 2), process)
        self.run_hdrive("run", "cancel", "-r", run)
        done = self.finish(process)
        self.assertEqual(done.code, 7, str(done))
        self.assertNothingRuns(run)
        self.assertEqual(self.show(run)["status"], "Canceled")

    def test_cancel_of_one_child_lets_the_others_go_on(self):
        process, run = self.start_sweep("train.py")
        self.wait_for(self.running(run, 2), process)
        self.run_hdrive("run", "cancel", "-r", run + "_0")
        self.wait_for(lambda: self.show(run + "_0")["status"] == "Canceled", process)
        self.wait_for(self.running(run, 2), process)
        self.run_hdrive("run", "cancel", "-r", run)
        self.finish(process)

    def test_max_duration_ends_the_sweep(self):
        self.write_hdconfig({"--x": ["choice", [1, 2]]}, max_duration_minutes=1)
        # One minute is the shortest the file can say; the v2 form has seconds.
        self.write(
            "sweep.yml",
            """
            type: sweep
            trial: {command: "python train.py", code: .}
            sampling_algorithm: grid
            search_space: {x: {type: choice, values: [1, 2]}}
            objective: {goal: maximize, primary_metric: score}
            limits: {max_total_trials: 2, max_concurrent_trials: 2, timeout: 2}
            """,
        )
        run = self.sweep(hdconfig="sweep.yml")
        self.assertEqual(self.statuses(run["runId"]), {"Canceled": 2})
        self.assertIn("duration", str(run["terminationReason"]))


class Resume(WorkspaceTest):
    def setUp(self):
        super().setUp()
        self.write("train.py", SCORE)
        self.write_runconfig("local", arguments=["--steps", 10, "--pause", 0.1])
        self.write_hdconfig({"--x": ["choice", list(range(8))]}, concurrent=2)

    def test_engine_killed_and_resumed_loses_and_repeats_nothing(self):
        process, run = self.start_sweep("train.py")
        self.wait_for(lambda: self.statuses(run).get("Completed", 0) >= 1, process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        time.sleep(0.5)
        self.run_hdrive("run", "resume", "-r", run)
        children = self.children(run)
        self.assertEqual(self.show(run)["status"], "Completed")
        self.assertEqual(sorted(c["hyperparameters"]["--x"] for c in children), list(range(8)))
        self.assertEqual([c["status"] for c in children], ["Completed"] * 8)
        for child in children:
            points = self.run_hdrive("run", "metrics", "-r", child["run_id"], "-o", "json").json()
            self.assertEqual(len([p for p in points if p["name"] == "score"]), 10, child)
            attempts = os.listdir(os.path.join(self.project, ".hdrive", "runs", child["run_id"]))
            self.assertEqual(attempts, ["0"])

    def test_pause_starts_nothing_new_and_unpause_goes_on(self):
        process, run = self.start_sweep("train.py")
        self.wait_for(lambda: self.children(run), process)
        self.run_hdrive("run", "pause", "-r", run)
        self.wait_for(lambda: "Running" not in self.statuses(run) and "Starting" not in self.statuses(run), process)
        before = len(self.children(run))
        self.assertLess(before, 8)
        time.sleep(0.5)
        self.assertEqual(len(self.children(run)), before)
        self.run_hdrive("run", "unpause", "-r", run)
        done = self.finish(process)
        self.assertEqual(done.code, 0, str(done))
        self.assertEqual(self.statuses(run), {"Completed": 8})

    def test_a_finished_run_is_not_run_again(self):
        run = self.sweep("train.py")["runId"]
        self.assertActionable(self.run_hdrive("run", "resume", "-r", run, code=2), "Completed")
        self.assertEqual(self.statuses(run), {"Completed": 8})


if __name__ == "__main__":
    unittest.main()
