"""Hosts of their own on one machine: network namespaces around a router, which may drop what one of them sends and gets
without a word, and may be slow. Made with iproute2 alone; nothing of the machine's own network is touched."""
import ctypes
import os
import select
import struct
import subprocess
import threading
import time
from collections import deque
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path

import pytest

CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
MARK = "clerk-hosts"
BOTH = ("from", "to")
libc = ctypes.CDLL(None, use_errno=True)


def ip(*words, check=True):
    done = subprocess.run(["ip", *map(str, words)], capture_output=True, text=True)
    if check and done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(map(str, words))}: {done.stderr.strip()}")
    return done


def enter(namespace):
    if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"setns {namespace.name}")


@contextmanager
def skipped_without_rights():
    try:
        yield
    except (OSError, RuntimeError) as e:
        if not any(words in str(e) for words in ("not permitted", "ermission denied", "Read-only", "No such file")):
            raise
        pytest.skip(f"no right to make network namespaces, or no iproute2: {e}")


def sweep():
    """What runs left behind that were killed."""
    for name in (line.split()[0] for line in ip("netns", "list").stdout.splitlines() if line.startswith(MARK)):
        if not Path(f"/proc/{name.removeprefix(MARK).split('-')[1]}").exists():
            ip("netns", "del", name, check=False)


class SlowWire:
    """Carries every packet that the router forwards through this process, which holds each back for delay_s."""

    def __init__(self, hosts, delay_s):
        self.delay_s = delay_s
        with hosts.inside("router"), skipped_without_rights():
            self.tun = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
            ioctl(self.tun, TUNSETIFF, struct.pack("16sH22x", b"wire", IFF_TUN | IFF_NO_PI))
        for words in ("link set wire up", "route add default dev wire table 100", "rule add priority 200 not iif wire lookup 100"):
            hosts.router(*words.split())
        self.leaving = threading.Event()
        self.thread = threading.Thread(target=self.carry, daemon=True)
        self.thread.start()

    def carry(self):
        held = deque()
        while not self.leaving.is_set():
            wait_s = min(0.1, max(0, held[0][0] - time.monotonic())) if held else 0.1
            if select.select([self.tun], [], [], wait_s)[0]:
                held.append((time.monotonic() + self.delay_s, os.read(self.tun, 65536)))
            while held and held[0][0] <= time.monotonic():
                os.write(self.tun, held.popleft()[1])

    def close(self):
        self.leaving.set()
        self.thread.join(5)
        os.close(self.tun)


class Hosts:
    """One host for each name, address(name) is its own; "router" is no name for one."""

    def __init__(self, *names):
        self.names = names
        self.made = []
        try:
            with skipped_without_rights():
                sweep()
                self._add("router")
                self._set("router", "net/ipv4/ip_forward", 1)
            for key in ("all", "default"):
                self._set("router", f"net/ipv4/conf/{key}/rp_filter", 0)
            for name in names:
                self._add(name)
                self._connect(name)
        except BaseException:
            self.close()
            raise

    def full(self, name):
        return f"{MARK}-{os.getpid()}-{name}"

    def router(self, *words):
        return ip("-n", self.full("router"), *words)

    def address(self, name):
        return f"10.77.{self.names.index(name)}.2"

    def _add(self, name):
        self.made.append(name)
        ip("netns", "add", self.full(name))
        ip("-n", self.full(name), "link", "set", "lo", "up")

    def _set(self, name, key, value):
        with self.inside(name):
            Path("/proc/sys", key).write_text(str(value))

    def _connect(self, name):
        host, gateway = self.full(name), self.address(name)[:-1] + "1"
        self.router("link", "add", "name", name, "type", "veth", "peer", "name", "eth0", "netns", host)
        self.router("address", "add", f"{gateway}/30", "dev", name)
        self.router("link", "set", "dev", name, "up")
        ip("-n", host, "address", "add", f"{self.address(name)}/30", "dev", "eth0")
        ip("-n", host, "link", "set", "eth0", "up")
        ip("-n", host, "route", "add", "default", "via", gateway)

    @contextmanager
    def inside(self, name):
        """This thread, and the processes and threads that it starts, are on that host, for good."""
        with open("/proc/thread-self/ns/net") as home, open(f"/run/netns/{self.full(name)}") as away:
            enter(away)
            try:
                yield
            finally:
                enter(home)

    def cut(self, name, directions=BOTH):
        """From now on what the host sends ("from") and what is sent to it ("to") vanishes: no FIN, no RST, no ICMP."""
        for direction in directions:
            self.router("rule", "add", "priority", "100", direction, self.address(name), "blackhole")

    def heal(self):
        while ip("-n", self.full("router"), "rule", "del", "priority", "100", check=False).returncode == 0:
            pass

    @contextmanager
    def slow(self, delay_s):
        """Each packet between two hosts takes that much longer, so that an answer takes twice as much."""
        wire = SlowWire(self, delay_s)
        try:
            yield
        finally:
            self.router("rule", "del", "priority", "200")
            wire.close()

    def close(self):
        for name in reversed(self.made):
            ip("netns", "del", self.full(name), check=False)
