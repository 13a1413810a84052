"""Runs the real hdrive in temporary folders."""
import json
import os
import shutil
import stat
import subprocess
import tempfile
import textwrap
import unittest

PROGRAM = os.environ.get("HDRIVE_PROGRAM", "hdrive")

TRAIN = """\
    #!/bin/sh
    # Logs a loss that is the learning rate itself, so that the best child is known.
    while [ $# -gt 0 ]; do
      case $1 in
        --lr) lr=$2; shift ;;
        --sleep) sleep "$2"; shift ;;
        --fail) echo "cannot train: $2" >&2; exit 3 ;;
      esac
      shift
    done
    echo "loss=$lr" >> "$HDRIVE_METRICS"
    echo "trained with $lr"
    mkdir -p outputs && echo "$lr" > outputs/model.txt
    """

HDCONFIG = """\
    sampling:
      type: grid
      parameter_space:
        - {name: --lr, expression: choice, values: [0.5, 0.25, 0.75, 1.0]}
    policy: {type: NoTerminationPolicy}
    primary_metric_name: loss
    primary_metric_goal: minimize
    max_total_runs: 4
    max_concurrent_runs: 2
    """

RUNCONFIG = """\
    script: train.sh
    arguments: []
    target: local
    framework: Python
    environment:
      environmentVariables: {FROM_RUNCONFIG: "yes"}
      python: {userManagedDependencies: true, interpreterPath: python3}
    """


class ProgramTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hdrive-cli-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.write("train.sh", TRAIN, executable=True)
        self.write("hdconfig.yml", HDCONFIG)
        self.write(".azureml/local.runconfig", RUNCONFIG)

    def write(self, name, text, executable=False):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text))
        if executable:
            os.chmod(path, os.stat(path).st_mode | stat.S_IXUSR)
        return path

    def environment(self):
        environment = {key: value for key, value in os.environ.items() if not key.startswith("HDRIVE_")}
        return {**environment, "TERM": "dumb", "LC_ALL": "C.UTF-8"}

    def hdrive(self, *words, code=0, **options):
        """Runs a command; its exit code must be `code`."""
        result = subprocess.run([PROGRAM, *words], cwd=self.folder, env=self.environment(), text=True,
                                stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False, **options)
        self.assertEqual(result.returncode, code, f"{words}\n{result.stdout}\n{result.stderr}")
        return result

    def json(self, *words, code=0):
        return json.loads(self.hdrive(*words, code=code).stdout)

    def sweep(self, *words, code=0):
        return self.json("run", "submit-hyperdrive", "-e", "digits", "-c", "local",
                         "--hyperdrive-configuration-name", "hdconfig.yml", *words, code=code)

    def last_error(self, result):
        return result.stderr.rstrip("\n").splitlines()[-1]
