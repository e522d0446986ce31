"""Check an installation: settings, database, schema, key, sums, text index, clock, mail server and connections."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import func, select

from hourhook.clock import SECOND, SystemClock
from hourhook.delivery.transports.http.address_guard import AddressGuard
from hourhook.delivery.transports.http.client import HttpTransport
from hourhook.delivery.transports.http.resolvers import SystemResolver
from hourhook.domain import delivery_stats, key_canary, sums
from hourhook.errors import DatabaseUnavailable, OperatorError
from hourhook.mail.smtp import SmtpClient
from hourhook.process.bootstrap import load_keyring
from hourhook.settings import Settings, unknown_variables
from hourhook.store import text_index
from hourhook.store.database import Database
from hourhook.store.schema import accounts
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from hourhook.store.upgrades import require_current_schema
from hourhook.store.urls import describe_database, is_embedded, open_database, refuse_shared_sessions, sqlite_path

# A larger difference is not explained by the time that a query takes.
MAX_CLOCK_DIFFERENCE_SECONDS = 5
CONNECT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check; if it is not ``ok``, the message says what to do."""

    name: str
    ok: bool
    message: str


def run_checks(settings: Settings) -> Iterator[CheckResult]:
    """Run all checks. Without a usable database, those that need it are left out."""
    yield _checked("settings", _check_settings)
    try:
        if is_embedded(settings.database_url) and not sqlite_path(settings.database_url).exists():
            raise OperatorError(
                f"there is no database {sqlite_path(settings.database_url)} yet: "
                "create it with `hourhook account create`"
            )
        refuse_shared_sessions(settings.database_url, settings.database_limits)
        database = open_database(settings.database_url, limits=settings.database_limits)
    except (OperatorError, DatabaseUnavailable) as error:
        yield CheckResult("database", False, str(error))
    else:
        with closing(database):
            yield from _check_database(settings, database)
    yield _checked("mail server", lambda: _check_mail_server(settings))
    yield _checked("outgoing", lambda: _check_outgoing(settings))


def _check_database(settings: Settings, database: Database) -> Iterator[CheckResult]:
    def is_writable() -> str:
        asyncio.run(database.require_writable())
        return f"{describe_database(settings.database_url)} accepts writes"

    def has_current_schema() -> str:
        require_current_schema(settings.database_url)
        return "the schema is the one that this version needs"

    yield _checked("database", is_writable)
    schema = _checked("schema", has_current_schema)
    yield schema
    if schema.ok:
        yield _checked("key", lambda: _check_key(settings, database))
        yield _checked("clock", lambda: _check_clock(database))
        yield _checked("webhooks", lambda: _check_webhooks(database))
        yield _checked("kept sums", lambda: _check_sums(database))
        yield _checked("text index", lambda: _check_texts(database))


def _checked(name: str, check: Callable[[], str]) -> CheckResult:
    """Run a check that returns what is so, or raises an error that says what to do."""
    try:
        return CheckResult(name, True, check())
    except (OperatorError, DatabaseUnavailable) as error:
        return CheckResult(name, False, str(error))


def _check_settings() -> str:
    if unknown := unknown_variables(os.environ):
        raise OperatorError("; ".join(unknown))
    return "all HOURHOOK_ variables are known and valid"


def _check_key(settings: Settings, database: Database) -> str:
    if not database.read_now(key_canary.is_stored):
        if settings.secret_key is None and not is_embedded(settings.database_url):
            load_keyring(settings, database)
        return "no key has been used yet: the first start of a server stores which one belongs to this database"
    load_keyring(settings, database)
    return "the secret key is the one that this database was used with"


def _check_clock(database: Database) -> str:
    now = SystemClock().now()
    server_now, last_event_at = database.read_now(_read_times)
    difference = (server_now - now) / SECOND
    if abs(difference) > MAX_CLOCK_DIFFERENCE_SECONDS:
        raise OperatorError(
            f"the database server's clock differs by {difference:+.0f} s: synchronize both machines with NTP"
        )
    ahead = ((last_event_at or 0) - server_now) / SECOND
    if ahead > MAX_CLOCK_DIFFERENCE_SECONDS:
        raise OperatorError(
            f"the last event is {ahead:.0f} s in the future, so a clock was ahead: check that the clock is right now; "
            "event times stand still until then"
        )
    return "the clock agrees with the database"


def _read_times(tx: Transaction) -> tuple[int, int | None]:
    return tx.started_at, tx.value(_LAST_EVENT_AT)


def _check_webhooks(database: Database) -> str:
    stats = database.read_now(delivery_stats.collect)
    if stats.stalled_lanes:
        raise OperatorError(
            f"{stats.stalled_lanes} stalled, which receive nothing until somebody enables them: "
            "see `hourhook webhook list`"
        )
    return f"none is stalled, {stats.failing_lanes} failing, {stats.waiting_payloads} payloads waiting"


def _check_sums(database: Database) -> str:
    if found := database.read_now(sums.find_differences):
        names = ", ".join(f"{count} of {name}" for name, count in found.items())
        raise OperatorError(
            f"they differ from a recount ({names}): stop all hourhook processes and run `hourhook migrate --recount`"
        )
    return "they agree with a recount"


def _check_texts(database: Database) -> str:
    if found := database.read_now(text_index.find_differences):
        names = ", ".join(f"{count} of {name}" for name, count in found.items())
        raise OperatorError(
            f"it differs from the texts (trigrams: {names}): "
            "stop all hourhook processes and run `hourhook migrate --recount`"
        )
    if database.read_now(text_index.is_missing):
        return "this server has none, since it has no pg_trgm: text filters are slow in large accounts"
    return "it agrees with the texts"


def _check_mail_server(settings: Settings) -> str:
    if settings.smtp_url is None or settings.mail_from is None:
        return "not configured: invitation links are shown to the inviter instead"
    client = SmtpClient(settings.smtp_url, settings.mail_from, SystemResolver(), settings.ca_file)
    result = asyncio.run(client.check())
    if result.error is not None:
        raise OperatorError(f"{settings.smtp_url}: {result.error}: check HOURHOOK_SMTP_URL and the mail server")
    return f"{settings.smtp_url} accepts the connection and the credentials"


def _check_outgoing(settings: Settings) -> str:
    # Raises for certificates that cannot be read, and for an unusable proxy.
    HttpTransport(
        SystemClock(),
        AddressGuard(settings.allowed_networks),
        settings.send_timeout_seconds,
        settings.ca_file,
        settings.egress_proxy,
        proxy_resolves=settings.egress_proxy_resolves,
        no_proxy=settings.no_proxy,
    )
    if settings.egress_proxy is None:
        return "webhooks are sent directly; public addresses and HOURHOOK_ALLOWED_NETWORKS are reachable targets"
    parts = urlsplit(settings.egress_proxy)
    port = parts.port or (443 if parts.scheme == "https" else 1080 if parts.scheme.startswith("socks") else 80)
    try:
        asyncio.run(_connect(parts.hostname or "", port))
    except (OSError, TimeoutError) as error:
        reason = getattr(error, "strerror", None) or "no answer"
        raise OperatorError(
            f"the proxy {parts.hostname}:{port} cannot be reached ({reason}): check HOURHOOK_EGRESS_PROXY"
        ) from None
    return f"the proxy {parts.hostname}:{port} accepts connections"


async def _connect(host: str, port: int) -> None:
    async with asyncio.timeout(CONNECT_SECONDS):
        _, writer = await asyncio.open_connection(host, port)
    writer.close()


_LAST_EVENT_AT = Statement(select(func.max(accounts.c.last_event_at)))
