"""Open and check the resources of a process before it serves or delivers: database, keys, address guard, socket."""

import gc
import ipaddress
import socket
from dataclasses import dataclass, field

import structlog

from hourhook.clock import Clock
from hourhook.crypto import Keyring, load_key_file, load_or_create_key_file, validate_key
from hourhook.delivery.transports.http.address_guard import AddressGuard
from hourhook.delivery.transports.http.client import HttpTransport
from hourhook.delivery.transports.http.resolvers import Resolver
from hourhook.domain import key_canary
from hourhook.errors import OperatorError
from hourhook.http.metrics import Metrics
from hourhook.mail.outbox import Outbox
from hourhook.process.clock_check import warn_if_clock_is_behind
from hourhook.process.descriptors import UNBOUNDED, UNBOUNDED_BYTES, DescriptorShares, prepare_descriptors, share
from hourhook.settings import Settings
from hourhook.store.database import Database
from hourhook.store.sqlite import SqliteDatabase
from hourhook.store.upgrades import migrate, require_current_schema
from hourhook.store.urls import describe_database, is_embedded, open_database, refuse_shared_sessions, sqlite_path

# Thresholds of the three generations (Python's default for the first: 700).
GC_THRESHOLDS = (50_000, 10, 10)

_log = structlog.get_logger()


def open_server_database(settings: Settings, clock: Clock | None = None) -> Database:
    """Open the database for a process that serves or delivers.

    An SQLite database is locked for this process; its schema is not yet upgraded. A PostgreSQL database must have the
    current schema. Raises ``OperatorError``.
    """
    if not is_embedded(settings.database_url):
        refuse_shared_sessions(settings.database_url, settings.database_limits)
        require_current_schema(settings.database_url)
        return open_database(settings.database_url, clock, settings.database_limits)
    database = open_database(settings.database_url, clock, settings.database_limits)
    assert isinstance(database, SqliteDatabase)
    try:
        database.acquire_file_lock()
    except BaseException:
        database.close()
        raise
    return database


def load_keyring(settings: Settings, database: Database, *, may_be_new: bool = False) -> Keyring:
    """Return the keyring with the key of the settings, or the one stored next to an SQLite database.

    A key file is created at the first use of the database. Raises ``OperatorError`` if the key is missing, unusable, or
    not the one that the database was used with; ``may_be_new`` accepts another key.
    """
    is_used = not may_be_new and database.read_now(key_canary.is_stored)
    keyring = Keyring(_read_key(settings, may_create=not is_used))
    if is_used:
        database.read_now(key_canary.check, keyring)
    return keyring


def _read_key(settings: Settings, *, may_create: bool) -> str:
    if settings.secret_key is not None:
        return validate_key(settings.secret_key)
    if is_embedded(settings.database_url):
        path = sqlite_path(settings.database_url)
        return load_or_create_key_file(path) if may_create else load_key_file(path)
    raise OperatorError(
        "HOURHOOK_SECRET_KEY is not set: with PostgreSQL, all processes need the same key for webhook secrets; "
        "`openssl rand -base64 32` generates one"
    )


def open_outbox(settings: Settings, database: Database) -> Outbox | None:
    """Return the mail outbox, or None if no SMTP server is configured.

    Raises ``OperatorError`` if there is no key, or a wrong one.
    """
    return None if settings.smtp_url is None else Outbox(load_keyring(settings, database))


def bind(host: str, port: int) -> socket.socket:
    """Bind and listen on an address.

    Raises ``OperatorError`` if the address is in use or not local.
    """
    if not host:
        raise OperatorError("no host was given: use 127.0.0.1 for this machine only, 0.0.0.0 for all interfaces")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Only listening detects that the address is in use. Clients that connect now wait until the server has started.
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
    """The resources of a process: settings, database, keyring, address guard, outbox and metrics."""

    settings: Settings
    database: Database
    keyring: Keyring
    guard: AddressGuard
    outbox: Outbox | None = None
    metrics: Metrics = field(default_factory=Metrics)
    descriptors: DescriptorShares = field(default_factory=lambda: share(UNBOUNDED, UNBOUNDED_BYTES))
    # Why this process can no longer serve; reported by ``/health``.
    failure: str | None = None
    # Resolves receivers; None is the system's resolver.
    resolver: Resolver | None = None

    def raise_if_failed(self) -> None:
        """Raise ``OperatorError`` if this process can no longer serve."""
        if self.failure is not None:
            raise OperatorError(self.failure)


def build_runtime(settings: Settings, host: str | None) -> Runtime:
    """Open the resources of a process; ``host`` is the address it serves on, or None for a standalone worker.

    An SQLite database is upgraded to the current schema once all other checks have passed. Raises ``OperatorError``.
    """
    database = open_server_database(settings)
    try:
        guard = AddressGuard(settings.allowed_networks, allow_loopback=host is not None and is_loopback(host))
        keyring = load_keyring(settings, database)
        outbox = None if settings.smtp_url is None else Outbox(keyring)
        runtime = Runtime(settings, database, keyring, guard, outbox)
        make_transport(runtime)
        if is_embedded(settings.database_url) and migrate(settings.database_url):
            _log.info("database migrated", database=describe_database(settings.database_url))
        database.run_now(key_canary.store, keyring)
        # Logged only once nothing else can be wrong, so that an error is a single line.
        runtime.descriptors = prepare_descriptors()
        warn_if_clock_is_behind(database)
        tune_gc()
        return runtime
    except BaseException:
        database.close()
        raise


def is_loopback(host: str) -> bool:
    """Return whether a host is a loopback address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def make_transport(runtime: Runtime) -> HttpTransport:
    """Create the HTTP transport for deliveries.

    Raises ``OperatorError`` if the CA file or the egress proxy is unusable.
    """
    settings = runtime.settings
    return HttpTransport(
        runtime.database.clock,
        runtime.guard,
        settings.send_timeout_seconds,
        settings.ca_file,
        settings.egress_proxy,
        proxy_resolves=settings.egress_proxy_resolves,
        no_proxy=settings.no_proxy,
        max_idle_connections=runtime.descriptors.max_idle_connections,
        resolver=runtime.resolver,
    )


def tune_gc() -> None:
    """Run the garbage collector rarely, and exclude the objects that exist at startup.

    Hourhook creates almost no reference cycles, but the collector would scan payloads in flight again and again: a
    tenth of the processor time of a delivery (``docs/benchmarks.md``).
    """
    # Without a collection: almost nothing is garbage by now, and to find it takes a tenth of the start.
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    gc.enable()
