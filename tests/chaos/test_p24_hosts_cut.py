"""P24: every program on a host of its own. The host of the database, of Redis or of a worker is cut off without a word, so that
both ends keep connections that lead nowhere; later it is there again."""
import signal
import threading
import time
from contextlib import ExitStack, contextmanager

import pytest
from harness import postgres, samples, wait
from harness.redis_server import GROUP, STREAM

from bench import oracle
from bench.history import put
from bench.hosts import BOTH
from bench.plan import Plan
from bench.sender import Sender
from bench.settings import LONG, SEED, figure
from bench.site import BASE, FRONT, QUEUE, WORKERS, RemoteDatabase, Site
from bench.visitors import Visitors
from bench.watch import lines

pytestmark = pytest.mark.skipif(not postgres.is_installed(), reason="no PostgreSQL server is installed")

CUT_S = figure(14, 60)
CLAIM_IDLE_MS = figure(3000, 30000)
RATE = 200
TAIL_S = 6  # the load goes on for so long after the cure
REFUSED_S, RESUMES_S, SCHEDULING_S = 2.0, 5.0, 0.5
NOTICED_S = 12  # 8 s without an acknowledgement, and up to 3 s until something is sent
STANDSTILL_S = 6  # PostgreSQL gives up a transaction that has been left open after 5 s
DELAY_S = 0.02


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    made = Site(tmp_path_factory.mktemp("site"))
    yield made
    made.close()


@pytest.fixture
def stack(site, tmp_path, request):
    made = site.new_stack(tmp_path, "".join(c if c.isalnum() else "_" for c in request.node.name)[-50:])
    yield made
    site.hosts.heal()
    made.finish()


class Trip:
    """Load on three workers for some seconds, and what becomes of it."""

    def __init__(self, site, stack, seconds):
        self.site, self.stack, self.hosts = site, stack, site.hosts
        self.front = site.ingest(stack)
        self.workers = [site.worker(stack, host, CLAIM_IDLE_MS=CLAIM_IDLE_MS, BATCH_SIZE=100) for host in WORKERS]
        self.plan = Plan(SEED, int(RATE * seconds))
        with self.hosts.inside(FRONT):
            self.sender = Sender(self.front.port, self.plan, RATE, limit_s=seconds * 3 + 120)
        self.sender.wait_answered(RATE)

    def applied(self):
        return self.stack.database.count("webhook_events")

    def pass_time(self, until):
        """Returns the longest time in which nothing was applied."""
        longest, last, since = 0.0, self.applied(), time.monotonic()
        while time.monotonic() < until:
            now = self.applied()
            longest = max(longest, time.monotonic() - since)
            if now != last:
                last, since = now, time.monotonic()
            time.sleep(0.1)
        return longest

    def resumed_s(self):
        """How long after the cure, which is now, something is applied again."""
        cured, before = time.monotonic(), self.applied()
        wait.until(lambda: self.applied() > before, 60, "the workers to go on")
        took = time.monotonic() - cured
        assert took <= RESUMES_S + SCHEDULING_S, f"went on {took:.1f} s after the cure"
        return round(took, 1)

    def judge(self):
        self.sender.finish()
        verdict = oracle.check(self.plan, self.sender.acked_numbers(), self.stack.database, self.stack.redis)
        assert all(p.alive() for p in self.stack.programs)
        return verdict

    def judge_nobody_was_refused(self):
        assert self.sender.counter("most_attempts") == 1, f"ingest has nothing to do with it: {self.sender}"


@pytest.mark.parametrize("directions", [BOTH, ("from",)], ids=["both ways", "its answers"])
def test_p24_the_database_cut_off(site, stack, directions, report):
    trip = Trip(site, stack, CUT_S + TAIL_S)
    site.hosts.cut(BASE, directions)
    cut = time.monotonic()
    for worker in trip.workers:
        worker.wait_log("event=database_unavailable", cut + NOTICED_S - time.monotonic())
    noticed_s = time.monotonic() - cut
    with site.hosts.inside(WORKERS[0]):
        assert trip.workers[0].get("/readyz")[0] == 503
    trip.pass_time(cut + CUT_S)
    site.hosts.heal()
    resumed_s = trip.resumed_s()
    trip.judge_nobody_was_refused()
    report(trip.judge(), noticed_s=round(noticed_s, 1), resumed_s=resumed_s)
    assert all(len(lines(w, "event=database_unavailable")) == 1 for w in trip.workers), "one line for one trouble"


@contextmanager
def visited(trip):
    """Deliveries from ingest's own host, which no cut keeps away."""
    with ExitStack() as ending:
        with trip.hosts.inside(FRONT):
            visitors = ending.enter_context(Visitors(trip.front.port))
        yield visitors


def test_p24_redis_cut_off(site, stack, report):
    trip = Trip(site, stack, CUT_S + TAIL_S)
    with visited(trip) as visitors:
        visitors.wait_for(200, time.monotonic(), 5)
        site.hosts.cut(QUEUE)
        cut = time.monotonic()
        refused_s = visitors.wait_for(503, cut, 10)
        trip.pass_time(cut + CUT_S)
        within = [v for v in visitors.since(cut + refused_s) if v.status != 503]
        site.hosts.heal()
        cured = time.monotonic()
        resumed_s = trip.resumed_s()
        served_s = visitors.wait_for(200, cured, 20)
    assert not within and set(visitors.statuses()) == {200, 503}
    assert refused_s <= REFUSED_S + SCHEDULING_S and visitors.longest_s() <= REFUSED_S + SCHEDULING_S
    assert served_s <= RESUMES_S
    report(trip.judge(), refused_s=round(refused_s, 1), served_s=round(served_s, 1), resumed_s=resumed_s)
    missing = visitors.kept() - {r["svix_id"] for r in stack.database.rows("SELECT svix_id FROM webhook_events")}
    assert not missing, f"answered 200 and lost: {sorted(missing)[:5]}"


def cut_in_a_transaction(trip, host):
    """Returns the moment of the cut."""
    address = trip.hosts.address(host)
    for _ in range(100):
        trip.hosts.cut(host)
        cut = time.monotonic()
        if trip.site.server.run("SELECT pg_sleep(0.1); SELECT 1 FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' "
                                f"AND client_addr = '{address}'").strip():
            return cut
        trip.hosts.heal()
        calm = wait.Pause(0.3)
        wait.until(calm.is_over, 5)
    raise AssertionError("never in a transaction")


def test_p24_a_worker_cut_off_in_a_transaction(site, stack, report):
    """The others take its entries over; it comes back with a batch in hand that others have applied, and newer ones too."""
    trip = Trip(site, stack, CUT_S + TAIL_S + 5)
    lone = WORKERS[0]
    cut = cut_in_a_transaction(trip, lone)
    standstill_s = trip.pass_time(cut + CUT_S)

    def consumer():
        return next(c for c in stack.redis.client.xinfo_consumers(STREAM, GROUP) if c["name"] == lone.encode())
    assert consumer()["pending"] == 0, "nobody took over what it had"
    site.hosts.heal()
    cured = time.monotonic()
    with site.hosts.inside(lone):
        wait.until(lambda: trip.workers[0].get("/readyz")[0] == 200, RESUMES_S + SCHEDULING_S, "the worker to be back")
    back_s = time.monotonic() - cured
    trip.judge_nobody_was_refused()
    report(trip.judge(), standstill_s=round(standstill_s, 1), back_s=round(back_s, 1))
    assert standstill_s <= STANDSTILL_S + SCHEDULING_S, f"the others stood still for {standstill_s:.1f} s"
    if LONG:
        sessions = f"SELECT count(*) FROM pg_stat_activity WHERE client_addr = '{site.hosts.address(lone)}'"
        wait.until(lambda: int(site.server.run(sessions)) <= 2, 60, "the server to forget the sessions that were cut")


def test_p24_hosts_far_apart(site, stack, report):
    """Each packet takes 20 ms from host to host, there and back."""
    with site.hosts.slow(DELAY_S):
        trip = Trip(site, stack, figure(8, 60))
        trip.sender.finish()
        trip.judge_nobody_was_refused()
        report(trip.judge())


def test_p24_a_worker_cut_off_from_its_database_ends_when_told(site, stack, report):
    front, worker = site.ingest(stack), site.worker(stack, WORKERS[0])
    site.hosts.cut(BASE)
    with site.hosts.inside(FRONT):
        front.deliver([("msg_1", samples.user(1))])
    calm = wait.Pause(2.5)  # it looks at the database every 2 s
    wait.until(calm.is_over, 5)
    told = time.monotonic()
    worker.signal(signal.SIGTERM)
    assert worker.wait_exit(20) == 0
    took = time.monotonic() - told
    assert took <= 10, f"took {took:.1f} s"
    site.hosts.heal()
    site.worker(stack, WORKERS[1], CLAIM_IDLE_MS=1000)
    stack.redis.wait_drained()
    assert stack.database.row("users", "user_e2e1")
    report(seconds=round(took, 1))


def test_p24_a_silent_host_of_several_is_passed_over(site, stack, report):
    """As after a failover, when the first host of the URL has vanished."""
    class Several(RemoteDatabase):
        url = f"postgres://clerk@{site.hosts.address(WORKERS[2])},{stack.database.address}/clerk?schema={stack.database.schema}"

    site.hosts.cut(WORKERS[2])
    begun = time.monotonic()
    with site.hosts.inside(WORKERS[0]):
        stack.worker(REDIS_URL=site.redis_url, database=Several(site.server, stack.database.schema, None))
    report(seconds=round(time.monotonic() - begun, 1))


def xlen_calls(redis):
    return redis.client.info("commandstats").get("cmdstat_xlen", {"calls": 0})["calls"]


def test_p24_a_read_that_was_given_up_takes_nothing_later(site, stack):
    """The worker sends its read into the silence. Were it still delivered after the cure, it would take entries for nobody."""
    worker = site.worker(stack, WORKERS[0], ready=False, BATCH_SIZE=50, CLAIM_IDLE_MS=120000, WORKER_ADMIN_LISTEN="")
    worker.wait_log("event=started")
    looks = xlen_calls(stack.redis)
    wait.until(lambda: xlen_calls(stack.redis) > looks, 5, "its look at the backlog, which then is not due for 2 s")
    lock = threading.Thread(target=stack.database.run, args=("BEGIN; LOCK TABLE users IN EXCLUSIVE MODE; SELECT pg_sleep(1); COMMIT",))
    lock.start()
    wait.until(lambda: stack.database.rows("SELECT 1 FROM pg_locks WHERE relation = 'users'::regclass AND mode = 'ExclusiveLock' "
                                           "AND granted"), 5, "the lock")
    put(stack.redis, [("msg_first", "user.created", samples.user("first"))])
    wait.until(lambda: stack.redis.pending() == 1, 5, "the worker to take it")
    site.hosts.cut(QUEUE)
    lock.join()
    wait.until(lambda: stack.database.count("webhook_events") == 1, 10, "the worker to apply it")
    between, after = wait.Pause(7.5), wait.Pause(14)  # Linux sends again 6.2 s and 12.6 s after that
    wait.until(between.is_over, 10)
    site.hosts.heal()
    count = 0
    while not after.is_over():
        if stack.redis.backlog() < 500:
            put(stack.redis, [(f"msg_{n}", "user.created", samples.user(n)) for n in range(count, count + 500)])
            count += 500
    stack.redis.wait_drained(20)
    assert stack.database.count("webhook_events") == count + 1
