"""Programs that shall run whatever is done to them: killed at random, started again."""
import signal
import time

RESTART_PAUSE_S = 0.02


class Crowd:
    """Keeps programs running. before_start(program) may change the environment of the next life."""

    def __init__(self, programs, before_start=None):
        self.programs = programs
        self.before_start = before_start
        self.deaths = 0

    def tend(self):
        """Starts again who is dead; call it often. Dying any other way than by SIGKILL is a failure."""
        for program in self.programs:
            if program.alive():
                continue
            code = program.child.returncode
            assert code == -signal.SIGKILL, f"{program.argv[0]} ended by itself with {code}:\n{program.log()[-3000:]}"
            self.deaths += 1
            if self.before_start:
                self.before_start(program)
            program.start()

    def kill_one(self, dice):
        dice.choice(self.programs).kill()

    def storm(self, sender, dice, every_s, kill=True):
        """Kills somebody at random times, on average each every_s, until the sender has finished. Returns the number of deaths."""
        next_kill = time.monotonic() + dice.uniform(0, 2 * every_s)
        while sender.is_sending():
            if kill and time.monotonic() >= next_kill:
                self.kill_one(dice)
                next_kill = time.monotonic() + dice.uniform(0, 2 * every_s)
            self.tend()
            time.sleep(RESTART_PAUSE_S)
        self.tend()
        return self.deaths

    def live_on(self):
        """No more faults: the next lives are ordinary ones."""
        for program in self.programs:
            program.kill()
            program.env.pop("CLERK_FAULT", None)
            program.start()
