"""Settings: read from the environment, and refused with a line that says what to write."""

import ipaddress

import pytest

from hourhook.errors import Problem
from hourhook.settings import RateLimit, Settings


def test_nothing_set_is_the_documented_default() -> None:
    assert Settings.from_environment({}) == Settings()


def test_every_setting_is_read_as_what_it_is() -> None:
    settings = Settings.from_environment(
        {
            "HOURHOOK_ALLOWED_NETWORKS": "10.0.0.0/8, fd00::/8",
            "HOURHOOK_RATE_LIMIT": "2/5",
            "HOURHOOK_BASE_URL": "https://time.example.com/",
            "HOURHOOK_MAX_BODY_BYTES": "2048",
            "HOURHOOK_LOG_LEVEL": "WARNING",
        }
    )
    assert settings.allowed_networks == (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))
    assert settings.rate_limit == RateLimit(2, 5)
    assert settings.base_url == "https://time.example.com"
    assert (settings.max_body_bytes, settings.log_level) == (2048, "warning")


def test_a_rate_limit_can_be_switched_off() -> None:
    assert Settings.from_environment({"HOURHOOK_RATE_LIMIT": "off"}).rate_limit is None


def test_an_empty_variable_is_as_if_it_were_not_set() -> None:
    assert Settings.from_environment({"HOURHOOK_RETENTION_DAYS": " "}) == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RETRY_BASE_SECONDS", "soon"),
        ("RETRY_BASE_SECONDS", "-1"),
        ("RETRY_BASE_SECONDS", "nan"),
        ("RETRY_BASE_SECONDS", "inf"),
        ("MAX_BODY_BYTES", "1.5"),
        ("MAX_BODY_BYTES", "0"),
        ("RATE_LIMIT", "100"),
        ("SIGN_IN_RATE_LIMIT", "5"),
        ("OAUTH_RATE_LIMIT", "0/5"),
        ("OAUTH_TOKEN_SECONDS", "0"),
        ("OAUTH_TOKEN_SECONDS", "315360001"),
        ("RATE_LIMIT", "100/x"),
        ("ALLOWED_NETWORKS", "here"),
        ("BASE_URL", "time.example.com"),
        ("BASE_URL", "https://time.example.com/?a=b"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(Problem, match=f"HOURHOOK_{name}="):
        Settings.from_environment({f"HOURHOOK_{name}": value})


def test_a_send_must_end_well_within_its_lease() -> None:
    with pytest.raises(Problem, match="at most half of HOURHOOK_LEASE_SECONDS"):
        Settings.from_environment({"HOURHOOK_SEND_TIMEOUT_SECONDS": "31"})


def test_events_are_kept_as_long_as_they_are_retried() -> None:
    with pytest.raises(Problem, match="HOURHOOK_RETENTION_DAYS"):
        Settings.from_environment({"HOURHOOK_RETENTION_DAYS": "2"})


def test_options_of_a_command_are_checked_alike() -> None:
    assert Settings().with_changes(base_url="http://x", database_url=None).base_url == "http://x"
    with pytest.raises(Problem, match="lease"):
        Settings().with_changes(lease_seconds=5.0)
