"""What the documents say of the tests is so, and their examples work."""
import glob
import os
import re
import unittest

from harness import ROOT, WorkspaceTest
from mlflow_clients import python_with_mlflow

CPP = re.compile(r"\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\)")
NAME = re.compile(r"`((?:test_\w+\.)?[A-Z]\w+\.\w+)`")


def cpp_tests():
    for path in glob.glob(os.path.join(ROOT, "tests", "**", "*.cc"), recursive=True):
        with open(path, encoding="utf-8") as file:
            for suite, name in CPP.findall(file.read()):
                yield "%s.%s" % (suite, name)


def python_tests():
    for folder in ("e2e", "cli"):
        for path in glob.glob(os.path.join(ROOT, "tests", folder, "test_*.py")):
            module, suite = os.path.basename(path)[:-3], None
            with open(path, encoding="utf-8") as file:
                for line in file:
                    found = re.match(r"class (\w+)|    def (test_\w+)", line)
                    if found and found.group(1):
                        suite = found.group(1)
                    elif found:
                        yield "%s.%s.%s" % (module, suite, found.group(2))
    for module in ("test_chaos", "test_remote"):  # made by loops
        yield module + ".Chaos.test_round_001"


def read_documents():
    text = ""
    for name in ("reliability.md", "targets.md"):
        with open(os.path.join(ROOT, "docs", name), encoding="utf-8") as file:
            text += file.read()
    return text


class Reliability(unittest.TestCase):
    def test_every_test_that_is_named_exists(self):
        named = set(NAME.findall(read_documents())) - {"Suite.Test"}
        self.assertGreater(len(named), 50)
        self.assertEqual(sorted(named - set(cpp_tests()) - set(python_tests())), [])

    def test_every_fault_has_a_test(self):
        tables = re.findall(r"(?m)^\| Fault \|.*\n\|---.*\n((?:\|.*\n)+)", read_documents())
        rows = [row for table in tables for row in table.splitlines()]
        self.assertGreater(len(rows), 30)
        self.assertEqual([row for row in rows if not NAME.search(row.split("|")[-2])], [])


class Metrics(WorkspaceTest):
    def test_every_example_reports_the_same(self):
        with open(os.path.join(ROOT, "docs", "metrics.md"), encoding="utf-8") as file:
            examples = re.findall(r"(?m)^## (.*)\n(?:(?!^#).*\n)*?```python\n([\s\S]*?)```", file.read())
        self.assertEqual(len(examples), 5)
        for heading, script in examples:
            with self.subTest(heading):
                needs_client = "mlflow" in script or "tensorboardX" in script
                self.write_runconfig("local", interpreter=python_with_mlflow(3) if needs_client else "python")
                self.write("train.py", script)
                self.write_hdconfig({"--x": ["choice", [1]]})
                child = self.sweep("train.py")["runId"] + "_0"
                points = self.run_hdrive("run", "metrics", "-r", child, "-o", "json").json()
                found = [(point["name"], point["step"], round(point["value"], 6)) for point in points]
                self.assertEqual(found, [("score", 0, 0.5), ("score", 1, 0.6), ("score", 2, 0.7)])


if __name__ == "__main__":
    unittest.main()
