"""``/welcome``: the first account of an empty server."""

import pytest

from hourhook.domain.set_up import set_up_code
from tests.conftest import MakeServer, Server
from tests.support.accounts import Account
from tests.support.browsers import Browser
from tests.support.clients import Response
from tests.support.dependencies import DEPENDENCIES

CODE = set_up_code(DEPENDENCIES.keyring)
FIELDS = {
    "account_name": "Harbour Office",
    "first_name": "Ada",
    "last_name": "Byron",
    "email": "ada@harbour.test",
    "password": "correct horse",
}


def set_up(browser: Browser, **fields: str) -> Response:
    return browser.submit(browser.get("/welcome"), **{**FIELDS, **fields})


def test_the_first_account_ends_signed_in_at_today(server: Server) -> None:
    browser = Browser(server.client)

    response = set_up(browser)

    assert (response.status, response.headers["location"]) == (303, "/")
    page = browser.get("/").body.decode()
    assert "<h1>Today</h1>" in page
    assert "Ada Byron" in page
    assert "Harbour-Office" in page


def test_there_is_no_welcome_once_there_is_an_account(account: Account) -> None:
    assert account.client.with_token(None).get("/welcome").status == 404
    assert Browser(account.client).post("/welcome", FIELDS).status == 404


def test_a_second_newcomer_is_too_late(server: Server) -> None:
    browser, late = Browser(server.client), Browser(server.client)
    page, late_page = browser.get("/welcome"), late.get("/welcome")
    browser.submit(page, **FIELDS)

    assert late.submit(late_page, **{**FIELDS, "account_name": "other", "email": "eve@harbour.test"}).status == 404
    assert not late.sign_in("eve@harbour.test", "correct horse").headers.get("location")


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("account_name", "", "Fill this in."),
        ("account_name", "Häfen", "Use up to 63 letters"),
        ("account_name", "-x", "Use up to 63 letters"),
        ("email", "ada", "This is not an e-mail address."),
        ("email", "", "Fill this in."),
        ("password", "short", "This password cannot be used."),
        ("password", "", "Fill this in."),
        ("first_name", "x" * 300, "This cannot be used."),
    ],
)
def test_invalid_fields_are_explained_and_what_was_typed_stays(
    server: Server, field: str, value: str, sentence: str
) -> None:
    response = set_up(Browser(server.client), **{field: value})

    page = response.body.decode()
    assert response.status == 422
    assert f'<p class="error" id="{field}-note">{sentence}' in page
    assert "correct horse" not in page
    assert ('value="Ada"' in page) is (field != "first_name")


@pytest.mark.parametrize(
    ("base_url", "headers"),
    [
        ("https://time.example.com", {}),
        (None, {"x-forwarded-for": "203.0.113.7"}),
        (None, {"forwarded": "for=203.0.113.7"}),
    ],
    ids=["a public base URL", "a proxy", "a proxy with Forwarded"],
)
def test_from_elsewhere_it_asks_for_the_set_up_code(
    make_server: MakeServer, base_url: str | None, headers: dict[str, str]
) -> None:
    server = make_server(**({"base_url": base_url} if base_url else {}))
    browser = Browser(server.client)
    page = browser.get("/welcome", **headers)
    assert b'<label for="code">Set-up code</label>' in page.body
    fields = {**FIELDS, "csrf_token": csrf_token(page)}

    assert b"not the set-up code" in browser.post("/welcome", {**fields, "code": "AAAA-AAAA"}, **headers).body
    assert browser.post("/welcome", fields, **headers).status == 422
    assert browser.post("/welcome", {**fields, "code": f" {CODE.lower().replace('-', '')}"}, **headers).status == 303


def test_the_set_up_code_cannot_be_guessed(make_server: MakeServer) -> None:
    browser = Browser(make_server(base_url="https://time.example.com").client)
    fields = {**FIELDS, "csrf_token": csrf_token(browser.get("/welcome"))}
    statuses = [browser.post("/welcome", {**fields, "code": f"AAAA-AAA{number}"}).status for number in range(12)]

    assert statuses == [422] * 10 + [429] * 2
    assert browser.post("/welcome", {**fields, "code": CODE}).status == 429


def test_a_form_without_proof_creates_nothing(server: Server) -> None:
    assert Browser(server.client).post("/welcome", FIELDS).status == 403
    assert set_up(Browser(server.client), csrf_token="0" * 64).status == 403


def csrf_token(page: Response) -> str:
    return page.body.decode().partition('name="csrf_token" value="')[2].partition('"')[0]
