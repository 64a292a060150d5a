"""clerk-ingest beside evhttp that only answers, the Node variants, and Redis itself."""
import os
import re
import resource
import socket
import subprocess

from . import mix
from .servers import cpu_s, memory_mb

PEERS = {"ingest-express-ioredis": 12, "ingest-express-bullmq": 18, "ingest-fastify-ioredis": None}  # how many times our cost
TITLES = {"ingest-express-ioredis": "Express + svix + ioredis", "ingest-express-bullmq": "Express + svix + BullMQ",
          "ingest-fastify-ioredis": "Fastify + standardwebhooks + ioredis"}


def cost_us(bench, server, count, **options):
    """Processor time of the server a request that it accepted, in µs."""
    before = cpu_s(server.pid)
    done = bench.post(server, count, **options)
    if done["ok"] != count:
        raise RuntimeError(f"{server.name} accepted {done['ok']} of {count}: {done}")
    return (cpu_s(server.pid) - before) / count * 1e6


def rounds_of(bench, servers, count_of, rounds, **options):
    """{name: [µs a request]}: every server once a round, so that what the machine does besides hits all alike."""
    costs = {server.name: [] for server in servers}
    for server in servers:
        bench.post(server, max(500, count_of(server) // 10), **options)  # warm
    for _ in range(rounds):
        for server in servers:
            bench.redis.empty()
            costs[server.name].append(cost_us(bench, server, count_of(server), **options))
    return costs


def ratios(a, b):
    return [x / y for x, y in zip(a, b)]


def beside_floor(bench, report):
    """Kept and fresh connections against the floor."""
    rounds, count = (2, 4000) if bench.quick else (5, 30000)
    bench.start_redis()
    servers = [bench.floor(), bench.ingest()]
    costs = rounds_of(bench, servers, lambda server: count, rounds)
    fresh = rounds_of(bench, servers, lambda server: count, rounds, fresh="yes")
    for server in servers:
        server.kill()
    report.add("ingest_us", "ingest: processor time a request", costs["ingest"], "µs")
    report.add("ingest_per_floor", "ingest / bare evhttp, kept connections", ratios(costs["ingest"], costs["floor"]), at_most=1.25,
               note=f"floor {sorted(costs['floor'])[rounds // 2]:.1f} µs")
    report.add("ingest_per_floor_fresh", "ingest / bare evhttp, a new connection each", ratios(fresh["ingest"], fresh["floor"]), at_most=1.25)


def beside_peers(bench, report):
    """Kept connections against the Node programs."""
    rounds, ours, theirs = (2, 4000, 600) if bench.quick else (5, 20000, 4000)
    bench.start_redis()
    servers = [bench.ingest()] + [bench.peer(name) for name in PEERS]
    costs = rounds_of(bench, servers, lambda server: ours if server.name == "ingest" else theirs, rounds)
    for server in servers:
        server.kill()
    for name, goal in PEERS.items():
        report.add(f"{name}_ratio", f"{TITLES[name]} / ingest", ratios(costs[name], costs["ingest"]), "×", at_least=goal,
                   note=f"{sorted(costs[name])[rounds // 2]:.0f} µs a request")


def redis_rate(bench, body_bytes, count, *options):
    """Requests a second that redis-benchmark gets with an XADD as ours."""
    words = ["XADD", "bench", "*", "id", "msg_300000000000000000000000001", "type", "user.created", "ts", "1788256800", "received",
             "1788256800000", "body", "x" * body_bytes]
    bench.redis.empty()
    done = subprocess.run(["redis-benchmark", "-p", str(bench.redis.port), *options, "-n", str(count), "-q", *words], capture_output=True,
                          text=True, check=True, timeout=300)
    return float(re.findall(r"([\d.]+) requests per second", done.stdout)[-1])


def all_cpu_s(bench, server):
    """Processor time so far of Redis, of the server, and of the load generators that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return cpu_s(bench.redis.process.pid) + cpu_s(server.pid) + ended.ru_utime + ended.ru_stime


def durable_rate(bench, report):
    """64 clients of ingest against 64 clients of Redis; and against one that has 64 under way, as ingest's one connection."""
    rounds, count = (2, 5000) if bench.quick else (5, 30000)
    bench.start_redis()
    server = bench.ingest()
    size = mix.mean_bytes(bench.templates["life"])
    ours, theirs, one, busy = [], [], [], []
    for _ in range(rounds):
        bench.redis.empty()
        before = all_cpu_s(bench, server)
        done = bench.post(server, count)
        ours.append(done["ok"] / done["wall_s"])
        busy.append((all_cpu_s(bench, server) - before) / done["wall_s"] / os.cpu_count())
        theirs.append(redis_rate(bench, size, count, "-c", "64"))
        one.append(redis_rate(bench, size, count, "-c", "1", "-P", "64"))
    server.kill()
    report.add("ingest_rate", "ingest: durable answers a second, 64 connections", ours, "/s", note="load generator on the same processors")
    report.add("ingest_per_redis", f"… / redis-benchmark XADD of {size} bytes, 64 connections", ratios(ours, theirs), at_least=0.8)
    report.add("ingest_busy", "… share of the processors that Redis, ingest and the load generator take meanwhile", busy)
    report.add("ingest_per_one", "… / one connection with 64 under way", ratios(ours, one))


def memory(bench, report):
    count = 50_000 if bench.quick else 1_000_000
    bench.start_redis()
    server = bench.ingest()
    for _ in range(count // 50_000):
        bench.post(server, 50_000, connections=256)
        bench.redis.empty()
    report.add("ingest_memory", f"ingest: memory after {count:,} requests", [memory_mb(server.pid)], "MB", at_most=16)
    server.kill()
    idle(bench, report)


def idle(bench, report):
    count = 10_000
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4 * count), hard))
    server = bench.ingest(REQUEST_DEADLINE_MS=60000)
    sockets = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(count)]
    for s in sockets:
        s.sendall(b"POST /api/webhooks HTTP/1.1\r\n")  # a request that has begun, so that evhttp holds what it needs
    report.add("ingest_idle_memory", f"ingest: memory with {count:,} idle connections", [memory_mb(server.pid, "VmHWM")], "MB", at_most=150)
    for s in sockets:
        s.close()
    server.kill()
