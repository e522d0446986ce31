"""Log a timer as an entry or as an inbox entry (`docs/api/timers.md#log-a-timer`)."""

from typing import Annotated

from hourhook.domain.callers import Caller
from hourhook.domain.entries import editing as entries_editing
from hourhook.domain.entries.editing import EntryCreate
from hourhook.domain.inbox_entries import storing as inbox_entries_storing
from hourhook.domain.inputs import UNSET, Day, Inputs, Minutes, Text, UnsetType, ValidationErrors, value_or
from hourhook.domain.timers import reading, rules, storing
from hourhook.domain.timers.stopwatches import round_up_to_minutes
from hourhook.domain.timers.storing import StoredTimer
from hourhook.store.transaction import Transaction

ElapsedMinutes = Annotated[Minutes, "Default: the elapsed time, rounded up to whole minutes."]
Description = Annotated[Text, "Default: that of the timer."]


class TimerLog(Inputs):
    """The entry to create from a timer. Absent properties are taken from the timer."""

    entry_date: Annotated[Day, "Default: that of the timer."] | UnsetType | None = UNSET
    minutes: ElapsedMinutes | UnsetType | None = UNSET
    description: Description | UnsetType | None = UNSET


class TimerLogInboxEntry(Inputs):
    """The inbox entry to create from a timer. Absent properties are taken from the timer."""

    inbox_entry_date: Annotated[Day, "Default: that of the timer."] | UnsetType | None = UNSET
    description: (
        Annotated[Description, "Default: that of the timer; if blank, the project's name."] | UnsetType | None
    ) = UNSET
    minutes: ElapsedMinutes | UnsetType | None = UNSET


def log(tx: Transaction, caller: Caller, project_id: int, params: TimerLog, errors: ValidationErrors) -> None:
    """Log the caller's timer of a project as an entry, and remove the timer."""
    timer = reading.find(tx, caller, project_id)
    rules.refuse_archived(timer)
    entry = EntryCreate(
        date=params.entry_date or timer.date,
        minutes=_minutes(tx, timer, params.minutes),
        description=value_or(params.description, timer.description),
        project_id=timer.project.id,
    )
    entries_editing.create(tx, caller, entry, errors)
    storing.remove(tx, [timer])


def log_inbox_entry(
    tx: Transaction, caller: Caller, project_id: int, params: TimerLogInboxEntry, errors: ValidationErrors
) -> None:
    """Log the caller's timer of a project to their inbox, and remove the timer."""
    timer = reading.find(tx, caller, project_id)
    errors.raise_if_any()
    inbox_entries_storing.insert(
        tx,
        caller,
        date=params.inbox_entry_date or timer.date,
        description=value_or(params.description, timer.description) or timer.project.name,
        minutes=_minutes(tx, timer, params.minutes),
        project_name=timer.project.name,
    )
    storing.remove(tx, [timer])


def _minutes(tx: Transaction, timer: StoredTimer, requested: int | UnsetType | None) -> int:
    if requested is UNSET or requested is None:
        return round_up_to_minutes(timer.stopwatch.elapsed_seconds(tx.started_at))
    return requested
