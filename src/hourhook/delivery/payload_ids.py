"""Payload ids: they look like random UUIDs (version 4) and encode the payload's sequence.

The low 62 bits are random. The high 60 are the sequence, masked with a hash of the low bits, so that ids look
unrelated. So a payload is found by its id without an index; every write would have to update that index once for each
webhook (``docs/decisions/0023-payload-ids-encode-the-sequence.md``).
"""

import os
import re
from collections.abc import Iterable

_SHAPE = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-4([0-9a-f]{3})-([89ab][0-9a-f]{3})-([0-9a-f]{12})")
_LOW = (1 << 62) - 1
_VARIANT = 0b10 << 62
_HIGH = (1 << 60) - 1
# Any odd number without a pattern: each bit of the product depends on all lower bits of the random part.
_SPREAD = 0x9E37_79B9_7F4A_7C15


def new_payload_ids(sequences: Iterable[int]) -> list[str]:
    """Return a new id for each of these sequences, in their order."""
    requested = [*sequences]
    random = os.urandom(8 * len(requested))
    return [_encode(sequence, random[8 * index : 8 * index + 8]) for index, sequence in enumerate(requested)]


def decode_sequence(payload_id: str) -> int | None:
    """Return the sequence encoded in an id, or None for a malformed id. The payload may not exist."""
    found = _SHAPE.fullmatch(payload_id)
    if found is None:
        return None
    high, low = int(found[1] + found[2] + found[3], 16), int(found[4] + found[5], 16)
    return high ^ _mask(low & _LOW)


def _encode(sequence: int, random: bytes) -> str:
    low = int.from_bytes(random, "big") & _LOW
    text = f"{(sequence ^ _mask(low)) & _HIGH:015x}{low | _VARIANT:016x}"
    return f"{text[:8]}-{text[8:12]}-4{text[12:15]}-{text[15:19]}-{text[19:]}"


def _mask(low: int) -> int:
    return (low * _SPREAD >> 32) & _HIGH
