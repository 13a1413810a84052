"""Stand-ins for the submitting side of the SDK.

Files that are shared between submitting and training import names that a training script never
calls. Such imports work; the first use of the name says what to use instead. Distributions of the
SDK that are installed go before.
"""
import importlib.machinery
import types

from azureml._supported import not_provided

_SWEEP = "Write an hdconfig file and submit it: hdrive run submit-hyperdrive --hyperdrive-configuration-name FILE"
_SUBMIT = "Write a run configuration and submit it: hdrive run submit-script, hdrive run submit-hyperdrive"
_PIPELINE = "There are no pipelines: call hdrive run submit-script for one step after the other from a shell script"
_AUTOML = "There is no AutoML: tune a script of your own with hdrive run submit-hyperdrive"
_SERVING = "Nothing is deployed: hdrive model download gives the files of a registered model"
_WATCH = "Watch runs with the hdrive program: hdrive run list, hdrive run show, hdrive run monitor-logs"
_DATA = "Name folders in .azureml/datasets.json and pass paths as arguments"

_SAMPLING = ("RandomParameterSampling", "GridParameterSampling", "BayesianParameterSampling", "HyperParameterSampling")
_POLICIES = (
    "BanditPolicy",
    "MedianStoppingPolicy",
    "TruncationSelectionPolicy",
    "NoTerminationPolicy",
    "EarlyTerminationPolicy",
)
_EXPRESSIONS = tuple(
    "choice randint uniform quniform loguniform qloguniform normal qnormal lognormal qlognormal".split()
)
_RUN_CONFIG = ("HyperDriveConfig", "HyperDriveRunConfig", "PrimaryMetricGoal")
_ESTIMATORS = ("TensorFlow", "PyTorch", "Chainer", "Mpi", "ParameterServer", "Nccl", "Gloo")
_STEPS = "PythonScriptStep EstimatorStep HyperDriveStep HyperDriveStepRun DataTransferStep ParallelRunStep ParallelRunConfig AutoMLStep MpiStep CommandStep DatabricksStep"
_PIPELINE_CORE = "Pipeline PipelineData PipelineParameter PublishedPipeline PipelineEndpoint PipelineRun StepRun Schedule ScheduleRecurrence StepSequence PipelineStep PipelineDataset OutputPortBinding TrainingOutput"
_WEBSERVICES = "Webservice AciWebservice AksWebservice LocalWebservice AksEndpoint"

#: module -> (what to use instead, names). Modules without names are only parents of others.
MODULES = {
    "azureml.train": (_SUBMIT, ()),
    "azureml.train.hyperdrive": (_SWEEP, _RUN_CONFIG + _SAMPLING + _POLICIES + _EXPRESSIONS + ("HyperDriveRun",)),
    "azureml.train.hyperdrive.run": (_WATCH, ("HyperDriveRun",)),
    "azureml.train.hyperdrive.runconfig": (_SWEEP, _RUN_CONFIG),
    "azureml.train.hyperdrive.sampling": (_SWEEP, _SAMPLING),
    "azureml.train.hyperdrive.policy": (_SWEEP, _POLICIES),
    "azureml.train.hyperdrive.parameter_expressions": (_SWEEP, _EXPRESSIONS),
    "azureml.train.estimator": (_SUBMIT, ("Estimator", "Mpi", "ParameterServer", "Gloo", "Nccl", "MMLBaseEstimator")),
    "azureml.train.dnn": (_SUBMIT, _ESTIMATORS),
    "azureml.train.sklearn": (_SUBMIT, ("SKLearn",)),
    "azureml.train.automl": (_AUTOML, ("AutoMLConfig", "AutoMLStep")),
    "azureml.train.automl.run": (_AUTOML, ("AutoMLRun",)),
    "azureml.mlflow": ("Use mlflow itself: Workspace.get_mlflow_tracking_uri() says where it writes", ()),
    "azureml.widgets": (_WATCH, ("RunDetails",)),
    "azureml.pipeline": (_PIPELINE, ()),
    "azureml.pipeline.core": (_PIPELINE, tuple(_PIPELINE_CORE.split())),
    "azureml.pipeline.core.graph": (_PIPELINE, ("PipelineParameter",)),
    "azureml.pipeline.core.pipeline_output_dataset": (_PIPELINE, ("PipelineOutputFileDataset",)),
    "azureml.pipeline.core.run": (_PIPELINE, ("PipelineRun", "StepRun")),
    "azureml.pipeline.steps": (_PIPELINE, tuple(_STEPS.split())),
    "azureml.core.script_run_config": (_SUBMIT, ("ScriptRunConfig",)),
    "azureml.core.script_run": (_WATCH, ("ScriptRun",)),
    "azureml.core.runconfig": (
        _SUBMIT,
        tuple(
            "RunConfiguration MpiConfiguration TensorflowConfiguration PyTorchConfiguration ParallelTaskConfiguration "
            "DataReferenceConfiguration DockerConfiguration EnvironmentDefinition SparkConfiguration HistoryConfiguration "
            "Data DataLocation Dataset OutputData".split()
        ),
    ),
    "azureml.core.webservice": (_SERVING, tuple(_WEBSERVICES.split())),
    "azureml.core.webservice.aks": (_SERVING, ("AksWebservice", "AksEndpoint")),
    "azureml.core.webservice.aci": (_SERVING, ("AciWebservice",)),
    "azureml.core.image": (_SERVING, ("ContainerImage", "Image")),
    "azureml.core.container_registry": (_SUBMIT, ("ContainerRegistry",)),
    "azureml.core.linked_service": (_SUBMIT, ("LinkedService",)),
    "azureml.core.private_endpoint": (_SUBMIT, ("PrivateEndPoint",)),
    "azureml.data.output_dataset_config": (_DATA, ("OutputFileDatasetConfig", "OutputTabularDatasetConfig", "LinkFileOutputDatasetConfig")),
}

#: Plain values of stand-in modules.
CONSTANTS = {
    "azureml.core.runconfig": {
        "DEFAULT_CPU_IMAGE": "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04",
        "DEFAULT_GPU_IMAGE": "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.1-cudnn8-ubuntu20.04",
    }
}


class _Refusing(type):
    """Of a stand-in: calling it, or asking for what it has in the SDK, raises."""

    def __call__(cls, *args, **kwargs):
        raise not_provided(cls.__module__ + "." + cls.__name__, cls._instead)

    def __getattr__(cls, name):
        # Tools ask every class for private names, and take the error for an answer.
        if name.startswith("_"):
            raise AttributeError(name)
        raise not_provided("%s.%s.%s" % (cls.__module__, cls.__name__, name), cls._instead)


def stand_in(module, name, instead):
    """A class that can be imported, named in annotations and isinstance checks, and not used."""
    return _Refusing(name, (object,), {"__module__": module, "_instead": instead, "__doc__": instead})


def spec_of(name):
    """The import specification of a stand-in module, or None."""
    if name not in MODULES:
        return None
    return importlib.machinery.ModuleSpec(name, _Loader(), is_package=any(n.startswith(name + ".") for n in MODULES))


class _Loader(object):
    @staticmethod
    def create_module(spec):
        return types.ModuleType(spec.name)

    @staticmethod
    def exec_module(module):
        instead, names = MODULES[module.__name__]
        module.__doc__ = "Stand-ins. " + instead
        for name in names:
            setattr(module, name, stand_in(module.__name__, name, instead))
        for name, value in CONSTANTS.get(module.__name__, {}).items():
            setattr(module, name, value)
