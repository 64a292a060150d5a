"""Clients that nobody wants: many at once, on one thread, each coming back as soon as it is thrown out."""
import resource
import selectors
import socket
import threading
import time

from harness import samples, signing, wire
from harness.stack import PATH

TICK_S = 0.05


def allow_descriptors(count):
    """This process holds that many sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(count, hard), hard))


def whole_request():
    body = samples.user("slow")
    return wire.request(PATH, signing.headers(body), body)


class Client:
    """Idle: connects and says nothing."""

    def __init__(self):
        self.socket = None
        self.since = self.due = 0.0

    receive_buffer = None

    def connect(self, port):
        self.socket = socket.socket()
        if self.receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
        self.socket.setblocking(False)
        self.socket.connect_ex(("127.0.0.1", port))
        self.since = time.monotonic()
        self.start()

    def start(self):
        pass

    def act(self, now):
        pass


class Dripping(Client):
    """Sends an endless supply one byte at a time. part: how much of the request is sent at once."""

    every_s = 0.5

    def __init__(self, supply, at_once=0):
        super().__init__()
        self.supply, self.at_once = supply, at_once

    def start(self):
        self.sent = 0
        self.due = self.since + 0.01

    def act(self, now):
        if now < self.due:
            return
        size = self.at_once if self.sent == 0 and self.at_once else 1
        try:
            self.sent += self.socket.send(self.supply[self.sent:self.sent + size] or b"x")
        except BlockingIOError:
            pass
        self.due = now + self.every_s


class Flooding(Client):
    """Sends request upon request and reads no answer."""

    receive_buffer = 4096  # so that the system swallows little

    def __init__(self, request):
        super().__init__()
        self.request = request * 20

    def act(self, now):
        try:
            while self.socket.send(self.request):
                pass
        except BlockingIOError:
            pass


class Mob:
    """A thread that tends them. lives: how long each connection lasted that the server ended, in seconds."""

    def __init__(self, port, clients):
        self.port, self.clients = port, clients
        self.lives = []
        self.reads = not any(isinstance(c, Flooding) for c in clients)
        self.selector = selectors.DefaultSelector()
        self.leaving = threading.Event()
        self.thread = threading.Thread(target=self.tend, daemon=True)
        allow_descriptors(len(clients) + 500)

    def __enter__(self):
        for client in self.clients:
            self.come(client)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.leaving.set()
        self.thread.join(30)
        for client in self.clients:
            client.socket.close()
        self.selector.close()

    def come(self, client):
        client.connect(self.port)
        if self.reads:
            self.selector.register(client.socket, selectors.EVENT_READ, client)

    def leave(self, client):
        self.lives.append(time.monotonic() - client.since)
        if self.reads:
            self.selector.unregister(client.socket)
        client.socket.close()

    def again(self, client):
        self.leave(client)
        self.come(client)

    def tend(self):
        while not self.leaving.is_set():
            for key, _ in self.selector.select(0) if self.reads else ():
                self.listen(key.data)
            now = time.monotonic()
            for client in self.clients:
                try:
                    client.act(now)
                except OSError:
                    self.again(client)
            self.leaving.wait(TICK_S)

    def listen(self, client):
        try:
            if client.socket.recv(65536):
                return
        except BlockingIOError:
            return
        except OSError:
            pass
        self.again(client)


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
