"""Stopwatches of timers: the time that they show."""

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


def test_time_passes_only_while_a_stopwatch_runs() -> None:
    watch = FRESH
    assert (watch.state, watch.elapsed_seconds(after(9))) == (PENDING, 0)

    watch = watch.started(START)
    assert (watch.state, watch.elapsed_seconds(after(0)), watch.elapsed_seconds(after(90))) == (RUNNING, 0, 90)

    watch = watch.paused(after(90))
    assert (watch.state, watch.elapsed_seconds(after(500)), watch.paused_at) == (PAUSED, 90, after(90))

    watch = watch.started(after(500))
    assert (watch.state, watch.elapsed_seconds(after(501))) == (RUNNING, 91)


def test_pausing_a_stopwatch_that_is_not_running_changes_nothing() -> None:
    paused = FRESH.started(START).paused(after(5))

    assert FRESH.paused(after(1)) == FRESH
    assert paused.paused(after(9)) == paused


def test_no_time_is_lost_by_switching_often_between_stopwatches() -> None:
    # Ten switches between two of them, 1.5 seconds apart.
    first, second = FRESH.started(START), FRESH
    for step in range(1, 11):
        now = after(step * 1.5)
        first, second = second.started(now), first.paused(now)

    assert first.elapsed_seconds(after(15)) + second.elapsed_seconds(after(15)) == 15


def test_a_clock_set_back_does_not_reduce_the_recorded_time() -> None:
    watch = FRESH.started(START).paused(after(60)).started(after(100))

    assert watch.elapsed_seconds(after(-1000)) == 60
    assert watch.paused(after(-1000)).elapsed_seconds(after(0)) == 60


@pytest.mark.parametrize("watch", [Stopwatch(PAUSED, 100, START, START), Stopwatch(RUNNING, 40, START)])
@pytest.mark.parametrize(("by", "seconds"), [(30, 130), (-30, 70), (-100, 0), (-101, 0), (MAX_SECONDS, MAX_SECONDS)])
def test_a_correction_keeps_the_state_and_stops_at_zero(watch: Stopwatch, by: int, seconds: int) -> None:
    corrected = watch.corrected(by, after(60))

    assert (corrected.state, corrected.elapsed_seconds(after(60))) == (watch.state, seconds)


def test_a_pending_stopwatch_with_added_time_is_paused() -> None:
    assert FRESH.corrected(30, START) == Stopwatch(PAUSED, 30, None, START)
    assert FRESH.corrected(-30, START) == FRESH


@pytest.mark.parametrize(
    ("first", "second", "state", "seconds"),
    [
        (FRESH, FRESH, PENDING, 0),
        (FRESH, Stopwatch(PAUSED, 7, START, START), PAUSED, 7),
        (Stopwatch(PAUSED, 5, START, START), Stopwatch(PAUSED, 7, START, START), PAUSED, 12),
        (Stopwatch(PAUSED, 5, START, START), Stopwatch(RUNNING, 7, START), RUNNING, 72),
        (FRESH, Stopwatch(RUNNING, 7, START), RUNNING, 67),
    ],
)
def test_merged_stopwatches_add_their_time_and_run_if_one_ran(
    first: Stopwatch, second: Stopwatch, state: str, seconds: int
) -> None:
    for merged in (first.merged(second, after(60)), second.merged(first, after(60))):
        assert (merged.state, merged.elapsed_seconds(after(60))) == (state, seconds)
        assert merged.elapsed_seconds(after(70)) == seconds + (10 if state == RUNNING else 0)
        assert (merged.paused_at is None) == (first.paused_at is None and second.paused_at is None)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["start", "pause", "correct", "merge"]),
            st.integers(min_value=-(10**9), max_value=10**9),
            st.integers(min_value=-(10**15), max_value=10**15),
        )
    )
)
def test_a_stopwatch_stays_within_the_limits_of_an_entry(
    actions: list[tuple[str, int, int]],
) -> None:
    watch = FRESH
    for action, by, at in actions:
        now = START + at
        if action == "start" and not watch.is_running:
            watch = watch.started(now)
        elif action == "pause":
            watch = watch.paused(now)
        elif action == "correct":
            watch = watch.corrected(by, now)
        elif action == "merge":
            watch = watch.merged(Stopwatch(PAUSED, abs(by) % MAX_SECONDS, now, now), now)
        assert 0 <= watch.elapsed_seconds(START) <= MAX_SECONDS


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "00:00:00"), (59, "00:00:59"), (5025, "01:23:45"), (360_000, "100:00:00"), (86_399, "23:59:59")],
)
def test_time_is_formatted_beyond_24_hours(seconds: int, text: str) -> None:
    assert format_time(seconds) == text


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 0), (1, 1), (60, 1), (61, 2), (5025, 84)])
def test_minutes_are_rounded_up(seconds: int, minutes: int) -> None:
    assert round_up_to_minutes(seconds) == minutes
