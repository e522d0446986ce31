"""``/applications``: introspection and revocation of tokens (docs/api/oauth.md#token-introspection)."""

from typing import Any

import pytest

from tests.conftest import Logged
from tests.support.accounts import Account
from tests.support.clients import basic_auth
from tests.support.clocks import FakeClock
from tests.support.oauth_clients import (
    App,
    BasicAuthClient,
    app_basic_auth_client,
    basic_auth_client,
    is_token_valid,
    obtain_tokens,
    register_app,
)

DAY = 86_400


@pytest.fixture
def asking(app: App) -> BasicAuthClient:
    """A client with the application's credentials."""
    return app_basic_auth_client(app)


@pytest.fixture
def leader(account: Account) -> BasicAuthClient:
    """A client with the leader's password."""
    return basic_auth_client(account, account.leader)


def path_of(app: App, *token: str) -> str:
    return "/".join(["", "applications", app.client_id, "tokens", *token])


def authorize(client: BasicAuthClient, account: Account, app: App) -> Any:
    """Create an authorization with a password."""
    return client.post(f"/authorizations/{account.name}", {**app.credentials, "note": "kitchen"}).json()


def test_a_token_made_with_a_password_is_shown_as_its_user_sees_it(
    account: Account, leader: BasicAuthClient, app: App, asking: BasicAuthClient
) -> None:
    created = authorize(leader, account, app)

    response = asking.get(path_of(app, created["token"]))

    assert (response.status, response.json()) == (200, created)
    assert [*response.json()] == [*created]


def test_a_token_from_the_consent_page_is_shown_as_its_user_sees_it(
    account: Account, app: App, asking: BasicAuthClient
) -> None:
    created = obtain_tokens(account, account.leader, app)

    shown = asking.get(path_of(app, created["access_token"]) + "/").json()

    assert shown["token"] == created["access_token"]
    assert shown["url"] == f"{account.base_url}/authorizations/northwind/{shown['id']}"
    assert (shown["scopes"], shown["note"], shown["note_url"]) == ([], None, None)
    assert shown["app"] == {"url": "http://app.test", "name": "Planner", "client_id": app.client_id}
    assert shown["updated_at"] == shown["created_at"]


def test_unknown_tokens_are_404(
    account: Account, app: App, other_app: App, asking: BasicAuthClient, clock: FakeClock
) -> None:
    foreign = obtain_tokens(account, account.leader, other_app)["access_token"]
    created = obtain_tokens(account, account.leader, app)
    unknown = ["x", "%00", "%FF", "%C3%BC", "9" * 5_000, account.leader.token, foreign, created["refresh_token"]]

    for token in unknown:
        for method in ("GET", "DELETE"):
            response = asking.request(method, path_of(app, token))
            assert (response.status, response.body) == (404, b""), token
    clock.advance(DAY)
    for method in ("GET", "DELETE"):
        assert asking.request(method, path_of(app, created["access_token"])).status == 404
    assert is_token_valid(account.client, account.leader.token)


@pytest.mark.parametrize("state", ["disabled", "suspended"])
def test_a_blocked_users_token_is_invalid_and_revocable(
    account: Account, app: App, asking: BasicAuthClient, state: str
) -> None:
    token = obtain_tokens(account, account.leader, app)["access_token"]
    account.set_state(account.leader, state)

    assert asking.get(path_of(app, token)).status == 404
    assert asking.delete(path_of(app, token)).status == 204
    account.set_state(account.leader, "active")
    assert not is_token_valid(account.client, token)


def test_revoking_one_token_leaves_the_others(account: Account, app: App, asking: BasicAuthClient) -> None:
    first = obtain_tokens(account, account.leader, app)
    second = app.refresh(first["refresh_token"]).json()

    response = asking.delete(path_of(app, first["access_token"]))

    assert (response.status, response.body) == (204, b"")
    assert not is_token_valid(account.client, first["access_token"])
    assert is_token_valid(account.client, second["access_token"])
    assert app.refresh(second["refresh_token"]).status == 200
    assert asking.delete(path_of(app, first["access_token"])).status == 404
    assert asking.get(path_of(app, first["access_token"])).status == 404


def test_an_authorization_made_with_a_password_is_deleted_with_its_token(
    account: Account, leader: BasicAuthClient, app: App, asking: BasicAuthClient
) -> None:
    created, remaining = authorize(leader, account, app), authorize(leader, account, app)

    assert asking.delete(path_of(app, created["token"])).status == 204

    assert [is_token_valid(account.client, each["token"]) for each in (created, remaining)] == [False, True]
    assert leader.get(f"/authorizations/{account.name}").json() == [remaining]


def test_all_tokens_of_an_application_are_revoked_in_all_accounts(
    account: Account, other_account: Account, leader: BasicAuthClient, app: App, other_app: App, asking: BasicAuthClient
) -> None:
    fetched = [obtain_tokens(account, account.leader, app), obtain_tokens(other_account, other_account.owner, app)]
    created = authorize(leader, account, app)
    remaining = obtain_tokens(account, account.leader, other_app)["access_token"]

    response = asking.delete(path_of(app))

    assert (response.status, response.body) == (204, b"")
    for token in [created["token"], *(each["access_token"] for each in fetched)]:
        assert not is_token_valid(account.client, token)
        assert asking.get(path_of(app, token)).status == 404
    assert [app.refresh(each["refresh_token"]).json()["error"] for each in fetched] == ["invalid_grant"] * 2
    assert is_token_valid(account.client, remaining)
    assert leader.get(f"/authorizations/{account.name}").json() == []
    assert asking.delete(path_of(app)).status == 204
    assert is_token_valid(account.client, obtain_tokens(account, account.leader, app)["access_token"])


def test_tokens_of_a_locked_account_are_neither_shown_nor_revoked(
    account: Account, other_account: Account, app: App, asking: BasicAuthClient
) -> None:
    locked = obtain_tokens(account, account.leader, app)["access_token"]
    open_ = obtain_tokens(other_account, other_account.leader, app)["access_token"]
    account.change_settings(locked="on")

    for method, path in (("GET", path_of(app, locked)), ("DELETE", path_of(app, locked)), ("DELETE", path_of(app))):
        response = asking.request(method, path)
        assert (response.status, response.json()) == (503, {"message": "Account is locked for maintenance"})
    # The tokens in other accounts were revoked; the rest is revoked by a repeated request.
    assert not is_token_valid(account.client, open_)
    account.change_settings(locked="off")
    assert is_token_valid(account.client, locked)
    assert asking.delete(path_of(app)).status == 204
    assert not is_token_valid(account.client, locked)


def test_wrong_client_credentials_are_401(account: Account, leader: BasicAuthClient, app: App) -> None:
    token = obtain_tokens(account, account.leader, app)["access_token"]
    public = register_app(account.database, account.client, "Pocket", is_public=True)
    wrong = [
        None,
        "Basic !",
        basic_auth(app.client_id),
        basic_auth(app.client_id, "wrong"),
        basic_auth("0" * 32, app.client_secret or ""),
        basic_auth("ü", "\0"),
        basic_auth(public.client_id),
        f"Bearer {token}",
        leader.authorization,
    ]

    for authorization in wrong:
        for method, path in (("GET", path_of(app, token)), ("DELETE", path_of(app, token)), ("DELETE", path_of(app))):
            response = account.client.request(method, path, headers={"authorization": authorization})
            assert (response.status, response.json()) == (401, {"message": "Unauthorized"}), authorization
            assert response.headers["www-authenticate"] == 'Basic realm="noko", Bearer'
    assert is_token_valid(account.client, token)


def test_tokens_of_another_application_are_404(
    account: Account, app: App, other_app: App, asking: BasicAuthClient
) -> None:
    token = obtain_tokens(account, account.leader, other_app)["access_token"]

    for method, path in (
        ("GET", path_of(other_app, token)),
        ("DELETE", path_of(other_app, token)),
        ("DELETE", path_of(other_app)),
        ("DELETE", "/applications/nobody/tokens"),
        ("DELETE", "/applications/%00/tokens"),
        ("GET", f"/applications/{app.client_id}"),
    ):
        response = asking.request(method, path)
        assert (response.status, response.body) == (404, b""), path
    assert is_token_valid(account.client, token)


def test_other_methods_are_405(app: App, asking: BasicAuthClient) -> None:
    for method, path, allowed in (
        ("GET", path_of(app), "DELETE"),
        ("POST", path_of(app, "x"), "DELETE, GET, HEAD"),
        ("PATCH", path_of(app, "x"), "DELETE, GET, HEAD"),
    ):
        response = asking.request(method, path)
        assert (response.status, response.json()) == (405, {"message": "Method not allowed"})
        assert response.headers["allow"] == allowed


def test_tokens_in_paths_are_not_logged(account: Account, app: App, asking: BasicAuthClient, logged: Logged) -> None:
    token = obtain_tokens(account, account.leader, app)["access_token"]

    asking.get(path_of(app, token))

    assert token not in str(logged)
    assert logged[-1]["path"] == "/applications/…"


def test_the_body_of_a_delete_is_ignored(account: Account, app: App, asking: BasicAuthClient) -> None:
    assert asking.request("DELETE", path_of(app), body=b"[").status == 204
