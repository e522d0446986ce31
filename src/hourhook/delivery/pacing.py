"""The rate of a webhook: its lane is not due before the time at which its next request may be sent.

So a lane that waits holds neither a lease nor a slot, and the wait survives a restart. A request in flight whose lease
is revoked settles nothing: whatever revokes the lease lets the next request wait as if it had just started.
"""

from typing import Any

from sqlalchemy import ColumnElement, bindparam, case

from hourhook.clock import SECOND
from hourhook.store.schema import lanes

# The lowest rate is one request in ten seconds. A later time was set by a clock that was ahead.
MAX_PACE = 10 * SECOND


def pace_of(max_per_second: int) -> int:
    """Return the microseconds between two requests at a rate in hundredths."""
    return 100 * SECOND // max_per_second


def earliest_send(paced_until: int | None, now: int) -> int:
    """Return when a lane may send its next request: now, unless its rate makes it wait."""
    return paced_until if paced_until is not None and now < paced_until <= now + MAX_PACE else now


def earliest_send_sql() -> ColumnElement[int]:
    """Return the same as an expression on ``lanes``; it takes the parameter ``now``."""
    now: Any = bindparam("now")
    is_waiting = (lanes.c.paced_until > now) & (lanes.c.paced_until <= now + MAX_PACE)
    return case((is_waiting, lanes.c.paced_until), else_=now)
