"""``/oauth/2/authorize``: a user authorizes an application (``docs/api/oauth.md``)."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, unquote_to_bytes

import pytest
from sqlalchemy import text

from hourhook.store.database import Database
from hourhook.store.statements import Statement
from tests.conftest import Logged, MakeServer, Server
from tests.support.accounts import Account, make_account
from tests.support.browsers import Browser, Form, find_form, parse_forms
from tests.support.clients import Response
from tests.support.clocks import FakeClock
from tests.support.oauth_clients import (
    CALLBACK,
    CHALLENGE,
    PASSWORD,
    PKCE,
    VERIFIER,
    App,
    grant_consent,
    is_token_valid,
    parse_query,
    redirect_parameters,
    register_app,
    set_email,
    set_password,
    signed_in_browser,
)
from tests.web.conftest import CallbackServer

UNACCEPTABLE = b"This link does not work"


@pytest.fixture
def app(server: Server) -> App:
    """A confidential application."""
    return register_app(server.database, server.client)


@pytest.fixture
def browser(account: Account) -> Browser:
    """A browser in which the leader is signed in."""
    return signed_in_browser(account, account.leader)


def test_an_application_obtains_a_token_through_the_consent_page(
    account: Account, callback_server: CallbackServer
) -> None:
    app = register_app(account.database, account.client, callback=callback_server.uri)
    set_password(account, account.leader)
    browser = Browser(account.client)

    page = browser.follow_redirects(browser.get(app.authorize_url(state="s 1")))
    assert b"<h1>Sign in</h1>" in page.body
    page = browser.follow_redirects(browser.submit(page, email=account.leader.email, password=PASSWORD))
    assert b"Planner" in page.body
    response = browser.submit(page, decision="allow")
    assert response.headers["location"].startswith(f"{callback_server.uri}?")
    assert callback_server.client.get(response.headers["location"]).body == b"Welcome back"

    [query] = callback_server.received_queries
    back = dict(parse_qsl(query))
    assert back["state"] == "s 1"
    token = app.exchange(back["code"]).json()["access_token"]
    me = account.client.get("/v2/current_user", Authorization=f"Bearer {token}").json()
    assert me["id"] == account.leader.id


def test_the_page_names_application_account_access_and_destination(
    account: Account, browser: Browser, app: App
) -> None:
    page = browser.get(app.authorize_url(redirect_uri="https://app.test/cb/deep"))

    visible_text = re.sub(r"<[^>]+>", "", page.body.decode())
    for words in ("Planner", "http://app.test", "northwind", account.leader.email, "everything that you can do"):
        assert words in visible_text
    assert "redirected to app.test" in visible_text
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"


def test_a_native_application_is_redirected_to_its_private_use_scheme(
    account: Account, server: Server, browser: Browser
) -> None:
    uri = "com.example.planner:/cb"
    app = register_app(server.database, server.client, callback=uri, is_public=True)

    page = browser.get(app.authorize_url(redirect_uri=uri, **PKCE))
    location = browser.submit(page, decision="allow").headers["location"]
    code = parse_query(location)["code"][0]
    issued = app.exchange(code, redirect_uri=uri, code_verifier=VERIFIER).json()

    assert "redirected to com.example.planner:" in re.sub(r"<[^>]+>", "", page.body.decode())
    # Without it a browser blocks the redirect after the form.
    assert "form-action 'self' com.example.planner:;" in page.headers["content-security-policy"]
    assert location.startswith(f"{uri}?code=")
    assert is_token_valid(account.client, issued["access_token"])


def test_a_native_application_listens_on_any_loopback_port(server: Server, browser: Browser) -> None:
    app = register_app(server.database, server.client, callback="http://127.0.0.1/cb", is_public=True)

    page = browser.get(app.authorize_url(redirect_uri="http://127.0.0.1:51004/cb", **PKCE))

    assert redirect_parameters(browser.submit(page, decision="allow"), "http://127.0.0.1:51004/cb")["code"]


def test_the_name_of_an_application_is_escaped(server: Server, browser: Browser) -> None:
    app = register_app(server.database, server.client, "<script>alert(1)</script>\"'&amp;")

    page = browser.get(app.authorize_url(state='"><script>alert(2)</script>'))

    assert b"<script" not in page.body
    assert b"&lt;script&gt;alert(1)&lt;/script&gt;" in page.body


def test_the_page_cannot_be_framed_and_sends_no_referrer(browser: Browser, app: App) -> None:
    page = browser.get(app.authorize_url())

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "script-src" not in policy
    assert page.headers["referrer-policy"] == "same-origin"
    assert page.headers["cache-control"] == "no-store"
    response = browser.submit(page, decision="allow")
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "query",
    [
        "state=xyz",
        "state=a%20b%2Bc%26d%3D%2F%3F",
        "state=a+b",
        "state=%C3%BC%F0%9F%95%92",
        "state=%FF%FE",
        "state=%00%0D%0ASet-Cookie:a",
        "state=%3Cscript%3E%22'\\",
        "state=" + "x" * 8000,
    ],
    ids=lambda query: query[:30],
)
@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_the_state_is_returned_unchanged(browser: Browser, app: App, query: str, decision: str) -> None:
    response = browser.submit(browser.get(f"{app.authorize_url()}&{query}"), decision=decision)

    assert raw_query(response)["state"] == decoded(query.partition("=")[2])


@pytest.mark.parametrize("query", ["", "state="])
def test_no_state_is_returned_if_none_was_sent(browser: Browser, app: App, query: str) -> None:
    response = browser.submit(browser.get(f"{app.authorize_url()}&{query}"), decision="allow")

    assert raw_query(response).keys() == {"code"}


def test_scope_and_unknown_parameters_are_ignored(browser: Browser, app: App) -> None:
    back = grant_consent(
        browser, app.authorize_url(scope="project,entry", prompt="none", user="1", client="x", scopes="y")
    )

    assert back.keys() == {"code"}


def test_denying_redirects_with_access_denied(browser: Browser, app: App) -> None:
    back = redirect_parameters(browser.submit(browser.get(app.authorize_url(state="xyz")), decision="deny"))

    assert back == {"error": "access_denied", "error_description": "The user denied the request.", "state": "xyz"}


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("response_type=", "invalid_request"),
        ("response_type=token", "unsupported_response_type"),
        ("response_type=none", "unsupported_response_type"),
        ("response_type=code%20token", "unsupported_response_type"),
        ("response_type=id_token", "unsupported_response_type"),
        ("response_type=CODE", "unsupported_response_type"),
        ("response_type=code&response_type=code", "invalid_request"),
        (f"response_type=code&code_challenge={CHALLENGE}", "invalid_request"),
        (f"response_type=code&code_challenge={CHALLENGE}&code_challenge_method=plain", "invalid_request"),
        (f"response_type=code&code_challenge={CHALLENGE}&code_challenge_method=s256", "invalid_request"),
        ("response_type=code&code_challenge=short&code_challenge_method=S256", "invalid_request"),
        (f"response_type=code&code_challenge={'%C3%BC' * 43}&code_challenge_method=S256", "invalid_request"),
        ("response_type=code&code_challenge_method=S256", "invalid_request"),
        (
            f"response_type=code&code_challenge={CHALLENGE}&code_challenge={CHALLENGE}&code_challenge_method=S256",
            "invalid_request",
        ),
    ],
)
def test_an_invalid_request_redirects_with_an_error_before_sign_in(
    server: Server, app: App, query: str, error: str
) -> None:
    response = server.client.get(f"/oauth/2/authorize?client_id={app.client_id}&state=xyz&{query}")

    back = redirect_parameters(response)
    assert back.keys() == {"error", "error_description", "state"}
    assert (back["error"], back["state"]) == (error, "xyz")


def test_a_duplicate_state_is_an_error_and_is_not_returned(server: Server, app: App) -> None:
    back = redirect_parameters(server.client.get(f"{app.authorize_url()}&state=a&state=b"))

    assert back.keys() == {"error", "error_description"}
    assert back["error"] == "invalid_request"


def test_a_public_application_must_send_a_pkce_challenge(server: Server, browser: Browser) -> None:
    app = register_app(server.database, server.client, is_public=True)

    assert redirect_parameters(server.client.get(app.authorize_url()))["error"] == "invalid_request"
    assert grant_consent(browser, app.authorize_url(**PKCE)).keys() == {"code"}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "response_type=code",
        "client_id=&response_type=code",
        "client_id=unknown&response_type=code",
        "client_id=%00&response_type=code",
        "client_id=%FF&response_type=code",
        f"client_id={'0' * 32}&response_type=code",
        f"client_id={'0' * 60_000}&response_type=code",
    ],
    ids=lambda query: query[:40],
)
def test_an_unknown_application_causes_no_redirect(browser: Browser, query: str) -> None:
    response = browser.get(f"/oauth/2/authorize?{query}&redirect_uri=http://app.example/")

    assert_unacceptable(response)


@pytest.mark.parametrize(
    "redirect_uri",
    [
        "http://app.example/cb",
        "http://app.test/other",
        "http://app.test:8080/cb",
        "http://app.test/cb/../other",
        "http://app.test\\@app.example/cb",
        "javascript:alert(1)",
        "http://app.test/cb\r\nSet-Cookie: a=b",
        "http://app.test/cb\0",
        "//app.test/cb",
        "cb",
    ],
)
def test_an_unregistered_redirect_uri_causes_no_redirect(browser: Browser, app: App, redirect_uri: str) -> None:
    for more in ({}, {"response_type": "token"}):
        assert_unacceptable(browser.get(app.authorize_url(redirect_uri=redirect_uri, **more)))


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_duplicate_redirect_uris_cause_no_redirect(browser: Browser, app: App, name: str) -> None:
    address = app.authorize_url(redirect_uri=CALLBACK)

    assert_unacceptable(browser.get(f"{address}&{name}={parse_query(address)[name][0]}"))


def test_the_code_is_sent_to_the_redirect_uri_with_its_query(browser: Browser, app: App) -> None:
    address = app.authorize_url(redirect_uri="https://app.test/cb/deep?tenant=%7e1")

    response = browser.submit(browser.get(address), decision="allow")

    assert response.headers["location"].startswith("https://app.test/cb/deep?tenant=%7e1&code=")


def test_a_user_of_several_accounts_chooses_one(account: Account, other_account: Account, app: App) -> None:
    twin = other_account.add("twin", "leader")
    set_email(other_account, twin, account.leader.email)
    set_password(other_account, twin)
    set_password(account, account.leader)
    browser = Browser(account.client)
    browser.sign_in(account.leader.email, PASSWORD)
    page = browser.get(app.authorize_url())

    assert parse_forms(page)[0].choices["account"] == [str(account.id), str(other_account.id)]
    for chosen, person in ((account, account.leader), (other_account, twin)):
        code = grant_consent(browser, app.authorize_url(), account=str(chosen.id))["code"]
        token = app.exchange(code).json()["access_token"]
        me = account.client.get("/v2/current_user", Authorization=f"Bearer {token}").json()
        assert me["id"] == person.id


def test_an_account_of_another_user_cannot_be_chosen(browser: Browser, other_account: Account, app: App) -> None:
    page = browser.get(app.authorize_url())

    for account_id in (str(other_account.id), "0", "", "ü", "1" * 400):
        response = browser.submit(page, decision="allow", account=account_id)
        assert (response.status, response.headers["location"]) == (303, app.authorize_url())


@pytest.mark.parametrize("decision", ["", "Allow", "maybe"])
def test_a_form_without_a_decision_authorizes_nothing(browser: Browser, app: App, decision: str) -> None:
    response = browser.submit(browser.get(app.authorize_url()), decision=decision)

    assert (response.status, response.headers["location"]) == (303, app.authorize_url())


@pytest.mark.parametrize("csrf_token", ["", "0" * 64, "ü", "\0"])
def test_a_form_without_a_csrf_token_authorizes_nothing(browser: Browser, app: App, csrf_token: str) -> None:
    page = browser.get(app.authorize_url())

    for decision in ("allow", "deny"):
        response = browser.submit(page, decision=decision, csrf_token=csrf_token)
        assert response.status == 403
        assert "location" not in response.headers


def test_a_csrf_token_of_another_session_authorizes_nothing(account: Account, browser: Browser, app: App) -> None:
    other = signed_in_browser(account, account.supervisor)
    csrf_token = parse_forms(other.get(app.authorize_url()))[0].fields["csrf_token"]

    assert browser.submit(browser.get(app.authorize_url()), decision="allow", csrf_token=csrf_token).status == 403


def test_a_form_without_the_session_cookie_is_refused(browser: Browser, app: App) -> None:
    page = browser.get(app.authorize_url())
    browser.cookies.clear()

    assert browser.submit(page, decision="allow").status == 403


def test_the_query_of_the_form_is_validated_again(browser: Browser, app: App) -> None:
    fields = {**parse_forms(browser.get(app.authorize_url()))[0].fields, "decision": "allow"}

    assert_unacceptable(browser.post(app.authorize_url(redirect_uri="http://app.example/cb"), fields))
    assert redirect_parameters(browser.post(app.authorize_url(response_type="token"), fields))["error"] == (
        "unsupported_response_type"
    )


def test_a_user_who_has_signed_out_must_sign_in_again(browser: Browser, app: App) -> None:
    page = browser.get(app.authorize_url())
    cookies = dict(browser.cookies)
    browser.send(parse_forms(page)[1])
    browser.cookies.update(cookies)

    response = browser.follow_redirects(browser.submit(page, decision="allow"))

    assert b"<h1>Sign in</h1>" in response.body


def test_signing_in_as_another_user_returns_to_the_consent_page(account: Account, browser: Browser, app: App) -> None:
    page = browser.follow_redirects(browser.send(parse_forms(browser.get(app.authorize_url(state="xyz")))[1]))
    assert b"<h1>Sign in</h1>" in page.body

    set_password(account, account.supervisor)
    page = browser.follow_redirects(browser.submit(page, email=account.supervisor.email, password=PASSWORD))

    assert account.supervisor.email.encode() in page.body
    assert redirect_parameters(browser.submit(page, decision="deny"))["state"] == "xyz"


@pytest.mark.parametrize("state", ["disabled", "suspended"])
def test_a_user_disabled_in_the_meantime_cannot_authorize(
    account: Account, browser: Browser, app: App, state: str
) -> None:
    page = browser.get(app.authorize_url())
    account.set_state(account.leader, state)

    response = browser.follow_redirects(browser.submit(page, decision="allow"))

    assert b"<h1>Sign in</h1>" in response.body


def test_a_locked_account_is_temporarily_unavailable(account: Account, browser: Browser, app: App) -> None:
    page = browser.get(app.authorize_url(state="xyz"))
    account.change_settings(locked="on")

    back = redirect_parameters(browser.submit(page, decision="allow"))

    assert (back["error"], back["state"]) == ("temporarily_unavailable", "xyz")


def test_an_internal_error_redirects_with_server_error_and_is_logged(
    database: Database, browser: Browser, app: App, logged: Logged
) -> None:
    page = browser.get(app.authorize_url(state="xyz"))

    with failing_authorizations(database):
        back = redirect_parameters(browser.submit(page, decision="allow"))

    assert (back["error"], back["state"]) == ("server_error", "xyz")
    assert [event["event"] for event in logged if event["log_level"] == "error"] == ["authorization failed"]


def test_a_code_is_never_stored_or_logged(database: Database, browser: Browser, app: App, logged: Logged) -> None:
    code = grant_consent(browser, app.authorize_url())["code"]
    [row] = database.read_now(lambda tx: tx.all(Statement(text("SELECT * FROM authorizations"))))

    assert code not in str(row)
    assert code not in str(logged)


def test_the_consent_page_changes_nothing_before_a_decision(
    account: Account, database: Database, browser: Browser, app: App, clock: FakeClock
) -> None:
    browser.get(app.authorize_url())
    count = Statement(text("SELECT count(*) FROM authorizations"))
    assert database.read_now(lambda tx: tx.value(count)) == 0

    # A decision does not authorize later requests.
    code = grant_consent(browser, app.authorize_url())["code"]
    assert not is_token_valid(account.client, code)


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(server: Server, app: App, method: str) -> None:
    response = server.client.request(method, app.authorize_url())

    assert response.status == 405
    assert {"GET", "HEAD", "POST"} <= {*response.headers["allow"].split(", ")}


def test_a_trailing_slash_is_the_same_page(browser: Browser, app: App) -> None:
    assert b"Planner" in browser.get(app.authorize_url().replace("authorize?", "authorize/?")).body


def test_a_huge_form_is_not_read(browser: Browser, app: App) -> None:
    page = browser.get(app.authorize_url())

    assert browser.submit(page, decision="allow", more="x" * 100_000).status == 413


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_consent_works_below_the_path_of_the_base_url(make_server: MakeServer) -> None:
    server = make_server(base_url="https://time.example.com/hours")
    account = make_account(server.database, server.client)
    app = register_app(server.database, server.client)
    set_password(account, account.leader)
    browser = Browser(server.client)

    def without_prefix(path: str) -> str:
        assert path.startswith("/hours/")
        return path.removeprefix("/hours")

    def follow(response: Response) -> Response:
        assert response.status == 303
        return browser.get(without_prefix(response.headers["location"]))

    def send(form: Form, **fields: str) -> Response:
        return browser.post(without_prefix(form.action), {**form.fields, **fields})

    page = follow(browser.get(app.authorize_url()))
    page = follow(send(parse_forms(page)[0], email=account.leader.email, password=PASSWORD))
    page = follow(send(parse_forms(page)[1]))
    page = follow(send(parse_forms(page)[0], email=account.leader.email, password=PASSWORD))
    assert redirect_parameters(send(parse_forms(page)[0], decision="allow")).keys() == {"code"}

    page = browser.get("/")
    assert b'href="/hours/docs"' in page.body
    assert follow(send(find_form(page, "/hours/sign_out"))).status == 200
    assert b'href="/hours/"' in browser.get("/nowhere", accept="text/html").body


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_over_tls_the_cookies_have_the_host_prefix(make_server: MakeServer) -> None:
    server = make_server(base_url="https://time.example.com")
    account = make_account(server.database, server.client)
    app = register_app(server.database, server.client)
    set_password(account, account.leader)
    browser = Browser(server.client)
    browser.sign_in(account.leader.email, PASSWORD)

    assert {*browser.cookies} == {"__Host-hourhook", "__Host-hourhook-known"}
    assert grant_consent(browser, app.authorize_url()).keys() == {"code"}


def assert_unacceptable(response: Response) -> None:
    assert (response.status, UNACCEPTABLE in response.body) == (400, True)
    assert "location" not in response.headers
    assert b"app.example" not in response.body


def raw_query(response: Response) -> dict[str, bytes]:
    """Return the parameters of a redirect as bytes."""
    pairs = [part.partition("=") for part in response.headers["location"].partition("?")[2].split("&")]
    assert len(pairs) == len({name for name, _, _ in pairs})
    return {name: decoded(value) for name, _, value in pairs}


def decoded(value: str) -> bytes:
    """Return the percent-decoded bytes of a query value."""
    return unquote_to_bytes(value.replace("+", "%20"))


@contextmanager
def failing_authorizations(database: Database) -> Iterator[None]:
    """Make every authorization fail until the context is left."""
    renames = ("ALTER TABLE authorizations RENAME TO elsewhere", "ALTER TABLE elsewhere RENAME TO authorizations")
    rename, rename_back = (Statement(text(sql)) for sql in renames)
    database.run_now(lambda tx: tx.execute_later(rename))
    try:
        yield
    finally:
        database.run_now(lambda tx: tx.execute_later(rename_back))
