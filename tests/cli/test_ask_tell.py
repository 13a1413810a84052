"""hdrive ask-tell as another program uses it: over pipes, killed, taken up again."""
import json
import os
import random
import resource
import signal
import stat
import subprocess
import unittest

import program

LOOP = """\
    sampling:
      type: {type}
      {seed}
      parameter_space:
        - {{name: --lr, expression: loguniform, values: [-6, -1]}}
        - {{name: --batch, expression: choice, values: [16, 32, .nan]}}
    primary_metric_goal: {goal}
    """


class AskTellTest(program.ProgramTest):
    def setUp(self):
        super().setUp()
        self.loop("random")

    def loop(self, sampler, goal="minimize", seed="seed: 7"):
        self.write("loop.yml", LOOP.format(type=sampler, goal=goal, seed=seed))

    def start(self, *words):
        process = subprocess.Popen([program.PROGRAM, "ask-tell", "--hyperdrive-configuration-name", "loop.yml", *words],
                                   cwd=self.folder, env=self.environment(), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(self.reap, process)
        return process

    @staticmethod
    def reap(process):
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()

    def say(self, process, **request):
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    def filter(self, text, *words, code=0):
        """(lines on stdout, text on stderr) of a whole input."""
        done = subprocess.run([program.PROGRAM, "ask-tell", "--hyperdrive-configuration-name", "loop.yml", *words],
                              cwd=self.folder, env=self.environment(), input=text, capture_output=True, timeout=120,
                              check=False)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout.decode().splitlines(), done.stderr.decode()

    def file(self, name):
        return os.path.join(self.folder, name)


class Protocol(AskTellTest):
    def test_each_answer_comes_before_the_next_request(self):
        process = self.start()
        trials = self.say(process, op="ask", n=2)["trials"]
        self.assertEqual([trial["id"] for trial in trials], [0, 1])
        self.assertEqual(set(trials[0]["params"]), {"--lr", "--batch"})
        self.assertEqual(self.say(process, op="tell", id=1, value=0.25), {"ok": True})
        self.assertEqual(self.say(process, op="tell", id=0, status="failed"), {"ok": True})
        self.assertEqual(self.say(process, op="best"), {"id": 1, "params": trials[1]["params"], "value": 0.25})
        self.assertIn("never asked", self.say(process, op="tell", id=9, value=1)["error"])
        outside = {"--batch": 16, "--lr": 0.1}
        self.assertEqual(self.say(process, op="tell", params=outside, value="-Infinity"), {"ok": True})
        self.assertEqual(self.say(process, op="best"), {"id": None, "params": outside, "value": "-Infinity"})
        process.stdin.close()
        self.assertEqual(process.wait(60), 0)
        self.assertEqual(process.stdout.read(), b"")

    def test_every_sampler_serves(self):
        for sampler in ("random", "bayesian", "BayesianOptimization"):
            with self.subTest(sampler):
                self.loop(sampler, goal="Maximize")
                lines, _ = self.filter(b'{"op":"ask","n":20}\n{"op":"tell","id":3,"value":1}\n{"op":"ask"}\n')
                self.assertEqual(len(json.loads(lines[0])["trials"]), 20)
                self.assertEqual(json.loads(lines[2])["trials"][0]["id"], 20)

    def test_a_grid_ends(self):
        self.write("loop.yml", LOOP.format(type="grid", goal="minimize", seed="").replace("loguniform", "quniform")
                   .replace("[-6, -1]", "[0, 1, 1]"))
        lines, errors = self.filter(b'{"op":"ask","n":5}\n{"op":"ask","n":5}\n{"op":"ask","n":5}')
        counts = [len(json.loads(line)["trials"]) for line in lines]
        self.assertEqual(counts, [5, 1, 0])
        self.assertIn('"--batch":"NaN"', lines[0])
        self.assertEqual(errors, "")

    def test_the_seed_of_the_command_wins_and_a_drawn_one_is_told(self):
        ask = b'{"op":"ask"}\n'
        seven, _ = self.filter(ask)
        self.assertEqual(self.filter(ask, "--seed", "7")[0], seven)
        self.assertNotEqual(self.filter(ask, "--seed", "8")[0], seven)
        self.loop("random", seed="")
        drawn, errors = self.filter(ask)
        self.assertEqual(self.filter(ask, "--seed", errors.split()[-1])[0], drawn)

    def test_mistakes_in_the_file_come_before_any_answer(self):
        self.write("loop.yml", "sampling: {type: random, parameter_space: [{name: a, expression: x, values: [1]}]}\n")
        lines, errors = self.filter(b'{"op":"ask"}\n', code=2)
        self.assertEqual(lines, [])
        self.assertIn("primary_metric_goal: is missing", errors)
        self.assertIn("loop.yml:1:", errors)

    def test_a_submission_still_needs_its_keys(self):
        result = self.hdrive("run", "submit-hyperdrive", "-c", "local", "--hyperdrive-configuration-name", "loop.yml",
                             "train.sh", code=2)
        self.assertIn("primary_metric_name: is missing", result.stderr)
        self.assertIn("max_total_runs: is missing", result.stderr)

    def test_survives_any_line_and_answers_each(self):
        rng = random.Random(7)
        lines = [
            b"", b"{", b"\0\1\2\xff", b"[" * 100000, b'{"op":' * 50000, b"x" * 10_000_000, b'{"op":"ask","n":1e30}',
            b'{"op":"ask","n":4000000000}', b'{"op":"tell","id":0}', b'{"op":["ask"]}', b"null", b'"ask"',
            b'{"op":"tell","params":{"' + b"a" * 1_000_000 + b'":1},"value":1}', b'{"op":"ask"}\r',
        ]
        for _ in range(300):
            line = bytearray(rng.choice([b'{"op":"ask","n":2}', b'{"op":"tell","id":0,"value":0.5}', b'{"op":"best"}']))
            for _ in range(rng.randrange(3)):
                line[rng.randrange(len(line))] = rng.choice(b'\0{}[]":,0159eE+-.\\/atn\xff\xc3 ')
            lines.append(bytes(line))
        answers, errors = self.filter(b"\n".join(lines) + b'\n{"op":"pending"}')
        self.assertEqual(len(answers), len(lines) + 1)
        for answer in answers:
            self.assertEqual(len(set(json.loads(answer)) & {"trials", "ok", "error", "id"}), 1, answer)
        self.assertIn("trials", json.loads(answers[-1]))
        self.assertEqual(len(errors.splitlines()), 1)

    def test_a_reader_that_went_away_ends_it_quietly(self):
        process = self.start()
        process.stdout.close()
        process.stdin.write(b'{"op":"ask"}\n' * 10)
        process.stdin.flush()
        self.assertEqual(process.wait(60), 0)
        process.stdout = open(os.devnull, "rb")


class State(AskTellTest):
    def test_the_file_is_private_and_taken_up(self):
        first, _ = self.filter(b'{"op":"ask","n":3}\n{"op":"tell","id":1,"value":0.5}\n', "--state", "loop.state")
        self.assertEqual(stat.S_IMODE(os.stat(self.file("loop.state")).st_mode), 0o600)
        second, _ = self.filter(b'{"op":"pending"}\n{"op":"best"}\n{"op":"ask"}\n', "--state", "loop.state")
        trials = json.loads(first[0])["trials"]
        self.assertEqual(json.loads(second[0])["trials"], [trials[0], trials[2]])
        self.assertEqual(json.loads(second[1])["id"], 1)
        whole, _ = self.filter(b'{"op":"ask","n":3}\n{"op":"tell","id":1,"value":0.5}\n{"op":"ask"}\n')
        self.assertEqual(second[2], whole[2])

    def test_a_drawn_seed_stays_with_the_file(self):
        self.loop("bayesian", seed="")
        self.filter(b'{"op":"ask"}\n', "--state", "loop.state")
        _, first = self.filter(b"", "--state", "loop.state")
        _, second = self.filter(b"", "--state", "loop.state")
        self.assertEqual(first, second)

    def test_killed_at_any_instant_it_goes_on_where_it_was(self):
        for sampler in ("random", "bayesian"):
            with self.subTest(sampler):
                self.loop(sampler)
                state = sampler + ".state"
                whole, killed, rng = self.start(), self.start("--state", state), random.Random(3)
                for round_ in range(12):
                    a, b = self.say(whole, op="ask", n=2), self.say(killed, op="ask", n=2)
                    self.assertEqual(a, b)
                    value = rng.random()
                    for process in (whole, killed):
                        self.say(process, op="tell", id=2 * round_, value=value)
                    if round_ % 3 == 0:
                        killed.send_signal(signal.SIGKILL)
                        killed.wait()
                        killed = self.start("--state", state)
                for request in ({"op": "pending"}, {"op": "best"}):
                    self.assertEqual(self.say(whole, **request), self.say(killed, **request))

    def test_a_line_that_was_being_written_is_forgotten(self):
        self.filter(b'{"op":"ask","n":2}\n', "--state", "loop.state")
        with open(self.file("loop.state"), "rb") as file:
            whole = file.read()
        self.filter(b'{"op":"ask","n":2}\n', "--state", "loop.state")
        with open(self.file("loop.state"), "rb") as file:
            longer = file.read()
        self.assertTrue(longer.startswith(whole))
        for length in range(0, len(longer)):
            with open(self.file("loop.state"), "wb") as file:
                file.write(longer[:length])
            if length % 40 == 0 or len(longer) - length < 5:
                lines, _ = self.filter(b'{"op":"pending"}\n', "--state", "loop.state")
                asked = len(json.loads(lines[0])["trials"])
                whole_lines = longer[:longer[:length].rfind(b"\n") + 1]
                self.assertEqual(asked, 2 * whole_lines.count(b'{"ask":[{'), length)
                with open(self.file("loop.state"), "rb") as file:
                    self.assertTrue(file.read().endswith(b"\n"))

    def test_a_damaged_file_is_left_alone(self):
        self.filter(b'{"op":"ask","n":2}\n{"op":"tell","id":0,"value":1}\n', "--state", "loop.state")
        with open(self.file("loop.state"), "rb") as file:
            content = bytearray(file.read())
        content[len(content) // 2] ^= 1
        with open(self.file("loop.state"), "wb") as file:
            file.write(content)
        lines, errors = self.filter(b'{"op":"ask"}\n', "--state", "loop.state", code=5)
        self.assertEqual(lines, [])
        self.assertIn("loop.state: cannot take up the saved tuning loop", errors)
        self.assertIn("damaged in line", errors)
        with open(self.file("loop.state"), "rb") as file:
            self.assertEqual(file.read(), content)

    def test_another_file_is_left_alone(self):
        for content in (b"my notes", b"my notes\nmore"):
            with open(self.file("notes"), "wb") as file:
                file.write(content)
            _, errors = self.filter(b'{"op":"ask"}\n', "--state", "notes", code=5)
            self.assertIn("cannot take up", errors)
            with open(self.file("notes"), "rb") as file:
                self.assertEqual(file.read(), content)

    def test_another_loop_is_refused_with_what_differs(self):
        self.filter(b'{"op":"ask"}\n', "--state", "loop.state")
        self.loop("bayesian", goal="maximize")
        lines, errors = self.filter(b'{"op":"ask"}\n', "--state", "loop.state", "--seed", "9", code=2)
        self.assertEqual(lines, [])
        for text in ("the sampler: saved random, here bayesian", "the goal: saved minimize, here maximize",
                     "the seed: saved 7, here 9"):
            self.assertIn(text, errors)

    def test_one_process_at_a_time_keeps_a_file(self):
        first = self.start("--state", "loop.state")
        self.say(first, op="ask")
        lines, errors = self.filter(b'{"op":"ask"}\n', "--state", "loop.state", code=5)
        self.assertEqual(lines, [])
        self.assertIn("another process keeps its tuning loop in loop.state", errors)
        self.assertEqual(self.say(first, op="ask")["trials"][0]["id"], 1)

    def test_a_place_that_cannot_be_written_is_told(self):
        _, errors = self.filter(b'{"op":"ask"}\n', "--state", "nowhere/loop.state", code=5)
        self.assertIn("cannot open nowhere/loop.state", errors)

    def test_no_answer_is_given_that_could_not_be_kept(self):
        process = subprocess.Popen(
            [program.PROGRAM, "ask-tell", "--hyperdrive-configuration-name", "loop.yml", "--state", "loop.state"],
            cwd=self.folder, env=self.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, restore_signals=False,  # keeps SIGXFSZ ignored, as Python has it
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)))
        self.addCleanup(self.reap, process)
        answers = 0
        while True:
            process.stdin.write(b'{"op":"ask"}\n')
            process.stdin.flush()
            if not process.stdout.readline():
                break
            answers += 1
        self.assertEqual(process.wait(60), 5)
        self.assertIn(b"cannot write loop.state", process.stderr.read())
        self.assertGreater(answers, 3)
        lines, _ = self.filter(b'{"op":"pending"}\n', "--state", "loop.state")
        self.assertEqual(len(json.loads(lines[0])["trials"]), answers)


if __name__ == "__main__":
    unittest.main()
