"""Throttle sign-in attempts, per client network and per e-mail address, and limit concurrent password hashing.

The sign-in page and the OAuth endpoints with HTTP Basic share one throttle, so that using both gives no more attempts.

Attempts for one e-mail address from many networks are limited together. So that such an attack does not lock out the
user, a network that has signed in with the address before, and a browser, have buckets of their own for it.
"""

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from hourhook.clock import Clock
from hourhook.domain import sign_ins
from hourhook.domain.search_keys import search_key
from hourhook.domain.sign_ins import Candidate
from hourhook.http.hash_queue import HashQueue
from hourhook.rate_limits import TokenBuckets
from hourhook.settings import RateLimit
from hourhook.store.database import Database

# Networks are remembered for this many e-mail addresses, and for each of them this many networks, the latest ones.
# Only a correct password adds one, so an attacker cannot displace those of others.
MAX_KNOWN_ADDRESSES = 10_000
MAX_KNOWN_NETWORKS = 8


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt to sign in that was counted."""

    client: str
    email: str
    is_client_known: bool
    # The buckets that it took a token from, with its keys in them.
    taken: Sequence[tuple[TokenBuckets, str]]

    def refund(self) -> None:
        """Take back a successful attempt: clients that send a password with each request make many."""
        for buckets, key in self.taken:
            buckets.refund(key)


class SignInThrottle:
    """The attempts in one process; unlimited without a ``limit``.

    A ``client`` is the network of a client, as ``RequestContext.client_network`` returns it.
    """

    def __init__(self, limit: RateLimit | None, clock: Clock) -> None:
        self._limit = limit
        self._by_client, self._by_email, self._by_known_client = (
            TokenBuckets(limit, clock) if limit else None for _ in range(3)
        )
        self._known: OrderedDict[str, OrderedDict[str, None]] = OrderedDict()
        self.hashes = HashQueue()

    @property
    def retry_after_seconds(self) -> int:
        """The time until a further attempt is allowed."""
        return math.ceil(1 / self._limit.per_second) if self._limit else 0

    def try_acquire(self, client: str, email: str, *, browser: str | None = None) -> Attempt | None:
        """Count an attempt before it is made; return None if there were too many.

        ``browser`` is the id of one in which somebody has signed in with this address before.
        """
        address = email_key(email)
        known = f"browser {browser}" if browser else client if client in self._known.get(address, ()) else None
        attempt = Attempt(client, email, known is not None, self._buckets_of(client, address, known))
        is_allowed = all(buckets.try_acquire(key) for buckets, key in attempt.taken)
        return attempt if is_allowed else None

    async def authenticate(self, database: Database, attempt: Attempt, password: str) -> Sequence[Candidate]:
        """Return the users with these credentials, one for each account. Raises ``HashQueueFull``."""
        candidates = await database.read(sign_ins.find_candidates, attempt.email)
        found = await self.hashes.run(
            sign_ins.filter_by_password, candidates, password, is_privileged=attempt.is_client_known
        )
        if found:
            self._remember(attempt.client, email_key(attempt.email))
        return found

    def _buckets_of(self, client: str, address: str, known: str | None) -> Sequence[tuple[TokenBuckets, str]]:
        """Return the buckets that an attempt takes a token from, with its keys in them."""
        if self._by_client is None or self._by_email is None or self._by_known_client is None:
            return ()
        if known is None:
            return ((self._by_client, client), (self._by_email, address))
        return ((self._by_client, client), (self._by_known_client, f"{known} {address}"))

    def _remember(self, client: str, email: str) -> None:
        networks = self._known.setdefault(email, OrderedDict())
        self._known.move_to_end(email)
        networks[client] = None
        networks.move_to_end(client)
        if len(networks) > MAX_KNOWN_NETWORKS:
            networks.popitem(last=False)
        if len(self._known) > MAX_KNOWN_ADDRESSES:
            self._known.popitem(last=False)


def email_key(email: str) -> str:
    """Return the form of an e-mail address by which attempts are counted."""
    return search_key(email.strip())[: sign_ins.MAX_EMAIL_LENGTH]
