"""The mailer: sends the mails of the outbox, one after the other, beside a worker.

No transaction is open while a mail is on the wire. A process that dies then leaves the mail to its lease, and another
one, or the same anew, sends it: it may arrive twice, with the same Message-ID, and is never lost.
"""

import asyncio
import contextlib
import random
import threading
from dataclasses import dataclass
from email.message import EmailMessage

import structlog

from hourhook.backoff import RetrySchedule
from hourhook.clock import SECOND, format_timestamp
from hourhook.errors import DatabaseUnavailable, OperatorError
from hourhook.mail import outbox as mails
from hourhook.mail.outbox import Mail, Outbox
from hourhook.mail.smtp import SmtpClient, SmtpResult
from hourhook.store.database import Database
from hourhook.waker import Waker

POLL_SECONDS = 5.0
# Longer than a mail can be on the wire.
LEASE_SECONDS = 300.0
DRAIN_SECONDS = 5.0
# After 1, 2, 4 minutes and so on, up to 4 hours apart, for two days.
SCHEDULE = RetrySchedule(60, 4 * 3600, 2 * 86_400)

_log = structlog.get_logger()


class Mailer:
    """What sends mails; ``run`` runs until ``stop``."""

    def __init__(
        self, database: Database, outbox: Outbox, server: SmtpClient, rng: random.Random | None = None
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._server = server
        self._rng = rng or random.SystemRandom()
        self._waker = Waker()
        self._has_waited_enough = asyncio.Event()

    def wake(self) -> None:
        """Say, on the event loop, that there may be a mail to send."""
        self._waker.wake()

    def stop(self) -> None:
        """Have ``run`` end, with the mail that is on the wire if that does not take too long."""
        self._waker.stop()
        asyncio.get_running_loop().call_later(DRAIN_SECONDS, self._has_waited_enough.set)

    async def run(self) -> None:
        """Send what is due, over and over, until ``stop``."""
        while not self._waker.is_stopping:
            try:
                while await self._send_next():
                    pass
            except DatabaseUnavailable as error:
                _log.warning("mails postponed", error=str(error))
            await self._waker.wait(POLL_SECONDS)

    async def _send_next(self) -> bool:
        """Try the next mail; False when none is due, or there is no time left for one."""
        if self._waker.is_stopping:
            return False
        now = self._database.clock.now()
        # Asked first, since the answer is no most of the time, and asking holds up nobody.
        if not await self._database.read(mails.is_any_due, now):
            return False
        mail = await self._database.run(mails.lease, now, now + round(LEASE_SECONDS * SECOND))
        if mail is None:
            return False
        result = await self._send(mail)
        if result is None:
            _log.warning("shutdown with a mail in flight", account=mail.account_id, mail=mail.id)
        else:
            await self._settle(mail, result)
        return True

    async def _send(self, mail: Mail) -> SmtpResult | None:
        """What came of it, or None when there is no time left to wait for that."""
        try:
            message = self._server.compose(
                mail.recipient,
                mail.subject,
                self._outbox.decrypt_text(mail),
                sent_at=self._database.clock.now(),
                id=f"{mail.created_at}.{mail.id}.hourhook",
            )
        except OperatorError as problem:
            return SmtpResult(str(problem))
        except ValueError:
            return SmtpResult("there is no such address", is_permanent=True)
        handing = _Handing(asyncio.get_running_loop(), asyncio.Event())
        # Not one of the event loop's threads: those are waited for at the end of the process, however long it takes.
        threading.Thread(target=handing.run, args=(self._server, message), name="mail worker", daemon=True).start()
        waiting = [asyncio.create_task(event.wait()) for event in (handing.ended, self._has_waited_enough)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        return handing.result

    async def _settle(self, mail: Mail, result: SmtpResult) -> None:
        about = {"account": mail.account_id, "mail": mail.id, "attempt": mail.number}
        if result.error is None:
            await self._database.run(mails.remove, mail)
            _log.info("mail sent", **about)
            return
        now = self._database.clock.now()
        next_attempt_at = SCHEDULE.next_attempt_at(mail.number, mail.created_at, now, None, self._rng)
        if result.is_permanent or next_attempt_at is None:
            await self._database.run(mails.remove, mail)
            _log.warning("mail given up", **about, error=result.error)
            return
        await self._database.run(mails.postpone, mail, next_attempt_at, result.error)
        again_at = format_timestamp(next_attempt_at)
        _log.warning("mail not sent yet", **about, error=result.error, next_attempt_at=again_at)


@dataclass(slots=True)
class _Handing:
    """One mail on its way, in a thread that nobody has to wait for."""

    loop: asyncio.AbstractEventLoop
    ended: asyncio.Event
    result: SmtpResult | None = None

    def run(self, server: SmtpClient, message: EmailMessage) -> None:
        try:
            self.result = server.send(message)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is logged, and must not hold up other mails
            _log.exception("sending a mail failed unexpectedly")
            self.result = SmtpResult(f"a defect: {type(error).__name__}")
        # A loop that has ended waits for nothing any more.
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.ended.set)
