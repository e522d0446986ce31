"""The events of the account as the API shows them: pulled in parts, or streamed (``docs/api/events.md#feed``)."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated

import msgspec

from hourhook.clock import format_timestamp
from hourhook.delivery import log_reading
from hourhook.delivery.event_log import EVERYTHING
from hourhook.delivery.log_reading import LoggedEvent
from hourhook.domain.callers import Caller
from hourhook.domain.events.catalogue import FEED_TYPES, FeedTypes, expand
from hourhook.domain.inputs import UNSET, Inputs, UnsetType, ValidationErrors, value_or
from hourhook.domain.inputs.enums import check_known
from hourhook.domain.inputs.numbers import IntegerField
from hourhook.store.transaction import Transaction

DEFAULT_LIMIT = 100
MAX_LIMIT = 1000
MAX_WAIT_SECONDS = 30
LAST_EVENT_ID = "Last-Event-ID"

Position = Annotated[int, IntegerField(0, 2**63 - 1)]
Types = Annotated[FeedTypes, "Only these: names of events, families such as `entry.*`, or `*` for all."]


class EventFilters(Inputs):
    """Which events, and how many."""

    after: Annotated[Position, "Events after this position; by default from the earliest that is kept."] | UnsetType = (
        UNSET
    )
    types: Types | UnsetType = UNSET
    limit: Annotated[int, IntegerField(1, MAX_LIMIT), f"At most this many; {DEFAULT_LIMIT} by default."] | UnsetType = (
        UNSET
    )
    wait: (
        Annotated[
            int,
            IntegerField(0, MAX_WAIT_SECONDS),
            "If there is no such event, wait this many seconds for one; 0 by default.",
        ]
        | UnsetType
    ) = UNSET


class StreamFilters(Inputs):
    """Which events, and where the stream begins."""

    after: Annotated[Position, "Begin after this position, not with what happens from now on."] | UnsetType = UNSET
    types: Types | UnsetType = UNSET


class Event(msgspec.Struct):
    """An event of the log."""

    position: int
    type: str
    created_at: str
    # The bytes that webhooks get.
    changes: Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "object"})]
    object: Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "object"})]


@dataclass(frozen=True, slots=True)
class FeedPart:
    """Events, oldest first, and the position up to which they are all that were asked for."""

    events: list[Event]
    position: int
    # The types asked for, None for all of them, and where what is asked for begins.
    types: Collection[str] | None
    after: int


def read(tx: Transaction, caller: Caller, params: EventFilters, errors: ValidationErrors) -> FeedPart:
    """Return the next events after a position."""
    caller.require_role("leader")
    check_known(errors, "types", params.types or (), FEED_TYPES)
    after = value_or(params.after, None)
    if after is not None and not errors.has("after"):
        _check_kept(tx, caller, "after", after, errors)
    errors.raise_if_any()
    types = expand(params.types or (EVERYTHING,))
    limit = value_or(params.limit, DEFAULT_LIMIT)
    found = log_reading.read_after(tx, caller.account_id, after or 0, limit, types)
    # With as many events as the limit there may be more, so that the last one is the end.
    position = found[-1].position if len(found) == limit else caller.log_position
    return FeedPart([_represent(event) for event in found], position, types, max(after or 0, position))


def begin_stream(
    tx: Transaction, caller: Caller, params: StreamFilters, errors: ValidationErrors, last_event_id: str
) -> tuple[int, Collection[str] | None]:
    """Return the position after which a stream begins, and its types; ``last_event_id`` is that of a reconnection."""
    caller.require_role("leader")
    check_known(errors, "types", params.types or (), FEED_TYPES)
    after, field = value_or(params.after, None), "after"
    if last_event_id:
        field = LAST_EVENT_ID
        try:
            after = IntegerField(0, 2**63 - 1).parse(last_event_id)
        except ValueError:
            errors.add(field, "invalid", f"{field} must be the id of an event of this stream.")
    if after is not None and not errors.has(field):
        _check_kept(tx, caller, field, after, errors)
    errors.raise_if_any()
    return caller.log_position if after is None else after, expand(params.types or (EVERYTHING,))


def encode_frame(event: LoggedEvent) -> bytes:
    """Return an event as a stream sends it, encoded once for all streams."""
    if event.frame is None:
        data = msgspec.json.encode(_represent(event))
        event.frame = b"id: %d\nevent: %s\ndata: %s\n\n" % (event.position, event.type.encode(), data)
    return event.frame


def _check_kept(tx: Transaction, caller: Caller, field: str, after: int, errors: ValidationErrors) -> None:
    earliest = log_reading.first_position(tx, caller.account_id)
    if after < earliest - 1:
        message = f"Events are kept from position {earliest} on: begin after {earliest - 1}, and read the rest anew."
        errors.add(field, "expired", message)


def _represent(event: LoggedEvent) -> Event:
    return Event(
        event.position,
        event.type,
        format_timestamp(event.created_at),
        msgspec.Raw(event.changes),
        msgspec.Raw(event.object),
    )
