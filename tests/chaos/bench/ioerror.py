"""Disk errors at will: ioerror.c under a program."""
import errno
import subprocess
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "ioerror.c"


class Switch:
    """Off at first."""

    def __init__(self, directory):
        self.file = directory / "ioerror.on"
        self.library = directory / "ioerror.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Wextra", "-o", self.library, SOURCE, "-ldl"], check=True)

    def env(self, error, one_in=1):
        """The environment of a program that shall suffer. AddressSanitizer wants to be first otherwise."""
        return {"LD_PRELOAD": self.library, "IOERROR_SWITCH": self.file, "IOERROR_ERRNO": getattr(errno, error),
                "IOERROR_ONE_IN": one_in, "ASAN_OPTIONS": "detect_leaks=1:exitcode=99:verify_asan_link_order=0"}

    def on(self):
        self.file.touch()

    def off(self):
        self.file.unlink()
