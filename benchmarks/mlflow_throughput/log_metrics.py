"""A training script that logs one metric after the other with the real client, and prints what a call takes."""
import argparse
import time

import mlflow

parser = argparse.ArgumentParser()
parser.add_argument("--child", type=int)
parser.add_argument("--calls", type=int)
options = parser.parse_args()
with mlflow.start_run():
    mlflow.log_metric("warm", 0)
    took = []
    for step in range(options.calls):
        begin = time.perf_counter()
        mlflow.log_metric("score", step, step=step)
        took.append(time.perf_counter() - begin)
took.sort()
with open("outputs/took.txt", "w") as file:
    file.write("%s %f %f" % (mlflow.__version__, took[len(took) // 2] * 1e3, took[int(len(took) * 0.99)] * 1e3))
