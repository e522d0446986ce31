"""``/approvals``: a week of everybody's entries, to look at and approve."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from hourhook.domain import inputs
from hourhook.domain.entries import approving, reading
from hourhook.domain.entries.approving import FEATURE, EntriesApprove, EntryIds
from hourhook.domain.entries.reading import EntryFilters
from hourhook.domain.entries.representations import Entry
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import MAX_PAGE_SIZE, Pagination
from hourhook.domain.summaries import SimpleUser
from hourhook.errors import FieldError, NotFound, ValidationFailed
from hourhook.web.forms import read_ids
from hourhook.web.pages import Action, Pages, Redirect, Values, View
from hourhook.web.weeks import monday_of, week_of

PATH = "/approvals"
DAYS = 7
pages = Pages()


@dataclass(frozen=True, slots=True)
class PersonWeek:
    """The entries of one person in the week."""

    person: SimpleUser
    entries: Sequence[Entry]

    @property
    def minutes(self) -> int:
        return sum(entry.minutes for entry in self.entries)

    @property
    def open_entries(self) -> Sequence[Entry]:
        return [entry for entry in self.entries if entry.approved_at is None]

    @property
    def approved_entries(self) -> Sequence[Entry]:
        return [entry for entry in self.entries if entry.approved_at is not None]


@pages.get(PATH, role="supervisor", feature=FEATURE)
def current(view: View) -> Redirect:
    """Lead to the week before this one, which is complete."""
    return Redirect(f"{PATH}/{week_of(view.display.today - timedelta(days=DAYS))}")


@pages.get("/approvals/{week}", template="approvals/week", role="supervisor", feature=FEATURE)
def show(view: View, week: str) -> Values:
    monday = monday_of(week)
    sunday = monday + timedelta(days=DAYS - 1)
    filters = EntryFilters(from_=monday.isoformat(), to=sunday.isoformat())
    errors, pagination = ValidationErrors("Entry"), Pagination(1, MAX_PAGE_SIZE)
    entries = reading.list_without_total(view.tx, view.caller, filters, errors, pagination)
    people: dict[int, list[Entry]] = {}
    for entry in reversed(entries):
        people.setdefault(entry.user.id, []).append(entry)
    weeks = [PersonWeek(found[0].user, found) for found in people.values()]
    return {
        "weeks": sorted(weeks, key=lambda each: (each.person.first_name or each.person.email, each.person.id)),
        "is_complete": len(entries) < MAX_PAGE_SIZE,
        "number": monday.isocalendar().week,
        "week": week,
        "days": (monday, sunday),
        "previous": f"{PATH}/{week_of(monday - timedelta(days=DAYS))}",
        "next": f"{PATH}/{week_of(monday + timedelta(days=DAYS))}",
    }


@pages.post("/approvals/{week}", role="supervisor", feature=FEATURE)
def act(action: Action, week: str) -> Redirect:
    """Approve exactly the entries that the page has shown, or withdraw their approval."""
    ids = read_ids(action.fields.lists.get("ids", ())[:MAX_PAGE_SIZE])
    if not ids:
        raise ValidationFailed([FieldError("Entry", "base", "missing_field")], "There is nothing to approve.")
    count = "1 entry" if len(ids) == 1 else f"{len(ids):,} entries"
    path = f"{PATH}/{week_of(monday_of(week))}"
    if action.fields.get("act") == "approve":
        params, errors = inputs.parse(EntriesApprove, {"entry_ids": ids}, resource="Entry")
        approving.approve_many(action.tx, action.caller, params, errors)
        return Redirect(path, f"Approved {count}.")
    if action.fields.get("act") == "unapprove":
        entries, errors = inputs.parse(EntryIds, {"entry_ids": ids}, resource="Entry")
        approving.unapprove_many(action.tx, action.caller, entries, errors)
        return Redirect(path, f"Withdrew the approval of {count}.")
    raise NotFound
