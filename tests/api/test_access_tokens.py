"""``POST /oauth/2/access_token``: exchange codes and refresh tokens, and authenticate with the result."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from sqlalchemy import text

from hourhook.domain import tokens
from hourhook.domain.oauth import applications, cleanup, revoking
from hourhook.settings import RateLimit
from hourhook.store.database import Database
from hourhook.store.statements import Statement
from tests.conftest import Delivering, Logged, MakeServer, Server
from tests.support.accounts import Account, make_account
from tests.support.browsers import FORM, Browser
from tests.support.clients import Response, basic_auth
from tests.support.clocks import FakeClock
from tests.support.oauth_clients import (
    CALLBACK,
    CHALLENGE,
    PKCE,
    VERIFIER,
    App,
    grant_consent,
    is_token_valid,
    obtain_tokens,
    register_app,
    signed_in_browser,
)
from tests.support.statements import capture_statements
from tests.support.webhook_receiver import eventually

PATH = "/oauth/2/access_token"
DAY = 86_400


@pytest.fixture
def public_app(server: Server) -> App:
    """A public application, which has no secret."""
    return register_app(server.database, server.client, "Pocket", is_public=True)


@pytest.fixture
def browser(account: Account) -> Browser:
    """The browser of the leader, signed in."""
    return signed_in_browser(account, account.leader)


def code_of(browser: Browser, app: App, **query: str) -> str:
    """A fresh authorization code."""
    return grant_consent(browser, app.authorize_url(**query))["code"]


def assert_fault(response: Response, error: str, status: int = 400) -> None:
    """Assert that this is the documented OAuth error."""
    assert (response.status, response.json()["error"]) == (status, error)
    assert [*response.json()] == ["error", "error_description"]
    assert response.json()["error_description"].endswith(".")
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"


def test_a_code_is_exchanged_for_a_token_that_acts_for_the_user(account: Account, browser: Browser, app: App) -> None:
    response = app.exchange(code_of(browser, app))

    assert response.status == 200
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    made = response.json()
    assert [*made] == ["access_token", "refresh_token", "expires_in", "scope", "token_type"]
    assert (made["expires_in"], made["scope"], made["token_type"]) == (DAY, "", "bearer")
    me = account.client.get("/v2/current_user", Authorization=f"Bearer {made['access_token']}").json()
    assert me["id"] == account.leader.id
    assert not is_token_valid(account.client, made["refresh_token"])


@pytest.mark.parametrize("accept", [None, "*/*", "text/html", "application/x-www-form-urlencoded"])
def test_the_response_is_form_encoded_unless_json_is_accepted(browser: Browser, app: App, accept: str | None) -> None:
    fields = {**app.credentials, "grant_type": "authorization_code", "code": code_of(browser, app)}
    response = app.client.post(PATH, urlencode(fields).encode(), Content_Type=FORM, Accept=accept)

    assert response.status == 200
    assert response.headers["content-type"] == FORM
    pairs = parse_qsl(response.body.decode(), keep_blank_values=True, strict_parsing=True)
    assert [name for name, _ in pairs] == ["access_token", "expires_in", "refresh_token", "scope", "token_type"]
    assert dict(pairs)["expires_in"] == str(DAY)
    assert b"&scope=&token_type=bearer" in response.body


@pytest.mark.parametrize(
    "carrier",
    [
        lambda fields: {"body": urlencode(fields).encode(), "headers": {"content-type": FORM}},
        lambda fields: {"body": urlencode(fields).encode()},
        lambda fields: {"body": fields, "headers": {"content-type": "application/json; charset=utf-8"}},
        lambda fields: {"body": fields},
        lambda fields: {"query": fields},
        lambda fields: {
            "query": {"client_id": fields.pop("client_id")},
            "body": urlencode(fields).encode(),
            "headers": {"content-type": FORM},
        },
    ],
    ids=["form", "form without a type", "JSON", "JSON without a type", "query", "both"],
)
def test_parameters_are_read_from_the_query_a_form_or_json(browser: Browser, app: App, carrier: Any) -> None:
    fields = {**app.credentials, "grant_type": "authorization_code", "code": code_of(browser, app)}

    assert app.client.request("POST", PATH, **carrier(fields)).status == 200


def test_client_credentials_are_accepted_by_http_basic(browser: Browser, app: App) -> None:
    code = code_of(browser, app)
    header = {"authorization": basic_auth(app.client_id, app.client_secret or "")}

    assert_fault(app.exchange(code, client_id=None, client_secret=None), "invalid_request")
    wrong = {"authorization": basic_auth(app.client_id, "wrong")}
    assert_fault(app.with_headers(**wrong).exchange(code, client_id=None, client_secret=None), "invalid_client")
    assert app.with_headers(**header).exchange(code, client_id=None, client_secret=None).status == 200
    assert app.with_headers(**header).exchange(code_of(browser, app)).status == 200


@pytest.mark.parametrize("value", ["Basic", "Basic !", "Basic Og==", "Basic /w==", "basic " + "x" * 40_000])
def test_an_authorization_header_other_than_basic_is_an_error(app: App, value: str) -> None:
    response = app.with_headers(authorization=value).exchange("x", client_id=None, client_secret=None)

    assert_fault(response, "invalid_request")


def test_a_header_and_parameters_of_two_applications_are_an_error(app: App, other_app: App) -> None:
    header = {"authorization": basic_auth(other_app.client_id, other_app.client_secret or "")}

    assert_fault(app.with_headers(**header).exchange("x"), "invalid_request")


@pytest.mark.parametrize("name", ["client_id", "grant_type", "code"])
def test_missing_and_empty_parameters_are_errors(app: App, name: str) -> None:
    for value in (None, ""):
        response = app.request_token(**{"grant_type": "authorization_code", "code": "x", name: value})

        assert_fault(response, "invalid_request")
        assert name in response.json()["error_description"]


def test_a_missing_refresh_token_is_an_error(app: App) -> None:
    assert_fault(app.request_token(grant_type="refresh_token"), "invalid_request")


def test_unsupported_grant_types_are_rejected(app: App) -> None:
    for grant_type in ("password", "client_credentials", "implicit", "openid", "Authorization_code", "\0"):
        assert_fault(
            app.request_token(grant_type=grant_type, code="x", username="a", password="b"), "unsupported_grant_type"
        )


@pytest.mark.parametrize("is_good_code", [True, False])
def test_a_wrong_client_secret_gets_no_token(browser: Browser, app: App, is_good_code: bool) -> None:
    code = code_of(browser, app)
    wrong: list[dict[str, str | None]] = [
        {"client_id": "nobody"},
        {"client_id": "0" * 32},
        {"client_id": "\0"},
        {"client_id": "x" * 60_000},
        {"client_secret": "wrong"},
        {"client_secret": None},
        {"client_secret": ""},
        {"client_secret": "\0"},
    ]

    for credentials in wrong:
        assert_fault(app.exchange(code if is_good_code else "unknown", **credentials), "invalid_client")
    assert app.exchange(code).status == 200


def test_a_secret_of_another_application_is_rejected(app: App, other_app: App) -> None:
    assert_fault(app.exchange("x", client_secret=other_app.client_secret), "invalid_client")


def test_unknown_codes_and_refresh_tokens_are_rejected(app: App) -> None:
    for unknown in ("unknown", "0" * 64, "\0", "x" * 60_000):
        assert_fault(app.exchange(unknown), "invalid_grant")
        assert_fault(app.refresh(unknown), "invalid_grant")


def test_a_code_presented_by_another_application_stays_valid(browser: Browser, app: App, other_app: App) -> None:
    code = code_of(browser, app)

    assert_fault(other_app.exchange(code), "invalid_grant")
    assert app.exchange(code).status == 200
    # It does not count as a second use either.
    assert_fault(other_app.exchange(code), "invalid_grant")


def test_a_refresh_token_of_another_application_is_rejected(account: Account, app: App, other_app: App) -> None:
    made = obtain_tokens(account, account.leader, app)

    assert_fault(other_app.refresh(made["refresh_token"]), "invalid_grant")
    assert app.refresh(made["refresh_token"]).status == 200


def test_a_code_is_not_a_refresh_token_nor_the_reverse(account: Account, browser: Browser, app: App) -> None:
    made = obtain_tokens(account, account.leader, app)

    assert_fault(app.exchange(made["refresh_token"]), "invalid_grant")
    assert_fault(app.refresh(code_of(browser, app)), "invalid_grant")
    assert_fault(app.refresh(made["access_token"]), "invalid_grant")


@pytest.mark.parametrize(("seconds", "is_good"), [(599, True), (600, False)])
def test_a_code_expires_after_ten_minutes(
    browser: Browser, app: App, clock: FakeClock, seconds: int, is_good: bool
) -> None:
    code = code_of(browser, app)
    clock.advance(seconds)

    assert app.exchange(code).status == (200 if is_good else 400)


def test_reusing_a_code_revokes_the_tokens_it_issued(account: Account, browser: Browser, app: App) -> None:
    code = code_of(browser, app)
    first = app.exchange(code).json()
    second = app.refresh(first["refresh_token"]).json()
    untouched = app.exchange(code_of(browser, app)).json()
    assert is_token_valid(account.client, second["access_token"])

    assert_fault(app.exchange(code), "invalid_grant")

    assert not is_token_valid(account.client, first["access_token"])
    assert not is_token_valid(account.client, second["access_token"])
    assert_fault(app.refresh(second["refresh_token"]), "invalid_grant")
    assert is_token_valid(account.client, untouched["access_token"])
    assert app.refresh(untouched["refresh_token"]).status == 200


def test_a_used_code_stays_used_after_it_expired(
    account: Account, browser: Browser, app: App, clock: FakeClock
) -> None:
    code = code_of(browser, app)
    made = app.exchange(code).json()
    clock.advance(3600)

    assert_fault(app.exchange(code), "invalid_grant")
    assert not is_token_valid(account.client, made["access_token"])


def test_reusing_a_code_without_the_secret_revokes_nothing(account: Account, browser: Browser, app: App) -> None:
    code = code_of(browser, app)
    made = app.exchange(code).json()

    assert_fault(app.exchange(code, client_secret="wrong"), "invalid_client")

    assert is_token_valid(account.client, made["access_token"])


def test_one_of_many_parallel_exchanges_of_a_code_succeeds(account: Account, browser: Browser, app: App) -> None:
    code = code_of(browser, app)

    with ThreadPoolExecutor(8) as threads:
        # Each with a connection of its own.
        apps = [replace(app, client=account.client.with_token(None)) for _ in range(8)]
        replies = [*threads.map(lambda each: each.exchange(code), apps)]

    assert sorted(response.status for response in replies) == [200] + [400] * 7
    [made] = [response.json() for response in replies if response.status == 200]
    assert not is_token_valid(account.client, made["access_token"])


def test_a_refresh_issues_new_tokens_and_ends_the_old_refresh_token(account: Account, app: App) -> None:
    first = obtain_tokens(account, account.leader, app)

    second = app.refresh(first["refresh_token"]).json()
    third = app.refresh(second["refresh_token"]).json()

    assert [*second] == [*first]
    assert len({made[name] for made in (first, second, third) for name in ("access_token", "refresh_token")}) == 6
    assert is_token_valid(account.client, third["access_token"])
    # Issued tokens stay valid until they expire.
    assert is_token_valid(account.client, first["access_token"])


def test_a_refresh_can_be_repeated_once_if_its_response_was_lost(account: Account, app: App, clock: FakeClock) -> None:
    first = obtain_tokens(account, account.leader, app)
    lost = app.refresh(first["refresh_token"]).json()
    clock.advance(60)

    repeated = app.refresh(first["refresh_token"]).json()

    assert repeated == {**lost, "expires_in": lost["expires_in"] - 60}
    assert is_token_valid(account.client, repeated["access_token"])
    assert app.refresh(repeated["refresh_token"]).status == 200


def test_parallel_refreshes_with_one_token_return_the_same_tokens(account: Account, app: App) -> None:
    first = obtain_tokens(account, account.leader, app)

    with ThreadPoolExecutor(2) as threads:
        # Each with a connection of its own.
        apps = [replace(app, client=account.client.with_token(None)) for _ in range(2)]
        responses = [*threads.map(lambda each: each.refresh(first["refresh_token"]), apps)]

    assert {(response.status, response.json()["refresh_token"]) for response in responses} == {
        (200, responses[0].json()["refresh_token"])
    }


@pytest.mark.parametrize("reuse", ["a minute later", "a third time", "after its successor"])
def test_reusing_a_refresh_token_revokes_the_whole_token_family(
    account: Account, app: App, clock: FakeClock, reuse: str
) -> None:
    first = obtain_tokens(account, account.leader, app)
    second = app.refresh(first["refresh_token"]).json()
    match reuse:
        case "a minute later":
            clock.advance(61)
        case "a third time":
            assert app.refresh(first["refresh_token"]).status == 200
        case _:
            second = app.refresh(second["refresh_token"]).json()

    assert_fault(app.refresh(first["refresh_token"]), "invalid_grant")

    assert not is_token_valid(account.client, first["access_token"])
    assert not is_token_valid(account.client, second["access_token"])
    assert_fault(app.refresh(second["refresh_token"]), "invalid_grant")


def test_only_the_application_itself_can_repeat_a_refresh(account: Account, app: App, other_app: App) -> None:
    first = obtain_tokens(account, account.leader, app)
    second = app.refresh(first["refresh_token"]).json()

    assert_fault(other_app.refresh(first["refresh_token"]), "invalid_grant")
    assert_fault(app.refresh(first["refresh_token"], client_secret="wrong"), "invalid_client")

    assert is_token_valid(account.client, second["access_token"])


def test_a_disabled_user_gets_no_repeated_refresh(account: Account, app: App) -> None:
    first = obtain_tokens(account, account.leader, app)
    app.refresh(first["refresh_token"])
    account.set_state(account.leader, "suspended")

    assert_fault(app.refresh(first["refresh_token"]), "invalid_grant")


def test_an_access_token_expires_and_is_refreshed(account: Account, app: App, clock: FakeClock) -> None:
    made = obtain_tokens(account, account.leader, app)
    clock.advance(DAY - 1)
    assert is_token_valid(account.client, made["access_token"])

    clock.advance(1)
    response = account.client.get("/v2/current_user", Authorization=f"Bearer {made['access_token']}")
    assert (response.status, response.json()) == (401, {"message": "Unauthorized"})
    assert response.headers["www-authenticate"] == 'Basic realm="noko", Bearer'

    assert is_token_valid(account.client, app.refresh(made["refresh_token"]).json()["access_token"])


def test_the_lifetime_of_access_tokens_is_a_setting(make_server: MakeServer, clock: FakeClock) -> None:
    server = make_server(oauth_token_seconds=60)
    account = make_account(server.database, server.client)
    made = obtain_tokens(account, account.leader, register_app(server.database, server.client))
    assert made["expires_in"] == 60

    clock.advance(60)
    assert not is_token_valid(account.client, made["access_token"])


def test_a_refresh_token_expires_a_year_after_its_creation(account: Account, app: App, clock: FakeClock) -> None:
    made = obtain_tokens(account, account.leader, app)
    clock.advance(364 * DAY)
    made = app.refresh(made["refresh_token"]).json()
    clock.advance(365 * DAY)

    assert_fault(app.refresh(made["refresh_token"]), "invalid_grant")


@pytest.mark.parametrize(
    "carrier",
    [
        lambda token: {"headers": {"authorization": f"Bearer {token}"}},
        lambda token: {"headers": {"authorization": f"token {token}"}},
        lambda token: {"headers": {"authorization": basic_auth(token, "x-oauth-basic")}},
        lambda token: {"headers": {"authorization": basic_auth(token)}},
        lambda token: {"headers": {"x-nokotoken": token}},
        lambda token: {"query": {"access_token": token}},
        lambda token: {"query": {"noko_token": token}},
    ],
    ids=["Bearer", "token", "Basic x-oauth-basic", "Basic", "X-NokoToken", "access_token", "noko_token"],
)
def test_an_access_token_authenticates_in_every_header_and_parameter(account: Account, app: App, carrier: Any) -> None:
    token = obtain_tokens(account, account.leader, app)["access_token"]

    assert account.client.request("GET", "/v2/current_user", **carrier(token)).json()["id"] == account.leader.id


def test_authenticating_an_access_token_takes_one_statement(account: Account, app: App) -> None:
    token = obtain_tokens(account, account.contractor, app)["access_token"]
    account.client.get("/v2/account", Authorization=f"Bearer {token}")

    with capture_statements(account.database) as statements:
        account.client.get("/v2/account", Authorization=f"Bearer {token}")

    # And the account.
    assert len(statements) == 2


def test_a_token_has_exactly_the_rights_of_its_user(account: Account, app: App) -> None:
    token = obtain_tokens(account, account.contractor, app)["access_token"]

    assert account.client.get("/v2/users", Authorization=f"Bearer {token}").status == 403


@pytest.mark.parametrize(
    ("sent", "given", "is_good"),
    [
        (None, None, True),
        (None, CALLBACK, True),
        (None, f"{CALLBACK}/a", False),
        (CALLBACK, CALLBACK, True),
        (CALLBACK, None, False),
        (f"{CALLBACK}/a", f"{CALLBACK}/a", True),
        (f"{CALLBACK}/a", CALLBACK, False),
        (f"{CALLBACK}/a", None, False),
        (f"{CALLBACK}/a", f"{CALLBACK}/a/", False),
        ("https://app.test/cb", CALLBACK, False),
        (f"{CALLBACK}?a=%7e", f"{CALLBACK}?a=~", False),
    ],
)
def test_the_redirect_uri_must_match_the_authorization_request(
    browser: Browser, app: App, sent: str | None, given: str | None, is_good: bool
) -> None:
    page = browser.get(app.authorize_url(**({} if sent is None else {"redirect_uri": sent})))
    location = browser.submit(page, decision="allow").headers["location"]
    code = dict(parse_qsl(location.partition("?")[2]))["code"]

    response = app.exchange(code, redirect_uri=given)
    if is_good:
        assert response.status == 200
    else:
        assert_fault(response, "invalid_grant")
        # A mistake does not count as a second use.
        assert app.exchange(code, redirect_uri=sent).status == 200


def test_a_public_application_must_send_the_pkce_verifier(account: Account, browser: Browser, public_app: App) -> None:
    code = code_of(browser, public_app, **PKCE)

    assert_fault(public_app.exchange(code), "invalid_request")
    assert_fault(public_app.exchange(code, code_verifier="x" * 43), "invalid_grant")
    assert_fault(public_app.exchange(code, code_verifier=CHALLENGE), "invalid_grant")
    made = public_app.exchange(code, code_verifier=VERIFIER).json()

    assert is_token_valid(account.client, made["access_token"])
    assert is_token_valid(account.client, public_app.refresh(made["refresh_token"]).json()["access_token"])


def test_a_public_application_must_not_send_a_secret(browser: Browser, public_app: App) -> None:
    code = code_of(browser, public_app, **PKCE)

    assert_fault(public_app.exchange(code, code_verifier=VERIFIER, client_secret="anything"), "invalid_client")


def test_a_pkce_challenge_binds_confidential_applications_too(browser: Browser, app: App) -> None:
    code = code_of(browser, app, **PKCE)

    assert_fault(app.exchange(code), "invalid_request")
    assert_fault(app.exchange(code, code_verifier="x" * 43), "invalid_grant")
    assert app.exchange(code, code_verifier=VERIFIER).status == 200


def test_a_pkce_verifier_without_a_challenge_is_rejected(browser: Browser, app: App) -> None:
    assert_fault(app.exchange(code_of(browser, app), code_verifier=VERIFIER), "invalid_grant")


@pytest.mark.parametrize("state", ["disabled", "suspended"])
def test_disabled_and_suspended_users_get_no_tokens(account: Account, browser: Browser, app: App, state: str) -> None:
    made = obtain_tokens(account, account.leader, app)
    code = code_of(browser, app)
    account.set_state(account.leader, state)

    assert_fault(app.exchange(code), "invalid_grant")
    assert_fault(app.refresh(made["refresh_token"]), "invalid_grant")
    assert not is_token_valid(account.client, made["access_token"])

    account.set_state(account.leader, "active")
    assert app.exchange(code).status == 200
    assert app.refresh(made["refresh_token"]).status == 200


def test_codes_survive_an_account_lock(account: Account, browser: Browser, app: App) -> None:
    made = obtain_tokens(account, account.leader, app)
    code = code_of(browser, app)
    account.change_settings(locked="on")

    for response in (app.exchange(code), app.refresh(made["refresh_token"])):
        assert (response.status, response.json()) == (503, {"message": "Account is locked for maintenance"})

    account.change_settings(locked="off")
    assert app.exchange(code).status == 200
    assert app.refresh(made["refresh_token"]).status == 200


@pytest.mark.parametrize("is_split", [True, False])
def test_a_repeated_parameter_is_an_error(app: App, is_split: bool) -> None:
    for name in ("client_id", "client_secret", "grant_type", "code", "redirect_uri", "refresh_token", "code_verifier"):
        fields = [*{**app.credentials, "grant_type": "authorization_code", "code": "x", name: "x"}.items()]
        query = f"{name}=x" if is_split else None
        body = urlencode(fields if is_split else [*fields, (name, "x")]).encode()

        response = app.client.request("POST", PATH, query=query, body=body, headers={"content-type": FORM})

        assert_fault(response, "invalid_request")
        assert name in response.json()["error_description"]


def test_unknown_parameters_may_be_repeated(browser: Browser, app: App) -> None:
    fields = {**app.credentials, "grant_type": "authorization_code", "code": code_of(browser, app)}
    body = urlencode([*fields.items(), ("scope", "a"), ("scope", "b"), ("user", "1"), ("client", "x")]).encode()

    assert app.client.request("POST", PATH, body=body, headers={"content-type": FORM}).status == 200


NONSENSE = [
    b"",
    b"\0",
    b"\xff\xfe",
    b"&&&===",
    b"%",
    b"client_id=%FF&grant_type=%00",
    b"client_id=a&grant_type=%ED%A0%80",
    b"{",
    b"{}",
    b'{"client_id": 1}',
    b'{"client_id": ["a"]}',
    b'{"client_id": null}',
    b'{"client_id": "\\u0000", "grant_type": "authorization_code"}',
    b'{"client_id": "\xc3\xbc", "grant_type": "authorization_code", "code": "x"}',
    b'{"client_id": "\\ud800", "grant_type": "authorization_code", "code": "x"}',
    b'{"a":' * 10_000,
    b"[]",
    b"--boundary\r\nContent-Disposition: form-data",
]


@pytest.mark.parametrize("content_type", [FORM, "application/json", "multipart/form-data; boundary=boundary", None])
def test_malformed_bodies_are_oauth_errors(server: Server, content_type: str | None) -> None:
    for body in NONSENSE:
        assert_fault(server.client.post(PATH, body, Content_Type=content_type), "invalid_request")


def test_a_body_over_the_limit_is_not_read(server: Server) -> None:
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\nConnection: close\r\n\r\n"
    answer = server.client.send_raw(head.encode())

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"] == "invalid_request"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_405(server: Server, method: str) -> None:
    response = server.client.request(method, PATH)

    assert (response.status, response.json()) == (405, {"message": "Method not allowed"})
    assert "POST" in response.headers["allow"]


def test_no_user_agent_is_required(server: Server) -> None:
    assert_fault(server.client.post(PATH, b"", User_Agent=None), "invalid_request")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_token_endpoint_has_its_own_rate_limit(make_server: MakeServer, clock: FakeClock) -> None:
    client = make_server(oauth_rate_limit=RateLimit(1, 2)).client

    assert [client.post(PATH).status for _ in range(3)] == [400, 400, 429]
    response = client.post(PATH)
    assert (response.body, response.headers["retry-after"]) == (b"", "1")
    assert client.get("/v2/account").status == 401
    clock.advance(1)
    assert client.post(PATH).status == 400


def test_no_code_token_or_secret_is_stored_or_logged(
    account: Account, browser: Browser, app: App, logged: Logged
) -> None:
    code = code_of(browser, app)
    made = app.exchange(code).json()
    app.refresh(made["refresh_token"])
    app.exchange("wrong")
    kept = []
    for table in ("tokens", "refresh_tokens", "authorizations", "applications"):
        select = Statement(text(f"SELECT * FROM {table}"))
        kept += account.database.read_now(lambda tx, select: tx.all(select), select)

    for secret in (code, app.client_secret, made["access_token"], made["refresh_token"]):
        assert str(secret) not in str(kept)
        assert str(secret) not in str(logged)


def test_revoking_an_access_token_revokes_its_refresh_token(account: Account, app: App) -> None:
    made = obtain_tokens(account, account.leader, app)
    [row] = [row for row in account.database.read_now(tokens.list_all) if row.expires_at is not None]
    assert (row.name, row.email) == ("OAuth: Planner", account.leader.email)

    account.database.write_now(account.id, tokens.revoke, row.id)

    assert not is_token_valid(account.client, made["access_token"])
    assert_fault(app.refresh(made["refresh_token"]), "invalid_grant")
    assert is_token_valid(account.client, account.leader.token)


def test_revoking_an_application_revokes_all_its_tokens(
    account: Account, other_account: Account, app: App, other_app: App
) -> None:
    made = [obtain_tokens(account, account.leader, app), obtain_tokens(other_account, other_account.owner, app)]
    kept = obtain_tokens(account, account.leader, other_app)
    database = account.database

    id = database.run_now(applications.mark_revoked, app.client_id)
    assert_fault(app.refresh(made[0]["refresh_token"]), "invalid_client")
    for account_id in database.read_now(revoking.find_accounts, id):
        database.write_now(account_id, revoking.revoke_for_application, id)
    database.run_now(applications.remove, id)

    assert [is_token_valid(account.client, each["access_token"]) for each in made] == [False, False]
    assert_fault(app.exchange("x"), "invalid_client")
    assert is_token_valid(account.client, kept["access_token"])


def test_deleting_a_user_deletes_authorizations_and_tokens(account: Account, app: App) -> None:
    made = obtain_tokens(account, account.contractor, app)

    assert account.owner.client.delete(f"/v2/users/{account.contractor.id}").status == 204

    assert not is_token_valid(account.client, made["access_token"])
    assert_fault(app.refresh(made["refresh_token"]), "invalid_grant")


def counts(database: Database) -> dict[str, int]:
    """Count the rows that cleanup may delete."""
    found = {}
    for table in ("sessions", "authorizations", "refresh_tokens", "tokens"):
        where = " WHERE expires_at IS NOT NULL" if table == "tokens" else ""
        select = Statement(text(f"SELECT count(*) FROM {table}{where}"))
        found[table] = database.read_now(lambda tx, select: tx.value(select), select)
    return found


def clear(database: Database) -> None:
    """One round of maintenance."""
    for chore in cleanup.CLEANUP_TASKS:
        while database.run_now(chore):
            pass


def test_cleanup_deletes_expired_codes_and_tokens_only(
    account: Account, browser: Browser, app: App, clock: FakeClock
) -> None:
    database = account.database
    code_of(browser, app)
    made = app.exchange(code_of(browser, app)).json()
    made = app.refresh(made["refresh_token"]).json()
    clear(database)
    assert counts(database) == {"sessions": 1, "authorizations": 2, "refresh_tokens": 2, "tokens": 2}

    # One day after expiry: the code that was never exchanged, and the access tokens.
    clock.advance(2 * DAY + 1)
    clear(database)
    assert counts(database) == {"sessions": 1, "authorizations": 1, "refresh_tokens": 2, "tokens": 0}

    # The session, and the refresh token that was used.
    clock.advance(30 * DAY)
    clear(database)
    assert counts(database) == {"sessions": 0, "authorizations": 1, "refresh_tokens": 1, "tokens": 0}
    assert is_token_valid(account.client, app.refresh(made["refresh_token"]).json()["access_token"])

    # All of it, with the authorization. While the last use of the token is recorded, its row is locked and left.
    clock.advance(367 * DAY)
    nothing = {"sessions": 0, "authorizations": 0, "refresh_tokens": 0, "tokens": 0}

    def left() -> dict[str, int]:
        clear(database)
        return counts(database)

    eventually(left, nothing)
    assert is_token_valid(account.client, account.leader.token)


def test_worker_maintenance_runs_the_oauth_cleanup(
    account: Account, app: App, clock: FakeClock, make_server: MakeServer, delivering: Delivering
) -> None:
    obtain_tokens(account, account.leader, app)
    clock.advance(400 * DAY)
    server = make_server(site_options={"lifespans": [delivering]})

    for _ in range(2000):
        if not any(counts(server.database).values()):
            break
        server.client.get("/health")
    assert not any(counts(server.database).values())
