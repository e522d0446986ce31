"""Concurrency limits: ordinary, slow and per-destination slots."""

import pytest

from hourhook.delivery.worker.slots import LANE_SLOTS, Slot, SlotLimits, Slots

HERE, THERE = "http://here.example:80", "http://there.example:80"


@pytest.fixture
def slots() -> Slots:
    return Slots()


def acquire(slots: Slots, count: int, destination: str = HERE, *, is_slow: bool = False, now: int = 0) -> list[Slot]:
    return [slots.acquire(destination, is_slow=is_slow, now=now) for _ in range(count)]


def test_both_kinds_of_slots_are_free_at_first(slots: Slots) -> None:
    assert (slots.available(failing=False), slots.available(failing=True)) == (LANE_SLOTS.ordinary, LANE_SLOTS.failing)
    assert slots.saturated == []


def test_failing_lanes_take_no_ordinary_slots(slots: Slots) -> None:
    acquire(slots, LANE_SLOTS.failing, is_slow=True)

    assert slots.available(failing=True) == 0
    assert slots.available(failing=False) == LANE_SLOTS.ordinary


def test_succeeding_lanes_take_no_slow_slots(slots: Slots) -> None:
    acquire(slots, LANE_SLOTS.ordinary)

    assert slots.available(failing=False) == 0
    assert slots.available(failing=True) == LANE_SLOTS.failing


def test_a_slow_send_frees_its_ordinary_slot(slots: Slots) -> None:
    acquire(slots, 10, now=5)
    acquire(slots, 3, now=6)

    slots.mark_slow(now=7, after=1)

    assert slots.ordinary_count == 3
    assert slots.available(failing=False) == LANE_SLOTS.ordinary - 3


def test_slow_sends_are_bounded(slots: Slots) -> None:
    for now in range(4):
        acquire(slots, slots.available(failing=False), now=now)
        slots.mark_slow(now=now + 1, after=0)

    assert len(slots.in_use) == LANE_SLOTS.total
    assert (slots.available(failing=False), slots.available(failing=True)) == (0, 0)


def test_a_slow_lane_that_succeeds_gets_an_ordinary_slot(slots: Slots) -> None:
    [slow] = acquire(slots, 1, is_slow=True)

    slots.restart(slow, now=7)

    assert slots.ordinary_count == 1
    assert slots.available(failing=True) == LANE_SLOTS.failing
    slots.mark_slow(now=7, after=0)
    assert slots.ordinary_count == 1, "its time is counted anew"


def test_a_released_slot_is_available_again(slots: Slots) -> None:
    for slot in [*acquire(slots, LANE_SLOTS.ordinary), *acquire(slots, LANE_SLOTS.failing, is_slow=True)]:
        slots.release(slot)

    assert (slots.available(failing=False), slots.available(failing=True)) == (LANE_SLOTS.ordinary, LANE_SLOTS.failing)
    assert (slots.ordinary_count, slots.saturated) == (0, [])


def test_a_saturated_destination_gets_a_slot_after_a_release(slots: Slots) -> None:
    taken = acquire(slots, LANE_SLOTS.per_destination)
    acquire(slots, 1, THERE)
    assert slots.saturated == [HERE]

    slots.release(taken[0])
    assert slots.saturated == []
    slots.acquire(HERE, is_slow=False, now=0)
    assert slots.saturated == [HERE]


def test_the_limit_of_a_destination_leaves_slots_for_others() -> None:
    assert LANE_SLOTS.per_destination < LANE_SLOTS.ordinary / 2
    assert LANE_SLOTS.per_destination < LANE_SLOTS.failing


def test_limits_are_reduced_in_proportion_and_never_to_none() -> None:
    assert LANE_SLOTS.within(9000) is LANE_SLOTS
    assert LANE_SLOTS.within(512) == SlotLimits(ordinary=256, slow=256, failing=128, per_destination=80)
    assert LANE_SLOTS.within(0) == SlotLimits(ordinary=1, slow=1, failing=1, per_destination=1)
