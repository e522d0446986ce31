"""The ways to send an API token (``docs/api/conventions.md#authentication``)."""

from typing import Any

import pytest

from tests.support.accounts import Account
from tests.support.clients import basic_auth

UNAUTHORIZED = {"message": "Unauthorized"}


@pytest.mark.parametrize(
    "headers",
    [
        {"X-NokoToken": "{}"},
        {"x-nokotoken": "{}"},
        {"X-FreckleToken": "{}"},
        {"Authorization": "Bearer {}"},
        {"Authorization": "bearer {}"},
        {"Authorization": "token {}"},
    ],
    ids=str,
)
def test_a_header_carries_a_token(account: Account, headers: dict[str, str]) -> None:
    sent = {name: value.format(account.leader.token) for name, value in headers.items()}

    assert account.client.get("/v2/current_user", **sent).json()["id"] == account.leader.id


@pytest.mark.parametrize("password", ["", "x-noko-token", "x-freckle-token", "x-oauth-basic"])
def test_a_token_is_the_user_name_of_basic_authentication(account: Account, password: str) -> None:
    response = account.client.get("/v2/current_user", Authorization=basic_auth(account.leader.token, password))

    assert response.json()["id"] == account.leader.id


@pytest.mark.parametrize("name", ["noko_token", "freckle_token", "access_token", "token"])
def test_the_query_carries_a_token(account: Account, name: str) -> None:
    response = account.client.get("/v2/current_user", {name: account.leader.token})

    assert response.json()["id"] == account.leader.id


def test_only_the_first_credential_in_the_documented_order_is_tried(account: Account) -> None:
    carriers: list[tuple[str, str]] = [
        ("header", "X-NokoToken"),
        ("header", "X-FreckleToken"),
        ("header", "Authorization"),
        ("query", "noko_token"),
        ("query", "freckle_token"),
        ("query", "access_token"),
        ("query", "token"),
    ]
    for index, (kind, name) in enumerate(carriers):
        token = account.leader.token
        headers = {"Authorization": f"Bearer {token}"} if name == "Authorization" else {name: token}
        query: dict[str, Any] = headers if kind == "query" else {}
        later = carriers[index + 1 :]
        wrong_query = {name: "wrong" for kind, name in later if kind == "query"}
        wrong_headers = {name: "wrong" for kind, name in later if kind == "header"}
        sent = wrong_headers | (headers if kind == "header" else {})

        response = account.client.get("/v2/current_user", wrong_query | query, **sent)
        assert response.status == 200, name

        if index:
            earlier = carriers[index - 1]
            wrong = {earlier[1]: "wrong"}
            response = account.client.get(
                "/v2/current_user",
                query | (wrong if earlier[0] == "query" else {}),
                **(sent | (wrong if earlier[0] == "header" else {})),
            )
            assert response.status == 401, name


def test_a_blank_credential_counts_as_absent(account: Account) -> None:
    response = account.client.get(
        "/v2/current_user", {"noko_token": ""}, X_NokoToken=" ", X_FreckleToken=account.leader.token
    )

    assert response.status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-NokoToken": "unknown-token"},
        {"X-NokoToken": "a" * 10_000},
        {"X-NokoToken": "caf\u00e9"},
        {"X-NokoToken": "' OR 1=1 --"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer  "},
        {"Authorization": "Digest username=x"},
        {"Authorization": "Basic ***"},
        {"Authorization": "Basic /////w=="},
        {"Authorization": "Basic"},
    ],
    ids=str,
)
def test_an_invalid_credential_is_a_401(account: Account, headers: dict[str, str]) -> None:
    response = account.client.get("/v2/current_user", **headers)

    assert response.status == 401
    assert response.json() == UNAUTHORIZED
    assert response.headers["www-authenticate"] == 'Basic realm="noko", Bearer'


def test_a_token_with_an_unknown_password_is_refused(account: Account) -> None:
    response = account.client.get("/v2/current_user", Authorization=basic_auth(account.leader.token, "secret"))

    assert response.status == 401


@pytest.mark.parametrize("state", ["disabled", "suspended"])
def test_a_token_of_a_disabled_or_suspended_user_is_refused(account: Account, state: str) -> None:
    person = account.add("former", "leader")
    assert person.client.get("/v2/account").status == 200

    account.set_state(person, state)

    assert person.client.get("/v2/account").status == 401
    assert person.client.put("/v2/current_user", {"first_name": "Back"}).status == 401


def test_a_token_of_a_pending_user_is_accepted(account: Account) -> None:
    assert account.add("new", "leader", state="pending").client.get("/v2/account").status == 200


def test_a_revoked_token_is_refused(account: Account) -> None:
    account.revoke_tokens(account.leader)

    assert account.leader.client.get("/v2/account").status == 401


@pytest.mark.parametrize(
    "body", [{"first_name": "Back"}, b"{", b" " * 2_000_000], ids=["valid", "no JSON", "too large"]
)
def test_a_token_revoked_after_a_write_is_a_401_before_anything_else(account: Account, body: object) -> None:
    client = account.leader.client
    assert client.put("/v2/current_user", {"first_name": "Ada"}).status == 200
    account.revoke_tokens(account.leader)

    assert client.put("/v2/current_user", body).status == 401
    assert client.put("/v2/current_user", body).status == 401
