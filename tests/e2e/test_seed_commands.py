"""Command lines written for `az ml` run as they are, with az = hdrive."""
import os
import unittest

from harness import WorkspaceTest

TRAIN = """
import argparse
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--penalty", type=float, default=1.0)
penalty = parser.parse_args().penalty
run = Run.get_context()
for epoch in range(1, 5):
    run.log("Accuracy", float(0.9 - 0.1 * abs(penalty - 1) - 0.1 / epoch))
"""

HDCONFIG = """
# hdconfig.yml
sampling: 
    type: random # Supported options: Random, Grid, Bayesian
    parameter_space: # specify a name|expression|values tuple for each parameter.
    - name: --penalty # The name of a script parameter to generate values for.
      expression: choice # choice, randint, uniform, quniform, loguniform, ...
      values: [0.5, 1, 1.5] # The list of values.
policy: 
    type: BanditPolicy # Supported options
    evaluation_interval: 1 # Policy properties are policy specific.
    slack_factor: 0.2
primary_metric_name: Accuracy # The metric used when evaluating the policy
primary_metric_goal: Maximize # Maximize|Minimize
max_total_runs: 8 # The maximum number of runs to generate
max_concurrent_runs: 2 # The number of runs that can run concurrently.
max_duration_minutes: 100 # The maximum length of time to run the experiment before cancelling.
"""


class SeedCommands(WorkspaceTest):
    attach = False

    def setUp(self):
        super().setUp()
        os.symlink(self.hdrive, os.path.join(self.bin, "az"))
        self.az = os.path.join(self.bin, "az")
        self.write("my_train.py", TRAIN)

    def ml(self, line, code=0):
        return self.run_hdrive("ml", *line.split(), program=self.az, code=code)

    def test_the_whole_session(self):
        self.ml("folder attach -g group -w workspace")
        self.assertTrue(os.path.isfile(os.path.join(self.project, ".azureml", "config.json")))
        self.assertTrue(os.path.isfile(os.path.join(self.project, ".azureml", "local.runconfig")))
        self.ml("experiment create -n exp1")
        self.assertIn("exp1", self.ml("experiment list -o json").out)

        script = self.ml("run submit-script -e exp1 -c local my_train.py").json()
        self.assertEqual(script["status"], "Completed", script)
        self.assertEqual(script["experimentName"], "exp1")
        self.assertRegex(script["runId"], r"^exp1_\d+_[0-9a-f]{8}$")

        self.write(".azureml/hdconfig.yml", HDCONFIG)
        line = "run submit-hyperdrive -e exp1 -c local --hyperdrive-configuration-name hdconfig.yml my_train.py"
        sweep = self.ml(line).json()
        self.assertEqual(sweep["status"], "Completed", sweep)
        self.assertRegex(sweep["runId"], r"^HD_[0-9a-f-]{36}$")
        self.assertEqual(sweep["primaryMetric"], {"name": "Accuracy", "goal": "maximize"})
        # Three values exist, and random sampling does not repeat itself.
        children = self.children(sweep["runId"])
        self.assertEqual(sorted(c["hyperparameters"]["--penalty"] for c in children), [0.5, 1, 1.5])
        self.assertEqual(children[0]["hyperparameters"]["--penalty"], 1)
        self.assertEqual(sweep["bestChildRunId"], children[0]["run_id"])
        self.assertAlmostEqual(children[0]["best_primary_metric"], 0.875)

        listed = self.ml("run list -e exp1 -o json").json()
        self.assertEqual([run["runId"] for run in listed], [sweep["runId"], script["runId"]])
        self.assertEqual(self.ml("run show -r %s" % sweep["runId"]).json()["runId"], sweep["runId"])
        self.ml("run update -r %s --add-tag quality=fine" % sweep["runId"])
        self.assertEqual(self.show(sweep["runId"])["tags"]["quality"], "fine")

    def test_script_arguments_follow_the_script(self):
        self.ml("folder attach")
        self.write("say.py", "import sys; print('said', sys.argv[1:])")
        run = self.ml("run submit-script -e exp1 -c local say.py --a 1 -t x").json()
        text = self.read(self.work(run["runId"]), "..", "logs", "stdout.txt")
        self.assertIn("said ['--a', '1', '-t', 'x']", text)


if __name__ == "__main__":
    unittest.main()
