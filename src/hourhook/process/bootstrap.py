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
from hourhook.errors import Problem
from hourhook.http.metrics import Metrics
from hourhook.mail.outbox import Outbox
from hourhook.settings import Settings
from hourhook.store.database import Database
from hourhook.store.sqlite import SqliteDatabase
from hourhook.store.upgrades import migrate, require_current
from hourhook.store.urls import is_embedded, open_database, path_of

# New objects until the youngest are looked through for cycles (Python: 700), and how often that includes older ones.
COLLECT_AFTER = (50_000, 10, 10)

_log = structlog.get_logger()


def open_to_serve(settings: Settings, clock: Clock | None = None) -> Database:
    """Open the database for a process that serves or delivers.

    An embedded database is owned by this process from here on, and yet to be brought to this version; one on a server
    must be at it already. Raises ``Problem``.
    """
    if not is_embedded(settings.database_url):
        require_current(settings.database_url)
        return open_database(settings.database_url, clock or SystemClock())
    database = open_database(settings.database_url, clock or SystemClock())
    assert isinstance(database, SqliteDatabase)
    try:
        database.claim()
    except BaseException:
        database.close()
        raise
    return database


def load_keyring(settings: Settings) -> Keyring:
    """The vault of the secrets, with the key of the settings, or the one beside an embedded database."""
    if settings.secret_key is not None:
        return Keyring(validate_key(settings.secret_key))
    if is_embedded(settings.database_url):
        return Keyring(load_or_create_key_file(path_of(settings.database_url)))
    raise Problem(
        "HOURHOOK_SECRET_KEY is not set: on PostgreSQL every process needs the same key for the webhooks' secrets; "
        "`openssl rand -base64 32` makes one"
    )


def outbox_of(settings: Settings, keyring: Keyring | None = None) -> Outbox | None:
    """Where mails are put; None where no mail server is set (raises ``Problem`` where the vault has no key)."""
    return None if settings.smtp_url is None else Outbox(keyring or load_keyring(settings))


def bind(host: str, port: int) -> socket.socket:
    """Take an address to serve on (raises ``Problem`` when it is taken, or not ours)."""
    if not host:
        raise Problem("no host was given: 127.0.0.1 is this machine, 0.0.0.0 every address of it")
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
        raise Problem(
            f"cannot serve on {host}:{port}: {reason}; choose another address with --host or --port"
        ) from None
    return listener


@dataclass
class Running:
    """What a process runs: its database, its guard and its vault, and how it can be told to end."""

    settings: Settings
    database: Database
    keyring: Keyring
    guard: AddressGuard
    outbox: Outbox | None = None
    metrics: Metrics = field(default_factory=Metrics)
    # Why this process can no longer serve, for /health.
    complaint: str | None = None

    def require_sound(self) -> None:
        """Raise ``Problem`` if this process can no longer serve."""
        if self.complaint is not None:
            raise Problem(self.complaint)


def prepare(settings: Settings, host: str | None) -> Running:
    """Open what a process needs; ``host`` is the address it serves on, or None for a worker alone.

    An embedded database is brought to this version, once nothing else stands against the start. Raises ``Problem``.
    """
    database = open_to_serve(settings)
    try:
        guard = AddressGuard(settings.allowed_networks, allow_loopback=host is not None and is_loopback(host))
        keyring = load_keyring(settings)
        running = Running(settings, database, keyring, guard, outbox_of(settings, keyring))
        make_transport(running)
        if is_embedded(settings.database_url) and migrate(settings.database_url):
            _log.info("database migrated", database=settings.database_url)
        spare_the_collector()
        return running
    except BaseException:
        database.close()
        raise


def is_loopback(host: str) -> bool:
    """Whether a host is this machine talking to itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def make_transport(running: Running) -> HttpTransport:
    """What sends, as the settings have it (raises ``Problem`` for a certificate file or a proxy that is no use)."""
    settings = running.settings
    return HttpTransport(
        running.database.clock,
        running.guard,
        settings.send_timeout_seconds,
        settings.ca_file,
        settings.egress_proxy,
    )


def spare_the_collector() -> None:
    """Have Python look for cycles of garbage seldom, and never among what was there at the start.

    Hardly anything here makes cycles, while what is on its way through the engine is counted as new and looked through
    again and again: a tenth of the processor time of a delivery (docs/benchmarks.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
