"""``/integrations/tokens``: create, see once, revoke."""

import re

import pytest
from sqlalchemy import update

from hourhook.clock import format_timestamp
from hourhook.store.schema import tokens
from hourhook.store.statements import Statement
from tests.support.accounts import ROLES, Account
from tests.support.browsers import find_form
from tests.support.clocks import FakeClock
from tests.support.oauth_clients import is_token_valid, obtain_tokens, register_app, signed_in_browser

PATH = "/integrations/tokens"


@pytest.mark.parametrize("role", ROLES)
def test_each_role_creates_a_token_that_is_shown_once(account: Account, role: str) -> None:
    browser = signed_in_browser(account, account.people[role])

    page = browser.follow_redirects(browser.submit_to(browser.get(PATH), PATH, name="Nightly <export>"))

    text = page.body.decode()
    [token] = re.findall(r'id="token" class="secret" value="([0-9a-z-]+)" readonly', text)
    assert f'curl -H "X-NokoToken: {token}" ' in text.replace("&#34;", '"')
    assert "Nightly &lt;export&gt;" in text
    found = account.client.with_token(token).get("/v2/current_user").json()
    assert found["id"] == account.people[role].id
    assert token not in browser.get(PATH).body.decode()


def test_a_revoked_token_is_refused(account: Account) -> None:
    browser = signed_in_browser(account, account.leader)
    page = browser.get(PATH)
    [id] = re.findall(rf'{PATH}/(\d+)/revoke"', page.body.decode())

    response = browser.submit_to(page, f"{PATH}/{id}/revoke")

    assert b"The token is revoked." in browser.follow_redirects(response).body
    assert b"You have no tokens." in browser.get(PATH).body
    assert not is_token_valid(account.client, account.leader.token)
    assert browser.submit_to(page, f"{PATH}/{id}/revoke").status == 404


def test_the_list_says_when_a_token_was_last_used(account: Account, clock: FakeClock) -> None:
    browser = signed_in_browser(account, account.leader)
    assert b">never<" in browser.get(PATH).body
    set_last_use = Statement(update(tokens).values(last_used_at=clock.now()))

    account.database.write_now(account.id, lambda tx: tx.execute(set_last_use))

    page = browser.get(PATH).body.decode()
    assert ">never<" not in page
    assert page.count(f'datetime="{format_timestamp(clock.now())}"') == 2


def test_a_token_needs_a_name(account: Account) -> None:
    browser = signed_in_browser(account, account.leader)
    for name in ("", "x" * 256):
        assert browser.submit_to(browser.get(PATH), PATH, name=name).status == 422


def test_tokens_of_others_and_of_applications_are_not_listed(account: Account, other_account: Account) -> None:
    app = register_app(account.database, account.client)
    oauth_token = obtain_tokens(account, account.leader, app)["access_token"]
    browser = signed_in_browser(account, account.leader)
    page = browser.get(PATH)
    [own] = re.findall(rf'{PATH}/(\d+)/revoke"', page.body.decode())

    for id in range(1, 20):
        if str(id) != own:
            assert browser.post(f"{PATH}/{id}/revoke", find_form(page, PATH).fields).status == 404

    for token in (account.owner.token, other_account.leader.token, account.leader.token, oauth_token):
        assert is_token_valid(account.client, token)
