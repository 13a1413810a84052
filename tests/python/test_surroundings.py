"""Workspace, experiment, compute targets, environments: what scripts touch beside their run."""
import os

from support import ProjectTest, ScriptTest

GET = """
from azureml.core import Environment, Experiment, Run, Workspace
run = Run.get_context()
ws = run.experiment.workspace
"""


class Workspaces(ProjectTest):
    def test_from_config_never_fails(self):
        code = """
for one in (Workspace.from_config(), Workspace.from_config(path='none'), Workspace.from_config(path='./none/config.json', auth=None),
            Workspace.get(name='a', subscription_id='s', resource_group='r'), Workspace('s', 'r', 'a'),
            Workspace(subscription_id='s', resource_group='r', workspace_name='a', auth=None)):
    assert one.name and one.location and isinstance(one.subscription_id, str) and one.get_details()['name'] == one.name
assert Workspace.from_config().name == 'project' and Workspace.get(name='a').name == 'a'
open('config.json', 'w').write('{broken')
assert Workspace.from_config(path='config.json').subscription_id == ''
"""
        self.run_script(GET + code)
        code = "from azureml.core import Workspace; assert Workspace.from_config().name == 'work'"
        self.run_script(code, inside=False)

    def test_names_come_from_config_json(self):
        self.write(
            ".azureml/config.json", '{"subscription_id": "s", "resource_group": "r", "workspace_name": "w", "other": 1}'
        )
        code = """
assert (ws.name, ws.subscription_id, ws.resource_group) == ('w', 's', 'r')
Workspace(subscription_id='S', resource_group='R', workspace_name='W').write_config(path='.', file_name='c.json')
again = Workspace.from_config(path='.', _file_name='c.json')
assert (again.name, again.subscription_id, again.resource_group) == ('W', 'S', 'R')
"""
        self.run_script(GET + code)

    def test_what_it_holds(self):
        self.write(".hdrive/computetargets/gpu.yml", "type: ssh\n")
        code = """
assert dict(ws.models) == {} and dict(ws.webservices) == {} and list(ws.datasets) == []
assert sorted(ws.compute_targets) == ['gpu', 'local'] and list(ws.experiments) == ['digits'] and list(ws.environments) == ['local']
assert list(ws.datastores) == ['workspaceblobstore'] and ws.get_default_datastore().name == 'workspaceblobstore'
assert ws.get_mlflow_tracking_uri().startswith('file://') and ws.get_mlflow_tracking_uri().endswith('outputs/mlruns')
vault = ws.get_default_keyvault()
assert vault.get_secret(name='my-key') == 'x' and vault.get_secrets(['none']) == {'none': None} and vault.list_secrets()[0]['name'] == 'my-key'
assert ws.experiments['digits'].workspace is not None and Experiment(workspace=ws, name='e').name == 'e'
"""
        self.run_script(GET + code, SECRET_MY_KEY="x")
        code = "assert ws.get_mlflow_tracking_uri() == 'http://127.0.0.1:5000'"
        self.run_script(GET + code, MLFLOW_TRACKING_URI="http://127.0.0.1:5000")

    def test_what_is_of_azure_says_what_to_use(self):
        for call, instead in (
            ("Workspace.create('x')", "folder attach"),
            ("ws.get_default_keyvault().set_secret('a', 'b')", "SECRET_"),
            ("Experiment.list(ws)", "experiment list"),
            ("Environment('e').build(ws)", "interpreterPath"),
        ):
            done = self.start(GET + call)
            self.assertIn("NotImplementedError", done.stderr, call)
            self.assertIn(instead, done.stderr, call)


class Projects(ScriptTest):
    """Which folder a script outside a run belongs to."""

    def folder_of(self, where, home):
        code = "import os; os.chdir(%r)\nfrom azureml import _project; print(_project.folder())" % where
        return os.path.realpath(self.run_script(code, inside=False, HOME=home).strip())

    def test_the_nearest_with_a_mark(self):
        home = os.path.realpath(self.folder)
        inner = os.path.join(home, "project", "a", "b")
        os.makedirs(inner)
        self.assertEqual(self.folder_of(inner, home), inner)
        os.mkdir(os.path.join(home, ".azureml"))  # where other tools keep logins
        self.assertEqual(self.folder_of(inner, home), inner)
        open(os.path.join(home, ".azureml", "config.json"), "w").close()
        self.assertEqual(self.folder_of(inner, home), home)
        os.mkdir(os.path.join(home, "project", "aml_config"))
        self.assertEqual(self.folder_of(inner, home), os.path.join(home, "project"))
        os.mkdir(os.path.join(home, "project", "a", ".hdrive"))
        self.assertEqual(self.folder_of(inner, home), os.path.join(home, "project", "a"))

    def test_what_is_kept_first_stays_out_of_commits(self):
        code = """
from azureml.core import Model, Workspace
ws = Workspace.from_config()
open('m', 'w').close(); Model.register(ws, 'm', 'm')
ws.get_default_datastore().upload_files(['m'], show_progress=False)
import os
assert open('.hdrive/.gitignore').read() == '*\\n' and os.stat('.hdrive/datastores').st_mode & 0o777 == 0o700
"""
        self.run_script(code, inside=False)


class Compute(ProjectTest):
    def test_an_unknown_target_is_the_exception_that_scripts_catch(self):
        code = """
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.core.compute_target import ComputeTargetException
from azureml.exceptions import ComputeTargetException as same
assert same is ComputeTargetException
try:
    ComputeTarget(workspace=ws, name='cpu-cluster')
except ComputeTargetException as error:
    assert 'cpu-cluster' in error.message
    try: AmlCompute.provisioning_configuration(vm_size='STANDARD_D2_V2', max_nodes=4)
    except NotImplementedError as error: assert 'computetarget attach' in str(error)
    else: raise AssertionError('made')
else: raise AssertionError('found')
local = ComputeTarget(ws, 'local')
local.wait_for_completion(show_output=True, min_node_count=None, timeout_in_minutes=20)
assert local.name == 'local' and local.type == 'local'
"""
        self.run_script(GET + code)


class Recorded(ScriptTest):
    def test_environments(self):
        code = """
from azureml.core import Environment
from azureml.core.environment import Environment as Again, DEFAULT_CPU_IMAGE, DEFAULT_GPU_IMAGE
from azureml.core.conda_dependencies import CondaDependencies
assert Again is Environment
env = Environment(name='e')
env.docker.enabled = True; env.docker.base_image = DEFAULT_CPU_IMAGE; env.python.user_managed_dependencies = False
env.environment_variables = {'A': 'b'}; env.whatever = 1
conda = CondaDependencies.create(conda_packages=['scikit-learn==0.22', 'pip'], pip_packages=['azureml-defaults', 'joblib'],
    python_version='3.8', pin_sdk_version=False)
conda.add_pip_package('pandas'); conda.add_conda_package('numpy'); conda.add_channel('c'); conda.add_pip_package('pandas')
env.python.conda_dependencies = conda
assert list(conda.pip_packages) == ['azureml-defaults', 'joblib', 'pandas'] and list(conda.conda_packages)[0] == 'python=3.8'
text = conda.serialize_to_string()
assert text.startswith('dependencies:\\n- python=3.8\\n') and '- pip:\\n  - azureml-defaults\\n' in text
assert open(conda.save_to_file('.', 'conda.yml')).read() == text
assert Environment.get(None, name='AzureML-Minimal', version='1').name == 'AzureML-Minimal'
assert Environment.from_conda_specification(name='e', file_path='./conda.yml').python.conda_dependencies_file == './conda.yml'
open('r.txt', 'w').write('# comment\\nnumpy\\n')
assert list(Environment.from_pip_requirements('e', 'r.txt').python.conda_dependencies.pip_packages) == ['numpy']
copy = env.clone('f'); copy.environment_variables['A'] = 'c'
assert env.environment_variables == {'A': 'b'} and copy.name == 'f' and env.register(workspace=None) is env
env.save_to_directory('saved'); assert Environment.load_from_directory('saved').environment_variables == {'A': 'b'}
"""
        self.run_script(code)

    def test_logins_keep_no_secret(self):
        code = """
from azureml.core.authentication import (AzureCliAuthentication, InteractiveLoginAuthentication, MsiAuthentication,
    ServicePrincipalAuthentication)
from azureml.core import Workspace
auth = ServicePrincipalAuthentication(tenant_id='t', service_principal_id='i', service_principal_password='secret')
assert 'secret' not in str(vars(auth))
assert Workspace.get(name='w', auth=auth, subscription_id='s', resource_group='r').name == 'w'
InteractiveLoginAuthentication(tenant_id='t', force=True); AzureCliAuthentication(); MsiAuthentication()
"""
        self.run_script(code)
