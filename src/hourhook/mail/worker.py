"""The mail worker: sends the mails of the outbox one by one, next to a delivery worker.

No transaction is open while a mail is being sent. If the process dies, the mail's lease expires and another process
sends it: it may arrive twice, with the same Message-ID, but is never lost
(``docs/operating/mail.md#how-mail-is-sent``).
"""

import asyncio
import random

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
# Longer than sending a mail can take.
LEASE_SECONDS = 300.0
DRAIN_SECONDS = 5.0
# Retries after 1, 2, 4 minutes and so on, at most 4 hours apart, for two days.
SCHEDULE = RetrySchedule(60, 4 * 3600, 2 * 86_400)
LONGEST_DELAY = round(max(SCHEDULE.longest_delay_seconds, LEASE_SECONDS) * SECOND)

_log = structlog.get_logger()


class MailWorker:
    """A mail worker; ``run`` runs until ``stop``."""

    def __init__(
        self, database: Database, outbox: Outbox, server: SmtpClient, rng: random.Random | None = None
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._server = server
        self._rng = rng or random.SystemRandom()
        self._waker = Waker()
        self._drain_expired = asyncio.Event()

    def wake(self) -> None:
        """Look for a mail to send soon; call it on the event loop."""
        self._waker.wake()

    def stop(self) -> None:
        """End ``run``, after the mail in flight if it finishes within ``DRAIN_SECONDS``."""
        self._waker.stop()
        asyncio.get_running_loop().call_later(DRAIN_SECONDS, self._drain_expired.set)

    async def run(self) -> None:
        """Send due mails until ``stop``."""
        while not self._waker.is_stopping:
            try:
                while await self._send_next():
                    pass
            except DatabaseUnavailable as error:
                _log.warning("mails postponed", error=str(error))
            await self._waker.wait(POLL_SECONDS)

    async def _send_next(self) -> bool:
        """Send the next mail; return False if none is due or the worker is stopping."""
        if self._waker.is_stopping:
            return False
        # Asked first in a read, because usually no mail is due, and a read blocks no writer.
        if not await self._database.read(mails.is_any_due, LONGEST_DELAY):
            return False
        mail = await self._database.run(mails.lease, LONGEST_DELAY, round(LEASE_SECONDS * SECOND))
        if mail is None:
            return False
        result = await self._send(mail)
        if result is None:
            _log.warning("shutdown with a mail in flight", account=mail.account_id, mail=mail.id)
        else:
            await self._settle(mail, result)
        return True

    async def _send(self, mail: Mail) -> SmtpResult | None:
        """Send a mail and return the result, or None if the worker stopped waiting for it."""
        try:
            message = self._server.compose(
                mail.recipient,
                mail.subject,
                self._outbox.decrypt_text(mail),
                sent_at=self._database.clock.now(),
                id=f"{mail.created_at}.{mail.id}.hourhook",
            )
        except OperatorError as error:
            return SmtpResult(str(error))
        except ValueError:
            return SmtpResult("there is no such address", is_permanent=True)
        sending = asyncio.create_task(self._server.send(message))
        draining = asyncio.create_task(self._drain_expired.wait())
        try:
            await asyncio.wait((sending, draining), return_when=asyncio.FIRST_COMPLETED)
            return sending.result() if sending.done() else None
        except Exception as error:  # noqa: BLE001 - any failure is logged, and must not delay other mails
            _log.exception("sending a mail failed unexpectedly")
            return SmtpResult(f"a defect: {type(error).__name__}")
        finally:
            sending.cancel()
            draining.cancel()

    async def _settle(self, mail: Mail, result: SmtpResult) -> None:
        fields = {"account": mail.account_id, "mail": mail.id, "attempt": mail.number}
        if result.error is None:
            await self._database.run(mails.remove, mail)
            _log.info("mail sent", **fields)
            return
        # The window is counted in attempts: a clock that is set forward must not end it.
        elapsed_seconds = SCHEDULE.nominal_seconds_before(mail.number)
        delay = SCHEDULE.next_delay_seconds(mail.number, elapsed_seconds, None, self._rng)
        if result.is_permanent or delay is None:
            await self._database.run(mails.remove, mail)
            _log.warning("mail given up", **fields, error=result.error)
            return
        next_attempt_at = await self._database.run(mails.postpone, mail, round(delay * SECOND), result.error)
        again_at = format_timestamp(next_attempt_at)
        _log.warning("mail not sent yet", **fields, error=result.error, next_attempt_at=again_at)
