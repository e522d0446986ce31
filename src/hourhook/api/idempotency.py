"""``Idempotency-Key``: run a POST at most once for each key (``docs/api/conventions.md#safe-repeats``)."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from hourhook.crypto import Keyring
from hourhook.domain import idempotency
from hourhook.domain.callers import Caller
from hourhook.domain.idempotency import KeptResponse
from hourhook.errors import MalformedHeader
from hourhook.http.asgi import Scope
from hourhook.http.responses import Response
from hourhook.store.transaction import Transaction

_KEY = re.compile(rb"[\x21-\x7e]{1,255}")
_REPLAYED = (b"idempotent-replayed", b"true")


@dataclass(slots=True)
class KeyedRequest:
    """A request with a key; ``response`` is set once its transaction is about to commit."""

    key: str
    fingerprint: bytes
    response: Response | None = None

    def run(
        self,
        tx: Transaction,
        caller: Caller,
        keyring: Keyring,
        execute: Callable[[], object],
        encode: Callable[[object], Response],
    ) -> None:
        """Execute the request and keep its response, or take the response that was kept.

        Unlike those of other requests, the response is encoded before the commit. Raises ``IdempotencyConflict``, and
        the refusals of the request, which are not kept.
        """
        kept = idempotency.find(tx, caller, keyring, self.key, self.fingerprint)
        if kept is not None:
            response = _restore(kept)
            self.response = replace(response, headers=(*response.headers, _REPLAYED))
            return
        result = execute()

        def keep(tx: Transaction) -> None:
            self.response = encode(result)
            idempotency.keep(tx, caller, keyring, self.key, self.fingerprint, _store(self.response))

        # After the actions that the request has registered, which determine the position of the log.
        tx.before_commit(keep)


def read_key(scope: Scope) -> str | None:
    """Return the ``Idempotency-Key`` of a request, None if it has none. Raises ``MalformedHeader``."""
    values: list[bytes] = [value for name, value in scope["headers"] if name == b"idempotency-key"]
    if not values:
        return None
    if len(values) > 1 or not _KEY.fullmatch(values[0]):
        raise MalformedHeader(
            "Idempotency-Key must be one header of 1 to 255 visible ASCII characters without spaces, such as a UUID"
        )
    return values[0].decode("ascii")


def fingerprint(scope: Scope, body: bytes) -> bytes:
    """Return the SHA-256 of what a repeat must have in common with the first request."""
    digest = hashlib.sha256()
    for part in (scope["method"].encode(), scope["path"].encode(), scope["query_string"], body):
        # With its length, so that no two requests give the same sequence of bytes.
        digest.update(b"%d\0" % len(part) + part)
    return digest.digest()


def _store(response: Response) -> KeptResponse:
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers)
    return KeptResponse(response.status, headers, response.body.decode())


def _restore(kept: KeptResponse) -> Response:
    headers = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in kept.headers)
    return Response(kept.status, kept.body.encode(), headers)
