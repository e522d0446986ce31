"""The deadlines of all exchanges, with one timer: most exchanges end long before, and a timer each would cost more."""

import asyncio
from time import monotonic

from hourhook.delivery.transports.http.exchanges import Exchange


class Deadlines:
    """Expire exchanges at their deadlines."""

    def __init__(self) -> None:
        self._exchanges: set[Exchange] = set()
        self._timer: asyncio.TimerHandle | None = None
        # When the timer ends, by the monotonic clock.
        self._timer_at = 0.0

    def add(self, exchange: Exchange) -> None:
        """Expire an exchange at its deadline, unless it is discarded before."""
        self._exchanges.add(exchange)
        if self._timer is None or exchange.deadline < self._timer_at:
            self._start_timer(exchange.deadline)

    def discard(self, exchange: Exchange) -> None:
        self._exchanges.discard(exchange)

    def close(self) -> None:
        """Stop the timer; call it when no exchange is in progress."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _start_timer(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = asyncio.get_running_loop().call_later(max(0.0, at - monotonic()), self._expire)

    def _expire(self) -> None:
        self._timer = None
        now = max(monotonic(), self._timer_at)
        for exchange in [exchange for exchange in self._exchanges if exchange.deadline <= now]:
            exchange.expire()
        if self._exchanges:
            # Those that were added since may have started the timer.
            self._start_timer(min(exchange.deadline for exchange in self._exchanges))
