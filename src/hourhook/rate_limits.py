"""Rate limits: a token bucket per client address, or per any other key (``docs/api/conventions.md#rate-limits``)."""

from collections import OrderedDict
from itertools import islice

from hourhook.clock import SECOND, Clock
from hourhook.settings import RateLimit

# Buckets are kept for this many clients. Dropping one can only return tokens.
MAX_BUCKETS = 10_000
# The fullest of this many least recently used ones is dropped: otherwise many new clients could displace a bucket that
# is nearly empty, which would then be full again.
_COMPARED_BUCKETS = 16


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
        tokens = self._tokens(client, now)
        has_token = tokens >= 1
        self._buckets[client] = (tokens - 1 if has_token else tokens, now)
        self._buckets.move_to_end(client)
        if len(self._buckets) > MAX_BUCKETS:
            oldest = [*islice(self._buckets, _COMPARED_BUCKETS)]
            del self._buckets[max(oldest, key=lambda each: self._tokens(each, now))]
        return has_token

    def refund(self, client: str) -> None:
        """Return a token that a client has taken."""
        if client in self._buckets:
            tokens, at = self._buckets[client]
            self._buckets[client] = (min(self._limit.burst, tokens + 1), at)

    def _tokens(self, client: str, now: int) -> float:
        tokens, at = self._buckets.get(client, (float(self._limit.burst), now))
        # A clock that was set back must not remove tokens.
        return min(self._limit.burst, tokens + max(0, now - at) * self._limit.per_second / SECOND)
