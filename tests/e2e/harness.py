"""Workspaces with real scripts, tuned by the real program.

HDRIVE_BINARY names the program; without it the newest build below build/ is taken. After every test
nothing may be left that belongs to the test's workspace: no process, no held lock, no socket that answers.
"""
import fcntl
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
LIMIT = 240  # seconds until a command counts as hanging; nothing else is timed


def binary():
    named = os.environ.get("HDRIVE_BINARY")
    if named:
        return os.path.abspath(named)
    builds = os.path.join(ROOT, "build")
    found = [os.path.join(builds, preset, "bin", "hdrive") for preset in ("dev", "release", "asan-ubsan")]
    found = [path for path in found if os.path.exists(path)]
    if not found:
        raise unittest.SkipTest("no hdrive program; build one or set HDRIVE_BINARY")
    return max(found, key=os.path.getmtime)


class Done(object):
    """A finished command."""

    def __init__(self, words, code, out, err):
        self.words, self.code, self.out, self.err = words, code, out, err

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return "%s\nexit code %s\n--- stdout\n%s\n--- stderr\n%s" % (
            " ".join(self.words), self.code, self.out[-4000:], self.err[-8000:]
        )


def processes_of(folder):
    """(pid, command line) of every process that has to do with the folder."""
    found = []
    mark = folder.encode()
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            with open("/proc/%s/stat" % entry) as file:
                if file.read().rsplit(")", 1)[1].split()[0] in "ZX":
                    continue
            with open("/proc/%s/cmdline" % entry, "rb") as file:
                command = file.read()
            with open("/proc/%s/environ" % entry, "rb") as file:
                environment = file.read()
            where = os.readlink("/proc/%s/cwd" % entry).encode()
        except (OSError, IndexError):
            continue
        if mark in command or mark in environment or where.startswith(mark):
            found.append((int(entry), command.replace(b"\0", b" ").decode("utf-8", "replace")))
    return found


def held_locks(folder):
    """Lock files below the folder that somebody holds."""
    held = []
    for where, _, names in os.walk(folder):
        for name in {"lock", "engine.lock"}.intersection(names):
            with open(os.path.join(where, name), "r+") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    held.append(file.name)
    return held


def answering_sockets(folder):
    """Sockets below the folder behind which somebody listens."""
    found = []
    for where, _, names in os.walk(folder):
        for name in names:
            if not stat.S_ISSOCK(os.lstat(os.path.join(where, name)).st_mode):
                continue
            place = os.open(where, os.O_PATH | os.O_DIRECTORY)
            try:  # through the descriptor: a socket's address has room for 107 bytes
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect("/proc/self/fd/%d/%s" % (place, name))
                found.append(os.path.join(where, name))
            except OSError:
                pass
            finally:
                os.close(place)
    return found


class WorkspaceTest(unittest.TestCase):
    """One attached workspace per test, in a folder of its own."""

    attach = True
    maxDiff = 4000

    def setUp(self):
        self.hdrive = binary()
        self.folder = os.path.realpath(tempfile.mkdtemp(prefix="hdrive-e2e-"))
        self.addCleanup(self._remove)
        self.bin = os.path.join(self.folder, "bin")
        self.project = os.path.join(self.folder, "project")
        self.home = os.path.join(self.folder, "home")
        for folder in (self.bin, self.project, self.home):
            os.mkdir(folder)
        # Whichever Python runs the tests is the one that the scripts get.
        for name in ("python", "python3"):
            os.symlink(sys.executable, os.path.join(self.bin, name))
        if self.attach:
            self.run_hdrive("folder", "attach", "-e", "exp1")
            self.write_runconfig("local")

    def _remove(self):
        for _ in range(100):
            left = processes_of(self.folder)
            if not left:
                break
            time.sleep(0.1)
        for pid, _ in left:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        subprocess.call(["chmod", "-R", "u+rwX", self.folder])
        locks, sockets = held_locks(self.folder), answering_sockets(self.folder)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.assertEqual(left, [], "processes are left")
        self.assertEqual(locks, [], "locks are held")
        self.assertEqual(sockets, [], "sockets answer")

    def environment(self, **more):
        environment = {
            "PATH": self.bin + ":/usr/local/bin:/usr/bin:/bin",
            "HOME": self.home,
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        for name in os.environ:
            if name.endswith("SAN_OPTIONS"):
                environment[name] = os.environ[name]
        environment.update(more)
        return environment

    # Files

    def write(self, name, text, executable=False):
        path = os.path.join(self.project, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(textwrap.dedent(text))
        if executable:
            os.chmod(path, 0o755)
        return path

    def read(self, *parts):
        with open(os.path.join(self.project, *parts), errors="replace") as file:
            return file.read()

    def write_runconfig(self, name, script=None, **more):
        """A runconfig over the Python of the tests; more = further top-level keys."""
        document = {"target": "local", "framework": "Python"}
        if script:
            document["script"] = script
        document["environment"] = {
            "environmentVariables": more.pop("environmentVariables", {}),
            "python": {"userManagedDependencies": True, "interpreterPath": more.pop("interpreter", "python")},
        }
        document.update(more)
        self.write(".azureml/%s.runconfig" % name, json.dumps(document))

    def write_hdconfig(self, space, name="hdconfig.yml", policy=None, goal="Maximize", total=100, concurrent=4, **more):
        """space: {"--x": ["choice", [1, 2]]}. JSON is YAML."""
        document = {
            "sampling": {
                "type": "grid",
                "parameter_space": [
                    {"name": key, "expression": value[0], "values": value[1]} for key, value in space.items()
                ],
            },
            "policy": policy or {"type": "NoTerminationPolicy"},
            "primary_metric_name": "score",
            "primary_metric_goal": goal,
            "max_total_runs": total,
            "max_concurrent_runs": concurrent,
            "max_duration_minutes": 10,
        }
        document.update(more)
        self.write(name, json.dumps(document, indent=1))

    # Commands

    def start_hdrive(self, *words, program=None, **more):
        return subprocess.Popen(
            [program or self.hdrive] + [str(word) for word in words],
            cwd=more.pop("cwd", self.project),
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            errors="replace",
        )

    def finish(self, process):
        try:
            out, err = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.fail("hangs: %s" % Done(process.args, None, out, err))
        return Done(process.args, process.returncode, out, err)

    def run_hdrive(self, *words, code=0, **more):
        done = self.finish(self.start_hdrive(*words, **more))
        self.assertEqual(done.code, code, str(done))
        self.assertGreaterEqual(done.code, 0, "killed by a signal: %s" % done)
        return done

    def submit_words(self, *words, hdconfig="hdconfig.yml", runconfig="local"):
        return ("run", "submit-hyperdrive", "-e", "exp1", "-c", runconfig) + (
            "--hyperdrive-configuration-name", hdconfig) + words

    def sweep(self, *words, code=0, **more):
        """Runs a sweep to its end; the run's JSON object (from -t) or None when nothing started."""
        metadata = os.path.join(self.folder, "run.json")
        if os.path.exists(metadata):
            os.remove(metadata)
        self.last = self.run_hdrive(*self.submit_words("-t", metadata, *words, **more), code=code)
        if not os.path.exists(metadata):
            return None
        with open(metadata) as file:
            return json.load(file)

    def start_sweep(self, *words, **more):
        """(process, run id) of a sweep under way."""
        process = self.start_hdrive(*self.submit_words(*words, **more))
        return process, self.wait_for(lambda: self.newest_run(), process)

    def newest_run(self):
        done = self.run_hdrive("run", "list", "-o", "json")
        runs = [run["runId"] for run in done.json()]
        return runs[0] if runs else None

    def wait_for(self, condition, process=None):
        """The first true value of condition()."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            if process is not None and process.poll() is not None:
                self.fail("ended while waiting: %s" % self.finish(process))
            time.sleep(0.05)
        self.fail("waited in vain for %s" % condition)

    def show(self, run):
        return self.run_hdrive("run", "show", "-r", run, "-o", "json").json()

    def children(self, run):
        return self.run_hdrive("run", "children", "-r", run, "-o", "json").json()

    def statuses(self, run):
        counts = {}
        for child in self.children(run):
            counts[child["status"]] = counts.get(child["status"], 0) + 1
        return counts

    def work(self, run_id):
        """The working directory of a run's first attempt, relative to the project."""
        return os.path.join(".hdrive", "runs", run_id, "0", "work")

    def assertActionable(self, done, *pieces):
        """The message names what is wrong, and is no stack trace."""
        for piece in pieces:
            self.assertIn(piece, done.err, str(done))
        for word in ("terminate called", "what():", "Aborted", "Segmentation", "AddressSanitizer"):
            self.assertNotIn(word, done.err, str(done))


SCORE = """
import argparse, time
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
parser.add_argument("--steps", type=int, default=3)
parser.add_argument("--pause", type=float, default=0)
arguments = parser.parse_args()
run = Run.get_context()
for step in range(arguments.steps):
    run.log("score", arguments.x + 0.001 * step)
    time.sleep(arguments.pause)
"""
