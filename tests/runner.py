#!/usr/bin/env python3
"""Runs unittest suites in several processes and counts.

    runner.py [-j N] [--counts FILE] [-k TEXT] [--without TEXT]... FOLDER...

Every test of test_*.py below each FOLDER runs in one of N processes, slow machines included, without
an order. FILE gets a line `passed failed` appended. Skipped tests count as neither, and are told.
"""
import argparse
import io
import multiprocessing
import os
import sys
import time
import unittest


def flattened(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from flattened(test)
        else:
            yield test


def run_one(place):
    folder, name = place
    if folder not in sys.path:
        sys.path.insert(0, folder)
    os.chdir(folder)
    result = unittest.TextTestResult(unittest.runner._WritelnDecorator(io.StringIO()), True, 0)
    started = time.monotonic()
    unittest.defaultTestLoader.loadTestsFromName(name).run(result)
    trouble = "".join(text for _, text in result.failures + result.errors)
    trouble += "".join("unexpected success of %s\n" % test for test in result.unexpectedSuccesses)
    skipped = result.skipped[0][1] if result.skipped else None
    return name, time.monotonic() - started, trouble, skipped


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-j", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--counts")
    parser.add_argument("-k", default="", help="only tests with this text in their name")
    parser.add_argument("--without", action="append", default=[], help="no tests with this text in their name")
    parser.add_argument("folders", nargs="+")
    arguments = parser.parse_args()

    places = []
    for folder in map(os.path.abspath, arguments.folders):
        # One folder's modules must not hide another's of the same name.
        before = set(sys.modules)
        found = unittest.defaultTestLoader.discover(folder, top_level_dir=folder)
        places += [(folder, test.id()) for test in flattened(found)
                   if arguments.k in test.id() and not any(text in test.id() for text in arguments.without)]
        sys.path.remove(folder)
        for module in set(sys.modules) - before:
            del sys.modules[module]
        unittest.defaultTestLoader._top_level_dir = None

    passed = failed = skipped = 0
    with multiprocessing.get_context("spawn").Pool(arguments.j, maxtasksperchild=None) as pool:
        for name, seconds, trouble, skip in pool.imap_unordered(run_one, places):
            state = "FAIL" if trouble else "skip" if skip else "ok"
            print("%-4s %6.2fs %s%s" % (state, seconds, name, " (%s)" % skip if skip else ""), flush=True)
            if trouble:
                print(trouble, flush=True)
            passed += state == "ok"
            failed += state == "FAIL"
            skipped += state == "skip"
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    if arguments.counts:
        with open(arguments.counts, "a") as file:
            file.write("%d %d\n" % (passed, failed))
    sys.exit(1 if failed or not places else 0)


if __name__ == "__main__":
    main()
