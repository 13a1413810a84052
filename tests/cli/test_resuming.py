"""Warm start, resumed child runs, and what is said against them."""
import json
import os
import shutil
import unittest

from program import ProgramTest

GRID = """\
    sampling:
      type: %s
      parameter_space:
        - {name: --lr, expression: choice, values: %s}
    primary_metric_name: %s
    primary_metric_goal: %s
    max_total_runs: %d
    max_concurrent_runs: 2
    """


class Resuming(ProgramTest):
    def config(self, values, sampling="grid", metric="loss", goal="minimize", total=10, more=""):
        self.write("hdconfig.yml", GRID % (sampling, json.dumps(values), metric, goal, total) + more)

    def values(self, run):
        return [child["hyperparameters"]["--lr"] for child in self.json("run", "children", "-r", run)]

    def check(self, *words, code=0):
        return self.hdrive("run", "check", "-c", "local", "--hyperdrive-configuration-name", "hdconfig.yml", *words, code=code)

    def earlier(self, values=(0.5, 0.25), **config):
        self.config(list(values), **config)
        return self.sweep()["runId"]

    def test_a_grid_passes_over_what_was_run(self):
        old = self.earlier()
        self.config([0.5, 0.25, 0.75, 1.0], more="resume_from: %s\n" % old)
        run = self.sweep()
        self.assertEqual(self.values(run["runId"]), [0.75, 1.0])
        self.assertEqual(run["properties"]["resume_from"], '["%s"]' % old)
        shown = self.json("run", "show", "-r", run["runId"])
        self.assertEqual(shown["warmStart"], {
            "resumeFrom": [{"runId": old, "results": 2, "leftOut": []}], "resumeChildRuns": []})
        self.assertNotIn("warmStart", self.json("run", "show", "-r", old))
        self.assertIsNone(self.json("run", "explain", "-r", old)["warmStart"])

    def test_what_does_not_fit_is_left_out_and_told(self):
        old = self.earlier((0.5, 0.25, 0.75))
        self.config([0.5, 1.0, 2.0], sampling="random")
        result = self.hdrive("run", "submit-hyperdrive", "-c", "local", "--hyperdrive-configuration-name", "hdconfig.yml",
                             "--resume-from", old)
        told = ('resumed from %s: 1 results are known; left out: 2 outside the parameter space (the first: "--lr": '
                'expected choice [0.5,1.0,2.0]; found 0.25)' % old)
        self.assertIn(told, result.stderr)
        run = json.loads(result.stdout)["runId"]
        self.assertEqual(sorted(self.values(run)), [1.0, 2.0])
        self.assertIn(told, " ".join(self.json("run", "explain", "-r", run)["explanation"]))
        report = json.loads(self.check("--resume-from", old).stdout)
        self.assertEqual(report["plannedRuns"], 2)
        self.assertEqual(report["warmStart"]["resumeFrom"][0]["leftOut"][0]["count"], 2)
        self.assertNotIn({"--lr": 0.5}, report["firstConfigurations"])

    def test_bayesian_sampling_learns_from_several_parent_runs(self):
        first = self.earlier((0.5, 0.25, 0.75, 1.5))
        second = self.earlier((1.0, 1.25, 1.75, 2.0))
        self.config([0.125 * n for n in range(1, 17)], sampling="bayesian", total=2,
                    more="resume_from: [%s, %s]\n" % (first, second))
        run = self.sweep("--seed", "1")["runId"]
        self.assertEqual(min(self.values(run)), 0.125)
        self.assertIn("knows 8 results of earlier parent runs",
                      self.json("run", "explain", "-r", run + "_0")["proposed"]["reason"])

    def test_canceled_child_runs_and_those_that_never_ran_say_nothing(self):
        self.config([0.5, 0.25, 0.75])
        run = self.sweep("--async", "train.sh", "--sleep", "60")["runId"]
        self.hdrive("run", "cancel", "-r", run)
        self.wait_for_end(run)
        self.assertIn("has no results that the sampler could learn from", self.check("--resume-from", run).stderr)

    def wait_for_end(self, run):
        self.hdrive("run", "watch", "-r", run, "--timeout", "100", code=7)

    def test_everything_known_is_a_mistake(self):
        old = self.earlier()
        self.assertIn("run every configuration", self.check("--resume-from", old, code=2).stderr)

    def test_all_mistakes_are_told_at_once_with_their_places(self):
        old = self.earlier()
        script = self.json("run", "submit-script", "-c", "local", "train.sh", "--lr", "1")["runId"]
        self.config([3], metric="accuracy", goal="maximize", total=4, more="""resume_from:
      - HD_missing
      - %s_0
      - %s
      - %s
    resume_child_runs: [%s, %s, HD_missing_1, %s_0]
    """ % (old, script, old, old, script, old))
        said = self.check(code=2).stderr
        for expected in (
                "hdconfig.yml:10:5: resume_from: no run HD_missing in " + self.folder,
                "hdconfig.yml:11:5: resume_from: %s_0 is a child run; resume_from takes parent runs, and its own is %s" % (old, old),
                "hdconfig.yml:12:5: resume_from: %s is a script run, not a HyperDrive run" % script,
                "hdconfig.yml:13:5: resume_from: %s minimizes loss, and this one maximizes accuracy" % old,
                "hdconfig.yml:14:21: resume_child_runs: %s is a parent run" % old,
                "%s is a script run, not a child run" % script,
                "resume_child_runs: no run HD_missing_1",
                "resume_child_runs: %s_0 does not fit the parameter space: \"--lr\": expected choice [3]; found 0.5" % old):
            self.assertIn(expected, said)
        places = [line.split(": ")[0] for line in said.splitlines()[:-1]]
        self.assertEqual(places, sorted(places, key=lambda place: [int(n) for n in place.split(":")[1:]]))

    def test_a_space_that_nothing_fits_is_a_mistake(self):
        old = self.earlier()
        self.config([3])
        self.assertIn('--resume-from: no result of %s fits the parameter space; the first: "--lr"' % old,
                      self.check("--resume-from", old, code=2).stderr)

    def test_lists_on_the_command_line(self):
        old = self.earlier()
        self.config([0.5, 0.25, 3.0], more="resume_from: HD_gone\n")
        for words in (("--resume-from", old + "," + old), ("--resume-from", old, "--resume-from", old)):
            self.assertIn("--resume-from: the run %s is named twice" % old, self.check(*words, code=2).stderr)
        self.assertIn("at most 5 runs", self.check("--resume-from", "a,b,c,d,e,f", code=2).stderr)
        said = self.check("--resume-from", "../x", "--resume-child-runs", "HD_no_0", code=2).stderr
        self.assertIn("expected a run id", said)
        self.assertIn("no run HD_no_0", said)
        self.assertIn("at most 10 runs", self.check("--resume-child-runs", ",".join("abcdefghijk"), code=2).stderr)
        self.check("--resume-from", old, "train.sh")
        result = self.hdrive("run", "submit-hyperdrive", "--resume", old, "--resume-from", old, code=2)
        self.assertIn("--resume=ID goes on", result.stderr)

    def test_nothing_was_ever_run_here(self):
        said = self.check("--resume-from", "HD_a", "--resume-child-runs", "HD_a_0", code=2).stderr
        self.assertIn("--resume-from: no run HD_a", said)
        self.assertIn("--resume-child-runs: no run HD_a_0", said)
        self.assertFalse(os.path.exists(os.path.join(self.folder, ".hdrive")))

    def test_a_parent_run_must_have_ended(self):
        self.config([0.5, 0.25])
        run = self.sweep("--async", "train.sh", "--sleep", "60")["runId"]
        said = self.check("--resume-from", run, "--resume-child-runs", run + "_0", code=2).stderr
        self.assertIn("--resume-from: %s is Running, and only what has ended" % run, said)
        self.assertIn("--resume-child-runs: %s_0 is " % run, said)
        self.hdrive("run", "cancel", "-r", run)
        self.wait_for_end(run)

    def test_more_than_hyperdrive_allows_together(self):
        old = self.earlier(total=600)
        self.config([0.5, 0.25, 1.0], total=600)
        self.assertIn("--resume-from: HyperDrive allows at most 1000 runs together", self.check("--resume-from", old, code=2).stderr)
        result = self.hdrive("run", "submit-hyperdrive", "-c", "local", "--hyperdrive-configuration-name", "hdconfig.yml",
                             "--resume-from", old)
        self.assertIn("warning: --resume-from: HyperDrive allows at most 1000", result.stderr)

    def test_resumed_child_runs_come_first_with_their_outputs(self):
        old = self.earlier()
        self.write("train.sh", """\
            #!/bin/sh
            echo "before: $(cat outputs/model.txt)"
            echo "$*" > outputs/words
            echo "loss=1" >> "$HDRIVE_METRICS"
            """, executable=True)
        self.config([0.5, 0.25, 0.75, 1.0], total=2)
        run = self.sweep("--resume-child-runs", old + "_1", "--resume-from", old, "train.sh")
        child = run["runId"] + "_0"
        self.assertEqual(sorted(self.values(run["runId"])), [0.25, 0.75])
        self.assertEqual(self.json("run", "show", "-r", child)["hyperparameters"], {"--lr": 0.25})
        self.assertEqual(self.hdrive("run", "monitor-logs", "-r", child).stdout, "before: 0.25\n")
        outputs = os.path.join(self.folder, ".hdrive", "runs", "%s", "0", "work", "outputs")
        with open(os.path.join(outputs % child, "words"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "--lr 0.25 --resume-from %s\n" % os.path.realpath(outputs % (old + "_1")))
        explained = self.json("run", "explain", "-r", child)
        self.assertEqual(explained["resumedFrom"], old + "_1")
        self.assertEqual(explained["proposed"]["reason"], "goes on from %s_1, with the same configuration" % old)
        self.assertIsNone(self.json("run", "explain", "-r", run["runId"] + "_1")["resumedFrom"])
        self.assertEqual(run["properties"]["resume_child_runs"], '["%s_1"]' % old)
        self.assertEqual(self.json("run", "show", "-r", run["runId"])["warmStart"]["resumeFrom"][0]["leftOut"],
                         [{"count": 1, "reason": "run again by resume_child_runs"}])

    def test_outputs_that_are_gone_or_empty(self):
        old = self.earlier()
        work = os.path.join(self.folder, ".hdrive", "runs", old + "_%d", "0", "work", "outputs")
        shutil.rmtree(work % 0)
        os.remove(os.path.join(work % 1, "model.txt"))
        said = self.check("--resume-child-runs", "%s_0,%s_1" % (old, old), code=2).stderr
        self.assertIn("the outputs of %s_0 cannot be used" % old, said)
        self.assertIn("warning: --resume-child-runs: %s_1 left nothing in its outputs" % old, said)

    def test_a_v2_sweep_goes_on_from_a_v1_one(self):
        old = self.earlier()
        self.write("sweep.yml", """\
            type: sweep
            trial:
              command: echo "lr=${{search_space.lr}} from $HDRIVE_RESUME_FROM"; echo loss=1 >> "$HDRIVE_METRICS"
            sampling_algorithm: grid
            search_space:
              lr: {type: choice, values: [0.25, 0.5, 1.0]}
            objective: {goal: minimize, primary_metric: loss}
            limits: {max_total_trials: 5}
            """)
        result = self.hdrive("run", "submit-hyperdrive", "--hyperdrive-configuration-name", "sweep.yml",
                             "--resume-from", old, "--resume-child-runs", old + "_1")
        self.assertIn("a command is given no --resume-from", result.stderr)
        run = json.loads(result.stdout)["runId"]
        self.assertEqual([child["hyperparameters"] for child in self.json("run", "children", "-r", run)],
                         [{"lr": 0.25}, {"lr": 1.0}])
        outputs = os.path.join(os.path.realpath(self.folder), ".hdrive", "runs", old + "_1", "0", "work", "outputs")
        self.assertEqual(self.hdrive("run", "monitor-logs", "-r", run + "_0").stdout, "lr=0.25 from %s\n" % outputs)
        self.assertEqual(self.hdrive("run", "monitor-logs", "-r", run + "_1").stdout, "lr=1 from \n")

    def test_scripts_that_say_nothing_of_the_argument_are_named(self):
        old = self.earlier()
        self.assertIn("of which train.sh says nothing", self.check("--resume-child-runs", old + "_0").stderr)
        self.write("train.sh", "#!/bin/sh\n# takes --resume-from FOLDER\n", executable=True)
        self.assertNotIn("says nothing", self.check("--resume-child-runs", old + "_0").stderr)


if __name__ == "__main__":
    unittest.main()
