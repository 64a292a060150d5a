"""Every event type that Clerk sends, from the signed request to the columns of its row."""
import json

import pytest

import expected
from harness import samples, signing, wait
from harness.redis_server import RedisServer
from harness.stack import Stack

UPSERTS = [s for s in samples.ALL if not s.type.endswith(".deleted")]
DELETES = [s for s in samples.ALL if s.type.endswith(".deleted")]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def line(request, tmp_path_factory):
    """One ingest, one worker and one database of each kind for this file; tests run in the causal order of the samples."""
    directory = tmp_path_factory.mktemp("events")
    server = RedisServer(tmp_path_factory.mktemp("events_redis"))
    made = Stack(server, directory)
    if request.param == "postgres":
        made.database = request.getfixturevalue("session_server").database("events")
    made.front, made.back = made.ingest(), made.worker()
    yield made
    made.finish()
    server.stop()


def apply(line, body, svix_id=None):
    """Delivers a body and waits for its ledger row; returns the outcome."""
    svix_id = svix_id or signing.new_id()
    answer = line.front.post(body, svix_id=svix_id)
    assert answer.status == 200, answer.body
    return wait.until(lambda: line.database.outcome(svix_id), 20, f"the outcome of {svix_id}")


def decoded(value, like):
    """A column's value in the payload's terms."""
    if isinstance(like, bool) and value is not None:
        return bool(value)
    if isinstance(like, (dict, list)) and value is not None:
        return json.loads(value)
    return value


def test_there_are_51_samples():
    assert len(samples.BY_TYPE) == 51


@pytest.mark.parametrize("sample", UPSERTS, ids=[s.type for s in UPSERTS])
def test_an_event_becomes_its_row(line, sample):
    assert apply(line, sample.body) == "applied"
    table, _ = expected.table_of(sample.type)
    row = line.database.row(table, sample.data["id"])
    wanted = expected.columns(sample.event)
    assert {k: decoded(row[k], v) for k, v in wanted.items()} == wanted
    stored = json.loads(row["data"])
    assert expected.without_secrets(sample.event).keys() >= stored.keys()
    for key, value in expected.without_secrets(sample.event).items():
        if key not in ("phone_numbers", "user", "invitation"):  # these lose secrets inside
            assert stored[key] == value, key


@pytest.mark.parametrize("sample", UPSERTS, ids=[s.type for s in UPSERTS])
def test_a_secret_of_the_payload_is_nowhere_in_its_row(line, sample):
    table, _ = expected.table_of(sample.type)
    row = line.database.row(table, sample.data["id"])
    text = json.dumps(row)
    for name in expected.SECRET_PATHS.get(sample.type.partition(".")[0], []):
        value = sample.data.get(name)
        if isinstance(value, str) and len(value) > 3:
            assert json.dumps(value)[1:-1] not in text, name
    assert "__clerk_ticket" not in text


def test_a_user_event_fills_the_child_tables(line):
    user = samples.BY_TYPE["user.updated"]
    for table, (array, column) in expected.USER_CHILDREN.items():
        rows = line.database.rows(f"SELECT * FROM {table} WHERE user_id = ? ORDER BY clerk_id", user.data["id"])
        wanted = sorted((e["id"], e[column]) for e in user.data[array])
        assert [(r["clerk_id"], r[column]) for r in rows] == wanted, table
        assert wanted, f"the sample has no {array}"
        for row in rows:
            element = next(e for e in user.data[array] if e["id"] == row["clerk_id"])
            status = (element.get("verification") or {}).get("status")
            assert row["verified"] == int(status == "verified")
    primary = line.database.rows("SELECT email_address FROM user_emails WHERE is_primary = 1")
    assert [r["email_address"] for r in primary] == [expected.columns(user.event)["email"]]


def test_an_application_can_join_members_with_their_organization(line):
    rows = line.database.rows("""SELECT o.name, m.role FROM organization_memberships m
        JOIN organizations o ON o.clerk_id = m.organization_id""")
    assert [(r["name"], r["role"]) for r in rows] == [(samples.BY_TYPE["organization.updated"].data["name"],
                                                       samples.BY_TYPE["organizationMembership.updated"].data["role"])]


def test_an_unknown_type_lands_in_other_objects(line):
    unknown = samples.variant("unknown.type")
    assert apply(line, unknown.body) == "applied"
    row = line.database.row("other_objects", unknown.data["id"])
    assert row["type"] == unknown.type and row["event_at"] == unknown.timestamp


@pytest.mark.parametrize("name", ["user.created.phone-only", "user.created.google", "user.updated.max-metadata"])
def test_a_variant_of_a_user_becomes_its_row(line, name):
    sample = samples.variant(name)
    assert apply(line, sample.body) == "applied"
    row = line.database.row("users", sample.data["id"])
    wanted = expected.columns(sample.event)
    assert {k: decoded(row[k], v) for k, v in wanted.items()} == wanted


def test_an_alias_of_a_type_is_handled_as_the_type(line):
    alias = samples.variant("subscriptionItem.past_due.alias")
    assert apply(line, alias.body) in ("applied", "stale")
    assert line.database.row("subscription_items", alias.data["id"])


def test_a_number_above_two_to_the_53_keeps_its_digits(line):
    body = samples.user("big", public_metadata={"n": 9007199254740993})
    assert apply(line, body) == "applied"
    row = line.database.row("users", "user_e2ebig")
    assert "9007199254740993" in row["public_metadata"] and "9007199254740993" in row["data"]


def test_a_timestamp_in_seconds_is_taken_as_milliseconds(line):
    assert apply(line, samples.user("seconds", at=1790000000)) == "applied"
    assert line.database.row("users", "user_e2eseconds")["event_at"] == 1790000000000


def test_the_test_message_of_svix_is_recorded_and_ignored(line):
    assert apply(line, b'{"success": true}') == "ignored"


@pytest.mark.parametrize("sample", DELETES, ids=[s.type for s in DELETES])
def test_a_delete_removes_its_row_and_leaves_a_tombstone(line, sample):
    table, _ = expected.table_of(sample.type)
    assert apply(line, sample.body) == "applied"
    assert line.database.row(table, sample.data["id"]) is None
    tombstone = line.database.row("tombstones", sample.data["id"])
    assert tombstone["event_at"] == sample.timestamp


def test_nothing_of_a_deleted_user_and_organization_is_left_but_billing(line):
    user = samples.BY_TYPE["user.deleted"].data["id"]
    organization = samples.BY_TYPE["organization.deleted"].data["id"]
    for table in ["user_emails", "user_phones", "user_wallets", "user_external_accounts", "sessions",
                  "organization_memberships", "emails", "sms_messages"]:
        assert line.database.rows(f"SELECT * FROM {table} WHERE user_id = ?", user) == [], table
    for table in ["organization_memberships", "organization_invitations", "organization_domains"]:
        assert line.database.rows(f"SELECT * FROM {table} WHERE organization_id = ?", organization) == [], table
    for table in ["subscriptions", "subscription_items", "payment_attempts"]:
        assert line.database.rows(f"SELECT * FROM {table} WHERE user_id = ?", user), table


def test_everything_was_acknowledged_and_nothing_is_dead(line):
    line.redis.wait_drained()
    assert line.database.count("dead_letters") == 0
    assert line.database.integrity() == "ok"
