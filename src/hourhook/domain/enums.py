"""String types of representations that have a fixed set of values, such as states and roles.

The values appear in the OpenAPI document, so that generated clients have a type for them.
"""

from typing import Annotated, get_args

from msgspec import Meta

from hourhook.delivery.history.contents import ERROR_KINDS
from hourhook.delivery.history.sequences import STATES as PAYLOAD_STATES
from hourhook.delivery.lane_control import DisabledReason as DisabledReasonLiteral
from hourhook.domain.audit import actions
from hourhook.domain.callers import ROLES
from hourhook.domain.invoices.totals import METHODS as CALCULATION_METHODS

USER_STATES = ("disabled", "pending", "active", "suspended")
TIME_FORMATS = ("fraction", "hours_minutes")
INVOICE_STATES = ("unpaid", "awaiting_payment", "in_progress", "paid", "none")
# Of webhooks and broadcast receivers.
RECEIVER_STATES = ("enabled", "disabled")


def _one_of(*values: str) -> Meta:
    return Meta(extra_json_schema={"enum": [*values]})


Role = Annotated[str, _one_of(*ROLES)]
UserState = Annotated[str, _one_of(*USER_STATES)]
TimeFormat = Annotated[str, _one_of(*TIME_FORMATS)]
WeekStart = Annotated[str, _one_of("Sunday", "Monday")]
TimerState = Annotated[str, _one_of("pending", "running", "paused")]
InvoiceState = Annotated[str, _one_of(*INVOICE_STATES)]
CalculationMethod = Annotated[str, _one_of(*CALCULATION_METHODS)]
ReceiverState = Annotated[str, _one_of(*RECEIVER_STATES)]
DisabledReason = Annotated[str, _one_of(*get_args(DisabledReasonLiteral))]
PayloadState = Annotated[str, _one_of(*PAYLOAD_STATES)]
WebhookAction = Annotated[str, _one_of(*actions.WEBHOOK_ACTIONS)]
AuditAction = Annotated[str, _one_of(*actions.ACTIONS)]
AuditResource = Annotated[str, _one_of(*actions.RESOURCES)]
AttemptError = Annotated[str, _one_of(*ERROR_KINDS)]
