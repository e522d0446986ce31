"""The clock of a PostgreSQL server: the one by which all processes set and compare due dates, leases and expiries.

So the clocks of their machines may differ, and may be set (``docs/how-it-works.md#time``).
"""

import time
from typing import Any

from hourhook.clock import SECOND, Clock

# Reading it costs a round trip. In between it is continued with this machine's monotonic clock, which is never set.
READ_INTERVAL = SECOND


class ServerClock:
    """The clock of a server, as last read by ``synchronize``."""

    def __init__(self, local: Clock) -> None:
        # The server's time, less that of the monotonic clock; until it is first read, that of this machine.
        self._offset = local.now() - _monotonic()
        self._read_at: int | None = None

    def now(self) -> int:
        return _monotonic() + self._offset

    def synchronize(self, connection: Any) -> None:
        """Read the server's clock over a connection, unless that was done within the last second."""
        before = _monotonic()
        if self._read_at is not None and before - self._read_at < READ_INTERVAL:
            return
        [server_time] = connection.execute(_READ).fetchone()
        after = _monotonic()
        self._offset = int(server_time) - (before + after) // 2
        self._read_at = before


def _monotonic() -> int:
    return time.monotonic_ns() // 1000


_READ = f"SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * {SECOND} AS BIGINT)"
