"""Templates for bench-load out of the samples: real payloads whose ids and times become holes (tools/event_mix.h)."""
import json
import re
from pathlib import Path

SAMPLES = Path(__file__).resolve().parents[3] / "ingest/samples"
OBJECT_ID = re.compile(r"\b(user|org|sess|idn|orgmem|orginv|orgdmn|client|sess_activity)_([0-9A-Za-z]{27})\b")
TIMES = ("timestamp", "updated_at", "last_active_at")
ID_HOLE, TIME_HOLE = "#" * 24, "~" * 13

# What Clerk sends of users, sessions and organizations: type, and how many rounds back the object is that it speaks of.
LIFE = [("user.created", 0), ("session.created", 0), ("organization.created", 0), ("organizationMembership.created", 0),
        ("user.updated", 0), ("session.ended", 0), ("session.created", 1), ("organization.updated", 1), ("user.updated", 2),
        ("organizationInvitation.created", 2), ("session.removed", 1), ("email.created", 0), ("organizationMembership.updated", 3),
        ("session.created", 3), ("user.updated", 4), ("organizationMembership.deleted", 5), ("user.deleted", 8),
        ("session.updated", 3), ("user.created", 0), ("organization.deleted", 9)]
MIXES = {"life": LIFE, "users": [("user.created", 0)]}


def with_holes(value, key=None):
    """The same value; times that tell the order of events become holes."""
    if isinstance(value, dict):
        return {k: with_holes(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [with_holes(v) for v in value]
    return TIME_HOLE if key in TIMES and isinstance(value, int) else value


def line(place, kind, back):
    """The salt keeps objects of one prefix apart: within a body by their old id, and between lines that create anew."""
    salt = chr(ord("a") + place) if kind in ("session.created", "user.created") else "0"
    body = json.dumps(with_holes(json.loads((SAMPLES / f"{kind}.json").read_text())), separators=(",", ":"))
    body = body.replace(f'"{TIME_HOLE}"', TIME_HOLE)
    body = OBJECT_ID.sub(lambda m: f"{m[1]}_{salt if m[1] == 'sess' else '0'}{m[2][-2:]}{ID_HOLE}", body)
    return f"{kind}\t{back}\t{body}\n"


def write(directory):
    """Writes one file of templates a mix; returns {name: path}."""
    paths = {}
    for name, events in MIXES.items():
        paths[name] = Path(directory) / f"{name}.templates"
        paths[name].write_text("".join(line(i, *event) for i, event in enumerate(events)))
    return paths


def mean_bytes(path):
    bodies = [text.split("\t")[2] for text in Path(path).read_text().splitlines()]
    return sum(map(len, bodies)) // len(bodies)


def bodies(path, first, count, at_ms):
    """Bodies of events first…, as bench-load makes them."""
    templates = [text.split("\t")[2] for text in Path(path).read_text().splitlines()]
    for n in range(first, first + count):
        text = templates[n % len(templates)].replace(ID_HOLE, f"{n // len(templates):024d}")
        yield text.replace(TIME_HOLE, str(at_ms))
