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

from hourhook.backoff import Schedule
from hourhook.clock import SECOND, format_moment
from hourhook.errors import DatabaseUnavailable, Problem
from hourhook.mail import outbox as mails
from hourhook.mail.outbox import Mail, Outbox
from hourhook.mail.smtp import Handover, MailServer
from hourhook.store.database import Database

POLL_SECONDS = 5.0
# Longer than a mail can be on the wire.
LEASE_SECONDS = 300.0
DRAIN_SECONDS = 5.0
# After 1, 2, 4 minutes and so on, up to 4 hours apart, for two days.
SCHEDULE = Schedule(60, 4 * 3600, 2 * 86_400)

_log = structlog.get_logger()


class Mailer:
    """What sends mails; ``work`` runs until ``stop``."""

    def __init__(
        self, database: Database, outbox: Outbox, server: MailServer, chance: random.Random | None = None
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._server = server
        self._chance = chance or random.SystemRandom()
        self._stirred = asyncio.Event()
        self._has_waited_enough = asyncio.Event()
        self._is_stopping = False

    def hint(self) -> None:
        """Say, on the event loop, that there may be a mail to send."""
        self._stirred.set()

    def stop(self) -> None:
        """Have ``work`` end, with the mail that is on the wire if that does not take too long."""
        self._is_stopping = True
        self._stirred.set()
        asyncio.get_running_loop().call_later(DRAIN_SECONDS, self._has_waited_enough.set)

    async def work(self) -> None:
        """Send what is due, over and over, until ``stop``."""
        while not self._is_stopping:
            self._stirred.clear()
            try:
                while await self._send_next():
                    pass
            except DatabaseUnavailable as error:
                _log.warning("mails postponed", error=str(error))
            await self._wait()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._stirred.wait()
        except TimeoutError:
            pass

    async def _send_next(self) -> bool:
        """Try the next mail; False when none is due, or there is no time left for one."""
        if self._is_stopping:
            return False
        now = self._database.clock.now()
        # Asked first, since the answer is no most of the time, and asking holds up nobody.
        if not await self._database.read(mails.is_any_due, now):
            return False
        mail = await self._database.run(mails.lease, now, now + round(LEASE_SECONDS * SECOND))
        if mail is None:
            return False
        handover = await self._hand_over(mail)
        if handover is None:
            _log.warning("mail left to its lease", account=mail.account_id, mail=mail.id)
        else:
            await self._settle(mail, handover)
        return True

    async def _hand_over(self, mail: Mail) -> Handover | None:
        """What came of it, or None when there is no time left to wait for that."""
        try:
            message = self._server.compose(
                mail.recipient,
                mail.subject,
                self._outbox.open(mail),
                sent_at=self._database.clock.now(),
                id=f"{mail.created_at}.{mail.id}.hourhook",
            )
        except Problem as problem:
            return Handover(str(problem))
        except ValueError:
            return Handover("there is no such address", is_final=True)
        handing = _Handing(asyncio.get_running_loop(), asyncio.Event())
        # Not one of the event loop's threads: those are waited for at the end of the process, however long it takes.
        threading.Thread(target=handing.run, args=(self._server, message), name="mailer", daemon=True).start()
        waiting = [asyncio.create_task(event.wait()) for event in (handing.ended, self._has_waited_enough)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        return handing.handover

    async def _settle(self, mail: Mail, handover: Handover) -> None:
        about = {"account": mail.account_id, "mail": mail.id, "attempt": mail.number}
        if handover.error is None:
            await self._database.run(mails.remove, mail)
            _log.info("mail sent", **about)
            return
        now = self._database.clock.now()
        next_attempt_at = SCHEDULE.next_attempt_at(mail.number, mail.created_at, now, None, self._chance)
        if handover.is_final or next_attempt_at is None:
            await self._database.run(mails.remove, mail)
            _log.warning("mail given up", **about, error=handover.error)
            return
        await self._database.run(mails.postpone, mail, next_attempt_at, handover.error)
        again_at = format_moment(next_attempt_at)
        _log.warning("mail not sent yet", **about, error=handover.error, next_attempt_at=again_at)


@dataclass(slots=True)
class _Handing:
    """One mail on its way, in a thread that nobody has to wait for."""

    loop: asyncio.AbstractEventLoop
    ended: asyncio.Event
    handover: Handover | None = None

    def run(self, server: MailServer, message: EmailMessage) -> None:
        try:
            self.handover = server.hand_over(message)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is logged, and must not hold up other mails
            _log.exception("mail not handed over")
            self.handover = Handover(f"a defect: {type(error).__name__}")
        # A loop that has ended waits for nothing any more.
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.ended.set)
