"""Seats: how many sends may be on the wire at once, shared so that a broken receiver keeps nobody waiting.

Lanes whose last result was a success sit on the ordinary seats; a send that takes its time gives its ordinary seat up
for a slow one, and lanes that fail take slow seats from the start. No destination takes all of either (design §2).
"""

from collections import Counter
from dataclasses import dataclass, field

ORDINARY = 256
SLOW = 768
FAILING = 256
PER_DESTINATION = 160


@dataclass(slots=True, eq=False)
class Seat:
    """One send on the wire."""

    destination: str
    is_slow: bool
    taken_at: int


@dataclass(slots=True)
class Seats:
    """Who sits where in one worker."""

    taken: set[Seat] = field(default_factory=set)
    _slow_count: int = 0
    _by_destination: Counter[str] = field(default_factory=Counter)

    def take(self, destination: str, *, is_slow: bool, now: int) -> Seat:
        """Sit down; ``is_slow`` for a lane that failed last time."""
        seat = Seat(destination, is_slow, now)
        self.taken.add(seat)
        self._slow_count += is_slow
        self._by_destination[destination] += 1
        return seat

    def leave(self, seat: Seat) -> None:
        """Stand up."""
        self.taken.discard(seat)
        self._slow_count -= seat.is_slow
        self._by_destination[seat.destination] -= 1
        if not self._by_destination[seat.destination]:
            del self._by_destination[seat.destination]

    def begin(self, seat: Seat, now: int) -> None:
        """Count the time of a seat anew: its lane has succeeded and sends its next payload."""
        seat.taken_at = now
        self._slow_count -= seat.is_slow
        seat.is_slow = False

    def slow_down(self, taken_before: int) -> None:
        """Turn the ordinary seats that were taken before a moment into slow ones."""
        for seat in self.taken:
            if not seat.is_slow and seat.taken_at < taken_before:
                seat.is_slow = True
                self._slow_count += 1

    def free(self, *, failing: bool) -> int:
        """How many more may sit down, of those that failed last time or of the others."""
        if failing:
            return max(0, min(FAILING, SLOW) - self._slow_count)
        ordinary = ORDINARY - self.ordinary_count
        return max(0, min(ordinary, ORDINARY + SLOW - len(self.taken)))

    @property
    def ordinary_count(self) -> int:
        """How many ordinary seats are taken."""
        return len(self.taken) - self._slow_count

    @property
    def saturated(self) -> list[str]:
        """The destinations that get no further seat for now."""
        return [destination for destination, count in self._by_destination.items() if count >= PER_DESTINATION]
