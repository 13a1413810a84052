#!/usr/bin/env python3
"""Holds the direction of dependencies: which folder may include which, and which third-party headers.

All arrows point at engine/core. A folder is listed with its longest matching prefix.
"""
import os
import re
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), ".."))

# folder: (folders of ours, third-party prefixes); None = everything
ALLOWED = {
    "engine/core": ((), ()),
    "engine/metric_pattern": (("engine/core",), ("re2/",)),
    "engine/config": (("engine/core", "engine/metric_pattern"), ("yaml-cpp/", "nlohmann/")),
    "engine/store": (("engine/core",), ("sqlite3.h", "nlohmann/", "boost/crc.hpp")),
    "engine/workspace": (("engine/core", "engine/config", "engine/store"), ("nlohmann/", "openssl/", "yaml-cpp/")),
    "engine/loop": (("engine/core", "engine/store"), ("boost/",)),
    "samplers": (("engine/core",), ("Eigen/", "unsupported/Eigen/")),
    "policies": (("engine/core",), ()),
    "executors/supervisor_protocol": (("engine/core",), ("nlohmann/",)),
    "executors/tracking": (("engine/core", "executors/supervisor_protocol"), ("boost/", "nlohmann/")),
    "executors/supervisor": (
        ("engine/core", "engine/metric_pattern", "executors/supervisor_protocol", "executors/tracking"),
        ("boost/", "nlohmann/")),
    "executors/agent_protocol": (("engine/core",), ("nlohmann/",)),
    "executors/agent": (
        ("engine/core", "executors", "executors/agent_protocol", "executors/supervisor_protocol"),
        ("boost/", "nlohmann/"),
    ),
    "executors/ssh": (
        ("engine/core", "engine/workspace", "executors", "executors/agent_protocol", "executors/supervisor_protocol"),
        ("boost/", "nlohmann/"),
    ),
    "executors": (("engine/core", "executors/supervisor_protocol"), ("boost/", "nlohmann/")),
    "cli": None,
    "tests": None,
    "benchmarks": None,
    "examples": None,
}
THIRD_PARTY = ("boost/", "nlohmann/", "yaml-cpp/", "sqlite3.h", "openssl/", "Eigen/", "unsupported/Eigen/", "CLI/",
               "fmt/", "re2/", "gtest/", "gmock/", "benchmark/")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def folder_of(path):
    found = [folder for folder in ALLOWED if path.startswith(folder + "/")]
    return max(found, key=len) if found else None


def main():
    listing = subprocess.check_output(
        ["git", "ls-files", "-co", "--exclude-standard", "*.h", "*.cc"], cwd=ROOT, universal_newlines=True
    )
    bad = 0
    for path in listing.split():
        folder = folder_of(path)
        if folder is None or ALLOWED[folder] is None or not os.path.exists(os.path.join(ROOT, path)):
            continue
        ours, others = ALLOWED[folder]
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                match = INCLUDE.match(line)
                if not match:
                    continue
                quote, name = match.groups()
                if quote == '"':
                    target = folder_of(name)
                    fine = target in (folder,) + ours
                else:
                    fine = not name.startswith(THIRD_PARTY) or name.startswith(others or "\0")
                if not fine:
                    bad += 1
                    print("%s:%d: %s may not include %s" % (path, number, folder, name))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
