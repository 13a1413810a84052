"""`hdrive serve`, asked by unmodified MLflow clients of both lines."""
import http.client
import json
import os
import signal
import stat
import subprocess
import unittest
import urllib.parse

from harness import WorkspaceTest
from mlflow_clients import python_with_mlflow

# Reports by three routes, and leaves files and a model behind.
TRAIN = """
import argparse, os
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float)
parser.add_argument("--kind")
arguments = parser.parse_args()
run = Run.get_context()
for step in range(3):
    run.log("score", arguments.x + step / 10, step=step)
print("printed: 0.5", flush=True)
run.tag("flavour", arguments.kind)
os.makedirs("outputs/deep/er", exist_ok=True)
with open("outputs/deep/er/a file %.txt", "w") as file:
    file.write("of %g" % arguments.x)
with open("outputs/model.bin", "w") as file:
    file.write("weights of %g" % arguments.x)
os.symlink("/etc/passwd", "outputs/link")
if arguments.x == 2:
    run.register_model("net", "outputs/model.bin", tags={"best": "yes"})
"""

READER = """
import os, sys
import mlflow
from mlflow.exceptions import MlflowException
client = mlflow.MlflowClient()
parent = sys.argv[1]

LONG = "a-long-name-" + "x" * 80
names = sorted(experiment.name for experiment in client.search_experiments())
assert names == [LONG, "exp1"], names
assert [e.name for e in client.search_experiments(filter_string="name LIKE 'a-long%'")] == [LONG]
odd = client.get_experiment_by_name(LONG)
assert client.get_experiment(odd.experiment_id).name == LONG
assert client.get_experiment_by_name("none") is None
exp1 = client.get_experiment_by_name("exp1").experiment_id

runs = client.search_runs([exp1], order_by=["metrics.score DESC"])
assert [run.info.run_id for run in runs] == [parent + "_1", parent + "_0", parent], runs
best = runs[0]
assert best.info.status == "FINISHED", best.info
assert best.data.params == {"x": "2", "kind": "b"}, best.data.params
assert best.data.metrics == {"score": 2.2, "printed": 0.5}, best.data.metrics
assert best.data.tags["flavour"] == "b" and best.data.tags["mlflow.parentRunId"] == parent
assert [run.info.run_id for run in client.search_runs([exp1], "params.kind = 'a' AND metrics.score < 2")] == [parent + "_0"]
assert [run.info.run_id for run in client.search_runs([exp1], "tags.mlflow.parentRunId = '%s'" % parent, max_results=1)]
assert len(client.search_runs([exp1, odd.experiment_id])) == 4
assert client.get_run(parent + "_0").data.metrics["score"] == 1.2
history = client.get_metric_history(parent + "_1", "score")
assert [(point.step, point.value) for point in history] == [(0, 2), (1, 2.1), (2, 2.2)], history

assert [file.path for file in client.list_artifacts(parent + "_1")] == ["deep", "model.bin"]
assert [file.path for file in client.list_artifacts(parent + "_1", "deep/er")] == ["deep/er/a file %.txt"]
where = client.download_artifacts(parent + "_1", "deep/er/a file %.txt", os.getcwd())
assert open(where).read() == "of 2"
try:
    client.download_artifacts(parent + "_1", "link", os.getcwd())
    raise SystemExit("a link led out of the run")
except Exception:
    pass  # version 3 tells no more than that it failed

models = client.search_registered_models()
assert [model.name for model in models] == ["net"], models
assert client.get_registered_model("net").latest_versions[0].version == "1"
version = client.get_model_version("net", "1")
assert version.run_id == parent + "_1" and version.tags == {"best": "yes"}, version
assert [v.version for v in client.search_model_versions("name='net'")] == ["1"]
assert [v.version for v in client.search_model_versions("run_id='%s_0'" % parent)] == []
where = mlflow.artifacts.download_artifacts(client.get_model_version_download_uri("net", "1"), dst_path=os.getcwd())
assert open(where).read() == "weights of 2"

for call in (lambda: client.log_metric(parent, "a", 1), lambda: client.create_experiment("new"),
             lambda: client.delete_run(parent), lambda: client.set_registered_model_tag("net", "a", "b")):
    try:
        call()
        raise SystemExit("something was written")
    except MlflowException as error:
        assert "only reads" in str(error), error
for call in (lambda: client.get_run("none"), lambda: client.get_registered_model("none"),
             lambda: client.get_model_version("net", "7"), lambda: client.get_metric_history("none", "a"),
             lambda: client.search_runs([exp1], "metrics.score >")):
    try:
        call()
        raise SystemExit("something was found")
    except MlflowException:
        pass
print("all read")
"""


class Serve(WorkspaceTest):
    def setUp(self):
        super().setUp()
        self.write("train.py", TRAIN)
        self.write_hdconfig({"--x": ["choice", [1, 2]], "--kind": ["choice", ["a", "b"]]})

    def serve(self, *words):
        """(host, port) of a server, which is ended with the test."""
        server = self.start_hdrive("serve", "--port", "0", "-o", "json", *words)
        self.addCleanup(self.end, server)
        text = ""
        while not text.rstrip().endswith("}"):
            line = server.stdout.readline()
            if not line:
                self.fail(str(self.finish(server)))
            text += line
        address = urllib.parse.urlsplit(json.loads(text)["trackingUri"])
        self.server = server
        return address.hostname, address.port

    def end(self, server):
        if server.poll() is not None:
            return
        server.send_signal(signal.SIGTERM)
        done = self.finish(server)
        self.assertEqual(done.code, 0, str(done))

    def ask(self, address, path, method="GET", headers=None, body=None):
        connection = http.client.HTTPConnection(*address, timeout=60)
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content.decode()

    def read_by(self, major):
        python = python_with_mlflow(major)
        # Pairs of the same index, so that a grid of two runs is enough.
        self.write_hdconfig({"--x": ["choice", [1, 2]]})
        self.write("train.py", TRAIN.replace('parser.add_argument("--kind")', "").replace(
            "arguments.kind", '"ab"[int(arguments.x) - 1]').replace(
            "run.tag(", 'run.tag("parameter/kind", "ab"[int(arguments.x) - 1])\nrun.tag('))
        run = self.sweep("train.py")
        self.assertEqual(self.statuses(run["runId"]), {"Completed": 2}, str(self.last))
        self.write("one.py", "print('printed: 1')\n")
        self.run_hdrive("run", "submit-script", "-e", "a-long-name-" + "x" * 80, "-c", "local", "one.py")
        host, port = self.serve()
        reader = self.write("reader.py", READER)
        done = subprocess.run(
            [python, reader, run["runId"]], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=self.environment(MLFLOW_TRACKING_URI="http://%s:%d" % (host, port), MLFLOW_HTTP_REQUEST_MAX_RETRIES="0"))
        self.assertIn("all read", done.stdout)

    def test_a_client_of_mlflow_2_reads_everything(self):
        self.read_by(2)

    def test_a_client_of_mlflow_3_reads_everything(self):
        self.read_by(3)

    def test_beyond_this_machine_a_token_is_needed(self):
        self.write_hdconfig({"--x": ["choice", [1]], "--kind": ["choice", ["a"]]})
        self.sweep("train.py")
        address = ("127.0.0.1", self.serve("--host", "0.0.0.0")[1])
        file = os.path.join(self.project, ".hdrive", "serve.token")
        self.assertEqual(stat.S_IMODE(os.stat(file).st_mode), 0o600)
        token = self.read(".hdrive", "serve.token").strip()
        path = "/api/2.0/mlflow/experiments/search?max_results=5"
        self.assertEqual(self.ask(address, path)[0], 401)
        self.assertEqual(self.ask(address, path, headers={"Authorization": "Bearer " + token[:-1]})[0], 401)
        self.assertEqual(self.ask(address, path, headers={"Authorization": "Bearer " + token})[0], 200)
        self.assertEqual(self.ask(address, "/health"), (200, "OK"))

    def test_a_page_of_another_name_reads_nothing(self):
        self.write_hdconfig({"--x": ["choice", [1]], "--kind": ["choice", ["a"]]})
        self.sweep("train.py")
        address = self.serve()
        path = "/api/2.0/mlflow/experiments/search"
        self.assertEqual(self.ask(address, path, headers={"Host": "rebound.example:%d" % address[1]})[0], 403)
        self.assertEqual(self.ask(address, path, headers={"Host": "localhost:%d" % address[1]})[0], 200)

    def test_hostile_requests(self):
        self.write_hdconfig({"--x": ["choice", [2]], "--kind": ["choice", ["a"]]})
        run = self.sweep("train.py")["runId"] + "_0"
        address = self.serve()
        artifacts = "/api/2.0/mlflow-artifacts/artifacts"
        self.assertEqual(self.ask(address, "%s/exp1/%s/artifacts/model.bin" % (artifacts, run)), (200, "weights of 2"))
        for path in ("/exp1/%s/artifacts/../../../../history.db", "/exp1/%s/artifacts/%%2e%%2e/train.py", "//etc/passwd",
                     "/exp1/%s/artifacts//etc/passwd/%%00", "/exp1/%s/artifacts/link", "/exp1/../%s/artifacts/model.bin",
                     "/exp1/..%%2f..%%2f%s/artifacts/a", "/@models/../1/model.json", "/@models/net/1/../model.json",
                     "/@models/net/x/model.bin"):
            status, content = self.ask(address, artifacts + (path % run if "%s" in path else path.replace("%%", "%")))
            self.assertIn(status, (400, 404), path)
            self.assertIn("error_code", json.loads(content), path)
        self.assertEqual(self.ask(address, artifacts + "/exp1/%s/artifacts/new" % run, "PUT", body=b"x" * 100)[0], 403)
        self.assertEqual(self.ask(address, "/api/2.0/mlflow/runs/search", "POST", body=b"[" * 100000)[0], 400)
        self.assertEqual(self.ask(address, "/api/2.0/mlflow/runs/search", "POST", body=b"x" * 5000000)[0], 413)
        self.assertEqual(self.ask(address, "/api/2.0/mlflow/runs/get?run_id=" + "a" * 10000)[0], 404)
        self.assertEqual(self.ask(address, "/")[0], 404)
        self.assertIsNone(self.server.poll())

    def test_it_takes_up_runs_whose_engine_died(self):
        self.write("train.py", """
            import os, time
            open("%s/started", "w").close()
            while os.path.exists("%s/wait"):
                time.sleep(0.05)
            print("score=1")
            """ % (self.folder, self.folder))
        open(os.path.join(self.folder, "wait"), "w").close()
        self.write_hdconfig({"--x": ["choice", [1, 2]]}, concurrent=1)
        engine, run = self.start_sweep("train.py")
        self.wait_for(lambda: os.path.exists(os.path.join(self.folder, "started")), engine)
        engine.kill()
        engine.communicate()
        self.serve()
        self.assertEqual(self.show(run)["status"], "Running")
        self.end(self.server)
        self.serve("--resume")
        os.remove(os.path.join(self.folder, "wait"))
        self.wait_for(lambda: self.show(run)["status"] == "Completed")
        self.assertEqual(self.statuses(run), {"Completed": 2})
        points = self.run_hdrive("run", "metrics", "-r", run + "_0", "-o", "json").json()
        self.assertEqual([(point["attempt"], point["value"]) for point in points], [(0, 1)])

    def test_what_cannot_be_served_is_said(self):
        done = self.run_hdrive("serve", "--port", "0", "--path", self.home, code=4)
        self.assertActionable(done, "error[")
        self.write_hdconfig({"--x": ["choice", [1]], "--kind": ["choice", ["a"]]})
        self.sweep("train.py")
        _, port = self.serve()
        done = self.run_hdrive("serve", "--port", port, code=5)
        self.assertActionable(done, "cannot listen on 127.0.0.1: Address already in use", "--port")
        self.write("short", "abc\n")
        done = self.run_hdrive("serve", "--token-file", "short", code=2)
        self.assertActionable(done, "fewer than 16 characters")


if __name__ == "__main__":
    unittest.main()
