"""How fast somebody may ask: a token bucket for each address, or whatever else tells people apart.

(Contract, 00-conventions §7.)
"""

from collections import OrderedDict

from hourhook.clock import SECOND, Clock
from hourhook.settings import RateLimit

# Addresses remembered; the one unused longest is forgotten first, which only ever gives tokens back.
MAX_BUCKETS = 10_000


class TokenBuckets:
    """The buckets of all clients."""

    def __init__(self, limit: RateLimit, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        # Of each client: tokens left, and when that was.
        self._buckets: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def try_acquire(self, client: str) -> bool:
        """Take one token of a client; False when there is none left."""
        now = self._clock.now()
        tokens, at = self._buckets.get(client, (float(self._limit.burst), now))
        # A clock set back must not take tokens away.
        tokens = min(self._limit.burst, tokens + max(0, now - at) * self._limit.per_second / SECOND)
        has_one = tokens >= 1
        self._buckets[client] = (tokens - 1 if has_one else tokens, now)
        self._buckets.move_to_end(client)
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return has_one

    def refund(self, client: str) -> None:
        """Put back a token that a client took."""
        if client in self._buckets:
            tokens, at = self._buckets[client]
            self._buckets[client] = (min(self._limit.burst, tokens + 1), at)
