"""``/me/sessions``: see and end the own sessions."""

import pytest

from hourhook.domain import sessions
from hourhook.domain.callers import hash_token
from hourhook.web.me.browser_sessions import name_browser
from tests.support.accounts import Account
from tests.support.browsers import Browser, find_form, parse_forms
from tests.support.clients import Client
from tests.support.oauth_clients import PASSWORD, set_password, signed_in_browser

PATH = "/me/sessions"
LINUX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def test_a_session_is_named_after_its_browser_and_ended(account: Account) -> None:
    set_password(account, account.leader)
    elsewhere = signed_in_with(account, LINUX)
    browser = signed_in_browser(account, account.leader)
    page = browser.get(PATH)
    assert b'End session <span class="visually-hidden">on Firefox on Linux</span>' in page.body
    assert page.body.count(b"(this one)") == 1
    ids = [form.fields["session"] for form in parse_forms(page) if form.action == f"{PATH}/end"]
    other = next(id for id in ids if id != current_id(browser))

    response = browser.submit_to(page, f"{PATH}/end", session=other)

    assert b"The session has ended." in browser.follow_redirects(response).body
    assert elsewhere.get("/me").status == 303
    assert len(ids) == 2
    [record] = account.supervisor.client.get("/v2/audit?per_page=1").json()
    assert (record["user"]["id"], record["resource_id"], record["action"]) == (
        account.leader.id,
        account.leader.id,
        "session_ended",
    )


def test_ending_this_session_leads_to_the_sign_in_page(account: Account) -> None:
    browser = signed_in_browser(account, account.leader)

    response = browser.submit_to(browser.get(PATH), f"{PATH}/end")

    assert b"<h1>Sign in</h1>" in browser.follow_redirects(response).body


def test_an_ended_session_leaves_all_its_accounts(account: Account, other_account: Account) -> None:
    elsewhere = signed_in_browser(account, account.owner)
    token = elsewhere.cookies["hourhook"].partition(".")[0]
    other_account.database.write_now(other_account.id, sessions.begin, token, other_account.owner.id)
    browser = signed_in_browser(account, account.owner)

    browser.submit_to(browser.get(PATH), f"{PATH}/end", session=current_id(elsewhere))

    assert elsewhere.get("/me").status == 303


def test_sessions_of_others_cannot_be_ended(account: Account) -> None:
    of_owner = signed_in_browser(account, account.owner)
    browser = signed_in_browser(account, account.leader)

    for id in (current_id(of_owner), "", "ü", "0" * 64):
        assert browser.submit_to(browser.get(PATH), f"{PATH}/end", session=id).status == 404

    assert of_owner.get("/me").status == 200


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (LINUX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) Version/17.5 Safari/605.1.15", "Safari on macOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari on iPhone"),
        ("<script>", "an unknown browser"),
        (None, "an unknown browser"),
    ],
)
def test_browsers_have_names_that_users_know(user_agent: str | None, name: str) -> None:
    assert name_browser(user_agent) == name


def signed_in_with(account: Account, user_agent: str) -> Browser:
    """Sign the leader in with a browser that sends this ``User-Agent``."""
    browser = Browser(Client(account.base_url))
    form = find_form(browser.get("/sign_in"), "/sign_in")
    fields = {**form.fields, "email": account.leader.email, "password": PASSWORD}
    assert browser.post("/sign_in", fields, **{"user-agent": user_agent}).status == 303
    return browser


def current_id(browser: Browser) -> str:
    """Return the id of the session of a browser."""
    return hash_token(browser.cookies["hourhook"].partition(".")[0])
