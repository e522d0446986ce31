"""Batches: several payloads of a lane in one request, accepted all or none."""

import json
from typing import Any

import pytest
from sqlalchemy import bindparam, select, update

from hourhook.delivery import event_log, lane_control
from hourhook.delivery.worker import batches
from hourhook.store.database import Database
from hourhook.store.schema import attempts, webhooks
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.support.backlogs import Backlog, attempts_of, lane_of, make_backlog, read_lane
from tests.support.clocks import FakeClock
from tests.support.scripted_transport import FakeTransport, SentRequest, eventually, running_worker

pytestmark = pytest.mark.anyio

SET_LIMIT = Statement(update(webhooks).where(webhooks.c.id == bindparam("id")).values(batch_limit=bindparam("limit")))
LOGGED = Statement(select(attempts.c.sequence, attempts.c.batch).order_by(attempts.c.sequence, attempts.c.number))


@pytest.fixture
def backlog(database: Database) -> Backlog:
    return make_backlog(database)


def limit_batches(backlog: Backlog, limit: int) -> None:
    def change(tx: Transaction, webhook_id: int) -> None:
        tx.execute(SET_LIMIT, id=webhook_id, limit=limit)
        lane_control.reload_target(tx, webhook_id)

    backlog.control(change)


def sequences(request: SentRequest) -> list[int]:
    """Return the sequences of the payloads in a request."""
    elements = request.payload.get("payloads")
    if elements is None:
        assert request.sequence is not None
        assert "X-Hourhook-Batch" not in request.headers
        return [request.sequence]
    assert request.headers["X-Hourhook-Batch"] == str(len(elements))
    return [element["sequence"] for element in elements]


async def test_waiting_payloads_travel_in_one_request(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    limit_batches(backlog, 3)
    backlog.record("tag.created", "tag.updated", "tag.deleted", "tag.created")

    async with running_worker(database, network, network):
        batch = await network.next()
        batch.respond()
        single = await network.next()
        single.respond()
        await eventually(database, lambda tx: read_lane(tx, backlog).head_sequence, 5)

    parsed = batch.payload
    assert list(parsed) == ["type", "webhook_id", "webhook_name", "payloads"]
    assert (parsed["type"], parsed["webhook_id"]) == ("batch", backlog.webhook_id)
    first = parsed["payloads"][0]
    assert list(first) == ["payload_id", "sequence", "attempt", "webhook", "type", "created_at", "changes", "object"]
    assert first["webhook"] == {"id": parsed["webhook_id"], "name": parsed["webhook_name"]}
    assert (batch.payload_id, batch.sequence, batch.attempt) == (first["payload_id"], 1, 1)
    assert (sequences(batch), sequences(single)) == ([1, 2, 3], [4])
    assert list(single.payload) == ["webhook", "type", "created_at", "changes", "object"]
    assert attempts_of(backlog) == [(1, 1, 200), (2, 1, 200), (3, 1, 200), (4, 1, 200)]
    logged = [row.batch and json.loads(row.batch) for row in database.read_now(lambda tx: tx.all(LOGGED))]
    assert [found and (found["first_sequence"], found["count"]) for found in logged] == [(1, 3)] * 3 + [None]
    assert network.observed == [(batch.payload_id, 1, 200), (single.payload_id, 1, 200)]


async def test_after_a_failure_the_head_is_sent_alone_until_it_is_accepted(
    backlog: Backlog, database: Database, network: FakeTransport, clock: FakeClock
) -> None:
    limit_batches(backlog, 500)
    backlog.record(*["tag.created"] * 4)

    async with running_worker(database, network, network) as running:
        sent = []
        for status in (500, 503, 200, 200):
            request = await network.next()
            sent.append(request)
            request.respond(status)
            if status >= 500:
                await eventually(database, lambda tx: read_lane(tx, backlog).attempts_count, len(sent))
                clock.advance(60)
                running.worker.wake()
        await eventually(database, lambda tx: read_lane(tx, backlog).head_sequence, 5)

    assert [sequences(request) for request in sent] == [[1, 2, 3, 4], [1], [1], [2, 3, 4]]
    assert [request.attempt for request in sent] == [1, 2, 3, 2]
    assert [element["attempt"] for element in sent[3].payload["payloads"]] == [2, 2, 2]
    assert {element["payload_id"] for element in sent[3].payload["payloads"]} < {
        element["payload_id"] for element in sent[0].payload["payloads"]
    }
    assert sorted(attempts_of(backlog)) == [
        *[(1, 1, 500), (1, 2, 503), (1, 3, 200)],
        *[row for sequence in (2, 3, 4) for row in ((sequence, 1, 500), (sequence, 2, 200))],
    ]


async def test_a_batch_has_at_most_one_mebibyte(backlog: Backlog, database: Database, network: FakeTransport) -> None:
    def record(tx: Transaction, sizes: list[int]) -> None:
        for size in sizes:
            event_log.append(tx, "tag.created", {}, {"id": 1, "name": "x" * size})

    limit_batches(backlog, 500)
    backlog.write(record, [400_000, 400_000, 400_000, 2_000_000, 10, 10])

    async with running_worker(database, network, network):
        sent = []
        for _ in range(4):
            request = await network.next()
            sent.append(request)
            request.respond()
        await eventually(database, lambda tx: read_lane(tx, backlog).head_sequence, 7)

    assert [sequences(request) for request in sent] == [[1, 2], [3], [4], [5, 6]]
    assert all(len(request.body) <= batches.MAX_BATCH_BYTES for request in (sent[0], sent[1], sent[3]))


async def test_a_batch_is_as_large_as_the_limit_to_the_byte(
    backlog: Backlog, database: Database, network: FakeTransport, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_batches(backlog, 500)
    backlog.record(*["tag.created"] * 3)
    async with running_worker(database, network, network) as running:
        whole = await network.next()
        await running.crash()

    monkeypatch.setattr(batches, "MAX_BATCH_BYTES", len(whole.body))
    async with running_worker(database, network, network) as running:
        again = await network.next()
        await running.crash()
    monkeypatch.setattr(batches, "MAX_BATCH_BYTES", len(whole.body) - 1)
    async with running_worker(database, network, network):
        smaller = await network.next()

    assert again.body == whole.body
    assert (sequences(whole), sequences(smaller)) == ([1, 2, 3], [1, 2])


async def test_a_batch_that_is_answered_with_410_disables_the_webhook(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    limit_batches(backlog, 10)
    backlog.record("tag.created", "tag.updated")

    async with running_worker(database, network, network):
        (await network.next()).respond(410)
        await eventually(database, lambda tx: bool(read_lane(tx, backlog).enabled), expected=False)

    lane = lane_of(backlog)
    assert (lane.disabled_reason, lane.head_sequence, lane.last_sequence) == ("gone", 1, 2)
    assert attempts_of(backlog) == [(1, 1, 410), (2, 1, 410)]


async def test_a_new_limit_counts_from_the_next_request_on(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    backlog.record(*["tag.created"] * 5)

    async with running_worker(database, network, network):
        sent = [await network.next()]
        limit_batches(backlog, 2)
        sent[0].respond()
        sent.append(await network.next())
        limit_batches(backlog, 1)
        sent[1].respond()
        sent.append(await network.next())

    assert [sequences(request) for request in sent] == [[1], [2, 3], [4]]


async def test_a_result_of_a_batch_whose_lane_was_moved_changes_nothing(
    backlog: Backlog, database: Database, network: FakeTransport
) -> None:
    limit_batches(backlog, 10)
    backlog.record(*["tag.created"] * 3)

    async with running_worker(database, network, network):
        (await network.next()).respond()
        await eventually(database, lambda tx: read_lane(tx, backlog).head_sequence, 4)
        backlog.record("tag.created", "tag.created")
        late = await network.next()
        backlog.control(lane_control.replay, 2)
        replayed = await network.next()
        late.respond()
        replayed.respond()
        await eventually(database, lambda tx: read_lane(tx, backlog).head_sequence, 6)

    numbers: list[Any] = [element["attempt"] for element in replayed.payload["payloads"]]
    assert (sequences(late), sequences(replayed), numbers) == ([4, 5], [2, 3, 4, 5], [2, 2, 1, 1])
    assert attempts_of(backlog) == [
        (1, 1, 200),
        (2, 1, 200),
        (2, 2, 200),
        (3, 1, 200),
        (3, 2, 200),
        *[(4, 1, 200), (5, 1, 200)],
    ]
