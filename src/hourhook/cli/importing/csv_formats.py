"""The columns of the files that other products export (``docs/guides/move-in.md#formats``)."""

import re
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CsvFormat:
    """Which columns of a file are read. Names are compared without regard to case.

    Of several columns for one value, the first that the file has counts. ``ignored`` are columns that the product
    exports and that have no place here.
    """

    date: tuple[str, ...]
    minutes: tuple[str, ...] = ()
    hours: tuple[str, ...] = ()
    project: tuple[str, ...] = ("project",)
    task: tuple[str, ...] = ()
    description: tuple[str, ...] = ("description",)
    tags: tuple[str, ...] = ("tags",)
    email: tuple[str, ...] = ("email",)
    # The parts of a name, such as first and last name.
    person: tuple[str, ...] = ()
    source_url: tuple[str, ...] = ()
    billable: tuple[str, ...] = ()
    ignored: re.Pattern[str] = field(default_factory=lambda: re.compile(r"(?!)"))
    # Whether dates are only those that the API takes.
    has_api_dates: bool = False

    def known(self) -> set[str]:
        """Return the names of all columns that are read."""
        groups = (
            self.date, self.minutes, self.hours, self.project, self.task, self.description, self.tags, self.email,
            self.person, self.source_url, self.billable,
        )  # fmt: skip
        return {name for group in groups for name in group}


FORMATS = {
    "generic": CsvFormat(
        date=("date",), minutes=("minutes",), hours=("hours",), source_url=("source_url",), has_api_dates=True
    ),
    # The file that Noko's own import takes.
    "noko": CsvFormat(
        date=("date",),
        minutes=("minutes",),
        hours=("hours", "time"),
        person=("person",),
        source_url=("source_url", "source url"),
        billable=("billable",),
        ignored=re.compile(r"group/client|group|client|id|unbillable|invoiced( at)?|approved( at| by)?|rounded.*"),
    ),
    # The detailed report.
    "toggl": CsvFormat(
        date=("start date",),
        hours=("duration",),
        task=("task",),
        person=("user", "member"),
        billable=("billable",),
        ignored=re.compile(
            r"client|start time|(end|stop) (date|time)|amount.*|currency|project color|workspace.*|created.*|id"
        ),
    ),
    # The detailed report.
    "clockify": CsvFormat(
        date=("start date",),
        hours=("duration (h)", "duration (decimal)"),
        task=("task", "activity"),
        person=("user",),
        billable=("billable",),
        ignored=re.compile(
            r"client|group|start time|end (date|time)|(billable|cost) (rate|amount).*|amount.*|profit.*|"
            r"date of creation|id|type|approval.*|approved.*|kiosk|invoice.*"
        ),
    ),
    # The detailed time report.
    "harvest": CsvFormat(
        date=("date",),
        hours=("hours",),
        task=("task",),
        description=("notes",),
        tags=(),
        person=("first name", "last name"),
        source_url=("external reference url",),
        billable=("billable?",),
        ignored=re.compile(
            r"client|project code|hours rounded|(invoiced|approved|employee)\?|employee id|roles?|department|"
            r"(billable|cost) (rate|amount).*|currency|started at|ended at"
        ),
    ),
}
