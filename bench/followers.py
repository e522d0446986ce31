"""(o) Followers of one account's event stream: memory each, cost at rest, and events delivered to all of them."""

import json
import selectors
import socket
import threading
import time
import urllib.request

from bench.backlogs import open_account
from bench.databases import KINDS, Databases
from bench.server_under_test import Server
from bench.tables import percentile, print_table, progress
from hourhook.store.urls import open_database

FOLLOWERS, QUICK_FOLLOWERS = 1_000, 100
WRITES = 20
WRITE_INTERVAL_SECONDS = 0.5
REST_SECONDS = 10
SETTLE_SECONDS = 2
KIBIBYTE = 2**10


def run(databases: Databases, *, quick: bool) -> None:
    """Measure, and print the table."""
    count = QUICK_FOLLOWERS if quick else FOLLOWERS
    rows = []
    for kind in KINDS:
        progress(f"followers: {count:,}, {kind}")
        with databases.fresh(kind) as url:
            database = open_database(url)
            token = open_account(database).token
            database.close()
            with Server(url, is_watched=True, rate_limit=None) as server:
                rows.append((kind, *_measure(server, token, count)))
    progress("")
    print_table(
        f"(o) {count:,} followers of one account",
        (
            "",
            "KiB each",
            "at rest: processor %",
            "statements per second",
            "µs per event and follower",
            "ms p50",
            "ms p99",
        ),
        rows,
    )


def _measure(server: Server, token: str, count: int) -> tuple[str, ...]:
    _post(server, token)
    time.sleep(SETTLE_SECONDS)
    memory = server.memory_bytes
    followers = [_follow(server, token) for _ in range(count)]
    memory = server.memory_bytes - memory
    time.sleep(SETTLE_SECONDS)
    statements, cpu_seconds, started_at = server.count(), server.cpu_seconds, time.monotonic()
    time.sleep(REST_SECONDS)
    elapsed, rest_seconds = time.monotonic() - started_at, server.cpu_seconds - cpu_seconds
    statements = server.count() - statements
    cpu_seconds = server.cpu_seconds
    delays = _deliver(server, token, followers)
    cpu_seconds = server.cpu_seconds - cpu_seconds
    for follower in followers:
        follower.close()
    return (
        f"{memory / count / KIBIBYTE:.0f}",
        f"{rest_seconds / elapsed * 100:.1f}",
        f"{statements / elapsed:.1f}",
        f"{cpu_seconds / len(delays) * 1_000_000:.0f}",
        f"{percentile(delays, 0.5) * 1000:.0f}",
        f"{percentile(delays, 0.99) * 1000:.0f}",
    )


def _follow(server: Server, token: str) -> socket.socket:
    """Open a stream, and return its connection once it has begun."""
    follower = socket.create_connection(("127.0.0.1", server.port))
    head = f"GET /v2/events/stream HTTP/1.1\r\nHost: x\r\nUser-Agent: bench\r\nX-NokoToken: {token}\r\n\r\n"
    follower.sendall(head.encode())
    received = b""
    while b":\n\n" not in received:
        received += follower.recv(4096)
    follower.setblocking(False)
    return follower


def _deliver(server: Server, token: str, followers: list[socket.socket]) -> list[float]:
    """Write a few times; return the seconds from each response to the arrival at each follower."""
    written_at: list[float] = []

    def write() -> None:
        for _ in range(WRITES):
            _post(server, token)
            written_at.append(time.monotonic())
            time.sleep(WRITE_INTERVAL_SECONDS)

    writing = threading.Thread(target=write)
    writing.start()
    arrived: list[tuple[int, float]] = []
    seen = dict.fromkeys(followers, 0)
    with selectors.DefaultSelector() as selector:
        for follower in followers:
            selector.register(follower, selectors.EVENT_READ)
        while len(arrived) < WRITES * len(followers):
            for key, _ in selector.select():
                readable = key.fileobj
                assert isinstance(readable, socket.socket)
                for _ in range(readable.recv(65_536).count(b"\nevent: ")):
                    arrived.append((seen[readable], time.monotonic()))
                    seen[readable] += 1
    writing.join()
    return [max(0.0, at - written_at[index]) for index, at in arrived]


def _post(server: Server, token: str) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/v2/entries",
        json.dumps({"date": "2026-11-23", "minutes": 30}).encode(),
        {"X-NokoToken": token, "User-Agent": "bench"},
    )
    with urllib.request.urlopen(request) as response:
        response.read()
