"""What `run explain` and `run importance` tell of a sweep under Bayesian sampling."""
import os
import pty
import subprocess
import unittest

from program import PROGRAM, ProgramTest

HDCONFIG = """\
    sampling:
      type: bayesian
      seed: 5
      parameter_space:
        - {name: --lr, expression: uniform, values: [0, 1]}
        - {name: --decay, expression: loguniform, values: [-9, -2]}
        - {name: --kind, expression: choice, values: [plain, fancy]}
    policy: {type: NoTerminationPolicy}
    primary_metric_name: loss
    primary_metric_goal: minimize
    max_total_runs: %d
    max_concurrent_runs: 2
    """


class Insight(ProgramTest):
    RUNS = 14

    def setUp(self):
        super().setUp()
        self.write("hdconfig.yml", HDCONFIG % self.RUNS)
        self.id = self.sweep()["runId"]

    def test_an_explanation_holds_what_the_model_said(self):
        proposed = self.json("run", "explain", "-r", self.id + "_13")["proposed"]
        details = proposed["details"]
        self.assertEqual(details["source"], "model")
        self.assertRegex(proposed["reason"], r"^model of %d results.*: expects .* against .*, log expected improvement "
                         % details["results"])
        self.assertLessEqual(details["low"], details["mean"])
        self.assertLessEqual(details["mean"], details["high"])
        self.assertGreater(details["standardDeviation"], 0)
        self.assertEqual(details["acquisition"]["name"], "logExpectedImprovement")
        scales = {scale["name"]: scale for scale in details["lengthScales"]}
        self.assertEqual({name: scale["unit"] for name, scale in scales.items()},
                         {"--lr": "own", "--decay": "factor", "--kind": "label"})
        across = [scale["correlationAcross"] for scale in details["lengthScales"]]
        self.assertEqual(across, sorted(across))
        self.assertEqual(details["lengthScales"][0]["name"], "--lr")

    def test_the_model_knew_of_every_earlier_child_run(self):
        for child in range(self.RUNS):
            proposed = self.json("run", "explain", "-r", "%s_%d" % (self.id, child))["proposed"]
            details, pending = proposed["details"], proposed["pending"]
            self.assertIn(details["source"], ("startUp", "model") if child < 13 else ("model",))
            if details["source"] == "startUp":
                continue
            # Two run at once, and two may have been asked for at once.
            unfinished = pending["running"] + pending["queued"]
            self.assertEqual(details["results"] + len(unfinished), child)
            self.assertEqual(len(unfinished), details["running"], (child, proposed))
            self.assertTrue(all(other < child for other in unfinished), unfinished)

    def test_an_explanation_in_words_names_every_parameter_and_who_was_running(self):
        first = self.json("run", "explain", "-r", self.id + "_0")
        self.assertEqual(first["proposed"]["details"], {"source": "startUp", "point": "the center of the space"})
        self.assertIn("no child run was running then", "\n".join(first["explanation"]))
        words = "\n".join(self.json("run", "explain", "-r", self.id + "_13")["explanation"])
        for name in ("--lr", "--decay", "--kind"):
            self.assertIn(name, words)
        self.assertRegex(words, r"running then: \d+")

    def test_importance_finds_the_parameter_that_matters(self):
        found = self.json("run", "importance", "-r", self.id)
        self.assertEqual([p["name"] for p in found["parameters"]][0], "--lr")
        # Two run at once, so which configurations there are depends on which ends first.
        self.assertGreater(found["parameters"][0]["total"], 0.5)
        self.assertEqual((found["results"], found["otherRuns"], found["pendingRuns"]), (self.RUNS, 0, 0))
        self.assertGreater(found["model"]["rankCorrelation"], 0)
        self.assertEqual(bool(found["warnings"]), found["model"]["explainedVariance"] < 0.3)
        self.assertEqual(self.json("run", "importance", "-r", self.id), found)
        rows = self.hdrive("run", "importance", "-r", self.id, "-o", "tsv").stdout.splitlines()
        self.assertEqual([row.split("\t")[0] for row in rows], [p["name"] for p in found["parameters"]])
        table = self.hdrive("run", "importance", "-r", self.id, "-o", "table", "-t", "all.json").stdout.splitlines()
        self.assertEqual(table[0].split()[:3], ["Name", "Total", "TotalLow"])

    def on_terminal(self, *words):
        """What a command prints to a terminal."""
        reader, writer = pty.openpty()
        with os.fdopen(writer, "wb") as terminal:
            subprocess.run([PROGRAM, *words], cwd=self.folder, stdout=terminal, env=self.environment(), check=True)
        text = b""
        try:
            while chunk := os.read(reader, 65536):
                text += chunk
        except OSError:  # how Linux says that nobody writes any more
            pass
        os.close(reader)
        return text.decode().replace("\r\n", "\n")

    def test_a_terminal_gets_words(self):
        lines = self.on_terminal("run", "importance", "-r", self.id).splitlines()
        self.assertTrue(lines[0].startswith(self.id + " Completed"), lines)
        self.assertRegex(lines[2], r"^  --lr +[01]\.\d\d  [01]\.\d\d to [01]\.\d\d ")
        self.assertRegex(lines[-1], r": R2 0\.\d\d, rank correlation 0\.\d\d$")
        self.assertIn("--decay", self.on_terminal("run", "explain", "-r", self.id + "_13"))

    def test_importance_says_why_there_is_none(self):
        self.assertIn("no run", self.last_error(self.hdrive("run", "importance", "-r", "HD_1", code=4)))
        self.assertIn("its parent run is " + self.id,
                      self.last_error(self.hdrive("run", "importance", "-r", self.id + "_1", code=2)))


class Grid(ProgramTest):
    def test_importance_needs_results_enough(self):
        run = self.sweep()["runId"]
        self.assertIn("needs at least 5 runs that ended with a finite result; found 4",
                      self.last_error(self.hdrive("run", "importance", "-r", run, code=4)))
        explained = self.json("run", "explain", "-r", run + "_0")["proposed"]
        self.assertEqual(set(explained), {"timeUtc", "ask", "reason"})

    def test_importance_serves_any_sampler(self):
        self.write("hdconfig.yml", HDCONFIG.replace("bayesian", "random") % 20)
        run = self.sweep()["runId"]
        found = self.json("run", "importance", "-r", run)
        self.assertEqual(found["parameters"][0]["name"], "--lr")


class Advice(ProgramTest):
    def test_check_and_submit_warn_of_few_runs_and_many_at_once(self):
        config = HDCONFIG % 40
        self.write("hdconfig.yml", config.replace("max_concurrent_runs: 2", "max_concurrent_runs: 21"))
        words = ("-c", "local", "--hyperdrive-configuration-name", "hdconfig.yml")
        checked = self.hdrive("run", "check", *words)
        submitted = self.hdrive("run", "submit-hyperdrive", "-e", "digits", *words)
        for result in (checked, submitted):
            self.assertIn("at least 20 runs for each hyperparameter: 60 here; found 40", result.stderr)
            self.assertIn("at most 20 are advised; found 21", result.stderr)


if __name__ == "__main__":
    unittest.main()
