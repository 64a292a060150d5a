"""A database that is filled on SQLite and moves to PostgreSQL: its events, the command, and what both sides then hold."""
import sqlite3
from contextlib import closing

from . import samples
from .database import OBJECT_TABLES
from .process import WORKER, run
from .tools import POISON

AT = 1790000000000
USERS = 2500
TABLES = [*OBJECT_TABLES, "webhook_events", "dead_letters", "tombstones", "worker_attempts"]
ODD = ['"\\u0000"', '"\\ud800"', "9007199254740993", "1e999", '"\u20ac\U0001f600"', '""', "null"]


def odd_events():
    """Values that databases and parsers differ about, in metadata, in names, and where an event has its type."""
    for n, value in enumerate(ODD):
        body = samples.user(f"odd{n}", first_name="", last_name=None, unsafe_metadata="HERE")
        yield f"msg_odd{n}", body.replace(b'"HERE"', f'{{"x":{value}}}'.encode())
        yield f"msg_name{n}", samples.user(f"name{n}", first_name="HERE").replace(b'"HERE"', value.encode())
    for n, kind in enumerate([b"user.\xff", b"user.\\u0000x", b"", "user.\u20ac".encode(), b"%s%n"]):
        yield f"msg_type{n}", b'{"type":"' + kind + b'","timestamp":1790000000000,"data":{"id":5}}'


def sample(s):
    """Deletes are of other objects than the rest, so that no table stays empty."""
    body = samples.body({**s.event, "data": {**s.data, "id": s.data["id"] + "x"}}) if s.type.endswith(".deleted") else s.body
    return "msg_" + s.type.replace(".", "_"), body


def events():
    yield from map(sample, samples.ALL)
    yield "msg_unknown", samples.variant("unknown.type").body
    yield from odd_events()
    yield "msg_poison", POISON
    for n in range(USERS):
        address = [{"id": f"idn_{n}", "object": "email_address", "email_address": f"{n}@example.com"}]
        yield f"msg_user{n}", samples.user(n, first_name=f"n{n}", email_addresses=address, primary_email_address_id=f"idn_{n}")
        if n % 100 == 0:
            yield f"msg_gone{n}", samples.deleted(n, at=AT + 9000)


def move(source, target, *options, code=0, **env):
    done = run([WORKER, "migrate", "--to", getattr(target, "url", target), *options],
               {"DATABASE_URL": source.url, "REDIS_URL": "redis://127.0.0.1:1", **env}, timeout_s=120)
    assert done.returncode == code, f"{done.returncode}\n{done.stdout[-3000:]}\n{done.stderr}"
    return done


def change(source, sql):
    with closing(sqlite3.connect(source.path)) as db, db:
        db.execute(sql)


def as_text(value):
    """What PostgreSQL stores for bytes that SQLite took for a text."""
    try:
        return value.decode() if b"\0" not in value else None
    except UnicodeDecodeError:
        return None


def sqlite_rows(path):
    tables = {}
    with closing(sqlite3.connect(path)) as db:
        db.text_factory = bytes
        for table in TABLES:
            read = db.execute(f"SELECT * FROM {table} ORDER BY 1")
            names = [d[0] for d in read.description]
            tables[table] = [{k: as_text(v) if isinstance(v, bytes) and k != "body" else v
                              for k, v in zip(names, row)} for row in read]
    return tables


def postgres_rows(target):
    tables = {table: target.rows(f"SELECT * FROM {table}") for table in TABLES}
    for table, rows in tables.items():
        rows.sort(key=lambda r: r["id"] if "id" in r else (r.get("svix_id") or r["clerk_id"]).encode())
    return tables


def assert_same(source, target):
    here, there = sqlite_rows(source.path), postgres_rows(target)
    for table in TABLES:
        assert there[table] == here[table], table
    return here


def copying(target):
    """How far the copy has come; None: none is under way."""
    found = target.rows("SELECT sum(copied) AS n FROM clerk_copy")
    return found[0]["n"] if found else None
