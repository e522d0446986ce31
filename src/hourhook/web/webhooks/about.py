"""Say in a few words what a payload is about, from the stored object of its event."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from hourhook.web.display import Display

_decode = msgspec.json.Decoder(dict[str, Any]).decode


def describe(display: Display, type: str, object: bytes | None) -> str:
    """Return a few words about the object of an event, such as ``Harbour map · 45 min``; empty if there is none."""
    describe_category = _BY_CATEGORY.get(type.partition(".")[0])
    if object is None or describe_category is None:
        return ""
    try:
        return describe_category(display, _decode(object))
    except (KeyError, TypeError):
        # An event keeps the form that its object had in the version that stored it.
        return ""


def _entry(display: Display, entry: Mapping[str, Any]) -> str:
    return f"{_project(entry)} · {display.minutes(entry['minutes'])}"


def _expense(display: Display, expense: Mapping[str, Any]) -> str:
    return f"{_project(expense)} · {expense['price']}"


def _invoice(display: Display, invoice: Mapping[str, Any]) -> str:
    return f"Invoice {invoice['reference']}"


def _user(display: Display, user: Mapping[str, Any]) -> str:
    return f"{user['first_name']} {user['last_name']}".strip() or str(user["email"])


def _tag(display: Display, tag: Mapping[str, Any]) -> str:
    return str(tag["formatted_name"])


def _named(display: Display, found: Mapping[str, Any]) -> str:
    return str(found["name"])


def _project(found: Mapping[str, Any]) -> str:
    return found["project"]["name"] if found["project"] else "No project"


_BY_CATEGORY: Mapping[str, Callable[[Display, Mapping[str, Any]], str]] = {
    "entry": _entry,
    "expense": _expense,
    "invoice": _invoice,
    "user": _user,
    "tag": _tag,
    "project": _named,
    "project_group": _named,
    "team": _named,
}
