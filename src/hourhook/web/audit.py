"""``/account/audit`` and ``/integrations/webhooks/ID/history``: who did what, and the words for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from hourhook.clock import DAY
from hourhook.domain.audit import reading
from hourhook.domain.audit.actions import RESOURCES
from hourhook.domain.audit.reading import AuditFilters
from hourhook.domain.audit.representations import AuditRecord, HistoryRecord
from hourhook.domain.inputs import UNSET, ValidationErrors
from hourhook.domain.summaries import SimpleUser
from hourhook.domain.webhooks import reading as webhooks
from hourhook.web.pages import Pages, Values, View
from hourhook.web.webhooks.acting import PATH as WEBHOOK_PATH

PATH = "/account/audit"
# The newest, on the page of the account.
SHOWN_ON_ACCOUNT = 10
_MAX_LENGTH = 200
_NOUNS = {
    "Webhook": "Webhook",
    "BroadcastReceiver": "Broadcast",
    "Token": "Personal access token",
    "Application": "Application",
    "Authorization": "Access of an application",
    "User": "Person",
    "Account": "Account",
}
# Where the pages of a resource are. Others have none, or only their owner sees them.
_PATHS = {"Webhook": "/integrations/webhooks", "User": "/people", "Application": "/integrations/apps"}
# What the server itself does; other records without a user are of an administrator on the command line.
_BY_SERVER = ("disabled_gone", "secret_expired")
pages = Pages()


@dataclass(frozen=True, slots=True)
class Line:
    """A record in words."""

    created_at: str
    user: SimpleUser | None
    # Who acted, if no user did.
    other: str
    resource: str
    path: str | None
    action: str
    # Keys with their values, or with the values before and after.
    details: Sequence[tuple[str, str, str | None]]


@pages.get(WEBHOOK_PATH + "/history", template="webhooks/history", role="leader")
def history(view: View, webhook_id: int) -> Values:
    webhook = webhooks.show(view.tx, view.caller, webhook_id)
    found = reading.list_history(view.tx, view.caller, webhook_id, view.pagination)
    return {
        "webhook": webhook,
        "lines": [describe(record) for record in found.items],
        "total": found.total,
        "pagination": view.pagination,
    }


@pages.get(PATH, template="account/audit", role="supervisor")
def index(view: View) -> Values:
    errors = ValidationErrors("AuditRecord")
    found = reading.list_page(view.tx, view.caller, _filters(view), errors, view.pagination)
    return {
        "filter": view.filter_state(errors),
        "resources": [("", "Anything"), *((name, _NOUNS[name]) for name in RESOURCES)],
        "lines": [describe(record) for record in found.items],
        "total": found.total,
        "pagination": view.pagination,
    }


def _filters(view: View) -> AuditFilters:
    """Return the filters of the query; days are those of the page, and both belong to the period."""
    resource = view.argument("resource")
    first, last = view.display.parse_local(view.argument("from")), view.display.parse_local(view.argument("to"))
    return AuditFilters(
        resource=[resource] if resource in RESOURCES else UNSET,
        from_=UNSET if first is None else first,
        to=UNSET if last is None else last + DAY - 1,
    )


def describe(record: HistoryRecord | AuditRecord) -> Line:
    """Return a record in words."""
    resource, path = "", None
    if isinstance(record, AuditRecord):
        resource = _NOUNS[record.resource]
        if record.resource in _PATHS and record.action != "deleted":
            path = f"{_PATHS[record.resource]}/{record.resource_id}"
    is_edit = record.action in ("edited", "settings_changed")
    details: dict[str, Any] = msgspec.json.decode(record.details)
    return Line(
        created_at=record.created_at,
        user=record.user,
        other="Hourhook" if record.action in _BY_SERVER else "Command line",
        resource=resource,
        path=path,
        action=_words(record.action),
        details=[
            (_words(key), _text(value[0]), _text(value[1])) if is_edit else (_words(key), _text(value), None)
            for key, value in details.items()
        ],
    )


def _words(name: str) -> str:
    words = name.replace("_", " ").replace(" ids", "s").replace(" id", "").replace("uri", "address")
    return {"payload address": "address", "disabled gone": "disabled: answered 410"}.get(words, words).capitalize()


def _text(value: object) -> str:
    match value:
        case None | []:
            text = "none"
        case bool():
            text = "on" if value else "off"
        case list():
            text = ", ".join(map(_text, value))
        case dict():
            # Of headers only the names are recorded.
            parts = (f"{_words(key)} {_text(each)}" if each else key for key, each in value.items() if each != [])
            text = ", ".join(parts) or "none"
        case _:
            text = str(value)
    return text if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]}…"
