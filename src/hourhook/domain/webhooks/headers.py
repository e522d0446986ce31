"""The headers that a webhook adds to its requests: which names and values are allowed."""

import re
from typing import Annotated, Any

from hourhook.domain.inputs.base import FieldType, PartialError

MAX_HEADERS = 20
# Of all names and values together.
MAX_BYTES = 4096

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# Visible ASCII characters, with single spaces or several between them.
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")
# Set by the server, by the connection, or by a signature; in lower case.
_RESERVED_NAMES = frozenset(
    (
        "host",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "date",
        "user-agent",
    )
)
_RESERVED_PREFIXES = ("x-noko-", "x-hourhook-", "webhook-", "content-", "proxy-")


class HeadersField(FieldType):
    """Headers by name; a value of None keeps the value that is stored."""

    schema = {
        "type": "object",
        "additionalProperties": {"type": ["string", "null"], "pattern": "^[!-~]([ -~]*[!-~])?$"},
        "maxProperties": MAX_HEADERS,
    }

    def parse(self, value: object) -> dict[str, str | None]:
        if not isinstance(value, dict) or len(value) > MAX_HEADERS or _size(value) > MAX_BYTES:
            raise ValueError("not an object, or too large")
        found: dict[str, str] = {}
        seen: set[str] = set()
        for name, text in value.items():
            reason = _refusal(name, text) or (
                "is given twice: names differ by more than case" if name.lower() in seen else ""
            )
            seen.add(name.lower())
            if reason:
                found[f".{name}"] = f".{name} {reason}."
        if found:
            raise PartialError([(part, "invalid") for part in found], None, found)
        return value


Headers = Annotated[dict[str, str | None], HeadersField()]


def _size(headers: dict[Any, Any]) -> int:
    return sum(len(name) + len(value or "") for name, value in headers.items() if isinstance(value, str | None))


def _refusal(name: str, value: object) -> str | None:
    lower = name.lower()
    if not _NAME.fullmatch(name):
        return "is not a name of a header: use letters, digits and hyphens"
    if lower in _RESERVED_NAMES or lower.startswith(_RESERVED_PREFIXES):
        return "is set by the server: choose another name"
    if value is not None and not (isinstance(value, str) and _VALUE.fullmatch(value)):
        return "must be visible ASCII characters, with spaces only between them, or null to keep its value"
    return None
