"""Lives of Clerk objects as events in the order in which they happened, for tests that deliver them in another order."""
import json

from harness.redis_server import STREAM

from .plan import BASE_MS


class History:
    """Events as (svix_id, type, body). Each happens one ms after the one before."""

    def __init__(self):
        self.events = []

    def add(self, kind, verb, clerk_id, **data):
        at = BASE_MS + len(self.events)
        if verb == "deleted":
            data = {"deleted": True}
        else:
            data = {"created_at": BASE_MS, "updated_at": at, "public_metadata": {"at": at}, **data}
        event = {"data": {"id": clerk_id, "object": kind, **data}, "object": "event", "type": f"{kind}.{verb}", "timestamp": at,
                 "instance_id": "ins_chaos"}
        self.events.append((f"msg_h{len(self.events)}", event["type"], json.dumps(event, separators=(",", ":")).encode()))

    def user(self, verb, clerk_id, addresses=()):
        self.add("user", verb, clerk_id, first_name=f"v{len(self.events)}", primary_email_address_id=addresses[0] if addresses else None,
                 email_addresses=[{"id": a, "object": "email_address", "email_address": f"{a}@chaos.test",
                                   "verification": {"status": "verified"}} for a in addresses])

    def membership(self, verb, clerk_id, organization_id, user_id):
        self.add("organizationMembership", verb, clerk_id, role=f"org:v{len(self.events)}", organization={"id": organization_id},
                 public_user_data={"user_id": user_id})


def life_of_a_user(history, clerk_id, delete):
    """create, three updates that change the addresses, delete. Returns the numbers of these events."""
    first = len(history.events)
    history.user("created", clerk_id, [f"idn_{clerk_id}_a"])
    history.user("updated", clerk_id, [f"idn_{clerk_id}_a", f"idn_{clerk_id}_b"])
    history.user("updated", clerk_id, [f"idn_{clerk_id}_b"])
    history.user("updated", clerk_id, [f"idn_{clerk_id}_c", f"idn_{clerk_id}_b"])
    if delete:
        history.user("deleted", clerk_id)
    return range(first, len(history.events))


def crowded_life(dice, count):
    """Users, organizations, memberships and sessions that come, change and go: count events."""
    history = History()
    living = {"user": [], "organization": [], "organizationMembership": [], "session": []}
    while len(history.events) < count:
        kind = dice.choice(list(living))
        verb = dice.choices(["created", "updated", "deleted"], [4, 8, 1 if kind != "session" else 0])[0]
        if verb == "created" or not living[kind]:
            verb, thing = "created", f"{kind}_{len(history.events)}"
            owner = [dice.choice(living[k]) if living[k] else f"{k}_none" for k in ("organization", "user")]
            living[kind].append((thing, owner[0][0] if isinstance(owner[0], tuple) else owner[0],
                                 owner[1][0] if isinstance(owner[1], tuple) else owner[1]))
            one = living[kind][-1]
        else:
            one = dice.choice(living[kind])
        if verb == "deleted":
            living[kind].remove(one)
        happen(history, kind, verb, one)
    return history


def happen(history, kind, verb, one):
    thing, organization_id, user_id = one
    if kind == "user":
        history.user(verb, thing, [f"idn_{thing}"])
    elif kind == "organizationMembership":
        history.membership(verb, thing, organization_id, user_id)
    elif kind == "session":
        history.add(kind, verb, thing, user_id=user_id, client_id="client_x", status=f"v{len(history.events)}")
    else:
        history.add(kind, verb, thing, name=f"v{len(history.events)}", slug=thing, created_by=user_id)


def put(redis, events, key=STREAM):
    """Into the stream as ingest would, in the order given."""
    pipe = redis.client.pipeline(transaction=False)
    for n, (svix_id, event_type, body) in enumerate(events):
        pipe.xadd(key, {"id": svix_id, "type": event_type, "ts": BASE_MS // 1000, "received": BASE_MS, "body": body})
        if n % 1000 == 999:
            pipe.execute()
    pipe.execute()
