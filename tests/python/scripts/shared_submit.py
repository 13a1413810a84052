# One file that both submits and trains: everything is imported, and only the training side is used.
import argparse
import os
import sys

from azureml.core import ComputeTarget, Environment, Experiment, Model, Run, ScriptRunConfig, Workspace
from azureml.core.compute import AmlCompute
from azureml.core.compute_target import ComputeTargetException
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.runconfig import DEFAULT_GPU_IMAGE, MpiConfiguration, RunConfiguration
from azureml.train.dnn import PyTorch, TensorFlow
from azureml.train.estimator import Estimator
from azureml.train.hyperdrive import BanditPolicy, HyperDriveConfig, PrimaryMetricGoal, RandomParameterSampling
from azureml.train.hyperdrive import choice, loguniform, uniform
from azureml.train.hyperdrive.policy import MedianStoppingPolicy
from azureml.train.sklearn import SKLearn
from azureml.widgets import RunDetails


def submit(ws, config: HyperDriveConfig = None):
    sampling = RandomParameterSampling({"--lr": loguniform(-6, -1), "--batch": choice(16, 32)})
    config = HyperDriveConfig(
        estimator=SKLearn(source_directory=".", entry_script="train.py"),
        hyperparameter_sampling=sampling,
        policy=BanditPolicy(evaluation_interval=2, slack_factor=0.1),
        primary_metric_name="accuracy",
        primary_metric_goal=PrimaryMetricGoal.MAXIMIZE,
        max_total_runs=4,
    )
    run = Experiment(ws, "e").submit(config)
    RunDetails(run).show()


def train(run, lr):
    for fold in range(3):
        with run.child_run(name="fold_%d" % fold) as child:
            child.log("accuracy", lr * fold)
    run.log("accuracy", lr)
    run.log_confusion_matrix("cm", {"schema_type": "confusion_matrix", "data": {"matrix": [[1, 0], [0, 1]]}})
    os.makedirs("outputs", exist_ok=True)
    run.upload_folder(name="outputs/code", path=os.path.dirname(os.path.abspath(__file__)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--submit", action="store_true")
    parser.add_argument("--lr", type=float, default=0.1)
    args = parser.parse_args()
    if args.submit:
        submit(Workspace.from_config())
    train(Run.get_context(), args.lr)
