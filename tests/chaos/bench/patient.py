"""A worker led through a trouble of its database and out of it."""
import time

from harness import samples, wait

from .watch import Idleness, lines

RESUMES_S = 5.0
BEFORE, DURING = 100, 100


def users(start, count):
    return [(f"msg_d{n}", samples.user(f"d{n}", unsafe_metadata={"padding": "x" * 2000})) for n in range(start, start + count)]


def all_there(database, count):
    assert database.count("users") == count
    assert database.count("webhook_events") == count
    assert database.count("dead_letters") == 0
    assert database.integrity() == "ok"


class Patient:
    """A worker that has applied some events and is about to suffer."""

    def __init__(self, stack, database=None, **env):
        self.redis = stack.redis
        self.database = database or stack.database
        self.front = stack.ingest()
        self.worker = stack.worker(database=self.database, **env)
        self.front.deliver(users(0, BEFORE))
        self.redis.wait_drained()

    def suffers(self, hold_s, least=DURING):
        """Events keep coming, the worker says so once and idles; at least so many of them wait."""
        self.front.deliver(users(BEFORE, DURING))
        self.worker.wait_log("event=database_unavailable", 15)
        idle = Idleness(self.worker)
        until = time.monotonic() + hold_s
        wait.until(lambda: time.monotonic() >= until, hold_s + 5)
        assert idle.share() < 0.2
        assert self.redis.backlog() >= least, "not one is acknowledged"
        assert self.worker.get("/readyz")[0] == 503 and self.worker.get("/livez")[0] == 200

    def recovers(self, report):
        mended = time.monotonic()
        self.redis.wait_drained(30)
        took = time.monotonic() - mended
        report(resumed_s=round(took, 1), events=BEFORE + DURING, lost=0)
        assert took <= RESUMES_S, f"went on {took:.1f} s after the cure"
        assert self.worker.alive()
        all_there(self.database, BEFORE + DURING)
        for word in ("event=database_unavailable", "event=database_available"):
            assert len(lines(self.worker, word)) == 1, self.worker.log()[-3000:]

    def stops(self, why):
        """Ends by itself with a failure, one line says why; the events stay."""
        code = self.worker.wait_exit(20)
        assert code == 1, code
        said = lines(self.worker, "level=error")
        assert len(said) == 1 and why in said[0], self.worker.log()[-3000:]
        assert self.redis.backlog() == DURING
