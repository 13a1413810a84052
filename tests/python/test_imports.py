"""Every import line that public training scripts have, and what stands in for the submitting side."""
from support import ScriptTest

# module: names. Training side: they work.
PROVIDED = {
    "azureml.core": "ComputeTarget Dataset Datastore Environment Experiment Keyvault Model Run Workspace VERSION get_run",
    "azureml.core.authentication": "AzureCliAuthentication InteractiveLoginAuthentication MsiAuthentication "
    "ServicePrincipalAuthentication TokenAuthentication",
    "azureml.core.compute": "AksCompute AmlCompute BatchCompute ComputeInstance ComputeTarget DataFactoryCompute "
    "DatabricksCompute HDInsightCompute RemoteCompute",
    "azureml.core.compute_target": "ComputeTarget ComputeTargetException",
    "azureml.core.conda_dependencies": "CondaDependencies",
    "azureml.core.dataset": "Dataset",
    "azureml.core.datastore": "Datastore",
    "azureml.core.environment": "CondaDependencies DEFAULT_CPU_IMAGE DEFAULT_GPU_IMAGE Environment",
    "azureml.core.experiment": "Experiment",
    "azureml.core.keyvault": "Keyvault",
    "azureml.core.model": "InferenceConfig Model",
    "azureml.core.resource_configuration": "ResourceConfiguration",
    "azureml.core.run": "Run _OfflineRun _SubmittedRun get_run",
    "azureml.core.workspace": "Workspace",
    "azureml.data": "DataType FileDataset TabularDataset",
    "azureml.data.abstract_dataset": "AbstractDataset",
    "azureml.data.abstract_datastore": "AbstractDatastore",
    "azureml.data.azure_storage_datastore": "AbstractAzureStorageDatastore AzureBlobDatastore AzureFileDatastore",
    "azureml.data.data_reference": "DataReference",
    "azureml.data.datapath": "DataPath DataPathComputeBinding",
    "azureml.data.dataset_consumption_config": "DatasetConsumptionConfig",
    "azureml.data.dataset_error_handling": "DatasetExecutionError DatasetValidationError",
    "azureml.data.dataset_factory": "DataType FileDatasetFactory TabularDatasetFactory",
    "azureml.data.file_dataset": "FileDataset",
    "azureml.data.tabular_dataset": "TabularDataset",
    "azureml.exceptions": "ActivityFailedException AzureMLException ComputeTargetException ExperimentExecutionException "
    "ModelNotFoundException ProjectSystemException RunEnvironmentException TrainingException UserErrorException "
    "WebserviceException WorkspaceException",
}

# module: names, words of the error. Submitting side: importing works, using does not.
STAND_INS = {
    "azureml.core": ("RunConfiguration ScriptRunConfig", "hdrive run submit-script"),
    "azureml.core.runconfig": (
        "MpiConfiguration PyTorchConfiguration RunConfiguration TensorflowConfiguration DockerConfiguration",
        "hdrive run submit-script",
    ),
    "azureml.core.script_run_config": ("ScriptRunConfig", "hdrive run submit-script"),
    "azureml.core.webservice": ("AciWebservice AksWebservice LocalWebservice Webservice", "hdrive model download"),
    "azureml.pipeline.core": ("Pipeline PipelineData PipelineParameter", "hdrive run submit-script"),
    "azureml.pipeline.core.graph": ("PipelineParameter", "hdrive run submit-script"),
    "azureml.pipeline.steps": ("EstimatorStep HyperDriveStep PythonScriptStep", "hdrive run submit-script"),
    "azureml.train.automl": ("AutoMLConfig", "hdrive run submit-hyperdrive"),
    "azureml.train.dnn": ("Chainer PyTorch TensorFlow", "hdrive run submit"),
    "azureml.train.estimator": ("Estimator", "hdrive run submit"),
    "azureml.train.hyperdrive": (
        "BanditPolicy BayesianParameterSampling GridParameterSampling HyperDriveConfig HyperDriveRun MedianStoppingPolicy "
        "NoTerminationPolicy RandomParameterSampling TruncationSelectionPolicy choice loguniform normal quniform uniform",
        "hdrive",
    ),
    "azureml.train.hyperdrive.parameter_expressions": ("choice uniform", "--hyperdrive-configuration-name"),
    "azureml.train.hyperdrive.policy": ("BanditPolicy MedianStoppingPolicy", "--hyperdrive-configuration-name"),
    "azureml.train.hyperdrive.run": ("HyperDriveRun", "hdrive run show"),
    "azureml.train.hyperdrive.runconfig": ("HyperDriveConfig", "--hyperdrive-configuration-name"),
    "azureml.train.hyperdrive.sampling": ("BayesianParameterSampling RandomParameterSampling", "--hyperdrive-configuration-name"),
    "azureml.train.sklearn": ("SKLearn", "hdrive run submit"),
    "azureml.widgets": ("RunDetails", "hdrive run"),
}


class Provided(ScriptTest):
    def test_from_imports(self):
        lines = ["from %s import %s" % (module, ", ".join(names.split())) for module, names in PROVIDED.items()]
        self.run_script("\n".join(lines))

    def test_dotted_names_after_an_import_of_the_package(self):
        code = "import azureml.core\n" + "".join(
            "azureml.core.%s\n" % name
            for name in ("Run.get_context", "Workspace", "Dataset.Tabular", "Model.register", "run.Run", "compute.ComputeTarget")
        )
        self.run_script(code)
        self.run_script("from azureml.core import *\nRun, Workspace, Dataset, Model, Datastore, Environment, ScriptRunConfig")

    def test_each_module_loads_first(self):
        for module in list(PROVIDED) + list(STAND_INS):
            self.run_script("import " + module)

    def test_names_are_the_same_everywhere(self):
        code = """
import azureml.core as c
from azureml.core import compute, compute_target, dataset, datastore, environment, experiment, model, run, workspace
from azureml.data import file_dataset, tabular_dataset, dataset_factory
import azureml.data
assert c.Run is run.Run and c.Workspace is workspace.Workspace and c.Model is model.Model and c.Dataset is dataset.Dataset
assert c.Datastore is datastore.Datastore and c.Environment is environment.Environment and c.Experiment is experiment.Experiment
assert c.ComputeTarget is compute.ComputeTarget is compute_target.ComputeTarget
assert azureml.data.FileDataset is file_dataset.FileDataset and azureml.data.TabularDataset is tabular_dataset.TabularDataset
assert dataset.Dataset.Tabular is dataset_factory.TabularDatasetFactory
assert c.VERSION.startswith('1.') and c.__version__ == c.VERSION
"""
        self.run_script(code)

    def test_each_module_loads_nothing_heavy(self):
        code = """
import sys
before = set(sys.modules)
import azureml.core
from azureml.core import Run
Run.get_context().log('x', 1)
heavy = {'numpy', 'pandas', 'uuid', 'shutil', 'typing', 'subprocess', 'socket', 'logging', 'inspect', 'pathlib', 'asyncio',
         'hashlib', 'glob', 'random', 'tempfile', 'urllib.request', 'azureml._models', 'azureml._data', 'azureml._stand_ins'}
loaded = heavy & (set(sys.modules) - before)
assert not loaded, loaded
from azureml.core import Dataset, Datastore, Environment, Experiment, Model, Workspace
heavy = {'numpy', 'pandas', 'socket', 'asyncio', 'urllib.request', 'logging'}
loaded = heavy & (set(sys.modules) - before)
assert not loaded, loaded
"""
        self.run_script(code)

    def test_tools_that_look_for_the_package_find_it(self):
        # What the HuggingFace Trainer does before it takes its callback for Azure ML.
        code = """
import importlib.util
assert importlib.util.find_spec('azureml') is not None and importlib.util.find_spec('azureml.core.run') is not None
"""
        self.run_script(code)


class StandIns(ScriptTest):
    def test_can_be_imported_and_subclassed_and_say_what_to_use(self):
        code = """
import importlib
for module, (names, words) in %r.items():
    loaded = importlib.import_module(module)
    for name in names.split():
        made = getattr(loaded, name)
        assert not isinstance(1, made) and made.__doc__ and repr(made)
        type(made)('Sub', (made,), {})
        for use in (lambda: made(1, x=2), lambda: made.anything):
            try: use()
            except NotImplementedError as error: assert words in str(error) and name in str(error), (name, str(error))
            else: raise AssertionError(name)
"""
        self.run_script(code % STAND_INS)

    def test_mlflows_plugin_is_nothing(self):
        self.run_script("import azureml.mlflow")

    def test_constants_are_values(self):
        self.run_script("from azureml.core.runconfig import DEFAULT_CPU_IMAGE, DEFAULT_GPU_IMAGE; DEFAULT_CPU_IMAGE.upper()")

    def test_goals_and_hints_in_signatures(self):
        code = """
from azureml.train.hyperdrive import HyperDriveConfig, PrimaryMetricGoal
from azureml.core import ScriptRunConfig
def submit(config: HyperDriveConfig, script: 'ScriptRunConfig' = None): return PrimaryMetricGoal.MAXIMIZE
try: submit(None)
except NotImplementedError as error: assert 'PrimaryMetricGoal.MAXIMIZE' in str(error)
else: raise AssertionError('used')
"""
        self.run_script(code)
