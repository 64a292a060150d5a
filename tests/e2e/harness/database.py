"""Looking into the worker's SQLite file as an application would."""
import sqlite3
from contextlib import closing

import pytest

# What touches the database runs with both; the kind stands in the test's name.
both_databases = pytest.mark.parametrize("kind", ["sqlite", "postgres"], indirect=True)

OBJECT_TABLES = """users user_emails user_phones user_wallets user_external_accounts organizations organization_memberships
organization_invitations organization_domains sessions roles permissions invitations waitlist_entries emails sms_messages
subscriptions subscription_items payment_attempts other_objects""".split()


class Database:
    def __init__(self, path):
        self.path = path

    @property
    def url(self):
        return f"sqlite:{self.path}"

    def rows(self, sql, *args):
        """All rows as dicts; [] while the worker has not made the tables yet."""
        if not self.path.exists():
            return []
        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=10)) as db:
            db.row_factory = sqlite3.Row
            try:
                return [dict(r) for r in db.execute(sql, args)]
            except sqlite3.OperationalError as e:
                if "no such table" in str(e):
                    return []
                raise

    def row(self, table, clerk_id):
        found = self.rows(f"SELECT * FROM {table} WHERE clerk_id = ?", clerk_id)
        return found[0] if found else None

    def count(self, table):
        return self.rows(f"SELECT count(*) AS n FROM {table}")[0]["n"]

    def outcome(self, svix_id):
        found = self.rows("SELECT outcome FROM webhook_events WHERE svix_id = ?", svix_id)
        return found[0]["outcome"] if found else None

    def dump(self):
        """Everything that must not depend on the order of delivery: all columns but our own id."""
        tables = {}
        for table in [*OBJECT_TABLES, "tombstones"]:
            rows = self.rows(f"SELECT * FROM {table} ORDER BY clerk_id")
            tables[table] = [{k: v for k, v in r.items() if k != "id"} for r in rows]
        tables["webhook_events"] = self.rows("SELECT svix_id, type, clerk_id, event_at FROM webhook_events ORDER BY svix_id")
        tables["dead_letters"] = self.rows("SELECT svix_id, type FROM dead_letters ORDER BY svix_id")
        return tables

    def run(self, sql):
        """Changes something, as another program would."""
        with closing(sqlite3.connect(self.path, timeout=20, isolation_level=None)) as db:
            db.executescript(sql)

    def refuse(self, table, condition="1 = 1", words="refused"):
        """From now on nothing is inserted into the table where the condition holds for the row new."""
        self._refuse("ABORT", words, table, condition)

    def refuse_at_commit(self, table, condition):
        """SQLite's nearest to it: the whole transaction is undone, savepoints included."""
        self._refuse("ROLLBACK", "too late", table, condition)

    def _refuse(self, how, words, table, condition):
        self.run(f"CREATE TRIGGER refuse BEFORE INSERT ON {table} WHEN {condition} BEGIN SELECT RAISE({how}, '{words}'); END")

    def refuse_by_exception(self, table, condition="1 = 1"):
        """In the way that this database's users do it. SQLite takes no more than a fixed text."""
        self.refuse(table, condition, "raised by a trigger")

    def accept(self, table):
        self.run("DROP TRIGGER refuse")

    def integrity(self):
        return self.rows("PRAGMA integrity_check")[0]["integrity_check"]
