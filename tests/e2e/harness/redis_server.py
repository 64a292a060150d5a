"""A redis-server of our own on a free port, durable as the compose file has it."""
import subprocess

import redis

from . import wait
from .process import Process, free_port

STREAM = "clerk:events"
GROUP = "workers"


class RedisServer:
    def __init__(self, directory, *options, env=None):
        self.port = free_port()
        self.dir = directory
        self.options = options
        self.env = env or {}
        self.client = redis.Redis(port=self.port, socket_timeout=10)
        self.process = None
        self.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self):
        self.process = Process(
            ["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--dir", self.dir, "--save", "", "--appendonly", "yes",
             "--appendfsync", "always", "--maxmemory-policy", "noeviction", *self.options], self.env, f"{self.dir}/redis.log")
        wait.until(self.answers, 20, "redis to answer")

    def answers(self):
        try:
            return self.client.ping()
        except redis.RedisError:
            return False

    def stop(self):
        """A clean stop: what was accepted is in the append-only file."""
        self.process.stop()

    def restart(self):
        self.stop()
        self.start()

    def empty(self):
        self.client.flushall()

    def backlog(self):
        return self.client.xlen(STREAM)

    def pending(self):
        try:
            return self.client.xpending(STREAM, GROUP)["pending"]
        except redis.ResponseError:  # no stream or no group yet
            return 0

    def wait_drained(self, timeout_s=30):
        """Every entry was taken, committed, acknowledged and deleted."""
        wait.until(lambda: self.backlog() == 0 and self.pending() == 0, timeout_s, "the stream to be drained")

    def cli(self, *words):
        """What a person sees who looks with redis-cli."""
        return subprocess.run(["redis-cli", "-p", str(self.port), *words], capture_output=True, text=True, check=True).stdout
