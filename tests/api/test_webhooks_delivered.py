"""What webhooks send, to real receivers: pings and events, signed, in order, and after every change of the webhook."""

from collections.abc import Callable

import pytest

from hourhook.clock import SystemClock, truncate_to_second
from tests.api.conftest import Delivering
from tests.conftest import MakeServer, Server
from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.factories import log_time, make_tag
from tests.support.signatures import is_signed, openssl_says, verify_with_library
from tests.support.webhook_receiver import Postbox, eventually
from tests.support.webhooks import make_webhook, status_of

PassTime = Callable[[float], None]


@pytest.fixture
def server(make_server: MakeServer, delivering: Delivering) -> Server:
    """A server with a worker in it."""
    return make_server(parts={"lifespan": [delivering]})


def test_a_new_webhook_gets_a_ping_at_once(account: Account, postbox: Postbox) -> None:
    made = make_webhook(account, postbox.uri)

    ping = postbox.next()

    assert list(ping.payload) == ["payload_id", "created_at", "type", "object", "webhook"]
    assert ping.payload == {
        "payload_id": ping.id,
        "created_at": "2024-05-21T10:05:00Z",
        "type": "webhook.ping",
        "object": {},
        "webhook": {"id": made["id"], "name": "Ledger sync"},
    }
    assert ping.headers["x-noko-eventcategory"] == "webhook"
    assert ping.headers["user-agent"] == "Noko-Webhooks"
    assert ping.headers["content-type"] == "application/json"
    assert ping.headers["webhook-id"] == ping.id
    assert ping.attempt == 1
    assert "x-hourhook-sequence" not in ping.headers
    assert is_signed(ping, made["secret"])


def test_events_arrive_in_order_with_the_object_that_is_shown(account: Account, postbox: Postbox) -> None:
    made = make_webhook(account, postbox.uri, events=["entry.created", "tag.created", "entry.updated"])
    postbox.next()
    entry = log_time(account.leader, "Kick-off #größe")
    shown = account.supervisor.client.get(entry["url"]).body
    account.leader.client.put(entry["url"], {"minutes": 90})

    tag, created, updated = postbox.take(3)

    assert [tag.type, created.type, updated.type] == ["tag.created", "entry.created", "entry.updated"]
    assert [each.sequence for each in (tag, created, updated)] == [1, 2, 3]
    assert list(created.payload) == ["webhook", "type", "created_at", "changes", "object"]
    assert created.payload["webhook"] == {"id": made["id"], "name": "Ledger sync"}
    assert created.payload["changes"] == {}
    assert created.body.endswith(b'"changes":{},"object":' + shown + b"}")
    assert updated.payload["changes"]["minutes"] == [60, 90]
    assert created.headers["x-noko-eventcategory"] == "entry"
    assert all(is_signed(each, made["secret"]) for each in (tag, created, updated))
    assert len({tag.id, created.id, updated.id}) == 3


def test_signatures_hold_before_openssl_and_the_public_library(
    account: Account, postbox: Postbox, clock: FakeClock
) -> None:
    clock.moment = truncate_to_second(SystemClock().now())
    made = make_webhook(account, postbox.uri, events=["tag.created"])
    ping = postbox.next()
    make_tag(account, "größe")

    for delivery in (ping, postbox.next()):
        assert openssl_says(delivery, made["secret"]) == delivery.headers["x-noko-signature"]
        verify_with_library(delivery, made["secret"])


def test_an_event_that_two_subscriptions_match_is_sent_once(account: Account, postbox: Postbox) -> None:
    make_webhook(account, postbox.uri, events=["tag.created", "*"])
    postbox.next()
    make_tag(account, "a")
    make_tag(account, "b")

    assert [each.payload["object"]["name"] for each in postbox.take(2)] == ["a", "b"]


def test_subscriptions_hold_from_the_next_event_on(account: Account, postbox: Postbox) -> None:
    made = make_webhook(account, postbox.uri, events=["user.created"])
    postbox.next()
    make_tag(account, "unheard")
    account.leader.client.put(made["add_events_url"], {"events": ["tag.created"]})
    make_tag(account, "heard")
    account.leader.client.put(made["remove_events_url"], {"events": ["tag.created"]})
    make_tag(account, "unheard-again")
    account.leader.client.put(made["add_events_url"], {"events": ["*"]})
    make_tag(account, "heard-again")

    assert [each.payload["object"]["name"] for each in postbox.take(2)] == ["heard", "heard-again"]


def test_a_new_name_and_a_new_secret_hold_for_what_waits(
    account: Account, postbox: Postbox, pass_time: PassTime
) -> None:
    made = make_webhook(account, postbox.uri, events=["tag.created"])
    postbox.next()
    postbox.answer(500)
    make_tag(account, "a")
    make_tag(account, "b")
    failed = postbox.next()
    eventually(lambda: status_of(account, made)["failing_payload_id"], failed.id)
    postbox.answer(200)

    account.leader.client.put(made["url"], {"name": "Books"})
    secret = account.leader.client.put(made["reroll_secret_url"]).json()["secret"]
    pass_time(6)
    again, other = postbox.take(2)

    assert again.id == failed.id
    assert (failed.attempt, again.attempt) == (1, 2)
    assert again.payload == {**failed.payload, "webhook": {"id": made["id"], "name": "Books"}}
    assert again.body == failed.body.replace(b"Ledger sync", b"Books")
    for delivery in (again, other):
        assert is_signed(delivery, secret)
        assert not is_signed(delivery, made["secret"])
    assert is_signed(failed, made["secret"])


def test_what_waits_goes_to_the_new_address_and_no_ping_does(
    account: Account, postbox: Postbox, other_postbox: Postbox, pass_time: PassTime
) -> None:
    made = make_webhook(account, postbox.uri, events=["tag.created"])
    postbox.next()
    postbox.answer(500)
    make_tag(account, "a")
    failed = postbox.next()
    eventually(lambda: status_of(account, made)["failing_payload_id"], failed.id)

    account.leader.client.put(made["url"], {"payload_uri": other_postbox.uri})
    pass_time(6)

    assert other_postbox.next().id == failed.id
    assert postbox.is_empty()
    assert other_postbox.is_empty()


def test_while_disabled_nothing_but_pings_is_sent_and_new_events_are_not_for_it(
    account: Account, postbox: Postbox, pass_time: PassTime
) -> None:
    made = make_webhook(account, postbox.uri, events=["tag.created"])
    postbox.next()
    postbox.answer(500)
    make_tag(account, "before")
    failed = postbox.next()
    eventually(lambda: status_of(account, made)["failing_payload_id"], failed.id)
    account.leader.client.put(made["disable_url"])
    postbox.answer(200)
    make_tag(account, "meanwhile")
    pass_time(3600)
    account.leader.client.put(f"{made['url']}/ping")

    assert postbox.next().type == "webhook.ping"
    assert status_of(account, made)["disabled_reason"] == "by_user"

    account.leader.client.put(made["enable_url"])
    make_tag(account, "after")

    assert [each.payload["object"]["name"] for each in postbox.take(2)] == ["before", "after"]
    assert status_of(account, made)["disabled_reason"] is None


def test_a_receiver_that_is_gone_disables_its_webhook(account: Account, postbox: Postbox) -> None:
    made = make_webhook(account, postbox.uri, events=["tag.created"])
    postbox.next()
    postbox.answer(410)
    account.leader.client.put(f"{made['url']}/ping")
    postbox.next()
    make_tag(account, "a")
    gone = postbox.next()

    eventually(lambda: account.leader.client.get(made["url"]).json()["state"], "disabled")
    assert status_of(account, made)["disabled_reason"] == "gone"
    assert status_of(account, made)["waiting_count"] == 1

    postbox.answer(200)
    account.leader.client.put(made["enable_url"])

    assert postbox.next().id == gone.id


def test_a_deleted_webhook_hears_nothing_more(account: Account, postbox: Postbox, other_postbox: Postbox) -> None:
    deleted = make_webhook(account, postbox.uri, events=["tag.created"])
    make_webhook(account, other_postbox.uri, events=["tag.created"])
    postbox.next()
    other_postbox.next()
    account.leader.client.delete(deleted["url"])
    make_tag(account, "a")

    assert other_postbox.next().type == "tag.created"
    assert postbox.is_empty()


def test_a_webhook_of_another_account_hears_nothing(
    account: Account, other_account: Account, postbox: Postbox, other_postbox: Postbox
) -> None:
    make_webhook(account, postbox.uri, events=["*"])
    make_webhook(other_account, other_postbox.uri, events=["*"])
    postbox.next()
    other_postbox.next()
    make_tag(account, "ours")

    assert postbox.next().payload["object"]["name"] == "ours"
    make_tag(other_account, "theirs")
    assert other_postbox.next().payload["object"]["name"] == "theirs"
