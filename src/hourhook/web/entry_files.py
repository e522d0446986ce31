"""``/entries.csv`` and ``/entries.xlsx``: the entries that the filters of the list match, as a file."""

from collections.abc import Iterator, Sequence

from hourhook.domain.entries import exporting
from hourhook.domain.entries.exporting import ExportedEntry
from hourhook.domain.entries.reading import EntryFilters
from hourhook.web.entries import PATH, default_filters
from hourhook.web.pages import Download, Pages, Redirect, View
from hourhook.web.spreadsheets import CSV, XLSX, Cell, write_csv, write_xlsx

_HEADER = (
    "Date", "Person", "E-mail", "Project", "Description", "Hours", "Minutes", "Billable", "Approved", "Invoiced",
    "Link", "Id",
)  # fmt: skip
pages = Pages()


@pages.get(f"{PATH}.csv")
def download_csv(view: View) -> Download | Redirect:
    found = _read(view)
    return _refusal() if found is None else Download("entries.csv", CSV, write_csv(_HEADER, _rows(found)))


@pages.get(f"{PATH}.xlsx")
def download_xlsx(view: View) -> Download | Redirect:
    found = _read(view)
    if found is None:
        return _refusal()
    # Made while it is sent, since a long one takes seconds.
    return Download("entries.xlsx", XLSX, (write_xlsx("Entries", _HEADER, [*_rows(each)]) for each in [found]))


def _read(view: View) -> Sequence[ExportedEntry] | None:
    params, errors = view.parse(EntryFilters, resource="Entry", **default_filters(view))
    view.filter_state(errors)
    return exporting.read(view.tx, view.caller, params, errors)


def _refusal() -> Redirect:
    return Redirect(PATH, f"A file has at most {exporting.MAX_ENTRIES:,} entries. Choose a shorter period.")


def _rows(found: Sequence[ExportedEntry]) -> Iterator[list[Cell]]:
    for entry in found:
        yield [
            entry.date,
            entry.person,
            entry.email,
            entry.project,
            entry.description,
            round(entry.minutes / 60, 2),
            entry.minutes,
            *("yes" if is_so else "no" for is_so in (entry.billable, entry.is_approved, entry.is_invoiced)),
            entry.source_url,
            entry.id,
        ]
