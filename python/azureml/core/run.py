"""The run that a training script belongs to."""
import json
import os
import sys
import time

import hdrive
from azureml import _artifacts
from azureml._logged import LoggedMetrics
from azureml._supported import not_provided
from azureml.core.experiment import Experiment
from azureml.exceptions import RunEnvironmentException, UserErrorException
from hdrive import _lines, _values

LIST_CHUNK = 500  # values per record of log_list; a record has 64 KiB at most
ROW_COLUMNS = 64
_current = None


class _LoggingRun(object):
    """The logging calls, the same inside and outside a run. Subclasses say where values go."""

    def __init__(self, run_id):
        self._id = run_id
        self._logged = LoggedMetrics()
        self._tags = {}
        self._properties = {}
        self._status = "Running"
        self._started = time.time()

    def __repr__(self):
        return "Run(Id: %s, Status: %s)" % (self._id, self._status)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.complete()
        elif not (kind is SystemExit and error.code in (None, 0)):
            self.fail(error_details="%s: %s" % (kind.__name__, error))
        return False

    # Where things go; each subclass has its own.
    def _send(self, record, kind, name, shown):
        raise NotImplementedError

    # Metrics

    def log(self, name, value, description="", step=None, **kwargs):
        """One value of the metric `name`; repeated calls build a series."""
        try:
            value = _values.scalar(value)
        except _values.NotOneValue as error:
            raise UserErrorException("run.log(%r, ...): %s" % (name, error))
        self._logged.add_value(name, value)
        self._send(hdrive.metric_record(name, value, _values.step_number(step)), "scalar", name, value)

    def log_list(self, name, value, description="", **kwargs):
        """Appends values to the list `name`."""
        if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
            raise UserErrorException("run.log_list(%r, ...) takes a list of values, found %r" % (name, value))
        values = [_values.scalar(one) for one in value]
        self._logged.add_list(name, values)
        for start in range(0, len(values), LIST_CHUNK):
            chunk = [self._short(one) for one in values[start : start + LIST_CHUNK]]
            self._send({"t": "list", "n": str(name), "v": chunk, "ts": time.time()}, "list", name, chunk)

    def log_row(self, name, description=None, **kwargs):
        """One row of the table `name`; the keyword arguments are its columns."""
        self._row(name, kwargs)

    def log_table(self, name, value, description="", **kwargs):
        """A whole table: a dictionary of column name to list of values (or to one value)."""
        if not isinstance(value, dict):
            raise UserErrorException(
                "run.log_table(%r, ...) takes a dictionary of columns, found %s" % (name, type(value).__name__)
            )
        columns = {}
        for column, cells in value.items():
            one = isinstance(cells, (str, bytes)) or not hasattr(cells, "__iter__") or _values._count(cells) == 1
            columns[column] = [cells] if one else list(cells)
        for index in range(max([len(cells) for cells in columns.values()] or [0])):
            self._row(name, {key: cells[index] for key, cells in columns.items() if index < len(cells)})

    def _row(self, name, columns):
        if len(columns) > ROW_COLUMNS:
            raise UserErrorException(
                "a row of table %r has %d columns; %d are allowed" % (name, len(columns), ROW_COLUMNS)
            )
        row = {str(column): _values.scalar(value) for column, value in columns.items()}
        self._logged.add_row(name, row)
        cells = {column: self._short(value) for column, value in row.items()}
        self._send({"t": "row", "n": str(name), "c": cells, "ts": time.time()}, "row", name, cells)

    @staticmethod
    def _short(value):
        # Many texts share one record, so each has to be short.
        return value[:120] if isinstance(value, str) else _values.encoded(value)

    def get_metrics(self, name=None, recursive=False, run_type=None, populate=False):
        """What this process has logged: one value, or a list of them, by name."""
        return self._logged.as_dict(name)

    # Tags and properties

    def tag(self, key, value=None):
        self._tags[str(key)] = None if value is None else str(value)
        text = "" if value is None else _values.cut(value)
        self._send({"t": "tag", "k": str(key), "v": text}, None, key, value)

    def set_tags(self, tags):
        for key, value in tags.items():
            self.tag(key, value)

    def remove_tags(self, tags):
        for key in [tags] if isinstance(tags, str) else tags:
            self._tags.pop(str(key), None)
            self._send({"t": "tag", "k": str(key), "v": None}, None, key, None)

    def get_tags(self):
        return dict(self._tags)

    @property
    def tags(self):
        return dict(self._tags)

    def add_properties(self, properties):
        """Properties keep their first value."""
        for key, value in properties.items():
            if self._properties.setdefault(str(key), str(value)) == str(value):
                record = {"t": "prop", "k": str(key), "v": _values.cut(value)}
                self._send(record, None, key, value)
            else:
                _lines.warn("property %r is set already and keeps its value" % str(key))

    def get_properties(self):
        return dict(self._properties)

    @property
    def properties(self):
        return dict(self._properties)

    # State

    @property
    def id(self):
        return self._id

    @property
    def name(self):
        return self._id

    @property
    def display_name(self):
        return self._id

    @property
    def number(self):
        tail = self._id.rsplit("_", 1)[-1]
        return int(tail) if tail.isdigit() else 1

    @property
    def status(self):
        return self._status

    def get_status(self):
        return self._status

    def start(self):
        """The run is under way already."""

    def complete(self, _set_status=True):
        """Tells that the script is done. The exit code of the process decides how the run ended."""
        self._status = "Completed"
        self._send({"t": "end", "status": "completed", "error": ""}, None, None, None)

    def fail(self, error_details=None, error_code=None, _set_status=True):
        """Tells that the script failed. The exit code of the process decides how the run ended."""
        self._status = "Failed"
        text = ": ".join(str(part) for part in (error_code, error_details) if part)
        self._send({"t": "end", "status": "failed", "error": _values.cut(text)}, None, None, None)

    def cancel(self):
        """Tells that the script gives up. End the process to end the run."""
        self._status = "Canceled"
        record = {"t": "end", "status": "failed", "error": "the script called cancel()"}
        self._send(record, None, None, None)

    def flush(self, timeout_seconds=300):
        """Every call is written at once; this tries again what a full disk refused."""
        hdrive.flush()

    def get_secret(self, name):
        """The secret `name`, from the environment variable SECRET_<NAME>."""
        return os.environ.get("SECRET_" + str(name).upper().replace("-", "_"))

    def get_details(self):
        started = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self._started)) + "Z"
        script = sys.argv[0] if sys.argv else ""
        return {
            "runId": self._id,
            "target": "local",
            "status": self._status,
            "startTimeUtc": started,
            "endTimeUtc": None,
            "properties": self.get_properties(),
            "inputDatasets": [],
            "runDefinition": {"script": os.path.basename(script), "arguments": list(sys.argv[1:])},
            "logFiles": {},
        }

    # What a later release brings: named, so that a script learns it from the message.

    def register_model(self, *args, **kwargs):
        raise not_provided("Run.register_model")

    def child_run(self, *args, **kwargs):
        raise not_provided("Run.child_run")

    def get_children(self, *args, **kwargs):
        raise not_provided("Run.get_children")

    def submit_child(self, *args, **kwargs):
        raise not_provided("Run.submit_child")

    def get_environment(self):
        raise not_provided("Run.get_environment")

    @property
    def input_datasets(self):
        raise not_provided("Run.input_datasets")


class Run(_LoggingRun):
    """A run of hdrive. Get the one that the script belongs to with `Run.get_context()`."""

    def __init__(self, experiment, run_id=None, **kwargs):
        if not kwargs.pop("_inside", False):
            raise not_provided("Run(experiment, run_id)")
        super(Run, self).__init__(run_id)
        self._experiment = experiment

    @staticmethod
    def get_context(allow_offline=True, used_for_context_manager=False, **kwargs):
        """The run that this process belongs to, the same object every time. Outside a run an
        offline run that prints what is logged, or RunEnvironmentException without allow_offline."""
        global _current
        inside = bool(os.environ.get("HDRIVE_METRICS"))
        if _current is None or isinstance(_current, Run) != inside:
            if inside:
                name = os.environ.get("AZUREML_ARM_PROJECT_NAME", "")
                run_id = hdrive.run_id() or "unknown"
                _current = _SubmittedRun(Experiment(None, name), run_id, _inside=True)
            else:
                _current = _OfflineRun()
        if not inside and not allow_offline:
            raise RunEnvironmentException(
                "this process does not belong to a run; start it with `hdrive run submit-script` or "
                "`hdrive run submit-hyperdrive`, or allow an offline run"
            )
        return _current

    def _send(self, record, kind, name, shown):
        lines = _lines.current()
        if lines is not None:
            lines.append(record)

    @property
    def experiment(self):
        return self._experiment

    @property
    def type(self):
        return "azureml.scriptrun"

    @property
    def parent(self):
        """The parent run, or None."""
        parent = hdrive.parent_run_id()
        return _ParentRun(self, parent) if parent else None

    def get_portal_url(self):
        return ""

    # Files

    def upload_file(self, name, path_or_stream, datastore_name=None):
        """Keeps a copy of a file with the run."""
        _artifacts.save(name, path_or_stream)

    def upload_files(self, names, paths, return_artifacts=False, timeout_seconds=None, datastore_name=None):
        if len(names) != len(paths):
            raise UserErrorException("upload_files: %d names for %d paths" % (len(names), len(paths)))
        for name, path in zip(names, paths):
            _artifacts.save(name, path)

    def upload_folder(self, name, path, datastore_name=None):
        """Keeps a copy of a folder with the run."""
        _artifacts.save_folder(name, path)

    def get_file_names(self):
        return _artifacts.names()

    def download_file(self, name, output_file_path=None, **kwargs):
        _artifacts.fetch(name, output_file_path)

    def log_image(self, name, path=None, plot=None, description=""):
        """Keeps a picture with the run: a file, or a matplotlib figure or pyplot module."""
        if (path is None) == (plot is None):
            raise UserErrorException("log_image(%r, ...) takes either path or plot" % (name,))
        if path is not None:
            extension = os.path.splitext(os.fspath(path))[1]
            _artifacts.save(name if str(name).endswith(extension) else str(name) + extension, path)
            return
        target = _artifacts.place(name if str(name).endswith(".png") else str(name) + ".png")
        os.makedirs(os.path.dirname(target), exist_ok=True)
        plot.savefig(target)

    def _log_document(self, name, value, description=""):
        if isinstance(value, dict):
            target = _artifacts.place(str(name) + ".json")
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "w") as file:
                json.dump(value, file)
        else:
            _artifacts.save(str(name) + ".json", value)

    log_accuracy_table = log_confusion_matrix = log_residuals = log_predictions = _log_document


class _SubmittedRun(Run):
    """The run of a script that hdrive started."""


class _ParentRun(_LoggingRun):
    """The parent run, seen from its child. In this release what is logged here is kept with the
    child run under `parent/<name>`: nothing is lost, and no interval of the child is counted."""

    _told = False

    def __init__(self, child, run_id):
        super(_ParentRun, self).__init__(run_id)
        self._child = child

    def _send(self, record, kind, name, shown):
        if record["t"] == "end":
            _lines.warn("a child run cannot end its parent run; the call is ignored")
            return
        if not _ParentRun._told:
            _ParentRun._told = True
            _lines.warn("what is logged to the parent run is kept with this child run as parent/<name>")
        record = dict(record)
        if record["t"] == "m":
            record["m"] = {"parent/" + key: value for key, value in record["m"].items()}
        else:
            key = "n" if "n" in record else "k"
            record[key] = "parent/" + record[key]
        self._child._send(record, kind, name, shown)

    @property
    def experiment(self):
        return self._child.experiment

    @property
    def parent(self):
        return None

    @property
    def type(self):
        return "hyperdrive"


class _OfflineRun(_LoggingRun):
    """Stands in where there is no run: prints metrics, keeps tags in memory, has no experiment."""

    def __init__(self, **kwargs):
        import uuid  # here, because only offline runs pay for it

        super(_OfflineRun, self).__init__("OfflineRun_" + str(uuid.uuid4()))

    def _send(self, record, kind, name, shown):
        if kind is not None:
            print("Attempted to log %s metric %s:\n%s" % (kind, name, shown), flush=True)

    @property
    def parent(self):
        return None

    @property
    def type(self):
        return "OfflineRun"

    def _only_printed(self, what, name):
        print("Attempted to %s %s" % (what, name), flush=True)

    def upload_file(self, name, path_or_stream, datastore_name=None):
        self._only_printed("upload file", name)

    def upload_files(self, names, paths, return_artifacts=False, datastore_name=None):
        self._only_printed("upload files", names)

    def upload_folder(self, name, path, datastore_name=None):
        self._only_printed("upload folder", name)

    def log_image(self, name, path=None, plot=None, description=""):
        self._only_printed("log image metric", name)

    def _log_document(self, name, value, description=""):
        self._only_printed("log metric", name)

    log_accuracy_table = log_confusion_matrix = log_residuals = log_predictions = _log_document

    def get_file_names(self):
        return []


def get_run(experiment, run_id, **kwargs):
    raise not_provided("azureml.core.get_run")
