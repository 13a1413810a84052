"""Registered models: Run.register_model and azureml.core.Model."""
import json
import os
import stat

from support import ProjectTest

GET = """
from azureml.core import Model, Run, Workspace
run = Run.get_context()
ws = run.experiment.workspace
"""


class Registration(ProjectTest):
    def manifest(self, name, version):
        with open(os.path.join(self.project, ".hdrive", "models", name, str(version), "model.json")) as file:
            return json.load(file)

    def test_a_file_of_the_run_with_all_that_is_known_of_it(self):
        code = """
import os
os.makedirs('outputs', exist_ok=True); open('outputs/model.pkl', 'w').write('abc')
model = run.register_model(model_name='digits', model_path='outputs/model.pkl', tags={'lr': 0.1}, properties={'p': 1},
    model_framework=Model.Framework.SCIKITLEARN, model_framework_version='1.2', description='about',
    datasets=[('training', None)], sample_input_dataset=None, resource_configuration=None)
print(model.name, model.version, model.id, model.run_id, model.tags, model.properties, model.model_framework)
assert model.run is run and model.experiment_name == 'digits' and model.created_time.year > 2000
assert model.url.startswith('file://')
"""
        out = self.run_script(GET + code)
        run_id = "HD_00000000-0000-4000-8000-000000000000_3"
        self.assertEqual(out.strip(), "digits 1 digits:1 %s {'lr': '0.1'} {'p': '1'} ScikitLearn" % run_id)
        found = self.manifest("digits", 1)
        self.assertEqual(found["runId"], run_id)
        self.assertEqual(
            found["files"],
            [
                {
                    "path": "model.pkl",
                    "size": 3,
                    "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                }
            ],
        )
        self.assertEqual(found["path"], "model.pkl")
        self.assertEqual(found["frameworkVersion"], "1.2")
        # SHA-256 of "model.pkl\0" "3\0<hash>\n"
        self.assertEqual(found["contentHash"], "79af10cab1ec6b2c33116d40f5a3d26c429cbdd0a91b005deb2d75d5f1210e3f")

    def test_files_and_folders_are_private(self):
        self.run_script(
            GET + "import os\nos.makedirs('outputs/m/n'); open('outputs/m/n/w', 'w').close(); os.chmod('outputs/m/n/w', 0o777)"
            "\nrun.register_model('m', 'outputs/m')"
        )
        for where, folders, files in os.walk(os.path.join(self.project, ".hdrive")):
            for name in folders + files:
                mode = stat.S_IMODE(os.stat(os.path.join(where, name)).st_mode)
                self.assertEqual(mode, 0o700 if name in folders else 0o600, name)

    def test_path_defaults_to_the_name_and_may_lie_beside_outputs(self):
        code = """
import os
os.makedirs('outputs/sklearn-sample'); open('outputs/sklearn-sample/a', 'w').close(); open('beside.bin', 'w').close()
assert run.register_model('sklearn-sample', model_path=None).version == 1
assert run.register_model('sklearn-sample').version == 2
assert run.register_model(model_name='b', model_path='./beside.bin').name == 'b'
"""
        self.run_script(GET + code)
        self.assertEqual([f["path"] for f in self.manifest("sklearn-sample", 2)["files"]], ["sklearn-sample/a"])
        self.assertEqual(self.manifest("sklearn-sample", 1)["contentHash"], self.manifest("sklearn-sample", 2)["contentHash"])

    def test_what_does_not_exist_leaves_nothing(self):
        done = self.start(GET + "run.register_model('m', 'outputs/none')")
        self.assertIn("ModelPathNotFoundException", done.stderr)
        done = self.start(GET + "import os; os.makedirs('outputs/empty'); run.register_model('m', 'outputs/empty')")
        self.assertIn("there is no file in", done.stderr)
        self.assertEqual(self.run_script(GET + "print(Model.list(ws), ws.models)").strip(), "[] {}")

    def test_no_name_or_path_leads_out(self):
        for name in ("", "../x", "a/b", ".x", "-x", "a\\0b", "x" * 256, "ä"):
            done = self.start(GET + "open('a', 'w').close(); run.register_model(%r, 'a')" % name)
            self.assertIn("UserErrorException", done.stderr, name)
        self.assertIn("UserErrorException", self.start(GET + "run.register_model('m', '../../etc/passwd')").stderr)
        self.assertIn("UserErrorException", self.start(GET + "Model.get_model_path('../../x')").stderr)

    def test_processes_that_register_at_once_get_versions_of_their_own(self):
        code = """
import os
open('m', 'w').write('m')
children = []
for i in range(8):
    child = os.fork()
    if child == 0:
        for _ in range(5): run.register_model('m')
        os._exit(0)
    children.append(child)
assert all(os.waitpid(child, 0)[1] == 0 for child in children)
assert sorted(model.version for model in Model.list(ws, name='m')) == list(range(1, 41))
"""
        self.run_script(GET + code)

    def test_registration_under_way_is_no_model(self):
        os.makedirs(os.path.join(self.project, ".hdrive", "models", "m", "7", "files"))
        self.run_script(GET + "assert Model.list(ws) == []; open('m', 'w').close(); assert run.register_model('m').version == 8")


class Reading(ProjectTest):
    def setUp(self):
        super().setUp()
        code = """
import os
for i in (1, 2):
    os.makedirs('outputs/tree/sub', exist_ok=True)
    open('outputs/tree/sub/w.txt', 'w').write(str(i))
    Model.register(workspace=ws, model_path='./outputs/tree', model_name='tree', tags={'i': i, 'k': 'v'}, properties={'p': 'q'})
open('one.txt', 'w').write('one')
Model.register(ws, 'one.txt', 'one', description='d')
"""
        self.run_script(GET + code)

    def test_by_name_id_and_version(self):
        code = """
assert Model(ws, 'tree').version == 2 and Model(workspace=ws, name='tree', version=1).id == 'tree:1'
assert Model(ws, id='tree:1').version == 1 and Model(ws, 'tree', tags=[['i', '1']]).version == 1
from azureml.exceptions import ModelNotFoundException, WebserviceException
for arguments in ({'name': 'none'}, {'name': 'tree', 'version': 3}, {'name': 'tree', 'version': 'x'},
                  {'name': 'tree', 'tags': ['none']}, {}):
    try: Model(ws, **arguments)
    except WebserviceException as error: assert isinstance(error, ModelNotFoundException) and error.message
    else: raise AssertionError(arguments)
"""
        self.run_script(GET + code)

    def test_lists_and_filters(self):
        code = """
ids = lambda **how: [model.id for model in Model.list(ws, **how)]
assert ids() == ['one:1', 'tree:2', 'tree:1'], ids()
assert ids(name='tree', latest=True) == ['tree:2'] and ids(tags=['k']) == ['tree:2', 'tree:1']
assert ids(tags=[['i', 1]]) == ['tree:1'] and ids(properties=[['p', 'x']]) == [] and ids(run_id=run.id) == ids()
assert sorted(ws.models) == ['one', 'tree'] and ws.models['tree'].version == 2 and ids(name='none') == []
"""
        self.run_script(GET + code)

    def test_paths_are_of_copies_that_the_script_may_change(self):
        code = """
import os
path = Model.get_model_path('tree', version=1, _workspace=ws)
assert open(os.path.join(path, 'sub', 'w.txt')).read() == '1'
open(os.path.join(path, 'sub', 'w.txt'), 'w').write('changed')
assert open(os.path.join(Model.get_model_path(model_name='tree', version=1), 'sub/w.txt')).read() == '1'
assert open(Model.get_model_path('one')).read() == 'one'
assert Model(ws, 'one').download(target_dir='got') == os.path.join('got', 'one.txt')
try: Model(ws, 'one').download('got')
except Exception as error: assert 'exist_ok' in str(error)
else: raise AssertionError('replaced')
Model(ws, 'one').download('got', exist_ok=True)
"""
        self.run_script(GET + code)

    def test_served_models_are_found_by_their_variable(self):
        os.makedirs(os.path.join(self.folder, "served", "one", "1"))
        code = "import os; print(Model.get_model_path('one') == os.environ['AZUREML_MODEL_DIR'] + '/one')"
        self.assertEqual(
            self.run_script(GET + code, AZUREML_MODEL_DIR=os.path.join(self.folder, "served")).strip(), "True"
        )

    def test_changes_are_kept(self):
        code = """
model = Model(ws, 'one')
model.add_tags({'a': 1, 'b': 2}); model.remove_tags(['a']); model.add_properties({'p': 1}); model.add_properties({'p': 2})
model.update(description='new')
again = Model(ws, 'one')
assert (again.tags, again.properties, again.description) == ({'b': '2'}, {'p': '1'}, 'new')
Model(ws, 'tree').delete()
assert Model(ws, 'tree').version == 1
assert Model.register(ws, 'one.txt', 'tree').version == 3
"""
        self.run_script(GET + code)

    def test_a_manifest_cannot_name_files_elsewhere(self):
        path = os.path.join(self.project, ".hdrive", "models", "one", "1", "model.json")
        with open(path) as file:
            found = json.load(file)
        found["files"][0]["path"] = "../../../x"
        with open(path, "w") as file:
            json.dump(found, file)
        self.assertIn("UserErrorException", self.start(GET + "Model(ws, 'one').download('got')").stderr)

    def test_damaged_manifests_hide_no_other_model(self):
        models = os.path.join(self.project, ".hdrive", "models")
        for text in ("{", "[]", "{}", '{"name": "tree", "version": 2}', '{"name": "one", "version": 1, "path": "x"}'):
            with open(os.path.join(models, "tree", "2", "model.json"), "w") as file:
                file.write(text)
            os.makedirs(os.path.join(models, "..odd", "1"), exist_ok=True)
            self.run_script(GET + "assert [m.id for m in Model.list(ws)] == ['one:1', 'tree:1']")
            self.assertIn("model.json", self.stderr)
            self.assertIn("UserErrorException", self.start(GET + "Model(ws, 'tree', version=2)").stderr)
        self.run_script(GET + "Model(ws, 'tree', version=1).delete()")

    def test_a_short_manifest_is_enough(self):
        path = os.path.join(self.project, ".hdrive", "models", "one", "1", "model.json")
        with open(path, "w") as file:
            file.write('{"name": "one", "version": 1, "path": "one.txt"}')
        code = "m = Model(ws, 'one'); assert m.tags == {} and m.run_id is None and m.created_time.year == 1970"
        self.run_script(GET + code)

    def test_serving_says_what_to_use(self):
        for call in ("Model.deploy(ws, 'x', [])", "Model.package(ws, [])", "from azureml.core.model import InferenceConfig as I; I()"):
            self.assertIn("hdrive model download", self.start(GET + call).stderr, call)
