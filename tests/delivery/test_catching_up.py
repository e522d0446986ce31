"""Webhooks that begin in the past: queued in batches, without a gap beside writers."""

import threading

import pytest
from sqlalchemy import bindparam, select

from hourhook.delivery import catching_up
from hourhook.store.database import Database
from hourhook.store.schema import payloads
from hourhook.store.statements import Statement
from tests.support.backlogs import Backlog, lane_of, make_backlog
from tests.support.clocks import FakeClock
from tests.support.scripted_transport import FakeTransport, eventually, running_worker

QUEUED = Statement(
    select(payloads.c.sequence, payloads.c.position)
    .where(payloads.c.account_id == bindparam("account"), payloads.c.webhook_id == bindparam("webhook"))
    .order_by(payloads.c.sequence)
)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catching_up, "BATCH", 7)


def queued(backlog: Backlog) -> list[tuple[int, int]]:
    key = {"account": backlog.account_id, "webhook": backlog.webhook_id}
    return [(row.sequence, row.position) for row in backlog.database.read_now(lambda tx: tx.all(QUEUED, **key))]


def record_one_by_one(backlog: Backlog, count: int) -> None:
    for _ in range(count):
        backlog.record("tag.created")


def test_a_long_past_is_queued_without_a_gap_beside_writers(database: Database) -> None:
    backlog = make_backlog(database)
    for _ in range(20):
        backlog.record("tag.created", "tag.updated")
    late = backlog.add_webhook()
    late.control(catching_up.begin, 1)
    assert queued(late) == [(number, number) for number in range(1, 8)]
    writers = [threading.Thread(target=record_one_by_one, args=(backlog, 15)) for _ in range(2)]
    for writer in writers:
        writer.start()
    while late.control(catching_up.queue_batch):
        pass
    for writer in writers:
        writer.join()
    backlog.record("tag.deleted")

    assert queued(late) == queued(backlog) == [(number, number) for number in range(1, 72)]
    assert lane_of(late).last_sequence == 71
    assert lane_of(late).catching_up_from is None


def test_a_past_that_ends_with_a_whole_batch_is_caught_up_with(database: Database) -> None:
    backlog = make_backlog(database)
    backlog.record(*["tag.created"] * 14)
    late = backlog.add_webhook(events=["tag.created"])

    late.control(catching_up.begin, 1)
    while late.control(catching_up.queue_batch):
        pass
    backlog.record("tag.created")

    assert len(queued(late)) == 15


@pytest.mark.anyio
async def test_a_worker_queues_the_rest_and_sends_it_in_order_after_a_crash(
    database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    backlog = make_backlog(database)
    backlog.record(*["tag.created"] * 30)
    uri = "http://127.0.0.1:10/hook"
    late = backlog.add_webhook(uri, ["tag.created"])
    late.control(catching_up.begin, 1)
    network.responses = {uri: 204}
    async with running_worker(database, network, network) as running:
        await running.crash()
    clock.advance(2)
    async with running_worker(database, network, network):
        await eventually(database, lambda tx: lane_of(late).head_sequence, 31)
        backlog.record("tag.created")
        await eventually(database, lambda tx: lane_of(late).head_sequence, 32)

    sent = [sending.sequence for sending in network.sent if sending.uri == uri]
    assert [*dict.fromkeys(sent)] == [*range(1, 32)]
