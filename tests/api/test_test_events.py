"""Test events: the example of an event, sent to one webhook outside the order."""

import json

import pytest

from hourhook.delivery.event_log import WEBHOOK_TYPES
from hourhook.domain.events.catalogue import LOGGED_TYPES
from hourhook.domain.events.schemas import payload_example
from tests.conftest import Delivering, MakeServer, Server
from tests.support.accounts import Account
from tests.support.events_of import EventReader
from tests.support.factories import NO_SUCH_ID, make_entry
from tests.support.signatures import is_signed
from tests.support.webhook_receiver import WebhookReceiver, eventually
from tests.support.webhooks import get_delivery_log, get_payload, get_status, make_webhook, request_action


@pytest.fixture
def server(make_server: MakeServer, delivering: Delivering) -> Server:
    """A server with a worker."""
    return make_server(site_options={"lifespans": [delivering]})


def test_the_example_of_every_event_is_sent(account: Account, webhook_receiver: WebhookReceiver) -> None:
    webhook = make_webhook(account, webhook_receiver.uri, events=["tag.created"])
    webhook_receiver.next()
    events = EventReader(account)
    for type in LOGGED_TYPES:
        response = account.leader.client.put(f"{webhook['url']}/test", {"type": type})
        assert (response.status, response.body) == (202, b"")
        test = webhook_receiver.next()
        example = payload_example(type, account.base_url)
        assert (test.type, test.payload["changes"], test.payload["object"]) == (
            type,
            example["changes"],
            example["object"],
        )
        assert test.payload["webhook"] == {"id": webhook["id"], "name": webhook["name"]}
        assert (test.headers["x-hourhook-test"], test.sequence, test.attempt) == ("true", None, 1)
        category = test.headers["x-noko-eventcategory"]
        assert category == ("webhook_status" if type in WEBHOOK_TYPES else type.partition(".")[0])
        assert is_signed(test, webhook["secret"])

    assert events.read_new_types() == []


def test_a_test_event_is_sent_in_any_state_and_disturbs_nothing(
    account: Account, webhook_receiver: WebhookReceiver
) -> None:
    webhook = make_webhook(account, webhook_receiver.uri, events=["entry.created"])
    webhook_receiver.next()
    webhook_receiver.respond_with(500)
    make_entry(account.supervisor)
    assert webhook_receiver.next().sequence == 1
    eventually(lambda: get_status(account, webhook)["failing_payload_id"] is not None, True)
    account.leader.client.put(f"{webhook['url']}/disable")

    account.leader.client.put(f"{webhook['url']}/test", {"type": "user.deleted"})
    assert webhook_receiver.next().type == "user.deleted"
    webhook_receiver.respond_with(410)
    eventually(lambda: get_delivery_log(account, webhook, {"type": "user.deleted"})[0]["state"], "failing")

    status = get_status(account, webhook)
    assert (status["disabled_reason"], status["waiting_count"]) == ("by_user", 1)


def test_the_log_shows_a_test_event_as_it_was_sent_and_sends_it_again(
    account: Account, webhook_receiver: WebhookReceiver
) -> None:
    webhook = make_webhook(account, webhook_receiver.uri, events=["entry.created"])
    webhook_receiver.next()
    account.leader.client.put(f"{webhook['url']}/test", {"type": "tag.updated"})
    sent = webhook_receiver.next()
    eventually(lambda: get_payload(account, webhook, sent.id)["state"], "delivered")

    shown = get_payload(account, webhook, sent.id)
    assert (shown["type"], shown["sequence"], shown["body"]) == ("tag.updated", None, sent.body.decode())
    [attempt] = shown["attempts"]
    assert attempt["request_headers"]["X-Hourhook-Test"] == "true"
    [line] = get_delivery_log(account, webhook, {"type": "tag.updated"})
    assert line["payload_id"] == sent.id

    request_action(account, webhook, "retry", sent.id)
    again = webhook_receiver.next()
    assert (again.id, again.body, again.attempt) == (sent.id, sent.body, 2)
    assert again.headers["x-hourhook-test"] == "true"


@pytest.mark.parametrize("type", ["entry.eaten", "*", "webhook.ping", "batch"])
def test_an_unknown_event_is_missing(account: Account, type: str) -> None:
    webhook = make_webhook(account)
    response = account.leader.client.put(f"{webhook['url']}/test", {"type": type})

    assert response.status == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [("type", "missing")]


@pytest.mark.parametrize(
    ("body", "code"), [({}, "missing_field"), ({"type": ""}, "missing_field"), ({"type": ["tag.created"]}, "invalid")]
)
def test_a_test_event_needs_one_name(account: Account, body: object, code: str) -> None:
    webhook = make_webhook(account)
    response = account.leader.client.put(f"{webhook['url']}/test", body)

    assert response.status == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [("type", code)]


def test_only_leaders_of_the_account_send_test_events(account: Account, other_account: Account) -> None:
    path, body = f"{make_webhook(account)['url']}/test", {"type": "tag.created"}

    assert account.coworker.client.put(path, body).status == 403
    assert other_account.leader.client.put(path, body).status == 404
    assert account.leader.client.put(f"/v2/webhooks/{NO_SUCH_ID}/test", body).status == 404
    assert json.loads(account.leader.client.get("/openapi.json").body)["paths"]["/v2/webhooks/{webhook_id}/test"]


def test_the_history_names_the_event_that_was_tested(account: Account) -> None:
    webhook = make_webhook(account)
    account.leader.client.put(f"{webhook['url']}/test", {"type": "tag.created"})

    [newest, *_] = account.leader.client.get(f"{webhook['url']}/history").json()
    assert (newest["action"], newest["details"], newest["user"]["id"]) == (
        "tested",
        {"type": "tag.created"},
        account.leader.id,
    )
