"""Parse the header ``Link`` of lists (RFC 8288)."""

import re

_LINK = re.compile(r'<([^<>]*)>((?:\s*;\s*[a-z*]+\s*=\s*(?:"[^"]*"|[^\s;,"]+))*)', re.IGNORECASE)
_REL = re.compile(r';\s*rel\s*=\s*"?([^";]+)"?', re.IGNORECASE)


def parse_link_header(value: str) -> dict[str, str]:
    """Return the URLs by ``rel``."""
    found: dict[str, str] = {}
    for url, parameters in _LINK.findall(value):
        for rel in (match for text in _REL.findall(parameters) for match in text.split()):
            found.setdefault(rel.lower(), url)
    return found
