"""``/sign_in/link/CODE``: links that sign in without a password."""

import pytest

from hourhook.domain import sign_in_links
from tests.conftest import Logged, Server
from tests.support.accounts import Account
from tests.support.browsers import Browser
from tests.support.clocks import FakeClock
from tests.support.dependencies import DEPENDENCIES
from tests.support.oauth_clients import set_password

LIFETIME_SECONDS = 3600


@pytest.fixture
def link(server: Server, account: Account) -> str:
    """A link for the leader, who has a password."""
    set_password(account, account.leader)
    return server.database.read_now(
        sign_in_links.make_path, DEPENDENCIES.keyring, account.id, account.leader.id, LIFETIME_SECONDS
    )


@pytest.fixture
def browser(server: Server) -> Browser:
    """A browser without a signed-in user."""
    return Browser(server.client)


def test_a_link_signs_in_and_leads_to_the_next_path(account: Account, link: str, browser: Browser) -> None:
    response = browser.get(f"{link}?next=/entries")

    assert (response.status, response.headers["location"]) == (303, "/entries")
    assert account.leader.email.encode() in browser.get("/entries").body


def test_a_link_leads_to_no_other_server(link: str, browser: Browser) -> None:
    assert browser.get(f"{link}?next=https://elsewhere.example/").headers["location"] == "/"


def test_a_link_works_until_it_expires(link: str, browser: Browser, clock: FakeClock) -> None:
    clock.advance(LIFETIME_SECONDS - 1)
    assert browser.get(link).status == 303

    clock.advance(1)
    assert browser.get(link).status == 403


def test_a_link_ends_when_the_password_changes(account: Account, link: str, browser: Browser) -> None:
    set_password(account, account.leader, "another correct horse")

    assert browser.get(link).status == 403


def test_a_link_ends_with_its_user(account: Account, link: str, browser: Browser) -> None:
    assert account.owner.client.delete(f"/v2/users/{account.leader.id}").status == 204

    assert browser.get(link).status == 403


@pytest.mark.parametrize(
    "code",
    [
        "1",
        "1-2-3",
        "1-1-99999999999-",
        "a-b-c-d",
        "9" * 40 + "-1-1-x",
        "9999999999-1-1-x",
        "1-9999999999-1-x",
        "1-1-9-%E2%98%83",
        "-",
        "1-1--1-x",
    ],
)
def test_a_malformed_link_signs_nobody_in(browser: Browser, code: str) -> None:
    response = browser.get(f"/sign_in/link/{code}")

    assert response.status == 403
    assert "set-cookie" not in response.headers


def test_a_link_for_another_user_is_refused(account: Account, link: str, browser: Browser) -> None:
    forged = link.replace(f"-{account.leader.id}-", f"-{account.owner.id}-", 1)

    assert browser.get(forged).status == 403


def test_the_log_does_not_show_the_code(link: str, browser: Browser, logged: Logged) -> None:
    browser.get(link)

    assert link.rpartition("-")[2] not in str(logged)
