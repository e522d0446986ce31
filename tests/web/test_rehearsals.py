"""Rehearsals: webhooks whose receiver is this server."""

import re
from dataclasses import replace
from typing import Any

import pytest

from hourhook.delivery.transports.http.address_guard import AddressGuard
from hourhook.domain.webhooks import rehearsals
from tests.conftest import Delivering, MakeServer, Server
from tests.support.accounts import Account, make_account
from tests.support.browsers import Browser
from tests.support.clients import Client
from tests.support.clocks import FakeClock
from tests.support.dependencies import DEPENDENCIES
from tests.support.factories import make_tag
from tests.support.oauth_clients import signed_in_browser
from tests.support.webhook_receiver import eventually
from tests.support.webhooks import get_delivery_log, get_payload, get_status, make_webhook

PATH = "/integrations/webhooks"


@pytest.fixture
def server(make_server: MakeServer, delivering: Delivering) -> Server:
    """A server that delivers."""
    return make_server(site_options={"lifespans": [delivering]})


def begin(account: Account, answer: str = "204") -> tuple[Browser, Any]:
    """Create a rehearsal in a browser; return it with its webhook."""
    browser = signed_in_browser(account, account.owner)
    created = browser.submit_to(browser.get(f"{PATH}/try"), f"{PATH}/try", answer=answer)
    [webhook] = account.owner.client.get("/v2/webhooks").json()
    assert (created.status, created.headers["location"]) == (303, f"{PATH}/{webhook['id']}")
    return browser, webhook


def page_of(browser: Browser, webhook: Any) -> str:
    response = browser.get(f"{PATH}/{webhook['id']}")
    assert response.status == 200
    return response.body.decode()


def state_of_ping(account: Account, webhook: Any) -> str:
    return str(get_delivery_log(account, webhook, "type=webhook.ping")[-1]["state"])


def test_the_receiver_answers_as_it_is_told_and_keeps_what_it_gets(account: Account) -> None:
    browser, webhook = begin(account)
    eventually(lambda: state_of_ping(account, webhook), "delivered")
    page = page_of(browser, webhook)
    assert "webhook.ping" in page.partition('id="rehearsal-title"')[2].partition("</section>")[0]

    path = f"{PATH}/{webhook['id']}/answer"
    assert browser.submit_to(browser.get(f"{PATH}/{webhook['id']}"), path, answer="503").status == 303
    make_tag(account, "soundings")
    eventually(lambda: get_status(account, webhook)["failing_payload_id"] is not None, True)
    failing = get_payload(account, webhook, get_status(account, webhook)["failing_payload_id"])
    assert {attempt["status"] for attempt in failing["attempts"]} == {503}
    assert "answered with 503" in page_of(browser, webhook)

    browser.submit_to(browser.get(f"{PATH}/{webhook['id']}"), path, answer="410")
    account.leader.client.put(f"{webhook['url']}/retry/{get_status(account, webhook)['failing_payload_id']}")
    eventually(lambda: get_status(account, webhook)["disabled_reason"], "gone")


def test_an_unknown_answer_is_refused_and_nothing_created(account: Account) -> None:
    browser = signed_in_browser(account, account.owner)

    assert browser.submit_to(browser.get(f"{PATH}/try"), f"{PATH}/try", answer="200").status == 422
    assert account.owner.client.get("/v2/webhooks").json() == []


def test_a_receiver_keeps_the_last_20_requests_for_a_day(account: Account, clock: FakeClock) -> None:
    browser, webhook = begin(account)
    eventually(lambda: state_of_ping(account, webhook), "delivered")
    receiver = Client(account.base_url)
    path = webhook["payload_uri"].removeprefix(account.base_url)
    for number in range(30):
        assert receiver.post(path, {"type": f"<b>{number}</b>"}).status == 204
    page = page_of(browser, webhook)
    received = re.findall(r"&lt;b&gt;(\d+)&lt;/b&gt;</span>", page)
    assert [int(number) for number in received] == [*range(29, 9, -1)]
    assert "<b>29" not in page

    clock.advance(seconds=86_401)
    assert "It has received nothing in the last 24 hours." in page_of(browser, webhook)
    assert account.database.run_now(rehearsals.delete_expired) == rehearsals.KEPT
    receiver.close()


def test_a_receiver_that_does_not_exist_is_not_found(account: Account) -> None:
    receiver = Client(account.base_url)

    for key in ("x", "x" * 24, "%C3%A9" * 24):
        assert receiver.post(f"/rehearsals/{key}", {}).status == 404
    _, webhook = begin(account)
    path = webhook["payload_uri"].removeprefix(account.base_url)
    assert receiver.get(path).status == 405
    account.owner.client.delete(webhook["url"])
    assert account.database.run_now(rehearsals.delete_expired) >= 1
    assert receiver.post(path, {}).status == 404
    receiver.close()


def test_only_a_webhook_with_such_a_receiver_shows_one(account: Account, other_account: Account) -> None:
    _, webhook = begin(account)
    ordinary = make_webhook(account)
    assert "Answers with" not in page_of(signed_in_browser(account, account.owner), ordinary)

    # A webhook of another account with the same address sees nothing of it.
    copied = make_webhook(other_account, webhook["payload_uri"])
    browser = signed_in_browser(other_account, other_account.owner)
    assert "Answers with" not in page_of(browser, copied)
    refused = browser.submit_to(browser.get(f"{PATH}/{copied['id']}"), f"{PATH}/{copied['id']}/ping")
    assert refused.status == 303


def test_where_the_server_may_not_be_reached_the_page_says_what_to_set(make_server: MakeServer) -> None:
    server = make_server(site_options={"dependencies": replace(DEPENDENCIES, guard=AddressGuard())})
    account = make_account(server.database, server.client)
    page = signed_in_browser(account, account.owner).get(f"{PATH}/try").body.decode()

    assert "It cannot be done with the present settings." in page
    assert "HOURHOOK_ALLOWED_NETWORKS" in page
    assert "<code>127.0.0.1/32</code>" in page
    assert "Create webhook" not in page
