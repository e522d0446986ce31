"""Deliveries to real receivers: pings and events, signed, in order, and after changes of the webhook."""

from collections.abc import Callable

import pytest

from hourhook.clock import SystemClock, truncate_to_second
from tests.conftest import Delivering, MakeServer, Server
from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.factories import make_entry, make_tag
from tests.support.signatures import is_signed, openssl_hmac, verify_with_library
from tests.support.webhook_receiver import WebhookReceiver, eventually
from tests.support.webhooks import get_status, make_webhook

PassTime = Callable[[float], None]


@pytest.fixture
def server(make_server: MakeServer, delivering: Delivering) -> Server:
    """A server with a worker in its process."""
    return make_server(site_options={"lifespans": [delivering]})


def test_a_new_webhook_gets_a_ping_at_once(account: Account, webhook_receiver: WebhookReceiver) -> None:
    created = make_webhook(account, webhook_receiver.uri)

    ping = webhook_receiver.next()

    assert list(ping.payload) == ["payload_id", "created_at", "type", "object", "webhook"]
    assert ping.payload == {
        "payload_id": ping.id,
        "created_at": "2024-05-21T10:05:00Z",
        "type": "webhook.ping",
        "object": {},
        "webhook": {"id": created["id"], "name": "Ledger sync"},
    }
    assert ping.headers["x-noko-eventcategory"] == "webhook"
    assert ping.headers["user-agent"] == "Noko-Webhooks"
    assert ping.headers["content-type"] == "application/json"
    assert ping.headers["webhook-id"] == ping.id
    assert ping.attempt == 1
    assert "x-hourhook-sequence" not in ping.headers
    assert is_signed(ping, created["secret"])


def test_events_arrive_in_order_with_the_object_that_get_returns(
    account: Account, webhook_receiver: WebhookReceiver
) -> None:
    created = make_webhook(account, webhook_receiver.uri, events=["entry.created", "tag.created", "entry.updated"])
    webhook_receiver.next()
    entry = make_entry(account.leader, "Kick-off #größe")
    shown = account.supervisor.client.get(entry["url"]).body
    account.leader.client.put(entry["url"], {"minutes": 90})

    tag, entry_created, updated = webhook_receiver.next_deliveries(3)

    assert [tag.type, entry_created.type, updated.type] == ["tag.created", "entry.created", "entry.updated"]
    assert [each.sequence for each in (tag, entry_created, updated)] == [1, 2, 3]
    assert list(entry_created.payload) == ["webhook", "type", "created_at", "changes", "object"]
    assert entry_created.payload["webhook"] == {"id": created["id"], "name": "Ledger sync"}
    assert entry_created.payload["changes"] == {}
    assert entry_created.body.endswith(b'"changes":{},"object":' + shown + b"}")
    assert updated.payload["changes"]["minutes"] == [60, 90]
    assert entry_created.headers["x-noko-eventcategory"] == "entry"
    assert all(is_signed(each, created["secret"]) for each in (tag, entry_created, updated))
    assert len({tag.id, entry_created.id, updated.id}) == 3


def test_openssl_and_standardwebhooks_verify_the_signatures(
    account: Account, webhook_receiver: WebhookReceiver, clock: FakeClock
) -> None:
    clock.moment = truncate_to_second(SystemClock().now())
    created = make_webhook(account, webhook_receiver.uri, events=["tag.created"])
    ping = webhook_receiver.next()
    make_tag(account, "größe")

    for delivery in (ping, webhook_receiver.next()):
        assert openssl_hmac(delivery, created["secret"]) == delivery.headers["x-noko-signature"]
        verify_with_library(delivery, created["secret"])


def test_an_event_matching_two_subscriptions_is_sent_once(account: Account, webhook_receiver: WebhookReceiver) -> None:
    make_webhook(account, webhook_receiver.uri, events=["tag.created", "*"])
    webhook_receiver.next()
    make_tag(account, "a")
    make_tag(account, "b")

    assert [each.payload["object"]["name"] for each in webhook_receiver.next_deliveries(2)] == ["a", "b"]


def test_subscription_changes_apply_from_the_next_event(account: Account, webhook_receiver: WebhookReceiver) -> None:
    created = make_webhook(account, webhook_receiver.uri, events=["user.created"])
    webhook_receiver.next()
    make_tag(account, "unheard")
    account.leader.client.put(created["add_events_url"], {"events": ["tag.created"]})
    make_tag(account, "heard")
    account.leader.client.put(created["remove_events_url"], {"events": ["tag.created"]})
    make_tag(account, "unheard-again")
    account.leader.client.put(created["add_events_url"], {"events": ["*"]})
    make_tag(account, "heard-again")

    assert [each.payload["object"]["name"] for each in webhook_receiver.next_deliveries(2)] == ["heard", "heard-again"]


def test_a_new_name_and_secret_apply_to_waiting_payloads(
    account: Account, webhook_receiver: WebhookReceiver, advance_time: PassTime
) -> None:
    created = make_webhook(account, webhook_receiver.uri, events=["tag.created"])
    webhook_receiver.next()
    webhook_receiver.respond_with(500)
    make_tag(account, "a")
    make_tag(account, "b")
    failed = webhook_receiver.next()
    eventually(lambda: get_status(account, created)["failing_payload_id"], failed.id)
    webhook_receiver.respond_with(200)

    account.leader.client.put(created["url"], {"name": "Books"})
    secret = account.leader.client.put(created["reroll_secret_url"]).json()["secret"]
    advance_time(6)
    again, other = webhook_receiver.next_deliveries(2)

    assert again.id == failed.id
    assert (failed.attempt, again.attempt) == (1, 2)
    assert again.payload == {**failed.payload, "webhook": {"id": created["id"], "name": "Books"}}
    assert again.body == failed.body.replace(b"Ledger sync", b"Books")
    for delivery in (again, other):
        assert is_signed(delivery, secret)
        assert not is_signed(delivery, created["secret"])
    assert is_signed(failed, created["secret"])


def test_waiting_payloads_go_to_the_new_address(
    account: Account, webhook_receiver: WebhookReceiver, other_webhook_receiver: WebhookReceiver, advance_time: PassTime
) -> None:
    created = make_webhook(account, webhook_receiver.uri, events=["tag.created"])
    webhook_receiver.next()
    webhook_receiver.respond_with(500)
    make_tag(account, "a")
    failed = webhook_receiver.next()
    eventually(lambda: get_status(account, created)["failing_payload_id"], failed.id)

    account.leader.client.put(created["url"], {"payload_uri": other_webhook_receiver.uri})
    advance_time(6)

    assert other_webhook_receiver.next().id == failed.id
    assert webhook_receiver.is_empty()
    assert other_webhook_receiver.is_empty()


def test_a_disabled_webhook_gets_pings_only_and_queues_no_events(
    account: Account, webhook_receiver: WebhookReceiver, advance_time: PassTime
) -> None:
    created = make_webhook(account, webhook_receiver.uri, events=["tag.created"])
    webhook_receiver.next()
    webhook_receiver.respond_with(500)
    make_tag(account, "before")
    failed = webhook_receiver.next()
    eventually(lambda: get_status(account, created)["failing_payload_id"], failed.id)
    account.leader.client.put(created["disable_url"])
    webhook_receiver.respond_with(200)
    make_tag(account, "meanwhile")
    advance_time(3600)
    account.leader.client.put(f"{created['url']}/ping")

    assert webhook_receiver.next().type == "webhook.ping"
    assert get_status(account, created)["disabled_reason"] == "by_user"

    account.leader.client.put(created["enable_url"])
    make_tag(account, "after")

    assert [each.payload["object"]["name"] for each in webhook_receiver.next_deliveries(2)] == ["before", "after"]
    assert get_status(account, created)["disabled_reason"] is None


def test_a_410_response_disables_the_webhook(account: Account, webhook_receiver: WebhookReceiver) -> None:
    created = make_webhook(account, webhook_receiver.uri, events=["tag.created"])
    webhook_receiver.next()
    webhook_receiver.respond_with(410)
    account.leader.client.put(f"{created['url']}/ping")
    webhook_receiver.next()
    make_tag(account, "a")
    gone = webhook_receiver.next()

    eventually(lambda: account.leader.client.get(created["url"]).json()["state"], "disabled")
    assert get_status(account, created)["disabled_reason"] == "gone"
    assert get_status(account, created)["waiting_count"] == 1

    webhook_receiver.respond_with(200)
    account.leader.client.put(created["enable_url"])

    assert webhook_receiver.next().id == gone.id


def test_a_deleted_webhook_gets_nothing_more(
    account: Account, webhook_receiver: WebhookReceiver, other_webhook_receiver: WebhookReceiver
) -> None:
    deleted = make_webhook(account, webhook_receiver.uri, events=["tag.created"])
    make_webhook(account, other_webhook_receiver.uri, events=["tag.created"])
    webhook_receiver.next()
    other_webhook_receiver.next()
    account.leader.client.delete(deleted["url"])
    make_tag(account, "a")

    assert other_webhook_receiver.next().type == "tag.created"
    assert webhook_receiver.is_empty()


def test_a_webhook_of_another_account_gets_nothing(
    account: Account, other_account: Account, webhook_receiver: WebhookReceiver, other_webhook_receiver: WebhookReceiver
) -> None:
    make_webhook(account, webhook_receiver.uri, events=["*"])
    make_webhook(other_account, other_webhook_receiver.uri, events=["*"])
    webhook_receiver.next()
    other_webhook_receiver.next()
    make_tag(account, "ours")

    assert webhook_receiver.next().payload["object"]["name"] == "ours"
    make_tag(other_account, "theirs")
    assert other_webhook_receiver.next().payload["object"]["name"] == "theirs"
