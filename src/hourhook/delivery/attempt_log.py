"""The attempt log: an insert-only row for each attempt."""

from typing import Any

import msgspec

from hourhook.delivery.targets import Key
from hourhook.delivery.transports.outcomes import Outcome

ATTEMPT_COLUMNS = (
    "account_id",
    "webhook_id",
    "sequence",
    "number",
    "errand_id",
    "webhook_name",
    "url",
    "started_at",
    "duration_ms",
    "status",
    "error",
    "response_headers",
    "response_body",
    "batch",
    "header_names",
)


class Batch(msgspec.Struct, frozen=True):
    """The batch in which a payload was sent: its size, and the first payload, whose headers it had."""

    first_sequence: int
    count: int
    payload_id: str
    type: str
    number: int


decode_batch = msgspec.json.Decoder(Batch).decode


def attempt_row(
    key: Key,
    sequence: int,
    number: int,
    errand_id: int,
    webhook_name: str,
    url: str,
    outcome: Outcome,
    batch: str | None = None,
    header_names: str | None = None,
) -> tuple[Any, ...]:
    """Return a row of the attempt log, in the order of ``ATTEMPT_COLUMNS``."""
    return (
        *key,
        sequence,
        number,
        errand_id,
        webhook_name,
        url,
        outcome.started_at,
        outcome.duration_ms,
        outcome.status,
        outcome.error,
        msgspec.json.encode(outcome.headers),
        outcome.body,
        batch,
        header_names,
    )
