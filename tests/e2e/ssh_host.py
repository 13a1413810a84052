"""A real SSH server on a port of the loopback address, for this user and one generated key."""
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
import unittest

SERVER = "/usr/sbin/sshd"
LIMIT = 60


def require_server():
    if not os.path.exists(SERVER):
        raise unittest.SkipTest("there is no SSH server on this machine (package openssh-server)")


def children_of(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


class SshHost(object):
    """Reads and writes nothing in ~/.ssh and /etc/ssh. The test that makes one stops it."""

    def __init__(self, folder, address="127.0.0.1"):
        require_server()
        self.folder, self.address = folder, address
        self.user = pwd.getpwuid(os.geteuid()).pw_name
        os.makedirs(folder)
        for key in ("host_key", "user_key"):
            self.make_key(key)
        shutil.copy(os.path.join(folder, "user_key.pub"), os.path.join(folder, "authorized_keys"))
        with socket.socket() as probe:
            probe.bind((address, 0))
            self.port = probe.getsockname()[1]
        lines = [
            "Port %d" % self.port, "ListenAddress %s" % address, "HostKey %s/host_key" % folder,
            "AuthorizedKeysFile %s/authorized_keys" % folder, "PidFile none", "StrictModes no", "UsePAM no",
            "PasswordAuthentication no", "PermitRootLogin prohibit-password", "PrintMotd no",
        ]
        with open(os.path.join(folder, "config"), "w") as file:
            file.write("\n".join(lines) + "\n")
        self.process = None
        self.start()

    def make_key(self, name, passphrase=""):
        path = os.path.join(self.folder, name)
        subprocess.check_call(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", path])
        return path

    @property
    def key(self):
        return os.path.join(self.folder, "user_key")

    @property
    def fingerprint(self):
        said = subprocess.check_output(["ssh-keygen", "-l", "-f", os.path.join(self.folder, "host_key.pub")])
        return said.decode().split()[1]

    def start(self):
        if self.process:
            return
        if os.geteuid() == 0:  # what sshd wants to find, and does not make itself
            os.makedirs("/run/sshd", exist_ok=True)
        self.process = subprocess.Popen(
            [SERVER, "-D", "-f", os.path.join(self.folder, "config"), "-E", os.path.join(self.folder, "log")],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + LIMIT
        while True:
            try:
                socket.create_connection((self.address, self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > end or self.process.poll() is not None:
                    with open(os.path.join(self.folder, "log")) as file:
                        raise AssertionError("sshd does not come up: " + file.read())
                time.sleep(0.05)

    def drop(self):
        """Ends all connections; what was started through them goes on."""
        for session in children_of(self.process.pid):
            for pid in children_of(session)[:1] + [session]:
                try:
                    with open("/proc/%d/comm" % pid) as file:
                        if file.read().strip() == "sshd":
                            os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass

    def stop(self):
        if not self.process:
            return
        process, self.process = self.process, None
        sessions = children_of(process.pid)
        process.kill()
        process.wait()
        for pid in sessions:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
