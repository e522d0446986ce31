"""``/sign_in`` and ``/sign_out``."""

import ipaddress
import json
import math
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from hourhook.domain import sessions
from hourhook.domain.sessions import LIFETIME_SECONDS
from hourhook.http import hash_queue
from hourhook.settings import RateLimit
from hourhook.store.database import Database
from hourhook.store.statements import Statement
from tests.conftest import Logged, MakeServer, Server
from tests.support.accounts import Account, Person, make_account
from tests.support.browsers import FORM, Browser, find_form, parse_forms
from tests.support.clients import Client, Response
from tests.support.clocks import FakeClock
from tests.support.oauth_clients import PASSWORD, set_email, set_password, signed_in_browser

KNOWN = "hourhook-known"
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
WRONG = b"Incorrect e-mail address or password."


@pytest.fixture
def leader(account: Account) -> Person:
    """The leader, with a password."""
    set_password(account, account.leader)
    return account.leader


@pytest.fixture
def browser(server: Server) -> Browser:
    """A browser without a signed-in user."""
    return Browser(server.client)


def test_a_signed_in_user_is_recognized(leader: Person, browser: Browser) -> None:
    response = browser.sign_in(leader.email, PASSWORD)

    assert (response.status, response.headers["location"]) == (303, "/")
    page = browser.follow_redirects(response)
    assert page.status == 200
    assert leader.email.encode() in page.body


def test_an_address_matches_in_any_case_and_with_blanks_around_it(leader: Person, browser: Browser) -> None:
    assert browser.sign_in(f" {leader.email.upper()} ", PASSWORD).status == 303


def test_the_cookie_is_httponly_and_samesite(leader: Person, browser: Browser) -> None:
    before = browser.get("/sign_in").headers["set-cookie"].split("; ")[1:]
    after = browser.sign_in(leader.email, PASSWORD).headers["set-cookie"].split("; ")[1:]

    assert before == ["Path=/", "HttpOnly", "SameSite=Lax"]
    assert after == [f"Max-Age={LIFETIME_SECONDS}", "Path=/", "HttpOnly", "SameSite=Lax"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_over_tls_the_cookie_is_secure(make_server: MakeServer) -> None:
    client = make_server(base_url="https://time.example.com").client

    cookie = client.get("/sign_in").headers["set-cookie"]
    assert cookie.startswith("__Host-hourhook=")
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Lax; Secure")


def test_signing_in_replaces_the_session_against_fixation(leader: Person, browser: Browser) -> None:
    page = browser.get("/sign_in")
    planted = dict(browser.cookies)

    browser.submit(page, email=leader.email, password=PASSWORD)

    assert browser.cookies != planted
    browser.cookies = planted
    assert b"<h1>Sign in</h1>" in browser.get("/sign_in").body


@pytest.mark.parametrize(
    "mangle",
    [str.upper, lambda text: text[:-1], lambda text: f"{text.partition('.')[0]}.{'0' * 64}"],
    ids=["in capitals", "cut off", "signed with another key"],
)
def test_a_cookie_without_a_valid_signature_is_ignored(leader: Person, browser: Browser, mangle: Any) -> None:
    browser.sign_in(leader.email, PASSWORD)
    browser.cookies = {"hourhook": mangle(browser.cookies["hourhook"])}

    assert b"<h1>Sign in</h1>" in browser.get("/sign_in").body


def test_the_database_holds_no_session_token(leader: Person, browser: Browser, database: Database) -> None:
    browser.sign_in(leader.email, PASSWORD)
    [row] = database.read_now(lambda tx: tx.all(Statement(text("SELECT * FROM sessions"))))

    value = browser.cookies["hourhook"]
    assert value.partition(".")[0] not in str(row)


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("leader@northwind.test", "wrong"),
        ("leader@northwind.test", ""),
        ("leader@northwind.test", PASSWORD.upper()),
        ("leader@northwind.test", "x" * 50_000),
        ("leader@northwind.test", "\0"),
        ("unknown@northwind.test", PASSWORD),
        ("supervisor@northwind.test", PASSWORD),
        ("", ""),
        ("", PASSWORD),
        ("\0", PASSWORD),
        ("leader@northwind.test\0", PASSWORD),
        ("%", PASSWORD),
        ("ü" * 10_000, PASSWORD),
    ],
    ids=lambda value: repr(value[:24]),
)
def test_all_failed_sign_ins_look_alike(leader: Person, browser: Browser, email: str, password: str) -> None:
    response = browser.sign_in(email, password)

    assert response.status == 403
    assert WRONG in response.body
    form = parse_forms(response)[0]
    assert form.fields["email"] == email
    assert form.fields["password"] == ""
    assert browser.submit(response, email=leader.email, password=PASSWORD).status == 303


def test_a_form_that_is_not_utf8_is_refused(browser: Browser, server: Server) -> None:
    csrf_token = parse_forms(browser.get("/sign_in"))[0].fields["csrf_token"]
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    body = f"csrf_token={csrf_token}&email=%FF%ED%A0%80&password=%FF".encode()

    response = server.client.post("/sign_in", body, Cookie=cookie, Content_Type=FORM)

    assert (response.status, b"was not sent from this server" in response.body) == (403, True)


@pytest.mark.parametrize("state", ["disabled", "suspended"])
def test_a_disabled_user_cannot_sign_in_and_gets_no_reason(
    account: Account, leader: Person, browser: Browser, state: str
) -> None:
    account.set_state(leader, state)

    assert WRONG in browser.sign_in(leader.email, PASSWORD).body


@pytest.mark.parametrize("state", ["disabled", "suspended"])
def test_disabling_a_user_ends_their_sessions(account: Account, state: str) -> None:
    browser = signed_in_browser(account, account.leader)
    account.set_state(account.leader, state)

    assert b"<h1>Sign in</h1>" in browser.get("/sign_in").body


def test_signing_in_to_a_locked_account_shows_a_notice(account: Account, leader: Person, browser: Browser) -> None:
    account.change_settings(locked="on")

    response = browser.sign_in(leader.email, PASSWORD)

    assert response.status == 503
    assert b"locked for maintenance" in response.body


def test_a_pending_user_becomes_active_at_the_first_sign_in(account: Account, browser: Browser) -> None:
    newcomer = account.add("newcomer", "contractor", "pending")
    set_password(account, newcomer)
    path = f"/v2/users/{newcomer.id}"
    assert account.supervisor.client.get(path).json()["state"] == "pending"

    assert browser.sign_in(newcomer.email, PASSWORD).status == 303

    assert account.supervisor.client.get(path).json()["state"] == "active"
    [(type_, changes, object_)] = events_of(account)
    assert type_ == "user.updated"
    assert changes == {"state": ["pending", "active"]}
    assert object_ == account.supervisor.client.get(path).json()


def test_a_second_sign_in_changes_nothing(account: Account, leader: Person, browser: Browser) -> None:
    browser.sign_in(leader.email, PASSWORD)

    assert events_of(account) == []


def test_a_user_signs_in_to_every_account_with_that_password(
    account: Account, other_account: Account, leader: Person, browser: Browser
) -> None:
    third = make_account(account.database, account.client, "eastwind")
    for other, password in ((other_account, PASSWORD), (third, "another one")):
        twin = other.add("twin", "coworker")
        set_email(other, twin, leader.email)
        set_password(other, twin, password)

    page = browser.follow_redirects(browser.sign_in(leader.email, PASSWORD))

    assert (b"northwind" in page.body, b"southwind" in page.body, b"eastwind" in page.body) == (True, True, False)


@pytest.mark.parametrize("seconds", [LIFETIME_SECONDS - 1, LIFETIME_SECONDS])
def test_a_session_expires(leader: Person, browser: Browser, clock: FakeClock, seconds: int) -> None:
    browser.sign_in(leader.email, PASSWORD)
    clock.advance(seconds)

    is_expired = b"<h1>Sign in</h1>" in browser.get("/sign_in").body
    assert is_expired is (seconds == LIFETIME_SECONDS)


def test_signing_out_ends_the_session_and_not_only_the_cookie(leader: Person, browser: Browser) -> None:
    page = browser.follow_redirects(browser.sign_in(leader.email, PASSWORD))
    cookies = dict(browser.cookies)

    response = browser.submit_to(page, "/sign_out")

    assert (response.status, response.headers["location"]) == (303, "/sign_in")
    assert {*browser.cookies} == {KNOWN}
    browser.cookies = cookies
    assert b"<h1>Sign in</h1>" in browser.get("/sign_in").body


def test_a_new_password_ends_earlier_sessions(account: Account) -> None:
    browser, other = signed_in_browser(account, account.leader), signed_in_browser(account, account.supervisor)

    set_password(account, account.leader, "another one")

    assert b"<h1>Sign in</h1>" in browser.get("/sign_in").body
    assert other.get("/").status == 200


def test_a_deleted_user_leaves_no_session(account: Account, database: Database) -> None:
    browser = signed_in_browser(account, account.contractor)

    assert account.owner.client.delete(f"/v2/users/{account.contractor.id}").status == 204

    assert b"<h1>Sign in</h1>" in browser.get("/sign_in").body
    assert database.read_now(lambda tx: tx.value(Statement(text("SELECT count(*) FROM sessions")))) == 0


@pytest.mark.parametrize("path", ["/sign_in", "/sign_out"])
@pytest.mark.parametrize("csrf_token", ["", "0" * 64, "ü"])
def test_a_form_of_another_site_is_refused(account: Account, path: str, csrf_token: str) -> None:
    browser = signed_in_browser(account, account.leader)

    response = browser.post(path, {"email": account.leader.email, "password": PASSWORD, "csrf_token": csrf_token})

    assert response.status == 403
    assert b"has expired" in response.body
    assert browser.get("/").status == 200


@pytest.mark.parametrize("path", ["/sign_in", "/sign_out"])
def test_a_form_without_a_cookie_is_refused(browser: Browser, path: str) -> None:
    csrf_token = parse_forms(browser.get("/sign_in"))[0].fields["csrf_token"]
    browser.cookies.clear()

    assert browser.post(path, {"csrf_token": csrf_token}).status == 403


@pytest.mark.parametrize("next_path", ["/docs", "/oauth/2/authorize?client_id=a&state=%20&b", "/docs?a=//b"])
def test_signing_in_redirects_to_the_next_path(leader: Person, browser: Browser, next_path: str) -> None:
    page = browser.submit(browser.get("/sign_in?" + query(next_path)), email=leader.email, password="wrong")
    response = browser.submit(page, email=leader.email, password=PASSWORD)

    assert (response.status, response.headers["location"]) == (303, next_path)
    assert "content-type" not in response.headers
    assert browser.get("/sign_in?" + query(next_path)).headers["location"] == next_path


@pytest.mark.parametrize(
    "next_path",
    [
        "https://app.example/",
        "//app.example/",
        "/\\app.example/",
        "\\\\app.example/",
        "/\t/app.example/",
        "/docs\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "docs",
        "/ü",
        "/\0",
        "",
        " /docs",
    ],
)
def test_signing_in_does_not_redirect_to_another_site(leader: Person, browser: Browser, next_path: str) -> None:
    response = browser.submit(browser.get("/sign_in?" + query(next_path)), email=leader.email, password=PASSWORD)
    assert (response.status, response.headers["location"]) == (303, "/")

    page = browser.follow_redirects(response)
    assert browser.submit_to(page, "/sign_out", next=next_path).headers["location"] == "/sign_in"
    page = browser.get("/sign_in")
    assert browser.submit(page, email=leader.email, password=PASSWORD, next=next_path).headers["location"] == "/"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestRateLimits:
    """The rate limits of sign-in attempts."""

    def test_attempts_of_one_client_are_counted(self, make_server: MakeServer, clock: FakeClock) -> None:
        server = make_server(sign_in_rate_limit=RateLimit(0.2, 3))
        browser = Browser(server.client)

        assert [sign_in(browser, f"user{number}@x.test").status for number in range(4)] == [403, 403, 403, 429]
        clock.advance(5)
        assert [sign_in(browser, "another@x.test").status for _ in range(2)] == [403, 429]

    def test_attempts_for_one_address_are_counted_from_all_clients(self, make_server: MakeServer) -> None:
        server = make_server(sign_in_rate_limit=RateLimit(0.2, 2), trusted_proxies=LOOPBACK)
        browser = Browser(server.client)

        def status(number: int, email: str) -> int:
            page = browser.get("/sign_in")
            fields = {**parse_forms(page)[0].fields, "email": email, "password": "wrong"}
            return browser.post("/sign_in", fields, **{"x-forwarded-for": f"203.0.113.{number}"}).status

        emails = ["known@x.test", "KNOWN@x.test", " known@x.test", "other@x.test"]
        assert [status(number, email) for number, email in enumerate(emails)] == [403, 403, 429, 403]

    def test_attempts_from_elsewhere_do_not_lock_out_a_known_browser(
        self, make_server: MakeServer, database: Database
    ) -> None:
        limits: Any = {"sign_in_rate_limit": RateLimit(0.001, 2), "trusted_proxies": LOOPBACK}
        server = make_server(**limits)
        account = make_account(server.database, server.client)
        set_password(account, account.leader)
        known = Browser(server.client)
        assert known.sign_in(account.leader.email, PASSWORD).status == 303
        cookie = {KNOWN: known.cookies[KNOWN]}

        def status(client: Client, address: str, email: str, password: str, cookies: dict[str, str]) -> int:
            browser = Browser(client)
            fields = parse_forms(browser.get("/sign_in"))[0].fields
            sent = "; ".join(f"{name}={value}" for name, value in {**browser.cookies, **cookies}.items())
            headers = {"x-forwarded-for": address, "cookie": sent}
            return client.request(
                "POST",
                "/sign_in",
                body=urlencode({**fields, "email": email, "password": password}).encode(),
                headers={"content-type": FORM, **headers},
            ).status

        # The server has been restarted, and the browser is in another network.
        client, email = make_server(**limits).client, account.leader.email
        guesses = [status(client, f"203.0.113.{number}", email, "wrong", {}) for number in range(4)]
        assert guesses == [403, 403, 429, 429]
        assert status(client, "198.51.100.7", email, PASSWORD, {}) == 429

        assert status(client, "198.51.100.8", email, PASSWORD, cookie) == 303
        # Guessing in that browser is limited too, and its cookie is for one address.
        assert status(client, "198.51.100.9", email, "wrong", cookie) == 403
        assert status(client, "198.51.100.10", email, PASSWORD, cookie) == 429
        assert status(client, "198.51.100.11", email, PASSWORD, {KNOWN: f"{'0' * 32}.{'0' * 64}"}) == 429

    def test_a_full_queue_for_hashes_is_answered_at_once(
        self, make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hash_queue, "MAX_WAITING", -hash_queue.MAX_CONCURRENT_HASHES)

        response = sign_in(Browser(make_server().client), "a@x.test")

        assert (response.status, response.headers["retry-after"]) == (429, "2")

    def test_too_many_attempts_get_retry_after(self, make_server: MakeServer) -> None:
        server = make_server(sign_in_rate_limit=RateLimit(0.3, 1))
        browser = Browser(server.client)
        sign_in(browser, "a@x.test")

        response = sign_in(browser, "a@x.test")

        assert response.status == 429
        assert response.headers["retry-after"] == str(math.ceil(1 / 0.3))
        assert b"Wait 4 seconds" in response.body

    def test_after_too_many_attempts_the_right_password_is_refused(self, make_server: MakeServer) -> None:
        server = make_server(sign_in_rate_limit=RateLimit(0.2, 1))
        account = make_account(server.database, server.client)
        set_password(account, account.leader)
        browser = Browser(server.client)
        sign_in(browser, account.leader.email)

        assert browser.sign_in(account.leader.email, PASSWORD).status == 429


def test_showing_the_page_changes_nothing(browser: Browser, database: Database) -> None:
    for _ in range(3):
        browser.get("/sign_in")

    assert database.read_now(lambda tx: tx.value(Statement(text("SELECT count(*) FROM sessions")))) == 0


def test_the_page_cannot_be_framed_and_submits_only_to_this_server(browser: Browser) -> None:
    page = browser.get("/sign_in")

    policy = page.headers["content-security-policy"]
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert page.headers["cache-control"] == "no-store"


def test_the_typed_address_is_escaped(browser: Browser) -> None:
    response = browser.sign_in('"><script>alert(1)</script>', "wrong")

    assert b"<script>alert" not in response.body


def test_a_password_is_neither_shown_nor_logged(leader: Person, browser: Browser, logged: Logged) -> None:
    response = browser.sign_in(leader.email, "my secret")
    browser.sign_in(leader.email, PASSWORD)

    assert b"my secret" not in response.body
    assert "my secret" not in str(logged)
    assert PASSWORD not in str(logged)
    assert [event["event"] for event in logged if event["event"] != "request"] == ["sign-in failed"]


def test_a_huge_form_is_not_read(browser: Browser) -> None:
    assert browser.sign_in("a@x.test", "x" * 100_000).status == 413


def test_signing_in_ends_the_previous_session_of_the_browser(account: Account, database: Database) -> None:
    browser = signed_in_browser(account, account.leader)
    set_password(account, account.supervisor)
    cookies = dict(browser.cookies)
    csrf_token = find_form(browser.get("/"), "/sign_out").fields["csrf_token"]

    browser.post("/sign_in", {"csrf_token": csrf_token, "email": account.supervisor.email, "password": PASSWORD})

    assert account.supervisor.email.encode() in browser.get("/").body
    browser.cookies = cookies
    assert b"<h1>Sign in</h1>" in browser.get("/sign_in").body


def test_a_session_token_identifies_its_users(account: Account, database: Database) -> None:
    token = sessions.new_token()
    database.write_now(account.id, sessions.begin, token, account.leader.id)

    [found] = database.read_now(sessions.find, token)
    assert (found.user_id, found.account_name, found.name) == (account.leader.id, "northwind", "Leader")
    assert database.read_now(sessions.find, sessions.new_token()) == []


def sign_in(browser: Browser, email: str) -> Response:
    """Try to sign in with a wrong password."""
    return browser.sign_in(email, "wrong")


def query(next_path: str) -> str:
    """Return the query that names the page to redirect to after signing in."""
    return urlencode({"next": next_path})


def events_of(account: Account) -> list[Any]:
    """Return the type, changes and object of each event of an account."""
    rows = account.database.read_now(
        lambda tx: tx.all(Statement(text("SELECT type, changes, object FROM events ORDER BY position")))
    )
    return [(row.type, json.loads(row.changes), json.loads(row.object)) for row in rows]
