"""What run.sh decides: the short form or the long one, and the seed of everything that is random."""
import os
import random

from harness.database import both_databases  # noqa: F401, for the tests that ask for it here

LONG = os.environ.get("CHAOS_LONG") == "1"
SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1, 10**9))


def figure(short, long):
    """A figure of the running form: short in CI, long as promised."""
    return long if LONG else short


def dice(name):
    """The random numbers of one test: the same for the same seed."""
    return random.Random(f"{SEED} {name}")
