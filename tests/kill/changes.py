"""Clients that go on changing things through the API, whatever happens to the server, and know what it answered."""

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
_PATIENCE_SECONDS = 10
_PAUSE_SECONDS = 0.05


@dataclass
class ChangeResults:
    """What came of the requests."""

    # Type of the event and id of the object of each change that was answered with a 2xx.
    changes: list[tuple[str, int]] = field(default_factory=list)
    # Requests that broke off: whether they changed anything nobody was told.
    interrupted_count: int = 0
    # Answers that were neither 2xx nor cut off.
    rejected_requests: list[str] = field(default_factory=list)


class Client:
    """One connection to the API, opened anew when it breaks."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
        self._headers = {"X-NokoToken": token, "User-Agent": "bench", "Content-Type": "application/json"}

    def post(self, path: str, content: dict[str, Any]) -> tuple[int, Any]:
        """Post something: status and answer (raises ``OSError`` and ``HTTPException`` when the server goes away)."""
        self._connection.request("POST", path, json.dumps(content), self._headers)
        response = self._connection.getresponse()
        body = response.read()
        return response.status, json.loads(body or b"null")

    def connect(self) -> None:
        """Have a connection (raises ``OSError`` where nobody serves)."""
        if self._connection.sock is None:
            self._connection.connect()

    def close(self) -> None:
        """Let the connection go."""
        self._connection.close()


def add_webhooks(port: int, token: str, uris: list[str], count: int) -> dict[int, str]:
    """Make webhooks that hear everything, in turn at these addresses: their secrets, by id."""
    client = Client(port, token)
    secrets = {}
    for number in range(count):
        uri = uris[number % len(uris)]
        content = {"name": f"Witness {number + 1}", "payload_uri": uri, "events": ["*"]}
        status, answer = client.post("/v2/webhooks", content)
        assert status == 201, answer
        secrets[answer["id"]] = answer["secret"]
    client.close()
    return secrets


@contextmanager
def generate_changes(port: int, token: str, rate: float) -> Iterator[ChangeResults]:
    """Have clients make ``rate`` changes a second, as far as somebody answers, until the context is left."""
    results, stopping, numbers = ChangeResults(), threading.Event(), count(1)
    clients = [
        threading.Thread(target=_change, args=(Client(port, token), results, numbers, _CLIENTS / rate, stopping))
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
    client: Client, results: ChangeResults, numbers: Iterator[int], seconds_each: float, stopping: threading.Event
) -> None:
    due = time.monotonic()
    while not stopping.wait(max(0.0, due - time.monotonic())):
        # Not made up for afterwards, so that a restart does not meet all that was missed at once.
        due = max(due + seconds_each, time.monotonic())
        try:
            client.connect()
        except OSError:
            stopping.wait(_PAUSE_SECONDS)
            continue
        path, content = _content(next(numbers))
        try:
            status, answer = client.post(path, content)
        except (OSError, http.client.HTTPException):
            results.interrupted_count += 1
            client.close()
            continue
        if status == 201:
            results.changes.append(("tag.created" if path == "/v2/tags" else "entry.created", _id_of(answer)))
        else:
            results.rejected_requests.append(f"{path} answered {status}: {answer}")


def _content(number: int) -> tuple[str, dict[str, Any]]:
    if number % 5 == 0:
        return "/v2/tags", {"names": [f"tag{number}"]}
    # Some with a new tag, so that a request makes several events.
    tag = f"#topic{number}" if number % 7 == 0 else "#topic"
    return "/v2/entries", {"date": "2024-05-21", "minutes": 45, "description": f"Change {number} {tag}"}


def _id_of(answer: Any) -> int:
    return int((answer[0] if isinstance(answer, list) else answer)["id"])
