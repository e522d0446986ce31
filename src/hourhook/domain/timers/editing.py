"""Start, pause, correct and discard timers."""

from dataclasses import replace
from typing import Annotated

from hourhook.domain.callers import Caller
from hourhook.domain.inputs import UNSET, Day, Inputs, Text, UnsetType, ValidationErrors, value_or
from hourhook.domain.inputs.numbers import IntegerField
from hourhook.domain.timers import cascades, reading, rules, storing
from hourhook.domain.timers.representations import Timer, represent
from hourhook.domain.timers.stopwatches import MAX_SECONDS
from hourhook.domain.timers.storing import StoredTimer
from hourhook.store.transaction import Transaction
from hourhook.time_zones import today

Description = Annotated[Text, "Hashtags in it become tags when it is logged."]
MoreMinutes = Annotated[
    int, IntegerField(-MAX_SECONDS // 60, MAX_SECONDS // 60), "Minutes to add; negative to subtract."
]
MoreSeconds = Annotated[
    int, IntegerField(-MAX_SECONDS, MAX_SECONDS), "Seconds to add; negative to subtract. Combined with `minutes`."
]


class TimerUpdate(Inputs):
    """Changes to a timer."""

    description: Description | UnsetType | None = UNSET


class TimerStart(Inputs):
    """Options of starting a timer."""

    entry_date: (
        Annotated[Day, "The date of the future entry; used only on the first start. Default: today."] | UnsetType | None
    ) = UNSET
    description: Annotated[Description, "Unchanged if absent."] | UnsetType | None = UNSET


class TimerAdjust(Inputs):
    """A correction of the elapsed time."""

    minutes: MoreMinutes | UnsetType | None = UNSET
    seconds: MoreSeconds | UnsetType | None = UNSET


def edit(tx: Transaction, caller: Caller, project_id: int, params: TimerUpdate, errors: ValidationErrors) -> Timer:
    """Edit the caller's timer of a project; creates one without elapsed time if there is none."""
    before = reading.find_or_new(tx, caller, project_id)
    rules.refuse_archived(before)
    errors.raise_if_any()
    return _save(tx, before, replace(before, description=value_or(params.description, before.description)))


def start(tx: Transaction, caller: Caller, project_id: int, params: TimerStart, errors: ValidationErrors) -> Timer:
    """Start the caller's timer of a project and pause their running one; a running timer takes a new description."""
    before = reading.find_or_new(tx, caller, project_id)
    rules.refuse_archived(before)
    errors.raise_if_any()
    described = replace(before, description=value_or(params.description, before.description))
    if before.stopwatch.is_running:
        return _save(tx, before, described)
    cascades.pause_for_caller(tx, caller)
    date = before.date
    if before.stopwatch.started_at is None:
        date = params.entry_date or today(tx.started_at, caller.time_zone)
    return _save(tx, before, replace(described, stopwatch=before.stopwatch.started(tx.started_at), date=date))


def pause(tx: Transaction, caller: Caller, project_id: int) -> Timer:
    """Pause the caller's timer of a project. Idempotent: does nothing to one that is not running."""
    before = reading.find(tx, caller, project_id)
    return _save(tx, before, replace(before, stopwatch=before.stopwatch.paused(tx.started_at)))


def correct(tx: Transaction, caller: Caller, project_id: int, params: TimerAdjust, errors: ValidationErrors) -> Timer:
    """Add time to the caller's timer of a project, or subtract it, but not below zero."""
    before = reading.find(tx, caller, project_id)
    errors.raise_if_any()
    by_seconds = (params.minutes or 0) * 60 + (params.seconds or 0)
    if not by_seconds:
        return represent(before, tx.started_at)
    return _save(tx, before, replace(before, stopwatch=before.stopwatch.corrected(by_seconds, tx.started_at)))


def discard(tx: Transaction, caller: Caller, project_id: int) -> None:
    """Remove the caller's timer of a project without logging its time."""
    storing.remove(tx, [reading.find(tx, caller, project_id)])


def _save(tx: Transaction, before: StoredTimer, after: StoredTimer) -> Timer:
    if after != before or after.id is None:
        after = storing.save(tx, after)
    return represent(after, tx.started_at)
