"""Concurrency limits: ordinary, slow and per-destination slots."""

import pytest

from hourhook.delivery.worker.slots import FAILING_SLOTS, ORDINARY_SLOTS, SLOTS_PER_DESTINATION, SLOW_SLOTS, Slot, Slots

HERE, THERE = "http://here.example:80", "http://there.example:80"


@pytest.fixture
def slots() -> Slots:
    return Slots()


def acquire(slots: Slots, count: int, destination: str = HERE, *, is_slow: bool = False, now: int = 0) -> list[Slot]:
    return [slots.acquire(destination, is_slow=is_slow, now=now) for _ in range(count)]


def test_both_kinds_of_slots_are_free_at_first(slots: Slots) -> None:
    assert (slots.available(failing=False), slots.available(failing=True)) == (ORDINARY_SLOTS, FAILING_SLOTS)
    assert slots.saturated == []


def test_failing_lanes_take_no_ordinary_slots(slots: Slots) -> None:
    acquire(slots, FAILING_SLOTS, is_slow=True)

    assert slots.available(failing=True) == 0
    assert slots.available(failing=False) == ORDINARY_SLOTS


def test_succeeding_lanes_take_no_slow_slots(slots: Slots) -> None:
    acquire(slots, ORDINARY_SLOTS)

    assert slots.available(failing=False) == 0
    assert slots.available(failing=True) == FAILING_SLOTS


def test_a_slow_send_frees_its_ordinary_slot(slots: Slots) -> None:
    acquire(slots, 10, now=5)
    acquire(slots, 3, now=6)

    slots.mark_slow(now=7, after=1)

    assert slots.ordinary_count == 3
    assert slots.available(failing=False) == ORDINARY_SLOTS - 3


def test_slow_sends_are_bounded(slots: Slots) -> None:
    for now in range(4):
        acquire(slots, ORDINARY_SLOTS, now=now)
        slots.mark_slow(now=now + 1, after=0)

    assert len(slots.in_use) == ORDINARY_SLOTS + SLOW_SLOTS
    assert (slots.available(failing=False), slots.available(failing=True)) == (0, 0)


def test_a_slow_lane_that_succeeds_gets_an_ordinary_slot(slots: Slots) -> None:
    [slow] = acquire(slots, 1, is_slow=True)

    slots.restart(slow, now=7)

    assert slots.ordinary_count == 1
    assert slots.available(failing=True) == FAILING_SLOTS
    slots.mark_slow(now=7, after=0)
    assert slots.ordinary_count == 1, "its time is counted anew"


def test_a_released_slot_is_available_again(slots: Slots) -> None:
    for slot in [*acquire(slots, ORDINARY_SLOTS), *acquire(slots, FAILING_SLOTS, is_slow=True)]:
        slots.release(slot)

    assert (slots.available(failing=False), slots.available(failing=True)) == (ORDINARY_SLOTS, FAILING_SLOTS)
    assert (slots.ordinary_count, slots.saturated) == (0, [])


def test_a_saturated_destination_gets_a_slot_after_a_release(slots: Slots) -> None:
    taken = acquire(slots, SLOTS_PER_DESTINATION)
    acquire(slots, 1, THERE)
    assert slots.saturated == [HERE]

    slots.release(taken[0])
    assert slots.saturated == []


def test_the_limit_of_a_destination_leaves_slots_for_others() -> None:
    assert SLOTS_PER_DESTINATION < ORDINARY_SLOTS
