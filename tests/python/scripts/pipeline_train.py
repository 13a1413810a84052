# A training step of an MLOps repository: input by name, values to the parent, tags, uploads.
import argparse
import json
import os

from azureml.core import Dataset, Datastore, Workspace
from azureml.core.run import Run


def main():
    parser = argparse.ArgumentParser("train")
    parser.add_argument("--model_name", type=str, default="diabetes_model.pkl")
    parser.add_argument("--step_output", type=str, default="step")
    parser.add_argument("--dataset_name", type=str, default="diabetes")
    parser.add_argument("--dataset_version", type=str, default="latest")
    args = parser.parse_args()
    run = Run.get_context()
    ws = run.experiment.workspace
    for name, value in {"alpha": 0.1}.items():
        run.log(name, value)
        run.parent.log(name, value)

    if args.dataset_name:
        dataset = Dataset.get_by_name(workspace=ws, name=args.dataset_name, version=args.dataset_version)
        run.input_datasets.get("training_data")
    else:
        datastore = Datastore.get(ws, "workspaceblobstore")
        dataset = Dataset.Tabular.from_delimited_files(path=(datastore, "diabetes.csv"))
    run.parent.tag("dataset_id", value=dataset.id)
    run.tag("run_type", value="train")
    print(f"tags now present for run: {run.tags}")

    for k, v in {"mse": 0.25}.items():
        run.log(k, v)
        run.parent.log(k, v)
    os.makedirs(args.step_output, exist_ok=True)
    path = os.path.join(args.step_output, args.model_name)
    with open(path, "w") as file:
        json.dump({"alpha": 0.1}, file)
    os.makedirs("outputs", exist_ok=True)
    run.upload_file(name="outputs/" + args.model_name, path_or_stream=path)
    run.register_model(model_name=args.model_name, model_path="outputs/" + args.model_name, properties={"mse": 0.25})
    run.complete()


if __name__ == "__main__":
    main()
