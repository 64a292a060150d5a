"""Waiting for a condition, never for time to pass."""
import time

POLL_S = 0.01


def until(condition, timeout_s=20.0, what="a condition"):
    """Returns the first true value of condition(); AssertionError naming what after timeout_s."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {timeout_s} s in vain for {what}"
        time.sleep(POLL_S)


class Pause:
    """A span of time that a test lets pass while it watches something else."""

    def __init__(self, seconds):
        self.until = time.monotonic() + seconds

    def is_over(self):
        return time.monotonic() >= self.until
