"""Timestamps and dates."""

from hourhook.clock import SECOND, SystemClock, format_timestamp, midnight, truncate_to_second


def test_a_timestamp_is_formatted_as_whole_seconds_in_utc() -> None:
    assert format_timestamp(1_716_285_900 * SECOND + 999_999) == "2024-05-21T10:05:00Z"


def test_midnight_is_the_start_of_a_utc_day() -> None:
    assert format_timestamp(midnight("2024-05-21")) == "2024-05-21T00:00:00Z"


def test_the_system_clock_counts_microseconds() -> None:
    now = SystemClock().now()
    assert truncate_to_second(now) <= now < truncate_to_second(now) + SECOND
    assert format_timestamp(now) > "2024"
