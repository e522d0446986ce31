"""Time zones: their names, and the current date in them."""

import zoneinfo
from collections.abc import Iterator
from datetime import timedelta

import pytest

from hourhook.clock import SECOND, midnight
from hourhook.time_zones import find_zone, name_of_offset, parse_zone, today, utc_offset
from tests.conftest import Logged

HOUR = 3600 * SECOND


@pytest.fixture
def no_zones_of_the_system() -> Iterator[None]:
    zoneinfo.reset_tzpath(to=[])
    zoneinfo.ZoneInfo.clear_cache()
    find_zone.cache_clear()
    yield
    zoneinfo.reset_tzpath()
    find_zone.cache_clear()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("america/argentina/buenos_aires", "America/Argentina/Buenos_Aires"),
        ("utc", "UTC"),
        ("+01:00", "+01:00"),
        ("-12:00", "-12:00"),
        ("+14:00", "+14:00"),
        ("+05:45", "+05:45"),
        ("+00:00:01", "+00:00:01"),
        ("-00:00", "UTC"),
    ],
)
def test_a_zone_is_named_as_it_is_stored(text: str, name: str) -> None:
    assert parse_zone(text) == name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Berlin",
        "Europe/Atlantis",
        "localtime",
        "+14:01",
        "-12:30",
        "+1:00",
        "+01:60",
        "3600",
        "../../etc/passwd",
        "/",
        "\0",
        "٠",
    ],
)
def test_what_is_no_zone_is_refused_with_advice(text: str) -> None:
    with pytest.raises(ValueError, match=r"an IANA name such as Europe/Berlin, or an offset such as \+01:00"):
        parse_zone(text)


@pytest.mark.parametrize("seconds", [0, 1, -1, 3600, -12_600, 50_400, -43_200, 20_701])
def test_a_fixed_offset_keeps_every_second(seconds: int) -> None:
    assert utc_offset(name_of_offset(seconds), midnight("2026-06-01")) == seconds


@pytest.mark.parametrize(
    ("now", "berlin", "new_york"),
    [
        # Half past midnight in Berlin, the first after the clocks went forward.
        (midnight("2026-03-29") + 45 * HOUR // 2, "2026-03-30", "2026-03-29"),
        (midnight("2026-03-28") + 45 * HOUR // 2, "2026-03-28", "2026-03-28"),
        (midnight("2026-10-25") + 45 * HOUR // 2, "2026-10-25", "2026-10-25"),
        (midnight("2026-01-01") + 3 * HOUR, "2026-01-01", "2025-12-31"),
    ],
)
def test_today_follows_the_changes_of_clocks(now: int, berlin: str, new_york: str) -> None:
    assert (today(now, "Europe/Berlin"), today(now, "America/New_York")) == (berlin, new_york)


def test_the_offset_of_a_zone_is_that_of_the_moment() -> None:
    summer, winter = midnight("2026-07-01"), midnight("2026-12-01")
    assert (utc_offset("Europe/Berlin", summer), utc_offset("Europe/Berlin", winter)) == (7200, 3600)
    assert (utc_offset("+01:00", summer), utc_offset("UTC", summer)) == (3600, 0)


@pytest.mark.usefixtures("no_zones_of_the_system")
def test_zones_are_known_on_a_system_without_zone_data() -> None:
    assert utc_offset("Europe/Berlin", midnight("2026-07-01")) == 7200


def test_a_zone_that_the_system_no_longer_knows_counts_as_utc(logged: Logged) -> None:
    find_zone.cache_clear()

    assert find_zone("Europe/Atlantis").utcoffset(None) == timedelta(0)
    assert [(line["event"], line["time_zone"]) for line in logged] == [
        ("this system does not know a time zone: UTC is used instead", "Europe/Atlantis")
    ]
