"""Outcomes: the result of a send as a value, whatever the network or the receiver did."""

from collections.abc import Iterable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Literal

import msgspec

from hourhook.clock import SECOND, to_timestamp

ErrorKind = Literal["timeout", "dns", "refused_address", "connect", "tls", "protocol", "status", "secret"]
"""Why a send failed.

``timeout``: no status line and headers within the deadline. ``dns``: the name could not be resolved.
``refused_address``: the address guard refused an address of the host (SSRF protection). ``connect``: the connection
failed, or broke before the response. ``tls``: no trusted TLS connection. ``protocol``: the response was not valid HTTP.
``status``: the response had a status other than 2xx. ``secret``: nothing was sent, because the secret to
sign it with cannot be decrypted.
"""

BODY_LIMIT_BYTES = 4096
HEADERS_LIMIT_BYTES = 16_384
_MAX_RETRY_AFTER_LENGTH = 64


class Outcome(msgspec.Struct, frozen=True):
    """The outcome of one send.

    ``status`` is None if there was no response; ``error`` is None if it was a success. ``headers`` and ``body`` are the
    beginning of the response, truncated for the log.
    """

    status: int | None
    error: ErrorKind | None
    started_at: int
    duration_ms: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    retry_after_seconds: float | None = None

    @property
    def is_success(self) -> bool:
        """Return whether the receiver accepted the message (2xx)."""
        return self.error is None

    @property
    def is_gone(self) -> bool:
        """Return whether the receiver answered 410 Gone."""
        return self.status == 410


def truncate_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the leading headers that fit the log."""
    retained = []
    remaining_bytes = HEADERS_LIMIT_BYTES
    for header in headers:
        remaining_bytes -= len(header[0]) + len(header[1])
        if remaining_bytes < 0:
            break
        retained.append(header)
    return tuple(retained)


def parse_retry_after(value: str, now: int) -> float | None:
    """Parse a Retry-After header (RFC 9110): seconds or an HTTP date, as seconds from ``now``.

    Returns None for anything else, and for implausibly long values.
    """
    value = value.strip()
    if len(value) > _MAX_RETRY_AFTER_LENGTH:
        return None
    if value.isascii() and value.isdigit():
        return float(value) if len(value) <= 10 else None
    try:
        date = parsedate_to_datetime(value)
        timestamp = to_timestamp(date if date.tzinfo else date.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None
    return max(0.0, (timestamp - now) / SECOND)
