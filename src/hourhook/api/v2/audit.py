"""``/v2/audit``: who changed webhooks, access and settings, beyond the Noko v2 API (``docs/api/audit.md``)."""

from hourhook.api.endpoints import Call, Endpoints
from hourhook.domain.audit import reading
from hourhook.domain.audit.reading import AuditFilters
from hourhook.domain.audit.representations import AuditRecord
from hourhook.domain.inputs import ValidationErrors
from hourhook.domain.pages import Page

endpoints = Endpoints(
    "Audit trail",
    resource="AuditRecord",
    description="Who changed webhooks, access and settings of the account.",
)


@endpoints.get("/v2/audit", role="supervisor", by_id=False)
def index(call: Call, params: AuditFilters, errors: ValidationErrors) -> Page[AuditRecord]:
    """List the audit trail, newest first.

    It is kept as long as events, and at least 365 days.
    """
    return reading.list_page(call.tx, call.caller, params, errors, call.pagination)
