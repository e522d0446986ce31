"""The alerter: reports lanes that are failing, stalled or recovered, next to a worker.

What a report is, the domain decides: ``report`` is called in a write of the account, with webhooks that may have
something to report. The alerter looks once a second, and at once when a worker has settled something of that kind.
"""

from collections.abc import Callable, Sequence
from itertools import groupby

import structlog

from hourhook.clock import DAY, SECOND
from hourhook.delivery.alerts import BATCH, find_due
from hourhook.errors import DatabaseUnavailable
from hourhook.store.database import Database
from hourhook.store.transaction import Transaction
from hourhook.waker import Waker

POLL_SECONDS = 1.0
# Longer than any lane fails; keeps an "infinite" setting within the range of a column.
MAX_AFTER = 36_500 * DAY

_log = structlog.get_logger()


class Alerter:
    """An alerter; ``run`` runs until ``stop``."""

    def __init__(
        self, database: Database, report: Callable[[Transaction, Sequence[int], int], None], *, after_seconds: float
    ) -> None:
        self._database = database
        self._report = report
        self._after = round(min(after_seconds * SECOND, MAX_AFTER))
        self._waker = Waker()

    def wake(self) -> None:
        """Look for something to report soon; call it on the event loop."""
        self._waker.wake()

    def stop(self) -> None:
        """End ``run``, after the report in progress."""
        self._waker.stop()

    async def run(self) -> None:
        """Report until ``stop``."""
        while not self._waker.is_stopping:
            try:
                while await self.report_due() == BATCH and not self._waker.is_stopping:
                    pass
            except DatabaseUnavailable as error:
                _log.warning("alerts postponed", error=str(error))
            await self._waker.wait(POLL_SECONDS)

    async def report_due(self) -> int:
        """Report a batch of lanes, each account's in one transaction; return how many were looked at."""
        due = await self._database.read(find_due, self._after)
        for account_id, keys in groupby(due, key=lambda key: key[0]):
            await self._database.write(account_id, self._report, [webhook_id for _, webhook_id in keys], self._after)
        return len(due)
