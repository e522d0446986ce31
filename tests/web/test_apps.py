"""``/integrations/apps``: the applications that the user has let in."""

import re

import pytest

from tests.support.accounts import ROLES, Account
from tests.support.browsers import find_form
from tests.support.oauth_clients import grant_consent, is_token_valid, obtain_tokens, register_app, signed_in_browser

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
