"""A program under test: started, watched and stopped by its process id."""
import os
import signal
import socket
import subprocess
from pathlib import Path

from . import wait

ROOT = Path(__file__).resolve().parents[3]
BUILD = Path(os.environ.get("BUILD_DIR", ROOT / "build/dev")).resolve()
INGEST = BUILD / "ingest/clerk-ingest"
WORKER = BUILD / "worker/clerk-worker"
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:exitcode=99:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=99",
}
COMPLAINTS = ("Sanitizer", "runtime error:", "Assertion")


def free_port():
    """A port that nobody listens on at this moment."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def clean_env(env):
    """The environment of a program: nothing of ours but what the test names."""
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", **SANITIZERS, **{k: str(v) for k, v in env.items()}}


def run(argv, env=None, timeout_s=30, stdin=None):
    """Runs a command to its end; a sanitizer's complaint is a failure."""
    done = subprocess.run([str(a) for a in argv], env=clean_env(env or {}), capture_output=True, text=True,
                          timeout=timeout_s, input=stdin)
    refuse_complaints(done.stderr)
    return done


def refuse_complaints(text):
    for line in text.splitlines():
        assert not any(word in line for word in COMPLAINTS), f"a sanitizer complained:\n{text[-6000:]}"


class Process:
    """Starts argv at once; its standard error goes to log_path."""

    def __init__(self, argv, env, log_path):
        self.argv = [str(a) for a in argv]
        self.env = clean_env(env)
        self.log_path = Path(log_path)
        self.child = None
        self.start()

    def start(self):
        with open(self.log_path, "ab") as log:
            self.child = subprocess.Popen(self.argv, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    @property
    def pid(self):
        return self.child.pid

    def log(self):
        return self.log_path.read_text(errors="replace")

    def alive(self):
        return self.child.poll() is None

    def signal(self, number):
        os.kill(self.pid, number)

    def wait_exit(self, timeout_s=20):
        return self.child.wait(timeout_s)

    def stop(self, timeout_s=20):
        """SIGTERM; returns the exit code. Leaves nothing behind even if the program hangs."""
        if self.alive():
            self.signal(signal.SIGTERM)
        try:
            return self.wait_exit(timeout_s)
        finally:
            self.kill()

    def kill(self):
        if self.alive():
            self.child.kill()
            self.child.wait(10)

    def wait_log(self, text, timeout_s=20, count=1):
        wait.until(lambda: self.log().count(text) >= count or not self.alive(), timeout_s, f"{text!r} in the log")
        assert self.log().count(text) >= count, f"ended without {text!r}:\n{self.log()[-3000:]}"

    def finish(self):
        """The end of every test: a running program stops cleanly, and no sanitizer complained."""
        if self.alive():
            code = self.stop()
            assert code == 0, f"{self.argv[0]} ended with {code} on SIGTERM:\n{self.log()[-6000:]}"
        refuse_complaints(self.log())
