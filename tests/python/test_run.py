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

    def test_what_is_missing_says_so(self):
        for call in ("run.register_model('m')", "run.child_run()", "run.experiment.workspace", "run.input_datasets"):
            done = self.start(GET + call)
            self.assertIn("NotImplementedError", done.stderr)
            self.assertIn("hdrive", done.stderr)


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
