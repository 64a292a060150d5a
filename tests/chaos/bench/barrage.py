"""Many connections at once that send what tricks.py makes, in pieces, and read until the server falls silent."""
import collections
import re
import socket
import threading

from . import settings, tricks

STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
SILENCE_S = 0.02


def throw(port, data, shut=True, wait_s=0.4, cuts=()):
    """Sends data, cut at these places, and reads until the end or a moment of silence; what the server then does is not of
    interest. The answers' bytes."""
    got = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as s:
        s.settimeout(wait_s)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            for start, end in zip([0, *cuts], [*cuts, len(data)]):
                s.sendall(data[start:end])
            if shut:
                s.shutdown(socket.SHUT_WR)
            while part := s.recv(65536):
                got += part
        except OSError:
            pass
    return got


class Thrower(threading.Thread):
    """count requests, the same for the same name and seed. answers: how many of each status came back."""

    def __init__(self, port, name, count):
        super().__init__(daemon=True)
        self.port, self.count = port, count
        self.dice = settings.dice(name)
        self.answers = collections.Counter()
        self.wrong = []  # ambiguous requests that were answered 200
        self.failure = None
        self.start()

    def run(self):
        try:
            for _ in range(self.count):
                self.send_one()
        except OSError as e:
            self.failure = e

    def send_one(self):
        dice = self.dice
        is_ambiguous = dice.random() < 0.5
        data = tricks.ambiguous(dice) if is_ambiguous else tricks.mutate(dice, dice.choice(list(tricks.TRICKS.values()))())
        cuts = sorted(dice.randrange(len(data) + 1) for _ in range(dice.randrange(4)))
        statuses = STATUS.findall(throw(self.port, data, dice.random() < 0.5, SILENCE_S, cuts))
        self.answers.update(int(s) for s in statuses)
        if is_ambiguous and b"200" in statuses:
            self.wrong.append(data)


class Barrage:
    """count requests over a number of connections at a time. Starts at once."""

    def __init__(self, port, name, count, width):
        self.throwers = [Thrower(port, f"{name} {n}", count // width) for n in range(width)]

    def is_on(self):
        return any(t.is_alive() for t in self.throwers)

    def answers(self):
        return sum((t.answers for t in self.throwers), collections.Counter())

    def judge(self):
        assert not [t.failure for t in self.throwers if t.failure], "a connection was not taken"
        wrong = [data for t in self.throwers for data in t.wrong]
        assert not wrong, f"{len(wrong)} requests with two readings were answered 200, the first: {wrong[0]!r}"
