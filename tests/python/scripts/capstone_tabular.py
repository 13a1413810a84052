# The course project: a table from a web address or path, at module level, then one logged metric.
import argparse
import os

from azureml.core import Dataset
from azureml.core.run import Run
from azureml.core.workspace import Workspace
from azureml.data.dataset_factory import TabularDatasetFactory

run = Run.get_context()
ds = TabularDatasetFactory.from_delimited_files(path=os.environ["TABLE"], validate=False, separator=",", encoding="utf-8")


def clean_data(data):
    frame = data.to_pandas_dataframe().dropna()
    y = frame.pop("y").apply(lambda s: 1 if s == "yes" else 0)
    return frame, y


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--C", type=float, default=1.0, help="Inverse of regularization strength")
    parser.add_argument("--max_iter", type=int, default=100, help="Maximum number of iterations to converge")
    args = parser.parse_args()

    run.log("Regularization Strength:", float(args.C))
    run.log("Max iterations:", int(args.max_iter))
    x, y = clean_data(ds)
    run.log("Accuracy", float(sum(y) / len(y)))
    os.makedirs("outputs", exist_ok=True)
    run.upload_file(name="outputs/table.csv", path_or_stream=os.environ["TABLE"])
    model = run.register_model(model_name="bankmarketing", model_path="outputs/table.csv", tags={"C": args.C})
    print(model.name, model.id, model.version, sep="\t")


if __name__ == "__main__":
    main()
