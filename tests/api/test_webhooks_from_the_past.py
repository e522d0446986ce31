"""Webhooks that begin in the past: the kept events first, then what is new."""

from typing import Any

import pytest
from sqlalchemy import bindparam, delete

from hourhook.clock import DAY, format_timestamp
from hourhook.delivery import catching_up, retention
from hourhook.store.schema import events
from hourhook.store.statements import Statement
from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.factories import make_entry, make_tag
from tests.support.webhooks import URI, get_status

FORGET = Statement(delete(events).where(events.c.position <= bindparam("position")))


def begin(account: Account, events: Any = ("*",), **beginning: Any) -> Any:
    body = {"name": "Ledger sync", "payload_uri": URI, "events": [*events], **beginning}
    return account.leader.client.post("/v2/webhooks", body)


def queued(account: Account, webhook: Any) -> list[tuple[int, str]]:
    log: list[Any] = []
    page = account.leader.client.get(f"{webhook['url']}/payloads", query={"per_page": "1000"})
    log = [payload for payload in page.json() if payload["sequence"]]
    return [(payload["sequence"], payload["type"]) for payload in log][::-1]


def last_position(account: Account) -> int:
    return int(account.leader.client.get("/v2/account").headers["x-hourhook-position"])


def catch_up(account: Account, webhook: Any) -> None:
    while account.database.write_now(account.id, catching_up.queue_batch, webhook["id"]):
        pass


def test_kept_events_from_a_position_or_a_time_on_are_queued_before_new_ones(
    account: Account, clock: FakeClock
) -> None:
    make_tag(account, "first")
    start = last_position(account) + 1
    clock.advance(60)
    since = format_timestamp(clock.now())
    make_tag(account, "second")
    make_entry(account.leader, "Kick-off #third")

    by_position = begin(account, from_position=start).json()
    by_time = begin(account, **{"from": since}).json()
    whole = begin(account, ["tag.created"], from_position=0).json()
    make_tag(account, "fourth")

    expected = ["tag.created", "tag.created", "entry.created", "tag.created"]
    assert queued(account, by_position) == [*enumerate(expected, 1)]
    assert queued(account, by_time) == [*enumerate(expected, 1)]
    assert queued(account, whole) == [*enumerate(["tag.created"] * 4, 1)]
    assert get_status(account, by_position)["waiting_count"] == 4


def test_a_beginning_beyond_the_end_is_what_is_new(account: Account, clock: FakeClock) -> None:
    make_tag(account, "first")
    future = format_timestamp(clock.now() + DAY)

    for beginning in ({"from": future}, {"from_position": 1000}, {"from_position": 2**62}):
        webhook = begin(account, **beginning).json()
        assert queued(account, webhook) == []
        make_tag(account, f"new{webhook['id']}")
        assert queued(account, webhook) == [(1, "tag.created")]


def test_a_beginning_further_back_than_what_is_kept_names_the_earliest(account: Account, clock: FakeClock) -> None:
    assert begin(account, **{"from": "2001-01-01T00:00:00Z"}).status == 201
    make_tag(account, "first")
    clock.advance(60)
    kept_since = format_timestamp(clock.now())
    make_tag(account, "second")
    earliest = last_position(account)
    account.database.run_now(lambda tx: tx.execute(FORGET, position=earliest - 1))

    for beginning in ({"from_position": earliest - 1}, {"from_position": 0}, {"from": "2001-01-01T00:00:00Z"}):
        response = begin(account, **beginning)
        assert (response.status, response.codes) == (400, [(next(iter(beginning)), "expired")])
        [error] = response.json()["errors"]
        assert f"position {earliest}" in error["message"]
        assert kept_since in error["message"]
    assert len(queued(account, begin(account, from_position=earliest).json())) == 1
    assert len(queued(account, begin(account, **{"from": kept_since}).json())) == 1


def test_without_any_kept_event_only_what_is_new_can_be_begun_with(account: Account, clock: FakeClock) -> None:
    make_tag(account, "first")
    last = last_position(account)
    account.database.run_now(lambda tx: tx.execute(FORGET, position=last))
    now = format_timestamp(clock.now())
    clock.advance(1)

    assert begin(account, from_position=last).codes == [("from_position", "expired")]
    assert begin(account, **{"from": now}).codes == [("from", "expired")]
    assert begin(account, from_position=last + 1).status == 201
    assert begin(account, **{"from": format_timestamp(clock.now())}).status == 201


def test_malformed_beginnings_are_refused(account: Account) -> None:
    for beginning, codes in (
        ({"from": "2024-05-21T10:05:00Z", "from_position": 1}, [("from_position", "invalid")]),
        ({"from": "yesterday"}, [("from", "invalid")]),
        ({"from_position": -1}, [("from_position", "invalid")]),
        ({"from_position": "x"}, [("from_position", "invalid")]),
    ):
        response = begin(account, **beginning)
        assert (response.status, response.codes) == (400, codes)
    assert begin(account, **{"from": None, "from_position": None}).status == 201


@pytest.mark.parametrize("action", ["disable", "add_events", "remove_events", "settings"])
def test_what_decides_about_later_events_queues_the_past_first(
    account: Account, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    monkeypatch.setattr(catching_up, "BATCH", 3)
    for number in range(10):
        make_tag(account, f"before{number}")
    webhook = begin(account, ["tag.created"], from_position=1).json()
    bodies: dict[str, Any] = {
        "add_events": {"events": ["entry.created"]},
        "remove_events": {"events": ["tag.created"]},
        "settings": {"filters": {"user_ids": [account.coworker.id]}},
    }

    account.leader.client.put(f"{webhook['url']}/{action}", bodies.get(action, b""))
    make_tag(account, "later")

    assert len(queued(account, webhook)) == (11 if action == "add_events" else 10)


def test_retention_keeps_what_a_webhook_has_not_caught_up_with(
    account: Account, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up, "BATCH", 3)
    for number in range(10):
        make_tag(account, f"before{number}")
    webhook = begin(account, ["entry.created"], from_position=1).json()
    clock.advance(31 * 86_400)
    horizon = clock.now() - 30 * DAY
    while account.database.write_now(account.id, retention.delete_old_events, horizon):
        pass

    catch_up(account, webhook)

    make_entry(account.leader)
    assert queued(account, webhook) == [(1, "entry.created")]
