"""hdrive for training scripts: report metrics to the run that this process belongs to.

    import hdrive
    hdrive.log("loss", 0.31, step=4)

Outside a run the same calls print, so a script also works by hand. Pure Python, no dependencies.
"""
import os
import time

from hdrive import _lines, _values

__all__ = ["log", "tag", "flush", "run_id", "parent_run_id", "output_directory"]


def log(name, value, step=None):
    """Reports one value of a metric. A number may be a Python number, a numpy scalar or a
    0-dimensional tensor; a string is kept as text. `step` is the x axis of charts, nothing else.

    Raises TypeError when `value` holds several values. Never fails or waits because of the engine."""
    value = _values.scalar(value)
    step = _values.step_number(step)
    lines = _lines.current()
    if lines is None:
        print("%s=%s" % (name, value) + ("" if step is None else " (step %d)" % step), flush=True)
        return
    lines.append(metric_record(name, value, step))


def metric_record(name, value, step=None):
    """The protocol record of one value as scalar() gives it."""
    if isinstance(value, str):
        return {"t": "text", "n": str(name), "v": _values.cut(value), "ts": time.time()}
    record = {"t": "m", "m": {str(name): _values.encoded(value)}, "ts": time.time()}
    if step is not None:
        record["s"] = step
    return record


def tag(key, value):
    """Sets a tag of the run; None removes it. Does nothing outside a run."""
    lines = _lines.current()
    if lines is not None:
        text = None if value is None else _values.cut(value)
        lines.append({"t": "tag", "k": str(key), "v": text})


def flush():
    """Tries again to write what a full disk refused. True when everything is written."""
    lines = _lines.current()
    return True if lines is None else lines.flush()


def run_id():
    """Id of the run that this process belongs to, or None outside a run."""
    return os.environ.get("HDRIVE_RUN_ID") or os.environ.get("AZUREML_RUN_ID") or None


def parent_run_id():
    """Id of the parent run, or None where there is none."""
    parent = os.environ.get("HDRIVE_PARENT_RUN_ID")
    return parent if parent and parent != run_id() else None


def output_directory():
    """The folder whose files are kept with the run: `./outputs` of the run's working directory.
    Created when it does not exist yet."""
    directory = os.environ.get("HDRIVE_OUTPUT_DIR") or os.path.abspath("outputs")
    os.makedirs(directory, exist_ok=True)
    return directory
