"""The pieces put together into a process: a server, with or without a worker in it, or a worker alone."""

import asyncio
import contextlib
import gc
import ipaddress
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, NoReturn

import structlog
import uvicorn
from litestar.types import ASGIApp

from hourhook.api.app import make_app
from hourhook.api.metrics import Metrics
from hourhook.api.wire import server_options
from hourhook.clock import Clock, SystemClock
from hourhook.delivery.attempts import AttemptLog, BroadcastLog
from hourhook.delivery.flusher import Flusher
from hourhook.delivery.guard import AddressGuard
from hourhook.delivery.housekeeping import keep_house
from hourhook.delivery.liveness import keep_working
from hourhook.delivery.mailer import Mailer
from hourhook.delivery.mails import Outbox
from hourhook.delivery.mailservers import MailServer
from hourhook.delivery.schedule import Schedule
from hourhook.delivery.sender import Sender
from hourhook.delivery.vaults import Vault, key_beside, key_of_settings
from hourhook.delivery.wakeups import Notifier, Wakeups
from hourhook.delivery.worker import Worker
from hourhook.domain.oauth.expiring import CHORES
from hourhook.domain.outside import Outside
from hourhook.errors import Problem
from hourhook.settings import Settings
from hourhook.store.database import Database
from hourhook.store.migrating import migrate, require_current
from hourhook.store.opening import is_embedded, open_database, path_of
from hourhook.store.postgres import PostgresDatabase
from hourhook.store.sqlite import SqliteDatabase
from hourhook.web import site

# With the seven seconds of a draining worker after them, a process ends within ten.
FINISH_REQUESTS_SECONDS = 2
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


def vault_of(settings: Settings) -> Vault:
    """The vault of the secrets, with the key of the settings, or the one beside an embedded database."""
    if settings.secret_key is not None:
        return Vault(key_of_settings(settings.secret_key))
    if is_embedded(settings.database_url):
        return Vault(key_beside(path_of(settings.database_url)))
    raise Problem(
        "HOURHOOK_SECRET_KEY is not set: on PostgreSQL every process needs the same key for the webhooks' secrets; "
        "`openssl rand -base64 32` makes one"
    )


def outbox_of(settings: Settings, vault: Vault | None = None) -> Outbox | None:
    """Where mails are put; None where no mail server is set (raises ``Problem`` where the vault has no key)."""
    return None if settings.smtp_url is None else Outbox(vault or vault_of(settings))


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
    vault: Vault
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
        vault = vault_of(settings)
        running = Running(settings, database, vault, guard, outbox_of(settings, vault))
        make_sender(running)
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


async def serve(
    running: Running, listener: socket.socket, *, with_worker: bool, on_start: Callable[[], None] = lambda: None
) -> None:
    """Serve until SIGTERM or SIGINT; what is on the wire then is finished, within ten seconds.

    ``on_start`` is called once connections are taken. A second SIGINT ends the process at once. Raises ``Problem`` when
    the worker beside the server has failed.
    """

    @asynccontextmanager
    async def with_the_server(_: object) -> AsyncIterator[None]:
        async with deliver(running, sender, on_failure=stop) if sender else hint_others(running):
            yield

    def stop() -> None:
        server.should_exit = True

    sender = make_sender(running) if with_worker else None
    app = make_site(
        running.settings,
        running.database,
        Outside(running.guard, running.vault, running.outbox),
        metrics=running.metrics,
        lifespan=[with_the_server],
        complaint=lambda: running.complaint,
    )
    server = _Server(server_options(app, timeout_graceful_shutdown=FINISH_REQUESTS_SECONDS), on_start)
    await server.serve([listener])
    running.require_sound()


def make_site(settings: Settings, database: Database, outside: Outside, **parts: Any) -> ASGIApp:
    """The API and the pages as one application; ``parts`` are further arguments of ``make_app``."""
    pages = {"more_routes": site.routes(settings, database, outside), "elsewhere": site.elsewhere}
    return make_app(settings, database, outside, **{**pages, **parts})


async def work(running: Running) -> None:
    """Deliver until SIGTERM or SIGINT, or end at once on a second SIGINT (raises ``Problem`` when the worker fails)."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(signal.SIGINT, lambda: end_at_once() if stopping.is_set() else stopping.set())
    async with deliver(running, make_sender(running), on_failure=stopping.set):
        _log.info("delivering")
        await stopping.wait()
    running.require_sound()


def end_at_once() -> NoReturn:
    """End as a crash does, which everything survives: what is on the wire will be sent again."""
    _log.warning("ended at once")
    os._exit(128 + signal.SIGINT)


def make_sender(running: Running) -> Sender:
    """What sends, as the settings have it (raises ``Problem`` for a certificate file or a proxy that is no use)."""
    settings = running.settings
    return Sender(
        running.database.clock,
        running.guard,
        settings.send_timeout_seconds,
        settings.ca_file,
        settings.egress_proxy,
    )


@asynccontextmanager
async def deliver(running: Running, sender: Sender, on_failure: Callable[[], None]) -> AsyncIterator[None]:
    """Have a worker and a flusher deliver as long as the context lasts; its end finishes what is on the wire."""
    settings, database = running.settings, running.database
    worker = Worker(
        database,
        sender,
        running.vault,
        Schedule(settings.retry_base_seconds, settings.retry_cap_seconds, settings.retry_window_seconds),
        lease_seconds=settings.lease_seconds,
        observer=AttemptLog(running.metrics),
    )
    flusher = Flusher(
        database,
        sender,
        running.vault,
        interval_seconds=settings.broadcast_seconds,
        listener=BroadcastLog(running.metrics),
    )

    async def keep_going(work: Awaitable[None]) -> None:
        try:
            await work
        except Exception:  # noqa: BLE001 - whatever it is, it is logged and ends the process
            # A defect, or a broken disk: end in the open, so that whoever watches the process starts it anew. So does
            # housekeeping, or what should go would pile up unseen.
            _log.exception("worker failed")
            running.complaint = "the delivery worker has failed: see the log"
            on_failure()

    async with hint_others(running) as hints, send_mails(running, on_failure) as stop_mailing:
        hints.listen(worker.hint)
        hints.listen(flusher.hint)
        housekeeping = keep_house(database, settings.retention_days * 86_400, CHORES)
        housekeeper = asyncio.create_task(keep_going(housekeeping))
        working = [
            asyncio.create_task(keep_going(keep_working(database, worker))),
            asyncio.create_task(keep_going(flusher.flush())),
        ]
        try:
            yield
        finally:
            # Both at once: each takes its time to finish.
            worker.stop()
            flusher.stop()
            stop_mailing()
            await asyncio.gather(*working)
            await _cancelled(housekeeper)
            await sender.close()


@asynccontextmanager
async def send_mails(running: Running, on_failure: Callable[[], None]) -> AsyncIterator[Callable[[], None]]:
    """Have a mailer send mails as long as the context lasts, if a mail server is set; gives what stops it early."""
    settings, outbox = running.settings, running.outbox
    if outbox is None or settings.smtp_url is None or settings.mail_from is None:
        yield lambda: None
        return
    mailer = Mailer(running.database, outbox, MailServer(settings.smtp_url, settings.mail_from, settings.ca_file))

    async def keep_mailing() -> None:
        try:
            await mailer.work()
        except Exception:  # noqa: BLE001 - as for the worker
            _log.exception("mailer failed")
            running.complaint = "the mailer has failed: see the log"
            on_failure()

    hints = Wakeups()
    hints.listen(mailer.hint)
    outbox.hint = hints.hint
    mailing = asyncio.create_task(keep_mailing())
    try:
        yield mailer.stop
    finally:
        mailer.stop()
        await mailing


@asynccontextmanager
async def hint_others(running: Running) -> AsyncIterator[Wakeups]:
    """Pass hints of this process's commits on, to its own event loop and to the workers of other processes."""
    hints = Wakeups()
    running.database.signal = hints.hint
    if not isinstance(running.database, PostgresDatabase):
        yield hints
        return
    notifier = Notifier(running.database)
    hints.listen(notifier.hint)
    notifying = asyncio.create_task(notifier.run())
    try:
        yield hints
    finally:
        await _cancelled(notifying)


def spare_the_collector() -> None:
    """Have Python look for cycles of garbage seldom, and never among what was there at the start.

    Hardly anything here makes cycles, while what is on its way through the engine is counted as new and looked through
    again and again: a tenth of the processor time of a delivery (docs/benchmarks.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


class _Server(uvicorn.Server):
    """A server that says when it has started, and ends at once when SIGINT says so again."""

    def __init__(self, config: uvicorn.Config, on_start: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_start = on_start

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.should_exit and sig == signal.SIGINT:
            end_at_once()
        super().handle_exit(sig, frame)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
