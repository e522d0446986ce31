"""Exponential backoff of retries."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hourhook.backoff import RetrySchedule
from hourhook.clock import SECOND

START = 1_700_000_000 * SECOND


class NoJitter:
    """A source of randomness that always returns the middle."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def delay_after(failures: int, retry_after_seconds: float | None = None) -> float:
    attempt_at = RetrySchedule().next_attempt_at(failures, START, START, retry_after_seconds, NoJitter())
    assert attempt_at is not None
    return (attempt_at - START) / SECOND


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(1, 5), (2, 10), (3, 20), (4, 40), (12, 10_240), (13, 20_480), (14, 21_600), (15, 21_600), (10**9, 21_600)],
)
def test_the_delay_doubles_up_to_the_cap(failures: int, seconds: float) -> None:
    assert delay_after(failures) == seconds


@given(failures=st.integers(1, 2000), seed=st.integers(0, 2**32))
def test_each_delay_is_jittered_by_a_tenth_at_most(failures: int, seed: int) -> None:
    attempt_at = RetrySchedule().next_attempt_at(failures, START, START, None, random.Random(seed))
    assert attempt_at is not None
    middle = delay_after(failures)
    assert 0.9 * middle <= (attempt_at - START) / SECOND <= 1.1 * middle


def test_jitter_spreads_attempts_that_failed_together() -> None:
    rng = random.Random(7)
    delays = [RetrySchedule().next_attempt_at(9, 0, 0, None, rng) for _ in range(1000)]
    assert len({*delays}) > 990
    middle = delay_after(9) * SECOND
    spread = [delay / middle for delay in delays if delay is not None]
    assert min(spread) < 0.91
    assert max(spread) > 1.09


def test_retry_after_delays_the_attempt() -> None:
    assert delay_after(1, retry_after_seconds=120) == 120


def test_retry_after_does_not_shorten_the_delay() -> None:
    assert delay_after(5, retry_after_seconds=1) == 80


def test_retry_after_is_limited_by_the_cap() -> None:
    assert delay_after(1, retry_after_seconds=1e15) == 21_600


def test_an_attempt_at_the_end_of_the_window_is_made() -> None:
    schedule = RetrySchedule(base_seconds=5, cap_seconds=100, window_seconds=60)
    assert schedule.next_attempt_at(1, START, START + 55 * SECOND, None, NoJitter()) == START + 60 * SECOND


def test_no_attempt_is_made_after_the_window() -> None:
    schedule = RetrySchedule(base_seconds=5, cap_seconds=100, window_seconds=60)
    assert schedule.next_attempt_at(1, START, START + 56 * SECOND, None, NoJitter()) is None


def test_a_retry_after_beyond_the_window_ends_it() -> None:
    schedule = RetrySchedule(base_seconds=5, cap_seconds=100, window_seconds=60)
    assert schedule.next_attempt_at(1, START, START, 90, NoJitter()) is None


def test_a_failing_head_is_attempted_about_23_times_in_three_days() -> None:
    schedule = RetrySchedule()
    attempt_at: int | None = START
    attempts = 0
    now = START
    while attempt_at is not None:
        attempts, now = attempts + 1, attempt_at
        attempt_at = schedule.next_attempt_at(attempts, START, now, None, NoJitter())
    assert attempts in range(22, 26)
    assert now - START <= 259_200 * SECOND


def test_zero_failures_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        RetrySchedule().next_attempt_at(0, START, START, None, NoJitter())
