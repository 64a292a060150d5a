"""One ingest and one worker led through a trouble and out of it, with every promise about troubles checked."""
import time
from contextlib import contextmanager

from bench.visitors import Visitors
from bench.watch import Idleness, last_said, lines
from harness import wait

ANSWER_S = 2.0
CURED_S = 5.0
SCHEDULING_S = 0.4  # two shared cores, programs under AddressSanitizer
IDLE_SHARE = 0.2


class Pair:
    def __init__(self, stack, redis_url=None, worker_url=None):
        self.stack = stack
        self.redis = stack.redis
        url = redis_url or stack.redis.url
        self.ingest = stack.ingest(REDIS_URL=url)
        self.worker = stack.worker(BLOCK_MS=1000, CLAIM_IDLE_MS=2000, REDIS_URL=worker_url or url)
        self.visitors = None

    @contextmanager
    def visited(self):
        """Deliveries without a pause, the first of them already answered 200."""
        with Visitors(self.ingest.port) as self.visitors:
            self.visitors.wait_for(200, time.monotonic(), 10)
            yield self.visitors

    def suffer(self, start, end, hold_s=2.0, refuses=True):
        """start() makes the trouble, which lasts hold_s from the first 503 on; end() is the cure. Returns the figures."""
        with self.visited() as visitors:
            began = time.monotonic()
            start()
            if refuses:
                visitors.wait_for(503, began, 10)
            idle = [Idleness(self.ingest), Idleness(self.worker)]
            held = time.monotonic()
            wait.until(lambda: time.monotonic() >= held + hold_s, hold_s + 5)
            shares = [i.share() for i in idle]
            within = [v for v in visitors.since(held) if v.status == 200]
            end()
            mended = time.monotonic()
            cured_s = visitors.wait_for(200, mended, 20)
        assert not (refuses and within), f"answered 200 in the middle of the trouble: {within[:3]}"
        assert max(shares) < IDLE_SHARE, f"ingest and worker used {shares} of a processor during the trouble"
        assert cured_s <= CURED_S, f"the first 200 came {cured_s:.1f} s after the cure"
        self.judge_answers()
        self.judge_worker(mended)
        return self.figures(cured_s)

    def judge_answers(self):
        visitors = self.visitors
        assert set(visitors.statuses()) <= {200, 503}, f"answers {visitors.statuses()}"
        assert visitors.longest_s() <= ANSWER_S + SCHEDULING_S, f"an answer took {visitors.longest_s():.2f} s"

    def ledger(self):
        return {r["svix_id"] for r in self.stack.database.rows("SELECT svix_id FROM webhook_events")}

    def judge_worker(self, mended):
        """It went on in time; everything answered 200 is in the tables; nothing became a dead letter."""
        fresh = {v.svix_id for v in self.visitors.since(mended) if v.status == 200}
        wait.until(lambda: self.ledger() & fresh, mended + CURED_S + SCHEDULING_S - time.monotonic(), "the worker to go on")
        self.redis.wait_drained(30)
        assert self.worker.alive() and self.ingest.alive()
        missing = self.visitors.kept() - self.ledger()
        assert not missing, f"{len(missing)} of {len(self.visitors.kept())} answered 200 and lost: {sorted(missing)[:5]}"
        assert self.stack.database.count("dead_letters") == 0

    def judge_logs(self, times=1):
        """One line when the trouble starts, one when it ends, however many events came meanwhile."""
        for program, down, up in ((self.ingest, "event=queue_down", "event=queue_up"),
                                  (self.worker, "event=redis_unavailable", "event=redis_available")):
            found = len(lines(program, down))
            assert found <= times, f"{found} lines {down}:\n{program.log()[-3000:]}"
            wait.until(lambda: not found or last_said(program, down, up) == up, 10, f"{up} in the log")
            extra = [line for line in lines(program) if " level=warn " in f"{line} " or " level=error " in f"{line} "]
            assert len(extra) <= times, f"too much was said:\n{program.log()[-3000:]}"

    def figures(self, cured_s):
        refused = sum(v.status == 503 for v in self.visitors.visits)
        return {"answered": len(self.visitors.kept()), "refused": refused, "slowest_s": round(self.visitors.longest_s(), 2),
                "cured_s": round(cured_s, 2)}
