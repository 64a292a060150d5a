"""The set-up that most promises share: two ingests on one port, some workers, and a sender."""
from harness.process import free_port

from .crowd import Crowd
from .plan import Plan
from .sender import Sender
from .settings import SEED

WORKER_DEFAULTS = {"CLAIM_IDLE_MS": 1000, "BATCH_SIZE": 100}


def ingests(stack, count=2, **env):
    """count processes that share one port by SO_REUSEPORT."""
    port = free_port()
    programs = [stack.ingest(INGEST_LISTEN=f"127.0.0.1:{port}", **env) for _ in range(count)]
    for program in programs:
        program.port = port
    return programs


def workers(stack, count=2, **env):
    return [stack.worker(**{**WORKER_DEFAULTS, **env}) for _ in range(count)]


class Load:
    """A plan and its sender; the longer of count/rate seconds and the faults decides how long it takes."""

    def __init__(self, front, count, rate, prefix="p", users=200, kind=Plan, **sender):
        self.plan = kind(SEED, count, users, prefix)
        self.sender = Sender(front[0].port, self.plan, rate, limit_s=count / rate * 10 + 120, **sender)
        self.ingests = Crowd(front)

    def finish(self):
        self.sender.finish()
        return self.sender.acked_numbers()
