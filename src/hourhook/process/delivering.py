"""Run the delivery side of a process: worker, broadcaster, mail worker and maintenance, with wake-ups."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import NoReturn

import structlog

from hourhook import logs
from hourhook.backoff import RetrySchedule
from hourhook.delivery.transports.http.client import HttpTransport
from hourhook.delivery.transports.http.resolvers import SystemResolver
from hourhook.delivery.worker.broadcaster import Broadcaster
from hourhook.delivery.worker.liveness import supervise
from hourhook.delivery.worker.maintenance import run_maintenance
from hourhook.delivery.worker.observers import AttemptLogger, BroadcastLogger
from hourhook.delivery.worker.wakeups import Notifier, Wakeups
from hourhook.delivery.worker.worker import Worker
from hourhook.domain import idempotency
from hourhook.domain.oauth.cleanup import CLEANUP_TASKS
from hourhook.errors import OperatorError
from hourhook.mail.smtp import SmtpClient
from hourhook.mail.worker import MailWorker
from hourhook.process.bootstrap import Runtime, make_transport
from hourhook.store.postgres import PostgresDatabase

# How long a forced exit waits for the log to be written.
FORCED_EXIT_DRAIN_SECONDS = 0.2

_log = structlog.get_logger()


async def work(runtime: Runtime) -> None:
    """Deliver until SIGTERM or SIGINT; exit immediately on a second SIGINT.

    Raises ``OperatorError`` if the worker fails.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(signal.SIGINT, lambda: exit_immediately() if stopping.is_set() else stopping.set())
    async with run_delivery(runtime, make_transport(runtime), on_failure=stopping.set):
        _log.info("delivering")
        await stopping.wait()
    runtime.raise_if_failed()


@asynccontextmanager
async def run_delivery(
    runtime: Runtime, transport: HttpTransport, on_failure: Callable[[], None]
) -> AsyncIterator[None]:
    """Run a worker and a broadcaster while the context is open; on exit, finish the sends in flight."""
    settings, database = runtime.settings, runtime.database
    worker = Worker(
        database,
        transport,
        runtime.keyring,
        RetrySchedule(settings.retry_base_seconds, settings.retry_cap_seconds, settings.retry_window_seconds),
        lease_seconds=settings.lease_seconds,
        observer=AttemptLogger(runtime.metrics),
    )
    broadcaster = Broadcaster(
        database,
        transport,
        runtime.keyring,
        interval_seconds=settings.broadcast_seconds,
        observer=BroadcastLogger(runtime.metrics),
    )

    async with relay_wakeups(runtime, on_failure) as wakeups, run_mail_worker(runtime, on_failure) as stop_mail_worker:
        wakeups.subscribe(worker.wake)
        wakeups.subscribe(broadcaster.wake)
        maintenance = run_maintenance(
            database, settings.retention_days * 86_400, (*CLEANUP_TASKS, idempotency.delete_expired)
        )
        maintaining = asyncio.create_task(_guard(runtime, "maintenance", maintenance, on_failure))
        working = [
            asyncio.create_task(_guard(runtime, "worker", supervise(database, worker), on_failure)),
            asyncio.create_task(_guard(runtime, "broadcaster", broadcaster.run(), on_failure)),
        ]
        try:
            yield
        finally:
            # Stop them together: each takes time to finish.
            worker.stop()
            broadcaster.stop()
            stop_mail_worker()
            await asyncio.gather(*working)
            await _cancel(maintaining)
            await transport.close()


@asynccontextmanager
async def run_mail_worker(runtime: Runtime, on_failure: Callable[[], None]) -> AsyncIterator[Callable[[], None]]:
    """Run a mail worker while the context is open, if an SMTP server is configured.

    Yields a function that stops it early.
    """
    settings, outbox = runtime.settings, runtime.outbox
    if outbox is None or settings.smtp_url is None or settings.mail_from is None:
        yield lambda: None
        return
    mail_worker = MailWorker(
        runtime.database, outbox, SmtpClient(settings.smtp_url, settings.mail_from, SystemResolver(), settings.ca_file)
    )

    wakeups = Wakeups()
    wakeups.subscribe(mail_worker.wake)
    outbox.wake = wakeups.wake
    running = asyncio.create_task(_guard(runtime, "mail worker", mail_worker.run(), on_failure))
    try:
        yield mail_worker.stop
    finally:
        mail_worker.stop()
        await running


@asynccontextmanager
async def relay_wakeups(runtime: Runtime, on_failure: Callable[[], None]) -> AsyncIterator[Wakeups]:
    """Relay wake-ups from this process's commits to its event loop and to the workers of other processes."""
    wakeups = Wakeups()
    runtime.database.wake = wakeups.wake
    if not isinstance(runtime.database, PostgresDatabase):
        yield wakeups
        return
    notifier = Notifier(runtime.database)
    wakeups.subscribe(notifier.wake)
    notifying = asyncio.create_task(_guard(runtime, "notifier", notifier.run(), on_failure))
    try:
        yield wakeups
    finally:
        await _cancel(notifying)


def exit_immediately() -> NoReturn:
    """Exit without cleanup, like a crash: deliveries in flight will be sent again."""
    _log.warning("forced exit")
    logs.drain(FORCED_EXIT_DRAIN_SECONDS)
    os._exit(128 + signal.SIGINT)


async def _guard(runtime: Runtime, name: str, work: Awaitable[None], on_failure: Callable[[], None]) -> None:
    try:
        await work
    except Exception as error:  # noqa: BLE001 - any failure is logged and ends the process
        # A wrong key, a defect or a broken disk: end the process visibly, so that its supervisor notices.
        runtime.failure = _log_failure(f"{name} failed", error) or f"the {name} failed: see the log"
        on_failure()


def _log_failure(event: str, error: Exception) -> str | None:
    """Log a failure.

    Returns the reason, without a traceback, if an operator can fix it.
    """
    reason: BaseException = error
    while isinstance(reason, BaseExceptionGroup) and len(reason.exceptions) == 1:
        [reason] = reason.exceptions
    if isinstance(reason, OperatorError):
        _log.error(event, reason=str(reason))
        return str(reason)
    _log.error(event, exc_info=error)
    return None


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
