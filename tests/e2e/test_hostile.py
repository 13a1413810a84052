"""Scripts that report nonsense, lay traps in their folder, or ask for what is not theirs."""
import json
import os
import sqlite3
import unittest

from harness import SCORE, WorkspaceTest

ABSURD = r"""
import argparse, os
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
x = parser.parse_args().x
file = os.open(os.environ["HDRIVE_METRICS"], os.O_WRONLY | os.O_APPEND)
def say(line):
    os.write(file, line if isinstance(line, bytes) else line.encode())
for _ in range(3):
    say('{"t":"m","m":{"%s":1}}\n' % ("n" * (1 << 20)))
    say('{"t":"m","m":{"%s":1}}\n' % ("n" * 251))
    say('{"t":"m","m":{"bell\\u0007":1,"":1,"esc\\u001b[31m":1}}\n')
    say(b'{"t":"m","m":{"broken \xff\xfe":1}}\n')
    say(b'{"t":"m","m":{"half \xc3')
    say(b'\n\0\0\0\n{"t":"m"\n{]\n')
    say('{"t":"text","n":"deep","v":' + "[" * 30000 + "]" * 30000 + "}\n")
    say('{"t":"tag","k":"escape","v":"\\u001b]0;owned\\u0007"}\n')
    say('{"t":"tag","k":"../../../etc","v":"../.."}\n')
    say('{"t":"p","p":{"--lr":"\\u001b[2J"}}\n')
for value in ("NaN", "Infinity", "-Infinity", "1e308", "-1e308", "1e999", "5e-324", "-0.0"):
    say('{"t":"m","m":{"score":"%s","other":%s}}\n' % (value, '"NaN"' if value == "NaN" else '"%s"' % value))
for block in range(12):
    say("".join('{"t":"m","m":{"many%d":1}}\n' % (block * 1000 + i) for i in range(1000)))
say('{"t":"m","m":{"score":%r}}\n' % x)
print("\x1b[31mscore_printed: 1e400\x07")
"""


def notes(project):
    with sqlite3.connect(os.path.join(project, ".hdrive", "history.db")) as database:
        rows = database.execute("SELECT child, payload FROM event WHERE kind = 'noted' AND child IS NOT NULL")
        return [(child, json.loads(payload)["text"]) for child, payload in rows]


class AbsurdMetrics(WorkspaceTest):
    def sweep_of(self, policy, sampling=None):
        self.write("train.py", ABSURD)
        more = {"sampling": sampling} if sampling else {}
        self.write_hdconfig({"--x": ["choice", [1, 2, 3, 4]]}, policy=policy, concurrent=2, total=4, **more)
        run = self.sweep("train.py")
        # Whoever had plus infinity is best, and an infinite best must be no infinite trouble.
        self.assertEqual(run["status"], "Completed")
        return run["runId"]

    def test_are_contained_and_told_once(self):
        run = self.sweep_of(None)
        told = notes(self.project)
        self.assertEqual(len(told), len(set(told)), "told twice")
        for child in range(4):
            mine = [text for about, text in told if about == child]
            self.assertLessEqual(len(mine), 6, mine)
            for piece in ("over 64 KiB", "longer than 250 bytes", "more than 10000"):
                self.assertEqual(len([text for text in mine if piece in text]), 1, (piece, mine))
        points = self.run_hdrive("run", "metrics", "-r", run + "_0", "-o", "json").json()
        values = [point["value"] for point in points if point["name"] == "score"]
        self.assertEqual(values[:3] + values[5:6], ["NaN", "Infinity", "-Infinity", "Infinity"])
        self.assertEqual(values[3:5] + values[6:], [1e308, -1e308, 5e-324, 0, 1])
        self.assertLessEqual(len({point["name"] for point in points}), 10000)

    def test_are_shown_without_their_control_characters(self):
        run = self.sweep_of(None)
        for words in (("list",), ("show", "-r", run), ("show", "-r", run + "_0"), ("children", "-r", run),
                      ("best", "-r", run), ("metrics", "-r", run + "_0"), ("explain", "-r", run + "_0")):
            for form in ("json", "table", "tsv"):
                done = self.run_hdrive("run", *words, "-o", form)
                for character in done.out + done.err:
                    if character < " " and character not in "\n\t":
                        self.fail("%r in %s" % (character, done))
                if form == "json" and words[0] != "explain":
                    json.loads(done.out)
        self.assertNotIn("\x1b]0;", self.run_hdrive("run", "monitor-logs", "-r", run).out)

    def test_of_every_policy(self):
        for policy in ({"type": "BanditPolicy", "slack_factor": 0.1, "delay_evaluation": 2},
                       {"type": "MedianStoppingPolicy", "evaluation_interval": 1, "delay_evaluation": 2},
                       {"type": "TruncationSelectionPolicy", "truncation_percentage": 50, "delay_evaluation": 2}):
            with self.subTest(policy["type"]):
                run = self.sweep_of(policy)
                self.assertEqual(len(self.children(run)), 4)

    def test_taught_to_a_model(self):
        sampling = {"type": "bayesian",
                    "parameter_space": [{"name": "--x", "expression": "uniform", "values": [0, 1]}]}
        self.write("train.py", ABSURD)
        self.write_hdconfig({}, sampling=sampling, concurrent=2, total=12)
        self.assertEqual(self.statuses(self.sweep("train.py")["runId"]), {"Completed": 12})


class Paths(WorkspaceTest):
    def test_run_ids_are_no_paths(self):
        self.write("train.py", SCORE)
        self.write_hdconfig({"--x": ["choice", [1]]})
        run = self.sweep("train.py")["runId"]
        before = sorted(os.listdir(os.path.join(self.project, ".hdrive", "runs")))
        for name in ("../" + run, run + "/..", "..", ".", "/etc", run + "_0/../" + run, "", "a\nb", "-", "\x1b[2J"):
            for words in (("show",), ("children",), ("best",), ("metrics",), ("explain",), ("cancel",), ("pause",),
                          ("resume",), ("watch",), ("monitor-logs",), ("download-logs", "-d", "out")):
                done = self.finish(self.start_hdrive("run", words[0], "--run=" + name, *words[1:]))
                self.assertIn(done.code, (2, 4), str(done))
                self.assertNotIn("\x1b", done.err)
        self.assertEqual(sorted(os.listdir(os.path.join(self.project, ".hdrive", "runs"))), before)
        self.assertFalse(os.path.exists(os.path.join(self.project, "out")))

    def test_logs_that_were_replaced_by_links_and_pipes(self):
        secret = os.path.join(self.folder, "secret")
        with open(secret, "w") as file:
            file.write("only for me")
        self.write("train.py", SCORE + """
import os
os.remove("../logs/stdout.txt")
os.symlink(%r, "../logs/stdout.txt")
os.remove("../logs/stderr.txt")
os.mkfifo("../logs/stderr.txt")
""" % secret)
        self.write_hdconfig({"--x": ["choice", [1]]})
        run = self.sweep("train.py")["runId"]
        out = os.path.join(self.folder, "out")
        self.run_hdrive("run", "download-logs", "-r", run, "-d", out)
        copied = [name for _, _, names in os.walk(out) for name in names]
        self.assertNotIn("stdout.txt", copied)
        self.assertNotIn("stderr.txt", copied)
        self.assertNotIn("only for me", self.run_hdrive("run", "monitor-logs", "-r", run + "_0").out)

    def test_metrics_file_that_was_replaced_by_a_link_or_pipe(self):
        self.write("train.py", SCORE + """
import os
path = os.environ["HDRIVE_METRICS"]
for make in (lambda: os.symlink("/dev/zero", path), lambda: os.mkfifo(path), lambda: os.mkdir(path)):
    os.rename(path, path + ".aside")
    make()
    time.sleep(0.3)
    os.rename(path, path + ".%d" % time.monotonic_ns())
    os.rename(path + ".aside", path)
run.log("score", 100)
""")
        self.write_hdconfig({"--x": ["choice", [1]]})
        self.assertEqual(self.sweep("train.py")["bestPrimaryMetric"], 100)

    def test_artifacts_stay_inside_the_run(self):
        secret = os.path.join(self.folder, "secret")
        os.mkdir(secret)
        with open(os.path.join(secret, "key"), "w") as file:
            file.write("only for me")
        self.write("train.py", """
import os
from azureml.core import Run
from azureml.exceptions import UserErrorException
run = Run.get_context()
os.symlink(%r, "outputs/link")
os.symlink(%r, "outputs/key")
open("mine", "w").write("mine")
refused = 0
for name in ("../x", "outputs/../../x", "/../x", "outputs/link/new", "outputs/key"):
    try:
        run.upload_file(name, "mine")
    except UserErrorException:
        refused += 1
for name in ("outputs/key", "outputs/link/key", "../spec"):
    try:
        run.download_file(name, "got")
    except UserErrorException:
        refused += 1
run.log("score", refused)
run.log("listed", len([name for name in run.get_file_names() if "key" in name]))
""" % (secret, os.path.join(secret, "key")))
        self.write_hdconfig({"--x": ["choice", [1]]})
        run = self.sweep("train.py")
        self.assertEqual(run["bestPrimaryMetric"], 8)
        points = self.run_hdrive("run", "metrics", "-r", run["runId"] + "_0", "-o", "json").json()
        self.assertEqual([p["value"] for p in points if p["name"] == "listed"], [0])
        with open(os.path.join(secret, "key")) as file:
            self.assertEqual(file.read(), "only for me")
        self.assertEqual(os.listdir(secret), ["key"])


if __name__ == "__main__":
    unittest.main()
