"""The ``message`` of each validation error: what is wrong and what to do (``docs/api/conventions.md#errors``).

A rule may add an error with a message of its own. All other errors have the message of their code, and a value of the
wrong type the message that its type gives.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from hourhook.errors import VALIDATION_FAILED, FieldError

# More options than these are not listed in a message.
MAX_OPTIONS = 24

_MESSAGES = {
    "missing_field": "{field} is required: send a value that is not blank.",
    "invalid": "{field} has a value that is not allowed: see the documentation of this input.",
    "missing": "{field} names something that does not exist or that you may not see: send the id of one that you see.",
    "already_exists": "Another {resource} has this {field}: send a different one.",
    "insufficent_permissions": "You may not use this {field}: leave it out, or ask a user with more rights.",
    "not_deletable": "The {resource} is still in use: archive or deactivate it instead.",
    "deletable": "The {resource} is not in use: delete it instead.",
    "archived_project": "The project is archived: unarchive it first, or use another project.",
    "approved_and_locked": "The {resource} is approved: withdraw the approval first.",
    "already_approved": "The {resource} is approved already: there is nothing to do.",
    "invoiced": "The {resource} is invoiced: remove it from its invoice first.",
    "already_invoiced": "It is invoiced already: leave it out, or remove it from its invoice first.",
    "paid": "The invoice is paid: mark it as unpaid first.",
    "locked": "A payment of the invoice is in progress: wait until it is over, then try again.",
    "locale_not_available": "There is no such locale: send one of those that the documentation of invoices lists.",
    "logged": "The {resource} has been logged: change the entry that was created instead.",
    "cannot_create_projects": "You may not create projects: name one that exists, or ask a leader to create it.",
    "cannot_create_tags": "You may not create tags: use only those that exist, or ask a leader to create them.",
    "reached_user_limit": "The account has all the active users that it may have: deactivate one first.",
    "reached_project_limit": "The account has all the projects that it may have: archive or delete one first.",
    "deactivated": "The user is deactivated: activate them first.",
    "not_deactivated": "The user is not deactivated: there is nothing to do.",
    "authenticated_user": "You cannot do this to yourself: ask another supervisor.",
    "account_owner": "This cannot be done to the owner of the account.",
    "can_access_all_projects": "The user's role gives access to all projects: change the role instead.",
    "expired": "{field} is further back than what is kept: begin later.",
    "not_failing": "Only the failing payload can be skipped: the status of the webhook names it.",
}
# These say so little that the message of the refusal says more, where a rule gives one.
_GENERIC = ("missing_field", "invalid")
CODES = frozenset(_MESSAGES)


def describe(error: FieldError, summary: str) -> str:
    """Return the message of an error; ``summary`` is the message of the whole refusal."""
    if error.message is not None:
        return error.message
    if error.code in _GENERIC and summary != VALIDATION_FAILED:
        return summary
    return _MESSAGES[error.code].format(field=error.field, resource=error.resource)


def describe_type(field: str, schema: Mapping[str, Any]) -> str:
    """Return the message about a value that is not of the type with this JSON Schema."""
    return f"{field} must be {_expectation(schema)}."


def describe_name(field: str, known: Sequence[str]) -> str:
    """Return the message about a name that is not one of those known."""
    return describe_type(field, {"enum": known})


def describe_element(field: str, schema: Mapping[str, Any]) -> str:
    """Return the message about an unreadable element of a list with this JSON Schema."""
    return describe_type(field, schema.get("items", {}))


def _expectation(schema: Mapping[str, Any]) -> str:
    options = schema.get("enum", ())
    if 0 < len(options) <= MAX_OPTIONS:
        return "one of " + ", ".join(str(option) for option in options)
    if options:
        return "one of the values that the documentation lists"
    kind = schema.get("type")
    if kind == "string":
        return _FORMATS.get(schema.get("format", ""), "text") + _limit(schema.get("maxLength"), "characters")
    if kind == "array":
        return f"a list{_limit(schema.get('maxItems'), 'elements')}, each {_expectation(schema['items'])}"
    if kind in _NUMBERS:
        bounds = f" from {schema['minimum']} to {schema['maximum']}" if "minimum" in schema else ""
        return _NUMBERS[kind] + bounds
    return "true or false" if kind == "boolean" else "an object"


def _limit(count: int | None, of: str) -> str:
    return "" if count is None else f" of at most {count} {of}"


_FORMATS = {
    "date": "a date such as 2026-01-31",
    "date-time": "a timestamp such as 2026-01-31T09:30:00Z",
    "email": "an e-mail address",
    "uri": "an absolute URL",
}
_NUMBERS = {"integer": "an integer", "number": "a number"}
