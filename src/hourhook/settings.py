"""Settings: read once from environment variables, validated, and immutable."""

import difflib
import email.errors
import email.policy
import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from hourhook.email_addresses import is_possible
from hourhook.errors import OperatorError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A token bucket per client: ``per_second`` tokens per second, at most ``burst``."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """The SMTP server for outgoing mail, its encryption and credentials."""

    host: str
    port: int
    # Implicit TLS, STARTTLS, or no encryption.
    encryption: Literal["tls", "starttls", "none"]
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class DatabaseLimits:
    """How long to wait for the database, in seconds: to connect, for a statement of a request, and for a connection."""

    connect_seconds: float = 5
    statement_seconds: float = 30
    queue_seconds: float = 10


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of a process; each field is the environment variable ``HOURHOOK_<NAME>`` (``docs/settings.md``)."""

    database_url: str = "sqlite:///hourhook.db"
    database_connect_seconds: float = 5
    database_statement_seconds: float = 30
    database_queue_seconds: float = 10
    base_url: str | None = None
    secret_key: str | None = None
    allowed_networks: tuple[Network, ...] = ()
    retry_base_seconds: float = 1
    retry_cap_seconds: float = 21_600
    retry_window_seconds: float = 259_200
    send_timeout_seconds: float = 10
    lease_seconds: float = 60
    alert_after_seconds: float = 3_600
    broadcast_seconds: float = 5
    retention_days: float = 30
    rate_limit: RateLimit | None = RateLimit(100, 200)
    # Per client address or e-mail address at sign-in; per client address at the OAuth token endpoint.
    sign_in_rate_limit: RateLimit | None = RateLimit(0.2, 10)
    oauth_rate_limit: RateLimit | None = RateLimit(2, 20)
    trusted_proxies: tuple[Network, ...] = ()
    allowed_origins: tuple[str, ...] = ()
    max_body_bytes: int = 1_048_576
    oauth_token_seconds: int = 86_400
    egress_proxy: str | None = None
    egress_proxy_resolves: bool = False
    no_proxy: tuple[str, ...] = ()
    ca_file: str | None = None
    metrics_token: str | None = None
    smtp_url: SmtpServer | None = None
    mail_from: str | None = None
    log_level: str = "info"
    log_format: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings from ``HOURHOOK_…`` variables.

        Raises ``OperatorError`` naming the variable if a value is invalid.
        """
        values: dict[str, Any] = {}
        for name, read in _READERS.items():
            text = environment.get(environment_variable(name), "").strip()
            if not text:
                continue
            try:
                values[name] = read(text)
            except ValueError as error:
                # Values that contain a secret are not repeated.
                shown = environment_variable(name) if name in _SECRETS else f"{environment_variable(name)}={text!r}"
                raise OperatorError(f"{shown} cannot be used: {error}") from None
        settings = cls(**values)
        settings.check()
        return settings

    def with_changes(self, **changes: Any) -> Self:
        """Return a copy with some settings replaced, such as by command-line options; ``None`` keeps a value.

        Raises ``OperatorError`` if the settings contradict each other.
        """
        changed = replace(self, **{name: value for name, value in changes.items() if value is not None})
        changed.check()
        return changed

    @property
    def database_limits(self) -> DatabaseLimits:
        return DatabaseLimits(
            self.database_connect_seconds, self.database_statement_seconds, self.database_queue_seconds
        )

    def check(self) -> None:
        """Raise ``OperatorError`` if settings contradict each other."""
        if self.send_timeout_seconds * 2 > self.lease_seconds:
            raise OperatorError(
                f"HOURHOOK_SEND_TIMEOUT_SECONDS ({self.send_timeout_seconds:g}) must be at most half of "
                f"HOURHOOK_LEASE_SECONDS ({self.lease_seconds:g}): lower the first, or set "
                f"HOURHOOK_LEASE_SECONDS to {self.send_timeout_seconds * 2:g} or more"
            )
        if self.retention_days * 86_400 < self.retry_window_seconds:
            raise OperatorError(
                f"HOURHOOK_RETENTION_DAYS ({self.retention_days:g}) is shorter than "
                f"HOURHOOK_RETRY_WINDOW_SECONDS ({self.retry_window_seconds:g}), so events would be dropped "
                "while they are still being retried: raise the first or lower the second"
            )
        if self.smtp_url is not None and self.mail_from is None:
            raise OperatorError(
                "HOURHOOK_SMTP_URL is set without a sender address: set HOURHOOK_MAIL_FROM too, "
                "such as 'Hourhook <hourhook@example.com>'"
            )


def unknown_variables(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return a sentence for each ``HOURHOOK_…`` variable that no setting has, with the nearest known name."""
    known = {environment_variable(name) for name in _READERS}
    sentences = []
    for name in sorted(environment):
        if not name.startswith("HOURHOOK_") or name in known or name.startswith(_NOT_SETTINGS):
            continue
        nearest = difflib.get_close_matches(name.removeprefix("HOURHOOK_").lower(), _READERS, 1)
        advice = f"did you mean {environment_variable(nearest[0])}?" if nearest else "see docs/settings.md"
        sentences.append(f"{name} is not a setting and has no effect: {advice}")
    return sentences


def environment_variable(name: str) -> str:
    return f"HOURHOOK_{name.upper()}"


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < 1e12:
        raise ValueError("it must be a number above 0 and below 1000000000000")
    return number


def _count(text: str) -> int:
    # Python refuses to convert very long digit strings.
    if not (text.isascii() and text.isdigit() and len(text) <= 15 and int(text) > 0):
        raise ValueError("it must be a whole number above 0, of at most 15 digits")
    return int(text)


def _lifetime(text: str) -> int:
    seconds = _count(text)
    if seconds > 315_360_000:
        raise ValueError("it must be at most 315360000 (ten years)")
    return seconds


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(map(_network, _parts(text)))


def _network(text: str) -> Network:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r} is not a network; write them like 10.1.0.0/16,192.0.2.7") from None
    address = text.partition("/")[0]
    if ipaddress.ip_address(address) != network.network_address:
        # Either may be meant, and the wider one would let more through than intended.
        raise ValueError(
            f"{text!r} is an address and a network in one: write {network} for the whole network, "
            f"or {address} for this address alone"
        )
    return network


def _hosts(text: str) -> tuple[str, ...]:
    """Return names, addresses and networks; only a network has a slash."""
    hosts = tuple(_parts(text))
    for host in hosts:
        if "/" in host:
            _network(host.strip("[]"))
    return hosts


def _origins(text: str) -> tuple[str, ...]:
    return tuple(map(_origin, _parts(text)))


def _origin(text: str) -> str:
    origin = text.rstrip("/")
    if origin != "*" and (not _is_base_url(origin) or origin.count("/") != 2 or "@" in origin):
        raise ValueError(f"{text!r} is not an origin; write them like https://app.example.com, or * for all")
    return origin


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _rate_limit(text: str) -> RateLimit | None:
    if text.lower() == "off":
        return None
    per_second, _, burst = text.partition("/")
    try:
        return RateLimit(_positive(per_second), _count(burst))
    except ValueError:
        raise ValueError("write tokens per second, a slash and the burst, such as 100/200, or off") from None


def _base_url(text: str) -> str:
    if not _is_base_url(text) or "@" in text:
        raise ValueError("it must be an absolute http or https URL, such as https://time.example.com")
    # With the scheme in lower case, because other code compares it with "https".
    return urlsplit(text).geturl().rstrip("/")


def _is_base_url(text: str) -> bool:
    """Return whether a text is an http or https URL with only a host and, optionally, a port and a path."""
    try:
        parts = urlsplit(text)
        # Reading the port validates it.
        is_valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return is_valid and text.isprintable() and not any(character in text for character in "?# \\")


def _smtp_url(text: str) -> SmtpServer:
    example = "such as smtp://user:password@mail.example.com:587"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"it is not a URL; write one {example}") from None
    if parts.scheme not in ("smtp", "smtps") or not host or parts.path not in ("", "/") or parts.fragment:
        raise ValueError(f"it must be an smtp or smtps URL, {example}, with %2F for a / in the password, and so on")
    user, password = _credentials(parts)
    encryption = _encryption(parts, host)
    default_port = 465 if encryption == "tls" else 587
    return SmtpServer(host, default_port if port is None else port, encryption, user, password)


def _credentials(parts: SplitResult) -> tuple[str | None, str | None]:
    if not parts.username and not parts.password:
        return None, None
    if not parts.username or not parts.password:
        raise ValueError("it must contain both a user and a password, or neither")
    user, password = unquote(parts.username, errors="strict"), unquote(parts.password, errors="strict")
    if not (f"{user}{password}".isascii() and f"{user}{password}".isprintable()):
        raise ValueError("user and password may contain printable ASCII characters only")
    return user, password


def _encryption(parts: SplitResult, host: str) -> Literal["tls", "starttls", "none"]:
    given = parse_qsl(parts.query, keep_blank_values=True)
    if parts.scheme == "smtps":
        if given:
            raise ValueError("smtps uses TLS from the start and takes no options")
        return "tls"
    match given:
        case []:
            return "none" if _is_loopback(host) else "starttls"
        case [("starttls", "required")]:
            return "starttls"
        case [("starttls", "off")]:
            return "none"
    raise ValueError("the only option is starttls, with the value required or off, such as ?starttls=off")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _mail_from(text: str) -> str:
    example = "write an e-mail address, such as hourhook@example.com or 'Hourhook <hourhook@example.com>'"
    try:
        header: Any = email.policy.SMTP.header_factory("From", text)
        addresses = header.addresses
    except (email.errors.MessageError, ValueError, IndexError):
        raise ValueError(example) from None
    if len(addresses) != 1 or header.defects or not addresses[0].username or not addresses[0].domain:
        raise ValueError(example)
    if not addresses[0].addr_spec.isascii():
        raise ValueError("the address itself may contain printable ASCII characters only")
    if not is_possible(addresses[0].addr_spec):
        raise ValueError(example)
    return text


def _yes_or_no(text: str) -> bool:
    choices = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    try:
        return choices[text.lower()]
    except KeyError:
        raise ValueError("write yes or no") from None


def _one_of(*choices: str) -> Any:
    def read(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError(f"choose one of {', '.join(choices)}")
        return text.lower()

    return read


_READERS: dict[str, Any] = {
    "database_url": str,
    "database_connect_seconds": _positive,
    "database_statement_seconds": _positive,
    "database_queue_seconds": _positive,
    "base_url": _base_url,
    "secret_key": str,
    "allowed_networks": _networks,
    "retry_base_seconds": _positive,
    "retry_cap_seconds": _positive,
    "retry_window_seconds": _positive,
    "send_timeout_seconds": _positive,
    "lease_seconds": _positive,
    "alert_after_seconds": _positive,
    "broadcast_seconds": _positive,
    "retention_days": _positive,
    "rate_limit": _rate_limit,
    "sign_in_rate_limit": _rate_limit,
    "oauth_rate_limit": _rate_limit,
    "trusted_proxies": _networks,
    "allowed_origins": _origins,
    "max_body_bytes": _count,
    "oauth_token_seconds": _lifetime,
    "egress_proxy": str,
    "egress_proxy_resolves": _yes_or_no,
    "no_proxy": _hosts,
    "ca_file": str,
    "metrics_token": str,
    "smtp_url": _smtp_url,
    "mail_from": _mail_from,
    "log_level": _one_of("debug", "info", "warning", "error"),
    "log_format": _one_of("console", "json"),
}

# Variables of the script that starts Hourhook in a checkout, and of the tests.
_NOT_SETTINGS = ("HOURHOOK_PROGRAM", "HOURHOOK_TEST_")

_SECRETS = frozenset({"secret_key", "metrics_token", "smtp_url"})
