"""What machines do: supervisors that stop, limits, clocks, histories that are locked or gone, engines that die."""
import glob
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

from harness import SCORE, WorkspaceTest, processes_of

ONCE_STUCK = """
import os, time
from azureml.core import Run
Run.get_context().log("score", 1)
if os.getcwd().endswith("/0/work"):
    time.sleep(1000)
"""


class MachineTest(WorkspaceTest):
    def notes(self):
        with sqlite3.connect(os.path.join(self.project, ".hdrive", "history.db")) as database:
            return [payload for payload, in database.execute("SELECT payload FROM event WHERE kind = 'noted'")]

    def supervisors(self):
        return [pid for pid, words in processes_of(self.folder) if "hdrive-supervisor" in words.split(" ")[0]]

    def running(self, run, count=1):
        return lambda: self.statuses(run).get("Running", 0) >= count

    def has_logged(self, run, count=1):
        return lambda: sum(child["best_primary_metric"] is not None for child in self.children(run)) >= count

    def assertWhole(self, run, children, points):
        """Every child completed, in one attempt, with every point it logged, once."""
        self.assertEqual(self.statuses(run), {"Completed": children})
        for child in self.children(run):
            logged = self.run_hdrive("run", "metrics", "-r", child["run_id"], "-o", "json").json()
            self.assertEqual(len([p for p in logged if p["name"] == "score"]), points, child)
            self.assertEqual(os.listdir(os.path.join(self.project, ".hdrive", "runs", child["run_id"])), ["0"])


class HangingSupervisors(MachineTest):
    """Two seconds of silence are enough here; by default it is a minute."""

    def setUp(self):
        super().setUp()
        self.write("train.py", ONCE_STUCK)

    def start(self, **more):
        self.write_hdconfig({"--x": ["choice", [1]]}, **more)
        process = self.start_hdrive(*self.submit_words("train.py"), HDRIVE_SUPERVISOR_PATIENCE="2")
        run = self.wait_for(self.newest_run, process)
        self.wait_for(self.has_logged(run), process)
        return process, run

    def test_is_ended_and_its_run_tried_again(self):
        process, run = self.start(max_retries=1)
        os.kill(self.supervisors()[0], signal.SIGSTOP)
        done = self.finish(process)
        self.assertEqual(done.code, 0, str(done))
        child = run + "_0"
        self.assertEqual(self.show(child)["status"], "Completed")
        self.assertEqual(sorted(os.listdir(os.path.join(self.project, ".hdrive", "runs", child))), ["0", "1"])
        self.assertIn("no sign of life", str(self.notes()))

    def test_without_retries_the_run_is_failed_with_the_reason(self):
        process, run = self.start()
        os.kill(self.supervisors()[0], signal.SIGSTOP)
        self.assertEqual(self.finish(process).code, 1)
        self.assertIn("no sign of life", self.show(run + "_0")["error"]["message"])

    def test_does_not_keep_a_canceled_sweep_from_ending(self):
        process, run = self.start()
        os.kill(self.supervisors()[0], signal.SIGSTOP)
        self.run_hdrive("run", "cancel", "-r", run)
        self.assertEqual(self.finish(process).code, 7)
        self.assertEqual(self.show(run + "_0")["status"], "Canceled")

    def test_met_by_the_next_engine(self):
        process, run = self.start()
        process.kill()
        process.communicate()
        os.kill(self.supervisors()[0], signal.SIGSTOP)
        self.run_hdrive("run", "resume", "-r", run, code=1, HDRIVE_SUPERVISOR_PATIENCE="2")
        self.assertIn("no sign of life", self.show(run + "_0")["error"]["message"])


class Limits(MachineTest):
    def setUp(self):
        super().setUp()
        self.write("train.py", SCORE)
        self.write_runconfig("local", arguments=["--pause", 0.3])

    def run_limited(self, limit, value, user=None):
        def prepare():
            resource.setrlimit(limit, (value, value))
            if user is not None:
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)

        process = subprocess.Popen([self.hdrive] + list(self.submit_words("train.py")), cwd=self.project,
                                   env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, universal_newlines=True, preexec_fn=prepare)
        done = self.finish(process)
        self.assertEqual(done.code, 0, str(done))
        return self.newest_run()

    def test_more_children_than_descriptors(self):
        if os.environ.get("ASAN_OPTIONS"):
            self.skipTest("a sanitizer needs descriptors of its own")
        self.write_hdconfig({"--x": ["choice", list(range(24))]}, concurrent=24)
        run = self.run_limited(resource.RLIMIT_NOFILE, 44)
        self.assertIn("waits to be started", str(self.notes()))
        self.assertWhole(run, 24, 3)

    def test_more_children_than_processes(self):
        if os.geteuid() != 0:
            self.skipTest("needs a user of its own")
        user = 61000 + os.getpid() % 4000
        subprocess.check_call(["chown", "-R", str(user), self.folder])
        reachable = subprocess.call(["setpriv", "--reuid=%d" % user, "--clear-groups", "test", "-x", self.hdrive])
        if reachable != 0 or self.environment().get("ASAN_OPTIONS"):
            self.skipTest("another user cannot run the program, or a sanitizer has threads of its own")
        self.write_hdconfig({"--x": ["choice", list(range(8))]}, concurrent=5)
        run = self.run_limited(resource.RLIMIT_NPROC, 10, user)
        self.assertIn("waits to be started", str(self.notes()))
        self.assertWhole(run, 8, 3)


REAL_TIME = {"LD_PRELOAD": ""}  # Python's sleep does not bear libfaketime


class WallClock(MachineTest):
    """libfaketime sets the wall clock; the monotonic one, as on real machines, goes on."""

    def setUp(self):
        super().setUp()
        found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        if not found or os.environ.get("ASAN_OPTIONS"):
            self.skipTest("needs the package faketime, and no sanitizer")
        self.now = os.path.join(self.folder, "now")
        self.faked = {"LD_PRELOAD": found[0], "FAKETIME_TIMESTAMP_FILE": self.now, "FAKETIME_NO_CACHE": "1",
                      "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
        self.set("+0d")

    def set(self, offset):
        with open(self.now + ".new", "w") as file:
            file.write(offset + "\n")
        os.rename(self.now + ".new", self.now)

    def test_a_day_to_and_fro_ends_nothing(self):
        self.write("train.py", SCORE)
        self.write_runconfig("local", arguments=["--steps", 20, "--pause", 0.1], maxRunDurationSeconds=500,
                             environmentVariables=REAL_TIME)
        self.write_hdconfig({"--x": ["choice", [1, 2, 3, 4]]}, concurrent=2)
        process = self.start_hdrive(*self.submit_words("train.py"), **self.faked)
        run = self.wait_for(self.newest_run, process)
        self.wait_for(self.has_logged(run, 2), process)
        for offset in ("+1d", "-1d", "+0d"):
            self.set(offset)
            time.sleep(0.5)
        done = self.finish(process)
        self.assertEqual(done.code, 0, str(done))
        self.assertWhole(run, 4, 20)

    def test_a_day_back_does_not_lengthen_a_sweep(self):
        self.write("train.py", ONCE_STUCK)
        self.write_runconfig("local", environmentVariables=REAL_TIME)
        self.write("sweep.yml", SHORT_SWEEP % 3)
        process = self.start_hdrive(*self.submit_words(hdconfig="sweep.yml"), **self.faked)
        run = self.wait_for(self.newest_run, process)
        self.set("-1d")
        done = self.finish(process)
        self.assertIn("duration", str(self.show(run)["terminationReason"]), str(done))


SHORT_SWEEP = """
type: sweep
trial: {command: "python train.py", code: .}
sampling_algorithm: grid
search_space: {x: {type: choice, values: [1, 2]}}
objective: {goal: maximize, primary_metric: score}
limits: {max_total_trials: 2, max_concurrent_trials: 2, timeout: %d}
"""


class HistoryInTheWay(MachineTest):
    def setUp(self):
        super().setUp()
        self.write("train.py", SCORE)
        self.write_runconfig("local", arguments=["--steps", 40, "--pause", 0.05])
        self.write_hdconfig({"--x": ["choice", [1, 2, 3, 4]]}, concurrent=2)
        self.database = os.path.join(self.project, ".hdrive", "history.db")

    def test_locked_by_another_program(self):
        process, run = self.start_sweep("train.py")
        self.wait_for(self.has_logged(run, 2), process)
        other = sqlite3.connect(self.database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        time.sleep(13)  # a writer waits ten seconds before it says so
        self.assertIsNone(process.poll())
        other.execute("ROLLBACK")
        other.close()
        done = self.finish(process)
        self.assertEqual(done.code, 0, str(done))
        self.assertIn("another program kept the history", done.err)
        self.assertWhole(run, 4, 40)

    def test_workspace_that_vanishes_and_comes_back(self):
        process, run = self.start_sweep("train.py")
        self.wait_for(self.has_logged(run, 2), process)
        place = os.path.join(self.project, ".hdrive")
        os.rename(place, place + ".gone")
        time.sleep(3)
        self.assertIsNone(process.poll())
        os.rename(place + ".gone", place)
        done = self.finish(process)
        self.assertEqual(done.code, 0, str(done))
        self.assertIn("is not there any more", done.err)
        self.assertIn("can be used again", done.err)
        self.assertWhole(run, 4, 40)

    def test_workspace_that_is_removed_can_be_left_by_interrupts(self):
        self.write_runconfig("local", arguments=["--steps", 100000, "--pause", 0.05])
        process, run = self.start_sweep("train.py")
        self.wait_for(self.has_logged(run, 2), process)
        shutil.rmtree(os.path.join(self.project, ".hdrive"), ignore_errors=True)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        done = self.finish(process)
        self.assertEqual(done.code, 5, str(done))
        self.assertActionable(done, "is not there any more", "E0501")


class Engines(MachineTest):
    def setUp(self):
        super().setUp()
        self.write("train.py", SCORE)
        self.write_runconfig("local", arguments=["--steps", 10, "--pause", 0.1])
        self.write_hdconfig({"--x": ["choice", list(range(6))]}, concurrent=2)

    def kill(self, process):
        process.kill()
        process.communicate()

    def test_a_second_engine_is_refused(self):
        process, run = self.start_sweep("train.py")
        self.wait_for(self.has_logged(run), process)
        self.assertActionable(self.run_hdrive("run", "resume", "-r", run, code=5), str(process.pid))
        self.assertEqual(self.finish(process).code, 0)
        self.assertWhole(run, 6, 10)

    def test_a_closed_terminal_ends_nothing(self):
        process, run = self.start_sweep("train.py")
        self.wait_for(self.has_logged(run), process)
        process.send_signal(signal.SIGHUP)
        process.stderr.close()
        process.stdout.close()
        process.wait()
        self.assertEqual(process.returncode, 0)
        self.assertWhole(run, 6, 10)

    def test_a_pause_outlives_its_engine(self):
        process, run = self.start_sweep("train.py")
        self.wait_for(self.has_logged(run), process)
        self.run_hdrive("run", "pause", "-r", run)
        self.wait_for(lambda: self.show(run)["status"] == "Paused", process)
        self.kill(process)
        second = self.start_hdrive("run", "resume", "-r", run)
        self.wait_for(lambda: set(self.statuses(run)) <= {"Completed", "Queued"}, second)
        self.assertEqual(self.show(run)["status"], "Paused")
        self.kill(second)
        self.run_hdrive("run", "unpause", "-r", run)  # heard by nobody yet
        self.run_hdrive("run", "resume", "-r", run)
        self.assertWhole(run, 6, 10)

    def test_max_duration_goes_on_while_there_is_no_engine(self):
        self.write("sweep.yml", SHORT_SWEEP % 4)
        self.write("train.py", ONCE_STUCK)
        process = self.start_hdrive(*self.submit_words(hdconfig="sweep.yml"))
        run = self.wait_for(self.newest_run, process)
        self.wait_for(self.has_logged(run, 2), process)
        self.kill(process)
        time.sleep(4)
        self.run_hdrive("run", "resume", "-r", run)
        self.assertEqual(self.statuses(run), {"Canceled": 2})
        self.assertIn("duration", str(self.show(run)["terminationReason"]))


if __name__ == "__main__":
    unittest.main()
