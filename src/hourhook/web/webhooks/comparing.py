"""Compare the sequences that a receiver has with those that it accepted, so that it sees what it misses."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from hourhook.delivery.history.lane_views import LaneView

_MAX_SHOWN = 20
_PART = re.compile(r"(\d{1,18})(?:\s*(?:-|–|\.\.+)\s*(\d{1,18}))?")
_SEPARATORS = re.compile(r"[\s,;]+")
_RANGE_BLANKS = re.compile(r"(?<=\d)\s*(-|–|\.\.+)\s*(?=\d)")

# From a sequence to another, inclusive.
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a receiver misses; ``problem`` says what in its list cannot be read."""

    problem: str = ""
    missing: str = ""
    missing_count: int = 0
    first: int = 0
    skipped: str = ""


def compare(lane: LaneView, text: str) -> Comparison:
    """Compare the numbers and ranges of a text with what was accepted of a lane."""
    try:
        owned = _merge(_parse(text))
    except ValueError as error:
        return Comparison(problem=f"“{error}” is neither a number nor a range such as 1-120.")
    accepted: list[Span] = []
    start = lane.row.first_sequence
    for sequence in lane.skipped:
        accepted.append((start, sequence - 1))
        start = sequence + 1
    accepted.append((start, lane.row.head_sequence - 1))
    missing = _subtract([span for span in accepted if span[0] <= span[1]], owned)
    skipped = _subtract([(sequence, sequence) for sequence in lane.skipped], owned)
    return Comparison(
        missing=_words(missing),
        missing_count=sum(high - low + 1 for low, high in missing),
        first=missing[0][0] if missing else 0,
        skipped=_words(_merge(skipped)),
    )


def _parse(text: str) -> Iterable[Span]:
    for part in _SEPARATORS.split(_RANGE_BLANKS.sub(r"\1", text.replace("’", "")).strip()):
        match = _PART.fullmatch(part)
        if match is None and part:
            raise ValueError(part[:40])
        if match is not None:
            low, high = int(match[1]), int(match[2] or match[1])
            yield min(low, high), max(low, high)


def _merge(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for low, high in sorted(spans):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return merged


def _subtract(spans: Sequence[Span], owned: Sequence[Span]) -> list[Span]:
    """Return the parts of ``spans`` that are not in ``owned``; both ascending and without overlaps."""
    left: list[Span] = []
    index = 0
    for low, high in spans:
        while index < len(owned) and owned[index][1] < low:
            index += 1
        at, number = low, index
        while number < len(owned) and owned[number][0] <= high:
            if owned[number][0] > at:
                left.append((at, owned[number][0] - 1))
            at = max(at, owned[number][1] + 1)
            number += 1
        if at <= high:
            left.append((at, high))
    return left


def _words(spans: Sequence[Span]) -> str:
    shown = [f"{low:,}" if low == high else f"{low:,} to {high:,}" for low, high in spans[:_MAX_SHOWN]]
    more = len(spans) - _MAX_SHOWN
    return ", ".join(shown) + (f" and {more:,} more gaps" if more > 0 else "")
