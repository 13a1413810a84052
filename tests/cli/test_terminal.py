"""The live view, on a pseudo-terminal with a small screen model."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
import unittest

from program import PROGRAM, ProgramTest


class Screen:
    """Understands what the live view sends: text, CR, LF, cursor up, clear to end of line and screen, colours."""

    TOKEN = re.compile(r"\x1b\[([?0-9;]*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n])")

    def __init__(self):
        self.lines, self.row, self.column, self.unknown = [""], 0, 0, []
        self.seen = set()

    def feed(self, text):
        for match in self.TOKEN.finditer(text):
            self.apply(*match.groups())
        self.seen.update(self.lines)

    def apply(self, numbers, command, carriage, newline, char):
        if carriage:
            self.column = 0
        elif newline:
            self.row += 1
            while len(self.lines) <= self.row:
                self.lines.append("")
        elif char:
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[:self.column] + char + line[self.column + 1:]
            self.column += 1
        elif command == "A":
            self.row = max(0, self.row - int(numbers or 1))
        elif command == "K":
            self.lines[self.row] = self.lines[self.row][:self.column]
        elif command == "J":
            self.lines[self.row] = self.lines[self.row][:self.column]
            del self.lines[self.row + 1:]
        elif command not in "mhl":
            self.unknown.append(numbers + command)


class Terminal(ProgramTest):
    def start(self, *words, width=120, height=30, **environment):
        pid, descriptor = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execve(PROGRAM, [PROGRAM, *words],
                      {**self.environment(), "TERM": "xterm", "CI": "", "NO_COLOR": "", **environment})
        fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.addCleanup(os.close, descriptor)
        return pid, descriptor

    def finish(self, pid, descriptor, screen, until=None):
        """Reads until the program ends, or until the screen shows `until`. Returns the exit code."""
        deadline = time.monotonic() + 60
        raw = ""
        while time.monotonic() < deadline:
            if select.select([descriptor], [], [], 0.1)[0]:
                try:
                    data = os.read(descriptor, 65536)
                except OSError:
                    data = b""
                if not data:
                    self.raw = raw
                    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
                text = data.decode("utf-8", "replace")
                raw += text
                screen.feed(text)
            if until and any(until in line for line in screen.lines):
                return None
        self.fail("\n".join(screen.lines))

    SUBMIT = ("run", "submit-hyperdrive", "-e", "digits", "--hyperdrive-configuration-name", "hdconfig.yml", "train.sh")

    def test_a_sweep_is_shown_while_it_runs_and_leaves_a_plain_screen(self):
        screen = Screen()
        code = self.finish(*self.start(*self.SUBMIT, "--sleep", "0.4"), screen)
        self.assertEqual(code, 0, "\n".join(screen.lines))
        self.assertEqual(screen.unknown, [])
        seen = "\n".join(screen.seen)
        self.assertRegex(seen, r"\[[█░]+\]  \d/4  2 running")
        self.assertRegex(seen, r"best loss 0\.\d+ \(minimize\)  run \d")
        self.assertRegex(seen, r" +\d  running +")
        final = "\n".join(screen.lines)
        self.assertNotRegex(final, r"[█░]")
        self.assertRegex(final, r"run 1 completed  loss=0.25")
        self.assertIn("repeat it   ./train.sh --sleep 0.4 --lr 0.25", final)
        self.assertNotIn('"runId"', final)

    def test_interrupts_end_the_sweep(self):
        screen = Screen()
        pid, descriptor = self.start(*self.SUBMIT, "--sleep", "600")
        self.finish(pid, descriptor, screen, until="2 running")
        os.write(descriptor, b"\x03")
        self.assertEqual(self.finish(pid, descriptor, screen), 130)
        final = "\n".join(screen.lines)
        self.assertIn("stopping 2 child runs; interrupt again to kill them", final)
        self.assertIn("canceled after", final)

    def test_a_narrow_screen_gets_one_line(self):
        screen = Screen()
        self.finish(*self.start(*self.SUBMIT, "--sleep", "0.4", width=40), screen)
        self.assertTrue(any(re.match(r"\[\d/4\]", line) for line in screen.seen))
        self.assertFalse(any("░" in line for line in screen.seen))

    def test_continuous_integration_and_dumb_terminals_get_plain_lines(self):
        for environment in ({"CI": "1"}, {"TERM": "dumb"}):
            self.finish(*self.start(*self.SUBMIT, **environment), Screen())
            self.assertNotIn("\x1b", self.raw)
            self.assertRegex(self.raw, r"\d\d:\d\d:\d\d run 1 completed  loss=0.25")

    def test_a_closed_terminal_does_not_end_the_sweep(self):
        screen = Screen()
        pid, descriptor = self.start(*self.SUBMIT, "--sleep", "1")
        self.finish(pid, descriptor, screen, until="2 running")
        os.kill(pid, signal.SIGHUP)
        self.assertEqual(self.finish(pid, descriptor, screen), 0)

    def test_watch_shows_a_detached_sweep(self):
        run = self.json("run", "submit-hyperdrive", "-e", "digits", "--hyperdrive-configuration-name", "hdconfig.yml",
                        "--async", "train.sh", "--sleep", "1")["runId"]
        screen = Screen()
        self.assertEqual(self.finish(*self.start("run", "watch", "-r", run), screen), 0)
        self.assertRegex("\n".join(screen.seen), r"\d/4  2 running")
        self.assertIn("repeat it", "\n".join(screen.lines))


if __name__ == "__main__":
    unittest.main()
