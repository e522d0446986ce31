"""The grid of a week: rows by project and description, a cell for each day, and how a changed cell becomes entries."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from hourhook.domain.callers import Caller
from hourhook.domain.entries import rules
from hourhook.domain.entries.representations import Entry
from hourhook.domain.summaries import SimpleProject
from hourhook.errors import ValidationFailed
from hourhook.web.forms import read_id

DAYS = 7
MAX_ROWS = 200
NO_PROJECT = "No project"


@dataclass(frozen=True, order=True, slots=True)
class RowKey:
    """What the entries of a row have in common; ``project_id`` is 0 without a project."""

    project_id: int
    description: str

    @property
    def text(self) -> str:
        """The key as a parameter of the URL."""
        return f"{self.project_id}:{self.description}"


@dataclass(frozen=True, slots=True)
class Cell:
    """The entries of one row on one day."""

    day: date
    entries: Sequence[Entry]
    # Why its time cannot be changed here; None if it can.
    lock: str | None

    @property
    def minutes(self) -> int:
        return sum(entry.minutes for entry in self.entries)


@dataclass(frozen=True, slots=True)
class Row:
    """A row, with its project if there is one."""

    key: RowKey
    project: SimpleProject | None
    cells: Sequence[Cell]

    @property
    def name(self) -> str:
        """The beginning of the names of its cells."""
        project = NO_PROJECT if self.project is None else self.project.name
        return f"{project}, {self.key.description}" if self.key.description else project

    @property
    def minutes(self) -> int:
        return sum(cell.minutes for cell in self.cells)


def key_of(entry: Entry) -> RowKey:
    return RowKey(0 if entry.project is None else entry.project.id, entry.description)


def read_key(text: str) -> RowKey | None:
    """Read a key from a parameter; None if it is not one."""
    project_id, separator, description = text.partition(":")
    found = 0 if project_id == "0" else read_id(project_id)
    return RowKey(found, description) if separator and found is not None else None


def build_rows(
    caller: Caller, monday: date, entries: Iterable[Entry], more: Iterable[RowKey], projects: Sequence[SimpleProject]
) -> Sequence[Row]:
    """Return the rows of the entries and of ``more`` keys, by project and description."""
    known: dict[int, SimpleProject] = {project.id: project for project in projects}
    found: dict[RowKey, dict[date, list[Entry]]] = {}
    for entry in entries:
        found.setdefault(key_of(entry), {}).setdefault(date.fromisoformat(entry.date), []).append(entry)
        if entry.project is not None:
            known.setdefault(entry.project.id, entry.project)
    for key in more:
        if not key.project_id or key.project_id in known:
            found.setdefault(key, {})
    rows = [_build_row(caller, monday, key, known.get(key.project_id), days) for key, days in found.items()]
    return sorted(rows, key=lambda row: (row.project is None, row.name.casefold(), row.key))[:MAX_ROWS]


def _build_row(
    caller: Caller, monday: date, key: RowKey, project: SimpleProject | None, days: Mapping[date, Sequence[Entry]]
) -> Row:
    cells = []
    for index in range(DAYS):
        day = monday + timedelta(days=index)
        entries = days.get(day, ())
        cells.append(Cell(day, entries, _lock_of(caller, entries, project)))
    return Row(key, project, cells)


def _lock_of(caller: Caller, entries: Sequence[Entry], project: SimpleProject | None) -> str | None:
    if len(entries) > 1:
        return f"{len(entries)} entries: change them on their day."
    if project is not None and not project.enabled:
        return "The project is archived."
    for entry in entries:
        if not rules.may_change(caller, entry):
            return "Only its person and leaders can change this entry."
        try:
            rules.refuse_uneditable(entry)
        except ValidationFailed as refusal:
            return refusal.message
    return None
