"""API clients that keep making changes while servers are killed, and record each response."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

_CLIENTS = 4
_TIMEOUT_SECONDS = 10
_PAUSE_SECONDS = 0.05


@dataclass
class ChangeResults:
    """The responses to the changes."""

    # Event type and object id of each change with a 2xx response.
    changes: list[tuple[str, int]] = field(default_factory=list)
    # Requests that were cut off: the change may have been made or not.
    interrupted_count: int = 0
    # Responses 503 while the database was away: it may have been made only if the response says so.
    unavailable_count: int = 0
    # Other responses than 2xx.
    rejected_requests: list[str] = field(default_factory=list)


class Client:
    """A connection to the API, opened again when it breaks."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
        self._headers = {"X-NokoToken": token, "User-Agent": "bench", "Content-Type": "application/json"}

    def post(self, path: str, content: dict[str, Any]) -> tuple[int, Any]:
        """Send a POST; returns status and body. Raises ``OSError`` or ``HTTPException`` if the server goes away."""
        self._connection.request("POST", path, json.dumps(content), self._headers)
        response = self._connection.getresponse()
        body = response.read()
        return response.status, json.loads(body or b"null")

    def connect(self) -> None:
        """Connect, unless it is connected. Raises ``OSError`` if no server listens."""
        if self._connection.sock is None:
            self._connection.connect()

    def close(self) -> None:
        self._connection.close()


def add_webhooks(port: int, token: str, uris: list[str], count: int) -> dict[int, str]:
    """Create webhooks for all events, spread over these addresses; returns their secrets by id."""
    client = Client(port, token)
    secrets = {}
    for number in range(count):
        uri = uris[number % len(uris)]
        content = {"name": f"Receiver {number + 1}", "payload_uri": uri, "events": ["*"]}
        status, body = client.post("/v2/webhooks", content)
        assert status == 201, body
        secrets[body["id"]] = body["secret"]
    client.close()
    return secrets


@contextmanager
def generate_changes(port: int, token: str, rate: float, *, has_outages: bool = False) -> Iterator[ChangeResults]:
    """Make ``rate`` changes per second, while a server answers, until the context exits.

    ``has_outages`` means that the database goes away at times, so that 503 is a right response.
    """
    results, stopping, numbers = ChangeResults(), threading.Event(), count(1)
    clients = [
        threading.Thread(
            target=_change, args=(Client(port, token), results, numbers, _CLIENTS / rate, stopping, has_outages)
        )
        for _ in range(_CLIENTS)
    ]
    for client in clients:
        client.start()
    try:
        yield results
    finally:
        stopping.set()
        for client in clients:
            client.join()


def _change(
    client: Client,
    results: ChangeResults,
    numbers: Iterator[int],
    seconds_each: float,
    stopping: threading.Event,
    has_outages: bool,
) -> None:
    due = time.monotonic()
    while not stopping.wait(max(0.0, due - time.monotonic())):
        # Missed changes are not made up for, or a restarted server would get all of them at once.
        due = max(due + seconds_each, time.monotonic())
        try:
            client.connect()
        except OSError:
            stopping.wait(_PAUSE_SECONDS)
            continue
        path, content = _content(next(numbers))
        try:
            status, body = client.post(path, content)
        except (OSError, http.client.HTTPException):
            results.interrupted_count += 1
            client.close()
            continue
        if status == 201:
            results.changes.append(("tag.created" if path == "/v2/tags" else "entry.created", _id_of(body)))
        elif status == 503 and has_outages:
            results.unavailable_count += 1
            stopping.wait(_PAUSE_SECONDS)
        else:
            results.rejected_requests.append(f"{path} answered {status}: {body}")


def _content(number: int) -> tuple[str, dict[str, Any]]:
    if number % 5 == 0:
        return "/v2/tags", {"names": [f"tag{number}"]}
    # Some entries have a new tag, so that one request raises several events.
    tag = f"#topic{number}" if number % 7 == 0 else "#topic"
    return "/v2/entries", {"date": "2024-05-21", "minutes": 45, "description": f"Change {number} {tag}"}


def _id_of(body: Any) -> int:
    return int((body[0] if isinstance(body, list) else body)["id"])
