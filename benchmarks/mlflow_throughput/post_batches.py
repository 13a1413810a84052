"""A training script that does nothing but report: posts batches of 1,000 metrics as an MLflow client does."""
import argparse
import http.client
import json
import os
import urllib.parse

parser = argparse.ArgumentParser()
parser.add_argument("--child", type=int)
parser.add_argument("--batches", type=int)
options = parser.parse_args()
address = urllib.parse.urlsplit(os.environ["MLFLOW_TRACKING_URI"])
connection = http.client.HTTPConnection(address.hostname, address.port)
headers = {"Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"], "Content-Type": "application/json"}
# One body, made before the clock matters: what is measured is not Python's json.
metrics = [{"key": "score", "value": 0.5 + 1e-6 * step, "timestamp": 1700000000000, "step": step} for step in range(1000)]
body = json.dumps({"run_id": os.environ["MLFLOW_RUN_ID"], "metrics": metrics})
for batch in range(options.batches):
    # Another time for each, or they would be taken for one request that is sent again.
    text = body.replace("1700000000000", str(1700000000000 + batch)).encode()
    connection.request("POST", "/api/2.0/mlflow/runs/log-batch", text, headers)
    answer = connection.getresponse()
    if answer.status != 200:
        raise SystemExit(answer.read())
    answer.read()
