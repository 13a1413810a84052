# The ways in which scripts find out whether they are inside a run.
import azureml.core
from azureml.core import Run, Workspace
from azureml.core.run import _OfflineRun

run = Run.get_context(allow_offline=True)
print("SDK", azureml.core.VERSION)
offline = isinstance(run, _OfflineRun)
assert offline == (type(run) == _OfflineRun) == run.id.startswith("OfflineRun") == (not hasattr(run, "experiment"))
assert offline == ("OfflineRun" in run.id) == (not isinstance(run, Run))
ws = Workspace.from_config() if offline else run.experiment.workspace
run.log("offline", int(offline))
run.log_row("row", a=1, b=2.0)
run.log_table("table", {"x": [1, 2], "y": [3, 4]})
run.log_list("list", [1, 2, 3])
if not offline:
    print(run.get_details()["runDefinition"]["arguments"], run.get_portal_url(), ws.name)
run.flush(timeout_seconds=60)
run.complete()
