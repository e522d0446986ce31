"""``/integrations/broadcasts``: create, see the secret once, change, delete."""

import re

import pytest

from tests.support.accounts import ROLES, Account
from tests.support.broadcast_receivers import make_receiver
from tests.support.browsers import Browser
from tests.support.clients import Response
from tests.support.oauth_clients import signed_in_browser

LIST = "/integrations/broadcasts"
SECRET = r'id="secret" class="secret" value="([^"]+)" readonly'
ACTS = ("edit", "enable", "disable", "reroll", "delete")


@pytest.mark.parametrize("role", ROLES)
def test_each_role_creates_a_broadcast_whose_secret_is_shown_once(account: Account, role: str) -> None:
    browser = signed_in_browser(account, account.people[role])

    page = create(browser, name="Light on the <door>")

    [secret] = re.findall(SECRET, page.body.decode())
    assert secret.startswith("whsec_")
    assert b"Light on the &lt;door&gt;" in page.body
    [receiver] = account.people[role].client.get("/v2/broadcast_receivers").json()
    assert (receiver["state"], receiver["subjects"]) == ("enabled", ["timer"])
    again = browser.get(f"{LIST}/{receiver['id']}").body.decode()
    assert secret not in again
    assert b"Light on the &lt;door&gt;" in browser.get(LIST).body


def test_a_broadcast_is_disabled_and_enabled(account: Account) -> None:
    path = f"{LIST}/{make_receiver(account.leader)['id']}"
    browser = signed_in_browser(account, account.leader)

    page = browser.follow_redirects(browser.submit_to(browser.get(path), f"{path}/disable"))
    assert b"Changes while it is disabled are not broadcast" in page.body
    assert account.leader.client.get("/v2/broadcast_receivers").json()[0]["state"] == "disabled"

    browser.submit_to(page, f"{path}/enable")
    assert account.leader.client.get("/v2/broadcast_receivers").json()[0]["state"] == "enabled"


def test_name_address_and_subjects_are_changed(account: Account) -> None:
    path = f"{LIST}/{make_receiver(account.leader)['id']}/edit"
    browser = signed_in_browser(account, account.leader)

    response = browser.submit_to(browser.get(path), path, name="Status", subjects="*")

    assert b"Subjects: All subjects, present and future" in browser.follow_redirects(response).body
    [receiver] = account.leader.client.get("/v2/broadcast_receivers").json()
    assert (receiver["name"], receiver["subjects"]) == ("Status", ["*"])


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", b"Fill this in."),
        ("payload_uri", "ftp://example.com", b"This address cannot be used."),
        ("subjects", "weather", b"Not saved."),
    ],
)
def test_a_wrong_broadcast_is_refused_in_words(account: Account, field: str, value: str, sentence: bytes) -> None:
    path = f"{LIST}/{make_receiver(account.leader)['id']}/edit"
    browser = signed_in_browser(account, account.leader)

    for form in (f"{LIST}/new", path):
        typed = {"name": "Door", "payload_uri": "https://example.com/light", field: value}
        response = browser.submit_to(browser.get(form), form, **typed)
        assert response.status == 422
        assert sentence in response.body


def test_a_broadcast_needs_a_subject(account: Account) -> None:
    path = f"{LIST}/{make_receiver(account.leader)['id']}/edit"
    browser = signed_in_browser(account, account.leader)
    token = re.findall(r'csrf_token" value="([0-9a-f]+)"', browser.get(path).body.decode())[0]

    for form in (f"{LIST}/new", path):
        fields = {"csrf_token": token, "name": "Door", "payload_uri": "https://example.com/light"}
        response = browser.post(form, fields)
        assert (response.status, b"Choose at least one subject." in response.body) == (422, True)


def test_a_new_secret_replaces_the_old_one(account: Account) -> None:
    receiver = make_receiver(account.leader)
    path = f"{LIST}/{receiver['id']}"
    browser = signed_in_browser(account, account.leader)

    page = browser.follow_redirects(browser.submit_to(browser.get(f"{path}/reroll"), f"{path}/reroll"))

    [secret] = re.findall(SECRET, page.body.decode())
    assert secret != receiver["secret"]


def test_deleting_a_broadcast_asks_first(account: Account) -> None:
    path = f"{LIST}/{make_receiver(account.leader)['id']}/delete"
    browser = signed_in_browser(account, account.leader)

    page = browser.follow_redirects(browser.submit_to(browser.get(path), path))

    assert b"You have no broadcasts." in page.body
    assert account.leader.client.get("/v2/broadcast_receivers").json() == []


def test_broadcasts_of_others_are_not_found(account: Account, other_account: Account) -> None:
    ids = [make_receiver(person)["id"] for person in (account.owner, other_account.leader)]
    browser = signed_in_browser(account, account.leader)
    token = re.findall(r'csrf_token" value="([0-9a-f]+)"', browser.get(f"{LIST}/new").body.decode())[0]
    fields = {"csrf_token": token, "name": "Mine", "payload_uri": "https://example.com/light", "subjects": "timer"}

    assert b"You have no broadcasts." in browser.get(LIST).body
    for id in ids:
        assert browser.get(f"{LIST}/{id}").status == 404
        for act in ACTS:
            assert browser.post(f"{LIST}/{id}/{act}", fields).status == 404, act

    assert account.owner.client.get(f"/v2/broadcast_receivers/{ids[0]}").json()["state"] == "enabled"


def create(browser: Browser, **fields: str) -> Response:
    """Create a broadcast; return the page that shows its secret."""
    path = f"{LIST}/new"
    typed = {"payload_uri": "https://example.com/light", **fields}
    return browser.follow_redirects(browser.submit_to(browser.get(path), path, **typed))
