"""The pages of webhooks: the list, the lane and its sentence, acts, secrets, payloads and signature checks."""

import hashlib
import hmac
import re

from tests.support.accounts import Account
from tests.support.browsers import Browser, find_form
from tests.support.factories import make_project, make_tag
from tests.support.oauth_clients import signed_in_browser
from tests.support.statements import capture_statements
from tests.support.webhooks import get_delivery_log, make_webhook

PATH = "/integrations/webhooks"


def page_of(browser: Browser, path: str) -> str:
    response = browser.get(path)
    assert response.status == 200, response.status
    return response.body.decode()


def test_an_account_without_webhooks_is_told_what_one_is(account: Account) -> None:
    page = page_of(signed_in_browser(account, account.owner), PATH)

    assert "A webhook sends every change in this account to a program of yours" in page
    assert f'href="{PATH}/new"' in page


def test_the_list_says_the_state_of_each_webhook(account: Account) -> None:
    webhook = make_webhook(account, name="<b>Ledger</b>", events=["*"])
    make_tag(account, "soundings")
    account.owner.client.put(f"/v2/webhooks/{make_webhook(account, name='Old')['id']}/disable", {})

    page = page_of(signed_in_browser(account, account.owner), PATH)

    assert "&lt;b&gt;Ledger&lt;/b&gt;" in page
    assert f'href="{PATH}/{webhook["id"]}"' in page
    assert "Disabled" in page


def test_a_webhook_is_created_and_its_secret_shown_once(account: Account) -> None:
    browser = signed_in_browser(account, account.owner)
    form = browser.get(f"{PATH}/new")

    response = browser.submit_to(
        form, f"{PATH}/new", name="Ledger sync", payload_uri="https://example.com/hooks", events="entry.*"
    )

    [webhook] = account.owner.client.get("/v2/webhooks").json()
    assert (response.status, response.headers["location"]) == (303, f"{PATH}/{webhook['id']}/secret")
    assert all(event.startswith("entry.") for event in webhook["events"])
    secret = re.search(r'value="(whsec_[^"]+)"', page_of(browser, response.headers["location"]))
    assert secret is not None
    again = page_of(browser, response.headers["location"])
    assert secret[1] not in again
    assert "It was shown once" in again


def test_a_webhook_without_events_is_refused_in_words(account: Account) -> None:
    browser = signed_in_browser(account, account.owner)

    response = browser.submit_to(browser.get(f"{PATH}/new"), f"{PATH}/new", name="x", payload_uri="http://10.0.0.1/")

    assert response.status == 422
    assert b"Choose at least one event." in response.body
    assert b"This address cannot be used." in response.body
    assert account.owner.client.get("/v2/webhooks").json() == []


def test_an_idle_webhook_says_that_nothing_waits(account: Account) -> None:
    webhook = make_webhook(account)

    page = page_of(signed_in_browser(account, account.owner), f"{PATH}/{webhook['id']}")

    assert "Nothing waits." in page
    assert "Send a ping</button>" in page


def test_the_acts_of_a_webhook_do_what_the_api_does(account: Account) -> None:
    webhook = make_webhook(account, events=["*"])
    path = f"{PATH}/{webhook['id']}"
    browser = signed_in_browser(account, account.owner)

    browser.submit_to(browser.get(f"{path}/disable"), f"{path}/disable")
    assert account.owner.client.get(f"/v2/webhooks/{webhook['id']}").json()["state"] == "disabled"
    browser.submit_to(browser.get(path), f"{path}/enable")
    assert account.owner.client.get(f"/v2/webhooks/{webhook['id']}").json()["state"] == "enabled"
    browser.submit_to(browser.get(f"{path}/edit"), f"{path}/edit", name="Renamed")
    assert account.owner.client.get(f"/v2/webhooks/{webhook['id']}").json()["name"] == "Renamed"
    browser.submit_to(browser.get(f"{path}/events"), f"{path}/events", events="tag.created")
    assert account.owner.client.get(f"/v2/webhooks/{webhook['id']}").json()["events"] == ["tag.created"]
    browser.submit_to(browser.get(path), f"{path}/ping")
    assert [payload["type"] for payload in get_delivery_log(account, webhook)] == ["webhook.ping"] * 2
    browser.submit_to(browser.get(f"{path}/delete"), f"{path}/delete")
    assert account.owner.client.get("/v2/webhooks").json() == []


def test_a_replay_says_how_much_it_sends_before_it_does(account: Account) -> None:
    webhook = make_webhook(account, events=["*"])
    path = f"{PATH}/{webhook['id']}/replay"
    browser = signed_in_browser(account, account.owner)

    assert "Nothing to replay from there" in page_of(browser, f"{path}?sequence=1")


def test_a_payload_shows_its_body_and_checks_signatures(account: Account) -> None:
    browser = signed_in_browser(account, account.owner)
    webhook = account.owner.client.post(
        "/v2/webhooks", {"name": "x", "payload_uri": "https://example.com/", "events": ["*"]}
    ).json()
    make_tag(account, "soundings")
    payload = get_delivery_log(account, webhook)[0]
    detail = account.owner.client.get(f"/v2/webhooks/{webhook['id']}/payloads/{payload['payload_id']}").json()
    path = f"{PATH}/{webhook['id']}/payloads/{payload['payload_id']}"
    body, secret = detail["body"].encode(), webhook["secret"]

    right = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    bare = hmac.new(secret.removeprefix("whsec_").encode(), body, hashlib.sha256).hexdigest()
    newline = hmac.new(secret.encode(), body + b"\n", hashlib.sha256).hexdigest()
    sha1 = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()

    assert "Payload 1" in page_of(browser, path)
    assert "Right." in page_of(browser, f"{path}?signature={right}")
    assert "left out whsec_" in page_of(browser, f"{path}?signature={bare}")
    assert "line break at its end" in page_of(browser, f"{path}?signature={newline}")
    assert "SHA-1" in page_of(browser, f"{path}?signature={sha1}")
    unknown = page_of(browser, f"{path}?signature=nonsense")
    assert "not a signature of this body" in unknown
    assert right not in unknown
    assert secret not in unknown


def test_a_sequence_or_a_payload_id_leads_to_its_payload(account: Account) -> None:
    webhook = make_webhook(account, events=["*"])
    make_tag(account, "soundings")
    payload = get_delivery_log(account, webhook)[0]
    browser = signed_in_browser(account, account.owner)
    target = f"{PATH}/{webhook['id']}/payloads/{payload['payload_id']}"

    for text in ("1", payload["payload_id"]):
        assert browser.get(f"{PATH}/{webhook['id']}?find={text}").headers["location"] == target
    assert "No payload of this webhook" in page_of(browser, f"{PATH}/{webhook['id']}?find=99")


def test_pages_of_a_webhook_of_another_account_are_not_found(account: Account, other_account: Account) -> None:
    webhook = make_webhook(other_account)
    browser = signed_in_browser(account, account.owner)
    for page in ("", "/skip", "/replay", "/disable", "/delete", "/edit", "/events", "/reroll", "/secret", "/settings"):
        assert browser.get(f"{PATH}/{webhook['id']}{page}").status == 404, page


def test_the_events_page_says_how_many_recent_events_are_of_its_kinds(account: Account) -> None:
    webhook = make_webhook(account, events=["tag.created"])
    browser = signed_in_browser(account, account.owner)
    assert "No event has happened in the last 24 hours." in page_of(browser, f"{PATH}/{webhook['id']}/events")
    make_tag(account, "soundings")
    account.owner.client.delete(make_tag(account, "tides")["url"])

    page = page_of(browser, f"{PATH}/{webhook['id']}/events")

    assert "Of the 3 events of the last 24 hours, 2 were of a kind that goes to it." in page
    assert 'value="tag.deleted" data-count="1"' in page


def test_a_test_event_is_shown_before_it_is_sent(account: Account) -> None:
    webhook = make_webhook(account, name="<b>Ledger</b>")
    browser = signed_in_browser(account, account.owner)
    path = f"{PATH}/{webhook['id']}"
    assert f'href="{path}/test"' in page_of(browser, path)

    form = browser.get(f"{path}/test?type=tag.deleted.merged")
    assert "A tag was merged into another." in form.body.decode()
    assert "soundngs" in form.body.decode()
    assert "soundngs" in page_of(browser, f"{PATH}/example?type=tag.deleted.merged")
    sent = browser.submit_to(form, f"{path}/test", type="tag.deleted.merged")

    assert (sent.status, sent.headers["location"]) == (303, path)
    [test, _ping] = get_delivery_log(account, webhook)
    assert (test["type"], test["sequence"]) == ("tag.deleted.merged", None)
    page = page_of(browser, f"{path}/payloads/{test['payload_id']}")
    assert "<h1>Test " in page
    assert "Nothing: this was a test." in page

    refused = browser.submit_to(form, f"{path}/test", type="tag.eaten")
    assert refused.status == 422


def test_the_settings_of_a_webhook_are_shown_changed_and_refused_in_words(account: Account) -> None:
    webhook = make_webhook(account)
    project = make_project(account, "<b>Harbour</b>")
    api, path = f"{webhook['url']}/settings", f"{PATH}/{webhook['id']}/settings"
    account.leader.client.put(api, {"headers": {"X-Old": "0ld-s3cret", "X-Gone": "x"}})
    browser = signed_in_browser(account, account.leader)
    form = find_form(browser.get(path), path)
    fields = [(name, value) for name, value in form.fields.items() if not name.startswith("header_")]
    fields += [("project_ids", str(project["id"]))]
    for name, value in (("X-Old", ""), ("", ""), ("Authorization", "Bearer s3cret")):
        fields += [("header_name", name), ("header_value", value)]

    refused = browser.post(path, [*fields, ("max_per_second", "fast"), ("header_name", "Host"), ("header_value", "x")])
    saved = browser.post(path, [*fields, ("max_per_second", "2,5"), ("batch_limit", "10")])

    assert refused.status == 422
    assert "This is not a rate" in refused.body.decode()
    assert "headers.Host is set by the server" in refused.body.decode()
    assert (saved.status, saved.headers["location"]) == (303, f"{PATH}/{webhook['id']}")
    assert account.leader.client.get(api).json() == {
        "filters": {"project_ids": [project["id"]], "user_ids": [], "tag_ids": []},
        "headers": {"X-Old": None, "Authorization": None},
        "max_per_second": 2.5,
        "timeout_seconds": None,
        "batch_limit": 10,
    }
    page = page_of(browser, path)
    assert "&lt;b&gt;Harbour&lt;/b&gt;" in page
    assert 'value="2.5"' in page
    assert "s3cret" not in page + refused.body.decode()


def test_a_secret_is_rotated_with_an_overlap_that_can_be_ended(account: Account) -> None:
    webhook = make_webhook(account)
    browser = signed_in_browser(account, account.leader)
    path = f"{PATH}/{webhook['id']}"

    secret = browser.follow_redirects(
        browser.submit_to(browser.get(f"{path}/reroll"), f"{path}/reroll", overlap_hours="24")
    )
    during = browser.get(path)
    again = page_of(browser, f"{path}/reroll")
    browser.submit_to(during, f"{path}/expire")

    assert re.search(r'value="(whsec_[^"]+)"', secret.body.decode())
    assert "Two secrets sign every request until" in during.body.decode()
    assert "is still good" in again
    assert "Two secrets" not in page_of(browser, path)


def test_a_new_webhook_can_begin_in_the_past(account: Account) -> None:
    make_tag(account, "soundings")
    browser = signed_in_browser(account, account.leader)
    form = browser.get(f"{PATH}/new")
    fields = {"name": "Archive", "payload_uri": "https://example.com/hooks", "events": "*"}

    assert "Events are kept since" in form.body.decode()
    refused = browser.submit_to(form, f"{PATH}/new", **{**fields, "from": "yesterday"})
    created = browser.submit_to(form, f"{PATH}/new", **{**fields, "from": "2001-01-01T00:00"})

    assert refused.status == 422
    assert created.status == 303
    [webhook] = account.leader.client.get("/v2/webhooks").json()
    types = [payload["type"] for payload in get_delivery_log(account, webhook)]
    assert "tag.created" in types


def test_the_page_of_a_rehearsal_takes_few_statements(account: Account) -> None:
    browser = signed_in_browser(account, account.owner)
    browser.submit_to(browser.get(f"{PATH}/try"), f"{PATH}/try", answer="204")
    [webhook] = account.owner.client.get("/v2/webhooks").json()
    account.owner.client.post(webhook["payload_uri"].removeprefix(account.base_url), {"type": "tag.created"})
    page_of(browser, f"{PATH}/{webhook['id']}")

    with capture_statements(account.database) as statements:
        page = page_of(browser, f"{PATH}/{webhook['id']}")

    assert "answered with 204" in page
    assert len(statements) <= 12
