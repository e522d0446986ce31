"""What a send comes to: a value, whatever the network or the receiver did."""

from collections.abc import Iterable
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Literal

import msgspec

from hourhook.clock import SECOND, to_timestamp

ErrorKind = Literal["timeout", "dns", "refused_address", "connect", "tls", "protocol", "status"]
"""Why a send failed.

``timeout``: no status line and headers within the deadline. ``dns``: the name leads nowhere.
``refused_address``: it leads where the guard lets nothing through. ``connect``: no connection, or one that
broke before the answer. ``tls``: no trusted one. ``protocol``: the answer is no HTTP. ``status``: an answer
came, and it is no 2xx.
"""

BODY_LIMIT_BYTES = 4096
HEADERS_LIMIT_BYTES = 16_384
_LONGEST_RETRY_AFTER = 64


class Outcome(msgspec.Struct, frozen=True):
    """The result of one send.

    ``status`` is None where no answer came; ``error`` is None where the answer was a success. ``headers`` and
    ``body`` are the beginning of the answer, as much as the log keeps.
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
        """Did the receiver accept it?"""
        return self.error is None

    @property
    def is_gone(self) -> bool:
        """Did the receiver say that it is gone for good (410)?"""
        return self.status == 410


def truncate_headers(headers: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Keep the headers that fit the log, in order, up to the first that does not."""
    kept = []
    room = HEADERS_LIMIT_BYTES
    for header in headers:
        room -= len(header[0]) + len(header[1])
        if room < 0:
            break
        kept.append(header)
    return tuple(kept)


def parse_retry_after(value: str, now: int) -> float | None:
    """Read a Retry-After header, seconds or an HTTP date, as seconds from the moment ``now``.

    None for anything else, also for numbers and texts that no honest receiver sends.
    """
    value = value.strip()
    if len(value) > _LONGEST_RETRY_AFTER:
        return None
    if value.isascii() and value.isdigit():
        return float(value) if len(value) <= 10 else None
    try:
        date = parsedate_to_datetime(value)
        moment = to_timestamp(date if date.tzinfo else date.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None
    return max(0.0, (moment - now) / SECOND)
