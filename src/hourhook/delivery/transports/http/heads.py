"""Repair response heads that RFC 9112 tells recipients to accept, and that the strict parser refuses.

Folded header lines, bare line feeds, and a Content-Length that does not matter or repeats one number. Anything else
stays as it is, and is refused.
"""

import re

HEAD_LIMIT_BYTES = 65_536
HEADERS_LIMIT_COUNT = 500

_HEAD_END = re.compile(rb"\r?\n\r?\n")
_LINE_END = re.compile(rb"\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/1\.\d ([1-9]\d\d)(?: |$)")


def repair_head(received: bytes) -> bytes | None:
    """Return the bytes of a response with its head repaired, or None if the head is not complete yet."""
    end = _HEAD_END.search(received)
    if end is None:
        return None
    status_line, *lines = _LINE_END.split(_unfold(received[: end.start()]))
    head = b"\r\n".join([status_line, *_with_one_length(status_line, lines)]) + b"\r\n\r\n"
    rest = received[end.end() :]
    if _is_interim(status_line):
        following = repair_head(rest)
        return None if following is None else head + following
    return head + rest


def _unfold(head: bytes) -> bytes:
    """Replace each fold by a space (RFC 9112 section 5.2)."""
    return re.sub(rb"[ \t]*\r?\n[ \t]+", b" ", head)


def _with_one_length(status_line: bytes, lines: list[bytes]) -> list[bytes]:
    """Drop the Content-Length where the body does not depend on it, and merge equal ones (RFC 9112 section 6.3)."""
    lengths, others, is_chunked = [], [], False
    for line in lines:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            lengths += [length.strip() for length in value.split(b",")]
            continue
        is_chunked |= name.lower() == b"transfer-encoding" and value.strip().lower().endswith(b"chunked")
        others.append(line)
    if is_chunked or _is_bodiless(status_line):
        return others
    if len(lengths) > 1 and len(set(lengths)) == 1:
        return [*others, b"Content-Length: " + lengths[0]]
    return lines


def _is_interim(status_line: bytes) -> bool:
    status = _status(status_line)
    return status.startswith(b"1") and status != b"101"


def _is_bodiless(status_line: bytes) -> bool:
    status = _status(status_line)
    return status.startswith(b"1") or status in (b"204", b"304")


def _status(status_line: bytes) -> bytes:
    match = _STATUS_LINE.match(status_line)
    return match[1] if match else b""
