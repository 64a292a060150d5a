"""The operator's subcommands, run as a person would run them."""
import json

from .process import WORKER, run


def tool(stack, *words, code=0, stdin=None, **env):
    """Runs a subcommand of clerk-worker; its exit code must be code."""
    done = run([WORKER, *words], {"REDIS_URL": stack.redis.url, "DATABASE_URL": stack.database.url, **env}, stdin=stdin)
    assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


def lines(done):
    """What it printed: one JSON object on each line."""
    return [json.loads(line) for line in done.stdout.splitlines()]


POISON = b'{"type":"user.created","timestamp":1790000000000,"data":{"id":5}}'
