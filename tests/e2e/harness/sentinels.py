"""A master, two replicas and three sentinels on loopback, with times short enough for a test."""
import socketserver
import threading
import time

import redis

from . import wait
from .process import Process, free_port
from .redis_server import RedisServer

MASTER = "mymaster"
MAX_LAG_S = 2
SETTINGS = """port {port}
bind 127.0.0.1
dir {dir}
sentinel monitor {master} 127.0.0.1 {master_port} 2
sentinel down-after-milliseconds {master} 1000
sentinel failover-timeout {master} 4000
sentinel parallel-syncs {master} 2
"""


def is_replica(server):
    """A sentinel that makes it one closes its clients' connections, this one's too."""
    try:
        return server.client.info("replication")["role"] == "slave"
    except redis.ConnectionError:
        return False


class Sentinel:
    def __init__(self, directory, master_port, password=None):
        self.port = free_port()
        self.client = redis.Redis(port=self.port, password=password, socket_timeout=10)
        more = f"requirepass {password}\n" if password else ""
        directory.mkdir()
        file = directory / "sentinel.conf"
        file.write_text(SETTINGS.format(port=self.port, dir=directory, master=MASTER, master_port=master_port) + more)
        self.process = Process(["redis-server", file, "--sentinel"], {}, directory / "sentinel.log")

    def master_port(self):
        try:
            return int(self.client.execute_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER)[1])
        except redis.RedisError:
            return 0

    def peers(self):
        """(replicas, other sentinels) that it knows."""
        try:
            state = self.client.sentinel_master(MASTER)
        except redis.RedisError:
            return 0, 0
        return state["num-slaves"], state["num-other-sentinels"]


class Cluster:
    """Stands where tests expect a Redis: client, url, backlog and so on are those of the present master."""

    def __init__(self, directory):
        self.dir = directory
        self.servers = []
        self.servers.append(self._server())
        for _ in range(2):
            self.servers.append(self._server("--replicaof", "127.0.0.1", str(self.servers[0].port)))
        self.sentinels = [Sentinel(directory / f"sentinel{n}", self.servers[0].port) for n in range(3)]
        wait.until(lambda: all(s.peers() == (2, 2) for s in self.sentinels), 30, "the sentinels to know each other")
        wait.until(lambda: self.servers[0].client.info("replication").get("min_slaves_good_slaves") == 2, 30, "the replicas")

    def _server(self, *options):
        directory = self.dir / f"redis{len(self.servers)}"
        directory.mkdir()
        return RedisServer(directory, "--min-replicas-to-write", "1", "--min-replicas-max-lag", str(MAX_LAG_S),
                           "--repl-diskless-sync-delay", "0", *options)

    @property
    def url(self):
        return f"redis+sentinel://{','.join(f'127.0.0.1:{s.port}' for s in self.sentinels)}/{MASTER}/0"

    @property
    def master(self):
        """As most of the sentinels have it."""
        ports = [s.master_port() for s in self.sentinels]
        return next(s for s in self.servers if s.port == max(set(ports), key=ports.count))

    @property
    def replicas(self):
        master = self.master
        return [s for s in self.servers if s is not master]

    def wait_new_master(self, old, timeout_s=30):
        wait.until(lambda: all(s.master_port() not in (0, old.port) for s in self.sentinels), timeout_s, "the failover")
        return self.master

    @property
    def client(self):
        return self.master.client

    def backlog(self):
        return self.master.backlog()

    def wait_drained(self, timeout_s=30):
        self.master.wait_drained(timeout_s)

    def kill(self):
        for member in self.servers + self.sentinels:
            member.process.kill()


class FakeSentinel:
    """Names the same place whatever it is asked; port 0: says nothing at all."""

    def __init__(self, port):
        self.port = port

        class Handler(socketserver.BaseRequestHandler):
            def handle(handler):
                while handler.request.recv(4096):
                    if self.port:
                        handler.request.sendall(b"*2\r\n$9\r\n127.0.0.1\r\n$%d\r\n%d\r\n" % (len(str(self.port)), self.port))

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.place = f"127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Offsets(threading.Thread):
    """How far the master's writing had come, and when: all that was answered 200 before lies at or below that offset."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.client = redis.Redis(port=server.port, socket_timeout=2)
        self.stop = threading.Event()
        self.seen = []

    def run(self):
        while not self.stop.wait(0.02):
            began = time.monotonic()
            try:
                self.seen.append((began, self.client.info("replication")["master_repl_offset"]))
            except redis.RedisError:
                return

    def safe_until(self, replicated):
        """Until when everything answered 200 had reached the replica that became master."""
        return max((at for at, offset in self.seen if offset <= replicated), default=0)
