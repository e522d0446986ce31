"""The events in the log of an account, as a webhook would receive them; each has to match its published schema."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

from hourhook.clock import format_timestamp
from hourhook.delivery import envelope
from hourhook.store.schema import events
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.support.accounts import Account
from tests.support.payload_schemas import assert_valid

# Of the events that are read together, so that large changes do not take long.
MAX_VALIDATED = 200


@dataclass(frozen=True)
class Event:
    """One event; ``text`` is its object as the bytes that were recorded."""

    type: str
    created_at: str
    changes: dict[str, list[Any]]
    object: dict[str, Any]
    text: bytes


class EventReader:
    """Reads the event log of an account from now on."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._position = 0
        self.read_new()

    def read_new(self) -> list[Event]:
        """Return the events since the last call."""
        return self._account.database.read_now(self._read)

    def read_new_types(self) -> list[str]:
        """Return the types of the events since the last call."""
        return [event.type for event in self.read_new()]

    def _read(self, tx: Transaction) -> list[Event]:
        rows = tx.all(_EVENTS, account=self._account.id, position=self._position)
        if rows:
            self._position = rows[-1].position
        for row in rows[:MAX_VALIDATED]:
            assert_valid(envelope.body(1, "", row.type, row.created_at, bytes(row.changes), bytes(row.object)))
        return [
            Event(
                row.type,
                format_timestamp(row.created_at),
                json.loads(bytes(row.changes)),
                json.loads(bytes(row.object)),
                bytes(row.object),
            )
            for row in rows
        ]


_EVENTS = Statement(
    select(events.c.position, events.c.type, events.c.created_at, events.c.changes, events.c.object)
    .where(events.c.account_id == bindparam("account"), events.c.position > bindparam("position"))
    .order_by(events.c.position)
)
