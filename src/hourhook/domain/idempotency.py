"""Keep the responses to requests with an ``Idempotency-Key``, so that a repeat gets the response to the first.

A response is kept in the transaction of the change, under the account's lock: a crash leaves both or neither, and a
repeat that comes while the first request runs waits for the lock and then finds the response
(``docs/api/conventions.md#safe-repeats``).
"""

import msgspec
from sqlalchemy import bindparam, delete, select, text, tuple_

from hourhook.clock import DAY
from hourhook.crypto import Keyring
from hourhook.domain.callers import Caller
from hourhook.errors import IdempotencyConflict, OperatorError
from hourhook.store.schema import idempotency_keys
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

KEPT_FOR = DAY
BATCH = 500


class KeptResponse(msgspec.Struct, array_like=True):
    """A response as it is kept; its body and headers may contain secrets, so it is stored encrypted."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str


def find(tx: Transaction, caller: Caller, keyring: Keyring, key: str, fingerprint: bytes) -> KeptResponse | None:
    """Return the response to the caller's request with this key, or None if there was none in the last 24 hours.

    Raises ``IdempotencyConflict`` if that was another request.
    """
    parameters = {"account": caller.account_id, "token": caller.token_id, "key": key}
    row = tx.one(_FIND, **parameters, since=tx.started_at - KEPT_FOR)
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise IdempotencyConflict(
            "This Idempotency-Key was used for another request in the last 24 hours: use a new key for a new request, "
            "or repeat the method, path, query and body of the first one exactly"
        )
    try:
        return msgspec.json.decode(keyring.decrypt_uncached(row.response), type=KeptResponse)
    except OperatorError:
        raise IdempotencyConflict(
            "A request with this Idempotency-Key succeeded in the last 24 hours, but the server cannot read its "
            "response any more, because its secret key was changed: look up what the request created"
        ) from None


def keep(
    tx: Transaction, caller: Caller, keyring: Keyring, key: str, fingerprint: bytes, response: KeptResponse
) -> None:
    """Keep a response for 24 hours."""
    tx.execute_later(
        _KEEP,
        account=caller.account_id,
        token=caller.token_id,
        key=key,
        fingerprint=fingerprint,
        response=keyring.encrypt(msgspec.json.encode(response).decode()),
        now=tx.started_at,
    )


def delete_expired(tx: Transaction) -> int:
    """Delete a batch of responses that are older than 24 hours; return how many."""
    return tx.execute(_DELETE_EXPIRED, horizon=tx.started_at - KEPT_FOR, batch=BATCH)


_FIND = Statement(
    select(idempotency_keys.c.fingerprint, idempotency_keys.c.response).where(
        idempotency_keys.c.account_id == bindparam("account"),
        idempotency_keys.c.token_id == bindparam("token"),
        idempotency_keys.c.key == bindparam("key"),
        idempotency_keys.c.created_at > bindparam("since"),
    )
)

# A row that is there already has expired and is not deleted yet.
_KEEP = Statement(
    text(
        """
        INSERT INTO idempotency_keys (account_id, token_id, key, fingerprint, response, created_at)
        VALUES (:account, :token, :key, :fingerprint, :response, :now)
        ON CONFLICT (account_id, token_id, key) DO UPDATE
        SET fingerprint = excluded.fingerprint, response = excluded.response, created_at = excluded.created_at
        """
    )
)

_PRIMARY_KEY = [*idempotency_keys.primary_key.columns]
_DELETE_EXPIRED = Statement(
    delete(idempotency_keys).where(
        tuple_(*_PRIMARY_KEY).in_(
            select(*_PRIMARY_KEY)
            .where(idempotency_keys.c.created_at <= bindparam("horizon"))
            .limit(bindparam("batch"))
            # A row that another transaction has locked is left for the next run.
            .with_for_update(skip_locked=True)
        )
    ),
    replan=True,
)
