# Names of the SDK's first releases.
import os

from azureml.core.run import Run

os.makedirs("./outputs", exist_ok=True)
run = Run.get_submitted_run()
run.log("alpha", 0.1)
with open(os.path.join("./outputs/", "ridge.pkl"), "wb") as file:
    file.write(b"x")
print("files", run.get_file_names(), run.get_metrics(), run.get_status())
