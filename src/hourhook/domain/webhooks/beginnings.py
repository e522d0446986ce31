"""Where a new webhook begins: with what is new, or with the kept events from a time or a position on."""

from hourhook.clock import format_timestamp
from hourhook.delivery import log_reading
from hourhook.domain.callers import Caller
from hourhook.domain.inputs import ValidationErrors
from hourhook.store.transaction import Transaction


def kept_since(tx: Transaction, caller: Caller) -> int | None:
    """Return when the earliest event that is kept happened; None if there is none."""
    return log_reading.time_of(tx, caller.account_id, log_reading.first_position(tx, caller.account_id))


def find_position(tx: Transaction, since: int | None, position: int | None, errors: ValidationErrors) -> int | None:
    """Return the position of the first event of a webhook that begins in the past; None if it begins with what is new.

    Adds ``invalid`` if both are given, and ``expired`` if events may be missing between the beginning and the earliest
    one that is kept.
    """
    if since is not None and position is not None:
        errors.add("from_position", "invalid", "A webhook begins at a time or at a position: give one of them.")
        return None
    if since is None and position is None:
        return None
    earliest = log_reading.first_position(tx, tx.account_id)
    earliest_at = log_reading.time_of(tx, tx.account_id, earliest)
    if earliest > 1:
        # Without any kept event, what was there ends with the last one.
        last_lost = log_reading.last_time(tx, tx.account_id) if earliest_at is None else earliest_at - 1
        when = "later" if earliest_at is None else f"at {format_timestamp(earliest_at)}, position {earliest}, or later"
        field = "from" if since is not None else "from_position"
        if (position is not None and position < earliest) or (since is not None and since <= last_lost):
            errors.add(field, "expired", f"Events are kept from position {earliest} on: begin {when}.")
            return None
    if position is None:
        assert since is not None
        position = log_reading.first_position_since(tx, tx.account_id, since, earliest, tx.last_position)
    return max(position, earliest) if position <= tx.last_position else None
