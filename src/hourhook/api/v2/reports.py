"""``/v2/reports``, beyond the Noko v2 API (``docs/api/reports.md``)."""

from hourhook.api.endpoints import Call, Endpoints
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.reports import reading
from hourhook.domain.reports.reading import ReportFilters
from hourhook.domain.reports.representations import TimeReport

endpoints = Endpoints("Reports", resource="Report", description="Sums of logged time by group.")


@endpoints.get("/v2/reports/time", operation_id="report_time")
def time(call: Call, params: ReportFilters, errors: ValidationErrors) -> TimeReport:
    """Sum up entries by group.

    The sums are those of the entries that the caller would list with the same filters. An entry with two tags, or of a
    user in two teams, counts in both groups and once in the totals.
    """
    return reading.read(call.tx, call.caller, params, errors)
