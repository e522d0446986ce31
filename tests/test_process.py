"""The pieces put together: what is wrong with one of them is not passed over."""

import asyncio

from sqlalchemy import text

from hourhook.process import Running, deliver, make_sender
from hourhook.settings import Settings
from hourhook.store.database import Database
from hourhook.store.statements import Statement
from tests.outside import OUTSIDE

SPOIL = Statement(text("ALTER TABLE removals RENAME TO spoilt"))
MEND = Statement(text("ALTER TABLE spoilt RENAME TO removals"))


def test_housekeeping_that_fails_ends_the_process_in_the_open(database: Database) -> None:
    running = Running(Settings(), database, OUTSIDE.vault, OUTSIDE.guard)

    async def run() -> None:
        failed = asyncio.Event()
        async with deliver(running, make_sender(running), on_failure=failed.set), asyncio.timeout(10):
            await failed.wait()

    database.run_now(lambda tx: tx.run(SPOIL))
    try:
        asyncio.run(run())
    finally:
        database.run_now(lambda tx: tx.run(MEND))

    assert running.complaint == "the delivery worker has failed: see the log"
