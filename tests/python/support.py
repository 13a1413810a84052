"""Runs pieces of training scripts in processes of their own, as hdrive would."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest

PACKAGES = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", "python"))


class ScriptTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hdrive-python-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.work = os.path.join(self.folder, "work")
        os.mkdir(self.work)
        self.metrics = os.path.join(self.folder, "metrics")

    def environment(self, inside=True, **more):
        environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": PACKAGES, "LC_ALL": "C.UTF-8"}
        if inside:
            environment.update(
                HDRIVE_METRICS=self.metrics,
                HDRIVE_OUTPUT_DIR=os.path.join(self.work, "outputs"),
                HDRIVE_RUN_ID="HD_00000000-0000-4000-8000-000000000000_3",
                HDRIVE_PARENT_RUN_ID="HD_00000000-0000-4000-8000-000000000000",
                AZUREML_RUN_ID="HD_00000000-0000-4000-8000-000000000000_3",
                AZUREML_ARM_PROJECT_NAME="digits",
            )
        environment.update(more)
        return environment

    def start(self, code, inside=True, **more):
        """The finished process of a script; more = further environment variables."""
        return subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            cwd=self.work,
            env=self.environment(inside, **more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            timeout=120,
        )

    def run_script(self, code, inside=True, **more):
        """stdout of a script that has to succeed."""
        done = self.start(code, inside, **more)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.stderr = done.stderr
        return done.stdout

    def records(self, code=None, **more):
        """What the script wrote to the metrics file, times removed."""
        if code is not None:
            self.run_script(code, **more)
        if not os.path.exists(self.metrics):
            return []
        with open(self.metrics, encoding="utf-8") as file:
            found = [json.loads(line) for line in file]
        for record in found:
            record.pop("ts", None)
        return found


class ProjectTest(ScriptTest):
    """Scripts whose run belongs to a project folder of its own."""

    def setUp(self):
        super().setUp()
        self.project = os.path.join(self.folder, "project")
        os.makedirs(os.path.join(self.project, ".azureml"))

    def environment(self, inside=True, **more):
        if inside:
            more.setdefault("HDRIVE_PROJECT", self.project)
        return super().environment(inside, **more)

    def write(self, name, text):
        """A file of the project; its path."""
        path = os.path.join(self.project, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        return path
