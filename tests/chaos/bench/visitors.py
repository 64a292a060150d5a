"""Deliveries that never pause, each noted with its answer and how long it took: what Svix would see during trouble."""
import threading
import time
from collections import namedtuple

from harness import samples, signing, wait, wire
from harness.stack import PATH

Visit = namedtuple("Visit", "at took_s status svix_id")
GAP_S = 0.03


class Visitors:
    """Some threads; each delivers a new event on a new connection, again and again, until the end of the with block."""

    def __init__(self, port, count=3, prefix="v"):
        self.port = port
        self.prefix = prefix
        self.visits = []
        self.next_number = 0
        self.lock = threading.Lock()
        self.leaving = threading.Event()
        self.may_go = threading.Event()
        self.may_go.set()
        self.busy = 0
        self.threads = [threading.Thread(target=self.come_and_go, daemon=True) for _ in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.leaving.set()
        self.may_go.set()
        for thread in self.threads:
            thread.join(30)

    def come_and_go(self):
        while not self.leaving.is_set():
            self.may_go.wait()
            with self.lock:
                self.next_number += 1
                number = self.next_number
                self.busy += 1
            self.visit(number)
            with self.lock:
                self.busy -= 1
            self.leaving.wait(GAP_S)

    def visit(self, number):
        svix_id = f"msg_{self.prefix}{number}"
        body = samples.user(f"{self.prefix}{number}")
        at = time.monotonic()
        try:
            answer = wire.exchange(self.port, wire.request(PATH, signing.headers(body, svix_id=svix_id), body))
        except OSError:
            answer = None
        self.visits.append(Visit(at, time.monotonic() - at, answer.status if answer else 0, svix_id))

    def pause(self):
        """Returns when nobody is under way."""
        self.may_go.clear()
        wait.until(self.nobody_moves, 20, "the visitors to rest")

    def nobody_moves(self):
        before = len(self.visits)
        time.sleep(3 * GAP_S)
        return self.busy == 0 and len(self.visits) == before

    def go_on(self):
        self.may_go.set()

    def since(self, moment):
        """The visits that began after a moment."""
        return [v for v in list(self.visits) if v.at >= moment]

    def wait_for(self, status, since, within_s):
        """Waits for an answer of that status to a visit that began after since; returns the seconds from since to that answer."""
        def found():
            return next((v for v in self.since(since) if v.status == status), None)
        visit = wait.until(found, within_s, f"an answer {status}")
        return visit.at + visit.took_s - since

    def kept(self):
        """The ids that were answered 200."""
        return {v.svix_id for v in self.visits if v.status == 200}

    def longest_s(self):
        return max(v.took_s for v in self.visits)

    def statuses(self):
        return sorted({v.status for v in self.visits})
