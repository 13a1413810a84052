"""azureml.core.Run and hdrive outside a run, and what the packages say of what they lack."""
import unittest

from support import ScriptTest

GET = "from azureml.core import Run\nrun = Run.get_context()\n"


class Offline(ScriptTest):
    def out(self, code, **more):
        return self.run_script(code, inside=False, **more)

    def test_prints_name_and_value(self):
        out = self.out(GET + "run.log('loss', 0.5)")
        self.assertEqual(out, "Attempted to log scalar metric loss:\n0.5\n")

    def test_prints_lists_and_rows(self):
        out = self.out(GET + "run.log_list('l', [1, 2]); run.log_row('r', x=1)")
        self.assertEqual(out, "Attempted to log list metric l:\n[1, 2]\nAttempted to log row metric r:\n{'x': 1}\n")

    def test_has_an_offline_id_and_no_experiment(self):
        code = """
from azureml.core.run import _OfflineRun
assert run.id.startswith('OfflineRun_') and not hasattr(run, 'experiment') and isinstance(run, _OfflineRun)
assert run.parent is None and run is Run.get_context()
run.tag('a', 'b'); run.upload_file('x', 'y'); run.upload_files(['x'], ['y'], timeout_seconds=1); run.upload_folder('x', 'y')
run.flush(); run.complete(); run.log_image('i', path='p'); run.register_model('m', model_path='outputs/m', tags={})
assert run.get_file_names() == [] and run.get_all_logs() == [] and run.get_tags() == {'a': 'b'}
assert run.get_details()['runId'] == run.id and run.get_environment().name == 'local' and run.get_secret('x') is None
"""
        self.out(GET + code)

    def test_children_print_too(self):
        code = """
with run.child_run(name='fold') as child: child.log('loss', 0.5)
assert child.parent is run and child.name == 'fold' and list(run.get_children()) == [child]
assert child.id != run.id and child.get_status() == 'Completed'
"""
        self.assertEqual(self.out(GET + code), "Attempted to log scalar metric loss:\n0.5\n")

    def test_files_cannot_be_downloaded(self):
        done = self.start(GET + "run.download_file('outputs/x')", inside=False)
        self.assertIn("RunEnvironmentException", done.stderr)

    def test_refuses_without_allow_offline(self):
        code = """
from azureml.core import Run
from azureml.exceptions import RunEnvironmentException
try: Run.get_context(allow_offline=False)
except RunEnvironmentException as error: print(error.message)
"""
        self.assertIn("submit-hyperdrive", self.out(code))

    def test_hdrive_prints(self):
        out = self.out("import hdrive; hdrive.log('loss', 0.5, step=2); print(hdrive.run_id()); hdrive.tag('a', 'b')")
        self.assertEqual(out, "loss=0.5 (step 2)\nNone\n")


class Imports(ScriptTest):
    def test_every_supported_path_exists(self):
        code = """
import azureml.core
from azureml.core import Experiment, Run, VERSION
from azureml.core.run import Run as Again, _OfflineRun, _SubmittedRun
from azureml.core.experiment import Experiment
from azureml.exceptions import AzureMLException, RunEnvironmentException, UserErrorException
assert azureml.core.VERSION and Again is Run and azureml.core.run.Run is Run
assert not hasattr(azureml.core, '__wrapped__')
"""
        self.run_script(code)

    def test_absent_modules_say_what_is_supported(self):
        for line in ("import azureml.opendatasets", "from azureml.interpret import ExplanationClient"):
            done = self.start(line)
            self.assertEqual(done.returncode, 1)
            self.assertIn("azureml.core.run", done.stderr, line)
            self.assertIn("ModuleNotFoundError", done.stderr)

    def test_absent_names_are_import_and_attribute_errors(self):
        code = """
import azureml.core
assert not hasattr(azureml.core, 'Nothing')
try: from azureml.core import Nothing
except ImportError: pass
else: raise AssertionError('imported')
"""
        self.run_script(code)

    def test_sub_packages_of_other_distributions_are_found(self):
        import os

        other = os.path.join(self.folder, "other", "azureml")
        os.makedirs(os.path.join(other, "dataprep"))
        with open(os.path.join(other, "__init__.py"), "w") as file:
            file.write("__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n")
        with open(os.path.join(other, "dataprep", "__init__.py"), "w") as file:
            file.write("here = True\n")
        from support import PACKAGES

        path = PACKAGES + os.pathsep + os.path.dirname(other)
        self.run_script("import azureml.dataprep, azureml.core; assert azureml.dataprep.here", PYTHONPATH=path)

    def test_loads_nothing_heavy(self):
        code = """
import sys
before = set(sys.modules)
from azureml.core import Run
import hdrive
heavy = {'numpy', 'uuid', 'shutil', 'typing', 'subprocess', 'socket', 'logging', 'inspect', 'pathlib', 'asyncio'}
loaded = heavy & (set(sys.modules) - before)
assert not loaded, loaded
"""
        self.run_script(code)


if __name__ == "__main__":
    unittest.main()
