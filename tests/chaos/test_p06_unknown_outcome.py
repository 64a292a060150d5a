"""P6: an XADD, or an acknowledgement, of which nobody knows whether it happened is never assumed done."""
import pytest
from harness import samples, wait
from harness.redis_server import STREAM

from bench import oracle, proxy
from bench.load import Load, ingests
from bench.settings import both_databases, figure

pytestmark = both_databases

# how the link fails -> how many entries the two deliveries of one event leave in the stream
LINKS = {proxy.CUT_AFTER_REQUEST: {2}, proxy.CUT_BEFORE_REPLY: {2}, proxy.RESET: {1}, proxy.HALF_OPEN: {1, 2}}


@pytest.fixture
def link(redis):
    between = proxy.Proxy(redis.port)
    yield between
    between.close()


def deliver_until_200(front, body, svix_id):
    wait.until(lambda: (answer := front.post(body, svix_id=svix_id)) and answer.status == 200, 20, "a 200")


@pytest.mark.parametrize("mode", LINKS)
def test_p06_unknown_xadd_is_503_and_its_double_takes_effect_once(mode, stack, redis, link):
    front = stack.ingest(REDIS_URL=link.url)
    for n in range(figure(3, 100)):
        svix_id, body = f"msg_unknown{n}", samples.user(n)
        link.misbehave(mode, match=b"XADD")
        answer = front.post(body, svix_id=svix_id)
        assert answer.status == 503 and int(answer.headers["retry-after"]) > 0
        link.misbehave(proxy.PASS)
        front.wait_ready()
        deliver_until_200(front, body, svix_id)
        entries = [fields[b"id"].decode() for _, fields in redis.client.xrange(STREAM)]
        assert entries.count(svix_id) in LINKS[mode]
    stack.worker()
    redis.wait_drained()
    assert stack.database.count("webhook_events") == stack.database.count("users") == n + 1
    assert not stack.database.rows(oracle.DOUBLED)


def test_p06_bad_links_on_both_sides_lose_and_double_nothing(stack, redis, link, dice, report):
    """Ingest and worker reach Redis only through a link that fails again and again, at whatever is going on."""
    front = ingests(stack, 1, REDIS_URL=link.url)
    worker = stack.worker(REDIS_URL=link.url, CLAIM_IDLE_MS=1000, BATCH_SIZE=100)
    load = Load(front, count=figure(5000, 100000), rate=600)
    faults = 0
    while load.sender.is_sending():
        link.misbehave(dice.choice([proxy.CUT_AFTER_REQUEST, proxy.CUT_BEFORE_REPLY, proxy.RESET]),
                       match=dice.choice([b"XADD", b"XACK", b"XREADGROUP", b""]))
        hits, bad, good = link.hits, wait.Pause(0.3), wait.Pause(dice.uniform(0.4, 1.2))
        wait.until(lambda: link.hits > hits or bad.is_over(), 10, "a fault")
        faults += 1
        link.misbehave(proxy.PASS)
        wait.until(lambda: good.is_over() or not load.sender.is_sending(), 10, "calm")
    verdict = oracle.check(load.plan, load.finish(), stack.database, redis)
    assert worker.alive()
    report(verdict, load.sender, faults=faults)
