"""One line that is repeated until the sweep is over, its engine killed each time: as a batch system would requeue it."""
import os
import unittest

import history_checker
from harness import processes_of
from test_chaos import CONCURRENT, TOTAL, TRAIN, VALUES, SmallSweep


class Repeated(SmallSweep):
    SAMPLING = {"type": "random", "seed": 5, "parameter_space": [{"name": "--x", "expression": "uniform", "values": [0, 1]}]}

    def line(self, *more):
        return self.start_hdrive(*self.submit_words("--resume", *more, "train.py"))

    def ended(self, run):
        return sum(child["status"] == "Completed" for child in self.children(run)) if run else 0

    def test_a_line_killed_again_and_again_ends_one_whole_sweep(self):
        self.write_hdconfig({}, sampling=self.SAMPLING, total=TOTAL, concurrent=CONCURRENT)
        # However slow this test is, the sweep is not over before the last line.
        hold = os.path.join(self.folder, "hold")
        open(hold, "w").close()
        self.write("train.py", TRAIN + """
number = int(os.environ["AZUREML_RUN_ID"].rsplit("_", 1)[1])
while number >= 4 and os.path.exists(%r):
    time.sleep(0.02)
""" % hold)
        for most in (0, 1, 3):  # of six child runs, three at a time
            process = self.line()
            self.wait_for(lambda: self.newest_run() and self.ended(self.newest_run()) >= most, process)
            process.kill()
            self.finish(process)
        run = self.newest_run()
        os.remove(hold)
        done = self.finish(self.line())
        self.assertEqual(done.code, 0, str(done))
        self.assertIn("going on with " + run, done.err)
        over = self.finish(self.line())
        self.assertEqual(over.code, 0, str(over))
        self.assertIn("nothing is left to do", over.err)
        self.assertEqual(over.json()["runId"], run)
        self.assertEqual([one["runId"] for one in self.run_hdrive("run", "list", "-o", "json").json()], [run])
        self.wait_for(lambda: not processes_of(self.folder))
        with open(self.ledger) as file:
            ledger = file.read().splitlines()
        self.assertEqual(history_checker.check(self.project, run, TOTAL, CONCURRENT, ledger, VALUES), [])


if __name__ == "__main__":
    unittest.main()
