"""Run the delivery side of a process: worker, broadcaster, mail worker and maintenance, with wake-ups."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import structlog

from hourhook.backoff import RetrySchedule
from hourhook.delivery.transports.http.client import HttpTransport
from hourhook.delivery.transports.http.resolvers import SystemResolver
from hourhook.delivery.worker.alerter import Alerter
from hourhook.delivery.worker.broadcaster import Broadcaster
from hourhook.delivery.worker.liveness import supervise
from hourhook.delivery.worker.maintenance import run_maintenance
from hourhook.delivery.worker.observers import AttemptLogger, BroadcastLogger
from hourhook.delivery.worker.slots import WorkerLimits
from hourhook.delivery.worker.wakeups import Wakeups
from hourhook.delivery.worker.worker import Worker
from hourhook.domain import idempotency
from hourhook.domain.audit.retention import delete_expired as delete_expired_audit_records
from hourhook.domain.expiries import shorten_lifetimes
from hourhook.domain.links import DEFAULT_BASE_URL, Links
from hourhook.domain.oauth.cleanup import CLEANUP_TASKS
from hourhook.domain.webhooks import rehearsals, secrets
from hourhook.domain.webhooks.alerts import Reporter
from hourhook.errors import OperatorError
from hourhook.mail.smtp import SmtpClient
from hourhook.mail.worker import MailWorker
from hourhook.process.bootstrap import Runtime, make_transport
from hourhook.process.exits import exit_immediately, exit_later
from hourhook.process.following import notifying
from hourhook.store.urls import is_postgresql

# How long the loops may take to finish. It is longer than each of them needs unless the database does not respond.
STOP_SECONDS = 7.5

_log = structlog.get_logger()


async def work(runtime: Runtime) -> None:
    """Deliver until SIGTERM or SIGINT; exit immediately on a second SIGINT.

    Raises ``OperatorError`` if the worker fails.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    loop.add_signal_handler(signal.SIGINT, lambda: exit_immediately() if stopping.is_set() else stopping.set())

    async def supervise_task(name: str, task: Awaitable[None]) -> None:
        await guard(runtime, name, task, stopping.set)

    async with (
        notifying(runtime.database, supervise_task),
        run_delivery(runtime, make_transport(runtime), on_failure=stopping.set),
    ):
        _log.info("delivering")
        await stopping.wait()
        exit_later()
    runtime.raise_if_failed()


@asynccontextmanager
async def run_delivery(
    runtime: Runtime,
    transport: HttpTransport,
    on_failure: Callable[[], None],
    stopping: asyncio.Event | None = None,
) -> AsyncIterator[None]:
    """Run a worker, a broadcaster and an alerter while the context is open; on exit, finish the sends in flight.

    They begin to finish earlier if ``stopping`` is set.
    """
    settings, database = runtime.settings, runtime.database
    retention_seconds = settings.retention_days * 86_400
    reporter = Reporter(Links(settings.base_url or DEFAULT_BASE_URL), runtime.outbox, retention_seconds)
    alerter = Alerter(database, reporter.report_due, after_seconds=settings.alert_after_seconds)
    worker = Worker(
        database,
        transport,
        runtime.keyring,
        RetrySchedule(settings.retry_base_seconds, settings.retry_cap_seconds, settings.retry_window_seconds),
        lease_seconds=settings.lease_seconds,
        observer=AttemptLogger(runtime.metrics),
        limits=WorkerLimits(runtime.descriptors.lanes, runtime.descriptors.one_offs),
        disable_gone=reporter.disable_gone,
        on_alert=alerter.wake,
    )
    broadcaster = Broadcaster(
        database,
        transport,
        runtime.keyring,
        interval_seconds=settings.broadcast_seconds,
        observer=BroadcastLogger(runtime.metrics),
        limits=runtime.descriptors.broadcasts,
    )

    async with relay_wakeups(runtime, on_failure) as wakeups, run_mail_worker(runtime, on_failure) as stop_mail_worker:
        wakeups.subscribe(worker.wake)
        wakeups.subscribe(broadcaster.wake)
        maintenance = run_maintenance(
            database,
            retention_seconds,
            (
                *CLEANUP_TASKS,
                idempotency.delete_expired,
                shorten_lifetimes,
                rehearsals.delete_expired,
                secrets.delete_expired,
                partial(delete_expired_audit_records, retention_seconds=retention_seconds),
            ),
        )
        maintaining = asyncio.create_task(guard(runtime, "maintenance", maintenance, on_failure))
        working = [
            asyncio.create_task(guard(runtime, "worker", supervise(database, worker), on_failure)),
            asyncio.create_task(guard(runtime, "broadcaster", broadcaster.run(), on_failure)),
            asyncio.create_task(guard(runtime, "alerter", alerter.run(), on_failure)),
        ]
        # Together: each takes time to finish.
        stop = _Stop(worker.stop, broadcaster.stop, alerter.stop, stop_mail_worker)
        stopping_early = asyncio.create_task(_call_when(stopping, stop)) if stopping else None
        try:
            yield
        finally:
            stop()
            if stopping_early is not None:
                await _cancel(stopping_early)
            await stop.finish(*working)
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
    running = asyncio.create_task(guard(runtime, "mail worker", mail_worker.run(), on_failure))
    stop = _Stop(mail_worker.stop)
    try:
        yield stop
    finally:
        stop()
        await stop.finish(running)


@asynccontextmanager
async def relay_wakeups(runtime: Runtime, on_failure: Callable[[], None]) -> AsyncIterator[Wakeups]:
    """Relay wake-ups from this process's commits to its event loop and to the workers of other processes."""
    wakeups = Wakeups()
    runtime.database.wake = wakeups.wake
    if not is_postgresql(runtime.database):
        yield wakeups
        return
    from hourhook.delivery.worker.notifier import Notifier

    notifier = Notifier(runtime.database)
    wakeups.subscribe(notifier.wake)
    notifying = asyncio.create_task(guard(runtime, "notifier", notifier.run(), on_failure))
    try:
        yield wakeups
    finally:
        await _cancel(notifying)


async def guard(runtime: Runtime, name: str, work: Awaitable[None], on_failure: Callable[[], None]) -> None:
    """Await work that must not fail; log its failure, and call ``on_failure``, which ends the process."""
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


class _Stop:
    """Stops loops when it is called, and ends those that do not finish in time."""

    def __init__(self, *functions: Callable[[], None]) -> None:
        self._functions = functions
        self._deadline: float | None = None

    def __call__(self) -> None:
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + STOP_SECONDS
            for function in self._functions:
                function()

    async def finish(self, *tasks: asyncio.Task[None]) -> None:
        """Wait for the tasks of the loops; after ``STOP_SECONDS`` since the call, cancel them."""
        assert self._deadline is not None
        remaining_seconds = self._deadline - asyncio.get_running_loop().time()
        _, unfinished = await asyncio.wait(tasks, timeout=max(0.0, remaining_seconds))
        if unfinished:
            # A loop waits for the database. What it has leased is taken over, as after a crash.
            _log.warning("shutdown with deliveries in flight")
        for task in unfinished:
            await _cancel(task)


async def _call_when(event: asyncio.Event, function: Callable[[], None]) -> None:
    await event.wait()
    function()


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
