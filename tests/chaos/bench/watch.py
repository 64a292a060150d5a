"""What a program costs and says while something is wrong: processor time, memory, log lines."""
import os
import time

TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def cpu_s(pid):
    """Processor seconds that a process has used so far, all threads together."""
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def rss_mb(pid):
    with open(f"/proc/{pid}/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def last_said(program, *words):
    """Which of the words the log holds last."""
    return max(words, key=program.log().rfind)


class Idleness:
    """The share of one processor that a program has used since this was made."""

    def __init__(self, program):
        self.program = program
        self.cpu = cpu_s(program.pid)
        self.at = time.monotonic()

    def share(self):
        return (cpu_s(self.program.pid) - self.cpu) / (time.monotonic() - self.at)


def lines(program, *words):
    """The log lines that hold all the words."""
    return [line for line in program.log().splitlines() if all(word in line for word in words)]
