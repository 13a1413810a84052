"""What the commands print about runs that were made, and how they change them."""
import contextlib
import csv
import io
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import time
import unittest

from program import PROGRAM, ProgramTest


class SetUp(ProgramTest):
    def test_the_words_of_the_azure_documents_work(self):
        os.remove(os.path.join(self.folder, ".azureml/local.runconfig"))
        attached = self.json("ml", "folder", "attach", "-e", "digits")
        names = {os.path.basename(path) for path in attached["created"]}
        self.assertLessEqual({"config.json", "local.runconfig", "docker.runconfig", "conda_dependencies.yml"}, names)
        again = self.json("folder", "attach")
        self.assertEqual(again["created"], [])
        self.assertEqual(again["experimentName"], "digits")
        self.assertEqual(self.json("ml", "experiment", "create", "-n", "other")["name"], "other")
        self.assertEqual({e["name"] for e in self.json("experiment", "list")}, {"digits", "other"})
        self.assertEqual(self.json("experiment", "show", "-n", "other")["name"], "other")
        self.assertEqual(self.json("workspace", "show")["projectDirectory"], os.path.realpath(self.folder))
        kept = self.hdrive("folder", "attach", "-e", "another").stderr
        self.assertIn("later commands belong to the experiment digits unless they get -e another", kept)

    def test_what_this_release_lacks_says_so(self):
        for words in (("datastore", "list"), ("computetarget", "create", "amlcompute"),
                      ("run", "submit-pipeline", "-i", "1")):
            self.assertIn("does not have", self.last_error(self.hdrive(*words, code=2)))
        self.assertEqual([t["name"] for t in self.json("computetarget", "list")], ["local"])
        self.hdrive("computetarget", "show", "-n", "other", code=4)

    def test_wrong_commands_name_the_nearest_one(self):
        self.assertIn("did you mean submit-script?", self.last_error(self.hdrive("run", "submit-scrip", code=2)))
        self.assertIn("did you mean --output?", self.last_error(self.hdrive("run", "list", "--outptu", "x", code=2)))
        self.assertIn("jq", self.last_error(self.hdrive("run", "list", "--query", "[0]", code=2)))
        self.hdrive("run", "show", "-r", "HD_1", code=4)

    def test_help_begins_with_examples(self):
        for words in (("--help",), ("run", "submit-hyperdrive", "--help")):
            self.assertTrue(self.hdrive(*words).stdout.startswith("Examples:\n"))

    def test_completion_knows_commands_and_options(self):
        self.assertIn("submit-hyperdrive", self.hdrive("__words", "run").stdout.split())
        self.assertIn("--seed", self.hdrive("__words", "run", "check").stdout.split())
        for shell in ("bash", "zsh", "fish"):
            self.assertIn("hdrive", self.hdrive("completion", shell).stdout)

    def test_doctor_and_version_answer(self):
        self.assertIn("Python", [row["check"] for row in self.json("doctor")])
        self.assertTrue(self.json("version")["hdrive"])
        self.assertEqual(self.hdrive("--version").stdout, "hdrive %s\n" % self.json("version")["hdrive"])


class Queries(ProgramTest):
    def setUp(self):
        super().setUp()
        self.run_ = self.sweep()
        self.id = self.run_["runId"]

    def test_a_sweep_is_shown_with_its_frozen_keys(self):
        self.assertEqual(self.run_["status"], "Completed")
        self.assertEqual(self.run_["runType"], "hyperdrive")
        self.assertEqual(self.run_["children"], {"total": 4, "Completed": 4})
        self.assertEqual(self.run_["primaryMetric"], {"name": "loss", "goal": "minimize"})
        self.assertEqual(self.run_["bestChildRunId"], self.id + "_1")
        self.assertEqual(self.json("run", "show", "-r", self.id), self.run_)

    def test_children_come_best_first(self):
        children = self.json("run", "children", "-r", self.id)
        self.assertEqual([c["best_primary_metric"] for c in children], [0.25, 0.5, 0.75, 1.0])
        self.assertEqual(children[0]["hyperparameters"], {"--lr": 0.25})
        text = self.hdrive("run", "children", "-r", self.id, "--csv", "-").stdout
        rows = list(csv.DictReader(io.StringIO(text)))
        self.assertEqual([row["--lr"] for row in rows], ["0.25", "0.5", "0.75", "1"])

    def test_best_can_be_repeated(self):
        best = self.json("run", "best", "-r", self.id)
        self.assertEqual(best["runId"], self.id + "_1")
        self.assertEqual(best["commandLine"], "./train.sh --lr 0.25")
        with open(os.path.join(best["outputs"], "model.txt"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "0.25\n")
        self.assertEqual(self.hdrive("run", "best", "-r", self.id, "--args").stdout, "--lr 0.25\n")

    def test_metrics_logs_and_explanation(self):
        child = self.id + "_0"
        points = self.json("run", "metrics", "-r", child)
        self.assertEqual([(p["name"], p["value"]) for p in points], [("loss", 0.5)])
        table = self.hdrive("run", "metrics", "-r", child, "-o", "csv").stdout.splitlines()
        self.assertEqual(table[0], "name,value,step,time_utc,attempt")
        self.assertEqual(self.hdrive("run", "monitor-logs", "-r", child).stdout, "trained with 0.5\n")
        files = self.json("run", "download-logs", "-r", self.id, "-d", "logs")
        self.assertEqual(len([f for f in files if f.endswith("stdout.txt")]), 4)
        explanation = self.json("run", "explain", "-r", child)
        self.assertTrue(explanation["proposed"]["reason"])
        self.assertEqual(explanation["attempts"][0]["code"], 0)

    def test_list_filters(self):
        self.json("run", "submit-script", "-e", "other", "train.sh", "--lr", "1")
        self.json("run", "update", "-r", self.id, "--add-tag", "team=vision")
        ids = lambda *words: [run["runId"] for run in self.json("run", "list", *words)]
        self.assertEqual(len(ids()), 2)
        self.assertEqual(ids("-e", "digits"), [self.id])
        self.assertEqual(ids("--tags", "team=vision"), [self.id])
        self.assertEqual(ids("--last", "1", "--status", "Completed", "-e", "digits"), [self.id])
        self.assertEqual(len(ids("--parent-run-id", self.id)), 4)
        self.assertEqual(set(self.json("run", "list", "--minimal", "-e", "digits")[0]),
                         {"runId", "runType", "status", "startTimeUtc", "endTimeUtc", "target", "tags"})
        columns = self.hdrive("run", "list", "--minimal", "-o", "table").stdout.split("\n")[0].split()
        self.assertEqual(columns, ["RunId", "RunType", "Status", "StartTimeUtc", "EndTimeUtc", "Target", "Tags"])
        self.hdrive("run", "list", "--status", "Happy", code=2)
        self.assertIn("no pipelines", self.last_error(self.hdrive("run", "list", "--pipeline-run-id", "1", code=2)))

    def test_a_reader_that_goes_away_is_no_error(self):
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "wb") as gone:
            result = subprocess.run([PROGRAM, "run", "list"], cwd=self.folder, stdout=gone, stderr=subprocess.PIPE,
                                    env=self.environment(), check=False)
        self.assertEqual((result.returncode, result.stderr), (0, b""))

    def test_resume_refuses_what_is_over(self):
        self.assertIn("Completed", self.last_error(self.hdrive("run", "resume", "-r", self.id, code=2)))


class Soundness(ProgramTest):
    """What commands list is compared with the events."""

    DAMAGES = (
        ("UPDATE run SET status='Failed' WHERE child=1", "_1: the status is Failed, and Completed by its events"),
        ("UPDATE run SET best_primary_metric=0.125 WHERE child=1", "_1: the best primary metric is 0.125, and 0.25 by its"),
        ("UPDATE run SET best_primary_metric=NULL WHERE child=1", "_1: the best primary metric is missing, and 0.25 by its"),
        ("UPDATE run SET hyperparameters='{\"--lr\":0.5}' WHERE child=1", '_1: the hyperparameters is {"--lr":0.5}, and'),
        ("UPDATE run SET attempt=1 WHERE child=2", "_2: the attempt is 1, and 0 by its events"),
        ("UPDATE run SET ended_us=1 WHERE child=2", "_2: the end is 1970-01-01T00:00:00.000Z, and 2"),
        ("UPDATE run SET error_message='no data' WHERE child=3", "_3: the error is no data, and exit code 3 by its events"),
        ("UPDATE run SET best_child=0 WHERE parent IS NULL", "the best child run is HD_"),
        ("UPDATE run SET status='Running' WHERE parent IS NULL", "the status is Running, and Completed by its events"),
        ("UPDATE run SET termination_reason='' WHERE parent IS NULL", "the reason of its end is missing, and max_total_runs"),
        ("UPDATE event SET payload='{}' WHERE kind='child_ended' AND child=1", "was altered"),
    )

    def setUp(self):
        super().setUp()
        self.write("train.sh", '#!/bin/sh\n[ "$2" != 1 ] || exit 3\necho "loss=$2" >> "$HDRIVE_METRICS"\n', executable=True)
        self.id = self.sweep()["runId"]
        self.history = os.path.join(self.folder, ".hdrive/history.db")

    def alter(self, statement):
        with contextlib.closing(sqlite3.connect(self.history)) as database, database:
            self.assertEqual(database.execute(statement).rowcount, 1, statement)

    def test_a_sound_history_is_sound(self):
        self.json("run", "submit-script", "-e", "other", "train.sh", "--lr", "0.5")
        rows = self.json("doctor", "--history")
        self.assertEqual([row["status"] for row in rows], ["ok", "ok"])
        self.assertEqual(rows[1]["check"], "history of " + self.id)
        self.assertEqual(rows[1]["found"], "4 child runs as their events say")

    def test_every_damage_is_told(self):
        with open(self.history, "rb") as file:
            sound = file.read()
        for statement, told in self.DAMAGES:
            with self.subTest(statement):
                with open(self.history, "wb") as file:
                    file.write(sound)
                self.alter(statement)
                result = self.hdrive("doctor", "--history", code=5)
                (row,) = json.loads(result.stdout)
                self.assertEqual(row["status"], "damaged")
                self.assertIn(told, row["found"])
                self.assertIn("error[E0509]", self.last_error(result))

    def test_a_row_that_is_gone_is_told(self):
        self.alter("DELETE FROM run WHERE child=3")
        (row,) = json.loads(self.hdrive("doctor", "--history", code=5).stdout)
        self.assertEqual(row["status"], "damaged")


    def test_an_hdconfig_that_this_version_cannot_read_is_no_damage(self):
        golden = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "store", "golden", "2.db")
        shutil.copyfile(golden, self.history)
        (row,) = self.json("doctor", "--history")
        self.assertEqual(row["status"], "warning")
        self.assertIn("primary_metric_name", row["found"])


class Outcomes(ProgramTest):
    def test_a_failing_script_fails_its_run(self):
        result = self.hdrive("run", "submit-script", "train.sh", "--fail", "no data", code=1)
        run = json.loads(result.stdout)
        self.assertEqual(run["status"], "Failed")
        self.assertIn("cannot train: no data", result.stderr)
        self.assertTrue(self.last_error(result).startswith("error[E0101]"))

    def test_first_failures_stop_the_sweep_and_show_what_they_share(self):
        result = self.hdrive("run", "submit-hyperdrive", "-e", "digits", "--hyperdrive-configuration-name", "hdconfig.yml",
                             "train.sh", "--fail", "no data", code=1)
        self.assertIn("failed child runs ended with exit code 3", result.stderr)
        self.assertIn("cannot train: no data", result.stderr)

    def test_a_sweep_without_the_primary_metric_fails(self):
        self.write("quiet.sh", '#!/bin/sh\necho "accuracy=1" >> "$HDRIVE_METRICS"\n', executable=True)
        result = self.hdrive("run", "submit-hyperdrive", "-e", "digits", "--hyperdrive-configuration-name", "hdconfig.yml",
                             "quiet.sh", code=1)
        self.assertIn("metrics seen: accuracy", self.last_error(result))

    def test_an_interrupt_cancels_everything(self):
        process = subprocess.Popen([PROGRAM, "run", "submit-hyperdrive", "-e", "digits", "--hyperdrive-configuration-name",
                                    "hdconfig.yml", "train.sh", "--sleep", "600"], cwd=self.folder, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment())
        self.wait_for(lambda: self.running_children() == 2)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        run = json.loads(out)
        self.assertEqual(run["status"], "Canceled")
        self.assertEqual(self.running_children(), 0)

    def running_children(self):
        if not os.path.exists(os.path.join(self.folder, ".hdrive/history.db")):
            return 0
        runs = self.json("run", "list", "--last", "1")
        if not runs:
            return 0
        children = self.json("run", "list", "--last", "0", "--parent-run-id", runs[0]["runId"])
        return sum(child["status"] == "Running" for child in children)

    def wait_for(self, condition):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it never came")
            time.sleep(0.05)


class Detached(ProgramTest):
    running_children = Outcomes.running_children
    wait_for = Outcomes.wait_for

    def start(self):
        started = self.sweep("--async", "train.sh", "--sleep", "600")
        self.wait_for(lambda: self.running_children() == 2)
        return started["runId"]

    def test_async_returns_and_cancel_ends_the_run(self):
        run = self.start()
        refused = self.hdrive("run", "resume", "-r", run, code=5)
        self.assertIn("an engine drives", self.last_error(refused))
        self.hdrive("run", "pause", "-r", run)
        self.hdrive("run", "unpause", "-r", run)
        self.hdrive("run", "cancel", "-r", run)
        self.hdrive("run", "watch", "-r", run, code=7)
        self.assertEqual(self.json("run", "show", "-r", run)["status"], "Canceled")

    def test_strict_reaches_the_engine_that_goes_on_by_itself(self):
        self.write("train.sh", '#!/bin/sh\n[ "$2" != 0.5 ] || exit 3\necho "loss=$2" >> "$HDRIVE_METRICS"\n', executable=True)
        run = self.sweep("--async", "--strict", "train.sh")["runId"]
        self.hdrive("run", "watch", "-r", run)
        log = os.path.join(self.folder, ".hdrive/runs", run, "engine.log")
        self.wait_for(lambda: "1 of the child runs failed, and --strict was given" in pathlib.Path(log).read_text(encoding="utf-8"))

    def test_cancel_does_the_work_itself_when_the_engine_died(self):
        run = self.start()
        result = self.hdrive("run", "resume", "-r", run, code=5)
        engine = int(self.last_error(result).split("process ")[1].split()[0])
        os.kill(engine, signal.SIGKILL)
        self.wait_for(lambda: "no engine drives" in self.hdrive_any("run", "watch", "-r", run, "--timeout", "1").stderr)
        self.hdrive("run", "cancel", "-r", run)
        self.assertEqual(self.json("run", "show", "-r", run)["status"], "Canceled")
        self.assertEqual(self.running_children(), 0)

    def hdrive_any(self, *words):
        return subprocess.run([PROGRAM, *words], cwd=self.folder, env=self.environment(), text=True,
                              capture_output=True, timeout=60, check=False)


if __name__ == "__main__":
    unittest.main()
