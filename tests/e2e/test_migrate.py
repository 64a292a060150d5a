"""clerk-worker migrate --to postgres://…: a whole SQLite database moves, nothing is lost on the way and nothing doubled."""
import os
import pty
import shutil
import signal
import sqlite3
import subprocess
from contextlib import closing

import pytest

from harness import postgres, samples
from harness.database import Database
from harness.moving import AT, TABLES, assert_same, change, copying, events, move, sqlite_rows
from harness.process import WORKER, clean_env, run

pytestmark = pytest.mark.skipif(not postgres.is_installed(), reason="no PostgreSQL server is installed")


@pytest.fixture(scope="module")
def filled(session_redis, session_stack, session_ingest, tmp_path_factory):
    """An SQLite file that a real pair has filled."""
    session_redis.empty()
    path = tmp_path_factory.mktemp("filled") / "clerk.db"
    worker = session_stack.worker(database=Database(path))
    session_ingest.deliver(list(events()))
    session_redis.wait_drained(120)
    assert worker.stop() == 0
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO worker_attempts VALUES ('msg_killer', 2)")
        db.execute("UPDATE webhook_events SET type = CAST(x'75ff' AS TEXT) WHERE svix_id = 'msg_poison'")
        db.execute("UPDATE dead_letters SET type = 'a' || char(0) || 'b' WHERE svix_id = 'msg_poison'")
    return path


@pytest.fixture
def source(filled, redis, tmp_path):
    shutil.copy(filled, tmp_path / "clerk.db")
    return Database(tmp_path / "clerk.db")


@pytest.fixture
def target(server, schema):
    return server.database(schema)


# --- what arrives ---

def test_every_column_of_every_row_arrives_as_it_was(source, target):
    done = move(source, target)
    rows = assert_same(source, target)
    assert len(rows["users"]) > 2400 and [t for t in TABLES if not rows[t]] == []
    for table in ("webhook_events", "dead_letters"):  # a type that is no text for PostgreSQL
        assert target.rows(f"SELECT type FROM {table} WHERE svix_id = 'msg_poison'") == [{"type": None}]
    assert copying(target) is None
    lines = done.stdout.splitlines()
    assert f"copied users: {len(rows['users'])} of {len(rows['users'])} rows" in lines
    assert [line.split("\t")[:2] for line in lines if "\t" in line] == [[t, str(len(rows[t]))] for t in TABLES]
    assert lines[-1].startswith(f"moved {sum(map(len, rows.values()))} rows, the same on both sides")
    assert "\r" not in done.stdout and done.stderr == ""


def test_an_empty_database_moves_too(tmp_path, target):
    source = Database(tmp_path / "empty.db")
    assert run([WORKER, "migrate"], {"DATABASE_URL": source.url}).returncode == 0
    assert move(source, target).stdout.splitlines()[-1].startswith("moved 0 rows")
    assert target.count("users") == 0


def test_workers_go_on_where_the_others_ended(stack, ingest, source, target):
    move(source, target)
    last, before = target.rows("SELECT max(id) AS n FROM users")[0]["n"], target.count("webhook_events")
    stack.worker(database=target)
    ingest.deliver([("msg_user7", samples.user(7, first_name="again")), ("msg_stale", samples.user(7, at=AT - 5, first_name="old")),
                    ("msg_back", samples.user(100, at=AT + 99000)), ("msg_new", samples.user("new", first_name="new")),
                    ("msg_newer", samples.user(8, "user.updated", at=AT + 5, first_name="newer"))])
    stack.redis.wait_drained()
    assert target.count("webhook_events") == before + 4, "msg_user7 is known"
    assert [target.outcome(m) for m in ("msg_stale", "msg_back", "msg_new", "msg_newer")] == ["stale", "stale", "applied", "applied"]
    assert target.row("users", "user_e2e7")["first_name"] == "n7" and target.row("users", "user_e2e100") is None
    assert target.row("users", "user_e2e8")["first_name"] == "newer" and target.row("users", "user_e2enew")["id"] > last


def test_a_second_time_nothing_is_copied_and_all_of_it_compared(source, target):
    first = move(source, target).stdout.splitlines()[-1]
    assert move(source, target).stdout.splitlines()[-1] == first
    assert_same(source, target)


# --- killed ---

@pytest.mark.parametrize("point", ["before_copied:3", "after_copied:2"])
def test_killed_again_and_again_it_goes_on_and_never_doubles(stack, source, target, point):
    places = []
    while (done := run([WORKER, "migrate", "--to", target.url], {"DATABASE_URL": source.url, "CLERK_FAULT": point},
                       timeout_s=60)).returncode == -signal.SIGKILL:
        places.append(copying(target))
        assert len(places) < 40
    assert done.returncode == 0, done.stderr
    assert len(places) > 5 and places == sorted(set(places)), "each run went on from where the last one was"
    assert_same(source, target)


def test_no_worker_takes_a_target_that_is_not_whole(stack, source, target):
    move(source, target, code=-signal.SIGKILL, CLERK_FAULT="after_copied:1")
    worker = stack.worker(ready=False, database=target)
    assert worker.wait_exit() == 1 and "a copy into this database is not finished" in worker.log()
    assert run([WORKER, "status"], {"DATABASE_URL": target.url, "REDIS_URL": stack.redis.url}).returncode == 0
    move(source, target)
    stack.worker(database=target)


def test_what_changed_at_the_source_meanwhile_is_noticed(source, target):
    move(source, target, code=-signal.SIGKILL, CLERK_FAULT="after_copied:4")
    change(source, "INSERT INTO tombstones VALUES ('user_late', 'user', 1)")
    said = move(source, target, code=1).stderr
    assert said.count("\n") == 1 and "tombstones: the SQLite database has changed since this copy began" in said


@pytest.mark.parametrize("damage,table", [
    ("UPDATE users SET first_name = 'x' WHERE clerk_id = 'user_e2e9'", "users"),
    ("UPDATE users SET banned = 1 WHERE clerk_id = 'user_e2e9'", "users"),
    ("UPDATE users SET last_name = '' WHERE clerk_id = 'user_e2e9'", "users"),
    ("DELETE FROM user_emails WHERE clerk_id = 'idn_9'", "user_emails"),
    ("INSERT INTO tombstones VALUES ('user_x', 'user', 1)", "tombstones"),
    ("UPDATE dead_letters SET body = body || 'x'::bytea WHERE svix_id = 'msg_poison'", "dead_letters"),
    ("UPDATE webhook_events SET svix_id = 'msg_9' WHERE svix_id = 'msg_user9'", "webhook_events"),
])
def test_one_damaged_row_is_found_and_its_table_named(source, target, damage, table):
    move(source, target, code=-signal.SIGKILL, CLERK_FAULT="before_moved")
    target.run(damage)
    said = move(source, target, code=1).stderr
    assert said.count("\n") == 1 and said.startswith(f"clerk-worker migrate: {table} is not the same: "), said
    assert copying(target) is not None, "no worker takes it"


def test_the_order_of_the_targets_own_collation_does_no_harm(server, source, target):
    server.run("CREATE DATABASE other TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'")
    url = target.url.replace("/clerk?", "/other?")
    move(source, url, code=-signal.SIGKILL, CLERK_FAULT="before_moved")
    more = f'INSERT INTO "{target.schema}".tombstones SELECT n || chr(65 + n % 50), \'user\', 1 FROM generate_series(1, 250000) AS n'
    server.run(more, database="other")
    rows = source.count("tombstones")
    said = move(source, url, code=1).stderr
    assert f"tombstones is not the same: {rows} rows with" in said and f" in SQLite, {rows + 250000} with" in said
    server.run(f'DELETE FROM "{target.schema}".tombstones WHERE event_at = 1', database="other")
    move(source, url)


# --- what is refused ---

def test_refused_while_a_worker_has_the_file(stack, source, target):
    worker = stack.worker(database=source)
    said = move(source, target, code=1).stderr
    assert said.count("\n") == 1 and "another program has the database open to write; stop all workers first" in said
    assert target.rows("SELECT * FROM users") == []
    assert worker.stop() == 0
    move(source, target)


def test_one_who_only_reads_is_no_hindrance(source, target):
    with closing(sqlite3.connect(source.path)) as db:
        db.execute("BEGIN")
        assert db.execute("SELECT count(*) FROM users").fetchone()[0] > 2400
        move(source, target)


def test_refused_where_the_target_holds_other_rows(stack, ingest, source, target):
    worker = stack.worker(database=target)
    ingest.deliver([("msg_elsewhere", samples.user("elsewhere"))])
    stack.redis.wait_drained()
    assert worker.stop() == 0
    for options in ([], ["--dry-run"]):
        said = move(source, target, *options, code=1).stderr
        assert said.count("\n") == 1 and "users: the target holds rows of another origin" in said and "--to" in said
    assert target.count("users") == 1 and copying(target) is None


def test_refused_where_the_targets_schema_is_newer(source, target):
    postgres.migrate(target)
    target.run("INSERT INTO clerk_migrations VALUES (99)")
    assert "schema version 99 is newer than this program's 1" in move(source, target, code=1).stderr


@pytest.mark.parametrize("sql,words", [
    ("first_name = 'a' || char(0)", "first_name holds bytes that are no text"),
    ("first_name = CAST(x'ff' AS TEXT)", "first_name holds bytes that are no text"),
    ("clerk_id = hex(randomblob(90000))", "SQLSTATE 54000"),
], ids=["nul", "utf8", "long"])
def test_a_row_that_postgres_cannot_store_is_named_and_can_be_mended(source, target, sql, words):
    row = source.row("users", "user_e2e9")["id"]
    change(source, f"UPDATE users SET {sql} WHERE id = {row}")
    said = move(source, target, code=1).stderr
    assert said.count("\n") == 1 and f"users: mend or remove the row {row} at the source: " in said and words in said, said
    change(source, f"UPDATE users SET first_name = 'mended', clerk_id = 'user_mended' WHERE id = {row}")
    move(source, target)
    assert_same(source, target)


@pytest.mark.parametrize("url,code,words", [
    ("sqlite:other.db", 2, "--to takes postgres://"), ("mysql://x", 2, "--to takes postgres://"),
    ("postgres://u:p@ss@host/x", 2, "--to: percent-encode @"), ("postgres://u:sesame@127.0.0.1:1/x", 1, "refused"),
    ("postgres://u:sesame%@host/x", 1, "--to is no address"), ("postgres://h/x?schema=a-b", 2, "schema= takes"),
])
def test_a_wrong_address_is_one_line_without_its_password(source, url, code, words):
    said = move(source, url, code=code).stderr
    assert said.count("\n") == 1 and words in said and "sesame" not in said and "p@ss" not in said, said


def test_a_wrong_source_is_one_line(tmp_path, target):
    said = move(Database(tmp_path / "none.db"), target, code=1).stderr
    assert "there is no database yet" in said and not (tmp_path / "none.db").exists()
    assert "DATABASE_URL is PostgreSQL already" in move(target, target, code=2).stderr
    assert "--dry-run needs --to" in run([WORKER, "migrate", "--dry-run"]).stderr


# --- what is shown ---

def test_a_dry_run_tells_and_writes_nothing(server, source, target):
    rows = {table: len(found) for table, found in sqlite_rows(source.path).items()}
    said = move(source, target, "--dry-run").stdout
    assert f"users\t{rows['users']}\t" in said
    assert said.splitlines()[-1] == f"dry run: {sum(rows.values())} rows to copy, into tables that are still to be made"
    assert server.run(f"SELECT count(*) FROM pg_namespace WHERE nspname = '{target.schema}'").strip() == "0"
    move(source, target, code=-signal.SIGKILL, CLERK_FAULT="after_copied:1")
    assert "1000 are there from a copy that goes on" in move(source, target, "--dry-run").stdout
    change(source, "UPDATE users SET first_name = 'a' || char(0) WHERE clerk_id = 'user_e2e9'")
    assert "first_name holds bytes that are no text" in move(source, target, "--dry-run", code=1).stderr


def test_a_terminal_gets_a_bar(source, target):
    ours, theirs = pty.openpty()
    child = subprocess.Popen([WORKER, "migrate", "--to", target.url], env=clean_env({"DATABASE_URL": source.url}), stdout=theirs,
                             stderr=theirs)
    os.close(theirs)
    said = b""
    try:
        while piece := os.read(ours, 65536):
            said += piece
    except OSError:  # the terminal is closed
        pass
    assert child.wait(60) == 0, said
    assert b"\r\033[K[" in said and b"%" in said and b" of " in said and b"TABLE " in said
