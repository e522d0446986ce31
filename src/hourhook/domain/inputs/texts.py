"""Texts: of any sort, one of a few words, addresses."""

import re
from dataclasses import dataclass
from typing import Any

from hourhook.domain.inputs.field import FieldType

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_BLANK_OR_CONTROL = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):.")
_WEB = re.compile(r"https?://[^/?#]", re.IGNORECASE)
_EMAIL = re.compile(r"[^@<>()\[\],;:\\\"]+@[^@<>()\[\],;:\\\"]+")
# They are shown as links, and these would run in the page that shows them.
_SCRIPTS = frozenset({"javascript", "vbscript", "data"})


@dataclass(frozen=True)
class TextField(FieldType):
    """Text of at most ``max_length`` characters that every database can keep."""

    max_length: int
    # A single line without blanks around it.
    is_single_line: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "maxLength": self.max_length}

    def parse(self, value: object) -> str | None:
        text = self._fitting(value)
        return text if text.strip() else None

    def parse_query(self, texts: list[str]) -> str | None:
        # A filter may well look for a blank.
        return self._fitting(texts[-1]) or None

    def _fitting(self, value: object) -> str:
        text = _text(value)
        if self.is_single_line:
            text = text.strip()
            if _CONTROL.search(text):
                raise ValueError("control characters")
        if len(text) > self.max_length:
            raise ValueError("too long")
        return text


@dataclass(frozen=True)
class ChoiceField(FieldType):
    """One of a few words; ``aliases`` are older spellings of them, which the documentation leaves out."""

    options: tuple[str, ...]
    ignore_case: bool = False
    aliases: tuple[tuple[str, str], ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": [*self.options]}

    def parse(self, value: object) -> str:
        if not isinstance(value, str):
            raise ValueError("not a text")
        word = value.lower() if self.ignore_case else value
        word = dict(self.aliases).get(word, word)
        if word not in self.options:
            raise ValueError("not an option")
        return word


class BooleanField(FieldType):
    """A boolean, or the word for it."""

    schema = {"type": "boolean"}

    def parse(self, value: object) -> bool:
        if value is True or value == "true":
            return True
        if value is False or value == "false":
            return False
        raise ValueError("not a boolean")


@dataclass(frozen=True)
class UrlField(FieldType):
    """An absolute URL; with ``http_only`` only ``http`` and ``https``."""

    http_only: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "uri", "maxLength": 2048}

    def parse(self, value: object) -> str | None:
        text = _text(value).strip()
        if not text:
            return None
        match = _SCHEME.match(text)
        if len(text) > 2048 or _BLANK_OR_CONTROL.search(text) or match is None:
            raise ValueError("not a URL")
        if match[1].lower() in _SCRIPTS or (self.http_only and not _WEB.match(text)):
            raise ValueError("not a URL of a kind that is allowed")
        return text


class EmailField(FieldType):
    """What is, by its looks, an e-mail address."""

    schema = {"type": "string", "format": "email", "maxLength": 254}

    def parse(self, value: object) -> str | None:
        text = _text(value).strip()
        if not text:
            return None
        if len(text) > 254 or _BLANK_OR_CONTROL.search(text) or not _EMAIL.fullmatch(text):
            raise ValueError("not an address")
        return text


def choice(*options: str, ignore_case: bool = False, **aliases: str) -> ChoiceField:
    """The kind that is one of a few words: ``Role = Annotated[str, choice("leader", "coworker")]``."""
    return ChoiceField(options, ignore_case, (*aliases.items(),))


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError("not a text that can be kept")
    # Raises UnicodeEncodeError, a ValueError, for half of a surrogate pair.
    value.encode()
    return value
