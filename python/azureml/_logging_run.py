"""The logging calls of a run, wherever its values go."""
import os
import sys
import time

import hdrive
from azureml._logged import LoggedMetrics
from azureml._supported import not_provided
from azureml.exceptions import UserErrorException
from hdrive import _lines, _values

LIST_CHUNK = 500  # values per record of log_list; a record has 64 KiB at most
ROW_COLUMNS = 64


class LoggingRun(object):
    """Metrics, tags, properties and state, the same inside and outside a run. Subclasses say where
    values go."""

    def __init__(self, run_id):
        self._id = run_id
        self._logged = LoggedMetrics()
        self._tags = {}
        self._properties = {}
        self._status = "Running"
        self._started = time.time()
        self._children = []
        self._display_name = None
        self.description = None

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
        """What this process has logged: one value, or a list of them, by name. With `recursive` one
        such dictionary per run id, of this run and of its children that have metrics."""
        found = self._logged.as_dict(name)
        if not recursive:
            return found
        by_run = {self._id: found} if found else {}
        for child in self._children:
            by_run.update(child.get_metrics(name, recursive=True))
        return by_run

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
        return self._display_name or self._id

    @property
    def display_name(self):
        return self._display_name or self._id

    @display_name.setter
    def display_name(self, value):
        self._display_name = str(value)
        self.tag("display_name", value)

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

    def wait_for_completion(self, show_output=False, wait_post_processing=False, raise_on_error=True):
        """A script cannot wait for its own end; children that it made have ended when it says so."""
        return self.get_details()

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
            "outputDatasets": [],
            "runDefinition": {"script": os.path.basename(script), "arguments": list(sys.argv[1:])},
            "logFiles": {},
        }

    def get_details_with_logs(self):
        return self.get_details()

    def get_portal_url(self):
        """There is no web page of a run."""
        return ""

    def get_snapshot_id(self):
        return self._properties.get("ContentSnapshotId", "")

    # Surroundings

    def get_secret(self, name):
        """The secret `name`, from the environment variable SECRET_<NAME>; None when it is not set."""
        return os.environ.get("SECRET_" + str(name).upper().replace("-", "_"))

    def get_secrets(self, secrets):
        """A dictionary of secret names to secrets, see get_secret()."""
        return {name: self.get_secret(name) for name in secrets}

    def get_environment(self):
        """The Python that runs this script, as an Environment."""
        from azureml.core.environment import Environment

        return Environment._of_this_process()

    @property
    def input_datasets(self):
        """The named inputs, see docs/python.md: `run.input_datasets["mnist"]` is the path of the
        data as text, and has the calls of a dataset too."""
        from azureml._inputs import Inputs

        return Inputs()

    # Children

    def child_run(self, name=None, run_id=None, outputs=None):
        """A run below this one, kept with it. See docs/python.md for where its values go."""
        child = self._new_child(name, run_id)
        self._children.append(child)
        return child

    def _new_child(self, name, run_id):
        raise NotImplementedError

    def create_children(self, count=None, tag_key=None, tag_values=None):
        """Several child runs: `count` of them, or one for each of `tag_values`, tagged with it."""
        if (count is None) == (tag_values is None):
            raise UserErrorException("create_children() takes either count, or tag_key and tag_values")
        if tag_values is None:
            return [self.child_run() for _ in range(count)]
        children = []
        for value in tag_values:
            child = self.child_run()
            child.tag(tag_key, value)
            children.append(child)
        return children

    def get_children(self, recursive=False, tags=None, properties=None, type=None, status=None, _rehydrate_runs=True):
        """The child runs that this process made, newest first. `tags` and `properties`: a key, or a
        dictionary of keys to values."""
        for child in reversed(self._children):
            fits = _has(child.get_tags(), tags) and _has(child.get_properties(), properties)
            if fits and status in (None, child.get_status()) and type in (None, child.type):
                yield child
            if recursive:
                for below in child.get_children(True, tags, properties, type, status):
                    yield below

    def submit_child(self, config, tags=None, **kwargs):
        raise not_provided("Run.submit_child")

    def take_snapshot(self, file_or_folder_path):
        raise not_provided("Run.take_snapshot")

    def restore_snapshot(self, snapshot_id=None, path=None):
        raise not_provided("Run.restore_snapshot")


def _has(found, wanted):
    if wanted is None:
        return True
    if isinstance(wanted, str):
        return wanted in found
    return all(found.get(str(key)) == str(value) for key, value in wanted.items())
