"""Rate limits: a token bucket per client address, or per any other key (``docs/api/conventions.md#rate-limits``)."""

from collections import OrderedDict

from hourhook.clock import SECOND, Clock
from hourhook.settings import RateLimit

# Buckets are kept for this many clients. Dropping the least recently used one can only return tokens.
MAX_BUCKETS = 10_000


class TokenBuckets:
    """The token buckets of all clients."""

    def __init__(self, limit: RateLimit, clock: Clock) -> None:
        self._limit = limit
        self._clock = clock
        # For each client: the number of tokens, and when it was computed.
        self._buckets: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def try_acquire(self, client: str) -> bool:
        """Take one token of a client; return False if none is left."""
        now = self._clock.now()
        tokens, at = self._buckets.get(client, (float(self._limit.burst), now))
        # A clock that was set back must not remove tokens.
        tokens = min(self._limit.burst, tokens + max(0, now - at) * self._limit.per_second / SECOND)
        has_token = tokens >= 1
        self._buckets[client] = (tokens - 1 if has_token else tokens, now)
        self._buckets.move_to_end(client)
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return has_token

    def refund(self, client: str) -> None:
        """Return a token that a client has taken."""
        if client in self._buckets:
            tokens, at = self._buckets[client]
            self._buckets[client] = (min(self._limit.burst, tokens + 1), at)
