"""Delivery targets: where and how the payloads of a webhook are sent."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from sqlalchemy import text

from hourhook.crypto import Keyring
from hourhook.delivery.pacing import pace_of
from hourhook.delivery.signing import Headers
from hourhook.store.rows import encode_rows, rows_sql
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

Key = tuple[int, int]
"""The key of a lane: account id and webhook id."""


@dataclass(slots=True, eq=False)
class Target:
    """The URI that payloads are sent to, the name and secret they carry, and the webhook's settings."""

    name: str
    payload_uri: str
    # Encrypted, as stored.
    secret: bytes
    # At most this many payloads in one request.
    batch_limit: int = 1
    # The deadline of an attempt, if it is shorter than that of the transport.
    timeout_seconds: float | None = None
    # The microseconds between two requests, if the webhook has a rate.
    pace: int | None = None
    # The secret before this one, and when it stops being good.
    previous_secret: bytes | None = None
    previous_secret_expires_at: int = 0
    # The webhook's own headers, as JSON: each name with its encrypted value.
    headers: str | None = None

    def secrets_at(self, keyring: Keyring, now: int) -> tuple[str, str | None]:
        """Return the secret, and the previous one while it is good; raises ``OperatorError``."""
        previous = self.previous_secret
        is_good = previous is not None and now < self.previous_secret_expires_at
        return keyring.decrypt(self.secret), keyring.decrypt(previous) if previous and is_good else None

    def own_headers(self, keyring: Keyring) -> Headers:
        """Return the webhook's own headers; raises ``OperatorError``."""
        if self.headers is None:
            return []
        return [
            (name, keyring.decrypt(base64.b64decode(value))) for name, value in decode_headers(self.headers).items()
        ]

    @property
    def header_names(self) -> str | None:
        """The names of the webhook's own headers as the attempt log stores them."""
        return None if self.headers is None else msgspec.json.encode([*decode_headers(self.headers)]).decode()


def decode_headers(stored: str | None) -> Mapping[str, str]:
    """Return the stored headers of a webhook: each name with its encrypted value in base64."""
    return _decode_headers(stored or "{}")


_decode_headers = msgspec.json.Decoder(dict[str, str]).decode


def read_targets(tx: Transaction, keys: list[Key]) -> dict[Key, Target]:
    """Read the targets of these webhooks; deleted webhooks are omitted."""
    return {
        (row.account_id, row.webhook_id): Target(
            row.name,
            row.payload_uri,
            bytes(row.secret),
            row.batch_limit,
            None if row.timeout_seconds is None else row.timeout_seconds / 100,
            None if row.max_per_second is None else pace_of(row.max_per_second),
            None if row.previous_secret is None else bytes(row.previous_secret),
            row.previous_secret_expires_at or 0,
            row.headers,
        )
        for row in tx.all(_TARGETS, rows=encode_rows(keys))
    }


def _targets(dialect: str) -> str:
    return f"""
    SELECT w.account_id, w.id AS webhook_id, w.name, w.payload_uri, w.secret, w.previous_secret,
        w.previous_secret_expires_at, w.headers, w.max_per_second, w.timeout_seconds, w.batch_limit
    FROM ({rows_sql(dialect, "rows", account_id="INTEGER", webhook_id="INTEGER")}) AS r
    JOIN webhooks AS w ON w.account_id = r.account_id AND w.id = r.webhook_id
    """


_TARGETS = Statement(text(_targets("sqlite")), text(_targets("postgresql")))
