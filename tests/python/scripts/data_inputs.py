# Data the ways that scripts get it: a path argument, a named input, a datastore, a mounted dataset.
import argparse
import glob
import os

from azureml.core import Dataset, Datastore, Run, Workspace

parser = argparse.ArgumentParser()
parser.add_argument("--data-folder", type=str, dest="data_folder")
args = parser.parse_args()
run = Run.get_context()
ws = run.experiment.workspace
seen = 0

seen += len(glob.glob(os.path.join(args.data_folder, "**/*.bin"), recursive=True))
mounted = run.input_datasets["mnist"]
seen += len(glob.glob(os.path.join(mounted, "**/*.bin"), recursive=True))
dataset = Dataset.get_by_name(ws, name="mnist")
with dataset.mount() as mount_context:
    seen += len(os.listdir(mount_context.mount_point))
seen += len(dataset.download(target_path="./data", overwrite=False))
store = Datastore.get(ws, "blob")
seen += len(Dataset.File.from_files(path=(store, "**/*.bin"), validate=True).to_path())
store.download(target_path="./copy", prefix="train", overwrite=True, show_progress=False)
seen += len(os.listdir("./copy/train"))
run.log("files", seen)
