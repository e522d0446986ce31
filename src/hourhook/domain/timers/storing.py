"""Store timers; every change goes through here and is sent to the user's broadcast receivers.

See `docs/api/broadcast_receivers.md`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import bindparam, delete, text

from hourhook.delivery import broadcasts
from hourhook.domain.broadcast_subjects import TIMER
from hourhook.domain.callers import BLOCKED_STATES
from hourhook.domain.joined_summaries import (
    PROJECT_COLUMNS,
    USER_COLUMNS,
    summarize_joined_project,
    summarize_joined_user,
)
from hourhook.domain.links import Links
from hourhook.domain.search_keys import search_key
from hourhook.domain.summaries import SimpleProject, SimpleUser
from hourhook.domain.timers.stopwatches import STOPPED, Stopwatch
from hourhook.store.rows import encode_rows, rows_sql
from hourhook.store.schema import projects, timers, users
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class StoredTimer:
    """A timer; ``id`` is None for one that is not stored yet."""

    id: int | None
    user: SimpleUser
    project: SimpleProject
    stopwatch: Stopwatch
    # The date of the future entry.
    date: str
    description: str | None
    url: str
    # False while the user is disabled or suspended.
    is_broadcast: bool


# The columns that ``read`` reads, from ``JOINED``.
COLUMNS = (
    *(timers.c[name] for name in ("id", "state", "seconds", "started_at", "paused_at", "date", "description")),
    *USER_COLUMNS,
    users.c.state.label("user_state"),
    *PROJECT_COLUMNS,
)
JOINED = timers.join(
    projects, (projects.c.account_id == timers.c.account_id) & (projects.c.id == timers.c.project_id)
).join(users, (users.c.account_id == timers.c.account_id) & (users.c.id == timers.c.user_id))


def read(links: Links, row: Row, today: str = "") -> StoredTimer:
    """Return the timer in a row of ``COLUMNS``; if the row has only a user and a project, a new one dated ``today``."""
    return StoredTimer(
        id=row.id,
        user=summarize_joined_user(links, row),
        project=summarize_joined_project(links, row),
        stopwatch=Stopwatch() if row.id is None else Stopwatch(row.state, row.seconds, row.started_at, row.paused_at),
        date=today if row.id is None else row.date,
        description=row.description,
        url=links.timer(row.project_id),
        is_broadcast=row.user_state not in BLOCKED_STATES,
    )


def save(tx: Transaction, timer: StoredTimer) -> StoredTimer:
    """Insert or update a timer."""
    if timer.id is not None:
        update(tx, [timer])
        return timer
    stopwatch = timer.stopwatch
    id = tx.insert(
        timers,
        account_id=tx.account_id,
        user_id=timer.user.id,
        project_id=timer.project.id,
        state=stopwatch.state,
        seconds=stopwatch.seconds,
        started_at=stopwatch.started_at,
        paused_at=stopwatch.paused_at,
        date=timer.date,
        description=timer.description,
        description_key=timer.description and search_key(timer.description),
        created_at=tx.event_time,
        updated_at=tx.event_time,
    )
    _broadcast(tx, timer, stopwatch.state)
    return replace(timer, id=id)


def update(tx: Transaction, changed: Sequence[StoredTimer]) -> None:
    """Update stored timers."""
    if changed:
        tx.execute(_CHANGE, now=tx.event_time, rows=encode_rows([_values(tx, timer) for timer in changed]))
    for timer in changed:
        _broadcast(tx, timer, timer.stopwatch.state)


def move(tx: Transaction, moved: Sequence[StoredTimer], to: SimpleProject, url: str) -> None:
    """Move timers to another project, whose timers have this URL; receivers are notified of both URLs."""
    for timer in moved:
        _broadcast(tx, timer, STOPPED)
    update(tx, [replace(timer, project=to, url=url) for timer in moved])


def remove(tx: Transaction, removed: Sequence[StoredTimer]) -> None:
    """Delete timers; receivers are notified that they stopped."""
    if removed:
        tx.execute(_DELETE, account=tx.account_id, ids=[timer.id for timer in removed])
    for timer in removed:
        _broadcast(tx, timer, STOPPED)


def _broadcast(tx: Transaction, timer: StoredTimer, state: str) -> None:
    if timer.is_broadcast:
        broadcasts.enqueue(tx, timer.user.id, TIMER, timer.url, f"{TIMER}.{state}")


def _values(tx: Transaction, timer: StoredTimer) -> tuple[object, ...]:
    stopwatch = timer.stopwatch
    return (
        tx.account_id,
        timer.id,
        timer.project.id,
        stopwatch.state,
        stopwatch.seconds,
        stopwatch.started_at,
        stopwatch.paused_at,
        timer.date,
        timer.description,
        timer.description and search_key(timer.description),
    )


# In the order of ``_values``; the first two are the key.
_COLUMN_TYPES = {
    "account_id": "INTEGER",
    "id": "INTEGER",
    "project_id": "INTEGER",
    "state": "TEXT",
    "seconds": "BIGINT",
    "started_at": "BIGINT",
    "paused_at": "BIGINT",
    "date": "TEXT",
    "description": "TEXT",
    "description_key": "TEXT",
}


def _update_sql(dialect: str) -> str:
    changes = ", ".join(f"{name} = r.{name}" for name in [*_COLUMN_TYPES][2:])
    return f"""
    UPDATE timers SET {changes}, updated_at = :now
    FROM ({rows_sql(dialect, "rows", **_COLUMN_TYPES)}) AS r
    WHERE timers.account_id = r.account_id AND timers.id = r.id
    """


_CHANGE = Statement(text(_update_sql("sqlite")), text(_update_sql("postgresql")))

_DELETE = Statement(delete(timers).where(timers.c.account_id == bindparam("account"), any_of(timers.c.id, "ids")))
