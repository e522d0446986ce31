"""The representation of a report; the order of its keys is part of the API."""

from typing import Annotated

import msgspec
from msgspec import Meta

from hourhook.domain.reports.groupings import GROUPINGS
from hourhook.domain.summaries import Date

GroupedBy = Annotated[str, Meta(extra_json_schema={"enum": [*GROUPINGS]})]


class ReportGroup(msgspec.Struct, frozen=True):
    """A group of a report; ``id`` is null in groups of time, and ``name`` too where something belongs to none."""

    by: GroupedBy
    id: int | None
    name: str | None
    minutes: int
    billable_minutes: int
    unbillable_minutes: int
    invoiced_minutes: int
    uninvoiced_minutes: int
    groups: list["ReportGroup"]


class TimeReport(msgspec.Struct, frozen=True):
    """Sums of the entries of a period."""

    from_: Date = msgspec.field(name="from")
    to: Date
    minutes: int
    billable_minutes: int
    unbillable_minutes: int
    invoiced_minutes: int
    uninvoiced_minutes: int
    groups: list[ReportGroup]
