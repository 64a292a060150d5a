"""P11: whatever the order of delivery, the tables end as if everything had come in its causal order; deletes stay deleted. What is
compared with is always an SQLite file, column by column, so both databases end alike, too."""
import itertools

import pytest
from harness import wait
from harness.database import Database

from bench.crowd import Crowd
from bench.history import History, crowded_life, life_of_a_user, put
from bench.load import workers
from bench.settings import both_databases, figure

pytestmark = both_databases

CAUSAL = "causal:events"
KILLS, KILLS_LEAST = figure(25, 500), figure(5, 100)


def after_causal_run(stack, redis, history, directory, **env):
    """The tables after one worker took everything in order."""
    database = Database(directory / "causal.db")
    put(redis, history.events, CAUSAL)
    worker = stack.worker(database=database, STREAM_KEY=CAUSAL, **env)
    wait.until(lambda: redis.client.xlen(CAUSAL) == 0, 300, "the causal run")
    worker.stop()
    return database.dump()


def drained(redis):
    return redis.backlog() == 0 and redis.pending() == 0


def kill_until_drained(redis, crowd, dice):
    while not drained(redis):
        calm = wait.Pause(dice.uniform(0.02, 0.3))
        wait.until(lambda: crowd.tend() or calm.is_over(), 10, "the next kill")
        if crowd.deaths < KILLS:
            crowd.kill_one(dice)


def check_same(stack, redis, history, shuffled, directory, dice=None, **env):
    """With dice workers are killed on the way."""
    expected = after_causal_run(stack, redis, history, directory, **env)
    put(redis, shuffled)
    crowd = Crowd(workers(stack, 4, BATCH_SIZE=7 if len(shuffled) < 10000 else 100, **env))
    if dice:
        kill_until_drained(redis, crowd, dice)
        assert crowd.deaths >= KILLS_LEAST
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
    history = crowded_life(dice, figure(4000, 100000))
    shuffled = dice.sample(history.events, len(history.events))
    report(events=len(shuffled), wrong=0, **check_same(stack, redis, history, shuffled, tmp_path, DELETE_MODE=mode))


def test_p11_a_shuffled_and_doubled_history_for_workers_that_are_killed(stack, redis, tmp_path, dice, report):
    history = crowded_life(dice, figure(3000, 100000))
    shuffled = dice.sample(history.events * 2, 2 * len(history.events))
    report(events=len(shuffled), wrong=0, **check_same(stack, redis, history, shuffled, tmp_path, dice))
