"""Tell whether an e-mail address can exist, by its syntax (RFC 5321, section 4.1.2).

Letters of any script are possible (RFC 6531).
Quoted local parts and address literals are valid there too, but not accepted here: no one receives mail at them.
"""

import re

# In octets (RFC 5321, section 4.5.3.1; a path of 256 octets contains the address and its angle brackets).
MAX_OCTETS = 254
_MAX_LOCAL_PART_OCTETS = 64
_MAX_LABEL_OCTETS = 63
# Separators and other whitespace, and control characters; beyond ASCII all else is permitted.
_FORBIDDEN = re.compile(r"[\s\x00-\x20\x7f-\xa0]")
_LOCAL_PART = re.compile(r"[^.@<>()\[\],;:\\\"]+(\.[^.@<>()\[\],;:\\\"]+)*")
_LABEL = re.compile(r"(?!-)(?:[A-Za-z0-9-]|[^\x00-\x7f])+(?<!-)")


def is_possible(address: str) -> bool:
    """Return whether an e-mail address can exist; the domain is not looked up."""
    local_part, at, domain = address.rpartition("@")
    return (
        bool(at)
        and not _FORBIDDEN.search(address)
        and len(address.encode()) <= MAX_OCTETS
        and len(local_part.encode()) <= _MAX_LOCAL_PART_OCTETS
        and _LOCAL_PART.fullmatch(local_part) is not None
        and _is_domain(domain)
    )


def _is_domain(domain: str) -> bool:
    labels = domain.split(".")
    # No top-level domain consists of digits (RFC 3696, section 2), so this is an IPv4 address.
    return all(map(_is_label, labels)) and not (labels[-1].isascii() and labels[-1].isdigit())


def _is_label(label: str) -> bool:
    if not _LABEL.fullmatch(label):
        return False
    # In the DNS, a label with other letters than ASCII is written in Punycode (RFC 5891).
    octets = len(label) if label.isascii() else len("xn--") + len(label.encode("punycode"))
    return octets <= _MAX_LABEL_OCTETS
