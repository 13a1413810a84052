"""What runs leave behind, listed, copied and shown while they run and afterwards."""
import json
import os
import shutil
import signal
import socket
import unittest
import urllib.error
import urllib.request

from harness import WorkspaceTest

TRAIN = """
import argparse, os, time
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
arguments = parser.parse_args()
run = Run.get_context()
os.makedirs("outputs/deep")
with open("outputs/deep/a b.txt", "w") as file:
    file.write("of %g" % arguments.x)
with open("logs/own.log", "w") as file:
    file.write("mine")
os.symlink("/etc/passwd", "outputs/link")
os.symlink("/etc", "outputs/folder")
os.mkfifo("outputs/pipe")
print("printed")
run.parent.log("best so far", arguments.x, step=int(arguments.x))
run.log("score", arguments.x)
while os.path.exists("FOLDER/wait"):
    time.sleep(0.05)
"""


def files_below(folder):
    found = {}
    for where, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(where, name)
            with open(path) as file:
                found[os.path.relpath(path, folder)] = file.read()
    return found


class Files(WorkspaceTest):
    def setUp(self):
        super().setUp()
        self.write("train.py", TRAIN.replace("FOLDER", self.folder))
        self.write_hdconfig({"--x": ["choice", [1, 2]]}, concurrent=1)

    def listed(self, run):
        return {file["path"] for file in self.run_hdrive("run", "files", "-r", run, "-o", "json").json()}

    def test_files_are_listed_and_copied(self):
        run = self.sweep("train.py")["runId"]
        wanted = {"outputs/deep/a b.txt", "logs/own.log", "logs/stdout.txt", "logs/stderr.txt"}
        self.assertEqual(self.listed(run + "_0") - {"outputs/pipe"}, wanted)
        self.run_hdrive("run", "download", "-r", run + "_0", "-d", "one", "--name", "outputs/deep", "--name", "logs")
        found = files_below(os.path.join(self.project, "one"))
        self.assertEqual(found, {"outputs/deep/a b.txt": "of 1", "logs/own.log": "mine", "logs/stdout.txt": "printed\n",
                                 "logs/stderr.txt": found["logs/stderr.txt"]})
        done = self.run_hdrive("run", "download", "-r", run + "_0", "-d", "one", "--name", "logs/own.log", code=2)
        self.assertActionable(done, "is there already", "--overwrite")
        self.run_hdrive("run", "download", "-r", run + "_0", "-d", "one", "--name", "logs/own.log", "--overwrite")

        self.run_hdrive("run", "download", "-r", run, "--best", "-d", "best", "--name", "outputs/deep/a b.txt")
        self.assertEqual(files_below(os.path.join(self.project, "best")), {"outputs/deep/a b.txt": "of 2"})
        self.run_hdrive("run", "download", "-r", run, "--all", "--name", "logs/own.log")
        self.assertEqual(files_below(os.path.join(self.project, run)),
                         {run + "_0/logs/own.log": "mine", run + "_1/logs/own.log": "mine"})
        self.assertActionable(self.run_hdrive("run", "download", "-r", run, code=2), "--best or --all")
        self.assertActionable(self.run_hdrive("run", "files", "-r", run, code=2), "run children")
        done = self.run_hdrive("run", "download", "-r", run + "_0", "--name", "../history.db", code=4)
        self.assertActionable(done, "has no file ../history.db")

    def test_they_are_listed_while_the_run_goes_on(self):
        open(os.path.join(self.folder, "wait"), "w").close()
        process, run = self.start_sweep("train.py")
        self.wait_for(lambda: "logs/own.log" in self.listed(run + "_0")
                      if self.children(run) else False, process)
        os.remove(os.path.join(self.folder, "wait"))
        self.assertEqual(self.finish(process).code, 0)

    def test_what_is_logged_to_the_parent_run_is_shown_there(self):
        run = self.sweep("train.py")["runId"]
        points = self.run_hdrive("run", "metrics", "-r", run, "-o", "json").json()
        self.assertEqual([(point["name"], point["value"], point["step"], point["child"]) for point in points],
                         [("best so far", 1, 1, 0), ("best so far", 2, 2, 1)])
        text = self.run_hdrive("run", "metrics", "-r", run, "--name", "best so far", "-o", "csv").out
        self.assertEqual(text.splitlines()[0], "name,value,step,time_utc,attempt,child")
        self.assertEqual([line.rsplit(",", 1)[1] for line in text.splitlines()[1:]], ["0", "1"])
        self.assertEqual(self.run_hdrive("run", "metrics", "-r", run, "--name", "other", "-o", "json").json(), [])


class TensorBoard(WorkspaceTest):
    def test_without_it_the_command_says_how_to_get_it(self):
        self.write("train.py", "print('score=1')")
        self.write_hdconfig({"--x": ["choice", [1]]})
        run = self.sweep("train.py")["runId"]
        done = self.run_hdrive("run", "monitor-tensorboard", "-r", run, code=5)
        self.assertActionable(done, "cannot start tensorboard", "pip install tensorboard")

    @unittest.skipUnless(shutil.which("tensorboard"), "needs the package tensorboard")
    def test_it_shows_child_runs_as_they_start(self):
        from test_event_files import OWN_WRITER, dedented
        self.write("train.py", dedented(OWN_WRITER) + """
import argparse, time
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
x = parser.parse_args().x
writer = SummaryWriter("logs/train")
writer.add_scalar("score", x, 1)
writer.flush()
while x == 2 and os.path.exists("%s/wait"):
    time.sleep(0.05)
""" % self.folder)
        open(os.path.join(self.folder, "wait"), "w").close()
        self.write_hdconfig({"--x": ["choice", [1, 2]]}, concurrent=1, primary_metric_name="train/score")
        process, run = self.start_sweep("train.py")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        os.symlink(shutil.which("tensorboard"), os.path.join(self.bin, "tensorboard"))
        board = self.start_hdrive("run", "monitor-tensorboard", "-r", run, "--port", port)

        def shown():
            try:
                with urllib.request.urlopen("http://127.0.0.1:%d/data/plugin/scalars/tags" % port) as answer:
                    return set(json.load(answer))
            except (OSError, urllib.error.URLError):
                return set()

        self.wait_for(lambda: shown() >= {"0/logs/train", "1/logs/train"}, board)
        board.send_signal(signal.SIGINT)
        done = self.finish(board)
        self.assertEqual(done.code, 0, str(done))
        os.remove(os.path.join(self.folder, "wait"))
        self.assertEqual(self.finish(process).code, 0)


if __name__ == "__main__":
    unittest.main()
