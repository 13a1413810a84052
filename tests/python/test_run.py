"""azureml.core.Run inside a run."""
import os
import unittest

from support import ScriptTest

GET = "from azureml.core import Run\nrun = Run.get_context()\n"


class Log(ScriptTest):
    def test_writes_one_line_per_value_with_its_step(self):
        found = self.records(GET + "run.log('loss', 0.31, step=4); run.log('loss', 1)")
        self.assertEqual(found, [{"t": "m", "m": {"loss": 0.31}, "s": 4}, {"t": "m", "m": {"loss": 1}}])

    def test_accepts_description_by_position(self):
        self.assertEqual(self.records(GET + "run.log('loss', 2.0, 'what it is')"), [{"t": "m", "m": {"loss": 2.0}}])

    def test_writes_non_finite_numbers_as_strings(self):
        found = self.records(GET + "[run.log('x', float(v)) for v in ('nan', 'inf', '-inf')]; run.log('x', 10**400)")
        self.assertEqual([r["m"]["x"] for r in found], ["NaN", "Infinity", "-Infinity", "Infinity"])

    def test_keeps_strings_as_text_and_truth_values_as_numbers(self):
        found = self.records(GET + "run.log('note', '0.5'); run.log('ok', True)")
        self.assertEqual(found, [{"t": "text", "n": "note", "v": "0.5"}, {"t": "m", "m": {"ok": 1}}])

    def test_unwraps_what_has_item_like_numpy_and_torch(self):
        code = """
        class Zero(object):
            shape = ()
            def item(self): return 0.25
        class Several(object):
            shape = (3,)
            def item(self): raise ValueError("several")
        run.log("x", Zero())
        try:
            run.log("x", Several())
        except Exception as error:
            assert "log_list" in str(error), error
        else:
            raise AssertionError("accepted")
        """
        import textwrap

        self.assertEqual(self.records(GET + textwrap.dedent(code)), [{"t": "m", "m": {"x": 0.25}}])

    def test_accepts_decimal_and_fraction(self):
        code = "import decimal, fractions\nrun.log('a', decimal.Decimal('0.5')); run.log('a', fractions.Fraction(1, 4))"
        self.assertEqual([r["m"]["a"] for r in self.records(GET + code)], [0.5, 0.25])

    def test_rejects_lists_and_points_to_log_list(self):
        for value in ("[1]", "range(3)", "(x for x in [1])", "{1: 2}", "(1, 2)"):
            done = self.start(GET + "run.log('x', %s)" % value)
            self.assertNotEqual(done.returncode, 0, value)
            self.assertIn("log_list", done.stderr)

    def test_logs_other_objects_as_text_with_a_warning(self):
        found = self.records(GET + "run.log('x', None); run.log('x', None)")
        self.assertEqual(found, [{"t": "text", "n": "x", "v": "None"}] * 2)
        self.assertEqual(self.stderr.count("logged as text"), 1)

    def test_survives_names_and_texts_that_are_not_unicode(self):
        found = self.records(GET + r"run.log('a\ud800b', 1); run.log('x', '\udcff\n\0')")
        self.assertEqual(found[0], {"t": "m", "m": {"a?b": 1}})
        self.assertEqual(found[1]["v"], "?\n\0")

    def test_keeps_every_line_below_64_kib(self):
        self.records(
            GET
            + "run.log('x', '\\x01' * 10**6); run.log_list('l', list(range(10**4)));"
            + "run.log_row('r', **{'c%d' % i: 'y' * 10**5 for i in range(64)}); run.log('n' * 10**6, 1); run.log('ok', 1)"
        )
        with open(self.metrics, "rb") as file:
            lines = file.readlines()
        self.assertLessEqual(max(map(len, lines)), 65536)
        self.assertIn(b'"ok":1', lines[-1])

    def test_ignores_a_step_that_is_no_whole_number(self):
        found = self.records(GET + "run.log('x', 1, step='a'); run.log('x', 1, step=2.0); run.log('x', 1, step=2.5)")
        self.assertEqual([r.get("s") for r in found], [None, 2, None])


class Tables(ScriptTest):
    def test_log_list_appends(self):
        found = self.records(GET + "run.log_list('l', [1, 2.5, 'a', float('nan')]); run.log_list('l', range(2))")
        self.assertEqual(
            found, [{"t": "list", "n": "l", "v": [1, 2.5, "a", "NaN"]}, {"t": "list", "n": "l", "v": [0, 1]}]
        )

    def test_log_row_has_a_column_per_keyword_and_a_description(self):
        found = self.records(GET + "run.log_row('curve', 'about', x=1, y=0.5)")
        self.assertEqual(found, [{"t": "row", "n": "curve", "c": {"x": 1, "y": 0.5}}])

    def test_log_table_writes_its_rows(self):
        found = self.records(GET + "run.log_table('t', {'x': [1, 2], 'y': [3, 4]}); run.log_table('t', {'x': 5})")
        self.assertEqual([r["c"] for r in found], [{"x": 1, "y": 3}, {"x": 2, "y": 4}, {"x": 5}])

    def test_get_metrics_reads_back_what_was_logged(self):
        code = """
run.log('once', 1); run.log('more', 1); run.log('more', 2); run.log_list('l', [1])
run.log_row('r', x=1); run.log_row('t', x=1); run.log_row('t', x=2)
assert run.get_metrics() == {'once': 1, 'more': [1, 2], 'l': [1], 'r': {'x': 1}, 't': {'x': [1, 2]}}, run.get_metrics()
assert run.get_metrics('once') == {'once': 1} and run.get_metrics('none') == {}
"""
        self.run_script(GET + code)


class Facts(ScriptTest):
    def test_context_is_the_same_object_every_time(self):
        code = "import azureml.core.run as r\nassert Run.get_context() is run is r.Run.get_context(allow_offline=False)"
        self.run_script(GET + code)

    def test_knows_its_ids_and_experiment(self):
        out = self.run_script(GET + "print(run.id, run.number, run.experiment.name, run.parent.id, run.get_status())")
        ids = "HD_00000000-0000-4000-8000-000000000000"
        self.assertEqual(out.split(), [ids + "_3", "3", "digits", ids, "Running"])

    def test_has_no_parent_where_there_is_none(self):
        self.run_script(GET + "assert run.parent is None", HDRIVE_PARENT_RUN_ID="")

    def test_tags_and_properties(self):
        code = (
            "run.tag('a'); run.set_tags({'b': 2}); run.remove_tags(['a']); run.add_properties({'p': 1});"
            "run.add_properties({'p': 2}); assert run.get_tags() == {'b': '2'}; assert run.properties == {'p': '1'}"
        )
        self.assertEqual(
            self.records(GET + code),
            [
                {"t": "tag", "k": "a", "v": ""},
                {"t": "tag", "k": "b", "v": "2"},
                {"t": "tag", "k": "a", "v": None},
                {"t": "prop", "k": "p", "v": "1"},
            ],
        )

    def test_complete_and_fail_are_told(self):
        found = self.records(GET + "run.complete(); run.fail('no data', error_code='E1')")
        self.assertEqual(
            found,
            [
                {"t": "end", "status": "completed", "error": ""},
                {"t": "end", "status": "failed", "error": "E1: no data"},
            ],
        )

    def test_with_block_tells_how_it_ended(self):
        done = self.start(GET + "with run:\n  raise ValueError('bad')")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.records(), [{"t": "end", "status": "failed", "error": "ValueError: bad"}])

    def test_parent_never_counts_as_the_child(self):
        found = self.records(GET + "run.parent.log('accuracy', 0.5); run.parent.tag('k', 'v'); run.parent.complete()")
        self.assertEqual(found, [{"t": "m", "m": {"parent/accuracy": 0.5}}, {"t": "tag", "k": "parent/k", "v": "v"}])
        self.assertIn("parent/<name>", self.stderr)

    def test_details_hold_the_arguments(self):
        self.run_script(GET + "d = run.get_details(); assert d['runId'] == run.id; d['runDefinition']['arguments']")

    def test_secret_comes_from_the_environment(self):
        self.assertEqual(self.run_script(GET + "print(run.get_secret('my-key'))", SECRET_MY_KEY="s").strip(), "s")

    def test_secrets_by_list(self):
        out = self.run_script(GET + "print(run.get_secrets(['a', 'b-c']))", SECRET_A="1", SECRET_B_C="2")
        self.assertEqual(out.strip(), "{'a': '1', 'b-c': '2'}")

    def test_environment_is_the_python_of_the_script(self):
        code = "import sys; e = run.get_environment(); assert e.python.interpreter_path == sys.executable and e.name"
        self.run_script(GET + code)

    def test_knows_its_own_id_and_its_parents_only(self):
        code = """
from azureml.core import Experiment, Workspace, get_run
from azureml.core.run import get_run as again
ws = run.experiment.workspace
assert Run.get(ws, run.id) is run and again(run.experiment, run.id) is run
assert Run.get(ws, run.parent.id).id == run.parent.id and run.parent is run.parent
assert Run(run.experiment, run_id=run.id).id == run.id
assert Run.get_submitted_run() is run and Experiment(ws, 'x').start_logging() is run
"""
        self.run_script(GET + code)

    def test_what_is_missing_says_what_to_use(self):
        for call, instead in (
            ("run.submit_child(None)", "hdrive run submit"),
            ("run.take_snapshot('x')", "hdrive run submit"),
            ("Run.get(None, 'HD_1')", "hdrive run show"),
            ("Run(run.experiment, 'HD_1')", "hdrive run show"),
            ("Run.list(run.experiment)", "hdrive run show"),
            ("run.experiment.submit(None)", "hdrive run submit-hyperdrive"),
            ("run.experiment.get_runs()", "hdrive run show"),
        ):
            done = self.start(GET + call)
            self.assertIn("NotImplementedError", done.stderr)
            self.assertIn(instead, done.stderr)


class Children(ScriptTest):
    """What a script logs to runs that it makes below its own, and to its parent."""

    def test_metrics_have_the_childs_name_and_never_the_primary_metrics(self):
        code = """
with run.child_run(name='fold 1') as child:
    child.log('accuracy', 0.5, step=2)
    child.log_row('curve', x=1); child.log_list('l', [1]); child.log('t', 'text')
    child.tag('k', 'v'); child.add_properties({'p': 1})
run.log('accuracy', 0.9)
"""
        self.assertEqual(
            self.records(GET + code),
            [
                {"t": "m", "m": {"child/fold 1/accuracy": 0.5}, "s": 2},
                {"t": "row", "n": "child/fold 1/curve", "c": {"x": 1}},
                {"t": "list", "n": "child/fold 1/l", "v": [1]},
                {"t": "text", "n": "child/fold 1/t", "v": "text"},
                {"t": "tag", "k": "child/fold 1/k", "v": "v"},
                {"t": "prop", "k": "child/fold 1/p", "v": "1"},
                {"t": "tag", "k": "child/fold 1/status", "v": "Completed"},
                {"t": "m", "m": {"accuracy": 0.9}},
            ],
        )

    def test_children_are_told_apart_and_can_have_children(self):
        code = """
a, b, c = run.child_run('same'), run.child_run('same'), run.child_run()
below = a.child_run('in')
for one in (a, b, c, below): one.log('x', 1)
assert a.id != b.id and a.id.startswith(run.id) and a.parent is run and below.parent is a and isinstance(a, Run)
assert [one.id for one in run.get_children()] == [c.id, b.id, a.id]
assert [one.id for one in run.get_children(recursive=True)] == [c.id, b.id, a.id, below.id]
assert run.get_metrics() == {} and run.get_metrics(recursive=True)[below.id] == {'x': 1}
assert a.experiment is run.experiment
"""
        names = [list(record["m"])[0] for record in self.records(GET + code)]
        self.assertEqual(names, ["child/same/x", "child/same_2/x", "child/2/x", "child/same/child/in/x"])

    def test_create_children_by_count_and_by_tag(self):
        code = """
assert len(run.create_children(count=3)) == 3
tagged = run.create_children(tag_key='fold', tag_values=['a', 'b'])
assert [one.get_tags() for one in tagged] == [{'fold': 'a'}, {'fold': 'b'}]
assert [one.id for one in run.get_children(tags={'fold': 'b'})] == [tagged[1].id]
assert len(list(run.get_children(tags='fold'))) == 2 and len(list(run.get_children(status='Running'))) == 5
assert list(run.get_children(properties={'x': 1})) == []
try: run.create_children()
except Exception as error: assert 'count' in str(error)
else: raise AssertionError('accepted')
"""
        self.run_script(GET + code)

    def test_files_are_kept_below_the_childs_name(self):
        code = """
open('a.txt', 'w').write('a')
child = run.child_run('../../fold/1')
child.upload_file('outputs/x/a.txt', 'a.txt'); child.upload_file('logs/l.txt', 'a.txt')
assert child.get_file_names() == ['logs/l.txt', 'outputs/x/a.txt'], child.get_file_names()
child.download_file('outputs/x/a.txt', 'got.txt')
child.log_image('p', path='got.txt')
run.parent.upload_file('b.txt', 'a.txt')
print(run.get_file_names())
"""
        out = self.run_script(GET + code)
        self.assertEqual(
            eval(out),
            [
                "logs/child/_.._fold_1/l.txt",
                "outputs/child/_.._fold_1/p.txt",
                "outputs/child/_.._fold_1/x/a.txt",
                "outputs/parent/b.txt",
            ],
        )
        self.assertEqual(set(os.listdir(self.folder)) - {"metrics"}, {"work"})

    def test_failure_of_a_child_is_no_failure_of_the_run(self):
        code = "child = run.child_run('a')\nchild.fail('bad')\nassert run.get_status() == 'Running'"
        self.assertEqual(self.records(GET + code), [{"t": "tag", "k": "child/a/status", "v": "Failed"}])

    def test_parent_gives_the_calls_of_a_run(self):
        code = """
parent = run.parent
parent.log('best', 1); parent.set_tags({'a': 1}); parent.cancel()
assert parent.type == 'hyperdrive' and parent.parent is None and parent.experiment.name == 'digits'
assert [one.id for one in parent.get_children()] == [run.id]
assert run.get_details()['parentRunId'] == parent.id and parent.get_metrics() == {'best': 1}
"""
        found = self.records(GET + code)
        self.assertEqual(found, [{"t": "m", "m": {"parent/best": 1}}, {"t": "tag", "k": "parent/a", "v": "1"}])


class Files(ScriptTest):
    def read(self, *parts):
        with open(os.path.join(self.work, *parts)) as file:
            return file.read()

    def test_upload_file_copies_below_outputs_also_after_chdir(self):
        code = """
import io, os
open('a.txt', 'w').write('a')
run.upload_file('outputs/x/a.txt', 'a.txt'); run.upload_file('b.txt', io.BytesIO(b'b'))
os.mkdir('elsewhere'); os.chdir('elsewhere'); run.upload_file(name='c.txt', path_or_stream='../a.txt')
assert run.get_file_names() == ['outputs/b.txt', 'outputs/c.txt', 'outputs/x/a.txt'], run.get_file_names()
run.download_file('outputs/x/a.txt', 'got/a.txt')
"""
        self.run_script(GET + code)
        self.assertEqual(self.read("outputs", "x", "a.txt"), "a")
        self.assertEqual(self.read("outputs", "b.txt"), "b")
        self.assertEqual(self.read("elsewhere", "got", "a.txt"), "a")

    def test_upload_folder_copies_the_tree(self):
        code = """
import os
os.makedirs('m/n'); open('m/n/w', 'w').write('w'); run.upload_folder('model', 'm')
run.upload_folder('outputs', 'outputs')
"""
        self.run_script(GET + code)
        self.assertEqual(self.read("outputs", "model", "n", "w"), "w")

    def test_download_files_by_prefix(self):
        code = """
import os
for name in ('outputs/m/a.txt', 'outputs/m/b/c.txt', 'outputs/n.txt'):
    os.makedirs(os.path.dirname(name), exist_ok=True); open(name, 'w').write(name)
run.download_files(prefix='outputs/m', output_directory='one')
run.download_files(prefix='outputs/m/', output_directory='two', append_prefix=False)
run.download_files('outputs/n', output_paths=['three/x.txt'])
found = sorted(os.path.join(w, f) for d in ('one', 'two', 'three') for w, _, fs in os.walk(d) for f in fs)
assert found == ['one/outputs/m/a.txt', 'one/outputs/m/b/c.txt', 'three/x.txt', 'two/a.txt', 'two/b/c.txt'], found
try: run.download_file('outputs/none')
except Exception as error: assert 'outputs/n.txt' in str(error)
else: raise AssertionError('downloaded')
"""
        self.run_script(GET + code)

    def test_logs_so_far_can_be_copied(self):
        os.mkdir(os.path.join(self.folder, "logs"))
        with open(os.path.join(self.folder, "logs", "stdout.txt"), "w") as file:
            file.write("printed")
        code = """
import os
os.mkdir('logs'); open('logs/mine.txt', 'w').write('m')
assert sorted(run.get_all_logs('copies')) == ['copies/mine.txt', 'copies/stdout.txt']
assert open('copies/stdout.txt').read() == 'printed'
"""
        self.run_script(GET + code)

    def test_upload_files_takes_as_many_names_as_paths(self):
        code = """
open('a', 'w').close(); open('b', 'w').close()
run.upload_files(names=['x', 'y'], paths=['a', 'b'], return_artifacts=False, timeout_seconds=10, datastore_name=None)
assert run.get_file_names() == ['outputs/x', 'outputs/y']
"""
        self.run_script(GET + code)
        self.assertIn("UserErrorException", self.start(GET + "run.upload_files(['x'], [])").stderr)

    def test_documents_are_kept_as_json(self):
        code = """
run.log_confusion_matrix('cm', {'schema_type': 'confusion_matrix'}); run.log_accuracy_table(name='at', value={})
run.log_residuals('r', value={}, description='d'); run.log_predictions('p', {})
assert run.get_file_names() == ['outputs/at.json', 'outputs/cm.json', 'outputs/p.json', 'outputs/r.json']
"""
        self.run_script(GET + code)

    def test_no_name_leads_out_of_the_run(self):
        for name in ("../x", "a/../../x", "", "/../x", "outputs/../../x"):
            done = self.start(GET + "open('a', 'w').close(); run.upload_file(%r, 'a')" % name)
            self.assertIn("UserErrorException", done.stderr, name)
        self.assertEqual(sorted(os.listdir(self.folder)), ["work"])

    def test_log_image_keeps_a_file_or_a_figure(self):
        code = """
class Figure(object):
    def savefig(self, path): open(path, 'w').write('figure')
open('p.png', 'w').write('png'); run.log_image('picture', path='p.png'); run.log_image('roc', plot=Figure())
try: run.log_image('both')
except Exception as error: assert 'either' in str(error)
"""
        self.run_script(GET + code)
        self.assertEqual(self.read("outputs", "picture.png"), "png")
        self.assertEqual(self.read("outputs", "roc.png"), "figure")


if __name__ == "__main__":
    unittest.main()
