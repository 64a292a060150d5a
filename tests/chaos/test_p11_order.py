"""P11: whatever the order of delivery, the tables end as if everything had come in its causal order; deletes stay deleted."""
import itertools

import pytest
from harness import wait
from harness.database import Database

from bench.history import History, crowded_life, life_of_a_user, put
from bench.load import workers
from bench.settings import figure

CAUSAL = "causal:events"


def after_causal_run(stack, redis, history, directory, **env):
    """The tables after one worker took everything in order."""
    database = Database(directory / "causal.db")
    put(redis, history.events, CAUSAL)
    worker = stack.worker(database=database, STREAM_KEY=CAUSAL, **env)
    wait.until(lambda: redis.client.xlen(CAUSAL) == 0, 300, "the causal run")
    worker.stop()
    return database.dump()


def check_same(stack, redis, history, shuffled, directory, **env):
    expected = after_causal_run(stack, redis, history, directory, **env)
    put(redis, shuffled)
    workers(stack, 4, BATCH_SIZE=7 if len(shuffled) < 10000 else 100, **env)
    redis.wait_drained(300)
    found = stack.database.dump()
    wrong = {}
    for table, rows in expected.items():
        wrong[table] = [pair for pair in itertools.zip_longest(found[table], rows) if pair[0] != pair[1]]
    assert not any(wrong.values()), {table: pairs[:2] for table, pairs in wrong.items() if pairs}
    assert stack.database.count("dead_letters") == 0 and stack.database.integrity() == "ok"
    return {table: len(rows) for table, rows in found.items() if rows}


@pytest.mark.parametrize("mode", ["hard", "soft"])
def test_p11_all_permutations_of_a_life(mode, stack, redis, tmp_path, dice, report):
    """create, update ×3, delete in all 120 orders, and without the delete in all 24; each order has a user of its own."""
    history, lives = History(), []
    for delete, count in ((True, 5), (False, 4)):
        for number, order in enumerate(itertools.permutations(range(count))):
            life = life_of_a_user(history, f"user_{'gone' if delete else 'stays'}{number}", delete)
            lives.append([history.events[life[place]] for place in order])
    mixed = [event for turn in itertools.zip_longest(*lives) for event in turn if event]
    rows = check_same(stack, redis, history, mixed, tmp_path, DELETE_MODE=mode)
    assert rows["users"] == (24 if mode == "hard" else 144) and rows["tombstones"] == 120
    report(events=len(mixed), wrong=0, **rows)


@pytest.mark.parametrize("mode", ["hard", "soft"])
def test_p11_a_shuffled_history(mode, stack, redis, tmp_path, dice, report):
    history = crowded_life(dice, figure(5000, 100000))
    shuffled = dice.sample(history.events, len(history.events))
    report(events=len(shuffled), wrong=0, **check_same(stack, redis, history, shuffled, tmp_path, DELETE_MODE=mode))
