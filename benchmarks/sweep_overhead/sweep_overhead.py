#!/usr/bin/env python3
"""What a sweep costs beyond its children: hdrive beside xargs, Optuna and Ray Tune in one run.

Every contestant starts the same command (a shell script that prints one metric and ends), 8 at a
time. Reported are children a second, CPU beyond what `xargs -P 8` needs for the same children, and
the largest resident size of the engine. The peers run when their packages can be imported by
--peer-python.

    python3 benchmarks/sweep_overhead/sweep_overhead.py --hdrive build/release/bin/hdrive
"""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

PARALLEL = 8
HERE = os.path.dirname(os.path.abspath(__file__))

SCRIPT = """#!/bin/sh
echo "score: 0.$2"
"""

HDCONFIG = """sampling:
  type: random
  seed: 1
  parameter_space:
    - {{name: --x, expression: randint, values: [1000000000]}}
policy: {{type: BanditPolicy, slack_factor: 0.5, evaluation_interval: 1, delay_evaluation: 5}}
primary_metric_name: score
primary_metric_goal: Maximize
max_total_runs: {total}
max_concurrent_runs: {parallel}
"""

RUNCONFIG = """script: train.sh
target: local
environment:
  python: {userManagedDependencies: true}
"""


def measure(argv, **options):
    """Wall seconds, CPU seconds of the command and all it waited for, its peak resident bytes."""
    begin = time.monotonic()
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - begin
    if process.returncode != 0:
        sys.exit("%s failed (%d):\n%s" % (argv[0], process.returncode, errors.decode()[-2000:]))
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def project(folder, total):
    os.makedirs(os.path.join(folder, ".azureml"))
    script = os.path.join(folder, "train.sh")
    for name, text in ((script, SCRIPT),
                       (os.path.join(folder, "hdconfig.yml"),
                        HDCONFIG.format(total=total, parallel=PARALLEL)),
                       (os.path.join(folder, ".azureml", "bench.runconfig"), RUNCONFIG)):
        with open(name, "w") as file:
            file.write(text)
    os.chmod(script, 0o755)
    return script


def run_hdrive(hdrive, folder, total):
    project(folder, total)
    result = measure([hdrive, "run", "submit-hyperdrive", "-e", "bench", "-c", "bench",
                      "--hyperdrive-configuration-name", "hdconfig.yml", "-o", "none"],
                     cwd=folder)
    listed = json.loads(subprocess.check_output(
        [hdrive, "run", "list", "-o", "json"], cwd=folder))
    completed = listed[0]["children"]["Completed"]
    if completed != total:
        sys.exit("hdrive completed %s of %d children" % (completed, total))
    return result


def run_xargs(folder, total):
    script = project(folder, total)
    numbers = "\n".join(str(i) for i in range(total)).encode()
    with tempfile.TemporaryFile() as file:
        file.write(numbers)
        file.seek(0)
        return measure(["xargs", "-P", str(PARALLEL), "-I{}", script, "--x", "{}"], stdin=file)


def run_peer(python, peer, folder, total):
    script = project(folder, total)
    return measure([python, os.path.join(HERE, "peer_%s.py" % peer), script, str(total),
                    str(PARALLEL), folder])


def version(python, package):
    probe = "import %s; print(%s.__version__)" % (package, package)
    found = subprocess.run([python, "-c", probe], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return found.stdout.decode().strip() if found.returncode == 0 else None


def compare(options, folder):
    names = iter(range(1000))

    def place():
        return os.path.join(folder, str(next(names)))

    floor_wall, floor_cpu, _ = run_xargs(place(), options.children)
    floor = options.children / floor_wall
    print("%-28s %10s %16s %14s" % ("", "children/s", "extra CPU/child", "peak resident"))
    print("%-28s %10.0f %16s %14s" % ("xargs -P 8 (floor)", floor, "-", "-"))

    def row(name, children, wall, cpu, resident):
        extra = cpu / children - floor_cpu / options.children
        print("%-28s %10.1f %13.2f ms %11.0f MB" % (name, children / wall, extra * 1e3,
                                                    resident / 1e6), flush=True)
        return children / wall

    hdrive = os.path.abspath(options.hdrive)
    rate = row("hdrive", options.children, *run_hdrive(hdrive, place(), options.children))
    if options.flat:
        many = row("hdrive, %d children" % options.flat, options.flat,
                   *run_hdrive(hdrive, place(), options.flat))
        print("cost of a child at %d against %d: %.2f x" % (options.flat, options.children,
                                                           rate / many))
    for peer, children in (("optuna", options.children), ("ray", options.ray_children)):
        found = version(options.peer_python, peer)
        if found is None:
            print("%-28s not installed for %s" % (peer, options.peer_python))
            continue
        slow = row("%s %s" % (peer, found), children,
                   *run_peer(options.peer_python, peer, place(), children))
        print("%-28s %9.1f x" % ("  hdrive is faster by", rate / slow), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hdrive", default="build/release/bin/hdrive")
    parser.add_argument("--peer-python", default=sys.executable)
    parser.add_argument("--children", type=int, default=1000)
    parser.add_argument("--ray-children", type=int, default=200,
                        help="Ray Tune runs fewer children: it takes about a second for each")
    parser.add_argument("--flat", type=int, default=0, metavar="N",
                        help="also run N children with hdrive and compare the cost of one")
    # Deleted at the end only: ext4 passes over inodes deleted within the last minutes whenever it
    # hands one out, so that whoever comes after a deletion would pay for it.
    with tempfile.TemporaryDirectory(prefix="hdrive-bench-") as folder:
        compare(parser.parse_args(), folder)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
