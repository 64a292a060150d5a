"""What one Redis stream carries, and what an event that waits in it costs."""
from . import mix

HOUR_S, STEADY = 3600, 100  # an example: so many events a second
LINKS, UNDER_WAY = 64, 1024


def carries(bench, report):
    """As many XADDs as Redis takes with appendfsync always; memory of what then waits."""
    rounds, count = (2, 10_000) if bench.quick else (5, 100_000)
    bench.start_redis()
    size = mix.mean_bytes(bench.templates["life"])
    rates, memory, usage = [], [], []
    for _ in range(rounds):
        bench.redis.empty()
        before = bench.redis.client.info("memory")["used_memory"]
        bench.fill(count, "life", links=LINKS, connections=UNDER_WAY)
        rates.append(count / bench.filled_s)
        memory.append((bench.redis.client.info("memory")["used_memory"] - before) / count)
        usage.append(bench.redis.client.memory_usage("clerk:events", samples=0) / count)
    hour_gb = sorted(memory)[rounds // 2] * STEADY * HOUR_S / 1e9
    report.add("stream_rate", "one stream: XADDs a second, on disk when answered", rates, "/s",
               note=f"{LINKS} connections, {UNDER_WAY:,} under way, bodies of {size} bytes")
    report.add("stream_memory", "Redis: memory of an event that waits", memory, "B",
               note=f"MEMORY USAGE: {sorted(usage)[rounds // 2]:.0f} B; an hour of {STEADY}/s: {hour_gb:.2f} GB")
