"""``/me/password``: change the own password."""

from tests.support.accounts import Account
from tests.support.browsers import Browser
from tests.support.oauth_clients import PASSWORD, is_token_valid, set_password, signed_in_browser

PATH = "/me/password"
NEW = "a new phrase"


def test_a_new_password_ends_the_other_sessions(account: Account) -> None:
    set_password(account, account.leader)
    browser, elsewhere = (signed_in_browser(account, account.leader) for _ in range(2))
    of_another = signed_in_browser(account, account.owner)

    response = browser.submit_to(browser.get(PATH), PATH, current_password=PASSWORD, new_password=NEW)

    assert b"The password is changed." in browser.follow_redirects(response).body
    assert elsewhere.get("/me").status == 303
    [record] = account.supervisor.client.get("/v2/audit?per_page=1").json()
    assert (record["user"]["id"], record["action"], record["details"]) == (account.leader.id, "password_changed", {})
    assert of_another.get("/me").status == 200
    assert is_token_valid(account.client, account.leader.token)
    assert Browser(account.client).sign_in(account.leader.email, PASSWORD).status == 403
    assert Browser(account.client).sign_in(account.leader.email, NEW).status == 303


def test_a_wrong_password_changes_nothing(account: Account) -> None:
    set_password(account, account.leader)
    browser, elsewhere = (signed_in_browser(account, account.leader) for _ in range(2))

    response = browser.submit_to(browser.get(PATH), PATH, current_password="guess", new_password=NEW)

    assert response.status == 422
    assert b"This is not your password." in response.body
    assert NEW.encode() not in response.body
    assert elsewhere.get("/me").status == 200
    assert Browser(account.client).sign_in(account.leader.email, PASSWORD).status == 303


def test_a_short_password_is_refused_in_words(account: Account) -> None:
    set_password(account, account.leader)
    browser = signed_in_browser(account, account.leader)

    response = browser.submit_to(browser.get(PATH), PATH, current_password=PASSWORD, new_password="short")

    assert response.status == 422
    assert b"It must have 8 to 1,024 characters" in response.body


def test_a_user_without_a_password_cannot_choose_one(account: Account) -> None:
    browser = signed_in_browser(account, account.leader)

    response = browser.submit_to(browser.get(PATH), PATH, current_password=PASSWORD, new_password=NEW)

    assert (response.status, b"This is not your password." in response.body) == (422, True)
