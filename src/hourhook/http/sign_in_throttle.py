"""Throttle sign-in attempts, per client address and per e-mail address, and limit concurrent password hashing.

The sign-in page and the OAuth endpoints with HTTP Basic share one throttle, so that using both gives no more attempts.
"""

import asyncio
import math
from collections.abc import Sequence

from hourhook.clock import Clock
from hourhook.domain import sign_ins
from hourhook.domain.search_keys import search_key
from hourhook.domain.sign_ins import Candidate
from hourhook.rate_limits import TokenBuckets
from hourhook.settings import RateLimit
from hourhook.store.database import Database

# A hash takes 64 MiB of memory and a whole core.
MAX_CONCURRENT_HASHES = 2


class SignInThrottle:
    """The attempts in one process; unlimited without a ``limit``."""

    def __init__(self, limit: RateLimit | None, clock: Clock) -> None:
        self._limit = limit
        self._by_client, self._by_email = (TokenBuckets(limit, clock) if limit else None for _ in range(2))
        self._hashes = asyncio.Semaphore(MAX_CONCURRENT_HASHES)

    @property
    def retry_after_seconds(self) -> int:
        """The time until a further attempt is allowed."""
        return math.ceil(1 / self._limit.per_second) if self._limit else 0

    def try_acquire(self, client: str, email: str) -> bool:
        """Count an attempt before it is made; return False if there were too many."""
        if self._by_client is None or self._by_email is None:
            return True
        return self._by_client.try_acquire(client) and self._by_email.try_acquire(_key(email))

    def refund(self, client: str, email: str) -> None:
        """Take back a successful attempt: clients that send a password with each request make many."""
        if self._by_client is not None and self._by_email is not None:
            self._by_client.refund(client)
            self._by_email.refund(_key(email))

    async def authenticate(self, database: Database, email: str, password: str) -> Sequence[Candidate]:
        """Return the users with these credentials, one for each account. Hashes in a thread, outside a transaction."""
        candidates = await database.read(sign_ins.find_candidates, email)
        async with self._hashes:
            return await asyncio.to_thread(sign_ins.filter_by_password, candidates, password)


def _key(email: str) -> str:
    return search_key(email.strip())[: sign_ins.MAX_EMAIL_LENGTH]
