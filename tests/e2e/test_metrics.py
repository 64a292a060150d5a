"""Metrics as Prometheus reads them: promtool's judgement, a real scrape, and every query that we ship."""
import json
import re
import subprocess
import urllib.parse
import urllib.request

import pytest

from harness import samples, signing, wait
from harness.process import ROOT, Process, free_port

MONITORING = ROOT / "common/monitoring"
NAMES = """clerk_ingest_requests_total clerk_ingest_request_duration_seconds_bucket clerk_ingest_signature_failures_total
    clerk_ingest_clock_skew_seconds clerk_ingest_connections clerk_ingest_xadd_duration_seconds_bucket clerk_ingest_redis_up
    clerk_ingest_build_info clerk_worker_stream_length clerk_worker_group_lag clerk_worker_pending
    clerk_worker_oldest_entry_age_seconds clerk_worker_consumers clerk_worker_redis_up clerk_worker_events_processed_total
    clerk_worker_end_to_end_seconds_bucket clerk_worker_batch_size_bucket clerk_worker_tx_duration_seconds_bucket
    clerk_worker_dead_letters clerk_worker_last_event_timestamp_seconds clerk_worker_build_info""".split()
PROCESS = """process_resident_memory_bytes process_virtual_memory_bytes process_cpu_seconds_total process_open_fds process_max_fds
    process_start_time_seconds""".split()


def promtool(*words, stdin=None):
    return subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True, timeout=60, input=stdin)


def number(program, line):
    """The value of the one sample that line begins."""
    found = [t.rsplit(" ", 1)[1] for t in program.get("/metrics")[1].splitlines() if t.startswith(line + " ")]
    assert len(found) == 1, f"{line}: {found}"
    return float(found[0])


def test_promtool_finds_nothing_to_say(stack, redis):
    front, back = stack.ingest(), stack.worker()
    front.post(samples.user(1))
    redis.wait_drained()
    for program in (front, back):
        done = promtool("check", "metrics", stdin=program.get("/metrics")[1])
        assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_promised_names_are_there(stack, redis):
    front, back = stack.ingest(), stack.worker()
    texts = {p: p.get("/metrics")[1] for p in (front, back)}
    for name in NAMES + PROCESS:
        owners = [front] if name.startswith("clerk_ingest") else [back] if name.startswith("clerk_worker") else [front, back]
        for owner in owners:
            assert re.search(rf"^{name}[ {{]", texts[owner], re.M), name


def test_histograms_count_each_request_and_each_event(stack, redis):
    front, back = stack.ingest(), stack.worker()
    for i in range(5):
        front.post(samples.user(i))
    front.post(samples.user(6), secret=signing.OTHER_SECRET)
    redis.wait_drained()
    assert number(front, "clerk_ingest_request_duration_seconds_count") == 6
    assert number(front, "clerk_ingest_xadd_duration_seconds_count") == 5
    assert 0 < number(front, "clerk_ingest_xadd_duration_seconds_sum") < number(front, "clerk_ingest_request_duration_seconds_sum")
    assert number(back, "clerk_worker_end_to_end_seconds_count") == 5
    assert number(back, "clerk_worker_batch_size_sum") == 5
    batches = number(back, "clerk_worker_batch_size_count")
    assert batches == number(back, "clerk_worker_tx_duration_seconds_count") == number(back, "clerk_worker_batches_total")
    assert number(back, 'clerk_worker_batch_size_bucket{le="+Inf"}') == batches


def test_an_old_event_shows_in_the_end_to_end_time(stack, redis):
    front, back = stack.ingest(), stack.worker()
    front.post(samples.user(1), timestamp=signing.now_s() - 200)
    redis.wait_drained()
    assert number(back, "clerk_worker_end_to_end_seconds_sum") >= 200
    assert number(back, 'clerk_worker_end_to_end_seconds_bucket{le="120"}') == 0
    assert number(back, 'clerk_worker_end_to_end_seconds_bucket{le="300"}') == 1


def test_queue_gauges_tell_the_backlog_before_and_after(stack, redis):
    front, back = stack.ingest(), stack.worker()
    wait.until(lambda: number(back, "clerk_worker_consumers") == 1, 20, "the consumer to be seen")
    back.kill()
    for i in range(3):
        front.post(samples.user(i))
    redis.client.xreadgroup("workers", "somebody", {"clerk:events": ">"}, count=1)
    back = stack.worker()
    wait.until(lambda: number(back, "clerk_worker_pending") == 1 and number(back, "clerk_worker_group_lag") == 0, 20, "pending")
    assert number(back, "clerk_worker_consumers") == 3
    assert number(back, "clerk_worker_stream_length") == 1
    assert number(back, "clerk_worker_oldest_entry_age_seconds") > 0


def test_dead_letters_and_the_last_event_survive_a_restart(stack, redis):
    front, back = stack.ingest(), stack.worker()
    before = signing.now_s()
    front.post(b"broken")
    redis.wait_drained()
    wait.until(lambda: number(back, "clerk_worker_dead_letters") == 1, 20, "the dead letter to be counted")
    back.stop()
    again = stack.worker()
    wait.until(lambda: number(again, "clerk_worker_dead_letters") == 1, 20, "the dead letter to be counted again")
    assert before <= number(again, "clerk_worker_last_event_timestamp_seconds") <= signing.now_s() + 1
    assert number(again, 'clerk_worker_events_processed_total{type="other",result="dead"}') == 0


def test_events_are_counted_by_type_and_answers_by_reason(stack, redis):
    front, back = stack.ingest(), stack.worker()
    front.post(samples.user(1))
    front.post(b'{"type":"shoe.tied","data":{"id":"shoe_1"}}')
    front.post(samples.user(2), secret="whsec_" + "QQ" * 16)
    redis.wait_drained()
    wait.until(lambda: number(back, 'clerk_worker_events_processed_total{type="other",result="applied"}') == 1, 20, "the unknown type")
    assert number(back, 'clerk_worker_events_processed_total{type="user.created",result="applied"}') == 1
    assert number(front, 'clerk_ingest_requests_total{code="200",reason="received"}') == 2
    assert number(front, 'clerk_ingest_requests_total{code="400",reason="bad_signature"}') == 1
    assert number(front, "clerk_ingest_backpressure") == 0
    wait.until(lambda: number(back, "clerk_worker_redis_aof_ok") == 1, 20, "Redis' append-only file to be seen")
    for series in ('clerk_worker_db_errors_total{class="data"}', 'clerk_worker_db_errors_total{class="operator"}', "clerk_worker_claimed_total"):
        assert number(back, series) == 0


def test_process_numbers_are_those_of_the_process(stack):
    front = stack.ingest()
    status = dict(line.split(":", 1) for line in open(f"/proc/{front.pid}/status").read().splitlines())
    resident = int(status["VmRSS"].split()[0]) * 1024
    assert resident / 2 < number(front, "process_resident_memory_bytes") < resident * 2
    assert abs(number(front, "process_start_time_seconds") - signing.now_s()) < 30
    assert 3 < number(front, "process_open_fds") < number(front, "process_max_fds")


def test_promtool_takes_the_rules_and_the_configuration():
    for words in (("check", "config", MONITORING / "prometheus.yml"), ("check", "rules", MONITORING / "alerts.yml")):
        done = promtool(*words)
        assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_when_it_should_and_only_then():
    done = promtool("test", "rules", ROOT / "tests/e2e/alerts_test.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    named = set(re.findall(r"alert: (\w+)", (MONITORING / "alerts.yml").read_text()))
    assert named <= set(re.findall(r"Clerk\w+", (ROOT / "tests/e2e/alerts_test.yml").read_text()))


class Prometheus:
    """A real one on loopback that scrapes a pair once a second."""

    def __init__(self, directory, targets):
        self.port = free_port()
        jobs = "".join(f"  - job_name: {job}\n    static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n" for job, port in targets)
        config = directory / "prometheus.yml"
        config.write_text("global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
                          f"rule_files: ['{MONITORING}/alerts.yml']\nscrape_configs:\n{jobs}")
        self.process = Process(["prometheus", f"--config.file={config}", f"--storage.tsdb.path={directory}/data",
                                f"--web.listen-address=127.0.0.1:{self.port}"], {}, directory / "prometheus.log")

    def get(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(url, timeout=10) as answer:
            told = json.load(answer)
        assert told["status"] == "success", told
        return told["data"]

    def query(self, text):
        return self.get("query", query=text)["result"]

    def is_scraping(self):
        try:
            return len(self.query("up == 1")) == 2
        except OSError:
            return False


@pytest.fixture
def watched(stack, redis, tmp_path):
    """The pair with traffic of every kind, as Prometheus has seen it twice or more."""
    front, back = stack.ingest(), stack.worker()
    prometheus = Prometheus(tmp_path, [("clerk-ingest", front.admin_port), ("clerk-worker", back.admin_port)])
    try:
        wait.until(prometheus.is_scraping, 30, "a first scrape")
        for i in range(20):
            front.post(samples.user(i))
            front.post(samples.user(i), secret=signing.OTHER_SECRET)
        front.post(b"broken")
        redis.wait_drained()
        wait.until(lambda: prometheus.query("rate(clerk_worker_batches_total[1m]) > 0") and
                   prometheus.query("rate(clerk_ingest_stored_total[1m]) > 0"), 30, "a second scrape")
        yield prometheus
    finally:
        prometheus.process.stop()


def dashboard_queries():
    board = json.loads((MONITORING / "grafana-dashboard.json").read_text())
    return [(p["title"], t["expr"].replace("$__rate_interval", "1m")) for p in board["panels"] for t in p["targets"]]


def alert_queries():
    """Each alert's expression without what it is compared with: the number that it watches."""
    text = (MONITORING / "alerts.yml").read_text()
    for name, block in re.findall(r"- alert: (\w+)\n(.*?)(?=\n\n|\Z)", text, re.S):
        expr = re.search(r"expr: (.*?)\n        (?:for|labels):", block, re.S)[1].replace(">-", "")
        yield name, re.sub(r" (==|>) [0-9.* ]+$", "", expr.split(" or ")[0].strip())


def test_a_real_prometheus_gets_data_for_every_panel_and_every_alert(watched):
    queries = [*dashboard_queries(), *alert_queries()]
    assert len(queries) > 40
    empty = [(name, text) for name, text in queries if not watched.query(text)]
    assert not empty
    rules = watched.get("rules")["groups"][0]["rules"]
    wait.until(lambda: all(r["health"] == "ok" for r in watched.get("rules")["groups"][0]["rules"]), 20, "all rules to work")
    assert len(rules) == len(list(alert_queries()))


def test_a_real_prometheus_raises_the_alarm(watched):
    def firing():
        return {a["labels"]["alertname"] for a in watched.get("alerts")["alerts"] if a["state"] == "firing"}
    wait.until(lambda: firing() >= {"ClerkDeadLetters", "ClerkSignatureFailures"}, 30, "the two that need no waiting")
    assert not firing() & {"ClerkRedisDown", "ClerkDatabaseDown", "ClerkNoEvents", "ClerkBacklogOld"}
