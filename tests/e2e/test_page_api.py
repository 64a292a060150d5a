"""The page's JSON: the same as the commands print, and only for those who may see it. tests/page drives a browser."""
import http.client
import json

from harness import samples, wait
from harness.database import both_databases
from harness.process import ROOT, free_port
from harness.tools import POISON, lines, tool

TOKEN = "correct-horse-battery"


def ask(port, path, method="GET", body=None, **headers):
    """(status, headers, text) of one request; host=… replaces the Host header."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, named)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, response.headers, text


def get(worker, path, **headers):
    status, _, text = ask(worker.admin_port, path, **headers)
    assert status == 200, f"{path}: {status} {text}"
    return json.loads(text)


def poisoned(stack, ingest, redis):
    worker = stack.worker()
    ingest.deliver([("msg_bad", POISON), ("msg_good", samples.user(1))])
    redis.wait_drained()
    return worker


@both_databases
def test_status_has_what_the_command_prints(stack, ingest, redis):
    worker = poisoned(stack, ingest, redis)
    mine, theirs = get(worker, "/api/status"), lines(tool(stack, "status", "--json"))[0]
    assert mine.keys() == theirs.keys() and mine["database"].keys() == theirs["database"].keys()
    assert mine["database"]["ledger_rows"] == theirs["database"]["ledger_rows"] == 2
    assert [t["type"] for t in mine["types"]] == [t["type"] for t in theirs["types"]]


@both_databases
def test_dead_letters_are_those_of_the_command(stack, ingest, redis):
    worker = poisoned(stack, ingest, redis)
    assert get(worker, "/api/dead")["letters"] == lines(tool(stack, "dead", "list", "--json"))
    assert get(worker, "/api/dead?type=session.*") == {"letters": [], "total": 0}
    assert get(worker, "/api/dead/letter?id=msg_bad&whole=1")["letter"] == lines(tool(stack, "dead", "show", "msg_bad", "--json"))[0]
    assert ask(worker.admin_port, "/api/dead/letter?id=msg_none")[0] == 404
    assert ask(worker.admin_port, "/api/dead?count=x")[0] == 400


@both_databases
def test_a_look_up_finds_the_event_and_the_object(stack, ingest, redis):
    worker = poisoned(stack, ingest, redis)
    found = get(worker, "/api/find?id=user_e2e1")
    assert found["object"]["table"] == "users" and found["events"][0]["svix_id"] == "msg_good"
    assert get(worker, "/api/find?id=msg_bad")["dead"][0]["svix_id"] == "msg_bad"
    assert get(worker, "/api/find?id=msg_none")["events"] == []


def test_any_of_several_workers_shows_the_whole_queue(stack, ingest, redis):
    workers = [stack.worker(WORKER_NAME=name) for name in ("one", "two")]
    for worker in workers:
        assert {c["name"] for c in get(worker, "/api/status")["queue"]["consumers"]} == {"one", "two"}


@both_databases
def test_a_change_needs_the_csrf_token(stack, ingest, redis):
    worker = poisoned(stack, ingest, redis)
    for headers in ({}, {"X_CSRF_Token": ""}, {"X_CSRF_Token": "0" * 64}):
        assert ask(worker.admin_port, "/api/dead/drop", "POST", "all=1", **headers)[0] == 403
    assert stack.database.count("dead_letters") == 1
    csrf = get(worker, "/api/session")["csrf"]
    assert ask(worker.admin_port, "/api/dead/drop", "GET", X_CSRF_Token=csrf)[0] == 405
    for body in ("", "id=msg_bad&all=1", "id=msg_bad&type=x", "all=2"):
        assert ask(worker.admin_port, "/api/dead/drop", "POST", body, X_CSRF_Token=csrf)[0] == 400
    status, _, text = ask(worker.admin_port, "/api/dead/drop", "POST", "all=1", X_CSRF_Token=csrf)
    assert (status, json.loads(text)) == (200, {"count": 1, "more": False})


def test_without_a_token_only_this_machine_s_own_names_are_served(stack, ingest, redis):
    worker = stack.worker()
    assert ask(worker.admin_port, "/", Host="localhost")[0] == 200
    for path in ("/", "/api/status", "/api/session"):
        assert ask(worker.admin_port, path, Host="evil.example")[0] == 403
    assert ask(worker.admin_port, "/readyz", Host="evil.example")[0] == 200


def test_elsewhere_nothing_but_the_metrics_is_served_without_the_token(stack, ingest, redis):
    for env, refusal in (({}, 403), ({"WORKER_ADMIN_TOKEN": TOKEN}, 401)):
        port = free_port()
        worker = stack.worker(ready=False, WORKER_ADMIN_LISTEN=f"0.0.0.0:{port}", **env)
        worker.admin_port = port
        worker.wait_ready()
        assert ask(port, "/livez")[0] == ask(port, "/metrics")[0] == 200
        for path in ("/api/status", "/api/session", "/api/samples", "/api/dead", "/api/find?id=x", "/nothing"):
            assert ask(port, path)[0] == refusal, path
        assert ask(port, "/")[0] == (303 if env else 403)
        assert ask(port, "/main.js")[0] == (303 if env else 403)
    assert ask(port, "/api/status", Authorization=f"Bearer {TOKEN}")[0] == 200
    assert ask(port, "/api/dead/drop", "POST", "all=1", Authorization=f"Bearer {TOKEN}")[0] == 200
    assert TOKEN not in worker.log()


def test_logging_in_sets_a_cookie_that_scripts_cannot_read(stack, ingest, redis):
    worker = stack.worker(WORKER_ADMIN_TOKEN=TOKEN)
    status, headers, _ = ask(worker.admin_port, "/login", "POST", f"token={TOKEN}x")
    assert status == 303 and "Set-Cookie" not in headers and headers["Location"] == "/login#wrong"
    status, headers, _ = ask(worker.admin_port, "/login", "POST", f"token={TOKEN}")
    assert status == 303 and "HttpOnly" in headers["Set-Cookie"] and "SameSite=Strict" in headers["Set-Cookie"]
    cookie = headers["Set-Cookie"].split(";")[0]
    csrf = get(worker, "/api/session", Cookie=cookie)["csrf"]
    assert ask(worker.admin_port, "/api/dead/drop", "POST", "all=1", Cookie=cookie)[0] == 403
    assert ask(worker.admin_port, "/api/dead/drop", "POST", "all=1", Cookie=cookie, X_CSRF_Token=csrf)[0] == 200


def test_guessing_the_token_is_answered_429_and_told_once(stack, redis):
    worker = stack.worker(WORKER_ADMIN_TOKEN=TOKEN)
    cookie = ask(worker.admin_port, "/login", "POST", f"token={TOKEN}")[1]["Set-Cookie"].split(";")[0]
    codes = [ask(worker.admin_port, "/login", "POST", f"token=guess{n}")[0] for n in range(15)]
    assert codes == [303] * 10 + [429] * 5
    status, headers, text = ask(worker.admin_port, "/login", "POST", f"token={TOKEN}")
    assert status == 429 and 0 < int(headers["Retry-After"]) <= 60 and "error" in json.loads(text) and "Set-Cookie" not in headers
    codes = [ask(worker.admin_port, "/api/status", Authorization=f"Bearer guess{n}")[0] for n in range(15)]
    assert codes == [401] * 10 + [429] * 5
    assert worker.log().count("why=too_many_wrong_tokens") == 2, "one line for the form, one for bearers"
    assert ask(worker.admin_port, "/api/status", Cookie=cookie)[0] == 200
    assert ask(worker.admin_port, "/metrics")[0] == 200


def test_a_redis_user_with_few_rights_is_not_asked_for_more_again_and_again(stack, redis):
    rights = next(line for line in (ROOT / "common/packaging/redis/users.acl").read_text().splitlines() if line.startswith("user worker"))
    words = [">secret" if word.startswith("#") else word for word in rights.split()[3:]]
    redis.client.execute_command("ACL", "SETUSER", "clerkworker", "on", *words)
    try:
        worker = stack.worker(REDIS_URL=redis.url.replace("redis://", "redis://clerkworker:secret@"))
        assert get(worker, "/api/status")["redis"]["appendfsync"] is None
        wait.until(lambda: len(get(worker, "/api/samples")["samples"]) >= 2, 20, "two samples")
        before = redis.client.info("stats")["total_connections_received"]
        seen = len(get(worker, "/api/samples")["samples"])
        wait.until(lambda: len(get(worker, "/api/samples")["samples"]) >= seen + 2, 20, "two more samples")
        get(worker, "/api/status")
        assert redis.client.info("stats")["total_connections_received"] == before
        assert worker.stop() == 0
    finally:
        redis.client.execute_command("ACL", "DELUSER", "clerkworker")
