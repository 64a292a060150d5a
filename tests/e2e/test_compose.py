"""docker-compose.yml as a user runs it: four workers, one event of every kind, Redis restarted."""
import json

import pytest

from harness import samples, signing
from harness.compose import NEEDS_ENGINE, Compose
from harness.database import OBJECT_TABLES

pytestmark = NEEDS_ENGINE


@pytest.fixture(scope="module")
def compose(tmp_path_factory):
    made = Compose("clerksynctest", tmp_path_factory.mktemp("compose"))
    try:
        yield made.start("worker=4")
    finally:
        made.end()


def test_one_event_of_every_kind_goes_through_four_workers(compose):
    assert len(compose.containers("worker")) == 4
    story = [s for s in samples.ALL if not s.type.endswith(".deleted")] + [samples.variant("unknown.type")]
    for sample in story:
        assert compose.post(sample.body, "msg_" + sample.type.replace(".", "_")) == 200, sample.type
    compose.wait_drained()
    database = compose.database()
    assert database.count("webhook_events") == len(story)
    assert [t for t in OBJECT_TABLES if database.count(t) == 0] == []
    assert database.count("dead_letters") == 0 and database.integrity() == "ok"


def test_a_webhook_right_after_a_restart_of_redis_and_the_only_ingest_waits_for_both(compose):
    compose("restart", "redis", "ingest")
    assert compose.post(samples.user("after_restart"), "msg_after_restart") == 200
    compose.wait_drained()
    assert compose.database().row("users", "user_e2eafter_restart")


def test_the_containers_have_no_more_rights_than_they_need(compose):
    for service in ("proxy", "ingest", "worker"):
        found = compose.inspect(compose.containers(service)[0])
        host = found["HostConfig"]
        assert host["ReadonlyRootfs"] and host["CapDrop"] == ["ALL"] and host["PidsLimit"] and host["Memory"]
        assert any("no-new-privileges" in option for option in host["SecurityOpt"])
        assert found["Config"]["User"].startswith("haproxy" if service == "proxy" else "10001")
        assert signing.SECRET not in json.dumps(found)
    services = ("proxy", "redis", "ingest", "worker")
    published = {s: compose.inspect(compose.containers(s)[0])["HostConfig"]["PortBindings"] for s in services}
    assert list(published.pop("proxy")) == ["3000/tcp"] and not any(published.values())


def test_sigterm_ends_every_container_with_exit_code_0(compose):
    programs = [c for service in ("proxy", "worker", "ingest") for c in compose.containers(service)]
    compose("stop", "proxy", "worker", "ingest")
    for container in programs:
        assert compose.inspect(container)["State"]["ExitCode"] == 0, container
