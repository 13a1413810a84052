"""The line protocol under trouble: forks, threads, full disks, closed descriptors."""
import json
import os
import unittest

from support import ScriptTest


class Lines(ScriptTest):
    def test_hdrive_log_writes_the_protocol(self):
        code = "import hdrive; hdrive.log('loss', 0.5, step=2); hdrive.log('n', 'text'); hdrive.tag('k', None)"
        self.assertEqual(
            self.records(code),
            [
                {"t": "m", "m": {"loss": 0.5}, "s": 2},
                {"t": "text", "n": "n", "v": "text"},
                {"t": "tag", "k": "k", "v": None},
            ],
        )

    def test_facts_of_the_run(self):
        code = "import hdrive; print(hdrive.run_id()); print(hdrive.parent_run_id()); print(hdrive.output_directory())"
        ids = "HD_00000000-0000-4000-8000-000000000000"
        out = self.run_script(code).split()
        self.assertEqual(out, [ids + "_3", ids, os.path.join(self.work, "outputs")])
        self.assertTrue(os.path.isdir(out[2]))

    def test_processes_and_threads_never_mix_lines(self):
        code = """
import os, threading, hdrive
hdrive.log('start', 0)
children = []
for number in range(4):
    child = os.fork()
    if child == 0:
        for i in range(500): hdrive.log('x%d' % number, i)
        os._exit(0)
    children.append(child)
threads = [threading.Thread(target=lambda n=n: [hdrive.log('t%d' % n, i) for i in range(500)]) for n in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]; [os.waitpid(child, 0) for child in children]
"""
        values = {}
        for record in self.records(code):
            for name, value in record["m"].items():
                values.setdefault(name, []).append(value)
        self.assertEqual(values.pop("start"), [0])
        self.assertEqual(len(values), 8)
        for name, found in values.items():
            self.assertEqual(found, list(range(500)), name)

    def test_a_descriptor_closed_by_the_script_is_opened_again(self):
        code = """
import os, hdrive
hdrive.log('a', 1)
os.closerange(3, 100)
other = os.open('other', os.O_WRONLY | os.O_CREAT)
hdrive.log('a', 2)
assert os.stat('other').st_size == 0
"""
        self.assertEqual([r["m"]["a"] for r in self.records(code)], [1, 2])

    def test_a_full_disk_loses_nothing_that_fits_in_memory(self):
        # A file-size limit refuses writes exactly as a full disk does, half a line included.
        # Fifty limits in a row cut a line at each of its bytes.
        code = """
import resource
from hdrive import _lines
open_end = resource.RLIM_INFINITY
for limit in range(300, 350):
    file = _lines.LineFile('../metrics%d' % limit)
    file._warned.add('write')
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, open_end))
    for i in range(50): file.append({'value': i})
    assert not file.flush()
    resource.setrlimit(resource.RLIMIT_FSIZE, (open_end, open_end))
    file.append({'value': 50})
"""
        self.run_script(code)
        for limit in range(300, 350):
            values, torn = [], 0
            with open(self.metrics + str(limit)) as file:
                for line in file:
                    try:
                        values.append(json.loads(line)["value"])
                    except ValueError:
                        torn += 1
            self.assertEqual(values, list(range(51)), limit)
            self.assertLessEqual(torn, 1)

    def test_a_full_disk_is_told_once(self):
        code = """
import resource, hdrive
resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))
for i in range(20): hdrive.log('x', i)
"""
        self.run_script(code)
        self.assertEqual(self.stderr.count("cannot write"), 1)
        self.assertIn("20 metric lines were lost", self.stderr)

    def test_a_file_that_cannot_be_opened_never_fails_the_script(self):
        out = self.run_script("import hdrive; hdrive.log('x', 1); print('done')", HDRIVE_METRICS="/nonexistent/metrics")
        self.assertEqual(out, "done\n")
        self.assertIn("1 metric lines were lost", self.stderr)

    def test_memory_keeps_the_last_ten_thousand(self):
        code = """
from hdrive import _lines
file = _lines.LineFile('/nonexistent/metrics')
for i in range(10050): file.append({'i': i})
assert len(file._waiting) == 10000 and file._waiting[-1] == b'{"i":10049}\\n'
import os; os._exit(0)
"""
        self.run_script(code)

    def test_a_forked_child_does_not_write_the_parents_lines(self):
        code = """
import os
from hdrive import _lines
file = _lines.LineFile('missing/metrics')
file.append({'from': 'parent'})
os.mkdir('missing')
child = os.fork()
if child == 0:
    file.append({'from': 'child'})
    os._exit(0)
os.waitpid(child, 0)
assert file.flush()
assert open('missing/metrics').read() == '{"from":"child"}\\n{"from":"parent"}\\n'
"""
        self.run_script(code)

    def test_closed_stderr_and_stdout_do_no_harm(self):
        self.run_script("import os, sys\nos.close(2); sys.stderr = None\nimport hdrive\nhdrive.log('x', None)")


if __name__ == "__main__":
    unittest.main()
