"""``GET /v2/events``: the event log, pulled in parts (``docs/api/events.md#feed``)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from hourhook.clock import SECOND
from hourhook.delivery import event_log, retention
from hourhook.store.transaction import Transaction
from tests.support.accounts import Account
from tests.support.clients import Response
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import make_entry
from tests.support.query_plans import plans_of
from tests.support.statements import Statements, capture_statements

HEADER = "x-hourhook-position"


def feed(account: Account, **query: Any) -> Response:
    # A client of its own, since requests that wait are sent by threads.
    response = account.client.with_token(account.leader.token).get("/v2/events", query)
    assert response.status == 200, response.body
    return response


def positions(response: Response) -> list[int]:
    return [event["position"] for event in response.json()]


def append_events(account: Account, *types: str) -> None:
    """Append events of these types, in order."""

    def append(tx: Transaction) -> None:
        for number, type in enumerate(types):
            event_log.append(tx, type, {}, {"id": number})

    account.database.write_now(account.id, append)


def test_events_are_listed_oldest_first_with_the_bytes_of_webhooks(account: Account) -> None:
    reader = EventReader(account)
    entry = make_entry(account.leader, minutes=30)
    account.leader.client.put(entry["url"], {"minutes": 45})
    response = feed(account)

    assert [event.keys() for event in response.json()] == [{"position", "type", "created_at", "changes", "object"}] * 2
    assert [(each["position"], each["type"]) for each in response.json()] == [
        (1, "entry.created"),
        (2, "entry.updated"),
    ]
    assert response.json()[1]["changes"]["minutes"] == [30, 45]
    assert response.json()[1]["object"] == account.leader.client.get(entry["url"]).json()
    assert response.headers[HEADER] == "2"
    assert all(logged.text in response.body for logged in reader.read_new())


def test_the_position_is_the_after_of_the_next_request(account: Account) -> None:
    append_events(account, *["tag.created"] * 5)
    seen: list[int] = []
    after = 0
    while found := positions(response := feed(account, after=after, limit=2)):
        seen += found
        after = int(response.headers[HEADER])

    assert seen == [1, 2, 3, 4, 5]
    assert feed(account, after=5).headers[HEADER] == "5"
    # All that was asked for is there, although the limit was not reached.
    assert feed(account, types="entry.*", limit=2).headers[HEADER] == "5"


def test_without_after_the_list_begins_at_the_earliest_event(account: Account) -> None:
    append_events(account, *["tag.created"] * 150)

    assert positions(feed(account)) == [*range(1, 101)]
    assert positions(feed(account, limit=1000)) == [*range(1, 151)]


@pytest.mark.parametrize(
    ("types", "found"),
    [
        ("*", [1, 2, 3, 4, 5]),
        ("", [1, 2, 3, 4, 5]),
        ("entry.*", [1, 3]),
        ("tag.created", [2]),
        ("project.*,project_group.created,tag.created", [2, 4, 5]),
        ("entry.created,entry.*,entry.updated", [1, 3]),
        ("user.*", []),
    ],
)
def test_types_are_names_and_families(account: Account, types: str, found: list[int]) -> None:
    append_events(account, "entry.created", "tag.created", "entry.updated", "project.deleted", "project_group.created")

    assert positions(feed(account, types=types)) == found
    assert positions(feed(account, types=types, after=2)) == [position for position in found if position > 2]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("after=-1", [("after", "invalid")]),
        ("after=x", [("after", "invalid")]),
        (f"after={2**63}", [("after", "invalid")]),
        ("limit=0", [("limit", "invalid")]),
        ("limit=1001", [("limit", "invalid")]),
        ("wait=31", [("wait", "invalid")]),
        ("wait=-1", [("wait", "invalid")]),
        ("wait=0.5", [("wait", "invalid")]),
        ("types=entry.*,entry.baked,webhook.ping", [("types[1]", "missing"), ("types[2]", "missing")]),
        ("types=*.created", [("types[0]", "missing")]),
    ],
)
def test_malformed_filters_are_refused(account: Account, query: str, codes: list[tuple[str, str]]) -> None:
    response = account.leader.client.get("/v2/events", query)

    assert (response.status, response.codes) == (400, codes)
    assert response.refusal["errors"][0]["resource"] == "Event"


def test_a_position_before_what_is_kept_is_expired(account: Account, clock: FakeClock) -> None:
    append_events(account, *["tag.created"] * 3)
    clock.advance(86_400)
    append_events(account, *["tag.updated"] * 2)
    account.database.write_now(account.id, retention.delete_old_events, clock.now() - 3600 * SECOND)

    assert positions(feed(account)) == positions(feed(account, after=3)) == [4, 5]
    response = account.leader.client.get("/v2/events", {"after": 2})
    assert (response.status, response.codes) == (400, [("after", "expired")])
    assert "from position 4 on" in response.json()["errors"][0]["message"]


def test_in_an_empty_log_every_position_is_kept(account: Account) -> None:
    assert positions(feed(account)) == positions(feed(account, after=0)) == []
    assert feed(account, after=10**9).headers[HEADER] == "0"


def test_the_feed_is_for_leaders_of_the_account(account: Account, other_account: Account) -> None:
    append_events(account, "tag.created")

    assert positions(feed(other_account)) == []
    assert account.supervisor.client.get("/v2/events").status == 200
    for person in (account.coworker, account.contractor):
        assert person.client.get("/v2/events", {"limit": 0}).status == 403
    assert account.client.get("/v2/events", X_NokoToken="unknown").status == 401
    assert account.leader.client.post("/v2/events").status == 405


def test_a_request_that_waits_is_answered_by_the_next_event(account: Account) -> None:
    append_events(account, "tag.created")
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(feed, account, after=1, wait=30, types="entry.*")
        beyond = threads.submit(feed, account, after=2, wait=30)
        append_events(account, "tag.updated")
        append_events(account, "entry.created")

        assert (positions(waiting.result()), waiting.result().headers[HEADER]) == ([3], "3")
        assert positions(beyond.result()) == [3]


def test_a_request_does_not_wait_if_there_is_something(account: Account) -> None:
    append_events(account, "tag.created")

    assert positions(feed(account, wait=30)) == [1]


def test_a_request_waits_no_longer_than_it_says(account: Account) -> None:
    response = feed(account, wait=1)

    assert (response.json(), response.headers[HEADER]) == ([], "0")


def test_a_request_that_waits_ends_with_its_rights(account: Account) -> None:
    with ThreadPoolExecutor() as threads:
        token = account.leader.token
        waiting = threads.submit(account.client.get, "/v2/events", {"wait": 30}, X_NokoToken=token)
        account.revoke_tokens(account.leader)
        append_events(account, "tag.created")

        assert waiting.result().status == 401


def test_events_of_rare_types_are_found_by_an_index(account: Account) -> None:
    append_events(account, *["tag.created"] * 20, "entry.created", *["tag.updated"] * 20)
    with capture_statements(account.database) as statements:
        assert positions(feed(account, types="entry.*,project.created", after=3, limit=5)) == [21]
    found = Statements(text for text in statements if "type_0" in text)

    [plan] = plans_of(account.database, found).values()
    assert plan.count("ix_events_account_id_type_position") >= 8
    if account.database.dialect == "sqlite":
        assert "SEARCH events USING INDEX sqlite_autoindex_events_1 (account_id=? AND position=?)" in plan
    else:
        assert '(account_id = $1) AND ("position" = ANY (' in plan


def test_a_part_of_the_feed_takes_three_statements(account: Account) -> None:
    append_events(account, *["tag.created"] * 200)
    for query in ({"after": 5}, {"after": 5, "limit": 200}, {"after": 5, "types": "tag.*"}):
        with capture_statements(account.database) as statements:
            feed(account, **query)
        # Authentication, the earliest event, and the events.
        assert len(statements) == 3
