"""The same submit line again with --resume: as a cron job or a requeued batch script would."""
import json
import os
import signal
import subprocess
import unittest

from program import PROGRAM, ProgramTest
import test_commands

SWEEP_FILE = """\
    $schema: https://azuremlschemas.azureedge.net/latest/sweepJob.schema.json
    type: sweep
    trial:
      command: sleep ${{search_space.seconds}}; echo "loss=1" >> "$HDRIVE_METRICS"
      code: .
      environment: azureml:unused@latest
    sampling_algorithm: grid
    search_space:
      seconds: {type: choice, values: [0, 600]}
    objective: {goal: minimize, primary_metric: loss}
    limits: {max_total_trials: 2, max_concurrent_trials: 2}
    """


class Repeating(ProgramTest):
    running_children = test_commands.Detached.running_children
    wait_for = test_commands.Detached.wait_for
    hdrive_any = test_commands.Detached.hdrive_any

    def words(self, *more, hdconfig="hdconfig.yml"):
        return ("run", "submit-hyperdrive", "-e", "digits", "-c", "local",
                "--hyperdrive-configuration-name", hdconfig, "--resume") + more

    def runs(self):
        return [run["runId"] for run in self.json("run", "list")]

    def kill_engine(self, run, how=signal.SIGKILL):
        """Of a run that goes on by itself."""
        refused = self.hdrive("run", "resume", "-r", run, code=5)
        os.kill(int(self.last_error(refused).split("process ")[1].split()[0]), how)
        self.wait_for(lambda: "no engine drives" in self.hdrive_any("run", "watch", "-r", run, "--timeout", "1").stderr)

    def abandoned(self, *more, running=2, **words):
        """A run whose engine was killed while child runs went on."""
        run = json.loads(self.hdrive(*self.words("--async", *more, **words)).stdout)["runId"]
        self.wait_for(lambda: self.running_children() == running)
        self.kill_engine(run)
        return run

    def test_begins_a_run_and_then_goes_on_with_it(self):
        run = self.abandoned("train.sh", "--sleep", "600")
        again = self.hdrive(*self.words("--async", "train.sh", "--sleep", "600"))
        self.assertIn("going on with " + run, again.stderr)
        self.assertEqual(json.loads(again.stdout)["runId"], run)
        driven = self.hdrive(*self.words("train.sh", "--sleep", "600"), code=5)
        self.assertIn("an engine drives %s already" % run, self.last_error(driven))
        self.assertEqual(self.runs(), [run])
        self.hdrive("run", "cancel", "-r", run)

    def test_goes_on_after_its_engine_was_terminated(self):
        run = self.json(*self.words("--async", "train.sh", "--sleep", "600"))["runId"]
        self.wait_for(lambda: self.running_children() == 2)
        self.kill_engine(run, signal.SIGTERM)
        self.assertEqual(self.running_children(), 2)
        line = subprocess.Popen([PROGRAM, *self.words("train.sh", "--sleep", "600")], cwd=self.folder, text=True,
                                env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        said = ""
        while "taken up again by engine 2" not in said:
            said = line.stderr.readline()
            self.assertTrue(said)
        line.terminate()
        out, err = line.communicate(timeout=60)
        self.assertEqual((line.returncode, json.loads(out)["status"]), (143, "Running"), err)
        self.assertIn("error[E143]: %s is not over" % run, err)
        self.assertEqual(self.running_children(), 2)
        self.assertEqual(self.json(*self.words("--async", "train.sh", "--sleep", "600"))["runId"], run)
        self.hdrive("run", "cancel", "-r", run)

    def test_says_that_there_is_none_and_begins_one(self):
        self.sweep("train.sh", "--sleep", "0")
        begun = self.hdrive(*self.words("train.sh"))
        self.assertIn("no earlier run of experiment digits was made from these files", begun.stderr)
        self.assertEqual(json.loads(begun.stdout)["status"], "Completed")

    def test_what_is_over_is_not_begun_again(self):
        run = self.json(*self.words())["runId"]
        again = self.hdrive(*self.words())
        self.assertIn("nothing is left to do", again.stderr)
        self.assertEqual(json.loads(again.stdout)["runId"], run)
        self.assertEqual(self.runs(), [run])
        self.assertNotEqual(self.sweep()["runId"], run)

    def test_what_failed_keeps_its_exit_code(self):
        failing = ("train.sh", "--fail", "no data")
        self.hdrive(*self.words(*failing), code=1)
        again = self.hdrive(*self.words(*failing), code=1)
        self.assertTrue(self.last_error(again).startswith("error[E0101]"))
        self.assertEqual(len(self.runs()), 1)

    def test_failed_child_runs_count_where_strict(self):
        self.write("train.sh", '#!/bin/sh\n[ "$2" != 0.5 ] || exit 3\necho "loss=$2" >> "$HDRIVE_METRICS"\n', executable=True)
        for _ in range(2):
            self.hdrive(*self.words("--strict"), code=3)
        self.hdrive(*self.words())
        self.assertEqual(len(self.runs()), 1)

    def test_what_a_user_canceled_stays_canceled(self):
        run = self.abandoned("train.sh", "--sleep", "600")
        self.hdrive("run", "cancel", "-r", run)
        self.hdrive(*self.words("train.sh", "--sleep", "600"), code=7)
        self.assertEqual(self.runs(), [run])

    def test_what_an_interrupt_canceled_is_begun_anew(self):
        run = json.loads(self.hdrive(*self.words("--async", "train.sh", "--sleep", "600")).stdout)["runId"]
        refused = self.hdrive("run", "resume", "-r", run, code=5)
        os.kill(int(self.last_error(refused).split("process ")[1].split()[0]), signal.SIGINT)
        self.wait_for(lambda: self.json("run", "show", "-r", run)["status"] == "Canceled")
        begun = self.hdrive(*self.words("--async", "train.sh", "--sleep", "600"))
        self.assertIn("canceled by an interrupt", begun.stderr)
        new = json.loads(begun.stdout)["runId"]
        self.assertNotEqual(new, run)
        self.hdrive("run", "cancel", "-r", new)

    def test_other_files_are_named(self):
        run = self.abandoned("train.sh", "--sleep", "600")
        refused = lambda *words: self.last_error(self.hdrive(*self.words(*words), code=2))
        self.assertIn("These differ: the arguments of the script (hdrive run resume -r %s" % run,
                      refused("train.sh", "--sleep", "5"))
        self.assertIn("These differ: --seed; --keep-going (",
                      refused("--seed", "3", "--keep-going", "train.sh", "--sleep", "600"))
        runconfig = os.path.join(self.folder, ".azureml", "local.runconfig")
        with open(runconfig, encoding="utf-8") as file:
            before = file.read()
        with open(runconfig, "a", encoding="utf-8") as file:
            file.write("\nmetricsFormat: '(loss) is (.*)'\n")
        self.assertIn("the metric patterns of the runconfig", refused("train.sh", "--sleep", "600"))
        with open(runconfig, "w", encoding="utf-8") as file:
            file.write(before)
        config = self.write("hdconfig.yml", "# other\n")
        with open(config, "a", encoding="utf-8") as file:
            file.write("sampling: {type: grid, parameter_space: [{name: --lr, expression: choice, values: [1]}]}\n"
                       "primary_metric_name: loss\nprimary_metric_goal: minimize\nmax_total_runs: 1\nmax_concurrent_runs: 1\n")
        self.write("slurm-1.out", "said")
        said = refused("train.sh", "--sleep", "600")
        self.assertIn("the contents of hdconfig.yml; the source directory: hdconfig.yml, slurm-1.out (new) (", said)
        self.assertIn(".amlignore", said)
        self.assertEqual(self.runs(), [run])
        self.hdrive("run", "cancel", "-r", run)

    def test_another_experiment_is_another_matter(self):
        run = self.abandoned("train.sh", "--sleep", "600")
        other = self.hdrive("run", "submit-hyperdrive", "-e", "letters", "-c", "local", "--hyperdrive-configuration-name",
                            "hdconfig.yml", "--resume")
        self.assertIn("no earlier run of experiment letters", other.stderr)
        self.hdrive("run", "cancel", "-r", run)

    def test_of_two_at_the_same_moment_one_begins(self):
        words = [PROGRAM, *self.words("--async", "train.sh", "--sleep", "600")]
        lines = [subprocess.Popen(words, cwd=self.folder, env=self.environment(), stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL) for _ in range(4)]
        self.assertEqual(sorted(line.wait(60) for line in lines), [0, 5, 5, 5])
        self.assertEqual(len(self.runs()), 1)
        self.hdrive("run", "cancel", "-r", self.runs()[0])

    def test_a_sweep_file(self):
        self.write("sweep.yml", SWEEP_FILE)
        words = ("run", "submit-hyperdrive", "-e", "digits", "--hyperdrive-configuration-name", "sweep.yml", "--async", "--resume")
        run = self.json(*words)["runId"]
        self.wait_for(lambda: self.running_children() == 1)
        self.kill_engine(run)
        again = self.hdrive(*words)
        self.assertIn("going on with " + run, again.stderr)
        self.hdrive("run", "cancel", "-r", run)

    def test_a_script(self):
        words = ("run", "submit-script", "-e", "digits", "-c", "local", "--resume", "train.sh", "--lr", "1")
        run = self.json(*words)["runId"]
        self.assertEqual(self.json(*words)["runId"], run)
        self.assertEqual(self.runs(), [run])

    def test_an_id_may_still_follow(self):
        run = self.abandoned("train.sh", "--sleep", "600")
        for form in (("--resume", run), ("--resume=" + run,)):
            self.assertEqual(self.json("run", "submit-hyperdrive", *form, "--async")["runId"], run)
            self.kill_engine(run)
        self.hdrive("run", "cancel", "-r", run)

    def test_words_of_the_script_stay_its_own(self):
        self.write("say.sh", '#!/bin/sh\nmkdir -p outputs; echo "$@" > outputs/words\necho "loss=1" >> "$HDRIVE_METRICS"\n', executable=True)
        run = self.json(*self.words("say.sh", "--resume", "HD_1"))["runId"]
        with open(os.path.join(self.folder, ".hdrive/runs", run + "_0/0/work/outputs/words"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "--resume HD_1 --lr 0.5\n")


if __name__ == "__main__":
    unittest.main()
