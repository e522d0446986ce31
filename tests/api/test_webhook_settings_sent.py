"""What the settings of a webhook change about its requests: headers, deadline."""

from typing import Any

import pytest

from tests.conftest import Delivering, MakeServer, Server
from tests.support.accounts import Account
from tests.support.factories import make_tag
from tests.support.receivers import never_responding
from tests.support.signatures import is_signed
from tests.support.webhook_receiver import WebhookReceiver, eventually
from tests.support.webhooks import get_delivery_log, get_payload, make_webhook


@pytest.fixture
def server(make_server: MakeServer, delivering: Delivering) -> Server:
    """A server with a worker in its process."""
    return make_server(site_options={"lifespans": [delivering]})


def await_attempt(account: Account, webhook: Any, payload_id: str) -> None:
    eventually(lambda: len(get_payload(account, webhook, payload_id)["attempts"]), 1)


def test_headers_are_sent_with_every_request_and_logged_without_values(
    account: Account, webhook_receiver: WebhookReceiver
) -> None:
    webhook = make_webhook(account, webhook_receiver.uri, events=["tag.created"])
    webhook_receiver.next()
    headers = {"Authorization": "Bearer s3cret", "X-Team": "maps", "Accept": "text/plain"}
    account.leader.client.put(f"{webhook['url']}/settings", {"headers": headers})

    make_tag(account, "soundings")
    account.leader.client.put(f"{webhook['url']}/ping")
    deliveries = webhook_receiver.next_deliveries(2)

    for delivery in deliveries:
        assert is_signed(delivery, webhook["secret"])
        assert delivery.headers["authorization"] == "Bearer s3cret"
        assert delivery.headers["accept"] == "text/plain"
        assert delivery.headers["x-team"] == "maps"
        await_attempt(account, webhook, delivery.id)
        shown = account.leader.client.get(f"{webhook['url']}/payloads/{delivery.id}")
        logged = shown.json()["attempts"][0]["request_headers"]
        assert {name: logged[name] for name in headers} == dict.fromkeys(headers)
        assert logged["X-Noko-Delivery"] == delivery.id
        assert b"s3cret" not in shown.body
    first_ping = get_delivery_log(account, webhook)[-1]["payload_id"]
    assert "X-Team" not in get_payload(account, webhook, first_ping)["attempts"][0]["request_headers"]


def test_a_webhook_may_have_a_shorter_deadline_than_the_server(
    account: Account, webhook_receiver: WebhookReceiver
) -> None:
    webhook = make_webhook(account, webhook_receiver.uri, events=["tag.created"])
    webhook_receiver.next()
    webhook_receiver.handler = never_responding()
    account.leader.client.put(f"{webhook['url']}/settings", {"timeout_seconds": 1})

    make_tag(account, "soundings")
    delivery = webhook_receiver.next()

    eventually(lambda: [a["error"] for a in get_payload(account, webhook, delivery.id)["attempts"]], ["timeout"])
