"""Scripts that report with an unmodified MLflow client, of both lines."""
import os
import signal
import unittest

from harness import WorkspaceTest
from mlflow_clients import python_with_mlflow

# One child run for each case. A case ends by logging the primary metric.
CASES = """
import argparse, math, os, sys
import mlflow
parser = argparse.ArgumentParser()
parser.add_argument("--case")
case = parser.parse_args().case
client = mlflow.MlflowClient()
own = os.environ["MLFLOW_RUN_ID"]

def by_run_id():
    with mlflow.start_run() as run:
        assert run.info.run_id == own, run.info.run_id
        mlflow.log_param("lr", 0.001)
        mlflow.log_params({"p%d" % i: i for i in range(250)})
        mlflow.set_tags({"kind": "test", "mlflow.note.content": "a note"})
        for step in range(3):
            mlflow.log_metric("score", step, step=step)

def fluent():
    mlflow.log_metric("score", 1)
    mlflow.log_param("opt", "adam")

def other_experiment():
    mlflow.set_experiment("my own experiment")
    with mlflow.start_run() as run:
        assert run.info.run_id == own
        mlflow.log_metric("score", 1)

def lightning():
    # What loggers do that know nothing of MLFLOW_RUN_ID.
    experiment = client.get_experiment_by_name("lightning_logs")
    id = experiment.experiment_id if experiment else client.create_experiment("lightning_logs")
    run = client.create_run(experiment_id=id, tags={"source": "logger"})
    assert run.info.run_id == own
    client.log_metric(run.info.run_id, "score", 1, step=7)
    client.set_terminated(run.info.run_id)

def nested():
    with mlflow.start_run():
        for fold in range(2):
            with mlflow.start_run(nested=True, run_name="fold%d" % fold) as child:
                mlflow.log_metric("score", 100 + fold)
                mlflow.log_param("fold", fold)
                mlflow.log_text("x", "f.txt")
                assert child.data.tags["mlflow.parentRunId"] == own
        mlflow.log_metric("score", 1)
        assert len(client.search_runs([os.environ["MLFLOW_EXPERIMENT_ID"]])) == 3

def in_sequence():
    with mlflow.start_run(run_name="first"):
        mlflow.log_metric("score", 1)
    with mlflow.start_run(run_name="second"):
        mlflow.log_metric("score", 50)

def exception():
    with mlflow.start_run():
        mlflow.log_metric("score", 1)
        raise ValueError("on purpose")

def exits():
    with mlflow.start_run():
        mlflow.log_metric("score", 1)
        sys.exit(0)

def odd_values():
    with mlflow.start_run():
        for step, value in enumerate((math.nan, math.inf, -math.inf, 1e308, 1)):
            mlflow.log_metric("score", value, step=step)

def many():
    with mlflow.start_run():
        mlflow.log_metrics({"m%d" % i: i for i in range(1500)}, step=3)
        mlflow.log_metric("score", 1)

def asynchronous():
    with mlflow.start_run():
        for step in range(300):
            mlflow.log_metric("score", step, step=step, synchronous=False)

def changed_parameter():
    with mlflow.start_run():
        mlflow.log_param("lr", 0.1)
        mlflow.log_param("lr", 0.2)
        mlflow.log_metric("score", 1)

def files():
    with mlflow.start_run() as run:
        mlflow.log_text("", "empty.txt")
        mlflow.log_text("hello", "dir/\\u00fc %.txt")
        mlflow.log_dict({"a": [1]}, "a.json")
        os.mkdir("many")
        for i in range(5):
            with open("many/%d.bin" % i, "wb") as file:
                file.write(os.urandom(100000))
        mlflow.log_artifacts("many", "many")
        assert [f.path for f in client.list_artifacts(own)] == ["a.json", "dir", "empty.txt", "many"]
        assert len(client.list_artifacts(own, "many")) == 5
        assert mlflow.artifacts.load_text(run.info.artifact_uri + "/dir/\\u00fc %.txt") == "hello"
        mlflow.log_metric("score", 1)

def read_back():
    with mlflow.start_run():
        for step in (2, 1, 3):
            mlflow.log_metric("score", step, step=step)
        assert [m.value for m in client.get_metric_history(own, "score")] == [2, 1, 3]
        assert client.get_run(own).data.metrics == {"score": 3}
        found = client.search_runs([os.environ["MLFLOW_EXPERIMENT_ID"]], "metrics.score > 2")
        assert [run.info.run_id for run in found] == [own]
        assert not client.search_runs([os.environ["MLFLOW_EXPERIMENT_ID"]], "metrics.score > 3")
        assert len(client.search_experiments()) == 1

def data_sets():
    import pandas
    with mlflow.start_run():
        frame = pandas.DataFrame({"a": [1.5, 2.5]})
        mlflow.log_input(mlflow.data.from_pandas(frame, name="numbers"), context="training")
        mlflow.log_metric("score", 1)

def sklearn():
    import mlflow.sklearn
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression
    more = {"serialization_format": "cloudpickle"}
    mlflow.sklearn.autolog(log_models=False)
    x, y = load_iris(return_X_y=True)
    with mlflow.start_run():
        model = LogisticRegression(max_iter=300).fit(x, y)
        info = mlflow.sklearn.log_model(model, "iris", registered_model_name="iris", **more)
        loaded = mlflow.sklearn.load_model(info.model_uri)
        assert (loaded.predict(x) == model.predict(x)).all()
        # Bytes, and a second version of the same model.
        version = mlflow.register_model(info.model_uri, "iris")
        assert int(version.version) == 2, version
        assert len(client.search_model_versions("name='iris'")) == 2
        mlflow.log_metric("score", model.score(x, y))

globals()[case]()
"""

NAMES = ["by_run_id", "fluent", "other_experiment", "lightning", "nested", "in_sequence", "exception", "exits",
         "odd_values", "many", "asynchronous", "changed_parameter", "files", "read_back", "data_sets", "sklearn"]


class ClientTest(WorkspaceTest):
    major = 2

    def setUp(self):
        super().setUp()
        self.python = python_with_mlflow(self.major)
        self.write_runconfig("local", interpreter=self.python)

    def points(self, child, name="score"):
        points = self.run_hdrive("run", "metrics", "-r", child, "-o", "json").json()
        return [(point["step"], point["value"]) for point in points if point["name"] == name]

    def notes(self, child):
        return self.run_hdrive("run", "explain", "-r", child, "-o", "json").json()["notes"]


class MlflowTwo(ClientTest):
    def test_scripts_of_every_kind(self):
        self.write("train.py", CASES)
        self.write_hdconfig({"--case": ["choice", NAMES]}, concurrent=2, total=len(NAMES))
        run = self.sweep("--keep-going", "train.py")
        children = {child["hyperparameters"]["--case"]: child for child in self.children(run["runId"])}
        ids = {case: child["run_id"] for case, child in children.items()}

        failed = [case for case, child in children.items() if child["status"] != "Completed"]
        for case in failed:
            if case != "exception":
                self.fail("%s: %s" % (case, self.read(".hdrive", "runs", ids[case], "0", "logs", "stderr.txt")[-3000:]))
        self.assertEqual(failed, ["exception"])

        tags = {case: self.show(ids[case])["tags"] for case in NAMES}
        self.assertEqual(self.points(ids["by_run_id"]), [(0, 0), (1, 1), (2, 2)])
        self.assertEqual(tags["by_run_id"]["parameter/lr"], "0.001")
        self.assertEqual(len([tag for tag in tags["by_run_id"] if tag.startswith("parameter/p")]), 250)
        self.assertEqual(tags["by_run_id"]["kind"], "test")
        self.assertEqual(self.points(ids["fluent"]), [(0, 1)])
        self.assertEqual(tags["fluent"]["parameter/opt"], "adam")
        self.assertEqual(self.points(ids["other_experiment"]), [(0, 1)])
        self.assertEqual(tags["other_experiment"]["mlflow.experimentName"], "my own experiment")
        self.assertEqual(self.points(ids["lightning"]), [(7, 1)])
        self.assertEqual(tags["lightning"]["source"], "logger")

        self.assertEqual(self.points(ids["nested"]), [(0, 1)])
        self.assertEqual(self.points(ids["nested"], "child/fold1/score"), [(0, 101)])
        self.assertEqual(tags["nested"]["parameter/child/fold0/fold"], "0")
        self.assertEqual(tags["nested"]["child/fold1/status"], "FINISHED")
        self.assertEqual(self.read(self.work(ids["nested"]), "outputs", "child", "fold1", "f.txt"), "x")
        self.assertEqual(self.points(ids["in_sequence"]), [(0, 1)])
        self.assertEqual(self.points(ids["in_sequence"], "child/second/score"), [(0, 50)])

        self.assertIn("on purpose", self.run_hdrive("run", "explain", "-r", ids["exception"]).out)
        self.assertEqual(self.points(ids["odd_values"]),
                         [(0, "NaN"), (1, "Infinity"), (2, "-Infinity"), (3, 1e308), (4, 1)])
        names = {point["name"] for point in self.run_hdrive("run", "metrics", "-r", ids["many"], "-o", "json").json()}
        self.assertEqual(len(names), 1501)
        self.assertEqual(sorted(self.points(ids["asynchronous"])), [(step, step) for step in range(300)])
        self.assertEqual(tags["changed_parameter"]["parameter/lr"], "0.2")

        outputs = os.path.join(self.project, self.work(ids["files"]), "outputs")
        self.assertEqual(os.path.getsize(os.path.join(outputs, "empty.txt")), 0)
        for i in range(5):
            with open(os.path.join(outputs, "many", "%d.bin" % i), "rb") as file:
                content = file.read()
            with open(os.path.join(outputs, "..", "many", "%d.bin" % i), "rb") as file:
                self.assertEqual(content, file.read())
        self.assertIn("dataset/numbers", tags["data_sets"])

        self.assertTrue(os.path.exists(os.path.join(self.project, self.work(ids["sklearn"]), "outputs", "iris", "MLmodel")))
        self.assertEqual(len(self.points(ids["sklearn"], "training_accuracy_score")), 1)
        self.assertEqual(tags["sklearn"]["parameter/max_iter"], "300")
        models = self.run_hdrive("model", "list", "-n", "iris", "-o", "json").json()
        self.assertEqual([(model["version"], model["runId"]) for model in models],
                         [(2, ids["sklearn"]), (1, ids["sklearn"])])
        self.assertEqual(sorted(file["path"] for file in models[0]["files"])[0], "iris/MLmodel")
        # Nothing but the attempt's own files.
        for case in NAMES:
            left = os.listdir(os.path.join(self.project, ".hdrive", "runs", ids[case], "0"))
            self.assertEqual(sorted(left), ["claim", "exit", "lock", "logs", "metrics", "spec", "stream.jsonl", "work"])

    def test_a_policy_cancels_by_what_mlflow_logged(self):
        self.write("train.py", """
            import argparse, time
            import mlflow
            parser = argparse.ArgumentParser()
            parser.add_argument("--x", type=float)
            x = parser.parse_args().x
            with mlflow.start_run():
                for step in range(1200):
                    mlflow.log_metric("score", x, step=step)
                    if x == 10 and step == 20:
                        break
                    time.sleep(0.1)
            """)
        self.write_hdconfig(
            {"--x": ["choice", [10, 1]]}, concurrent=1,
            policy={"type": "BanditPolicy", "slack_factor": 0.2, "evaluation_interval": 1, "delay_evaluation": 2})
        run = self.sweep("train.py")
        self.assertEqual(self.statuses(run["runId"]), {"Completed": 1, "Canceled": 1}, str(self.last))
        self.assertEqual(self.points(run["runId"] + "_0"), [(step, 10) for step in range(21)])

    def test_an_engine_that_dies_loses_and_repeats_nothing(self):
        self.write("train.py", """
            import os, time
            import mlflow
            from mlflow.entities import Metric
            client, run = mlflow.MlflowClient(), os.environ["MLFLOW_RUN_ID"]
            client.log_metric(run, "begun", 1)
            while not os.path.exists(os.environ["HDRIVE_PROJECT"] + "/go"):
                time.sleep(0.05)
            for batch in range(20):
                points = [Metric("score", i, i + 1, i) for i in range(batch * 500, batch * 500 + 500)]
                client.log_batch(run, points)
                client.log_batch(run, points)  # as a client does that got no answer
            open(os.environ["HDRIVE_PROJECT"] + "/done", "w").close()
            """)
        self.write_hdconfig({"--x": ["choice", [1]]}, concurrent=1)
        process, run = self.start_sweep("train.py")
        child = run + "_0"
        self.wait_for(lambda: self.children(run) and self.points(child, "begun"), process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self.write("go", "")
        self.wait_for(lambda: os.path.exists(os.path.join(self.project, "done")))
        self.run_hdrive("run", "resume", "-r", run)
        self.assertEqual(self.points(child), [(step, step) for step in range(10000)])

    def test_one_report_counts(self):
        self.write("train.py", """
            import mlflow, os, time
            from azureml.core import Run
            client, own = mlflow.MlflowClient(), os.environ["MLFLOW_RUN_ID"]
            with mlflow.start_run():
                for step in range(3):
                    mlflow.log_metric("score", step, step=step)
                    print("score=%d" % step, flush=True)
                mlflow.log_metric("both", 1)
                Run.get_context().log("both", 2)
                while len(client.get_metric_history(own, "both")) < 2:
                    time.sleep(0.05)
                mlflow.log_metric("both", 3)
            """)
        self.write_hdconfig({"--x": ["choice", [1]]})
        child = self.sweep("train.py")["runId"] + "_0"
        self.assertEqual(self.points(child), [(0, 0), (1, 1), (2, 2)])
        self.assertEqual([value for _, value in self.points(child, "both")], [1, 2])


class MlflowThree(MlflowTwo):
    major = 3


class Surroundings(ClientTest):
    major = 3

    def test_another_server_is_left_alone(self):
        self.write("train.py", """
            import os
            assert os.environ["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:9"
            assert not {"MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_TRACKING_TOKEN"} & set(os.environ)
            print("score=1")
            """)
        self.write_runconfig("local", environmentVariables={"MLFLOW_TRACKING_URI": "http://127.0.0.1:9"})
        self.write_hdconfig({"--x": ["choice", [1]]})
        child = self.sweep("train.py")["runId"] + "_0"
        self.assertEqual(len([note for note in self.notes(child) if "MLFLOW_TRACKING_URI" in note]), 1)

    def test_credentials_and_proxies_of_others_do_not_get_in_the_way(self):
        os.makedirs(os.path.join(self.home, ".mlflow"))
        with open(os.path.join(self.home, ".mlflow", "credentials"), "w") as file:
            file.write("[mlflow]\nmlflow_tracking_username = me\nmlflow_tracking_password = mine\n")
        self.write("train.py", "import mlflow; mlflow.log_metric('score', 1)")
        self.write_runconfig("local", interpreter=self.python,
                             environmentVariables={"http_proxy": "http://127.0.0.1:9", "HTTPS_PROXY": "x"})
        self.write_hdconfig({"--x": ["choice", [1]]})
        run = self.sweep("train.py")
        self.assertEqual(self.statuses(run["runId"]), {"Completed": 1}, str(self.last))


HOSTILE = """
import argparse, http.client, json, os, socket, threading, urllib.parse
parser = argparse.ArgumentParser()
parser.add_argument("--x")
parser.parse_args()
address = urllib.parse.urlsplit(os.environ["MLFLOW_TRACKING_URI"])
token, run, experiment = (os.environ["MLFLOW_" + name] for name in ("TRACKING_TOKEN", "RUN_ID", "EXPERIMENT_ID"))
API = "/api/2.0/mlflow/"
FILES = "/api/2.0/mlflow-artifacts/artifacts/%s/%s/artifacts/" % (experiment, run)

def ask(method, path, body=b"", headers=None):
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    headers = {"Authorization": "Bearer " + token} if headers is None else headers
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()

def expect(status, *words, **more):
    found, text = ask(*words, **more)
    assert found == status, (found, status, words[:2], text[:300])
    assert isinstance(json.loads(text), dict), text

# Clients that say little, slowly or nothing, for as long as the script lives.
slow = []
for text in (b"", b"P", b"POST / HTTP/1.1\\r\\n", b"POST /api/2.0/mlflow/runs/log-metric HTTP/1.1\\r\\nAuthorization: Bearer "
             + token.encode() + b"\\r\\nContent-Length: 100\\r\\n\\r\\n{"):
    for _ in range(10):
        slow.append(socket.create_connection((address.hostname, address.port)))
        slow[-1].sendall(text)

metric = {"run_id": run, "key": "stolen", "value": 1, "timestamp": 1, "step": 0}
for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}):
    expect(401, "POST", API + "runs/log-metric", json.dumps(metric), headers=headers)
    expect(401, "PUT", FILES + "stolen", b"x", headers=headers)
    expect(401, "GET", API + "runs/get?run_id=" + run, headers=headers)
for other in (run[:-1] + "1", run.rsplit("_", 1)[0], "../" + run):
    expect(404, "POST", API + "runs/log-metric", json.dumps(dict(metric, run_id=other)))
    expect(404, "GET", API + "runs/get?run_id=" + urllib.parse.quote(other))
    expect(404, "PUT", FILES.replace(run, urllib.parse.quote(other, safe="")) + "stolen", b"x")
for body in (b"{", b"[]", b"\\xff\\xfe", b"[" * 100000, b'{"run_id":1}', b'{"run_id":"%s","value":{}}' % run.encode()):
    expect(400, "POST", API + "runs/log-metric", body)
expect(413, "POST", API + "runs/log-batch", b"x" * (100 << 20))
for path in ("../stolen", "../../stolen", "a/../../stolen", "%2e%2e/stolen", "%2e%2e%2fstolen", "%2Fetc%2Fstolen", "a%00b"):
    expect(400, "PUT", FILES + path, b"x")
os.symlink("/tmp", "outputs/link")
expect(400, "PUT", FILES + "link/stolen-by-hdrive-test", b"x")
expect(404, "POST", "/etc/passwd", b"x")
for junk in (b"\\0" * 1000, b"GET\\r\\n\\r\\n", b"GET / HTTP/9.9\\r\\n\\r\\n", b"\\x16\\x03\\x01\\x02\\x00"):
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(junk)

# A hundred connections at once, each with a point of its own.
def report(step):
    expect(200, "POST", API + "runs/log-metric", json.dumps(dict(metric, key="score", step=step)))
threads = [threading.Thread(target=report, args=(step,)) for step in range(40)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


class Hostile(WorkspaceTest):
    def test_requests_do_no_harm(self):
        self.write("train.py", HOSTILE)
        self.write_hdconfig({"--x": ["choice", [1]]})
        run = self.sweep("train.py")
        child = run["runId"] + "_0"
        folder = os.path.join(self.project, ".hdrive", "runs", child, "0")
        self.assertEqual(self.statuses(run["runId"]), {"Completed": 1},
                         self.read(".hdrive", "runs", child, "0", "logs", "stderr.txt")[-3000:])
        points = self.run_hdrive("run", "metrics", "-r", child, "-o", "json").json()
        self.assertEqual(sorted(point["step"] for point in points if point["name"] == "score"), list(range(40)))
        self.assertEqual([point for point in points if point["name"] == "stolen"], [])
        self.assertEqual([name for _, _, names in os.walk(self.folder) for name in names if "stolen" in name], [])
        self.assertFalse(os.path.exists("/tmp/stolen-by-hdrive-test"))
        self.assertEqual(sorted(os.listdir(folder)),
                         ["claim", "exit", "lock", "logs", "metrics", "spec", "stream.jsonl", "work"])
        self.assertIn("link", os.listdir(os.path.join(folder, "work", "outputs")))

    @unittest.skipIf(any(name.endswith("SAN_OPTIONS") for name in os.environ), "sanitizers keep freed memory")
    def test_large_files_and_many_points_take_little_memory(self):
        self.write("train.py", HOSTILE.split("# Clients that say little")[0] + """
def batch(number):
    return json.dumps({"run_id": run, "metrics": [
        {"key": "m", "value": number + i / 1000, "timestamp": 1, "step": number * 1000 + i} for i in range(1000)]})
for number in range(200):
    expect(200, "POST", API + "runs/log-batch", batch(number))
expect(200, "PUT", FILES + "large.bin", b"x" * (300 << 20))
expect(413, "POST", API + "runs/log-batch", b"x" * (300 << 20))
assert os.path.getsize("outputs/large.bin") == 300 << 20
text = open("/proc/%d/status" % os.getppid()).read()
peak = [int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM")][0]
metric = {"run_id": run, "key": "score", "value": peak, "timestamp": 1, "step": 0}
expect(200, "POST", API + "runs/log-metric", json.dumps(metric))
""")
        self.write_hdconfig({"--x": ["choice", [1]]})
        run = self.sweep("train.py")
        self.assertLess(run["bestPrimaryMetric"], 32 << 10, "KiB of the supervisor")
        points = self.run_hdrive("run", "metrics", "-r", run["runId"] + "_0", "-o", "json").json()
        self.assertEqual(len([point for point in points if point["name"] == "m"]), 200000)


if __name__ == "__main__":
    unittest.main()
