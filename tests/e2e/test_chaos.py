"""Kill anything at any instant, resume, by `run resume` or the same line again, and find the sweep whole.

HDRIVE_CHAOS_ROUNDS says how many rounds there are (20), HDRIVE_CHAOS_SEED where they begin (1). Each
round is a test of its own and does the same again for the same number, but for the timing.
"""
import os
import random
import signal
import sqlite3
import time
import unittest

import history_checker
from harness import WorkspaceTest, processes_of

TOTAL, CONCURRENT, VALUES = 6, 3, 8

TRAIN = """
import argparse, os, time
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
parser.add_argument("--resume-from")
arguments = parser.parse_args()
ledger = os.open(os.environ["LEDGER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
def note(word, *more):
    words = [word, os.environ["HDRIVE_RUN_ID"], os.environ["HDRIVE_ATTEMPT"]] + [repr(m) for m in more]
    os.write(ledger, (" ".join(words) + "\\n").encode())
note("began")
run = Run.get_context()
for step in range(%d):
    value = arguments.x + step
    run.log("score", value)
    note("logged", value)
    time.sleep(0.04)
note("ended")
""" % VALUES

# Fault points of the engine, with how often each is passed in a sweep like this, and of supervisors,
# which die for one child run.
ENGINE_FAULTS = {"before_append": 25, "after_append": 25, "carried_out": 60, "attempt_prepared": TOTAL,
                 "supervisor_started": TOTAL}
SUPERVISOR_FAULTS = ["claimed", "copied", "script_started", "script_ended", "end_told", "end_recorded"]


class SmallSweep(WorkspaceTest):
    def setUp(self):
        super().setUp()
        self.ledger = os.path.join(self.folder, "ledger")
        self.write("train.py", TRAIN)
        self.write_environment()

    def write_environment(self, **more):
        self.write_runconfig("local", environmentVariables=dict(more, LEDGER=self.ledger))


class Chaos(SmallSweep):
    def round(self, seed):
        chance = random.Random(seed)
        sampling = {"type": "random", "seed": seed,
                    "parameter_space": [{"name": "--x", "expression": "uniform", "values": [0, 1]}]}
        policy = chance.choice([None, {"type": "BanditPolicy", "slack_amount": 0.3, "delay_evaluation": 3}])
        retries = chance.choice([0, 1])
        self.write_hdconfig({}, sampling=sampling, policy=policy, total=TOTAL, concurrent=CONCURRENT, max_retries=retries)
        told = ["retries %d, policy %s" % (retries, policy and policy["type"])]

        fault = self.fault(chance) if chance.random() < 0.6 else None
        engine_fault = {}
        if fault and fault.split(":")[0] in SUPERVISOR_FAULTS:
            # Nothing of the engine's own HDRIVE_ variables reaches supervisors.
            self.write_environment(HDRIVE_FAULT=fault)
        elif fault:
            engine_fault = {"HDRIVE_FAULT": fault}
        process = self.start_hdrive(*self.submit_words("--keep-going", "train.py"), **engine_fault)
        told.append("fault point %s" % fault)
        for _ in range(chance.randrange(0 if fault else 1, 4)):
            time.sleep(chance.uniform(0, 0.5))
            told.append(self.kill(chance, process))
        self.finish(process)
        run = self.newest_run()
        if run is None:  # the engine died before the parent run was in the history
            self.assertTrue(fault or "engine" in told, told)
            self.finish(self.start_hdrive(*self.submit_words("--keep-going", "train.py")))
            run = self.newest_run()
        again = ["run", "resume", "-r", run] if seed % 2 else self.submit_words("--resume", "--keep-going", "train.py")
        self.resume(chance, run, again, told)
        self.assertEqual(self.newest_run(), run, told)
        self.wait_for(lambda: not processes_of(self.folder))
        with open(self.ledger) as file:
            ledger = file.read().splitlines()
        found = history_checker.check(self.project, run, TOTAL, CONCURRENT, ledger, VALUES)
        self.assertEqual(found, [], "\n".join(["seed %d" % seed] + told))
        self.run_hdrive("doctor", "--history")  # the program's own check agrees
        self.assert_same_configurations(run, sampling)

    def fault(self, chance):
        if chance.random() < 0.5:
            name = chance.choice(sorted(ENGINE_FAULTS))
            return "%s:%d" % (name, chance.randint(1, ENGINE_FAULTS[name]))
        return "%s:%d" % (chance.choice(SUPERVISOR_FAULTS), chance.randint(1, TOTAL))

    def kill(self, chance, process):
        whom = chance.choice(["engine", "supervisor", "script"])
        if whom == "engine":
            process.kill()
            return "engine"
        found = [(pid, words) for pid, words in processes_of(self.folder)
                 if ("hdrive-supervisor" in words) == (whom == "supervisor") and pid != process.pid
                 and ("train.py" in words or whom == "supervisor") and "submit-hyperdrive" not in words
                 and " resume " not in words]
        if not found:
            return "no %s there to kill" % whom
        pid, words = chance.choice(sorted(found))
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        return "%s %s" % (whom, words)

    def resume(self, chance, run, again, told):
        for attempt in range(10):
            if self.show(run)["status"] in history_checker.TERMINAL:
                return
            process = self.start_hdrive(*again)
            if attempt < 2 and chance.random() < 0.4:
                time.sleep(chance.uniform(0, 0.6))
                told.append("resumed, " + self.kill(chance, process))
            done = self.finish(process)
            told.append("resume ended with %d: %s" % (done.code, done.err[-300:]))
        self.fail("never ends:\n" + "\n".join(told))

    def assert_same_configurations(self, run, sampling):
        """Under random sampling a child's configuration depends on the seed and its number alone."""
        harmed = {child["run_id"]: child["hyperparameters"] for child in self.children(run)}
        self.write_environment()
        self.write_hdconfig({}, sampling=sampling, total=TOTAL, concurrent=TOTAL)
        self.write("train.py", "from azureml.core import Run; Run.get_context().log('score', 1)")
        unharmed = self.sweep("train.py")["runId"]
        for child in self.children(unharmed):
            self.assertEqual(harmed[run + child["run_id"][len(unharmed):]], child["hyperparameters"])


class FaultPoints(SmallSweep):
    """Each named fault point is passed, and kills."""

    def test_of_supervisors(self):
        for name in SUPERVISOR_FAULTS:
            with self.subTest(name):
                self.write_environment(HDRIVE_FAULT=name + ":1")
                self.write_hdconfig({"--x": ["choice", [1]]})
                code = 0 if name in ("end_told", "end_recorded") else 1
                run = self.sweep("train.py", code=code)["runId"]
                # Killed before it has told the end, the run is lost; after it, the end stands.
                self.assertEqual(self.show(run + "_0")["status"], "Failed" if code else "Completed")
                self.wait_for(lambda: not processes_of(self.folder))

    def test_of_engines(self):
        for name in ENGINE_FAULTS:
            with self.subTest(name):
                self.write_hdconfig({"--x": ["choice", [1]]})
                done = self.finish(self.start_hdrive(*self.submit_words("train.py"), HDRIVE_FAULT=name + ":1"))
                self.assertEqual(done.code, -signal.SIGKILL, str(done))
                self.run_hdrive("run", "resume", "-r", self.newest_run())


class Checker(SmallSweep):
    """The checker sees harm where there is some."""

    def setUp(self):
        super().setUp()
        self.write_hdconfig({"--x": ["choice", [1, 2, 3]]}, concurrent=2)
        self.parent = self.sweep("train.py")["runId"]
        self.wait_for(lambda: not processes_of(self.folder))
        with open(self.ledger) as file:
            self.lines = file.read().splitlines()

    def found(self, lines=None, *statements):
        with sqlite3.connect(os.path.join(self.project, ".hdrive", "history.db")) as database:
            for statement in statements:
                self.assertGreater(database.execute(statement).rowcount, 0, statement)
        return history_checker.check(self.project, self.parent, 3, 2, lines or self.lines, VALUES)

    def test_a_whole_sweep_is_whole(self):
        self.assertEqual(self.found(), [])

    def test_a_lost_value(self):
        self.assertIn("gaps", str(self.found(None, "DELETE FROM metric WHERE sequence = 4 AND run = 2")))

    def test_an_altered_value(self):
        self.assertIn("the script logged", str(self.found(None, "UPDATE metric SET value = 7 WHERE sequence = 4")))

    def test_a_child_without_an_end(self):
        found = str(self.found(None, "DELETE FROM event WHERE kind = 'child_ended' AND child = 1"))
        self.assertIn("[1] have no end", found)

    def test_a_projection_that_says_something_else(self):
        self.assertIn("child 2 is Failed", str(self.found(None, "UPDATE run SET status = 'Failed' WHERE child = 2")))

    def test_an_attempt_that_ran_twice(self):
        self.assertIn("ran 2 times", str(self.found(self.lines + [l for l in self.lines if l.startswith("began")][:1])))

    def test_an_attempt_nobody_knows(self):
        self.assertIn("knows nothing", str(self.found(self.lines + ["began %s_9 0123" % self.parent])))


def add_rounds():
    first = int(os.environ.get("HDRIVE_CHAOS_SEED", 1))
    for seed in range(first, first + int(os.environ.get("HDRIVE_CHAOS_ROUNDS", 20))):
        setattr(Chaos, "test_round_%03d" % seed, lambda self, seed=seed: self.round(seed))


add_rounds()

if __name__ == "__main__":
    unittest.main()
