"""Bad input ends with the right exit code, words to act on, and an intact history."""
import json
import os
import sqlite3
import subprocess
import unittest

from harness import SCORE, WorkspaceTest


class BadInput(WorkspaceTest):
    def setUp(self):
        super().setUp()
        self.write("train.py", SCORE)

    def refused(self, *pieces, words=("train.py",), code=2, **more):
        """Nothing was started, and the message holds the pieces."""
        self.assertIsNone(self.sweep(*words, code=code, **more))
        self.assertActionable(self.last, *pieces)
        self.assertEqual(self.last.out, "")
        self.assertEqual(self.run_hdrive("run", "list", "-o", "json").json(), [])

    def test_missing_hdconfig(self):
        self.refused("nowhere.yml", hdconfig="nowhere.yml", code=2)

    def test_missing_runconfig(self):
        self.write_hdconfig({"--x": ["choice", [1]]})
        self.refused("nothere", runconfig="nothere")

    def test_missing_script(self):
        self.write_hdconfig({"--x": ["choice", [1]]})
        self.refused("absent.py", words=("absent.py",))

    def test_no_script_at_all(self):
        self.write_hdconfig({"--x": ["choice", [1]]})
        self.refused("script", words=())

    def test_every_mistake_is_told_with_its_place(self):
        self.write(
            "hdconfig.yml",
            """\
            sampling:
              type: randm
              parameter_space:
                - name: --lr
                  expression: loguniform
                  values: [1e-4]
                - name: --x
                  expression: gauss
                  values: [0, 1]
            policy: {type: BanditPolicy, evaluation_interval: often, slack_factor: 0.1}
            primary_metric_name: score
            primary_metric_goal: up
            max_total_runs: many
            """,
        )
        self.refused(
            "hdconfig.yml:2:", "randm", "hdconfig.yml:6:", "loguniform", "hdconfig.yml:8:", "gauss",
            "hdconfig.yml:10:", "often", "hdconfig.yml:12:", "hdconfig.yml:13:", "many",
        )

    def test_values_that_make_no_sense(self):
        for name, expression, values in (
            ("NaN bounds", "uniform", [".nan", 1]),
            ("infinite bounds", "uniform", [0, ".inf"]),
            ("negative sigma", "normal", [0, -1]),
            ("no values", "choice", []),
            ("zero upper", "randint", [0]),
            ("zero q", "quniform", [0, 1, 0]),
            ("text bounds", "uniform", ["a", "b"]),
        ):
            with self.subTest(name):
                self.write(
                    "hdconfig.yml",
                    "sampling:\n  type: random\n  parameter_space:\n"
                    "  - {name: --x, expression: %s, values: [%s]}\n"
                    "policy: {type: NoTerminationPolicy}\nprimary_metric_name: score\n"
                    "primary_metric_goal: maximize\nmax_total_runs: 2\n"
                    % (expression, ", ".join(map(str, values))),
                )
                self.refused("hdconfig.yml:4:", expression)

    def test_duplicate_names(self):
        self.write(
            "hdconfig.yml",
            "sampling:\n  type: random\n  parameter_space:\n"
            "  - {name: --x, expression: choice, values: [1]}\n"
            "  - {name: --x, expression: choice, values: [2]}\n"
            "primary_metric_name: score\nprimary_metric_goal: maximize\nmax_total_runs: 2\n",
        )
        self.refused("hdconfig.yml:5:", "x", "twice")

    def test_what_is_no_yaml_at_all(self):
        for name, text in (
            ("empty", ""), ("binary", "\0\1\2\xff"), ("a list", "- 1"), ("a word", "word"), ("open quote", '"'),
            ("tab", "a:\n\t- b"), ("a tag", "!!python/object/apply:os.system ['touch /tmp/owned']"),
        ):
            with self.subTest(name):
                self.write("hdconfig.yml", text)
                self.refused("hdconfig.yml")

    def test_ten_megabyte_yaml_bomb(self):
        lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        lines += ["a%d: &a%d [%s]" % (i, i, ", ".join(["*a%d" % (i - 1)] * 10)) for i in range(1, 10)]
        bombs = {"aliases": "\n".join(lines), "brackets": "a: " + "[" * (10 << 20), "text": "a: " + "x" * (10 << 20),
                 "flat": "a: [" + "1," * (5 << 20) + "]"}
        for name, text in bombs.items():
            with self.subTest(name):
                self.write("hdconfig.yml", text)
                self.refused("hdconfig.yml")

    def test_hdconfig_that_is_a_folder(self):
        os.mkdir(os.path.join(self.project, "folder.yml"))
        self.refused("folder.yml", hdconfig="folder.yml")

    def test_script_that_is_not_executable(self):
        self.write("train.sh", "#!/bin/sh\necho score=1\n")
        self.write_hdconfig({"--x": ["choice", [1]]})
        self.refused("train.sh", "chmod", words=("train.sh",))

    def test_script_outside_the_source_directory(self):
        self.write_hdconfig({"--x": ["choice", [1]]})
        self.refused("../other.py", words=("../other.py",))

    def test_missing_interpreter(self):
        self.write_runconfig("strange", interpreter="python9.9")
        self.write_hdconfig({"--x": ["choice", [1]]})
        self.refused("python9.9", runconfig="strange")

    def test_environment_that_this_release_cannot_make(self):
        self.write(".azureml/docker.runconfig", json.dumps({
            "script": "train.py", "target": "local",
            "environment": {"docker": {"enabled": True, "baseImage": "x"}},
        }))
        self.write_hdconfig({"--x": ["choice", [1]]})
        self.refused("docker", runconfig="docker")

    def test_unknown_target(self):
        self.write_runconfig("cluster", target="gpu-cluster")
        self.write_hdconfig({"--x": ["choice", [1]]})
        self.refused("gpu-cluster", runconfig="cluster")

    def test_unknown_key_is_a_warning_with_the_nearest_name_and_an_error_under_strict(self):
        self.write_hdconfig({"--x": ["choice", [1]]}, max_total_run=3)
        self.refused("max_total_runs", words=("--strict", "train.py"))
        self.assertIsNotNone(self.sweep("train.py"))
        self.assertIn("max_total_runs", self.last.err)

    def test_wrong_command_lines(self):
        for words in (("run",), ("run", "submit-hyperdriv"), ("run", "show"), ("nonsense",), ("run", "list", "--nope"),
                      ("run", "list", "-o", "xml")):
            with self.subTest(words):
                self.assertActionable(self.run_hdrive(*words, code=2), "")

    def test_not_attached_workspace_says_what_to_do(self):
        other = os.path.join(self.folder, "other")
        os.mkdir(other)
        done = self.finish(self.start_hdrive("run", "list", cwd=other))
        self.assertIn(done.code, (0, 2, 4))
        if done.code:
            self.assertActionable(done, "folder attach")


class Disk(WorkspaceTest):
    """A file system of three megabytes stands for a full disk."""

    attach = False

    def setUp(self):
        super().setUp()
        mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", self.project]
        if os.geteuid() != 0 or subprocess.call(mount, stderr=subprocess.DEVNULL) != 0:
            self.skipTest("mounting needs privileges")
        self.addCleanup(subprocess.call, ["umount", "-l", self.project])
        self.run_hdrive("folder", "attach", "-e", "exp1")
        self.write_runconfig("local", arguments=["--steps", 40, "--pause", 0.05])
        self.write("train.py", SCORE)
        self.write_hdconfig({"--x": ["choice", [1, 2, 3]]}, concurrent=2)

    def fill(self):
        with open(os.path.join(self.project, "..", "filler"), "w"):
            pass
        path = os.path.join(self.project, ".hdrive-filler")
        with open(path, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"x" * 4096)
            except OSError:
                pass
        return path

    def test_full_before_the_start(self):
        filler = self.fill()
        done = self.finish(self.start_hdrive(*self.submit_words("train.py")))
        self.assertNotEqual(done.code, 0)
        self.assertLess(done.code, 128, str(done))
        self.assertActionable(done, "space")
        os.remove(filler)
        self.assertEqual(self.sweep("train.py")["status"], "Completed")

    def test_full_while_running_waits_and_goes_on(self):
        process, run = self.start_sweep("train.py")
        self.wait_for(lambda: "Running" in self.statuses(run), process)
        filler = self.fill()
        import time

        time.sleep(1)
        self.assertIsNone(process.poll())
        os.remove(filler)
        done = self.finish(process)
        self.assertEqual(done.code, 0, str(done))
        self.assertEqual(len(self.children(run)), 3)


    def test_a_child_that_starts_on_a_full_disk_waits(self):
        with open(os.path.join(self.project, "data"), "wb") as file:
            file.write(b"x" * 500_000)
        self.write_runconfig("local", arguments=["--steps", 3, "--pause", 0.5])
        self.write_hdconfig({"--x": ["choice", [1, 2]]}, concurrent=1)
        process, run = self.start_sweep("train.py")
        self.wait_for(lambda: "Running" in self.statuses(run), process)
        filler = self.fill()
        # Room for the history, but for no copy of the data.
        os.truncate(filler, os.path.getsize(filler) - 400_000)
        history = os.path.join(self.project, ".hdrive", "history.db")

        def waits():
            with sqlite3.connect(history) as database:
                return database.execute("SELECT 1 FROM event WHERE kind = 'noted' AND payload LIKE ?",
                                        ("%waits to be started%",)).fetchone()

        self.wait_for(waits, process)
        os.remove(filler)
        done = self.finish(process)
        self.assertEqual(done.code, 0, str(done))
        self.assertEqual(self.statuses(run), {"Completed": 2})


class ReadOnly(WorkspaceTest):
    def test_read_only_workspace(self):
        self.write("train.py", SCORE)
        self.write_hdconfig({"--x": ["choice", [1]]})
        words = [self.hdrive] + list(self.submit_words("train.py"))
        if os.geteuid() == 0:
            subprocess.check_call(["chmod", "-R", "a+rX", self.folder])
            words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] + words
        else:
            subprocess.check_call(["chmod", "-R", "a-w", self.project])
        done = subprocess.run(words, cwd=self.project, env=self.environment(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, timeout=60)
        self.assertIn(done.returncode, (2, 5), done.stderr)
        self.assertIn(self.project, done.stderr)
        self.assertEqual(done.stdout, "")


if __name__ == "__main__":
    unittest.main()
