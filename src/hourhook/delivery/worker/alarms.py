"""Alarms: the times at which lanes that wait become due again, as far as this worker knows them."""

import heapq


class Alarms:
    """A queue of times, in microseconds."""

    def __init__(self) -> None:
        self._times: list[int] = []

    def set(self, at: int) -> None:
        heapq.heappush(self._times, at)

    @property
    def next_at(self) -> int | None:
        """The earliest time; None if there is none."""
        return self._times[0] if self._times else None

    def ring(self, now: int) -> bool:
        """Drop the times that have come; return whether there was any."""
        count = len(self._times)
        while self._times and self._times[0] <= now:
            heapq.heappop(self._times)
        return len(self._times) < count
