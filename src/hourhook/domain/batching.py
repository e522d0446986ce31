"""Ids that a request gives, a bounded number at a time: what it asks to be done to many things is done in these."""

from collections.abc import Iterator, Sequence

BATCH_SIZE = 500


def batch_ids(ids: Sequence[int]) -> Iterator[list[int]]:
    """The ids, each once, ascending, in slices."""
    in_order = sorted({*ids})
    for start in range(0, len(in_order), BATCH_SIZE):
        yield in_order[start : start + BATCH_SIZE]
