"""Exponential backoff of retries."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hourhook.backoff import RetrySchedule


class NoJitter:
    """A source of randomness that always returns the middle."""

    def uniform(self, a: float, b: float) -> float:
        return (a + b) / 2


def delay_after(failures: int, retry_after_seconds: float | None = None) -> float:
    delay = RetrySchedule().next_delay_seconds(failures, 0, retry_after_seconds, NoJitter())
    assert delay is not None
    return delay


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(1, 1), (2, 2), (3, 4), (4, 8), (12, 2048), (15, 16_384), (16, 21_600), (17, 21_600), (10**9, 21_600)],
)
def test_the_delay_doubles_up_to_the_cap(failures: int, seconds: float) -> None:
    assert delay_after(failures) == seconds


@given(failures=st.integers(1, 2000), seed=st.integers(0, 2**32))
def test_each_delay_is_jittered_by_a_tenth_at_most(failures: int, seed: int) -> None:
    schedule = RetrySchedule()
    delay = schedule.next_delay_seconds(failures, 0, None, random.Random(seed))
    assert delay is not None
    middle = delay_after(failures)
    assert 0.9 * middle <= delay <= min(1.1 * middle, schedule.longest_delay_seconds)


def test_jitter_spreads_attempts_that_failed_together() -> None:
    rng = random.Random(7)
    delays = [RetrySchedule().next_delay_seconds(9, 0, None, rng) for _ in range(1000)]
    assert len({*delays}) > 990
    spread = [delay / delay_after(9) for delay in delays if delay is not None]
    assert min(spread) < 0.91
    assert max(spread) > 1.09


def test_retry_after_delays_the_attempt() -> None:
    assert delay_after(1, retry_after_seconds=120) == 120


def test_retry_after_does_not_shorten_the_delay() -> None:
    assert delay_after(5, retry_after_seconds=1) == 16


def test_retry_after_is_limited_by_the_cap() -> None:
    assert delay_after(1, retry_after_seconds=1e15) == 21_600


SHORT = RetrySchedule(base_seconds=5, cap_seconds=100, window_seconds=60)


def test_an_attempt_at_the_end_of_the_window_is_made() -> None:
    assert SHORT.next_delay_seconds(1, 55, None, NoJitter()) == 5


def test_no_attempt_is_made_after_the_window() -> None:
    assert SHORT.next_delay_seconds(1, 56, None, NoJitter()) is None


def test_a_retry_after_beyond_the_window_ends_it() -> None:
    assert SHORT.next_delay_seconds(1, 0, 90, NoJitter()) is None


def test_a_failing_head_is_attempted_about_26_times_in_three_days() -> None:
    schedule = RetrySchedule()
    attempts, elapsed = 1, 0.0
    while (delay := schedule.next_delay_seconds(attempts, elapsed, None, NoJitter())) is not None:
        assert schedule.nominal_seconds_before(attempts) == elapsed
        attempts, elapsed = attempts + 1, elapsed + delay
    assert attempts in range(25, 28)
    assert elapsed <= 259_200


def test_zero_failures_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        RetrySchedule().next_delay_seconds(0, 0, None, NoJitter())
