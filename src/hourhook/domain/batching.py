"""Split the ids of a request into batches, which bound the memory and the statements of large changes.

The design is in ``docs/how-it-works.md#large-changes``.
"""

from collections.abc import Iterator, Sequence

BATCH_SIZE = 500


def batch_ids(ids: Sequence[int]) -> Iterator[list[int]]:
    """Yield the distinct ids in ascending order, ``BATCH_SIZE`` at a time."""
    ordered = sorted({*ids})
    for start in range(0, len(ordered), BATCH_SIZE):
        yield ordered[start : start + BATCH_SIZE]
