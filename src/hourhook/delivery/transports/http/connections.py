"""A connection pool: idle connections to checked addresses, bounded in number and in age.

A connection is reused only while its address is still among those that the host's name resolves to, so a name that
moves takes its connections with it. A receiver that closes an idle connection, or says anything on it, loses it here at
once; what slips through is covered by the client, which repeats the request on a new connection.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection
from time import monotonic

from hourhook.delivery.transports.http.connection import HttpConnection
from hourhook.delivery.transports.http.uris import Origin

_SWEEP_SECONDS = 5


class ConnectionPool:
    """Keep idle connections; the most recently used ones are taken first, and dropped last."""

    def __init__(self, max_idle: int, idle_seconds: float) -> None:
        """Keep up to ``max_idle`` connections, each for ``idle_seconds`` after its last use."""
        self._max_idle = max_idle
        self._idle_seconds = idle_seconds
        self._by_origin: dict[Origin, list[HttpConnection]] = {}
        # In the order of their last use.
        self._idle: OrderedDict[HttpConnection, Origin] = OrderedDict()
        self._sweep_timer: asyncio.TimerHandle | None = None

    def acquire(self, origin: Origin, addresses: Collection[str]) -> HttpConnection | None:
        """Take an idle connection to one of these addresses out of the pool."""
        connections = self._by_origin.get(origin)
        oldest = monotonic() - self._idle_seconds
        while connections:
            connection = connections[-1]
            self._remove(connection)
            if connection.is_open and connection.address in addresses and connection.idle_since >= oldest:
                return connection
            connection.abort()
        return None

    def release(self, origin: Origin, connection: HttpConnection) -> None:
        """Put a connection back, if it can be used again."""
        if not connection.is_open:
            return
        connection.idle_since = monotonic()
        self._by_origin.setdefault(origin, []).append(connection)
        self._idle[connection] = origin
        while len(self._idle) > self._max_idle:
            self._drop_oldest()
        if self._sweep_timer is None:
            self._sweep_later()

    def close(self) -> None:
        """Close all idle connections."""
        if self._sweep_timer is not None:
            self._sweep_timer.cancel()
            self._sweep_timer = None
        while self._idle:
            self._drop_oldest()

    def _sweep_later(self) -> None:
        self._sweep_timer = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep)

    def _sweep(self) -> None:
        self._sweep_timer = None
        oldest = monotonic() - self._idle_seconds
        for connection in [connection for connection in self._idle if not connection.is_open]:
            self._remove(connection)
        while self._idle and next(iter(self._idle)).idle_since < oldest:
            self._drop_oldest()
        if self._idle:
            self._sweep_later()

    def _drop_oldest(self) -> None:
        connection = next(iter(self._idle))
        self._remove(connection)
        connection.abort()

    def _remove(self, connection: HttpConnection) -> None:
        origin = self._idle.pop(connection)
        connections = self._by_origin[origin]
        connections.remove(connection)
        if not connections:
            del self._by_origin[origin]
