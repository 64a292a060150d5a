"""A TCP proxy on a port of its own that does to a connection what networks do."""
import socket
import struct
import threading
import time

PASS, DELAY, CUT_AFTER_REQUEST, CUT_BEFORE_REPLY, TORN_REPLY, HALF_OPEN, RESET = (
    "pass", "delay", "cut after request", "cut before reply", "torn reply", "half-open", "reset")


def reset(sock):
    """Closes with RST instead of FIN. SHUT_RD sends nothing, but wakes a thread that waits in recv() and would keep it open."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.shutdown(socket.SHUT_RD)
        sock.close()
    except OSError:
        pass


class Pair:
    """One client, its connection to the server, and a thread for each direction."""

    def __init__(self, proxy, client):
        self.proxy, self.client = proxy, client
        self.server = socket.create_connection(("127.0.0.1", proxy.upstream), timeout=5)
        self.server.settimeout(None)
        self.awaiting = False  # a request that shall lose its reply was passed on
        for source, sink, direction in ((client, self.server, self.to_server), (self.server, client, self.to_client)):
            threading.Thread(target=self.pump, args=(source, sink, direction), daemon=True).start()

    def pump(self, source, sink, direction):
        try:
            while data := source.recv(65536):
                if not direction(data, sink):
                    break
        except OSError:
            pass
        self.cut()

    def cut(self):
        """shutdown() first: it wakes the thread that waits in recv() on the same socket, which close() does not."""
        for sock in (self.client, self.server):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def reset_both(self):
        """The server's side is closed politely, so that what was passed on is still read there."""
        reset(self.client)
        self.cut()

    def to_server(self, data, server):
        proxy = self.proxy
        mode = proxy.mode_for(data)
        if mode == RESET:
            self.reset_both()
            return False
        while mode == HALF_OPEN and proxy.mode == HALF_OPEN:
            time.sleep(0.02)
        if mode == DELAY:
            time.sleep(proxy.delay_s)
        self.awaiting = mode in (CUT_BEFORE_REPLY, TORN_REPLY)
        server.sendall(data)
        if mode == CUT_AFTER_REQUEST:
            proxy.hit()
            self.reset_both()
            return False
        return True

    def to_client(self, data, client):
        while self.proxy.mode == HALF_OPEN:
            time.sleep(0.02)
        if self.awaiting:
            self.proxy.hit()
            client.sendall(data[:len(data) // 2] if self.proxy.mode == TORN_REPLY else b"")
            self.reset_both()
            return False
        client.sendall(data)
        return True


class Proxy:
    """Listens at once. mode is changed by the test; match: only requests that contain it are meant, others pass."""

    def __init__(self, upstream):
        self.upstream = upstream
        self.mode, self.match, self.delay_s = PASS, b"", 0.0
        self.hits = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.pairs = []
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}/0"

    def misbehave(self, mode, match=b"", delay_s=0.0):
        self.match, self.delay_s, self.mode = match, delay_s, mode

    def mode_for(self, data):
        return self.mode if self.mode != PASS and self.match in data else PASS

    def hit(self):
        with self.lock:
            self.hits += 1

    def accept(self):
        try:
            while True:
                client, _ = self.listener.accept()
                try:
                    self.pairs.append(Pair(self, client))
                except OSError:
                    reset(client)
        except OSError:
            pass

    def cut_all(self):
        for pair in self.pairs:
            pair.reset_both()
        self.pairs = []

    def close(self):
        self.mode = PASS
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut_all()
