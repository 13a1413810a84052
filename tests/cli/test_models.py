"""Registered models: the commands, and the packages for scripts, over the same folders."""
import json
import os
import subprocess
import sys
import unittest

from program import ProgramTest

PACKAGES = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "python"))


class Models(ProgramTest):
    def register(self, *words, name="digits", code=0):
        return self.json("model", "register", "-n", name, *words, code=code)

    def script(self, code):
        """stdout of a script of the project."""
        environment = dict(self.environment(), PYTHONPATH=PACKAGES, HDRIVE_PROJECT=self.folder)
        done = subprocess.run([sys.executable, "-c", code], cwd=self.folder, env=environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_the_words_of_azure_work(self):
        self.write("model/weights.txt", "w")
        made = self.json("ml", "model", "register", "-n", "digits", "-p", "model", "-d", "about it", "--tag", "stage=test",
                         "--tag", "plain", "--property", "p=q=r", "--model-framework", "TensorFlow",
                         "--model-framework-version", "2.1", "-t", "model.json", "-g", "group")
        self.assertEqual((made["modelId"], made["name"], made["version"]), ("digits:1", "digits", 1))
        self.assertEqual((made["framework"], made["frameworkVersion"]), ("TensorFlow", "2.1"))
        self.assertEqual((made["tags"], made["properties"]), ({"stage": "test", "plain": ""}, {"p": "q=r"}))
        self.assertEqual((made["description"], made["runId"], made["bytes"]), ("about it", None, 1))
        self.assertRegex(made["createdTimeUtc"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        with open(os.path.join(self.folder, "model.json"), encoding="utf-8") as file:
            self.assertEqual(json.load(file), made)
        self.assertEqual(self.json("model", "show", "-i", "digits:1"), made)
        self.assertEqual(self.json("model", "show", "-n", "digits", "--version", "1"), made)
        got = self.json("model", "download", "-i", "digits:1", "-t", "got")
        self.assertEqual(got["path"], os.path.realpath(os.path.join(self.folder, "got", "model")))
        with open(os.path.join(got["path"], "weights.txt"), encoding="utf-8") as file:
            self.assertEqual(file.read(), "w")
        refused = self.hdrive("model", "download", "-i", "digits:1", "--target-dir", "got", code=2)
        self.assertIn("--overwrite", self.last_error(refused))
        self.hdrive("model", "download", "-n", "digits", "-t", "got", "--overwrite", "--output-metadata-file", "meta")
        self.assertTrue(os.path.exists(os.path.join(self.folder, "meta")))

    def test_lists_newest_first_and_filters(self):
        self.assertEqual(self.json("model", "list"), [])
        self.assertFalse(os.path.exists(os.path.join(self.folder, ".hdrive")))
        self.write("m", "x")
        for number in ("1", "2"):
            self.register("-p", "m", "--tag", "n=" + number)
        self.register("-p", "m", "--property", "p=q", name="other")
        ids = lambda *words: [model["modelId"] for model in self.json("model", "list", *words)]
        self.assertEqual(ids(), ["digits:2", "digits:1", "other:1"])
        self.assertEqual(ids("-n", "digits", "--latest"), ["digits:2"])
        self.assertEqual(ids("--tag", "n=1"), ["digits:1"])
        self.assertEqual(ids("--tag", "n"), ["digits:2", "digits:1"])
        self.assertEqual(ids("--property", "p=x"), [])
        self.assertEqual(ids("-n", "none"), [])
        self.assertIn("digits:2", self.hdrive("model", "list", "-o", "table").stdout)
        self.hdrive("model", "delete", "-i", "digits:2")
        self.assertEqual(ids(), ["digits:1", "other:1"])
        self.assertEqual(self.register("-p", "m")["version"], 3)

    def test_from_runs(self):
        run = self.sweep("-t", "run.json")
        best = run["bestChildRunId"]
        made = self.register("--run-id", best, "--asset-path", "outputs/model.txt")
        self.assertEqual((made["runId"], made["experimentName"]), (best, "digits"))
        # Of a sweep it is the best child run.
        again = self.register("--run-metadata-file", "run.json", "--asset-path", "./outputs/model.txt")
        self.assertEqual((again["runId"], again["contentHash"]), (best, made["contentHash"]))
        self.assertEqual([m["version"] for m in self.json("model", "list", "--run-id", best)], [2, 1])
        with open(os.path.join(self.json("model", "download", "-i", "digits:1", "-t", "d")["path"]), encoding="utf-8") as file:
            self.assertEqual(file.read(), "0.25\n")
        for path in ("../stream.jsonl", "/etc/hostname", "a/../../x"):
            self.hdrive("model", "register", "-n", "m", "--run-id", best, "--asset-path", path, code=2)
        self.hdrive("model", "register", "-n", "m", "--run-id", best, "--asset-path", "outputs/none", code=4)
        self.hdrive("model", "register", "-n", "m", "--run-id", "HD_1", "--asset-path", "outputs/x", code=4)

    def test_mistakes_say_what_to_do(self):
        self.write("m", "x")
        for words, code, piece in (
            (("register", "-n", "m"), 2, "--asset-path"),
            (("register", "-n", "m", "--asset-path", "outputs/x"), 2, "--run-id"),
            (("register", "-n", "m", "-p", "m", "--asset-path", "x"), 2, "--model-path"),
            (("register", "-n", "../m", "-p", "m"), 2, "model name"),
            (("register", "-n", "m", "-p", "none"), 4, "none"),
            (("register", "-n", "m", "-p", "m", "-f", "none"), 4, "none"),
            (("register", "-n", "m", "-p", "m", "-f", "m"), 2, "runId"),
            (("show",), 2, "--model-id"),
            (("show", "-i", "m"), 2, "NAME:VERSION"),
            (("show", "-i", "m:x"), 2, "NAME:VERSION"),
            (("delete", "-n", "m"), 2, "version"),
        ):
            self.assertIn(piece, self.last_error(self.hdrive("model", *words, code=code)), words)
        self.register("-p", "m", name="m")
        for words in (("show", "-i", "m:2"), ("show", "-n", "none"), ("delete", "-i", "m:2"),
                      ("download", "-i", "none:1", "-t", "d")):
            self.hdrive("model", *words, code=4)

    def test_a_damaged_manifest_hides_no_other_model(self):
        self.write("m", "x")
        self.register("-p", "m")
        self.register("-p", "m")
        self.write(".hdrive/models/digits/1/model.json", "{")
        done = self.hdrive("model", "list")
        self.assertEqual([m["modelId"] for m in json.loads(done.stdout)], ["digits:2"])
        self.assertIn("warning", done.stderr)
        self.assertIn("model.json", self.last_error(self.hdrive("model", "show", "-i", "digits:1", code=5)))
        self.hdrive("model", "delete", "-i", "digits:1")

    def test_scripts_and_commands_see_the_same_models(self):
        self.write("weights/a.txt", "a")
        mine = self.register("-p", "weights", "--tag", "by=command", "-d", "d")
        out = self.script(
            "from azureml.core import Model, Workspace\n"
            "ws = Workspace.from_config()\n"
            "model = Model(ws, 'digits')\n"
            "assert model.tags == {'by': 'command'} and model.created_time.year > 2000 and model.run_id is None\n"
            "assert open(model.download('by_script') + '/a.txt').read() == 'a'\n"
            "made = Model.register(ws, 'weights', 'digits', tags={'by': 'script', 'n': 1}, description='e')\n"
            "print(made.version, model.serialize()['contentHash'])\n"
        )
        theirs = self.json("model", "show", "-n", "digits")
        self.assertEqual(out.split(), ["2", mine["contentHash"]])
        self.assertEqual((theirs["version"], theirs["tags"]), (2, {"by": "script", "n": "1"}))
        self.assertEqual(theirs["contentHash"], mine["contentHash"])
        self.assertEqual(set(theirs), set(mine))
        self.json("model", "download", "-i", "digits:2", "-t", "by_command")


if __name__ == "__main__":
    unittest.main()
