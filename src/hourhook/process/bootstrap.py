"""What a process stands on, opened and checked before it serves or delivers: database, keys, guard, address."""

import gc
import ipaddress
import socket
from dataclasses import dataclass, field

import structlog

from hourhook.clock import Clock, SystemClock
from hourhook.crypto import Keyring, load_or_create_key_file, validate_key
from hourhook.delivery.transports.http.address_guard import AddressGuard
from hourhook.delivery.transports.http.client import HttpTransport
from hourhook.errors import OperatorError
from hourhook.http.metrics import Metrics
from hourhook.mail.outbox import Outbox
from hourhook.settings import Settings
from hourhook.store.database import Database
from hourhook.store.sqlite import SqliteDatabase
from hourhook.store.upgrades import migrate, require_current_schema
from hourhook.store.urls import is_embedded, open_database, sqlite_path

# New objects until the youngest are looked through for cycles (Python: 700), and how often that includes older ones.
GC_THRESHOLDS = (50_000, 10, 10)

_log = structlog.get_logger()


def open_server_database(settings: Settings, clock: Clock | None = None) -> Database:
    """Open the database for a process that serves or delivers.

    An embedded database is owned by this process from here on, and yet to be brought to this version; one on a server
    must be at it already. Raises ``OperatorError``.
    """
    if not is_embedded(settings.database_url):
        require_current_schema(settings.database_url)
        return open_database(settings.database_url, clock or SystemClock())
    database = open_database(settings.database_url, clock or SystemClock())
    assert isinstance(database, SqliteDatabase)
    try:
        database.acquire_file_lock()
    except BaseException:
        database.close()
        raise
    return database


def load_keyring(settings: Settings) -> Keyring:
    """The vault of the secrets, with the key of the settings, or the one beside an embedded database."""
    if settings.secret_key is not None:
        return Keyring(validate_key(settings.secret_key))
    if is_embedded(settings.database_url):
        return Keyring(load_or_create_key_file(sqlite_path(settings.database_url)))
    raise OperatorError(
        "HOURHOOK_SECRET_KEY is not set: on PostgreSQL every process needs the same key for the webhooks' secrets; "
        "`openssl rand -base64 32` makes one"
    )


def open_outbox(settings: Settings, keyring: Keyring | None = None) -> Outbox | None:
    """Where mails are put; None where no mail server is set (raises ``OperatorError`` where the vault has no key)."""
    return None if settings.smtp_url is None else Outbox(keyring or load_keyring(settings))


def bind(host: str, port: int) -> socket.socket:
    """Take an address to serve on (raises ``OperatorError`` when it is taken, or not ours)."""
    if not host:
        raise OperatorError("no host was given: 127.0.0.1 is this machine, 0.0.0.0 every address of it")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Only this tells that nobody else has it; whoever connects from here on waits until the server has started.
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        reason = (isinstance(error, OSError) and error.strerror) or str(error)
        raise OperatorError(
            f"cannot serve on {host}:{port}: {reason}; choose another address with --host or --port"
        ) from None
    return listener


@dataclass
class Runtime:
    """What a process runs: its database, its guard and its vault, and how it can be told to end."""

    settings: Settings
    database: Database
    keyring: Keyring
    guard: AddressGuard
    outbox: Outbox | None = None
    metrics: Metrics = field(default_factory=Metrics)
    # Why this process can no longer serve, for /health.
    failure: str | None = None

    def raise_if_failed(self) -> None:
        """Raise ``OperatorError`` if this process can no longer serve."""
        if self.failure is not None:
            raise OperatorError(self.failure)


def build_runtime(settings: Settings, host: str | None) -> Runtime:
    """Open what a process needs; ``host`` is the address it serves on, or None for a worker alone.

    An embedded database is brought to this version, once nothing else stands against the start. Raises ``OperatorError``.
    """
    database = open_server_database(settings)
    try:
        guard = AddressGuard(settings.allowed_networks, allow_loopback=host is not None and is_loopback(host))
        keyring = load_keyring(settings)
        runtime = Runtime(settings, database, keyring, guard, open_outbox(settings, keyring))
        make_transport(runtime)
        if is_embedded(settings.database_url) and migrate(settings.database_url):
            _log.info("database migrated", database=settings.database_url)
        tune_gc()
        return runtime
    except BaseException:
        database.close()
        raise


def is_loopback(host: str) -> bool:
    """Whether a host is this machine talking to itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def make_transport(runtime: Runtime) -> HttpTransport:
    """What sends, as the settings have it (raises ``OperatorError`` for a certificate file or a proxy that is no use)."""
    settings = runtime.settings
    return HttpTransport(
        runtime.database.clock,
        runtime.guard,
        settings.send_timeout_seconds,
        settings.ca_file,
        settings.egress_proxy,
    )


def tune_gc() -> None:
    """Have Python look for cycles of garbage seldom, and never among what was there at the start.

    Hardly anything here makes cycles, while what is on its way through the engine is counted as new and looked through
    again and again: a tenth of the processor time of a delivery (docs/benchmarks.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
