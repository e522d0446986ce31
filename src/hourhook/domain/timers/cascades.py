"""Cascades to timers from changes of their project or user, or of another timer."""

from dataclasses import replace

from sqlalchemy import ColumnElement, bindparam, select

from hourhook.domain.callers import Caller
from hourhook.domain.summaries import SimpleProject
from hourhook.domain.timers import storing
from hourhook.domain.timers.stopwatches import PENDING, RUNNING
from hourhook.domain.timers.storing import COLUMNS, JOINED, StoredTimer
from hourhook.store.schema import timers
from hourhook.store.statements import Statement, any_of
from hourhook.store.transaction import Transaction


def pause_for_caller(tx: Transaction, caller: Caller) -> None:
    """Pause the caller's running timer, before another one is started."""
    _pause(tx, _read(tx, caller, _RUNNING_OF_USER, user=caller.user_id))


def pause_for_projects(tx: Transaction, caller: Caller, project_ids: list[int]) -> None:
    """Pause all users' running timers of projects that are archived."""
    _pause(tx, _read(tx, caller, _RUNNING_OF_PROJECTS, projects=project_ids))


def pause_for_user(tx: Transaction, caller: Caller, user_id: int) -> None:
    """Pause the running timer of a user who was deactivated; no receiver is notified, since theirs get nothing now."""
    _pause(tx, _read(tx, caller, _RUNNING_OF_USER, user=user_id))


def move(tx: Transaction, caller: Caller, from_id: int, to: SimpleProject) -> None:
    """Move all users' timers of one project to another; if a user has timers of both, they are merged."""
    found = _read(tx, caller, _OF_PROJECTS, projects=[from_id, to.id])
    retained = {timer.user.id: timer for timer in found if timer.project.id == to.id}
    moving = [timer for timer in found if timer.project.id == from_id]
    merging = [timer for timer in moving if timer.user.id in retained]
    storing.remove(tx, merging)
    storing.move(tx, [timer for timer in moving if timer not in merging], to, caller.links.timer(to.id))
    storing.update(tx, [_merged(retained[timer.user.id], timer, tx.started_at) for timer in merging])


def remove_for_projects(tx: Transaction, caller: Caller, project_ids: list[int]) -> None:
    """Discard all users' timers of projects that are about to be deleted."""
    storing.remove(tx, _read(tx, caller, _OF_PROJECTS, projects=project_ids))


def remove_for_user(tx: Transaction, caller: Caller, user_id: int) -> None:
    """Discard the timers of a user who is about to be deleted."""
    storing.remove(tx, _read(tx, caller, _OF_USER, user=user_id))


def _pause(tx: Transaction, running: list[StoredTimer]) -> None:
    storing.update(tx, [replace(timer, stopwatch=timer.stopwatch.paused(tx.started_at)) for timer in running])


def _merged(retained: StoredTimer, other: StoredTimer, now: int) -> StoredTimer:
    return replace(
        retained,
        stopwatch=retained.stopwatch.merged(other.stopwatch, now),
        # A pending timer has no time, so its day is meaningless.
        date=other.date if retained.stopwatch.state == PENDING else retained.date,
        description=retained.description or other.description,
    )


def _read(tx: Transaction, caller: Caller, statement: Statement, **parameters: object) -> list[StoredTimer]:
    rows = tx.all(statement, account=caller.account_id, **parameters)
    return [storing.read(caller.links, row) for row in rows]


def _timers(*conditions: ColumnElement[bool]) -> Statement:
    return Statement(
        select(*COLUMNS)
        .select_from(JOINED)
        .where(timers.c.account_id == bindparam("account"), *conditions)
        .order_by(timers.c.id)
    )


_IS_RUNNING = timers.c.state == RUNNING
_OF_PROJECTS = _timers(any_of(timers.c.project_id, "projects"))
_RUNNING_OF_PROJECTS = _timers(any_of(timers.c.project_id, "projects"), _IS_RUNNING)
_OF_USER = _timers(timers.c.user_id == bindparam("user"))
_RUNNING_OF_USER = _timers(timers.c.user_id == bindparam("user"), _IS_RUNNING)
