"""Seats: how many sends may be on the wire at once, shared so that a broken receiver keeps nobody waiting."""

import pytest

from hourhook.delivery.worker.slots import FAILING, ORDINARY, PER_DESTINATION, SLOW, Seat, Seats

HERE, THERE = "http://here.example:80", "http://there.example:80"


@pytest.fixture
def seats() -> Seats:
    return Seats()


def sit_down(seats: Seats, count: int, destination: str = HERE, *, is_slow: bool = False, now: int = 0) -> list[Seat]:
    return [seats.take(destination, is_slow=is_slow, now=now) for _ in range(count)]


def test_an_empty_house_has_seats_of_both_kinds(seats: Seats) -> None:
    assert (seats.free(failing=False), seats.free(failing=True)) == (ORDINARY, FAILING)
    assert seats.saturated == []


def test_lanes_that_fail_take_no_seat_of_those_that_succeed(seats: Seats) -> None:
    sit_down(seats, FAILING, is_slow=True)

    assert seats.free(failing=True) == 0
    assert seats.free(failing=False) == ORDINARY


def test_lanes_that_succeed_take_no_seat_of_those_that_fail(seats: Seats) -> None:
    sit_down(seats, ORDINARY)

    assert seats.free(failing=False) == 0
    assert seats.free(failing=True) == FAILING


def test_a_send_that_takes_its_time_gives_up_its_ordinary_seat(seats: Seats) -> None:
    sit_down(seats, 10, now=5)
    sit_down(seats, 3, now=6)

    seats.slow_down(taken_before=6)

    assert seats.ordinary_count == 3
    assert seats.free(failing=False) == ORDINARY - 3


def test_slow_sends_are_bounded_too(seats: Seats) -> None:
    for now in range(4):
        sit_down(seats, ORDINARY, now=now)
        seats.slow_down(taken_before=now + 1)

    assert len(seats.taken) == ORDINARY + SLOW
    assert (seats.free(failing=False), seats.free(failing=True)) == (0, 0)


def test_a_slow_lane_that_succeeds_comes_back_to_an_ordinary_seat(seats: Seats) -> None:
    [slow] = sit_down(seats, 1, is_slow=True)

    seats.begin(slow, now=7)

    assert seats.ordinary_count == 1
    assert seats.free(failing=True) == FAILING
    seats.slow_down(taken_before=7)
    assert seats.ordinary_count == 1, "its time is counted anew"


def test_whoever_leaves_makes_room(seats: Seats) -> None:
    for seat in [*sit_down(seats, ORDINARY), *sit_down(seats, FAILING, is_slow=True)]:
        seats.leave(seat)

    assert (seats.free(failing=False), seats.free(failing=True)) == (ORDINARY, FAILING)
    assert (seats.ordinary_count, seats.saturated) == (0, [])


def test_a_destination_that_has_its_share_gets_no_further_seat_until_one_is_left(seats: Seats) -> None:
    taken = sit_down(seats, PER_DESTINATION)
    sit_down(seats, 1, THERE)
    assert seats.saturated == [HERE]

    seats.leave(taken[0])
    assert seats.saturated == []


def test_the_share_of_a_destination_leaves_seats_for_others() -> None:
    assert PER_DESTINATION < ORDINARY
