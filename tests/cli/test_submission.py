"""What is checked before anything is started, and how a run is put together."""
import json
import os
import unittest

from program import ProgramTest


class Submission(ProgramTest):
    def test_every_mistake_of_every_file_is_told_at_once(self):
        self.write("hdconfig.yml", """\
            sampling:
              type: random
              parameter_space:
                - {name: --lr, expression: loguniform, values: [0.1]}
            primary_metric_goal: best
            max_total_runs: 4
            max_duration_minute: 4
            """)
        result = self.hdrive("run", "submit-hyperdrive", "-e", "no name", "-c", "nowhere",
                             "--hyperdrive-configuration-name", "hdconfig.yml", "missing.sh", code=2)
        for expected in ("hdconfig.yml:4", "primary_metric_name", "primary_metric_goal", "nowhere", "missing.sh", "-e: ",
                         "warning: max_duration_minute: "):
            self.assertIn(expected, result.stderr)
        self.assertTrue(self.last_error(result).startswith("error[E0203]: "), result.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.folder, ".hdrive")), "something was written")

    def test_script_arguments_pass_through_untouched(self):
        self.write("show.sh", '#!/bin/sh\nprintf "%s|" "$@"\n', executable=True)
        run = self.json("run", "submit-script", "-c", "local", "show.sh", "-e", "x", "--", "--lr=1", "a b", "-o", "json")
        out = self.hdrive("run", "monitor-logs", "-r", run["runId"]).stdout
        self.assertEqual(out, "-e|x|--|--lr=1|a b|-o|json|")

    def test_an_unknown_option_before_the_script_is_no_script(self):
        result = self.hdrive("run", "submit-hyperdrive", "--hyperdrive-configuration", "hdconfig.yml", "train.sh", code=2)
        self.assertIn("did you mean --hyperdrive-configuration-name?", self.last_error(result))

    def test_a_script_needs_no_runconfig(self):
        run = self.json("run", "submit-hyperdrive", "-e", "digits", "--hyperdrive-configuration-name", "hdconfig.yml", "train.sh")
        self.assertEqual(run["status"], "Completed")
        result = self.hdrive("run", "submit-hyperdrive", "--hyperdrive-configuration-name", "hdconfig.yml", code=2)
        self.assertIn("nothing says what to run", result.stderr)

    def test_the_environment_of_a_child(self):
        self.write("show.sh", '#!/bin/sh\necho "loss=1" >> "$HDRIVE_METRICS"\nenv\n', executable=True)
        run = self.sweep("show.sh")
        child = run["runId"] + "_0"
        lines = self.hdrive("run", "monitor-logs", "-r", child).stdout.splitlines()
        for expected in (f"AZUREML_RUN_ID={child}", f"HDRIVE_PARENT_RUN_ID={run['runId']}", "FROM_RUNCONFIG=yes",
                         "AZUREML_ARM_PROJECT_NAME=digits", "AZUREML_SWEEP_lr=0.5"):
            self.assertIn(expected, lines)

    def test_a_script_that_cannot_run_is_refused(self):
        self.write("plain.sh", "echo\n")
        self.assertIn("chmod +x", self.hdrive("run", "submit-script", "plain.sh", code=2).stderr)
        self.assertIn("no script", self.hdrive("run", "submit-script", "../x.sh", code=2).stderr)
        self.write(".amlignore", "train.sh\n")
        self.assertIn(".amlignore", self.hdrive("run", "submit-script", "train.sh", code=2).stderr)

    def test_other_targets_are_refused(self):
        result = self.hdrive("run", "submit-script", "--ct", "cluster", "train.sh", code=2)
        self.assertIn("no compute target 'cluster'", result.stderr)

    def test_check_starts_nothing_and_shows_the_space(self):
        report = self.json("run", "check", "-c", "local", "--hyperdrive-configuration-name", "hdconfig.yml")
        self.assertEqual(report["configurations"], 4)
        self.assertEqual(report["plannedRuns"], 4)
        self.assertEqual([c["--lr"] for c in report["firstConfigurations"]], [0.5, 0.25, 0.75, 1.0])
        self.assertFalse(os.path.exists(os.path.join(self.folder, ".hdrive")))

    def test_check_takes_unknown_keys_for_mistakes(self):
        with open(os.path.join(self.folder, "hdconfig.yml"), "a", encoding="utf-8") as file:
            file.write("max_concurent_runs: 3\n")
        words = ("-c", "local", "--hyperdrive-configuration-name", "hdconfig.yml")
        self.assertIn("max_concurrent_runs", self.hdrive("run", "check", *words, code=2).stderr)
        self.hdrive("run", "submit-hyperdrive", "--strict", *words, code=2)

    def test_metadata_file_receives_what_is_printed(self):
        path = os.path.join(self.folder, "run.json")
        printed = self.json("run", "submit-script", "-t", path, "-c", "local", "train.sh", "--lr", "1")
        with open(path, encoding="utf-8") as file:
            self.assertEqual(json.load(file), printed)

    def test_azure_flags_are_ignored_with_one_note(self):
        result = self.hdrive("ml", "run", "list", "-g", "group", "-w", "workspace", "--subscription-id", "x")
        self.assertEqual(json.loads(result.stdout), [])
        self.assertEqual(result.stderr.count("note:"), 1)

    def test_a_seed_repeats_a_sweep(self):
        self.write("hdconfig.yml", """\
            sampling: {type: random, parameter_space: [{name: --lr, expression: uniform, values: [0, 1]}]}
            policy: {type: NoTerminationPolicy}
            primary_metric_name: loss
            primary_metric_goal: minimize
            max_total_runs: 3
            """)
        values = []
        for _ in range(2):
            run = self.sweep("--seed", "7")
            children = self.json("run", "children", "-r", run["runId"])
            values.append([child["hyperparameters"]["--lr"] for child in children])
        self.assertEqual(values[0], values[1])
        self.assertEqual(len(set(values[0])), 3)


if __name__ == "__main__":
    unittest.main()
