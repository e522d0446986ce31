"""The field types of texts and of e-mail addresses."""

import re
from dataclasses import dataclass
from typing import Any

from hourhook.domain.inputs.base import FieldType
from hourhook.email_addresses import MAX_OCTETS, is_possible

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
WHITESPACE_OR_CONTROL = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]")


@dataclass(frozen=True)
class TextField(FieldType):
    """Text of at most ``max_length`` characters."""

    max_length: int
    # A single line, stripped of surrounding whitespace.
    is_single_line: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.max_length}

    def parse(self, value: object) -> str | None:
        text = self._read(value)
        return text if text.strip() else None

    def parse_query(self, texts: list[str]) -> str | None:
        # A filter may search for whitespace.
        return self._read(texts[-1]) or None

    def _read(self, value: object) -> str:
        text = read_text(value)
        if self.is_single_line:
            text = text.strip()
            if _CONTROL.search(text):
                raise ValueError("control characters")
        if len(text) > self.max_length:
            raise ValueError("too long")
        return text


class EmailField(FieldType):
    """An e-mail address that can exist by its syntax; whether it does is not checked."""

    schema = {"type": "string", "format": "email", "maxLength": MAX_OCTETS}

    def parse(self, value: object) -> str | None:
        text = read_text(value).strip()
        if not text:
            return None
        if not is_possible(text):
            raise ValueError("not an e-mail address")
        return text


def read_text(value: object) -> str:
    """Return a string that both databases can store; raises ``ValueError`` for any other value."""
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("not a string that can be stored")
    # Raises UnicodeEncodeError, a ValueError, for half of a surrogate pair.
    value.encode()
    return value
