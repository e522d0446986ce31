"""Rotating the secret of a webhook with an overlap, in which requests are signed with both secrets."""

import hashlib
import hmac
import threading
from collections.abc import Callable
from typing import Any

import pytest

from hourhook.domain.webhooks.secrets import delete_expired
from hourhook.store.database import Database
from tests.conftest import Delivering, MakeServer, Server
from tests.support.accounts import Account
from tests.support.factories import make_tag
from tests.support.receivers import ClientConnection, responding
from tests.support.signatures import is_signed
from tests.support.webhook_receiver import Delivery, WebhookReceiver, eventually
from tests.support.webhooks import get_status, make_webhook

HOUR = 3600.0


@pytest.fixture
def server(make_server: MakeServer, delivering: Delivering) -> Server:
    """A server with a worker in its process."""
    return make_server(site_options={"lifespans": [delivering]})


def reroll(account: Account, webhook: Any, hours: int | None = None) -> str:
    response = account.leader.client.put(webhook["reroll_secret_url"], {"overlap_hours": hours} if hours else b"")
    assert response.status == 200, response.body
    secret: str = response.json()["secret"]
    return secret


def sign(delivery: Delivery, secret: str) -> str:
    return hmac.new(secret.encode(), delivery.body, hashlib.sha256).hexdigest()


def is_signed_with_both(delivery: Delivery, new: str, old: str) -> bool:
    """Return whether the headers are those of an overlap."""
    first, second = delivery.headers["webhook-signature"].split(" ")
    halves = [
        Delivery(
            {**delivery.headers, "webhook-signature": first, "x-noko-signature": sign(delivery, new)}, delivery.body
        ),
        Delivery({**delivery.headers, "webhook-signature": second}, delivery.body),
    ]
    return (
        is_signed(halves[0], new)
        and is_signed(halves[1], old)
        and delivery.headers["x-hourhook-next-signature"] == sign(delivery, new)
    )


def test_both_secrets_sign_until_the_overlap_ends(
    account: Account, webhook_receiver: WebhookReceiver, advance_time: Callable[[float], None], database: Database
) -> None:
    webhook = make_webhook(account, webhook_receiver.uri, events=["tag.created"])
    assert is_signed(webhook_receiver.next(), webhook["secret"])

    new = reroll(account, webhook, hours=2)
    make_tag(account, "first")
    assert is_signed_with_both(webhook_receiver.next(), new, webhook["secret"])
    account.leader.client.put(f"{webhook['url']}/ping")
    assert is_signed_with_both(webhook_receiver.next(), new, webhook["secret"])
    advance_time(2 * HOUR - 1)
    make_tag(account, "second")
    assert is_signed_with_both(webhook_receiver.next(), new, webhook["secret"])
    assert database.run_now(delete_expired) == 0
    advance_time(1)
    make_tag(account, "third")
    third = webhook_receiver.next()
    assert is_signed(third, new)
    assert "x-hourhook-next-signature" not in third.headers
    # Maintenance does not keep the secret that has ended.
    assert [database.run_now(delete_expired) for _ in range(2)] == [1, 0]


def test_an_overlap_ends_early_by_expire_secret_or_a_reroll_at_once(
    account: Account, webhook_receiver: WebhookReceiver
) -> None:
    webhook = make_webhook(account, webhook_receiver.uri, events=["tag.created"])
    webhook_receiver.next()
    new = reroll(account, webhook, hours=168)

    for _ in range(2):
        response = account.leader.client.put(f"{webhook['url']}/expire_secret")
        assert (response.status, response.body) == (204, b"")
    make_tag(account, "first")
    assert is_signed(webhook_receiver.next(), new)
    reroll(account, webhook, hours=1)
    newest = reroll(account, webhook)
    make_tag(account, "second")
    assert is_signed(webhook_receiver.next(), newest)


def test_a_second_reroll_keeps_the_secret_it_replaces_and_ends_the_one_before(
    account: Account, webhook_receiver: WebhookReceiver, advance_time: Callable[[float], None]
) -> None:
    webhook = make_webhook(account, webhook_receiver.uri, events=["tag.created"])
    webhook_receiver.next()
    second = reroll(account, webhook, hours=1)
    third = reroll(account, webhook, hours=24)

    advance_time(2 * HOUR)
    make_tag(account, "first")

    assert is_signed_with_both(webhook_receiver.next(), third, second)


def test_the_log_shows_neither_secrets_nor_signatures(account: Account, webhook_receiver: WebhookReceiver) -> None:
    webhook = make_webhook(account, webhook_receiver.uri, events=["tag.created"])
    new = reroll(account, webhook, hours=1)
    webhook_receiver.next()
    [payload] = account.leader.client.get(f"{webhook['url']}/payloads").json()
    eventually(lambda: account.leader.client.get(payload["url"]).json()["attempts"] != [], True)

    shown = account.leader.client.get(payload["url"])

    assert not any("signature" in name.lower() for name in shown.json()["attempts"][0]["request_headers"])
    assert new.encode() not in shown.body


@pytest.mark.parametrize("hours", [0, 169, -1, "long", [1]])
def test_the_overlap_is_an_hour_to_a_week(account: Account, hours: Any) -> None:
    webhook = make_webhook(account)

    response = account.leader.client.put(webhook["reroll_secret_url"], {"overlap_hours": hours})

    assert (response.status, response.codes) == (400, [("overlap_hours", "invalid")])


def test_a_receiver_that_knows_either_secret_refuses_nothing_under_load(
    account: Account, webhook_receiver: WebhookReceiver, advance_time: Callable[[float], None]
) -> None:
    """The receiver learns the new secret somewhere in the middle of each overlap, and knows only one at a time."""
    webhook = make_webhook(account, webhook_receiver.uri, events=["tag.created"])
    webhook_receiver.next()
    known, refused = [webhook["secret"]], []

    async def verify(connection: ClientConnection) -> None:
        delivery = Delivery(connection.request.headers, connection.request.body)
        signatures = (delivery.headers["x-noko-signature"], delivery.headers.get("x-hourhook-next-signature", ""))
        is_good = sign(delivery, known[-1]) in signatures
        refused.extend([] if is_good else [delivery])
        await responding(204 if is_good else 403)(connection)

    webhook_receiver.handler = verify

    def load(name: str) -> threading.Thread:
        client = account.client.with_token(account.leader.token)
        thread = threading.Thread(
            target=lambda: [client.post("/v2/tags", {"names": [f"{name}{number}"]}) for number in range(40)]
        )
        thread.start()
        return thread

    for round_ in ("a", "b", "c"):
        before = load(f"{round_}before")
        new = reroll(account, webhook, hours=1)
        during = load(f"{round_}during")
        known.append(new)
        before.join()
        if round_ == "b":
            account.leader.client.put(f"{webhook['url']}/expire_secret")
        else:
            advance_time(HOUR + 1)
        during.join()

    eventually(lambda: get_status(account, webhook)["waiting_count"], 0)
    assert refused == []
    assert len(webhook_receiver.next_deliveries(240)) == 240
    assert webhook_receiver.is_empty()
