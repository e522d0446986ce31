"""The reader of event logs that serves all followers of a process (``docs/how-it-works.md#followers``)."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import ExitStack, asynccontextmanager

import pytest

from hourhook.clock import SECOND
from hourhook.delivery import event_log, log_reading, retention, tail
from hourhook.delivery.tail import Credential, Follower, FollowingEnded, Tail
from hourhook.store.database import Database
from hourhook.store.transaction import Transaction
from tests.support.accounts import make_account
from tests.support.clients import Client
from tests.support.clocks import FakeClock
from tests.support.statements import capture_statements


def entitle_all(_: Transaction, credentials: Collection[Credential]) -> set[Credential]:
    return {*credentials}


@pytest.fixture
def account_id(database: Database) -> int:
    return make_account(database, Client("http://127.0.0.1:9")).id


async def append(database: Database, account_id: int, count: int, type: str = "tag.created") -> None:
    def append_all(tx: Transaction) -> None:
        for number in range(count):
            event_log.append(tx, type, {}, {"id": number})

    await database.write(account_id, append_all)


@asynccontextmanager
async def running(database: Database) -> AsyncIterator[Tail]:
    """Run a reader that polls so rarely that only wake-ups can make it read."""
    reader = Tail(database, entitle_all, poll_seconds=3600, rights_seconds=3600)
    database.after_write.append(reader.notify)
    task = asyncio.create_task(reader.run())
    yield reader
    database.after_write.remove(reader.notify)
    reader.stop()
    await task


async def read(follower: Follower, count: int) -> list[int]:
    found: list[int] = []
    while len(found) < count:
        found += [event.position for event in await follower.read()]
    return found


def test_a_follower_gets_each_event_once_in_order(database: Database, account_id: int) -> None:
    async def follow() -> list[int]:
        async with running(database) as reader:
            await append(database, account_id, 3)
            with reader.follow(account_id, 1, 1, 3) as follower:
                await append(database, account_id, tail.BATCH_EVENTS + 10)
                return await read(follower, tail.BATCH_EVENTS + 12)

    assert asyncio.run(follow()) == [*range(2, tail.BATCH_EVENTS + 14)]


def test_many_followers_share_the_statements_of_the_reader(database: Database, account_id: int) -> None:
    async def follow(count: int) -> int:
        async with running(database) as reader:
            with ExitStack() as stack:
                position = await asyncio.to_thread(last_position, database, account_id)
                followers = [
                    stack.enter_context(reader.follow(account_id, position, number, position))
                    for number in range(count)
                ]
                # Read once, so that the first look at the log is over.
                await append(database, account_id, 1)
                await asyncio.gather(*(read(follower, 1) for follower in followers))
                with capture_statements(database) as statements:
                    await append(database, account_id, 1)
                    await asyncio.gather(*(read(follower, 1) for follower in followers))
                return len([text for text in statements if text.lstrip().startswith("SELECT")])

    # Those of the write, and two or three of the reader.
    assert asyncio.run(follow(50)) < 10


def last_position(database: Database, account_id: int) -> int:
    return database.read_now(log_reading.last_position, account_id)


def test_a_follower_that_does_not_read_holds_up_nobody(database: Database, account_id: int) -> None:
    count = tail.BUFFER_EVENTS + 200

    async def follow() -> tuple[list[int], list[int]]:
        async with running(database) as reader:
            with reader.follow(account_id, 0, 1, 0) as quick, reader.follow(account_id, 0, 2, 0) as slow:
                seen = []
                for _ in range(4):
                    await append(database, account_id, count // 4)
                    seen += await read(quick, count // 4)
                # The events that it missed are no longer in memory.
                return seen, await read(slow, count)

    assert asyncio.run(follow()) == ([*range(1, count + 1)], [*range(1, count + 1)])


def test_a_follower_that_is_behind_reads_only_its_types(database: Database, account_id: int) -> None:
    async def follow() -> list[int]:
        async with running(database) as reader:
            await append(database, account_id, 5)
            await append(database, account_id, 1, "entry.created")
            with reader.follow(account_id, 0, 1, 6, {"entry.created"}) as follower:
                found = await read(follower, 1)
                assert follower.position == 6
                await append(database, account_id, 1)
                await append(database, account_id, 1, "entry.created")
                return found + await read(follower, 1)

    assert asyncio.run(follow()) == [6, 8]


def test_a_lost_wake_up_costs_a_poll_interval(database: Database, account_id: int) -> None:
    async def follow() -> list[int]:
        reader = Tail(database, entitle_all, poll_seconds=0.01)
        task = asyncio.create_task(reader.run())
        with reader.follow(account_id, 0, 1, 0) as follower:
            await append(database, account_id, 1)
            found = await read(follower, 1)
        reader.stop()
        await task
        return found

    assert asyncio.run(follow()) == [1]


def test_a_reader_that_stops_ends_its_followers(database: Database, account_id: int) -> None:
    async def follow() -> None:
        async with running(database) as reader:
            with reader.follow(account_id, 0, 1, 0) as follower:
                reading = asyncio.create_task(follower.read())
                await asyncio.sleep(0)
                reader.stop()
                await reading

    with pytest.raises(FollowingEnded):
        asyncio.run(follow())


def test_followers_of_a_log_with_a_gap_must_begin_anew(database: Database, account_id: int, clock: FakeClock) -> None:
    async def follow() -> None:
        reader = Tail(database, entitle_all)
        with reader.follow(account_id, 0, 1, 0) as follower:
            await append(database, account_id, 2)
            clock.advance(86_400)
            await append(database, account_id, 1)
            await database.write(account_id, retention.delete_old_events, clock.now() - SECOND)
            task = asyncio.create_task(reader.run())
            try:
                await follower.read()
            finally:
                reader.stop()
                await task

    with pytest.raises(FollowingEnded):
        asyncio.run(follow())


def test_without_followers_nothing_is_read(database: Database, account_id: int) -> None:
    async def write() -> list[str]:
        async with running(database) as reader:
            with reader.follow(account_id, 0, 1, 0):
                pass
            with capture_statements(database) as statements:
                await append(database, account_id, 1)
            return [text for text in statements if "FROM events" in text]

    assert asyncio.run(write()) == []
