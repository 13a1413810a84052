# Compares with the registered model and registers a better one.
import argparse
import os
import traceback

from azureml.core import Experiment, Workspace
from azureml.core import Model as AMLModel
from azureml.core.run import Run
from azureml.exceptions import WebserviceException


def get_model(model_name, aml_workspace, tag_name=None, tag_value=None):
    try:
        tags = [[tag_name, tag_value]] if tag_name is not None and tag_value is not None else None
        models = AMLModel.list(aml_workspace, name=model_name, tags=tags, latest=True)
        return models[0] if models else None
    except WebserviceException:
        traceback.print_exc()
        raise


parser = argparse.ArgumentParser("evaluate")
parser.add_argument("--run_id", type=str, default=None)
parser.add_argument("--model_name", type=str, default="diabetes_model.pkl")
parser.add_argument("--mse", type=float, default=0.2)
args = parser.parse_args()

run = Run.get_context()
if run.id.startswith("OfflineRun"):
    ws = Workspace.from_config()
    exp = Experiment(ws, "offline")
else:
    ws = run.experiment.workspace
    exp = run.experiment
run_id = args.run_id or run.parent.id
run.log("new_mse", args.mse)
model = get_model(args.model_name, ws, "experiment_name", exp.name)
better = model is None or float(model.tags["mse"]) > args.mse
if better:
    with open("model.pkl", "w") as file:
        file.write("%g" % args.mse)
    model = AMLModel.register(
        workspace=ws,
        model_name=args.model_name,
        model_path="model.pkl",
        tags={"experiment_name": exp.name, "run_id": run_id, "mse": args.mse},
        properties={"experiment_name": exp.name},
        description="regression",
        model_framework=AMLModel.Framework.SCIKITLEARN,
        model_framework_version="1.0",
    )
print(f"Model registered: {model.name} \nModel Description: {model.description} \nModel Version: {model.version}")
path = AMLModel.get_model_path(args.model_name, _workspace=ws)
print("best", open(path).read())
