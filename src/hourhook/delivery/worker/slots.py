"""Concurrency limits: slots for sends in flight, shared so that a slow or failing receiver does not block others.

Lanes that succeeded last use ordinary slots; a send that takes long makes its slot a slow one, and failing lanes
use slow slots from the start. No destination can take all slots of either kind
(``docs/how-it-works.md#slots-and-fairness``).
"""

from collections import Counter
from dataclasses import dataclass, field

ORDINARY_SLOTS = 256
SLOW_SLOTS = 768
FAILING_SLOTS = 256
SLOTS_PER_DESTINATION = 160


@dataclass(slots=True, eq=False)
class Slot:
    """A slot taken by a send in flight."""

    destination: str
    is_slow: bool
    acquired_at: int


@dataclass(slots=True)
class Slots:
    """The slots of one worker."""

    in_use: set[Slot] = field(default_factory=set)
    _slow_count: int = 0
    _by_destination: Counter[str] = field(default_factory=Counter)

    def acquire(self, destination: str, *, is_slow: bool, now: int) -> Slot:
        """Acquire a slot; ``is_slow`` for a lane whose last attempt failed."""
        slot = Slot(destination, is_slow, now)
        self.in_use.add(slot)
        self._slow_count += is_slow
        self._by_destination[destination] += 1
        return slot

    def release(self, slot: Slot) -> None:
        self.in_use.discard(slot)
        self._slow_count -= slot.is_slow
        self._by_destination[slot.destination] -= 1
        if not self._by_destination[slot.destination]:
            del self._by_destination[slot.destination]

    def restart(self, slot: Slot, now: int) -> None:
        """Restart the time of a slot: its lane succeeded and sends its next payload."""
        slot.acquired_at = now
        self._slow_count -= slot.is_slow
        slot.is_slow = False

    def mark_slow(self, now: int, after: int) -> None:
        """Turn ordinary slots into slow ones that are in use for longer than ``after``."""
        for slot in self.in_use:
            # If it was acquired in the future, the clock was set back, and its age is not known.
            if not slot.is_slow and not 0 <= now - slot.acquired_at <= after:
                slot.is_slow = True
                self._slow_count += 1

    def available(self, *, failing: bool) -> int:
        """Return the number of free slots for failing lanes, or for the others."""
        if failing:
            return max(0, min(FAILING_SLOTS, SLOW_SLOTS) - self._slow_count)
        ordinary = ORDINARY_SLOTS - self.ordinary_count
        return max(0, min(ordinary, ORDINARY_SLOTS + SLOW_SLOTS - len(self.in_use)))

    @property
    def ordinary_count(self) -> int:
        return len(self.in_use) - self._slow_count

    @property
    def saturated(self) -> list[str]:
        """Return the destinations that have reached their limit."""
        return [destination for destination, count in self._by_destination.items() if count >= SLOTS_PER_DESTINATION]
