"""P22: what runs for long grows nowhere: memory and descriptors of programs that are never killed, while others beside them are.
CHAOS_SOAK_S: how many seconds; a day is 86400."""
import os

from harness import wait

from bench import oracle
from bench.crowd import Crowd
from bench.load import Load, ingests, workers
from bench.settings import both_databases, figure
from bench.watch import descriptors, rss_mb

SECONDS = int(os.environ.get("CHAOS_SOAK_S") or figure(12, 600))
RATE = 500
KILL_EVERY_S = figure(2, 60)
LOOKS = 40
GROWN_MB = 3
GROWN_FILES = 32  # the 16 connections of the sender go to whichever of the two is alive, and it opens as many to Redis


class Steady:
    """Looks at programs from time to time. The first quarter is for caches to fill."""

    def __init__(self, programs):
        self.programs = programs
        self.looks = []

    def look(self):
        self.looks.append([(rss_mb(p.pid), descriptors(p.pid)) for p in self.programs])

    def grown(self):
        """[(MB, descriptors)] of each program: the most of the last quarter over the most of the second one."""
        quarter = len(self.looks) // 4
        early, late = self.looks[quarter:2 * quarter], self.looks[-quarter:]
        return [tuple(round(max(look[i][k] for look in late) - max(look[i][k] for look in early), 2) for k in (0, 1))
                for i in range(len(self.programs))]


@both_databases
def test_p22_what_runs_for_long_grows_nowhere(stack, redis, dice, report):
    front, back = ingests(stack, 2), workers(stack, 2)
    load = Load(front, count=RATE * SECONDS, rate=RATE)
    steady, unlucky = Steady([front[0], back[0]]), Crowd([front[1], back[1]])
    next_look, next_kill = wait.Pause(SECONDS / LOOKS), wait.Pause(KILL_EVERY_S)
    while load.sender.is_sending():
        wait.until(lambda: unlucky.tend() or next_look.is_over() or next_kill.is_over() or not load.sender.is_sending(), 3600)
        if next_look.is_over():
            steady.look()
            next_look = wait.Pause(SECONDS / LOOKS)
        if next_kill.is_over():
            unlucky.kill_one(dice)
            next_kill = wait.Pause(KILL_EVERY_S)
    unlucky.tend()
    verdict = oracle.check(load.plan, load.finish(), stack.database, redis)
    grown = steady.grown()
    report(verdict, load.sender, seconds=SECONDS, kills=unlucky.deaths, grown_mb_and_files=grown, looks=len(steady.looks))
    assert all(p.alive() for p in steady.programs) and unlucky.deaths >= 3
    assert all(mb < GROWN_MB and files <= GROWN_FILES for mb, files in grown), grown
