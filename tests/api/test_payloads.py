"""Delivery log, payloads and delivery status of webhooks, with a worker and real receivers."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Delivering, MakeServer, Server
from tests.support.accounts import Account
from tests.support.factories import NO_SUCH_ID, make_entry, make_tag
from tests.support.receivers import sending_raw
from tests.support.webhook_receiver import WebhookReceiver, eventually
from tests.support.webhooks import get_delivery_log, get_payload, get_status, make_webhook

PassTime = Callable[[float], None]
PAYLOAD_KEYS = [
    "payload_id",
    "sequence",
    "type",
    "created_at",
    "state",
    "attempts_count",
    "next_attempt_at",
    "delivered_at",
    "url",
]
ATTEMPT_KEYS = [
    "number",
    "started_at",
    "duration_ms",
    "status",
    "error",
    "request_headers",
    "response_headers",
    "response_body",
    "batch",
]
STATUS_KEYS = [
    "state",
    "stalled",
    "disabled_reason",
    "waiting_count",
    "failing_payload_id",
    "failing_since",
    "next_attempt_at",
    "last_delivered_at",
    "lost_count",
    "lost_until",
    "success_rate_24h",
    "latency_ms_p50_24h",
    "latency_ms_p95_24h",
]
PING = {"sequence": None, "type": "webhook.ping"}


@pytest.fixture
def server(make_server: MakeServer, delivering: Delivering) -> Server:
    """A server with a worker in its process."""
    return make_server(site_options={"lifespans": [delivering]})


@pytest.fixture
def webhook(account: Account, webhook_receiver: WebhookReceiver, advance_time: PassTime) -> Any:
    """A webhook for all events, created a minute ago, with its first ping delivered."""
    webhook = make_webhook(account, webhook_receiver.uri, events=["*"])
    eventually(lambda: [payload["state"] for payload in get_delivery_log(account, webhook)], ["delivered"])
    webhook_receiver.next()
    advance_time(60)
    return webhook


def test_the_log_lists_delivered_failing_and_waiting_payloads(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any
) -> None:
    make_tag(account, "a")
    delivered = webhook_receiver.next()
    eventually(lambda: get_status(account, webhook)["waiting_count"], 0)
    webhook_receiver.respond_with(500)
    make_tag(account, "b")
    failing = webhook_receiver.next()
    make_entry(account.leader)
    eventually(lambda: get_status(account, webhook)["failing_payload_id"], failing.id)

    waiting, failed, sent, ping = get_delivery_log(account, webhook)

    for payload in (waiting, failed, sent, ping):
        assert list(payload) == PAYLOAD_KEYS
        assert payload["url"] == f"{webhook['url']}/payloads/{payload['payload_id']}"
    moment = "2024-05-21T10:06:00Z"
    nothing_yet = {"attempts_count": 0, "next_attempt_at": None, "delivered_at": None}
    assert waiting == {**waiting, "sequence": 3, "type": "entry.created", "state": "waiting", **nothing_yet}
    assert failed == {**failed, "payload_id": failing.id, "sequence": 2, "type": "tag.created", "state": "failing"}
    assert failed["attempts_count"] == 1
    assert failed["delivered_at"] is None
    assert "2024-05-21T10:06:00Z" <= failed["next_attempt_at"] <= "2024-05-21T10:06:02Z"
    assert sent == {
        **sent,
        "payload_id": delivered.id,
        "sequence": 1,
        "created_at": moment,
        "state": "delivered",
        "attempts_count": 1,
        "next_attempt_at": None,
        "delivered_at": moment,
    }
    assert ping == {**ping, **PING, "created_at": "2024-05-21T10:05:00Z", "state": "delivered", "attempts_count": 1}


def test_a_failed_ping_is_not_retried(account: Account, webhook_receiver: WebhookReceiver, webhook: Any) -> None:
    webhook_receiver.respond_with(410)
    account.leader.client.put(f"{webhook['url']}/ping")
    eventually(lambda: get_delivery_log(account, webhook)[0]["state"], "failing")

    ping = get_delivery_log(account, webhook)[0]
    assert ping == {**ping, **PING, "attempts_count": 1, "next_attempt_at": None, "delivered_at": None}
    assert account.leader.client.get(webhook["url"]).json()["state"] == "enabled"


def test_a_payload_shows_the_exact_request_and_response(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any, advance_time: PassTime
) -> None:
    webhook_receiver.respond_with(
        503, b'{"error": "closed"}', b"X-Reason: a\r\nX-Reason: b\r\nContent-Type: application/json\r\n"
    )
    make_tag(account, "größe")
    failed = webhook_receiver.next()
    eventually(lambda: get_payload(account, webhook, failed.id)["attempts_count"], 1)
    webhook_receiver.respond_with(202, b"thanks")
    advance_time(6)
    sent = webhook_receiver.next()
    eventually(lambda: get_payload(account, webhook, failed.id)["state"], "delivered")

    shown = get_payload(account, webhook, failed.id)

    assert list(shown) == [*PAYLOAD_KEYS, "skipped_at", "skipped_by", "body", "attempts"]
    assert {key: shown[key] for key in PAYLOAD_KEYS} == get_delivery_log(account, webhook)[0]
    assert (shown["skipped_at"], shown["skipped_by"]) == (None, None)
    assert shown["body"].encode() == sent.body == failed.body
    first, second = shown["attempts"]
    assert list(first) == list(second) == ATTEMPT_KEYS
    assert (first["number"], first["status"], first["error"]) == (1, 503, "status")
    assert (second["number"], second["status"], second["error"]) == (2, 202, None)
    assert first["started_at"] == "2024-05-21T10:06:00Z"
    assert second["started_at"] == "2024-05-21T10:06:06Z"
    assert 0 <= first["duration_ms"] < 20_000
    assert first["request_headers"] == {
        "Content-Type": "application/json",
        "User-Agent": "Noko-Webhooks",
        "X-Noko-EventCategory": "tag",
        "X-Noko-Delivery": failed.id,
        "webhook-id": failed.id,
        "webhook-timestamp": failed.headers["webhook-timestamp"],
        "X-Hourhook-Sequence": "1",
        "X-Hourhook-Attempt": "1",
    }
    signatures = {"x-noko-signature", "webhook-signature"}
    sent_names = {name for name in failed.headers if name.startswith(("x-", "webhook-"))}
    assert {name.lower() for name in first["request_headers"]} >= sent_names - signatures
    assert first["response_headers"]["x-reason"] == "a, b"
    assert first["response_body"] == '{"error": "closed"}'
    assert second["response_body"] == "thanks"


def test_a_waiting_payload_shows_the_body_that_will_be_sent(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any
) -> None:
    webhook_receiver.respond_with(500)
    make_tag(account, "a")
    make_tag(account, "b")
    eventually(lambda: get_status(account, webhook)["failing_since"] is not None, True)
    account.leader.client.put(webhook["url"], {"name": "Books \U0001f4da"})
    waiting = get_delivery_log(account, webhook)[0]
    text = get_payload(account, webhook, waiting["payload_id"])["body"]

    webhook_receiver.respond_with(200)
    first = webhook_receiver.next()
    account.leader.client.put(f"{webhook['url']}/retry/{first.id}")

    assert [webhook_receiver.next().id, webhook_receiver.next().body] == [first.id, text.encode()]
    assert json.loads(text)["webhook"]["name"] == "Books \U0001f4da"
    # A delivered payload keeps the webhook's name at the time.
    eventually(lambda: get_status(account, webhook)["waiting_count"], 0)
    account.leader.client.put(webhook["url"], {"name": "Renamed since"})
    assert get_payload(account, webhook, waiting["payload_id"])["body"] == text


def test_a_binary_response_is_shown_with_replacement_characters(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any
) -> None:
    body = b"caf\xe9 \xff\x00 " + "é".encode() * 4096
    webhook_receiver.handler = sending_raw(
        b"HTTP/1.1 500 No\r\nX-Odd: caf\xe9\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body
    )
    make_tag(account, "a")
    failed = webhook_receiver.next()
    eventually(lambda: get_payload(account, webhook, failed.id)["attempts_count"], 1)

    [attempt] = get_payload(account, webhook, failed.id)["attempts"]

    assert attempt["response_body"].startswith("caf\N{REPLACEMENT CHARACTER} \N{REPLACEMENT CHARACTER}\x00 é")
    assert len(attempt["response_body"].encode()) <= 4096 + 3 * 3
    assert "x-odd" in attempt["response_headers"]


def test_an_attempt_without_a_response_has_an_error(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any
) -> None:
    webhook_receiver.handler = sending_raw(b"SSH-2.0-OpenSSH_9.6\r\n")
    make_tag(account, "a")
    failed = webhook_receiver.next()
    eventually(lambda: get_payload(account, webhook, failed.id)["attempts_count"], 1)

    [attempt] = get_payload(account, webhook, failed.id)["attempts"]

    assert (attempt["status"], attempt["error"]) == (None, "protocol")
    assert (attempt["response_headers"], attempt["response_body"]) == ({}, "")


def test_the_log_is_filtered(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any, advance_time: PassTime
) -> None:
    make_tag(account, "a")
    webhook_receiver.next()
    eventually(lambda: get_status(account, webhook)["waiting_count"], 0)
    advance_time(60)
    webhook_receiver.respond_with(500)
    make_entry(account.leader)
    webhook_receiver.next()
    eventually(lambda: get_status(account, webhook)["failing_since"] is not None, True)
    advance_time(1)
    make_tag(account, "b")
    advance_time(1)
    account.leader.client.put(f"{webhook['url']}/ping")
    eventually(lambda: get_delivery_log(account, webhook)[0]["state"], "failing")

    def found(**query: str) -> list[Any]:
        return [payload["sequence"] or payload["type"] for payload in get_delivery_log(account, webhook, query)]

    ping = "webhook.ping"
    assert found() == [ping, 3, 2, 1, ping]
    assert found(state="waiting") == [3]
    assert found(state="failing") == [ping, 2]
    assert found(state="delivered") == [1, ping]
    assert found(state="skipped") == []
    assert found(state="waiting,delivered") == [3, 1, ping]
    assert found(type="tag.created") == [3, 1]
    assert found(type="webhook.ping") == [ping, ping]
    assert found(type="entry.created, webhook.ping") == [ping, 2, ping]
    assert found(type="team.created") == []
    assert found(type="tag.created", state="delivered") == [1]
    assert found(**{"from": "2024-05-21T10:06:00Z"}) == [ping, 3, 2, 1]
    assert found(**{"from": "2024-05-21T10:06:01Z"}) == [ping, 3, 2]
    assert found(to="2024-05-21T10:07:00Z") == [2, 1, ping]
    assert found(to="1970-01-01T00:00:00Z") == []
    assert found(**{"from": "2024-05-21T10:06:00Z", "to": "2024-05-21T10:07:00Z"}) == [2, 1]
    assert found(**{"from": "2024-05-21T10:06:00Z", "type": "tag.created", "state": "waiting,failing"}) == [3]
    assert found(**{"from": "", "state": "", "type": "", "to": ""}) == found()


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("state=lost", [("state", "invalid")]),
        ("type=tag.created,tag.eaten", [("type[1]", "missing")]),
        ("type=*", [("type[0]", "missing")]),
        ("from=yesterday&to=2024-05-21", [("from", "invalid"), ("to", "invalid")]),
    ],
)
def test_malformed_log_filters_are_rejected(account: Account, query: str, codes: list[tuple[str, str]]) -> None:
    webhook = make_webhook(account)

    response = account.leader.client.get(f"{webhook['url']}/payloads?{query}")

    assert (response.status, response.codes) == (400, codes)


def test_the_log_is_paginated(account: Account, webhook_receiver: WebhookReceiver, webhook: Any) -> None:
    account.leader.client.put(webhook["disable_url"])
    account.leader.client.put(webhook["enable_url"])
    for number in range(5):
        make_tag(account, f"tag{number}")
    url = f"{webhook['url']}/payloads"
    everything = [payload["payload_id"] for payload in get_delivery_log(account, webhook)]

    pages, target = [], f"{url}?per_page=2"
    while target:
        response = account.leader.client.get(target)
        pages.append([payload["payload_id"] for payload in response.json()])
        target = response.links.get("next", "")

    assert [len(page) for page in pages] == [2, 2, 2]
    assert [payload_id for page in pages for payload_id in page] == everything
    assert account.leader.client.get(f"{url}?page=9").json() == []
    assert account.leader.client.get(f"{url}?per_page=2").links["last"] == f"{url}?page=3&per_page=2"


def test_the_status_of_a_new_webhook(account: Account) -> None:
    webhook = make_webhook(account)

    status = get_status(account, webhook)

    assert list(status) == STATUS_KEYS
    assert status == {
        **dict.fromkeys(STATUS_KEYS),
        "state": "enabled",
        "stalled": False,
        "waiting_count": 0,
        "lost_count": 0,
    }


def test_the_status_of_a_failing_webhook(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any, advance_time: PassTime
) -> None:
    for name in ("a", "b", "c"):
        make_tag(account, name)
    webhook_receiver.next_deliveries(3)
    eventually(lambda: get_status(account, webhook)["waiting_count"], 0)
    advance_time(30)
    webhook_receiver.respond_with(500)
    make_tag(account, "d")
    make_tag(account, "e")
    failing = webhook_receiver.next()
    eventually(lambda: get_status(account, webhook)["failing_payload_id"], failing.id)

    status = get_status(account, webhook)

    assert status["waiting_count"] == 2
    # The attempt began up to its own duration before the clock of the test.
    assert "2024-05-21T10:06:29Z" <= status["failing_since"] <= "2024-05-21T10:06:30Z"
    assert "2024-05-21T10:06:30Z" <= status["next_attempt_at"] <= "2024-05-21T10:06:32Z"
    assert status["last_delivered_at"] == "2024-05-21T10:06:00Z"
    assert status["success_rate_24h"] == 0.75
    assert 0 <= status["latency_ms_p50_24h"] <= status["latency_ms_p95_24h"] < 20_000

    account.leader.client.put(webhook["disable_url"])
    advance_time(86_401)

    after = get_status(account, webhook)
    assert (after["state"], after["disabled_reason"], after["next_attempt_at"]) == ("disabled", "by_user", None)
    assert (after["success_rate_24h"], after["latency_ms_p50_24h"], after["latency_ms_p95_24h"]) == (None, None, None)
    assert after["waiting_count"] == 2


def test_the_log_needs_a_leader_of_the_account(
    account: Account, other_account: Account, webhook_receiver: WebhookReceiver, webhook: Any
) -> None:
    [ping] = get_delivery_log(account, webhook)
    other = make_webhook(account)
    paths = ["/payloads", f"/payloads/{ping['payload_id']}", "/status"]

    for path in paths:
        for person in (account.owner, account.supervisor, account.leader):
            assert person.client.get(webhook["url"] + path).status == 200
        for person in (account.coworker, account.contractor):
            assert person.client.get(webhook["url"] + path).status == 403
        assert other_account.owner.client.get(webhook["url"] + path).status == 404
        for id in (NO_SUCH_ID, "x"):
            assert account.leader.client.get(f"/v2/webhooks/{id}{path}").status == 404
    for payload_id in ("0b6f1c52-6f0e-4c53-9d0a-3a3f0f8f5f10", "1", "%00", "%ff"):
        assert account.leader.client.get(f"{webhook['url']}/payloads/{payload_id}").status == 404
    assert account.leader.client.get(f"{other['url']}/payloads/{ping['payload_id']}").status == 404
