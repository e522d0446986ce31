"""Stopwatches: what they show after whatever was done to them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hourhook.clock import SECOND
from hourhook.domain.timers.stopwatches import (
    MAX_SECONDS,
    PAUSED,
    PENDING,
    RUNNING,
    Stopwatch,
    format_time,
    round_up_to_minutes,
)
from tests.support.clocks import START

FRESH = Stopwatch()


def after(seconds: float) -> int:
    return START + round(seconds * SECOND)


def test_time_passes_only_while_it_runs() -> None:
    watch = FRESH
    assert (watch.state, watch.elapsed_seconds(after(9))) == (PENDING, 0)

    watch = watch.started(START)
    assert (watch.state, watch.elapsed_seconds(after(0)), watch.elapsed_seconds(after(90))) == (RUNNING, 0, 90)

    watch = watch.paused(after(90))
    assert (watch.state, watch.elapsed_seconds(after(500)), watch.paused_at) == (PAUSED, 90, after(90))

    watch = watch.started(after(500))
    assert (watch.state, watch.elapsed_seconds(after(501))) == (RUNNING, 91)


def test_pausing_what_does_not_run_changes_nothing() -> None:
    paused = FRESH.started(START).paused(after(5))

    assert FRESH.paused(after(1)) == FRESH
    assert paused.paused(after(9)) == paused


def test_no_time_is_lost_by_switching_often() -> None:
    # Between two of them, ten times a second and a half.
    one, other = FRESH.started(START), FRESH
    for step in range(1, 11):
        now = after(step * 1.5)
        one, other = other.started(now), one.paused(now)

    assert one.elapsed_seconds(after(15)) + other.elapsed_seconds(after(15)) == 15


def test_a_clock_that_was_set_back_takes_nothing_away_that_was_there() -> None:
    watch = FRESH.started(START).paused(after(60)).started(after(100))

    assert watch.elapsed_seconds(after(-1000)) == 60
    assert watch.paused(after(-1000)).elapsed_seconds(after(0)) == 60


@pytest.mark.parametrize("watch", [Stopwatch(PAUSED, 100, START, START), Stopwatch(RUNNING, 40, START)])
@pytest.mark.parametrize(("by", "seconds"), [(30, 130), (-30, 70), (-100, 0), (-101, 0), (MAX_SECONDS, MAX_SECONDS)])
def test_a_correction_keeps_the_state_and_never_goes_below_nothing(watch: Stopwatch, by: int, seconds: int) -> None:
    corrected = watch.corrected(by, after(60))

    assert (corrected.state, corrected.elapsed_seconds(after(60))) == (watch.state, seconds)


def test_a_pending_one_that_gains_time_is_paused() -> None:
    assert FRESH.corrected(30, START) == Stopwatch(PAUSED, 30, None, START)
    assert FRESH.corrected(-30, START) == FRESH


@pytest.mark.parametrize(
    ("one", "other", "state", "seconds"),
    [
        (FRESH, FRESH, PENDING, 0),
        (FRESH, Stopwatch(PAUSED, 7, START, START), PAUSED, 7),
        (Stopwatch(PAUSED, 5, START, START), Stopwatch(PAUSED, 7, START, START), PAUSED, 12),
        (Stopwatch(PAUSED, 5, START, START), Stopwatch(RUNNING, 7, START), RUNNING, 72),
        (FRESH, Stopwatch(RUNNING, 7, START), RUNNING, 67),
    ],
)
def test_two_in_one_have_the_time_of_both_and_run_if_one_did(
    one: Stopwatch, other: Stopwatch, state: str, seconds: int
) -> None:
    for merged in (one.merged(other, after(60)), other.merged(one, after(60))):
        assert (merged.state, merged.elapsed_seconds(after(60))) == (state, seconds)
        assert merged.elapsed_seconds(after(70)) == seconds + (10 if state == RUNNING else 0)
        assert (merged.paused_at is None) == (one.paused_at is None and other.paused_at is None)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["start", "pause", "correct", "join"]),
            st.integers(min_value=-(10**9), max_value=10**9),
            st.integers(min_value=-(10**15), max_value=10**15),
        )
    )
)
def test_whatever_is_done_and_however_the_clock_jumps_it_shows_what_an_entry_can_hold(
    deeds: list[tuple[str, int, int]],
) -> None:
    watch = FRESH
    for deed, by, at in deeds:
        now = START + at
        if deed == "start" and not watch.is_running:
            watch = watch.started(now)
        elif deed == "pause":
            watch = watch.paused(now)
        elif deed == "correct":
            watch = watch.corrected(by, now)
        elif deed == "join":
            watch = watch.merged(Stopwatch(PAUSED, abs(by) % MAX_SECONDS, now, now), now)
        assert 0 <= watch.elapsed_seconds(START) <= MAX_SECONDS


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "00:00:00"), (59, "00:00:59"), (5025, "01:23:45"), (360_000, "100:00:00"), (86_399, "23:59:59")],
)
def test_time_is_written_with_as_many_hours_as_it_takes(seconds: int, text: str) -> None:
    assert format_time(seconds) == text


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 0), (1, 1), (60, 1), (61, 2), (5025, 84)])
def test_minutes_that_have_begun_count_whole(seconds: int, minutes: int) -> None:
    assert round_up_to_minutes(seconds) == minutes
