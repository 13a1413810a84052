"""Real MLflow clients for the tests, each in a virtual environment of its own below build/."""
import fcntl
import os
import shutil
import subprocess
import unittest

from harness import ROOT

PACKAGES = {2: "mlflow-skinny==2.22.*", 3: "mlflow-skinny>=3"}
# What autolog() and the models of scikit-learn need beside the client, and a writer of event files.
MORE = ["scikit-learn", "pandas", "tensorboardX"]


def python_with_mlflow(major):
    """A Python with the newest client of that major version; installs it when it is not there.
    Raises SkipTest where the packages cannot be had."""
    wanted = " ".join([PACKAGES[major]] + MORE)
    folder = os.path.join(ROOT, "build", "mlflow-clients", str(major))
    python = os.path.join(folder, "bin", "python")
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    with open(folder + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run beside each other
        if content_of(os.path.join(folder, "complete")) == wanted:
            return python
        shutil.rmtree(folder, ignore_errors=True)
        steps = (
            ["python3", "-m", "venv", folder],
            [python, "-m", "pip", "--disable-pip-version-check", "install", "-q", "--retries", "1",
             "--timeout", "10", PACKAGES[major]] + MORE,
            [python, "-c", "import mlflow, sklearn, pandas, tensorboardX"],
        )
        for step in steps:
            done = subprocess.run(step, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if done.returncode != 0:
                raise unittest.SkipTest("%s cannot be installed: %s" % (wanted, done.stdout[-300:]))
        with open(os.path.join(folder, "complete"), "w") as file:
            file.write(wanted)
        return python


def content_of(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return None
