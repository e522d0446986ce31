"""Seats: how many sends may be on the wire at once, shared so that a broken receiver keeps nobody waiting.

Lanes whose last result was a success sit on the ordinary seats; a send that takes its time gives its ordinary seat up
for a slow one, and lanes that fail take slow seats from the start. No destination takes all of either (design §2).
"""

from collections import Counter
from dataclasses import dataclass, field

ORDINARY_SLOTS = 256
SLOW_SLOTS = 768
FAILING_SLOTS = 256
SLOTS_PER_DESTINATION = 160


@dataclass(slots=True, eq=False)
class Slot:
    """One send on the wire."""

    destination: str
    is_slow: bool
    acquired_at: int


@dataclass(slots=True)
class Slots:
    """Who sits where in one worker."""

    in_use: set[Slot] = field(default_factory=set)
    _slow_count: int = 0
    _by_destination: Counter[str] = field(default_factory=Counter)

    def acquire(self, destination: str, *, is_slow: bool, now: int) -> Slot:
        """Sit down; ``is_slow`` for a lane that failed last time."""
        slot = Slot(destination, is_slow, now)
        self.in_use.add(slot)
        self._slow_count += is_slow
        self._by_destination[destination] += 1
        return slot

    def release(self, slot: Slot) -> None:
        """Stand up."""
        self.in_use.discard(slot)
        self._slow_count -= slot.is_slow
        self._by_destination[slot.destination] -= 1
        if not self._by_destination[slot.destination]:
            del self._by_destination[slot.destination]

    def restart(self, slot: Slot, now: int) -> None:
        """Count the time of a seat anew: its lane has succeeded and sends its next payload."""
        slot.acquired_at = now
        self._slow_count -= slot.is_slow
        slot.is_slow = False

    def mark_slow(self, acquired_before: int) -> None:
        """Turn the ordinary seats that were taken before a moment into slow ones."""
        for slot in self.in_use:
            if not slot.is_slow and slot.acquired_at < acquired_before:
                slot.is_slow = True
                self._slow_count += 1

    def available(self, *, failing: bool) -> int:
        """How many more may sit down, of those that failed last time or of the others."""
        if failing:
            return max(0, min(FAILING_SLOTS, SLOW_SLOTS) - self._slow_count)
        ordinary = ORDINARY_SLOTS - self.ordinary_count
        return max(0, min(ordinary, ORDINARY_SLOTS + SLOW_SLOTS - len(self.in_use)))

    @property
    def ordinary_count(self) -> int:
        """How many ordinary seats are taken."""
        return len(self.in_use) - self._slow_count

    @property
    def saturated(self) -> list[str]:
        """The destinations that get no further seat for now."""
        return [destination for destination, count in self._by_destination.items() if count >= SLOTS_PER_DESTINATION]
