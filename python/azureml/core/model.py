"""Registered models of the project."""
import os

from azureml import _models
from azureml._stand_ins import stand_in
from azureml._supported import not_provided
from azureml.exceptions import ModelNotFoundException, UserErrorException, WebserviceException
from hdrive._lines import warn

_SERVING = "Nothing is deployed: Model.download() or hdrive model download gives the files"

InferenceConfig = stand_in(__name__, "InferenceConfig", _SERVING)


class Model(object):
    """One version of a registered model: the newest that fits the arguments. `id` is `name:version`.
    Raises ModelNotFoundException when there is none."""

    class Framework(object):
        """Names for `model_framework`."""

        CUSTOM = "Custom"
        TENSORFLOW = "TensorFlow"
        SCIKITLEARN = "ScikitLearn"
        ONNX = "Onnx"
        PYTORCH = "PyTorch"
        MULTI = "Multi"
        FRAMEWORKS = (CUSTOM, TENSORFLOW, SCIKITLEARN, ONNX, PYTORCH, MULTI)

    def __init__(
        self,
        workspace,
        name=None,
        id=None,
        tags=None,
        properties=None,
        version=None,
        run_id=None,
        model_framework=None,
        **kwargs
    ):
        document = kwargs.pop("_manifest", None)
        if document is None:
            if id is not None and ":" in str(id):
                name, _, version = str(id).rpartition(":")
            if name is None:
                raise ModelNotFoundException("Model(workspace, ...) takes the name or the id of a model")
            if version is None and (tags or properties or run_id):
                fits = self.list(workspace, name, tags, properties, run_id)
                if not fits:
                    raise ModelNotFoundException(
                        "ModelNotFound: no version of model %r has the tags, properties and run asked for" % (name,)
                    )
                document = fits[0]._document
            else:
                document = _models.manifest(name, version)
        self.workspace = workspace
        self._document = document

    def __repr__(self):
        return "Model(workspace=%r, name=%s, id=%s, version=%s, tags=%s, properties=%s)" % (
            self.workspace,
            self.name,
            self.id,
            self.version,
            self.tags,
            self.properties,
        )

    @staticmethod
    def _register(model_name, source, workspace=None, **facts):
        framework = facts["model_framework"]
        details = {
            "description": facts["description"] or "",
            "framework": str(framework) if framework else "Custom",
            "frameworkVersion": _text_or_empty(facts["model_framework_version"]),
            "tags": _texts(facts["tags"]),
            "properties": _texts(facts["properties"]),
            "runId": facts["run_id"] or "",
            "experimentName": facts["experiment_name"] or "",
        }
        return Model(workspace, _manifest=_models.register(model_name, source, details))

    @staticmethod
    def register(
        workspace,
        model_path,
        model_name,
        tags=None,
        properties=None,
        description=None,
        datasets=None,
        model_framework=None,
        model_framework_version=None,
        child_paths=None,
        sample_input_dataset=None,
        sample_output_dataset=None,
        resource_configuration=None,
        **kwargs
    ):
        """Keeps a copy of the file or folder `model_path` as a new version of `model_name`."""
        import hdrive

        return Model._register(
            model_name,
            model_path,
            workspace,
            tags=tags,
            properties=properties,
            description=description,
            model_framework=model_framework,
            model_framework_version=model_framework_version,
            run_id=hdrive.run_id(),
            experiment_name=os.environ.get("AZUREML_ARM_PROJECT_NAME"),
        )

    @staticmethod
    def list(
        workspace, name=None, tags=None, properties=None, run_id=None, latest=False, dataset_id=None, expand=True, **kwargs
    ):
        """Registered models, newest version first within a name. `tags` and `properties`: a list of
        keys or [key, value] pairs that a model has to have."""
        found = []
        for one in _models.names() if name is None else [name]:
            versions = _models.versions(one)
            for version in reversed(versions[-1:] if latest else versions):
                try:
                    document = _models.manifest(one, version)
                except (UserErrorException, ModelNotFoundException) as error:
                    warn(str(error))  # damaged, or deleted just now: the others are still of use
                    continue
                fits = _fits(document["tags"], tags) and _fits(document["properties"], properties)
                if fits and run_id in (None, document["runId"]):
                    found.append(Model(workspace, _manifest=document))
        return found

    @staticmethod
    def get_model_path(model_name, version=None, _workspace=None):
        """Path of a copy of the model, below `azureml-models/` of the run. Under AZUREML_MODEL_DIR the
        path there, as in a web service."""
        served = os.environ.get("AZUREML_MODEL_DIR")
        if served:
            inside = os.path.join(served, model_name)
            return inside if os.path.exists(inside) else served
        document = _models.manifest(model_name, version)
        from azureml import _artifacts

        folder = os.path.join(_artifacts.root(), "azureml-models", document["name"], str(document["version"]))
        return _models.copy_to(document, folder)

    def download(self, target_dir=".", exist_ok=False, exists_ok=None):
        """Copies the model into `target_dir`; its path there. Existing files stay, with an error,
        unless `exist_ok`."""
        target = os.path.join(os.fspath(target_dir), self._document["path"])
        if os.path.exists(target) and not (exist_ok or exists_ok):
            raise WebserviceException("%s exists already; exist_ok=True replaces it" % target)
        return _models.copy_to(self._document, os.fspath(target_dir))

    def delete(self):
        _models.delete(self.name, self.version)

    # Facts

    @property
    def name(self):
        return self._document["name"]

    @property
    def version(self):
        return self._document["version"]

    @property
    def id(self):
        return "%s:%d" % (self.name, self.version)

    @property
    def tags(self):
        return dict(self._document["tags"])

    @property
    def properties(self):
        return dict(self._document["properties"])

    @property
    def description(self):
        return self._document["description"]

    @property
    def created_time(self):
        from datetime import datetime, timezone

        made = datetime.strptime(self._document["createdTimeUtc"][:19], "%Y-%m-%dT%H:%M:%S")
        return made.replace(tzinfo=timezone.utc)

    @property
    def run_id(self):
        return self._document["runId"] or None

    @property
    def run(self):
        """The run of this script when the model came from it, else None."""
        from azureml.core.run import Run

        current = Run.get_context()
        return current if current.id == self.run_id else None

    @property
    def experiment_name(self):
        return self._document["experimentName"]

    @property
    def model_framework(self):
        return self._document["framework"]

    @property
    def model_framework_version(self):
        return self._document["frameworkVersion"]

    @property
    def url(self):
        return "file://" + os.path.join(_models.folder_of(self.name, self.version), _models.FILES, self._document["path"])

    def serialize(self):
        return dict(self._document)

    # Changes

    def _change(self, key, value):
        self._document = _models.change(self.name, self.version, {key: value})

    def update(self, tags=None, description=None, **kwargs):
        if tags is not None:
            self._change("tags", _texts(tags))
        if description is not None:
            self._change("description", str(description))

    def add_tags(self, tags):
        self._change("tags", dict(self.tags, **_texts(tags)))

    def remove_tags(self, tags):
        gone = {str(key) for key in ([tags] if isinstance(tags, str) else tags)}
        self._change("tags", {key: value for key, value in self.tags.items() if key not in gone})

    def add_properties(self, properties):
        """Properties keep their first value."""
        self._change("properties", dict(_texts(properties), **self.properties))

    def add_dataset_references(self, datasets):
        """Data is not recorded with models."""

    # What Azure does beyond

    @staticmethod
    def deploy(*args, **kwargs):
        raise not_provided("Model.deploy", _SERVING)

    @staticmethod
    def package(*args, **kwargs):
        raise not_provided("Model.package", _SERVING)

    @staticmethod
    def profile(*args, **kwargs):
        raise not_provided("Model.profile", _SERVING)

    def get_sas_urls(self):
        raise not_provided("Model.get_sas_urls", _SERVING)


def _text_or_empty(value):
    return "" if value is None else str(value)


def _texts(values):
    return {str(key): _text_or_empty(value) for key, value in dict(values or {}).items()}


def _fits(found, wanted):
    for one in [wanted] if isinstance(wanted, str) else wanted or ():
        if isinstance(one, str):
            fits = one in found
        else:
            fits = found.get(str(one[0])) == str(one[1])
        if not fits:
            return False
    return True
