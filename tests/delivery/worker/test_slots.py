"""Seats: how many sends may be on the wire at once, shared so that a broken receiver keeps nobody waiting."""

import pytest

from hourhook.delivery.worker.slots import FAILING_SLOTS, ORDINARY_SLOTS, SLOTS_PER_DESTINATION, SLOW_SLOTS, Slot, Slots

HERE, THERE = "http://here.example:80", "http://there.example:80"


@pytest.fixture
def slots() -> Slots:
    return Slots()


def sit_down(slots: Slots, count: int, destination: str = HERE, *, is_slow: bool = False, now: int = 0) -> list[Slot]:
    return [slots.acquire(destination, is_slow=is_slow, now=now) for _ in range(count)]


def test_an_empty_house_has_seats_of_both_kinds(slots: Slots) -> None:
    assert (slots.available(failing=False), slots.available(failing=True)) == (ORDINARY_SLOTS, FAILING_SLOTS)
    assert slots.saturated == []


def test_lanes_that_fail_take_no_seat_of_those_that_succeed(slots: Slots) -> None:
    sit_down(slots, FAILING_SLOTS, is_slow=True)

    assert slots.available(failing=True) == 0
    assert slots.available(failing=False) == ORDINARY_SLOTS


def test_lanes_that_succeed_take_no_seat_of_those_that_fail(slots: Slots) -> None:
    sit_down(slots, ORDINARY_SLOTS)

    assert slots.available(failing=False) == 0
    assert slots.available(failing=True) == FAILING_SLOTS


def test_a_send_that_takes_its_time_gives_up_its_ordinary_seat(slots: Slots) -> None:
    sit_down(slots, 10, now=5)
    sit_down(slots, 3, now=6)

    slots.mark_slow(acquired_before=6)

    assert slots.ordinary_count == 3
    assert slots.available(failing=False) == ORDINARY_SLOTS - 3


def test_slow_sends_are_bounded_too(slots: Slots) -> None:
    for now in range(4):
        sit_down(slots, ORDINARY_SLOTS, now=now)
        slots.mark_slow(acquired_before=now + 1)

    assert len(slots.in_use) == ORDINARY_SLOTS + SLOW_SLOTS
    assert (slots.available(failing=False), slots.available(failing=True)) == (0, 0)


def test_a_slow_lane_that_succeeds_comes_back_to_an_ordinary_seat(slots: Slots) -> None:
    [slow] = sit_down(slots, 1, is_slow=True)

    slots.restart(slow, now=7)

    assert slots.ordinary_count == 1
    assert slots.available(failing=True) == FAILING_SLOTS
    slots.mark_slow(acquired_before=7)
    assert slots.ordinary_count == 1, "its time is counted anew"


def test_whoever_leaves_makes_room(slots: Slots) -> None:
    for slot in [*sit_down(slots, ORDINARY_SLOTS), *sit_down(slots, FAILING_SLOTS, is_slow=True)]:
        slots.release(slot)

    assert (slots.available(failing=False), slots.available(failing=True)) == (ORDINARY_SLOTS, FAILING_SLOTS)
    assert (slots.ordinary_count, slots.saturated) == (0, [])


def test_a_destination_that_has_its_share_gets_no_further_seat_until_one_is_left(slots: Slots) -> None:
    taken = sit_down(slots, SLOTS_PER_DESTINATION)
    sit_down(slots, 1, THERE)
    assert slots.saturated == [HERE]

    slots.release(taken[0])
    assert slots.saturated == []


def test_the_share_of_a_destination_leaves_seats_for_others() -> None:
    assert SLOTS_PER_DESTINATION < ORDINARY_SLOTS
