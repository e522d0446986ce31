"""Settings: read from the environment; invalid values are rejected with advice."""

import ipaddress

import pytest

from hourhook.errors import OperatorError
from hourhook.settings import RateLimit, Settings, SmtpServer


def test_an_empty_environment_yields_the_default_settings() -> None:
    assert Settings.from_environment({}) == Settings()


def test_each_setting_is_parsed_to_its_type() -> None:
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


def test_a_rate_limit_can_be_disabled() -> None:
    assert Settings.from_environment({"HOURHOOK_RATE_LIMIT": "off"}).rate_limit is None


def test_an_empty_variable_counts_as_unset() -> None:
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
        ("RATE_LIMIT", "1/2/3"),
        ("MAX_BODY_BYTES", "9" * 5000),
        ("ALLOWED_NETWORKS", "here"),
        ("TRUSTED_PROXIES", "10.0.0.0/8;192.0.2.7"),
        ("ALLOWED_ORIGINS", "app.example.com"),
        ("ALLOWED_ORIGINS", "https://app.example.com/page"),
        ("BASE_URL", "time.example.com"),
        ("BASE_URL", "https://"),
        ("BASE_URL", "https://time.example.com:99999"),
        ("BASE_URL", "https://time.example.com/a b"),
        ("BASE_URL", "https://ada:hunter2@time.example.com"),
        ("BASE_URL", "https://time.example.com/?a=b"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_an_invalid_value_is_refused_with_the_variable_name(name: str, value: str) -> None:
    with pytest.raises(OperatorError, match=f"HOURHOOK_{name}="):
        Settings.from_environment({f"HOURHOOK_{name}": value})


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("RETRY_BASE_SECONDS", "soon", "a number above 0"),
        ("MAX_BODY_BYTES", "1e6", "a whole number above 0"),
        ("RATE_LIMIT", "a/b", "such as 100/200, or off"),
        ("RATE_LIMIT", "0/0", "such as 100/200, or off"),
        ("ALLOWED_NETWORKS", "10.1.0.0/16, here", "'here' is not a network; write them like 10.1.0.0/16,192.0.2.7"),
        (
            "ALLOWED_NETWORKS",
            "10.1.0.0/16,10.2.0.7/16",
            "'10.2.0.7/16' .* write 10.2.0.0/16 for the whole network, or 10.2.0.7 for this address alone",
        ),
        ("NO_PROXY", "example.com,10.2.0.7/16", "write 10.2.0.0/16 for the whole network, or 10.2.0.7 for"),
        ("NO_PROXY", "10.0.0.0/33", "'10.0.0.0/33' is not a network"),
        ("TRUSTED_PROXIES", "fd00::1/8", "write fd00::/8 for the whole network, or fd00::1 for this address alone"),
        ("TRUSTED_PROXIES", "10.2.0.7/255.255.0.0", "write 10.2.0.0/16 for the whole network, or 10.2.0.7 for"),
        (
            "ALLOWED_ORIGINS",
            "https://a.test, b.test",
            "'b.test' is not an origin; write them like https://app.example.com",
        ),
    ],
)
def test_an_invalid_value_is_refused_with_advice(name: str, value: str, advice: str) -> None:
    with pytest.raises(OperatorError, match=advice):
        Settings.from_environment({f"HOURHOOK_{name}": value})


def test_urls_get_a_lower_case_scheme_and_no_trailing_slash() -> None:
    settings = Settings.from_environment(
        {
            "HOURHOOK_BASE_URL": "HTTPS://time.example.com:8443/hours/",
            "HOURHOOK_ALLOWED_ORIGINS": "https://app.example.com/, http://[::1]:3000, *",
        }
    )
    assert settings.base_url == "https://time.example.com:8443/hours"
    assert settings.allowed_origins == ("https://app.example.com", "http://[::1]:3000", "*")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("smtp://mail.example.com", SmtpServer("mail.example.com", 587, "starttls")),
        ("smtp://mail.example.com:2525/", SmtpServer("mail.example.com", 2525, "starttls")),
        ("smtps://mail.example.com", SmtpServer("mail.example.com", 465, "tls")),
        (
            "smtp://ada%40example.com:p%2Fs%3Fs@mail.example.com",
            SmtpServer("mail.example.com", 587, "starttls", "ada@example.com", "p/s?s"),
        ),
        ("smtp://localhost:25", SmtpServer("localhost", 25, "none")),
        ("smtp://127.0.0.2:25", SmtpServer("127.0.0.2", 25, "none")),
        ("smtp://[::1]:25", SmtpServer("::1", 25, "none")),
        ("smtp://localhost:25?starttls=required", SmtpServer("localhost", 25, "starttls")),
        ("smtp://mail.example.com?starttls=off", SmtpServer("mail.example.com", 587, "none")),
    ],
)
def test_an_smtp_url_is_parsed_to_an_smtp_server(url: str, expected: SmtpServer) -> None:
    given = {"HOURHOOK_SMTP_URL": url, "HOURHOOK_MAIL_FROM": "hourhook@example.com"}

    assert Settings.from_environment(given).smtp_url == expected


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com",
        "http://ada:hunter2@mail.example.com",
        "smtp://",
        "smtp://:587",
        "smtp://ada:hunter2@mail.example.com/inbox",
        "smtp://ada:hunter2@mail.example.com:x",
        "smtp://ada:hunter2@mail.example.com:70000",
        "smtp://ada:hunter2@mail.example.com#x",
        "smtp://ada:hunter2@mail.example.com?starttls=maybe",
        "smtp://ada:hunter2@mail.example.com?tls=on",
        "smtps://ada:hunter2@mail.example.com?starttls=off",
        "smtp://ada@mail.example.com",
        "smtp://:hunter2@mail.example.com",
        "smtp://ada:hunter2ä@mail.example.com",
        "smtp://ada:hunter2%0Ax@mail.example.com",
        "smtp://ada:hunter2%FF@mail.example.com",
        "smtp://[ada:hunter2@mail.example.com",
    ],
)
def test_an_invalid_smtp_url_is_refused_without_repeating_its_password(url: str) -> None:
    given = {"HOURHOOK_SMTP_URL": url, "HOURHOOK_MAIL_FROM": "hourhook@example.com"}

    with pytest.raises(OperatorError, match="HOURHOOK_SMTP_URL cannot be used: ") as refused:
        Settings.from_environment(given)
    assert "hunter2" not in str(refused.value)


def test_repr_of_settings_omits_the_smtp_password() -> None:
    smtp = SmtpServer("mail.example.com", 587, "starttls", "ada", "hunter2")

    assert "hunter2" not in f"{Settings(smtp_url=smtp, mail_from='x@y.test')!r}{smtp}"


@pytest.mark.parametrize(
    "sender", ["hourhook@example.com", "Hourhook <h@example.com>", '"Zoë, of Hourhook" <h@x.test>']
)
def test_mail_from_accepts_one_address(sender: str) -> None:
    assert Settings.from_environment({"HOURHOOK_MAIL_FROM": sender}).mail_from == sender


@pytest.mark.parametrize(
    "sender",
    [
        "Hourhook",
        "a@b, c@d",
        "@example.com",
        "a@",
        "<>",
        "zoë@example.com",
        "a@exämple.com",
        "x\r\nBcc: eve@x.test",
        "a b@c",
        "a@b..c",
        "Hourhook <a@-x.org>",
    ],
)
def test_an_invalid_mail_from_is_refused(sender: str) -> None:
    with pytest.raises(OperatorError, match="HOURHOOK_MAIL_FROM="):
        Settings.from_environment({"HOURHOOK_MAIL_FROM": sender})


def test_an_smtp_url_without_mail_from_is_refused() -> None:
    with pytest.raises(OperatorError, match="set HOURHOOK_MAIL_FROM too"):
        Settings.from_environment({"HOURHOOK_SMTP_URL": "smtp://mail.example.com"})


def test_a_send_timeout_over_half_of_the_lease_is_refused() -> None:
    with pytest.raises(OperatorError, match="at most half of HOURHOOK_LEASE_SECONDS"):
        Settings.from_environment({"HOURHOOK_SEND_TIMEOUT_SECONDS": "31"})


def test_a_retention_shorter_than_the_retry_window_is_refused() -> None:
    with pytest.raises(OperatorError, match="HOURHOOK_RETENTION_DAYS"):
        Settings.from_environment({"HOURHOOK_RETENTION_DAYS": "2"})


def test_settings_changed_by_options_are_checked_too() -> None:
    assert Settings().with_changes(base_url="http://x", database_url=None).base_url == "http://x"
    with pytest.raises(OperatorError, match="HOURHOOK_LEASE_SECONDS"):
        Settings().with_changes(lease_seconds=5.0)
