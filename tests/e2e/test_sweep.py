"""Whole sweeps: what is tried, what is cancelled, what can be read afterwards."""
import csv
import json
import os
import unittest

from harness import SCORE, WorkspaceTest


class Sweep(WorkspaceTest):
    def setUp(self):
        super().setUp()
        self.write("train.py", SCORE)

    def test_tries_every_grid_point_once_and_names_the_best(self):
        self.write_hdconfig({"--x": ["choice", [1, 3, 2]], "--steps": ["choice", [1, 2]]})
        run = self.sweep("train.py")
        children = self.children(run["runId"])
        tried = sorted((c["hyperparameters"]["--x"], c["hyperparameters"]["--steps"]) for c in children)
        self.assertEqual(tried, [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)])
        self.assertEqual([c["status"] for c in children], ["Completed"] * 6)
        values = [c["best_primary_metric"] for c in children]
        self.assertEqual(values, sorted(values, reverse=True))
        best = self.run_hdrive("run", "best", "-r", run["runId"], "-o", "json").json()
        self.assertEqual(best["runId"], run["bestChildRunId"])
        self.assertEqual(best["hyperparameters"], {"--x": 3, "--steps": 2})
        self.assertEqual(run["children"]["total"], 6)
        self.assertEqual(run["schemaVersion"], 1)

    def test_policy_cancels_the_poor_and_explains(self):
        self.write_hdconfig(
            {"--x": ["choice", [10, 1, 2]]},
            policy={"type": "BanditPolicy", "slack_factor": 0.2, "evaluation_interval": 1, "delay_evaluation": 2},
            concurrent=1,
        )
        self.write_runconfig("local", arguments=["--steps", 600, "--pause", 0.05])
        # The good one comes first and ends by itself: what runs beside another is judged only where
        # the other has reported already. The poor ones would go on for half a minute.
        self.write(
            "train.py",
            SCORE.replace("time.sleep(arguments.pause)", "time.sleep(arguments.pause)\n"
                          "    if arguments.x == 10 and step == 20: break"),
        )
        run = self.sweep("train.py")
        self.assertEqual(run["status"], "Completed")
        self.assertEqual(self.statuses(run["runId"]), {"Completed": 1, "Canceled": 2})
        poor = [c for c in self.children(run["runId"]) if c["status"] == "Canceled"][0]
        told = self.run_hdrive("run", "explain", "-r", poor["run_id"]).out
        self.assertIn("andit", told)
        self.assertRegex(told, r"10(\.\d+)?")
        self.assertIn("--x", told)

    def test_minimize_prefers_the_smallest(self):
        self.write_hdconfig({"--x": ["choice", [5, -1, 2]]}, goal="minimize")
        run = self.sweep("train.py")
        self.assertEqual(self.children(run["runId"])[0]["hyperparameters"]["--x"], -1)

    def test_arguments_environment_and_folders_reach_the_script(self):
        self.write_runconfig("local", script="facts.py", arguments=["--fixed", 7],
                             environmentVariables={"COLOUR": "blue"})
        self.write(
            "facts.py",
            """
            import json, os, sys
            facts = {"argv": sys.argv[1:], "env": dict(os.environ), "files": sorted(os.listdir(".")),
                     "stdin": sys.stdin.read()}
            json.dump(facts, open("outputs/facts.json", "w"))
            print("score=1")
            """,
        )
        self.write_hdconfig({"x": ["choice", [0.1]], "--flag": ["choice", [True]], "--name": ["choice", ["a b"]]})
        run = self.sweep()
        child = run["runId"] + "_0"
        facts = json.loads(self.read(self.work(child), "outputs", "facts.json"))
        self.assertEqual(facts["argv"][:2], ["--fixed", "7"])
        self.assertEqual(facts["argv"][2:], ["--x", "0.1", "--flag", "True", "--name", "a b"])
        expected = {
            "COLOUR": "blue", "AZUREML_RUN_ID": child, "HDRIVE_RUN_ID": child, "HDRIVE_PARENT_RUN_ID": run["runId"],
            "AZUREML_ROOT_RUN_ID": run["runId"], "AZUREML_ARM_PROJECT_NAME": "exp1", "AZUREML_SWEEP_x": "0.1",
            "AZUREML_SWEEP_name": "a b", "PYTHONUNBUFFERED": "1",
        }
        self.assertEqual({name: facts["env"].get(name) for name in expected}, expected)
        self.assertEqual(facts["stdin"], "")
        for name in ("facts.py", "outputs", "logs"):
            self.assertIn(name, facts["files"])
        self.assertNotIn(".hdrive", facts["files"])

    def test_queries_after_the_end(self):
        self.write_hdconfig({"--x": ["choice", [1, 2]]})
        run = self.sweep("train.py")["runId"]
        path = os.path.join(self.folder, "children.csv")
        self.run_hdrive("run", "children", "-r", run, "--csv", path)
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["run_id"] for row in rows], [c["run_id"] for c in self.children(run)])
        self.assertEqual([float(row["--x"]) for row in rows], [2, 1])
        points = self.run_hdrive("run", "metrics", "-r", run + "_0", "-o", "json").json()
        self.assertEqual([(p["name"], p["value"]) for p in points], [("score", 1), ("score", 1.001), ("score", 1.002)])
        logs = os.path.join(self.folder, "logs")
        self.run_hdrive("run", "download-logs", "-r", run + "_0", "-d", logs)
        self.assertTrue([name for _, _, names in os.walk(logs) for name in names if "stdout" in name])
        for output in ("json", "jsonc", "yaml", "table", "tsv"):
            self.assertTrue(self.run_hdrive("run", "children", "-r", run, "-o", output).out.strip(), output)
        self.assertEqual(self.run_hdrive("run", "children", "-r", run, "-o", "none").out, "")
        kinds = self.run_hdrive("run", "list", "--parent-run-id", run, "-o", "json").json()
        self.assertEqual(len(kinds), 2)

    def test_unknown_run_is_not_found(self):
        for words in (("show",), ("children",), ("best",), ("metrics",), ("explain",), ("cancel",), ("resume",)):
            done = self.run_hdrive("run", *words, "-r", "HD_00000000-0000-4000-8000-000000000000", code=4)
            self.assertActionable(done, "HD_00000000")

    def test_shell_script_and_command(self):
        self.write("train.sh", '#!/bin/sh\necho "score=$2" >> "$HDRIVE_METRICS"\n', executable=True)
        self.write_hdconfig({"--x": ["choice", [1, 2]]})
        run = self.sweep("train.sh")
        self.assertEqual([c["best_primary_metric"] for c in self.children(run["runId"])], [2, 1])
        self.write_runconfig("command", command="echo score=$AZUREML_SWEEP_x")
        run = self.sweep(runconfig="command")
        self.assertEqual([c["best_primary_metric"] for c in self.children(run["runId"])], [2, 1])

    def test_v2_sweep_file(self):
        self.write(
            "sweep.yml",
            """
            $schema: https://azuremlschemas.azureedge.net/latest/sweepJob.schema.json
            type: sweep
            trial:
              code: .
              command: python train.py --x ${{search_space.x}} --steps 2
            sampling_algorithm: grid
            search_space:
              x: {type: choice, values: [1, 4]}
            objective: {goal: maximize, primary_metric: score}
            limits: {max_total_trials: 5, max_concurrent_trials: 2, timeout: 600}
            """,
        )
        run = self.sweep(hdconfig="sweep.yml")
        self.assertEqual([c["best_primary_metric"] for c in self.children(run["runId"])], [4.001, 1.001])

    def test_metrics_from_stdout_and_the_offline_text(self):
        self.write(
            "train.py",
            """
            import sys
            x = sys.argv[sys.argv.index("--x") + 1]
            print("Attempted to log scalar metric score:")
            print(x)
            print('{"loss": 0.25}')
            print("note: hello")
            """,
        )
        self.write_hdconfig({"--x": ["choice", [3, 4]]})
        run = self.sweep("train.py")
        self.assertEqual([c["best_primary_metric"] for c in self.children(run["runId"])], [4, 3])

    def test_native_reports_win_over_the_same_name_on_stdout(self):
        self.write(
            "train.py",
            """
            import sys, time
            from azureml.core import Run
            run = Run.get_context()
            for epoch in range(5):
                run.log("score", epoch)
                time.sleep(0.2)
                print("score=%d" % epoch)
            """,
        )
        self.write_hdconfig({"--x": ["choice", [1]]})
        run = self.sweep("train.py")["runId"]
        points = self.run_hdrive("run", "metrics", "-r", run + "_0", "-o", "json").json()
        self.assertEqual([p["value"] for p in points if p["name"] == "score"], [0, 1, 2, 3, 4])

    def test_same_seed_gives_the_same_configurations(self):
        self.write_hdconfig(
            {"--x": ["uniform", [0, 1]]}, total=5,
            sampling={"type": "random", "seed": 11, "parameter_space": [
                {"name": "--x", "expression": "uniform", "values": [0, 1]}]},
        )
        runs = [self.sweep("train.py")["runId"] for _ in range(2)]
        first, second = ([c["hyperparameters"] for c in self.children(run)] for run in runs)
        self.assertEqual(first, second)
        self.assertEqual(len({c["--x"] for c in first}), 5)

    def test_async_returns_at_once_and_the_sweep_goes_on(self):
        self.write_hdconfig({"--x": ["choice", [1, 2, 3]]}, concurrent=1)
        self.write_runconfig("local", arguments=["--pause", 0.1])
        run = self.run_hdrive(*self.submit_words("--async", "train.py")).json()["runId"]
        self.wait_for(lambda: self.show(run)["status"] == "Completed")
        self.assertEqual(self.statuses(run), {"Completed": 3})

    def test_check_starts_nothing(self):
        self.write_hdconfig({"--x": ["choice", [1, 2]], "--y": ["choice", [1, 2, 3]]})
        done = self.run_hdrive("run", "check", "-e", "exp1", "-c", "local", "--hyperdrive-configuration-name",
                               "hdconfig.yml", "train.py")
        self.assertIn("6", done.out + done.err)
        self.assertEqual(self.run_hdrive("run", "list", "-o", "json").json(), [])

    def test_snapshot_honours_ignore_files(self):
        self.write(".amlignore", "*.bin\nskip/\n")
        self.write("big.bin", "x")
        self.write("skip/a", "x")
        self.write("keep/a", "x")
        self.write_hdconfig({"--x": ["choice", [1]]})
        run = self.sweep("train.py")["runId"]
        found = os.listdir(os.path.join(self.project, self.work(run + "_0")))
        self.assertIn("keep", found)
        self.assertNotIn("big.bin", found)
        self.assertNotIn("skip", found)

    def test_git_facts_are_recorded(self):
        import subprocess

        for line in ("init -q -b main", "add train.py", "commit -q -m one"):
            subprocess.check_call(
                ["git", "-c", "user.name=t", "-c", "user.email=t@localhost"] + line.split(),
                cwd=self.project, env=self.environment(),
            )
        self.write_hdconfig({"--x": ["choice", [1]]})
        properties = self.sweep("train.py")["properties"]
        self.assertRegex(properties["azureml.git.commit"], "^[0-9a-f]{40}$")
        self.assertEqual(properties["azureml.git.branch"], "main")
        self.assertEqual(properties["azureml.git.dirty"], "True")

    def test_doctor_tells_what_is_there(self):
        done = self.run_hdrive("doctor")
        self.assertIn("ython", done.out + done.err)


if __name__ == "__main__":
    unittest.main()
