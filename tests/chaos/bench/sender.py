"""Delivers as Svix does: the same id again, freshly signed, until the answer is 2xx.

Several processes, each with a number of keep-alive connections. What was answered 200 is noted per event in memory that all
of them share, so that nothing is forgotten whatever happens to the programs under test."""
import asyncio
import base64
import hmac
import multiprocessing
import re
import time
from heapq import heappop, heappush

from harness.signing import SECRET

ANSWER_LIMIT_S = 15
REPEAT_FIRST_S, REPEAT_MOST_S = 0.05, 1.0
LENGTH = re.compile(rb"content-length: *(\d+)")
COUNTERS = ("attempts", "answered", "refused", "unavailable", "cut", "no_connection", "most_attempts")
fork = multiprocessing.get_context("fork")


class Courier(asyncio.Protocol):
    """One connection; carries one event at a time."""

    def __init__(self, office):
        self.office = office
        self.number = None
        self.buffer = b""
        self.transport = None
        self.until = 0

    def connection_made(self, transport):
        self.transport = transport
        self.office.couriers.add(self)
        self.office.free.append(self)
        self.office.pump()

    def carry(self, number, request):
        self.number = number
        self.until = time.monotonic() + ANSWER_LIMIT_S
        self.transport.write(request)

    def data_received(self, data):
        self.buffer += data
        head, found, rest = self.buffer.partition(b"\r\n\r\n")
        length = LENGTH.search(head.lower()) if found else None
        if not found or (length and len(rest) < int(length[1])):
            return
        self.buffer = b""
        number, self.number = self.number, None
        self.office.answered(number, int(head[9:12]))
        if b"connection: close" in head.lower():
            self.transport.close()
        else:
            self.office.free.append(self)
            self.office.pump()

    def connection_lost(self, _):
        self.office.lost(self)


class Office:
    """What one sender process knows: which events are due, and who is free to carry them."""

    def __init__(self, job, part):
        self.job = job
        self.part = part
        self.counters = job.counters[part]
        self.fresh = iter(range(part, job.plan.count, job.processes))
        self.repeats = []  # heap of (due, number, attempts)
        self.tries = {}  # number -> attempts, while unanswered
        self.free, self.couriers = [], set()
        self.allowance = 0.0
        self.fed_at = time.monotonic()
        self.out_of_fresh = False
        self.loop = asyncio.new_event_loop()

    def count(self, name, by=1):
        self.counters[COUNTERS.index(name)] += by

    def request(self, number):
        plan, job = self.job.plan, self.job
        svix_id, body, timestamp = plan.svix_id(number), plan.body(number), int(time.time())
        keys = job.keys[job.key_choice.value]
        mac = hmac.digest(keys[number % len(keys)], f"{svix_id}.{timestamp}.".encode() + body, "sha256")
        return (f"POST /api/webhooks HTTP/1.1\r\nHost: chaos\r\nContent-Type: application/json\r\nsvix-id: {svix_id}\r\n"
                f"svix-timestamp: {timestamp}\r\nsvix-signature: v1,{base64.b64encode(mac).decode()}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode() + body

    def next_number(self):
        if self.repeats and self.repeats[0][0] <= time.monotonic():
            return heappop(self.repeats)[1]
        if self.allowance < 1 or self.out_of_fresh or self.job.stop.value:
            return None
        number = next(self.fresh, None)
        if number is None:
            self.out_of_fresh = True
        else:
            self.allowance -= 1
        return number

    def pump(self):
        while self.free:
            courier = self.free[-1]
            if courier.transport.is_closing():
                self.free.pop()
                continue
            number = self.next_number()
            if number is None:
                return
            self.free.pop()
            self.tries[number] = self.tries.get(number, 0) + 1
            self.count("attempts")
            most = COUNTERS.index("most_attempts")
            self.counters[most] = max(self.counters[most], self.tries[number])
            courier.carry(number, self.request(number))

    def answered(self, number, status):
        if 200 <= status < 300:
            self.job.acked[number] = 1
            self.count("answered")
            del self.tries[number]
            return
        self.count("unavailable" if status >= 500 else "refused")
        self.repeat(number)

    def repeat(self, number):
        pause = min(REPEAT_FIRST_S * 2 ** (self.tries[number] - 1), REPEAT_MOST_S)
        heappush(self.repeats, (time.monotonic() + pause, number))

    def lost(self, courier):
        self.couriers.discard(courier)
        if courier in self.free:
            self.free.remove(courier)
        if courier.number is not None:
            self.count("cut")
            self.repeat(courier.number)
        if not self.is_done():
            self.loop.create_task(self.open())

    async def open(self):
        while not self.is_done():
            try:
                await self.loop.create_connection(lambda: Courier(self), "127.0.0.1", self.job.port)
                return
            except OSError:
                self.count("no_connection")
                await asyncio.sleep(0.02)

    def is_done(self):
        return (self.out_of_fresh or self.job.stop.value) and not self.tries

    def tick(self):
        now = time.monotonic()
        rate = self.job.rate / self.job.processes
        self.allowance = min(self.allowance + (now - self.fed_at) * rate, max(rate / 10, 1)) if rate else 1e9
        self.fed_at = now
        for courier in [c for c in self.couriers if c.number is not None and c.until < now]:
            courier.transport.abort()
        self.pump()

    async def work(self):
        for _ in range(self.job.connections):
            self.loop.create_task(self.open())
        until = time.monotonic() + self.job.limit_s
        while not self.is_done() and time.monotonic() < until:
            self.tick()
            await asyncio.sleep(0.005)

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self.work())


class Sender:
    """Starts at once. rate: new events a second, 0 for as many as go; limit_s: when to give up whatever is missing."""

    def __init__(self, port, plan, rate=0, processes=1, connections=16, limit_s=120, secret_choices=((SECRET,),)):
        self.port, self.plan, self.rate = port, plan, rate
        self.processes, self.connections, self.limit_s = processes, connections, limit_s
        self.keys = [[base64.b64decode(s.removeprefix("whsec_")) for s in choice] for choice in secret_choices]
        self.key_choice = fork.RawValue("i", 0)
        self.stop = fork.RawValue("b", 0)
        self.acked = fork.RawArray("B", plan.count)
        self.counters = [fork.RawArray("q", len(COUNTERS)) for _ in range(processes)]
        self.children = [fork.Process(target=Office(self, part).run, daemon=True) for part in range(processes)]
        for child in self.children:
            child.start()

    def counter(self, name):
        values = [c[COUNTERS.index(name)] for c in self.counters]
        return max(values) if name == "most_attempts" else sum(values)

    def is_sending(self):
        return any(child.is_alive() for child in self.children)

    def wait_answered(self, count, timeout_s=60):
        until = time.monotonic() + timeout_s
        while self.counter("answered") < count:
            assert time.monotonic() < until and self.is_sending(), f"{self.counter('answered')} of {count} answered: {self}"
            time.sleep(0.01)

    def finish(self, stop=False):
        """Waits until every event was answered 2xx (stop: those begun). Fails when some never were."""
        self.stop.value = stop
        for child in self.children:
            child.join(self.limit_s + 5)
        self.kill()
        if not stop:
            assert self.counter("answered") == self.plan.count, f"not everything was answered 200 in {self.limit_s} s: {self}"
        return self

    def kill(self):
        for child in self.children:
            if child.is_alive():
                child.kill()
                child.join(5)

    def acked_numbers(self):
        return [i for i, flag in enumerate(self.acked) if flag]

    def __str__(self):
        return " ".join(f"{name}={self.counter(name)}" for name in COUNTERS)
