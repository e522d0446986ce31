"""Read Server-Sent Events as a browser does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlencode

import msgspec

from tests.support.clients import USER_AGENT, Client


@dataclass(frozen=True)
class StreamedEvent:
    """One event; ``data`` is decoded JSON."""

    id: str
    type: str
    data: Any


class EventStreamReader:
    """The events of an open stream; the headers of its response are in lower case."""

    def __init__(self, response: HTTPResponse) -> None:
        self._response = response
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}

    def read(self) -> StreamedEvent | None:
        """Return the next event, without the comments before it; None at the end of the stream."""
        fields: dict[str, str] = {}
        while line := self._response.readline().decode():
            line = line.rstrip("\n")
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value
            elif not line and fields:
                return StreamedEvent(fields["id"], fields["event"], msgspec.json.decode(fields["data"]))
        return None

    def read_many(self, count: int) -> list[StreamedEvent]:
        events = [self.read() for _ in range(count)]
        return [event for event in events if event is not None]


@contextmanager
def open_event_stream(
    client: Client, token: str | None, query: Any = (), last_event_id: str | None = None
) -> Iterator[EventStreamReader]:
    """Open the stream of the event log."""
    connection = HTTPConnection(*client.address, timeout=30)
    headers = {"User-Agent": USER_AGENT}
    if token is not None:
        headers["X-NokoToken"] = token
    if last_event_id is not None:
        headers["Last-Event-ID"] = last_event_id
    connection.request("GET", f"/v2/events/stream?{urlencode(query)}", headers=headers)
    response = connection.getresponse()
    try:
        yield EventStreamReader(response)
    finally:
        response.close()
        connection.close()
