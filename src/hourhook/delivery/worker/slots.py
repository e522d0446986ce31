"""Concurrency limits: slots for sends in flight, shared so that a slow or failing receiver does not block others.

Lanes that succeeded last use ordinary slots; a send that takes long makes its slot a slow one, and failing lanes
use slow slots from the start. No destination can take all slots of either kind. One-off deliveries and broadcasts have
slots of their own, with the same rules (``docs/how-it-works.md#slots-and-fairness``).
"""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SlotLimits:
    """How many slots there are of each kind; ``failing`` is how many slow ones failing lanes may fill."""

    ordinary: int
    slow: int
    failing: int
    per_destination: int

    @property
    def total(self) -> int:
        return self.ordinary + self.slow

    def within(self, total: int) -> "SlotLimits":
        """Return these limits, reduced in proportion to at most ``total`` slots, with at least one of each kind."""
        if total >= self.total:
            return self
        ordinary, failing, per_destination = (
            max(1, limit * total // self.total) for limit in (self.ordinary, self.failing, self.per_destination)
        )
        return SlotLimits(ordinary, max(1, total - ordinary), failing, per_destination)


# Enough for 10,000 webhooks whose receivers take 200 ms. A destination takes less than half of the ordinary slots, and
# less than all of those for failing lanes.
LANE_SLOTS = SlotLimits(ordinary=4096, slow=4096, failing=2048, per_destination=1280)
ONE_OFF_SLOTS = SlotLimits(ordinary=64, slow=192, failing=64, per_destination=40)
BROADCAST_SLOTS = SlotLimits(ordinary=256, slow=768, failing=256, per_destination=160)


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """The slots of a worker for lanes, and for one-off deliveries."""

    lanes: SlotLimits = LANE_SLOTS
    one_offs: SlotLimits = ONE_OFF_SLOTS


DEFAULT_LIMITS = WorkerLimits()


@dataclass(slots=True, eq=False)
class Slot:
    """A slot taken by a send in flight."""

    destination: str
    is_slow: bool
    acquired_at: int


@dataclass(slots=True)
class Slots:
    """The slots of one worker for one kind of delivery."""

    limits: SlotLimits = LANE_SLOTS
    in_use: set[Slot] = field(default_factory=set)
    _slow_count: int = 0
    _by_destination: Counter[str] = field(default_factory=Counter)
    _saturated: set[str] = field(default_factory=set)

    def acquire(self, destination: str, *, is_slow: bool, now: int) -> Slot:
        """Acquire a slot; ``is_slow`` for a lane whose last attempt failed."""
        slot = Slot(destination, is_slow, now)
        self.in_use.add(slot)
        self._slow_count += is_slow
        self._by_destination[destination] += 1
        if self._by_destination[destination] >= self.limits.per_destination:
            self._saturated.add(destination)
        return slot

    def release(self, slot: Slot) -> None:
        self.in_use.discard(slot)
        self._slow_count -= slot.is_slow
        self._by_destination[slot.destination] -= 1
        if self._by_destination[slot.destination] < self.limits.per_destination:
            self._saturated.discard(slot.destination)
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
            return max(0, min(self.limits.failing, self.limits.slow) - self._slow_count)
        return max(0, min(self.limits.ordinary - self.ordinary_count, self.limits.total - len(self.in_use)))

    @property
    def has_any(self) -> bool:
        """Return whether a slot of either kind is free."""
        return self.available(failing=False) > 0 or self.available(failing=True) > 0

    @property
    def ordinary_count(self) -> int:
        return len(self.in_use) - self._slow_count

    @property
    def saturated(self) -> list[str]:
        """Return the destinations that have reached their limit."""
        return [*self._saturated]
