"""Tries to get in with an e-mail address and a password: how many there may be, and how many are looked at at a time.

They are counted together wherever they are made, on the page for signing in or by HTTP Basic, so that nobody gets more
of them by going from one to the other. Each try is counted for its client and for its e-mail address.
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

# A hash takes 64 MiB and all of a core for a while: so many at a time.
MAX_CONCURRENT_HASHES = 2


class SignInThrottle:
    """The tries of one process; without a limit there may be any number."""

    def __init__(self, limit: RateLimit | None, clock: Clock) -> None:
        self._limit = limit
        self._by_client, self._by_email = (TokenBuckets(limit, clock) if limit else None for _ in range(2))
        self._hashes = asyncio.Semaphore(MAX_CONCURRENT_HASHES)

    @property
    def retry_after_seconds(self) -> int:
        """How long to wait for the next try where there were too many."""
        return math.ceil(1 / self._limit.per_second) if self._limit else 0

    def try_acquire(self, client: str, email: str) -> bool:
        """Count a try before it is made; False when there were too many."""
        if self._by_client is None or self._by_email is None:
            return True
        return self._by_client.try_acquire(client) and self._by_email.try_acquire(_key(email))

    def refund(self, client: str, email: str) -> None:
        """Count a try no more, since it was no guess: whoever sends a password along with each request has many."""
        if self._by_client is not None and self._by_email is not None:
            self._by_client.refund(client)
            self._by_email.refund(_key(email))

    async def authenticate(self, database: Database, email: str, password: str) -> Sequence[Candidate]:
        """The users that somebody is who knows this, in as many accounts; in a thread, and outside any transaction."""
        candidates = await database.read(sign_ins.find_candidates, email)
        async with self._hashes:
            return await asyncio.to_thread(sign_ins.filter_by_password, candidates, password)


def _key(email: str) -> str:
    return search_key(email.strip())[: sign_ins.MAX_EMAIL_LENGTH]
