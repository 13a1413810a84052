"""The soak of benchmarks/soak in its short form: nothing grows, nothing is left."""
import os
import subprocess
import sys
import unittest

from harness import LIMIT, ROOT, binary


@unittest.skipIf(os.environ.get("ASAN_OPTIONS"), "a sanitizer keeps freed memory")
class Soak(unittest.TestCase):
    def test_a_hundred_and_fifty_real_children(self):
        words = [sys.executable, os.path.join(ROOT, "benchmarks", "soak", "soak.py"), "--hdrive", binary(),
                 "--children", "150"]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              universal_newlines=True, timeout=LIMIT)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("150 child runs in", done.stdout)


if __name__ == "__main__":
    unittest.main()
