"""The native line protocol: whole JSON lines appended to the file that HDRIVE_METRICS names.

A logging call makes one `write` on an O_APPEND descriptor. It never waits for anybody, and an
engine that is slow, dead or restarted cannot make it fail.
"""
import errno
import json
import os
import sys
import time
from collections import deque
from threading import Lock

MAX_LINE_BYTES = 65536  # longer lines are dropped by the reader
MAX_TEXT = 8000  # characters of one text value
KEPT_LINES = 10000  # while the file cannot be written
EXIT_WAIT_SECONDS = 2.0

_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def warn(text):
    """One line for the user on stderr; never raises, also when stderr is closed."""
    try:
        sys.stderr.write("hdrive: " + text + "\n")
    except (OSError, ValueError, AttributeError):
        pass


class LineFile(object):
    """Appends records to one file. Safe to use from threads and after a fork."""

    def __init__(self, path):
        self._path = path
        self._descriptor = -1
        self._identity = None
        self._warned = set()
        self._exit_hook = False
        self._start_process()

    def _start_process(self):
        # Lines that could not be written yet belong to the process that logged them.
        self._process = os.getpid()
        self._lock = Lock()
        self._waiting = deque(maxlen=KEPT_LINES)
        self._torn = False

    def append(self, record):
        """Writes one record (a dict of JSON values). Keeps it in memory when the disk refuses it."""
        line = self._line(record)
        if line is None:
            return
        if self._process != os.getpid():
            self._start_process()
        with self._lock:
            if not self._waiting and not self._torn and self._write(line):
                return
            self._waiting.append(line)
            if not self._exit_hook:
                import atexit

                atexit.register(self._flush_at_exit)
                self._exit_hook = True
            self._write_waiting()

    def flush(self):
        """Tries again to write what the disk refused. True when nothing is left."""
        if self._process != os.getpid():
            self._start_process()
        with self._lock:
            self._write_waiting()
            return not self._waiting

    def _flush_at_exit(self):
        end = time.time() + EXIT_WAIT_SECONDS
        while not self.flush() and time.time() < end:
            time.sleep(0.1)
        if self._waiting:
            warn("%d metric lines were lost: %s could not be written" % (len(self._waiting), self._path))

    def _line(self, record):
        line = (_encode(record) + "\n").encode("utf-8", "replace")
        if len(line) > MAX_LINE_BYTES:
            self._warn_once(
                "long",
                "a record of %d bytes was not logged; a record may have %d bytes (it starts %s...)"
                % (len(line), MAX_LINE_BYTES, line[:60].decode("utf-8", "replace")),
            )
            return None
        return line

    def _write_waiting(self):
        while self._waiting:
            line = self._waiting[0]
            # A torn line is ended first, so that it can spoil nothing but itself.
            if not self._write(b"\n" + line if self._torn else line):
                return
            self._waiting.popleft()

    def _write(self, data):
        """True when the line is in the file, at most its end-of-line missing."""
        try:
            written = os.write(self._open(), data)
        except OSError as error:
            self._warn_once(
                "write",
                "cannot write %s (%s); the last %d logged values are kept in memory and written later"
                % (self._path, os.strerror(error.errno or errno.EIO), KEPT_LINES),
            )
            return False
        if written > 0:
            self._torn = written < len(data)
        return written >= len(data) - 1

    def _open(self):
        # A program that closes every descriptor may have given the number to another file since.
        if self._descriptor >= 0:
            try:
                status = os.fstat(self._descriptor)
                if (status.st_dev, status.st_ino) == self._identity:
                    return self._descriptor
            except OSError:
                pass
            self._descriptor = -1
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        descriptor = os.open(self._path, flags, 0o600)
        status = os.fstat(descriptor)
        self._identity = (status.st_dev, status.st_ino)
        self._descriptor = descriptor
        return descriptor

    def _warn_once(self, kind, text):
        if kind not in self._warned:
            self._warned.add(kind)
            warn(text)


_file = None


def current():
    """The LineFile of this process's run, or None outside a run."""
    global _file
    path = os.environ.get("HDRIVE_METRICS")
    if not path:
        return None
    if _file is None or _file._path != path:
        _file = LineFile(path)
    return _file
