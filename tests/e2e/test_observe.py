"""What an operator sees: health, metrics, logs; and what nobody may see in them."""
import json

import pytest

from harness import samples, signing, wait
from harness.database import both_databases
from harness.process import INGEST, WORKER, run

MARKER = "Markerina"
EMAIL = "marker@private.example"


def marked(number):
    address = [{"id": f"idn_{number}", "object": "email_address", "email_address": EMAIL, "verification": None}]
    return samples.user(number, first_name=MARKER, email_addresses=address, primary_email_address_id=f"idn_{number}")


def trouble(front, redis):
    """One of everything that leads to a log line somewhere."""
    front.post(marked(1))
    front.post(marked(2), secret=signing.OTHER_SECRET)
    front.post(marked(3), timestamp=1)
    front.post(marked(4), path="/nowhere")
    front.post(marked(5), {})
    front.post(marked(6)[:-4])
    front.post(marked(7).replace(b'"user_e2e7"', b"7"))
    front.post(b'{"success": true}')
    redis.wait_drained()


@both_databases
@pytest.mark.parametrize("level", ["info", "debug"])
def test_logs_hold_no_secret_no_body_and_no_email_address(stack, redis, level):
    front, back = stack.ingest(LOG_LEVEL=level), stack.worker(LOG_LEVEL=level)
    trouble(front, redis)
    for program in (front, back):
        program.stop()
        text = program.log()
        assert text, "a program that says nothing at all is hard to run"
        for word in (MARKER, EMAIL, signing.SECRET, signing.SECRET.removeprefix("whsec_"), "v1,"):
            assert word not in text, f"{word} in the log of {program.argv[0]}"


def test_json_logs_are_one_object_a_line(stack, redis):
    front, back = stack.ingest(LOG_FORMAT="json", LOG_LEVEL="debug"), stack.worker(LOG_FORMAT="json", LOG_LEVEL="debug")
    trouble(front, redis)
    for program in (front, back):
        program.stop()
        lines = [json.loads(line) for line in program.log().splitlines()]
        assert lines and all({"ts", "level", "program"} <= line.keys() for line in lines)


def test_the_logfmt_of_a_hostile_path_stays_one_line(stack, redis):
    front = stack.ingest(LOG_LEVEL="debug")
    before = len(front.log().splitlines())
    front.post(b"{}", path='/x"y%0Alevel=error\\event=forged')
    front.stop()
    assert all(line.startswith("ts=") for line in front.log().splitlines()[before:])


@both_databases
def test_health_follows_the_world(own_stack, own_redis):
    front, back = own_stack.ingest(), own_stack.worker()
    for program in (front, back):
        assert program.get("/livez")[0] == 200 and program.get("/readyz")[0] == 200 and program.get("/healthz")[0] == 200
        assert program.get("/nonsense")[0] == 404
    own_redis.stop()
    for program in (front, back):
        status, text = wait.until(lambda: (a := program.get("/readyz"))[0] == 503 and a, 20, "not ready")
        assert text.strip() and program.get("/livez")[0] == 200
    own_redis.start()
    for program in (front, back):
        program.wait_ready()


def test_the_built_in_health_check_agrees(own_stack, own_redis):
    front, back = own_stack.ingest(), own_stack.worker()
    def check(program, name, binary):
        env = {f"{name}_ADMIN_LISTEN": f"127.0.0.1:{program.admin_port}", "CLERK_WEBHOOK_SIGNING_SECRET": signing.SECRET,
               "DATABASE_URL": own_stack.database.url}
        return run([binary, "--healthcheck"], env).returncode
    assert check(front, "INGEST", INGEST) == 0 and check(back, "WORKER", WORKER) == 0
    own_redis.stop()
    wait.until(lambda: front.get("/readyz")[0] == 503 and back.get("/readyz")[0] == 503, 20, "not ready")
    assert check(front, "INGEST", INGEST) != 0 and check(back, "WORKER", WORKER) != 0
    front.stop()
    assert check(front, "INGEST", INGEST) != 0


@both_databases
def test_metrics_are_prometheus_text_and_count(stack, redis):
    front, back = stack.ingest(), stack.worker()
    trouble(front, redis)
    assert back.metric("clerk_worker_events_processed_total") == 4
    dead = [line for line in back.get("/metrics")[1].splitlines() if 'result="dead"}' in line]
    assert sum(int(line.rsplit(" ", 1)[1]) for line in dead) == 2
    for program, prefix in ((front, "clerk_ingest_"), (back, "clerk_worker_")):
        seen, text = set(), program.get("/metrics")[1]
        for line in text.splitlines():
            if line.startswith("# "):
                continue
            name, value = line.rsplit(" ", 1)
            float(value)
            assert name.startswith((prefix, "process_")) and name not in seen, line
            seen.add(name)
        assert seen and text.endswith("\n") and "# HELP" in text and "# TYPE" in text
        assert MARKER not in text and EMAIL not in text
    requests = [line for line in front.get("/metrics")[1].splitlines() if line.startswith("clerk_ingest_requests_total")]
    assert requests and front.metric("clerk_ingest_requests_total") >= 8


@both_databases
def test_status_tells_the_backlog_and_dead_shows_the_letters(stack, redis):
    front = stack.ingest()
    front.post(marked(1))
    env = {"REDIS_URL": redis.url, "DATABASE_URL": stack.database.url}
    waiting = run([WORKER, "status"], env)
    assert waiting.returncode == 0 and "1" in waiting.stdout, waiting.stderr
    back = stack.worker()
    front.post(b"broken", svix_id="msg_broken")
    redis.wait_drained()
    dead = run([WORKER, "dead", "list"], env)
    assert dead.returncode == 0 and "msg_broken" in dead.stdout, dead.stderr
    assert back.alive()


def test_peek_shows_what_waits(stack, redis):
    front = stack.ingest()
    front.post(samples.user(1), svix_id="msg_waiting")
    done = run([WORKER, "peek"], {"REDIS_URL": redis.url, "DATABASE_URL": stack.database.url})
    assert done.returncode == 0 and "msg_waiting" in done.stdout, done.stderr
    assert redis.backlog() == 1


@both_databases
def test_migrate_makes_the_tables_without_a_redis(stack):
    done = run([WORKER, "migrate"], {"DATABASE_URL": stack.database.url, "REDIS_URL": "redis://127.0.0.1:1"})
    assert done.returncode == 0, done.stderr
    assert stack.database.count("users") == 0 and stack.database.count("webhook_events") == 0


@both_databases
def test_rows_that_are_there_survive_a_second_migration(stack, ingest, redis):
    worker = stack.worker()
    ingest.deliver([("msg_1", samples.user(1))])
    redis.wait_drained()
    worker.stop()
    assert run([WORKER, "migrate"], {"DATABASE_URL": stack.database.url}).returncode == 0
    assert stack.database.count("users") == 1


def test_a_reason_that_comes_to_light_during_an_outage_is_told_once(own_stack, own_redis):
    """The connection is lost first; what stands in the way of another one shows later."""
    back, front = own_stack.worker(), own_stack.ingest()
    own_redis.stop()
    for program, down in ((back, "event=redis_unavailable"), (front, "event=queue_down")):
        later = down.replace("redis_", "redis_still_").replace("queue_", "queue_still_")
        program.wait_log(later)
        said = [line for line in program.log().splitlines() if later in line]
        assert "cannot connect: Connection refused" in said[-1], program.log()
        assert program.log().count(down) == 1
    tried = back.metric("clerk_worker_redis_errors_total")
    wait.until(lambda: back.metric("clerk_worker_redis_errors_total") >= tried + 3, 30, "more attempts")
    assert back.log().count("event=redis_still_unavailable") == front.log().count("event=queue_still_down") == 1
    own_redis.start()
    back.wait_log("event=redis_available")
    front.wait_log("event=queue_up")
