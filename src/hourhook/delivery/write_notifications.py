"""Tell the other processes on a PostgreSQL database which accounts this one has changed, and listen to them.

A change is a write of the account, or attempts that a worker has stored.

A notification is a hint: followers also look for changes once a second. It is sent after the commit, on a separate
connection, and many are merged into one, so that no commit waits for it
(``docs/decisions/0009-wake-ups-can-be-lost.md``).
"""

import asyncio
import contextlib
from collections.abc import Callable

import psycopg
import structlog

from hourhook.errors import DatabaseUnavailable
from hourhook.store.postgres import PostgresDatabase
from hourhook.store.sqlstates import translating_outages
from hourhook.waker import Waker

CHANNEL = "hourhook_writes"
ATTEMPTS_CHANNEL = "hourhook_attempts"
# At most 50 notifications per second are sent; later writes are merged into the next one.
GATHER_SECONDS = 0.02
# A payload has at most 8000 bytes.
MAX_ACCOUNTS = 500
RETRY_SECONDS = 1.0
CHECK_SECONDS = 10.0

_log = structlog.get_logger()


class WriteNotifications:
    """The notifications of one process.

    ``on_write`` and ``on_attempts`` are called on the event loop with each account that other processes have changed.
    """

    def __init__(
        self,
        database: PostgresDatabase,
        on_write: Callable[[int], None] = lambda account_id: None,
        on_attempts: Callable[[int], None] = lambda account_id: None,
    ) -> None:
        self._database = database
        self._handlers = {CHANNEL: on_write, ATTEMPTS_CHANNEL: on_attempts}
        self._loop = asyncio.get_running_loop()
        self._waker = Waker()
        self._changed: dict[str, set[int]] = {channel: set() for channel in self._handlers}
        self._sender_pid = 0

    def notify(self, account_id: int) -> None:
        """Tell others soon that an account has changed; may be called from any thread at any time."""
        # After the loop has closed there is nothing left to send.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._add, CHANNEL, account_id)

    def notify_attempts(self, account_id: int) -> None:
        """Tell others soon that attempts of an account were stored; must be called on the event loop."""
        self._add(ATTEMPTS_CHANNEL, account_id)

    async def send(self) -> None:
        """Send notifications until cancelled."""
        while True:
            try:
                with translating_outages():
                    async with await self._database.connect_async("hourhook notifications") as connection:
                        self._sender_pid = connection.info.backend_pid
                        await self._send_on(connection)
            except DatabaseUnavailable as error:
                # Others find the changes when they poll.
                _log.warning("notifications to other processes are not sent", reason=str(error))
            await asyncio.sleep(RETRY_SECONDS)

    async def listen(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                with translating_outages():
                    async with await self._database.connect_async("hourhook listener") as connection:
                        for channel in self._handlers:
                            await connection.execute(f"LISTEN {channel}")
                        await self._listen_on(connection)
            except DatabaseUnavailable as error:
                _log.warning("notifications of other processes are not received", reason=str(error))
            await asyncio.sleep(RETRY_SECONDS)

    def _add(self, channel: str, account_id: int) -> None:
        self._changed[channel].add(account_id)
        self._waker.wake()

    async def _send_on(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            await self._waker.wait()
            while any(self._changed.values()):
                for channel, changed in self._changed.items():
                    sent = [changed.pop() for _ in range(min(len(changed), MAX_ACCOUNTS))]
                    if sent:
                        await connection.execute("SELECT pg_notify(%s, %s)", (channel, ",".join(map(str, sent))))
                await asyncio.sleep(GATHER_SECONDS)

    async def _listen_on(self, connection: psycopg.AsyncConnection) -> None:
        while True:
            async for notification in connection.notifies(timeout=CHECK_SECONDS):
                if notification.pid != self._sender_pid:
                    for account_id in notification.payload.split(","):
                        self._handlers[notification.channel](int(account_id))
            # Fails if the connection is broken.
            await connection.execute("SELECT 1")
