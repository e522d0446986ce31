"""The field type of URLs."""

import re
from dataclasses import dataclass
from typing import Any

from hourhook.domain.inputs.base import FieldType
from hourhook.domain.inputs.texts import WHITESPACE_OR_CONTROL, read_text

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):.")
_HTTP = re.compile(r"https?://[^/?#]", re.IGNORECASE)
# URLs are shown as links, and these would run as scripts in the page that shows them (XSS).
_SCRIPT_SCHEMES = frozenset({"javascript", "vbscript", "data"})


@dataclass(frozen=True)
class UrlField(FieldType):
    """An absolute URL; with ``http_only`` only ``http`` and ``https``."""

    http_only: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        return {"type": "string", "format": "uri", "maxLength": 2048}

    def parse(self, value: object) -> str | None:
        text = read_text(value).strip()
        if not text:
            return None
        match = _SCHEME.match(text)
        if len(text) > 2048 or WHITESPACE_OR_CONTROL.search(text) or match is None:
            raise ValueError("not a URL")
        if match[1].lower() in _SCRIPT_SCHEMES or (self.http_only and not _HTTP.match(text)):
            raise ValueError("not an allowed URL scheme")
        return text
