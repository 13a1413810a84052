"""Sweeps on machines that are reached over SSH: real servers on the loopback address.

HDRIVE_REMOTE_CHAOS_ROUNDS says how many rounds of killing there are (6), HDRIVE_CHAOS_SEED where they begin (1).
"""
import json
import os
import random
import signal
import sys
import time

import history_checker
from harness import SCORE, WorkspaceTest, processes_of
from ssh_host import SshHost
from test_chaos import CONCURRENT, TOTAL, TRAIN, VALUES

BANDIT = {"type": "BanditPolicy", "evaluation_interval": 1, "slack_factor": 0.2, "delay_evaluation": 1}


class RemoteTest(WorkspaceTest):
    def setUp(self):
        super().setUp()
        self.host = self.new_host("host")

    def new_host(self, name, address="127.0.0.1"):
        host = SshHost(os.path.join(self.folder, name), address)
        self.addCleanup(host.stop)
        return host

    def attach_words(self, host, name="gpu", work="work"):
        return ("computetarget", "attach", "remote", "-n", name, "-a", host.address, "-u", host.user, "--ssh-port",
                host.port, "--private-key-file", host.key, "--work-folder", os.path.join(self.folder, work),
                "--python", sys.executable)

    def attach(self, *words, **more):
        return self.run_hdrive(*self.attach_words(self.host), "--accept-host-key", self.host.fingerprint, *words,
                               **more).json()

    def ssh_clients(self):
        """Connections of engines to this test's hosts."""
        mark = os.path.join(self.folder, "host", "user_key").encode()
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open("/proc/%s/cmdline" % entry, "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if words[0] == b"ssh" and mark in words:
                found.append(int(entry))
        return found

    def metrics(self, child, name="score"):
        points = self.run_hdrive("run", "metrics", "-r", child, "--name", name, "-o", "json").json()
        return [point["value"] for point in points]


class Targets(RemoteTest):
    def test_from_attach_to_detach(self):
        refused = self.run_hdrive(*self.attach_words(self.host), code=5)
        self.assertActionable(refused, "has not been accepted", "--accept-host-key " + self.host.fingerprint)
        names = [target["name"] for target in self.run_hdrive("computetarget", "list").json()]
        self.assertEqual(names, ["local"], "nothing was attached")

        shown = self.attach("--slots", 3)
        self.assertEqual((shown["name"], shown["type"], shown["provisioningState"]), ("gpu", "remote", "Succeeded"))
        self.assertEqual((shown["slots"], shown["freeSlots"]), (3, 3))
        host = shown["hosts"][0]
        self.assertEqual((host["address"], host["sshPort"], host["username"]),
                         (self.host.address, self.host.port, self.host.user))
        self.assertEqual(host["cores"], os.cpu_count())
        self.assertGreater(host["memoryGb"], 0)
        self.assertEqual(host["pythonVersion"], "Python " + sys.version.split()[0])
        again = self.run_hdrive("computetarget", "show", "-n", "gpu").json()
        for document in (shown, again):
            self.assertGreater(document["hosts"][0].pop("diskFreeGb"), 0)
        self.assertEqual(again, shown)

        file = os.path.join(self.project, ".hdrive", "computetargets", "gpu.yml")
        self.assertEqual(os.stat(file).st_mode & 0o777, 0o600)
        rows = self.run_hdrive("doctor", "--target", "gpu", "-o", "json").json()
        self.assertEqual({row["status"] for row in rows}, {"ok"}, rows)
        self.assertIn("outputs brought back", rows[-1]["found"])
        self.assertEqual(os.listdir(os.path.join(self.folder, "work", "runs")), [], "the proof was removed")

        changed = self.run_hdrive("computetarget", "update", "-n", "gpu", "--description", "two cards").json()
        self.assertEqual((changed["description"], changed["slots"]), ("two cards", 3))
        self.assertActionable(self.run_hdrive("computetarget", "attach", "remote", "-n", "gpu", "-a", "x", "-u", "y",
                                              code=2), "there is a compute target 'gpu' already")
        self.run_hdrive("computetarget", "detach", "-n", "gpu")
        self.run_hdrive("computetarget", "show", "-n", "gpu", code=4)
        self.assertEqual(os.listdir(os.path.dirname(file)), [])

    def test_no_secret_among_arguments(self):
        for flag in ("-p", "--password", "--private-key-passphrase"):
            done = self.run_hdrive(*self.attach_words(self.host), flag, "open sesame", code=2)
            self.assertActionable(done, "--secret-file")
            self.assertNotIn("sesame", done.err)

    def test_a_passphrase_comes_from_its_file(self):
        locked = self.host.make_key("locked", "open sesame")
        with open(locked + ".pub") as source, open(os.path.join(self.host.folder, "authorized_keys"), "w") as file:
            file.write(source.read())
        secret = os.path.join(self.folder, "secret")
        with open(secret, "w") as file:
            file.write("open sesame\n")
        words = self.attach_words(self.host) + ("--accept-host-key", self.host.fingerprint, "--private-key-file",
                                                locked, "--secret-file", secret)
        words = tuple(word for i, word in enumerate(words) if not (
            word == self.host.key or (word == "--private-key-file" and words[i + 1] == self.host.key)))
        os.chmod(secret, 0o644)
        self.assertActionable(self.run_hdrive(*words, code=2), "can be read by other users", "chmod 600")
        os.chmod(secret, 0o600)
        self.assertEqual(self.run_hdrive(*words).json()["provisioningState"], "Succeeded")
        for where, _, names in os.walk(self.project):
            for name in names:
                with open(os.path.join(where, name), "rb") as file:
                    self.assertNotIn(b"sesame", file.read(), name)

    def test_what_cannot_be_attached_says_why(self):
        other = self.new_host("other")
        words = list(self.attach_words(self.host)) + ["--accept-host-key", self.host.fingerprint]
        words[words.index(self.host.key)] = other.key
        self.assertActionable(self.run_hdrive(*words, code=5), "refuses the login")
        self.host.stop()
        self.assertActionable(self.run_hdrive(*self.attach_words(self.host), code=5), "Connection refused")
        self.assertEqual(len(self.run_hdrive("computetarget", "list").json()), 1)

    def test_another_host_key_is_refused(self):
        self.attach()
        self.host.stop()
        os.remove(os.path.join(self.host.folder, "host_key"))
        self.host.make_key("host_key")
        self.host.start()
        shown = self.run_hdrive("computetarget", "show", "-n", "gpu").json()
        self.assertEqual(shown["provisioningState"], "Failed")
        self.assertIn("is not the one that was accepted", shown["hosts"][0]["problem"])
        self.write("train.py", SCORE)
        self.write_hdconfig({"--x": ["choice", [1, 2]]})
        self.sweep("--target", "gpu", "train.py", code=1)
        self.assertActionable(self.last, "is not the one that was accepted")
        self.run_hdrive("computetarget", "update", "-n", "gpu", "--accept-host-key", self.host.fingerprint)
        self.assertEqual(self.sweep("--target", "gpu", "train.py")["status"], "Completed")

    def test_a_file_with_mistakes_names_all(self):
        self.write(".hdrive/computetargets/bad.yml", "type: remote\nhosts:\n- {address: a, prot: 3}\nwork_folder: x\n")
        self.write("train.py", SCORE)
        self.write_hdconfig({"--x": ["choice", [1, 2]]})
        done = self.run_hdrive(*self.submit_words("--target", "bad", "train.py"), code=2)
        self.assertActionable(done, "hosts[0].user: is missing", "bad.yml:4:14: work_folder")


class Sweeps(RemoteTest):
    def setUp(self):
        super().setUp()
        self.write("train.py", SCORE)

    def test_the_same_sweep_here_and_there(self):
        self.write_hdconfig({"--x": ["uniform", [0, 10]], "--steps": ["choice", [3, 5]]}, policy=BANDIT, total=8,
                            concurrent=2)
        document = json.loads(self.read("hdconfig.yml"))
        document["sampling"].update(type="random", seed=11)
        self.write("hdconfig.yml", json.dumps(document))
        self.attach("--slots", 2)
        here = self.sweep("train.py")
        there = self.sweep("--target", "gpu", "train.py")
        self.assertEqual(there["target"], "gpu")
        parameters = {}
        for run in (here, there):
            children = self.children(run["runId"])
            self.assertEqual({child["status"] for child in children} - {"Completed", "Canceled"}, set())
            parameters[run["runId"]] = {
                child["run_id"].rsplit("_", 1)[1]: child["hyperparameters"] for child in children
            }
        self.assertEqual(parameters[here["runId"]], parameters[there["runId"]])
        self.assertEqual(len(parameters[there["runId"]]), 8)
        best = self.run_hdrive("run", "best", "-r", there["runId"], "-o", "json").json()
        self.assertEqual(best["hyperparameters"],
                         self.run_hdrive("run", "best", "-r", here["runId"], "-o", "json").json()["hyperparameters"])

    def test_logs_and_outputs_are_here_afterwards(self):
        self.write("train.py", SCORE + "print('said', arguments.x)\nopen('outputs/model', 'w').write('m')\n")
        self.write_hdconfig({"--x": ["choice", [1, 2, 3]]})
        self.attach("--slots", 3)
        run = self.sweep("--target", "gpu", "train.py")["runId"]
        for child in self.children(run):
            self.assertEqual(self.read(self.work(child["run_id"]), "outputs", "model"), "m")
        logs = os.path.join(self.folder, "logs")
        self.run_hdrive("run", "download-logs", "-r", run, "-d", logs)
        with open(os.path.join(logs, run + "_0", "0", "stdout.txt")) as file:
            self.assertEqual(file.read(), "said 1.0\n")
        shown = self.run_hdrive("run", "monitor-logs", "-r", run + "_2").out
        self.assertIn("said 3.0", shown)
        runs = os.path.join(self.folder, "work", "runs")
        left = [name for where, _, names in os.walk(runs) for name in names]
        self.assertEqual(left, [], "files of child runs are left on the host")

    def test_no_more_at_once_than_slots(self):
        self.write_hdconfig({"--x": ["choice", [1, 2, 3, 4]]}, concurrent=4)
        self.attach("--slots", 1)
        run = self.sweep("--target", "gpu", "train.py")
        self.assertIn("has 1 slots", self.last.err)
        children = [self.show(child["run_id"]) for child in self.children(run["runId"])]
        times = sorted((child["startTimeUtc"], child["endTimeUtc"]) for child in children)
        for (_, ended), (started, _) in zip(times, times[1:]):
            self.assertLessEqual(ended, started)

    def test_lost_connections_lose_nothing(self):
        self.write_hdconfig({"--x": ["choice", [1, 2, 3]]}, concurrent=3)
        self.attach("--slots", 3)
        process, run = self.start_sweep("--target", "gpu", "train.py", "--steps", "30", "--pause", "0.1")
        for _ in range(2):
            self.wait_for(lambda: any(child["best_primary_metric"] for child in self.children(run)), process)
            before = self.wait_for(self.ssh_clients, process)
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            self.wait_for(lambda: set(self.ssh_clients()) - set(before), process)
        done = self.finish(process)
        self.assertEqual(done.code, 0, str(done))
        for child in self.children(run):
            x = child["hyperparameters"]["--x"]
            self.assertEqual(self.metrics(child["run_id"]), [x + 0.001 * step for step in range(30)])
        said = json.dumps(self.run_hdrive("run", "explain", "-r", run + "_0", "-o", "json").json())
        self.assertEqual(self.ssh_clients(), [])
        self.assertIn("attempt 0", said)

    def test_another_engine_takes_the_sweep_up(self):
        self.write_hdconfig({"--x": ["choice", [1, 2, 3, 4]]}, concurrent=2)
        self.attach("--slots", 2)
        process, run = self.start_sweep("--target", "gpu", "train.py", "--steps", "20", "--pause", "0.1")
        self.wait_for(lambda: any(child["best_primary_metric"] for child in self.children(run)), process)
        process.kill()
        self.finish(process)
        self.wait_for(lambda: not self.ssh_clients())
        resumed = self.run_hdrive("run", "resume", "-r", run)
        self.assertEqual(self.statuses(run), {"Completed": 4}, str(resumed))
        for child in self.children(run):
            x = child["hyperparameters"]["--x"]
            self.assertEqual(self.metrics(child["run_id"]), [x + 0.001 * step for step in range(20)])

    def test_a_killed_supervisor_is_one_lost_child_run(self):
        self.write_hdconfig({"--x": ["choice", [1, 2]]}, concurrent=2)
        self.attach("--slots", 2)
        process, run = self.start_sweep("--target", "gpu", "train.py", "--steps", "20", "--pause", "0.1")
        self.wait_for(lambda: any(child["best_primary_metric"] and child["run_id"] == run + "_0"
                                  for child in self.children(run)), process)
        with open(os.path.join(self.folder, "work", "runs", run + "_0", "0", "claim")) as file:
            os.kill(json.load(file)["pid"], signal.SIGKILL)
        self.finish(process)
        self.assertEqual(self.show(run + "_0")["status"], "Failed")
        self.assertIn("supervisor", self.show(run + "_0")["error"]["message"])
        self.assertEqual(self.show(run + "_1")["status"], "Completed")

    def test_a_cancel_ends_everything_there(self):
        self.write_hdconfig({"--x": ["choice", [1, 2, 3, 4]]}, concurrent=2)
        self.attach("--slots", 2)
        process, run = self.start_sweep("--target", "gpu", "train.py", "--steps", "10000", "--pause", "0.1")
        self.wait_for(lambda: any(child["best_primary_metric"] for child in self.children(run)), process)
        self.run_hdrive("run", "cancel", "-r", run)
        self.finish(process)
        self.assertEqual(self.show(run)["status"], "Canceled")

    def test_two_machines(self):
        second = self.new_host("second", "127.0.0.2")
        self.attach("--slots", 1)
        with open(os.path.join(second.folder, "authorized_keys"), "w") as file:
            with open(self.host.key + ".pub") as key:
                file.write(key.read())
        self.run_hdrive("computetarget", "update", "-n", "gpu", "-a", second.address, "-u", second.user, "--ssh-port",
                        second.port, "--slots", 1, "--accept-host-key", second.fingerprint)
        self.write_hdconfig({"--x": ["choice", [1, 2, 3, 4]]}, concurrent=4)
        run = self.sweep("--target", "gpu", "train.py", "--pause", "0.3")["runId"]
        self.assertEqual(self.statuses(run), {"Completed": 4})
        places = set()
        for child in self.children(run):
            with open(os.path.join(self.project, ".hdrive", "runs", child["run_id"], "0", "placement")) as file:
                places.add(json.load(file)["address"])
        self.assertEqual(places, {"127.0.0.1", "127.0.0.2"})

    def test_retries_go_on_from_outputs(self):
        self.write("train.py", """
            import argparse, os
            from azureml.core import Run
            parser = argparse.ArgumentParser()
            parser.add_argument("--x", type=float)
            x = parser.parse_args().x
            if os.path.exists("outputs/half"):
                assert open("outputs/half").read() == str(x)
                assert os.environ["HDRIVE_RESUME_FROM"].endswith("resume/outputs"), os.environ["HDRIVE_RESUME_FROM"]
                Run.get_context().log("score", x)
            else:
                open("outputs/half", "w").write(str(x))
                raise SystemExit(3)
            """)
        self.write_hdconfig({"--x": ["choice", [1, 2]]}, max_retries=1)
        self.attach("--slots", 2)
        run = self.sweep("--target", "gpu", "train.py")["runId"]
        self.assertEqual(self.statuses(run), {"Completed": 2})

    def test_a_relative_interpreter_is_refused(self):
        words = tuple(word for word in self.attach_words(self.host) if word not in ("--python", sys.executable))
        self.run_hdrive(*words, "--accept-host-key", self.host.fingerprint)
        self.write_runconfig("local", interpreter="venv/bin/python")
        self.write_hdconfig({"--x": ["choice", [1, 2]]})
        done = self.run_hdrive(*self.submit_words("--target", "gpu", "train.py"), code=2)
        self.assertActionable(done, "names a place on this machine", "--python PATH")


class Chaos(RemoteTest):
    """Kill engine, connection, agent, supervisor or script at any instant, resume, and find the sweep whole."""

    FAULTS = {"attempt_placed": TOTAL, "attempt_sent": TOTAL, "attempt_returned": TOTAL, "after_append": 25}

    def setUp(self):
        super().setUp()
        self.ledger = os.path.join(self.folder, "ledger")
        self.write("train.py", TRAIN)
        self.write_runconfig("local", environmentVariables={"LEDGER": self.ledger})
        self.attach("--slots", CONCURRENT)

    def processes(self, word):
        return [pid for pid, words in processes_of(self.folder) if word in words]

    def kill(self, chance, process):
        whom = chance.choice(["engine", "connection", "agent", "supervisor", "script"])
        if whom == "engine":
            process.kill()
            return whom
        if whom == "connection":
            self.host.drop()
            return whom
        word = {"agent": "hdrive-agent", "supervisor": "hdrive-supervisor /", "script": "train.py --x"}[whom]
        found = [pid for pid in self.processes(word) if pid != process.pid]
        if not found:
            return "no %s there to kill" % whom
        try:
            os.kill(chance.choice(found), signal.SIGKILL)
        except ProcessLookupError:
            pass
        return whom

    def check(self, run, told):
        left = ("hdrive-agent", "hdrive-supervisor", "train.py")
        self.wait_for(lambda: not any(self.processes(word) for word in left))
        with open(self.ledger) as file:
            ledger = file.read().splitlines()
        found = history_checker.check(self.project, run, TOTAL, CONCURRENT, ledger, VALUES)
        self.assertEqual(found, [], "\n".join(told))

    def resume(self, chance, run, told):
        for attempt in range(10):
            if self.show(run)["status"] in history_checker.TERMINAL:
                return
            process = self.start_hdrive("run", "resume", "-r", run)
            if attempt < 2 and chance.random() < 0.5:
                time.sleep(chance.uniform(0, 1))
                told.append("resumed, " + self.kill(chance, process))
            done = self.finish(process)
            told.append("resume ended with %d: %s" % (done.code, done.err[-300:]))
        self.fail("never ends:\n" + "\n".join(told))

    def write_sweep(self, **more):
        sampling = {"type": "random", "seed": 5,
                    "parameter_space": [{"name": "--x", "expression": "uniform", "values": [0, 1]}]}
        self.write_hdconfig({}, sampling=sampling, total=TOTAL, concurrent=CONCURRENT, **more)

    def round(self, seed):
        chance = random.Random(seed)
        self.write_sweep(max_retries=chance.choice([0, 1]))
        told = ["seed %d" % seed]
        process = self.start_hdrive(*self.submit_words("--keep-going", "--target", "gpu", "train.py"))
        run = self.wait_for(self.newest_run)
        for _ in range(chance.randrange(1, 5)):
            time.sleep(chance.uniform(0, 0.7))
            told.append(self.kill(chance, process))
        self.finish(process)
        self.resume(chance, run, told)
        self.check(run, told)

    def test_fault_points_of_engines(self):
        self.write_sweep()
        for name, passages in sorted(self.FAULTS.items()):
            if os.path.exists(self.ledger):
                os.remove(self.ledger)
            fault = "%s:%d" % (name, random.Random(name).randint(1, passages))
            words = self.submit_words("--target", "gpu", "train.py")
            done = self.finish(self.start_hdrive(*words, HDRIVE_FAULT=fault))
            self.assertEqual(done.code, -signal.SIGKILL, "%s %s" % (fault, done))
            run = self.newest_run()
            self.run_hdrive("run", "resume", "-r", run)
            self.assertEqual(self.statuses(run), {"Completed": TOTAL})
            self.check(run, [fault])


def add_rounds():
    first = int(os.environ.get("HDRIVE_CHAOS_SEED", 1))
    for seed in range(first, first + int(os.environ.get("HDRIVE_REMOTE_CHAOS_ROUNDS", 6))):
        setattr(Chaos, "test_round_%03d" % seed, lambda self, seed=seed: self.round(seed))


add_rounds()
