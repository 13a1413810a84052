"""Datasets, datastores and named inputs, read as training scripts read them."""
import os
import unittest

from support import ProjectTest

GET = """
from azureml.core import Dataset, Datastore, Run, Workspace
run = Run.get_context()
ws = run.experiment.workspace
"""

# Enough of pandas to see how it is called, for Pythons without it.
PANDAS = """
class Frame(object):
    def __init__(self, facts): self.facts = facts; self.columns = ['a', 'b']
    def insert(self, *args): self.facts['insert'] = args
    def head(self, count): self.facts['head'] = count; return self
    def __getitem__(self, columns): self.facts['keep'] = columns; return self
    def drop(self, columns): self.facts['drop'] = columns; return self
def read_csv(path, **how): return Frame(dict(how, path=path))
def read_json(path, **how): return Frame(dict(how, path=path))
def read_parquet(path): return Frame({'path': path})
def concat(frames, ignore_index): return Frame({'frames': [f.facts for f in frames], 'ignore_index': ignore_index})
"""


class Names(ProjectTest):
    def setUp(self):
        super().setUp()
        self.write("data/mnist/train/a.bin", "a")
        self.write("data/mnist/b.bin", "b")
        self.write("data/titanic.csv", "x,y\n1,2\n")
        self.write(
            ".azureml/datasets.json",
            '{"mnist": "data/mnist", "titanic": {"path": "data/titanic.csv", "type": "tabular"}, "wrong": {}}',
        )

    def test_an_input_is_a_path_and_has_the_calls_of_a_dataset(self):
        code = """
import os
mount = run.input_datasets['mnist']
assert open(os.path.join(mount, 'train', 'a.bin')).read() == 'a' and isinstance(mount, str)
assert mount.to_path() == ['/b.bin', '/train/a.bin'] and mount.name == 'mnist'
with mount.mount() as context: assert context.mount_point == mount
assert 'mnist' in run.input_datasets and run.input_datasets.get('none') is None
assert sorted(run.input_datasets.keys()) == ['mnist', 'titanic', 'wrong']
try: run.input_datasets['none']
except KeyError as error: assert 'datasets.json' in str(error) and 'mnist' in str(error)
else: raise AssertionError('found')
"""
        self.run_script(GET + code)

    def test_variables_go_before_the_file(self):
        other = self.write("other/x", "x")
        code = "print(run.input_datasets['mnist'], Dataset.get_by_name(ws, name='mnist').to_path())"
        expected = "%s ['/x']" % os.path.dirname(other)
        folder = os.path.dirname(other)
        self.assertEqual(self.run_script(GET + code, AZUREML_DATAREFERENCE_mnist=folder).strip(), expected)
        self.assertEqual(self.run_script(GET + code, mnist=folder).strip(), expected)
        # A variable that happens to have the name of an input is none.
        self.assertNotEqual(self.run_script(GET + code, mnist="yes").strip(), expected)

    def test_datasets_by_name(self):
        code = """
files = Dataset.get_by_name(workspace=ws, name='mnist', version='latest')
assert type(files).__name__ == 'FileDataset' and isinstance(files, Dataset)
assert type(ws.datasets['titanic']).__name__ == 'TabularDataset'
from azureml.exceptions import UserErrorException
for name in ('none', '../x'):
    try: Dataset.get_by_name(ws, name)
    except UserErrorException as error: assert 'datasets.json' in str(error), error
    else: raise AssertionError(name)
"""
        self.run_script(GET + code)

    def test_a_broken_file_says_what_is_wrong(self):
        self.assertIn('has no "path"', self.start(GET + "run.input_datasets['wrong']").stderr)
        self.write(".azureml/datasets.json", "[1]")
        self.assertIn("no JSON object", self.start(GET + "run.input_datasets['x']").stderr)

    def test_registered_datasets_have_versions(self):
        code = """
import os
os.mkdir('d'); open('d/x', 'w').close()
made = Dataset.File.from_files('d').register(workspace=ws, name='kept', description='about', tags={'a': 1})
assert (made.name, made.version, made.description) == ('kept', 1, 'about')
try: Dataset.File.from_files('d').register(ws, 'kept')
except Exception as error: assert 'create_new_version' in str(error)
else: raise AssertionError('replaced')
table = Dataset.Tabular.from_delimited_files('d/x', separator=';').take(3).register(ws, 'kept', create_new_version=True)
assert table.version == 2 and type(Dataset.get_by_name(ws, 'kept')).__name__ == 'TabularDataset'
assert type(Dataset.get_by_name(ws, 'kept', version=1)).__name__ == 'FileDataset'
assert Dataset.get_by_id(ws, table.id).version == 2
table.unregister_all_versions()
assert 'kept' not in ws.datasets
"""
        self.run_script(GET + code)

    def test_offline_inputs_are_those_of_the_project_around(self):
        code = "from azureml.core import Run; print(Run.get_context().input_datasets['mnist'])"
        self.work = self.project
        out = self.run_script(code, inside=False)
        self.assertEqual(os.path.realpath(out.strip()), os.path.realpath(os.path.join(self.project, "data", "mnist")))


class Files(ProjectTest):
    def setUp(self):
        super().setUp()
        for name in ("d/a.txt", "d/b.csv", "d/in/c.txt"):
            path = os.path.join(self.work, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as file:
                file.write(name)

    def test_patterns_folders_and_lists(self):
        code = """
make = lambda path: Dataset.File.from_files(path=path).to_path()
assert make('d') == ['/a.txt', '/b.csv', '/in/c.txt'], make('d')
assert make('d/*.txt') == ['/a.txt'] and make('d/**/*.txt') == ['/a.txt', '/in/c.txt'], make('d/**/*.txt')
assert make(['d/a.txt', 'd/in']) == ['/a.txt', '/c.txt'] and make('d/a.txt') == ['/a.txt']
assert make('file://' + __import__('os').path.abspath('d/in')) == ['/c.txt']
for path in ('none', 'd/*.none', 's3://x/y'):
    try: make(path)
    except Exception as error: assert type(error).__name__ == 'DatasetValidationError', error
    else: raise AssertionError(path)
"""
        self.run_script(GET + code)

    def test_download_mount_and_arguments(self):
        code = """
import os
data = Dataset.File.from_files('d')
copies = data.download(target_path='copy', overwrite=False)
assert [os.path.relpath(p, 'copy') for p in copies] == ['a.txt', 'b.csv', 'in/c.txt'] and open(copies[2]).read() == 'd/in/c.txt'
try: data.download('copy')
except Exception as error: assert 'overwrite' in str(error)
else: raise AssertionError('replaced')
data.download('copy', overwrite=True); assert len(data.download()) == 3
with data.mount('point') as context: assert open(os.path.join(context.mount_point, 'in', 'c.txt')).read() == 'd/in/c.txt'
assert os.listdir('point') == []
context = data.mount(); context.start(); assert context.mount_point == os.path.abspath('d'); context.stop()
assert os.path.exists('d/a.txt')
assert str(data.as_named_input('x').as_mount()) == os.path.abspath('d') == str(data.as_download())
assert os.listdir(data.as_mount('/tmp/ignored')) == os.listdir('d')
"""
        self.run_script(GET + code)

    def test_subsets(self):
        code = """
data = Dataset.File.from_files('d')
assert data.take(1).to_path() == ['/a.txt'] and len(data.skip(1).to_path()) == 2
one, two = data.random_split(percentage=0.5, seed=1)
assert len(one._sources) + len(two._sources) == 3 and data.random_split(0.5, 1)[0]._sources == one._sources
assert len(data.random_sample(1.0, seed=2).to_path()) == 3
"""
        self.run_script(GET + code)

    def test_urls_are_fetched(self):
        code = """
import threading, os
from http.server import HTTPServer, SimpleHTTPRequestHandler
class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args): pass
server = HTTPServer(('127.0.0.1', 0), Quiet)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = 'http://127.0.0.1:%d/d/' % server.server_port
data = Dataset.File.from_files([base + 'a.txt', base + 'in/c.txt?x=1'])
assert data.to_path() == ['/a.txt', '/c.txt']
assert [open(p).read() for p in data.download('got')] == ['d/a.txt', 'd/in/c.txt']
with data.mount() as context: assert sorted(os.listdir(context.mount_point)) == ['a.txt', 'c.txt']
try: Dataset.File.from_files(base + 'none').download('got2')
except Exception as error: assert type(error).__name__ == 'DatasetValidationError' and 'none' in str(error)
else: raise AssertionError('fetched')
assert not os.listdir('got2')
"""
        self.run_script(GET + code)


class Stores(ProjectTest):
    def test_the_default_one_lies_in_the_project(self):
        code = """
import os
os.makedirs('data/mnist'); open('data/mnist/a', 'w').write('a')
ds = ws.get_default_datastore()
reference = ds.upload(src_dir='./data/mnist', target_path='mnist', overwrite=True, show_progress=True)
assert ds.name == 'workspaceblobstore' and os.path.isfile(os.path.join(str(reference), 'a'))
open('data/mnist/a', 'w').write('b'); ds.upload('data/mnist', 'mnist', show_progress=False)
assert open(os.path.join(reference, 'a')).read() == 'a'
ds.upload_files(['./data/mnist/a'], target_path='more', overwrite=True)
assert Dataset.File.from_files(path=(ds, 'mnist/*')).to_path() == ['/a']
assert Dataset.File.from_files(path=[(ds, 'mnist'), (ds, ['more/a'])]).to_path() == ['/a', '/a']
from azureml.data.datapath import DataPath
assert Dataset.File.from_files(DataPath(ds, 'more')).to_path() == ['/a']
assert ds.download('got', prefix='mnist') == 1 and os.path.exists('got/mnist/a')
assert os.listdir(ds.path('mnist').as_mount()) == ['a'] and str(ds.as_download()) == str(ds.path())
"""
        self.run_script(GET + code)
        self.assertTrue(os.path.exists(os.path.join(self.project, ".hdrive", "datastores", "workspaceblobstore", "more", "a")))

    def test_others_are_named_by_file_or_variable(self):
        self.write("blob/x.csv", "x")
        self.write(".azureml/datastores.json", '{"default": "mine", "mine": "blob"}')
        code = """
assert Datastore.get(ws, 'mine').path('x.csv').as_mount().__fspath__() == str(Datastore(ws, 'mine').path('x.csv'))
assert open(str(Datastore.get(ws, datastore_name='mine').path('x.csv'))).read() == 'x'
assert ws.get_default_datastore().name == 'mine' and sorted(ws.datastores) == ['mine', 'variable', 'workspaceblobstore']
assert open(str(ws.datastores['variable'].path('x.csv'))).read() == 'x'
assert isinstance(ws.get_default_datastore(), Datastore)
from azureml.data.azure_storage_datastore import AzureBlobDatastore
assert isinstance(Datastore.get(ws, 'mine'), AzureBlobDatastore)
try: Datastore.get(ws, 'none')
except Exception as error: assert 'datastores.json' in str(error)
else: raise AssertionError('found')
try: Datastore.register_azure_blob_container(workspace=ws, datastore_name='x')
except NotImplementedError as error: assert 'datastores.json' in str(error)
else: raise AssertionError('registered')
"""
        self.run_script(GET + code, AZUREML_DATAREFERENCE_variable=os.path.join(self.project, "blob"))

    def test_no_path_leads_out(self):
        done = self.start(GET + "ws.get_default_datastore().upload_files(['/etc/hostname'], target_path='../../x')")
        self.assertIn("leads out", done.stderr)

    def test_data_references(self):
        folder = os.path.dirname(self.write("in/x", "x"))
        code = """
import os
from azureml.data.data_reference import DataReference
ref = DataReference(datastore=ws.get_default_datastore(), data_reference_name='input', path_on_datastore='a', mode='mount')
assert os.listdir(ref) == ['x'] and str(ref) == os.environ['AZUREML_DATAREFERENCE_input'] and ref.as_mount().mode == 'mount'
"""
        self.run_script(GET + code, AZUREML_DATAREFERENCE_input=folder)


class CallsOfPandas(ProjectTest):
    def setUp(self):
        super().setUp()
        with open(os.path.join(self.work, "pandas.py"), "w") as file:
            file.write(PANDAS)
        for name in ("a.csv", "b.csv", "c.json", "d.parquet"):
            with open(os.path.join(self.work, name), "w") as file:
                file.write("x\n")

    def read(self, code):
        return eval(self.run_script(GET + "from azureml.data.dataset_factory import TabularDatasetFactory as F, DataType\n" + code))

    def test_delimited(self):
        out = self.read("print(F.from_delimited_files('a.csv').to_pandas_dataframe().facts)")
        self.assertEqual(out, {"path": os.path.join(self.work, "a.csv"), "sep": ",", "encoding": "utf8", "header": 0})
        out = self.read(
            "print(F.from_delimited_files(path=['a.csv'], separator=';', header=False, encoding='latin1', validate=False,"
            "set_column_types={'a': DataType.to_float(), 't': DataType.to_datetime()}, infer_column_types=False,"
            "support_multi_line=True).take(5).to_pandas_dataframe(on_error='null').facts)"
        )
        self.assertEqual(
            {key: out[key] for key in ("sep", "header", "encoding", "dtype", "parse_dates", "head")},
            {"sep": ";", "header": None, "encoding": "latin1", "dtype": {"a": "float64"}, "parse_dates": ["t"], "head": 5},
        )

    def test_urls_go_to_pandas(self):
        url = "https://example.org/data/bankmarketing_train.csv"
        out = self.read("print(F.from_delimited_files(%r).to_pandas_dataframe().facts)" % url)
        self.assertEqual(out["path"], url)

    def test_several_files_and_other_formats(self):
        out = self.read("print(F.from_delimited_files('*.csv').keep_columns('x').to_pandas_dataframe().facts)")
        self.assertEqual([os.path.basename(f["path"]) for f in out["frames"]], ["a.csv", "b.csv"])
        self.assertEqual((out["ignore_index"], out["keep"]), (True, ["x"]))
        self.assertTrue(self.read("print(F.from_json_lines_files('c.json').to_pandas_dataframe().facts)")["lines"])
        out = self.read("print(F.from_parquet_files('d.parquet', include_path=True).drop_columns(['x']).to_pandas_dataframe().facts)")
        self.assertEqual(out["insert"], (0, "Path", "/d.parquet"))

    def test_inputs(self):
        code = "print(run.input_datasets['t'].to_pandas_dataframe().facts)"
        out = eval(self.run_script(GET + code, AZUREML_DATAREFERENCE_t=os.path.join(self.work, "a.csv")))
        self.assertEqual(out["sep"], ",")
        out = eval(self.run_script(GET + code, AZUREML_DATAREFERENCE_t=os.path.join(self.work, "d.parquet")))
        self.assertNotIn("sep", out)

    def test_without_pandas_the_message_says_so(self):
        with open(os.path.join(self.work, "pandas.py"), "w") as file:
            file.write("raise ImportError('gone')")
        done = self.start(GET + "Dataset.Tabular.from_delimited_files('a.csv').to_pandas_dataframe()")
        self.assertIn("pip install pandas", done.stderr)

    def test_what_is_missing_says_so(self):
        for call in ("from_delimited_files('a.csv').to_spark_dataframe()", "from_delimited_files('a.csv').filter(1)",
                     "from_sql_query(None)", "from_delimited_files('a.csv', partition_format='{x}')"):
            self.assertIn("NotImplementedError", self.start(GET + "Dataset.Tabular." + call).stderr, call)


class RealPandas(ProjectTest):
    def setUp(self):
        super().setUp()
        try:
            import pandas  # noqa: F401
        except ImportError:
            raise unittest.SkipTest("needs pandas")

    def test_tables(self):
        code = """
open('a.csv', 'w').write('x,y\\n' + ''.join('%d,%d\\n' % (i, i * i) for i in range(100)))
open('b.csv', 'w').write('x,y\\n1000,5\\n')
data = Dataset.Tabular.from_delimited_files(path=['a.csv', 'b.csv'])
frame = data.to_pandas_dataframe()
assert list(frame.columns) == ['x', 'y'] and len(frame) == 101 and frame.x.iloc[-1] == 1000
assert list(data.skip(99).take(1).to_pandas_dataframe().y) == [99 * 99]
one, two = data.random_split(percentage=0.8)
one, two = one.to_pandas_dataframe(), two.to_pandas_dataframe()
assert len(one) == 81 and len(two) == 20 and sorted(list(one.x) + list(two.x)) == list(frame.x)
assert list(data.random_sample(0.5, seed=3).to_pandas_dataframe().x) == list(data.random_split(0.5, 3)[0].to_pandas_dataframe().x)
assert list(data.keep_columns(['y']).to_pandas_dataframe().columns) == ['y'] == list(data.drop_columns('x').to_pandas_dataframe().columns)
open('n.csv', 'w').write('1;a\\n2;\\n')
plain = Dataset.Tabular.from_delimited_files('n.csv', separator=';', header=False, include_path=True).to_pandas_dataframe()
assert list(plain.columns) == ['Path', 'Column1', 'Column2'] and list(plain.Path) == ['/n.csv'] * 2
open('j.jsonl', 'w').write('{"a": 1}\\n{"a": 2}\\n')
assert list(Dataset.Tabular.from_json_lines_files('j.jsonl').to_pandas_dataframe().a) == [1, 2]
kept = Dataset.Tabular.register_pandas_dataframe(frame, ws.get_default_datastore(), 'kept')
assert list(Dataset.get_by_name(ws, 'kept').to_pandas_dataframe().x) == list(frame.x)
"""
        self.run_script(GET + code)


if __name__ == "__main__":
    unittest.main()
