"""``/integrations/apps``: the applications that the user has let in."""

import re

import pytest

from tests.support.accounts import ROLES, Account
from tests.support.browsers import find_form
from tests.support.oauth_clients import (
    CALLBACK,
    PKCE,
    VERIFIER,
    App,
    grant_consent,
    is_token_valid,
    obtain_tokens,
    register_app,
    signed_in_browser,
)

PATH = "/integrations/apps"


@pytest.mark.parametrize("role", ROLES)
def test_each_role_sees_and_revokes_who_was_let_in(account: Account, role: str) -> None:
    person = account.people[role]
    app = register_app(account.database, account.client, "Planner <b>")
    tokens = obtain_tokens(account, person, app)
    browser = signed_in_browser(account, person)
    page = browser.get(PATH)
    assert b"Planner &lt;b&gt;" in page.body
    [id] = re.findall(rf'{PATH}/(\d+)/revoke"', page.body.decode())

    response = browser.submit_to(page, f"{PATH}/{id}/revoke")

    assert b"You have let no application in." in browser.follow_redirects(response).body
    assert not is_token_valid(account.client, tokens["access_token"])
    assert app.refresh(tokens["refresh_token"]).status == 400


def test_grants_of_others_cannot_be_revoked(account: Account, other_account: Account) -> None:
    app = register_app(account.database, account.client)
    tokens = [
        obtain_tokens(*of, app)["access_token"]
        for of in ((account, account.owner), (other_account, other_account.owner))
    ]
    browser = signed_in_browser(account, account.leader)
    fields = find_form(browser.get("/me"), "/me").fields

    for id in range(1, 5):
        assert browser.post(f"{PATH}/{id}/revoke", fields).status == 404

    assert all(is_token_valid(account.client, each) for each in tokens)


def test_a_grant_whose_code_was_never_exchanged_is_not_listed(account: Account) -> None:
    app = register_app(account.database, account.client)
    browser = signed_in_browser(account, account.leader)
    grant_consent(browser, app.authorize_url())

    assert b"You have let no application in." in browser.get(PATH).body


def register_own(account: Account, **fields: str) -> tuple[str, App]:
    """Register an application as a supervisor does; return its path and its credentials."""
    browser = signed_in_browser(account, account.supervisor)
    given = {"name": "Planner <b>", "site_url": "https://app.test", "callback_url": CALLBACK, **fields}
    done = browser.submit_to(browser.get(f"{PATH}/new"), f"{PATH}/new", **given)
    assert done.status == 303, done.body
    page = browser.get(done.headers["location"]).body.decode()
    secret = re.findall(r'id="secret" class="secret" value="(\w+)"', page)
    [client_id] = re.findall(r'id="client-id" class="secret" value="(\w+)"', page)
    assert "Planner &lt;b&gt;" in page
    assert "Keep this secret" not in browser.get(done.headers["location"]).body.decode()
    return done.headers["location"], App(client_id, secret[0] if secret else None, account.client)


def test_a_supervisor_registers_an_application_and_removes_it(account: Account) -> None:
    path, app = register_own(account)
    tokens = obtain_tokens(account, account.contractor, app)
    browser = signed_in_browser(account, account.supervisor)
    page = browser.get(f"{path}/delete")
    assert b"1 person has let it in: its tokens stop working at once." in page.body

    browser.submit_to(page, f"{path}/delete")

    assert not is_token_valid(account.client, tokens["access_token"])
    assert browser.get(path).status == 404
    assert signed_in_browser(account, account.contractor).get(app.authorize_url()).status == 400


def test_an_application_without_a_secret_uses_pkce(account: Account) -> None:
    _, app = register_own(account, is_public="1")

    assert app.client_secret is None
    code = grant_consent(signed_in_browser(account, account.leader), app.authorize_url(**PKCE))["code"]
    assert app.exchange(code, code_verifier=VERIFIER).status == 200


def test_users_of_other_accounts_cannot_let_it_in(account: Account, other_account: Account) -> None:
    path, app = register_own(account)
    stranger = signed_in_browser(other_account, other_account.owner)

    response = stranger.get(app.authorize_url())

    assert response.status == 400
    assert b"is an application of another account." in response.body
    assert stranger.get(path).status == 404
    assert b"Planner" not in stranger.get(PATH).body


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "Fill this in."),
        ("site_url", "javascript:alert(1)", "This address cannot be used."),
        ("callback_url", "https://app.test/#x", "Users cannot be sent back to this address."),
        ("callback_url", "com.app.test:/cb", "Any program on a device can claim such an address"),
    ],
)
def test_a_refused_application_says_why(account: Account, field: str, value: str, sentence: str) -> None:
    browser = signed_in_browser(account, account.supervisor)
    given = {"name": "Planner", "site_url": "https://app.test", "callback_url": CALLBACK, field: value}

    response = browser.submit_to(browser.get(f"{PATH}/new"), f"{PATH}/new", **given)

    assert response.status == 422
    assert f'id="{field}-note">{sentence}' in response.body.decode()
