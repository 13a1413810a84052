#!/usr/bin/env python3
"""Whether a sweep is whole, told from the outside.

    history_checker.py PROJECT RUN_ID [--ledger FILE] [--values N]

Reads the SQLite file and the run folders with nothing of hdrive, and prints what is not as promised,
a line each. The ledger is what scripts of the tests wrote down themselves, a line per fact:
`began RUN NONCE`, `logged RUN NONCE VALUE`, `ended RUN NONCE`.
"""
import argparse
import json
import os
import sqlite3
import sys

TERMINAL = ("Completed", "Failed", "Canceled")


class Sweep(object):
    """The events of one parent run, and the folders of its children."""

    def __init__(self, project, run_id):
        self.project, self.run_id = project, run_id
        path = os.path.join(project, ".hdrive", "history.db")
        self.database = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
        self.parent, self.status = self.database.execute(
            "SELECT id, status FROM run WHERE run_id = ?", (run_id,)).fetchone()
        self.events = [
            (number, kind, child, json.loads(payload)) for number, kind, child, payload in self.database.execute(
                "SELECT number, kind, child, payload FROM event WHERE parent = ? ORDER BY number", (self.parent,))]
        self.runs = {child: (row, status, attempt) for child, row, status, attempt in self.database.execute(
            "SELECT child, id, status, attempt FROM run WHERE parent = ? ORDER BY child", (self.parent,))}
        self.spec = json.loads(self.database.execute(
            "SELECT spec FROM parent_run_spec WHERE parent = ?", (self.parent,)).fetchone()[0])

    def numbers(self):
        found = [number for number, _, _, _ in self.events]
        for table in ("metric", "verdict"):
            found += [number for number, in self.database.execute(
                "SELECT number FROM %s JOIN run ON run.id = %s.run WHERE run.parent = ?" % (table, table),
                (self.parent,))]
        # A verdict that lies beside its metric point has the next number.
        found += [number + 1 for number, in self.database.execute(
            "SELECT number FROM metric JOIN run ON run.id = metric.run WHERE run.parent = ? AND"
            " verdict_outcome IS NOT NULL", (self.parent,))]
        return sorted(found)

    def metrics(self, child, attempt):
        """(number, sequence, value) of the attempt's points, in the order of the history."""
        return self.database.execute(
            "SELECT number, sequence, value FROM metric WHERE run = ? AND attempt = ? ORDER BY number",
            (self.runs[child][0], attempt)).fetchall()

    def attempt_file(self, child, attempt, name):
        path = os.path.join(self.project, ".hdrive", "runs", "%s_%d" % (self.run_id, child), str(attempt), name)
        try:
            with open(path) as file:
                return file.read()
        except FileNotFoundError:
            return None


def check_numbers(sweep):
    numbers = sweep.numbers()
    if numbers != list(range(1, len(numbers) + 1)):
        yield "the numbers of the history are not 1 to %d without gaps or repeats" % len(numbers)


def attempts_of(sweep):
    """{(child, attempt): [number of child_starting, number of child_ended, its exit]}"""
    found = {}
    for number, kind, child, payload in sweep.events:
        if kind == "child_starting":
            found.setdefault((child, payload["attempt"]), [None, None, None])[0] = number
        if kind == "child_ended":
            found.setdefault((child, payload["attempt"]), [None, None, None])[1:] = [number, payload]
    return found


def check_lives(sweep):
    """Each attempt is started once, ends once, in this order; no more at once than allowed."""
    seen, running = set(), set()
    for number, kind, child, payload in sweep.events:
        key = (kind, child, payload.get("attempt"))
        if kind in ("child_starting", "child_started", "child_ended"):
            if key in seen:
                yield "event %d: a second %s of child %s, attempt %s" % ((number,) + key)
            seen.add(key)
        if kind == "child_starting":
            if child in running:
                yield "event %d: child %d is started while it runs" % (number, child)
            if payload["attempt"] > 0 and ("child_ended", child, payload["attempt"] - 1) not in seen:
                yield "event %d: child %d starts again before its last attempt ended" % (number, child)
            running.add(child)
            if len(running) > sweep.spec_limit:
                yield "event %d: %d children run at once" % (number, len(running))
        if kind == "child_ended":
            if child not in running:
                yield "event %d: child %d ends and was not started" % (number, child)
            running.discard(child)
    if running:
        yield "children %s have no end" % sorted(running)
    if not sweep.events or sweep.events[-1][1] != "parent_ended":
        yield "the last event is %s" % (sweep.events[-1][1] if sweep.events else "missing")


def check_children(sweep, total):
    """The projection says what the events say, and nobody is missing."""
    if sorted(sweep.runs) != list(range(total)):
        yield "the children are %s" % sorted(sweep.runs)
    if sweep.status not in TERMINAL:
        yield "the parent run is %s" % sweep.status
    lives = attempts_of(sweep)
    canceled = {child for _, kind, child, _ in sweep.events if kind == "cancel_requested"}
    for child, (_, status, attempt) in sweep.runs.items():
        if status not in TERMINAL:
            yield "child %d is %s" % (child, status)
        known = [a for c, a in lives if c == child]
        if known and attempt != max(known):
            yield "child %d: the run table knows attempt %d, the events %d" % (child, attempt, max(known))
        if not known or lives[child, max(known)][2] is None:
            continue
        end = lives[child, max(known)][2]
        succeeded = end["exit"] == "exited" and end["code"] == 0
        expected = "Completed" if succeeded else "Canceled" if child in canceled else "Failed"
        if status != expected and not (status == "Canceled" and child in canceled):
            yield "child %d is %s after %s" % (child, status, end)
        record = end_record(sweep, child, max(known))
        if succeeded and (record is None or json.loads(record)["code"] != 0):
            yield "child %d is Completed with the exit record %r" % (child, record)


def end_record(sweep, child, attempt):
    """How the attempt ended: its exit record, or the stream's last fact where the supervisor was killed between the
    two, after it had told the engine."""
    record = sweep.attempt_file(child, attempt, "exit")
    if record is not None:
        return record
    facts = (sweep.attempt_file(child, attempt, "stream.jsonl") or "").splitlines()
    ends = [fact for fact in facts if fact.endswith("}") and json.loads(fact)["k"] == "exited"]
    return ends[-1] if ends else None


def check_ledger(sweep, ledger, values):
    """What the scripts say they did is what the history has: each attempt ran once, no value is lost or doubled."""
    began, logged, ended = {}, {}, set()
    for line in ledger:
        kind, run, nonce, *rest = line.split()
        if not run.startswith(sweep.run_id + "_"):
            continue
        if kind == "began":
            began[run, nonce] = began.get((run, nonce), 0) + 1
        elif kind == "logged":
            logged.setdefault((run, nonce), []).append(float(rest[0]))
        elif kind == "ended":
            ended.add((run, nonce))
    nonces = {}
    for (child, attempt), (_, _, end) in attempts_of(sweep).items():
        claim = sweep.attempt_file(child, attempt, "claim")
        if not claim:
            continue
        nonce = json.loads(claim)["nonce"]
        key = ("%s_%d" % (sweep.run_id, child), nonce)
        nonces[key] = (child, attempt)
        points = sweep.metrics(child, attempt)
        name = "child %d, attempt %d" % (child, attempt)
        if [p[1] for p in points] != sorted({p[1] for p in points}):
            yield "%s: sequence numbers out of order" % name
        reported, said = [p[2] for p in points], logged.get(key, [])
        if reported[:len(said)] != said[:len(reported)]:
            yield "%s: the history has %s, the script logged %s" % (name, reported, said)
        how = end["exit"] if end else None
        if how in ("exited", "signaled") and len(reported) < len(said):
            yield "%s: %d of %d values are lost" % (name, len(said) - len(reported), len(said))
        if how == "exited" and end["code"] == 0:
            if len(reported) != values:
                yield "%s: completed with %d of %d values" % (name, len(reported), values)
            if key not in ended:
                yield "%s: completed, but the script did not get to its end" % name
    for key, count in began.items():
        if count > 1:
            yield "%s ran %d times" % (key, count)
        if key not in nonces:
            yield "%s ran, and the history knows nothing of it" % (key,)


def check(project, run_id, total, concurrent, ledger=(), values=0):
    """Everything that is not as promised."""
    sweep = Sweep(project, run_id)
    sweep.spec_limit = concurrent
    found = list(check_numbers(sweep)) + list(check_lives(sweep)) + list(check_children(sweep, total))
    return found + list(check_ledger(sweep, ledger, values))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("project")
    parser.add_argument("run_id")
    parser.add_argument("--total", type=int, required=True, help="max_total_runs")
    parser.add_argument("--concurrent", type=int, required=True, help="max_concurrent_runs")
    parser.add_argument("--ledger")
    parser.add_argument("--values", type=int, default=0, help="how many values a completed script logs")
    options = parser.parse_args()
    ledger = open(options.ledger).read().splitlines() if options.ledger else []
    found = check(options.project, options.run_id, options.total, options.concurrent, ledger, options.values)
    print("\n".join(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
