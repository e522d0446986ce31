"""Batches over HTTP: the setting, the request that arrives, and what the delivery log shows of it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Delivering, MakeServer, Server
from tests.support.accounts import Account
from tests.support.factories import make_tag
from tests.support.signatures import is_signed
from tests.support.webhook_receiver import WebhookReceiver, eventually
from tests.support.webhooks import get_delivery_log, get_payload, get_status, make_webhook


@pytest.fixture
def server(make_server: MakeServer, delivering: Delivering) -> Server:
    """A server with a worker in its process."""
    return make_server(site_options={"lifespans": [delivering]})


def test_payloads_that_wait_arrive_in_one_request_and_are_logged_one_by_one(
    account: Account, webhook_receiver: WebhookReceiver, advance_time: Callable[[float], None]
) -> None:
    webhook: Any = make_webhook(account, webhook_receiver.uri, events=["*"])
    webhook_receiver.next()
    set_limit = account.leader.client.put(f"{webhook['url']}/settings", {"batch_limit": 100})
    assert set_limit.json()["batch_limit"] == 100
    webhook_receiver.respond_with(500)
    make_tag(account, "a")
    failed = webhook_receiver.next()
    make_tag(account, "b")
    make_tag(account, "c")
    eventually(lambda: get_status(account, webhook)["failing_payload_id"], failed.id)

    webhook_receiver.respond_with(202, b"thanks")
    advance_time(6)
    alone, batch = webhook_receiver.next_deliveries(2)
    eventually(lambda: get_status(account, webhook)["waiting_count"], 0)

    assert (alone.id, alone.body, alone.headers.get("x-hourhook-batch")) == (failed.id, failed.body, None)
    assert is_signed(batch, webhook["secret"])
    elements = batch.payload["payloads"]
    assert batch.payload == {
        "type": "batch",
        "webhook_id": webhook["id"],
        "webhook_name": webhook["name"],
        "payloads": elements,
    }
    assert [element["object"]["name"] for element in elements] == ["b", "c"]
    assert batch.headers["x-hourhook-batch"] == "2"
    assert (batch.id, batch.sequence, batch.attempt) == (elements[0]["payload_id"], 2, 1)
    assert batch.headers["x-noko-eventcategory"] == "tag"
    third, second, first, _ = get_delivery_log(account, webhook)
    assert [payload["state"] for payload in (first, second, third)] == ["delivered"] * 3
    for element, logged in zip(elements, (second, third), strict=True):
        shown = get_payload(account, webhook, element["payload_id"])
        assert (logged["payload_id"], shown["sequence"]) == (element["payload_id"], element["sequence"])
        [attempt] = shown["attempts"]
        assert attempt["batch"] == {"first_sequence": 2, "count": 2}
        assert (attempt["number"], attempt["status"], attempt["response_body"]) == (1, 202, "thanks")
        assert attempt["request_headers"]["X-Hourhook-Batch"] == "2"
        assert attempt["request_headers"]["X-Noko-Delivery"] == batch.id
        assert shown["body"][1:].encode() in batch.body
    assert [attempt["batch"] for attempt in get_payload(account, webhook, failed.id)["attempts"]] == [None, None]
