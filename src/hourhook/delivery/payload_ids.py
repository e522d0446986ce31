"""Payload ids: of the shape of a random UUID (version 4), and yet telling which payload of its webhook they name.

The low 62 bits are random. The high 60 are the sequence, covered by what the low ones come to, so that ids do not look
alike. So a payload is found by its id without an index, whose pages every write would have to touch once for each
webhook (docs/decisions/0023).
"""

import os
import re
from collections.abc import Iterable

_SHAPE = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-4([0-9a-f]{3})-([89ab][0-9a-f]{3})-([0-9a-f]{12})")
_LOW = (1 << 62) - 1
_VARIANT = 0b10 << 62
_HIGH = (1 << 60) - 1
# Any odd number without a pattern: each bit of the sum hangs on all lower ones of the random part.
_SPREAD = 0x9E37_79B9_7F4A_7C15


def new_payload_ids(sequences: Iterable[int]) -> list[str]:
    """Make an id for each of these sequences, in their order."""
    wanted = [*sequences]
    random = os.urandom(8 * len(wanted))
    return [_spell(sequence, random[8 * place : 8 * place + 8]) for place, sequence in enumerate(wanted)]


def decode_sequence(payload_id: str) -> int | None:
    """The sequence that an id tells of; None for what no payload is called. What is so called may yet not exist."""
    found = _SHAPE.fullmatch(payload_id)
    if found is None:
        return None
    high, low = int(found[1] + found[2] + found[3], 16), int(found[4] + found[5], 16)
    return high ^ _cover(low & _LOW)


def _spell(sequence: int, random: bytes) -> str:
    low = int.from_bytes(random, "big") & _LOW
    text = f"{(sequence ^ _cover(low)) & _HIGH:015x}{low | _VARIANT:016x}"
    return f"{text[:8]}-{text[8:12]}-4{text[12:15]}-{text[15:19]}-{text[19:]}"


def _cover(low: int) -> int:
    return (low * _SPREAD >> 32) & _HIGH
