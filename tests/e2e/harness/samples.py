"""The sample events: one of each type, in causal order, as compact as Clerk sends them."""
import json

from .process import ROOT

DIRECTORY = ROOT / "ingest/samples"
VARIANTS = ROOT / "tests/fixtures/variants"


class Sample:
    def __init__(self, path):
        self.event = json.loads(path.read_text())
        self.body = json.dumps(self.event, separators=(",", ":"), ensure_ascii=False).encode()

    @property
    def type(self):
        return self.event["type"]

    @property
    def data(self):
        return self.event["data"]

    @property
    def timestamp(self):
        return self.event["timestamp"]


ALL = [Sample(DIRECTORY / name) for name in (DIRECTORY / "ORDER.txt").read_text().split()]
BY_TYPE = {s.type: s for s in ALL}


def variant(name):
    return Sample(VARIANTS / f"{name}.json")


def body(event):
    return json.dumps(event, separators=(",", ":")).encode()


def user(number, event_type="user.created", at=1790000000000, **fields):
    """A small user event: number names the user, fields replace payload keys."""
    data = {"id": f"user_e2e{number}", "object": "user", "created_at": 1789000000000, "updated_at": at, **fields}
    return body({"data": data, "object": "event", "type": event_type, "timestamp": at, "instance_id": "ins_e2e"})


def deleted(number, at=1790000000000, kind="user"):
    data = {"id": f"{kind}_e2e{number}", "object": kind, "deleted": True}
    return body({"data": data, "object": "event", "type": f"{kind}.deleted", "timestamp": at, "instance_id": "ins_e2e"})
