"""A disk so small that it can be filled."""
import subprocess
from contextlib import contextmanager

import pytest


@contextmanager
def small_disk(directory, megabytes):
    """A tmpfs of that size mounted on a directory; the test is skipped where mounting is not allowed."""
    directory.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0777", "chaos", str(directory)],
                          capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"no right to mount a small disk: {done.stderr.strip()}")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "-l", str(directory)], check=True)


def fill(directory):
    """Takes all the room that is left; returns the file to remove for the cure."""
    ballast = directory / "ballast"
    with open(ballast, "wb", buffering=0) as f:
        for size in (65536, 512, 1):
            try:
                while True:
                    f.write(b"x" * size)
            except OSError:
                pass
    return ballast
