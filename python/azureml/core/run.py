"""The run that a training script belongs to."""
import json
import os

import hdrive
from azureml import _artifacts, _supported
from azureml._logging_run import LoggingRun
from azureml._supported import not_provided
from azureml.core.experiment import Experiment
from azureml.exceptions import RunEnvironmentException, UserErrorException
from hdrive import _lines

_current = None


class Run(LoggingRun):
    """A run of hdrive. Get the one that the script belongs to with `Run.get_context()`."""

    _prefix = ""  # of the names of its files

    def __init__(self, experiment, run_id=None, **kwargs):
        if not kwargs.pop("_inside", False) and (run_id is None or run_id != hdrive.run_id()):
            raise not_provided("Run(experiment, run_id) of another run", _supported.OTHER_RUNS)
        super(Run, self).__init__(run_id)
        self._experiment = experiment
        self._parent = None

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

    @classmethod
    def get_submitted_run(cls, **kwargs):
        """get_context() as early releases of the SDK named it."""
        return cls.get_context(**kwargs)

    @staticmethod
    def get(workspace, run_id, **kwargs):
        """The run of this script; other runs are read with the hdrive program."""
        return get_run(None, run_id)

    @staticmethod
    def list(experiment, *args, **kwargs):
        raise not_provided("Run.list", _supported.OTHER_RUNS)

    @staticmethod
    def add_type_provider(runtype, run_factory):
        """All runs of a script are of one type; nothing is made by the factory."""

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
        from azureml._nested_runs import ParentRun

        parent = hdrive.parent_run_id()
        if parent and (self._parent is None or self._parent.id != parent):
            self._parent = ParentRun(self, parent)
        return self._parent if parent else None

    def get_details(self):
        details = super(Run, self).get_details()
        if self.parent is not None:
            details["parentRunId"] = self.parent.id
        return details

    def _new_child(self, name, run_id):
        from azureml._nested_runs import ChildRun

        return ChildRun(self, name, run_id)

    # Files

    def upload_file(self, name, path_or_stream, datastore_name=None):
        """Keeps a copy of a file with the run."""
        _artifacts.save(name, path_or_stream, self._prefix)

    def upload_files(self, names, paths, return_artifacts=False, timeout_seconds=None, datastore_name=None):
        """Keeps copies of several files with the run."""
        if len(names) != len(paths):
            raise UserErrorException("upload_files: %d names for %d paths" % (len(names), len(paths)))
        for name, path in zip(names, paths):
            _artifacts.save(name, path, self._prefix)

    def upload_folder(self, name, path, datastore_name=None):
        """Keeps a copy of a folder with the run."""
        _artifacts.save_folder(name, path, self._prefix)

    def get_file_names(self):
        return _artifacts.names(self._prefix)

    def download_file(self, name, output_file_path=None, **kwargs):
        _artifacts.fetch(name, output_file_path, self._prefix)

    def download_files(
        self,
        prefix=None,
        output_directory=None,
        output_paths=None,
        batch_size=100,
        append_prefix=True,
        timeout_seconds=None,
    ):
        """Copies the run's files whose name starts with `prefix`, below `output_directory` or to
        `output_paths`. Without `append_prefix` the copies lack the prefix in their names."""
        _artifacts.fetch_all(prefix, output_directory, output_paths, append_prefix, self._prefix)

    def get_all_logs(self, destination=None):
        """Copies what the run has printed so far and its `logs/` into a folder; the paths."""
        return _artifacts.fetch_logs(os.fspath(destination) if destination else os.path.join("assets", self._id))

    def log_image(self, name, path=None, plot=None, description="", **kwargs):
        """Keeps a picture with the run: a file, or a matplotlib figure or pyplot module."""
        if (path is None) == (plot is None):
            raise UserErrorException("log_image(%r, ...) takes either path or plot" % (name,))
        extension = ".png" if path is None else os.path.splitext(os.fspath(path))[1]
        name = str(name) if str(name).endswith(extension) else str(name) + extension
        if path is not None:
            _artifacts.save(name, path, self._prefix)
            return
        target = _artifacts.place(name, self._prefix)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        plot.savefig(target)

    def _log_document(self, name, value, description="", **kwargs):
        if isinstance(value, dict):
            target = _artifacts.place(str(name) + ".json", self._prefix)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "w") as file:
                json.dump(value, file)
        else:
            _artifacts.save(str(name) + ".json", value, self._prefix)

    log_accuracy_table = log_confusion_matrix = log_residuals = log_predictions = _log_document

    def register_model(
        self,
        model_name,
        model_path=None,
        tags=None,
        properties=None,
        model_framework=None,
        model_framework_version=None,
        description=None,
        datasets=None,
        sample_input_dataset=None,
        sample_output_dataset=None,
        resource_configuration=None,
        **kwargs
    ):
        """Keeps a file or folder of the run as a new version of the model `model_name`. `model_path`
        is the name of a file of the run (`outputs/model.pkl`), else a path below its working
        directory; by default it is the model's name."""
        from azureml.core.model import Model

        name = model_path or model_name
        source = _artifacts.place(name, self._prefix)
        if not os.path.exists(source):
            below = os.path.join(_artifacts.root(), os.path.normpath(str(name).replace("\\", "/").lstrip("/")))
            source = below if os.path.exists(below) else source
        return Model._register(
            model_name,
            source,
            tags=tags,
            properties=properties,
            description=description,
            model_framework=model_framework,
            model_framework_version=model_framework_version,
            run_id=self._id,
            experiment_name=self._experiment.name,
        )


class _SubmittedRun(Run):
    """The run of a script that hdrive started."""


class _OfflineRun(LoggingRun):
    """Stands in where there is no run: prints metrics, keeps tags in memory, has no experiment."""

    def __init__(self, **kwargs):
        import uuid  # here, because only offline runs pay for it

        super(_OfflineRun, self).__init__("OfflineRun_" + str(uuid.uuid4()))
        self._parent = kwargs.pop("_parent", None)

    def _send(self, record, kind, name, shown):
        if kind is not None:
            print("Attempted to log %s metric %s:\n%s" % (kind, name, shown), flush=True)

    @property
    def parent(self):
        return self._parent

    @property
    def type(self):
        return "OfflineRun"

    def _new_child(self, name, run_id):
        child = _OfflineRun(_parent=self)
        child._display_name = name
        return child

    def _only_printed(self, what, name):
        print("Attempted to %s %s" % (what, name), flush=True)

    def upload_file(self, name, path_or_stream, datastore_name=None):
        self._only_printed("upload file", name)

    def upload_files(self, names, paths, return_artifacts=False, timeout_seconds=None, datastore_name=None):
        self._only_printed("upload files", names)

    def upload_folder(self, name, path, datastore_name=None):
        self._only_printed("upload folder", name)

    def log_image(self, name, path=None, plot=None, description="", **kwargs):
        self._only_printed("log image metric", name)

    def _log_document(self, name, value, description="", **kwargs):
        self._only_printed("log metric", name)

    log_accuracy_table = log_confusion_matrix = log_residuals = log_predictions = _log_document

    def register_model(self, model_name, model_path=None, **kwargs):
        self._only_printed("register model", model_name)

    def get_file_names(self):
        return []

    def download_file(self, name, output_file_path=None, **kwargs):
        raise RunEnvironmentException("an offline run has no files; %r cannot be downloaded" % (name,))

    def download_files(self, prefix=None, **kwargs):
        raise RunEnvironmentException("an offline run has no files; none can be downloaded")

    def get_all_logs(self, destination=None):
        return []


def get_run(experiment, run_id, **kwargs):
    """The run of this script; other runs are read with the hdrive program."""
    run = Run.get_context()
    if run_id == run.id:
        return run
    if run_id and run_id == hdrive.parent_run_id() and run.parent is not None:
        return run.parent
    raise not_provided("get_run() of another run", _supported.OTHER_RUNS)
