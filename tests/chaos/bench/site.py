"""Ingest, Redis, PostgreSQL and three workers, each on a host of its own. What the test itself looks at in Redis and PostgreSQL
it reads through sockets in the file system, which no cut reaches."""
import redis

from harness.postgres import PostgresDatabase, PostgresServer
from harness.redis_server import RedisServer
from harness.stack import Stack

from . import oracle
from .hosts import Hosts

FRONT, QUEUE, BASE = "front", "queue", "base"
WORKERS = ("work0", "work1", "work2")


class RemoteDatabase(PostgresDatabase):
    def __init__(self, server, schema, address):
        super().__init__(server, schema)
        self.address = address

    @property
    def url(self):
        return f"postgres://clerk@{self.address}:5432/clerk?schema={self.schema}"


class Site:
    def __init__(self, directory):
        self.hosts = Hosts(FRONT, QUEUE, BASE, *WORKERS)
        self.server = self.redis = None
        try:
            with self.hosts.inside(BASE):
                self.server = PostgresServer(self.hosts.address(BASE))
            with self.hosts.inside(QUEUE):
                self.redis = RedisServer(directory, "--bind", self.hosts.address(QUEUE), "127.0.0.1", "--protected-mode", "no",
                                         "--unixsocket", directory / "redis.sock")
            self.redis.client = redis.Redis(unix_socket_path=str(directory / "redis.sock"), socket_timeout=10)
        except BaseException:
            self.close()
            raise

    @property
    def redis_url(self):
        return f"redis://{self.hosts.address(QUEUE)}:{self.redis.port}/0"

    def new_stack(self, directory, schema):
        self.redis.empty()
        stack = Stack(self.redis, directory)
        stack.database = RemoteDatabase(self.server, schema, self.hosts.address(BASE))
        with self.hosts.inside(WORKERS[0]):
            oracle.prepare(stack.database)
        return stack

    def ingest(self, stack, **env):
        with self.hosts.inside(FRONT):
            return stack.ingest(REDIS_URL=self.redis_url, **env)

    def worker(self, stack, host, **env):
        """Known in Redis by the name of its host."""
        with self.hosts.inside(host):
            return stack.worker(REDIS_URL=self.redis_url, WORKER_NAME=host, **env)

    def close(self):
        if self.redis:
            self.redis.process.kill()
        if self.server:
            self.server.close()
        self.hosts.close()
