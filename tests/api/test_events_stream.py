"""``GET /v2/events/stream``: the event log as Server-Sent Events (``docs/api/events.md#stream``)."""

import threading
from typing import Any

import pytest

from hourhook.clock import SECOND
from hourhook.delivery import event_log, retention
from hourhook.delivery.tail import Tail
from hourhook.domain.events.entitlement import find_entitled
from hourhook.store.database import Database
from hourhook.store.transaction import Transaction
from tests.conftest import MakeServer
from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.databases import another_database
from tests.support.event_streams import EventStreamReader, open_event_stream
from tests.support.factories import make_entry
from tests.support.query_plans import plans_of
from tests.support.statements import capture_statements


def append_events(account: Account, *types: str) -> None:
    """Append events of these types, in order."""

    def append(tx: Transaction) -> None:
        for number, type in enumerate(types):
            event_log.append(tx, type, {}, {"id": number})

    account.database.write_now(account.id, append)


def stream(account: Account, query: Any = (), last_event_id: str | None = None) -> Any:
    return open_event_stream(account.client, account.leader.token, query, last_event_id)


def read_positions(reader: EventStreamReader, count: int) -> list[int]:
    return [int(event.id) for event in reader.read_many(count)]


def test_a_stream_sends_what_happens_from_now_on(account: Account) -> None:
    make_entry(account.leader)
    with stream(account) as reader:
        entry = make_entry(account.leader, minutes=30)
        account.leader.client.delete(entry["url"])
        events = reader.read_many(2)

    assert reader.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert [(event.id, event.type) for event in events] == [("2", "entry.created"), ("3", "entry.deleted")]
    assert [event.data for event in events] == account.leader.client.get("/v2/events", {"after": 1}).json()


def test_a_stream_resumes_after_the_last_event(account: Account) -> None:
    append_events(account, *["tag.created"] * 5)

    with stream(account, {"after": 1}) as reader:
        assert read_positions(reader, 2) == [2, 3]
    with stream(account, {"after": 1}, last_event_id="3") as reader:
        append_events(account, "tag.updated")
        assert read_positions(reader, 3) == [4, 5, 6]
    with stream(account, {"after": 0}, last_event_id="") as reader:
        assert read_positions(reader, 6) == [1, 2, 3, 4, 5, 6]


def test_a_stream_begins_where_the_log_will_be(account: Account) -> None:
    with stream(account, {"after": 2}) as reader:
        append_events(account, *["tag.created"] * 4)

        assert read_positions(reader, 2) == [3, 4]


def test_types_select_the_events_of_a_stream(account: Account) -> None:
    append_events(account, "entry.created", "tag.created", "entry.updated")
    with stream(account, {"after": 0, "types": "entry.*,tag.updated"}) as reader:
        append_events(account, "tag.created", "tag.updated", "user.created", "entry.deleted")

        assert read_positions(reader, 4) == [1, 3, 5, 7]


def test_reconnections_beside_a_writer_miss_and_repeat_nothing(account: Account) -> None:
    writing = threading.Thread(target=lambda: [make_entry(account.supervisor) for _ in range(30)])
    writing.start()
    seen: list[int] = []
    while len(seen) < 30:
        with stream(account, {"after": seen[-1] if seen else 0}) as reader:
            seen += read_positions(reader, 3)
    writing.join()

    assert seen == [*range(1, 31)]


@pytest.mark.parametrize(
    ("query", "last_event_id", "codes"),
    [
        ({"after": "x"}, None, [("after", "invalid")]),
        ({"types": "entry.baked"}, None, [("types[0]", "missing")]),
        ({}, "x", [("Last-Event-ID", "invalid")]),
        ({}, "-1", [("Last-Event-ID", "invalid")]),
        ({"after": 0}, None, [("after", "expired")]),
        ({}, "0", [("Last-Event-ID", "expired")]),
    ],
)
def test_a_stream_that_cannot_begin_is_refused(
    account: Account, clock: FakeClock, query: Any, last_event_id: str | None, codes: list[tuple[str, str]]
) -> None:
    append_events(account, "tag.created")
    clock.advance(86_400)
    append_events(account, "tag.updated")
    account.database.write_now(account.id, retention.delete_old_events, clock.now() - 3600 * SECOND)
    response = account.leader.client.get("/v2/events/stream", query, Last_Event_ID=last_event_id)

    assert (response.status, response.codes) == (400, codes)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_stream_hears_of_writes_in_other_processes(
    account: Account, make_server: MakeServer, database_url: str, clock: FakeClock
) -> None:
    """With a poll interval of an hour, only a notification can wake the reader."""
    with another_database(account.database, database_url, clock) as database:
        tail = Tail(database, find_entitled, poll_seconds=3600, rights_seconds=3600)
        server = make_server({"tail": tail}, database=database)
        is_over = threading.Event()

        def write() -> None:
            # Repeated, since nothing is heard until the other process listens.
            while not is_over.wait(0.05):
                append_events(account, "tag.created")

        with open_event_stream(server.client, account.leader.token) as reader:
            writing = threading.Thread(target=write)
            writing.start()
            # The first may have been found when the stream began.
            found = read_positions(reader, 4)
            is_over.set()
            writing.join()

    assert found == [1, 2, 3, 4]


def test_head_gets_the_headers_of_a_stream_and_ends(account: Account) -> None:
    response = account.leader.client.request("HEAD", "/v2/events/stream")

    assert (response.status, response.body) == (200, b"")
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert account.leader.client.get("/v2/events").status == 200


def test_a_stream_is_for_leaders_of_the_account(account: Account, other_account: Account) -> None:
    assert account.coworker.client.get("/v2/events/stream", {"after": "x"}).status == 403
    assert account.client.get("/v2/events/stream", X_NokoToken="unknown").status == 401
    with stream(account) as reader:
        make_entry(other_account.leader)
        make_entry(account.leader)

        [event] = reader.read_many(1)
        assert event.data["object"]["user"]["id"] == account.leader.id


def revoke(account: Account) -> None:
    account.revoke_tokens(account.leader)


def suspend(account: Account) -> None:
    account.set_state(account.leader, "suspended")


def demote(account: Account) -> None:
    response = account.owner.client.put(f"/v2/users/{account.leader.id}", {"role": "coworker"})
    assert response.status == 200


def lock(account: Account) -> None:
    account.change_settings(locked="on")


LOSSES = [revoke, suspend, demote, lock]


@pytest.mark.parametrize("lose_rights", LOSSES)
def test_no_event_is_sent_after_the_rights_ended(account: Account, lose_rights: Any) -> None:
    with stream(account) as reader, stream(account, {"after": 0}) as behind:
        lose_rights(account)
        append_events(account, "tag.created")

        # The change of the role is an event itself.
        assert reader.read() is None
        assert behind.read() is None


@pytest.mark.parametrize("lose_rights", LOSSES)
def test_an_idle_stream_ends_with_its_rights(
    account: Account, make_server: MakeServer, database: Database, lose_rights: Any
) -> None:
    server = make_server({"tail": Tail(database, find_entitled, poll_seconds=0.01, rights_seconds=0)})
    with (
        open_event_stream(server.client, account.leader.token) as reader,
        open_event_stream(server.client, account.owner.token, {"types": "tag.*"}) as other,
    ):
        lose_rights(account)

        assert reader.read() is None
        if lose_rights is not lock:
            append_events(account, "tag.created")
            assert len(other.read_many(1)) == 1


def test_rights_are_checked_by_primary_keys(account: Account) -> None:
    with capture_statements(account.database) as statements:
        assert account.database.read_now(find_entitled, [(account.id, 1), (account.id + 1, 1)]) == {(account.id, 1)}

    [plan] = plans_of(account.database, statements).values()
    # PostgreSQL chooses by statistics, which these few rows have not.
    if account.database.dialect == "sqlite":
        assert "SEARCH t USING INDEX sqlite_autoindex_tokens_1 (account_id=? AND id=?)" in plan
    else:
        assert "Seq Scan" not in plan


def test_streams_and_waiting_requests_end_with_the_process(
    account: Account, make_server: MakeServer, database: Database
) -> None:
    tail = Tail(database, find_entitled)
    server = make_server({"tail": tail})
    with open_event_stream(server.client, account.leader.token) as reader:
        tail.stop()

        assert reader.read() is None
    response = server.client.with_token(account.leader.token).get("/v2/events", {"wait": 30})
    assert (response.status, response.json()) == (200, [])
