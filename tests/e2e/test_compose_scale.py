"""Three ingests behind the proxy and four workers: restarted one by one and all at once, killed at random, added to, always
under load."""
import asyncio
import json
import random
import resource
import socket
import time
import urllib.error
import urllib.request

import pytest

from harness import samples
from harness.compose import NEEDS_ENGINE, Compose, Load, docker

HELD = 1000  # as many webhooks as the proxy holds while no ingest is ready
KILLS = 10
SEED = 20261120

pytestmark = NEEDS_ENGINE


@pytest.fixture(scope="module")
def compose(tmp_path_factory):
    made = Compose("clerksyncscale", tmp_path_factory.mktemp("compose"))
    try:
        yield made.start("ingest=3", "worker=4")
    finally:
        made.end()


def check_every_accepted_event_took_effect_once(compose, load):
    compose.wait_drained()
    database = compose.database()
    outcomes = {r["svix_id"]: r["outcome"] for r in database.rows("SELECT svix_id, outcome FROM webhook_events")}
    assert [i for i in load.answers if outcomes.get(i) != "applied"] == []
    assert database.count("dead_letters") == 0 and database.integrity() == "ok"


def test_ingests_and_workers_restarted_one_by_one_refuse_nobody(compose):
    with Load(compose, "rolling") as load:
        for service in ("ingest", "worker"):
            for container in compose.containers(service):
                docker("restart", "-t", "20", container)
                compose.wait_ready(container, service)
                load.wait_for_more()
    assert load.refused() == {}
    check_every_accepted_event_took_effect_once(compose, load)


@pytest.mark.parametrize("services", [["ingest"], ["worker"], ["redis"], ["ingest", "worker", "redis"]], ids="-".join)
def test_services_restarted_as_a_whole_refuse_nobody(compose, services):
    with Load(compose, "restart" + "".join(services)) as load:
        load.wait_for_more(20)
        compose("restart", *services)
        load.wait_for_more()
    assert load.refused() == {}
    check_every_accepted_event_took_effect_once(compose, load)


def test_a_proxy_that_reads_its_configuration_again_refuses_nobody(compose):
    with Load(compose, "reload") as load:
        for _ in range(2):
            load.wait_for_more(50)
            compose("kill", "-s", "USR2", "proxy")
        compose("restart", "ingest")  # the new process knows which ones are ready
        load.wait_for_more()
    assert load.refused() == {}
    check_every_accepted_event_took_effect_once(compose, load)


def test_containers_killed_at_random_refuse_nobody_and_lose_nothing(compose):
    chance = random.Random(SEED)
    with Load(compose, "killed") as load:
        for _ in range(KILLS):
            service = chance.choice(("ingest", "worker"))
            container = chance.choice(sorted(compose.containers(service)))
            docker("kill", container)
            load.wait_for_more()
            docker("start", container)
            compose.wait_ready(container, service)
    assert load.refused() == {}
    check_every_accepted_event_took_effect_once(compose, load)
    log = docker("logs", compose.containers("proxy")[0]).splitlines()
    retried = [json.loads(line) for line in log if line.startswith("{")]
    assert retried and all(line["event"] == "request" for line in retried)


def test_an_ingest_that_is_added_takes_over_from_the_old_ones(compose):
    old = compose.containers("ingest")
    with Load(compose, "added") as load:
        compose("up", "-d", "--no-deps", "--no-recreate", "--scale", "ingest=4", "ingest")
        new, = set(compose.containers("ingest")) - set(old)
        compose.wait_ready(new, "ingest")
        load.wait_for_more()
        for container in old:
            docker("stop", "-t", "20", container)
            docker("rm", container)
            load.wait_for_more()
    assert compose.containers("ingest") == [new] and len(compose.containers("worker")) == 4
    assert load.refused() == {}
    check_every_accepted_event_took_effect_once(compose, load)


def test_large_events_pass_the_proxy_and_too_large_ones_are_answered_413(compose):
    # A client that goes on sending after the answer may see a reset (0) in its place.
    for size, answers in ((200_000, [200]), (1_000_000, [200]), (2_000_000, [413, 0]), (20_000_000, [413, 0])):
        assert compose.post(samples.user(f"size{size}", private_metadata={"x": "y" * size}), f"msg_size{size}") in answers, size
    compose.wait_drained()
    stored = {r["clerk_id"] for r in compose.database().rows("SELECT clerk_id FROM users WHERE clerk_id LIKE 'user_e2esize%'")}
    assert stored == {"user_e2esize200000", "user_e2esize1000000"}


def test_senders_that_stall_in_the_middle_of_a_large_event_take_no_ingest_away(compose):
    def downs():
        return [line for line in docker("logs", compose.containers("proxy")[0]).splitlines() if "is DOWN" in line]

    before = downs()
    stalled = [socket.create_connection(("127.0.0.1", compose.port), timeout=20) for _ in range(5)]
    for sender in stalled:
        sender.sendall(b"POST /api/webhooks HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n" + b"x" * 100000)
    for sender in stalled:
        assert sender.recv(100).startswith(b"HTTP/1.1 502 ")  # ingest's patience is over
        sender.close()
    assert compose.post(samples.user("stalled"), "msg_stalled") == 200 and downs() == before


def test_the_proxy_alone_is_published_and_has_no_more_rights_than_it_needs(compose):
    proxy = compose.inspect(compose.containers("proxy")[0])
    host = proxy["HostConfig"]
    assert list(host["PortBindings"]) == ["3000/tcp"]
    assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and host["PidsLimit"] and host["Memory"]
    assert not any(compose.inspect(c)["HostConfig"]["PortBindings"] for s in ("ingest", "worker", "redis") for c in compose.containers(s))


async def seconds_until_503(port):
    start = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST /api/webhooks HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
    assert (await reader.readline()).startswith(b"HTTP/1.1 503 ")
    writer.close()
    return time.monotonic() - start


def test_without_any_ingest_the_proxy_holds_a_thousand_and_answers_in_its_words(compose):
    for container in compose.containers("ingest"):
        docker("stop", "-t", "20", container)
    start = time.monotonic()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"http://127.0.0.1:{compose.port}/api/webhooks", b"{}", timeout=20)
    assert refused.value.code == 503 and refused.value.headers["Retry-After"] == "5"
    assert refused.value.read() == b'{"error":"Queue unavailable"}'
    assert 9 < time.monotonic() - start < 15  # Svix waits for 15

    async def crowd():
        return await asyncio.gather(*[seconds_until_503(compose.port) for _ in range(HELD + 200)])

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    waited = asyncio.run(asyncio.wait_for(crowd(), 60))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert 0 < sum(s < 8 for s in waited) <= 400  # those beyond the thousand did not wait
