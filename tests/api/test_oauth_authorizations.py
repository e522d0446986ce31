"""``/subdomains`` and ``/authorizations`` (docs/api/oauth.md#without-a-browser)."""

import base64
import ipaddress
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from hourhook.api.oauth.authorizations import endpoints
from hourhook.crypto import Keyring
from hourhook.domain import tokens
from hourhook.domain.oauth import applications, cleanup, revoking, scopes
from hourhook.http import hash_queue
from hourhook.settings import RateLimit
from hourhook.store.statements import Statement
from tests.conftest import Logged, MakeServer, Server
from tests.support.accounts import Account, make_account
from tests.support.browsers import Browser
from tests.support.clients import Response, basic_auth
from tests.support.clocks import FakeClock
from tests.support.dependencies import DEPENDENCIES
from tests.support.events_of import EventReader
from tests.support.factories import NO_SUCH_ID
from tests.support.oauth_clients import (
    PASSWORD,
    App,
    BasicAuthClient,
    basic_auth_client,
    is_token_valid,
    obtain_tokens,
    register_app,
    set_email,
    set_password,
)

KEYS = ["id", "url", "scopes", "token", "app", "note", "note_url", "updated_at", "created_at"]
UNAUTHORIZED = {"message": "Unauthorized"}
DAY = 86_400
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)
ROUTES = [
    ("GET", "/authorizations/{subdomain}"),
    ("POST", "/authorizations/{subdomain}"),
    ("GET", "/authorizations/{subdomain}/{id}"),
    ("PUT", "/authorizations/{subdomain}/{id}"),
    ("DELETE", "/authorizations/{subdomain}/{id}"),
    ("PUT", "/authorizations/{subdomain}/clients/{client_id}"),
]


@pytest.fixture
def app(server: Server) -> App:
    """An application with default scopes."""
    return register_app(server.database, server.client, scopes=["current_user", "project"])


@pytest.fixture
def leader(account: Account) -> BasicAuthClient:
    """A client with the leader's password."""
    return basic_auth_client(account, account.leader)


def path_of(account: Account, *parts: object) -> str:
    return "/".join(["", "authorizations", account.name, *map(str, parts)])


def authorize(client: BasicAuthClient, account: Account, app: App, **values: Any) -> Any:
    response = client.post(path_of(account), {**app.credentials, **values})
    assert response.status == 200, response.body
    return response.json()


def fill_in(path: str, account: Account, created: Any, app: App) -> str:
    """Fill in the parameters of a route's path."""
    return path.format(subdomain=account.name, id=created["id"], client_id=app.client_id)


def test_every_declared_route_is_served() -> None:
    declared = {(each.method, each.path.replace("authorization_id", "id")) for each in endpoints.all}

    assert declared == {*ROUTES}


def test_subdomains_lists_the_accounts_the_password_signs_in_to(
    account: Account, other_account: Account, leader: BasicAuthClient
) -> None:
    third = make_account(account.database, account.client, "Eastwind")
    fourth = make_account(account.database, account.client, "westwind")
    for elsewhere, password in ((other_account, PASSWORD), (third, PASSWORD), (fourth, "another one")):
        twin = elsewhere.add("twin", "contractor")
        set_email(elsewhere, twin, account.leader.email)
        set_password(elsewhere, twin, password)

    response = leader.get("/subdomains")

    assert response.status == 200
    assert response.json() == [{"name": name, "avatar": None} for name in ("Eastwind", "northwind", "southwind")]
    assert [*response.json()[0]] == ["name", "avatar"]
    page = leader.get("/subdomains/", {"per_page": 1, "page": 2})
    assert page.json() == [{"name": "northwind", "avatar": None}]
    assert page.links["next"] == f"{account.base_url}/subdomains?page=3&per_page=1"
    # With this password, the account where the user has another one does not exist.
    assert leader.get(path_of(fourth)).status == 404
    assert leader.get(path_of(third)).json() == []


def test_an_authorizations_token_authenticates_at_the_api(account: Account, leader: BasicAuthClient, app: App) -> None:
    note = {"note": "kitchen display", "note_url": "https://app.test/why"}
    response = leader.post(path_of(account), {**app.credentials, "scopes": ["entry", "project"], **note})

    assert response.status == 200
    assert "location" not in response.headers
    created = response.json()
    assert [*created] == KEYS
    assert created["url"] == f"{account.base_url}/authorizations/northwind/{created['id']}"
    assert created["scopes"] == ["entry", "project"]
    assert created["app"] == {"url": "http://app.test", "name": "Planner", "client_id": app.client_id}
    assert [*created["app"]] == ["url", "name", "client_id"]
    assert (created["note"], created["note_url"]) == (note["note"], note["note_url"])
    assert created["updated_at"] == created["created_at"]
    me = account.client.get("/v2/current_user", Authorization=f"Bearer {created['token']}").json()
    assert me["id"] == account.leader.id
    assert leader.get(created["url"]).json() == created
    assert leader.get(path_of(account)).json() == [created]


def test_absent_inputs_default_to_the_registration(account: Account, leader: BasicAuthClient, app: App) -> None:
    plain = register_app(account.database, account.client)

    for values in ({}, {"scopes": None, "note": None, "note_url": ""}):
        created = authorize(leader, account, app, **values)
        assert (created["scopes"], created["note"], created["note_url"]) == (["current_user", "project"], None, None)
    assert authorize(leader, account, plain)["scopes"] == []
    assert authorize(leader, account, app, scopes=[])["scopes"] == []


def test_unknown_scopes_are_skipped(account: Account, leader: BasicAuthClient, app: App) -> None:
    created = authorize(
        leader, account, app, scopes=["entry", "everything", "entry", "", "Project", *scopes.SCOPES[-1:]]
    )

    assert created["scopes"] == ["entry", "invoice"]


def test_each_post_creates_an_authorization_listed_newest_first(
    account: Account, leader: BasicAuthClient, app: App
) -> None:
    created = [authorize(leader, account, app) for _ in range(3)]

    assert len({each["token"] for each in created}) == 3
    assert leader.get(path_of(account)).json() == created[::-1]
    page = leader.get(path_of(account), {"per_page": 2})
    assert page.json() == [created[2], created[1]]
    assert page.links["next"] == f"{account.base_url}/authorizations/northwind?page=2&per_page=2"


def test_put_for_an_application_is_idempotent(account: Account, leader: BasicAuthClient, app: App) -> None:
    path = path_of(account, "clients", app.client_id)
    created = leader.put(path, {"client_secret": app.client_secret, "note": "kitchen"})

    assert created.status == 201
    assert created.headers["location"] == created.json()["url"]
    assert [*created.json()] == KEYS
    assert (created.json()["scopes"], created.json()["note"]) == (["current_user", "project"], "kitchen")
    assert is_token_valid(account.client, created.json()["token"])

    found = leader.put(path, {"client_secret": app.client_secret, "note": "hall", "scopes": ["entry"]})
    assert (found.status, found.json()) == (200, created.json())
    assert "location" not in found.headers
    # The oldest one is returned, and only to the user who created it.
    authorize(leader, account, app)
    assert leader.put(path, {"client_secret": app.client_secret}).json() == created.json()
    supervisor = basic_auth_client(account, account.supervisor)
    assert supervisor.put(path, {"client_secret": app.client_secret}).status == 201


def test_parallel_puts_create_one_authorization(account: Account, leader: BasicAuthClient, app: App) -> None:
    def put(_: int) -> Response:
        caller = BasicAuthClient(account.client.with_token(None), leader.authorization)
        return caller.put(path_of(account, "clients", app.client_id), {"client_secret": app.client_secret})

    with ThreadPoolExecutor(4) as threads:
        replies = [*threads.map(put, range(4))]

    assert sorted(response.status for response in replies) == [200, 200, 200, 201]
    assert len({response.json()["token"] for response in replies}) == 1


def test_authorizations_from_the_consent_page_are_not_listed(
    account: Account, leader: BasicAuthClient, app: App
) -> None:
    obtain_tokens(account, account.leader, app)

    assert leader.get(path_of(account)).json() == []
    assert leader.put(path_of(account, "clients", app.client_id), {"client_secret": app.client_secret}).status == 201


def test_notes_and_scopes_are_edited(account: Account, leader: BasicAuthClient, app: App, clock: FakeClock) -> None:
    created = authorize(leader, account, app, note="kitchen", note_url="https://app.test/why")
    clock.advance(60)

    for nothing in ({}, {"note": "kitchen"}, {"add_scopes": ["project", "nonsense"], "remove_scopes": ["goal", "x"]}):
        response = leader.put(created["url"], nothing)
        assert (response.status, response.json()) == (200, created)
    change = {"note": "hall", "add_scopes": ["entry", "project", "entry", "x"], "remove_scopes": ["current_user"]}
    edited = leader.put(created["url"], change).json()

    assert [*edited] == KEYS
    assert edited == {
        **created,
        "note": "hall",
        "scopes": ["project", "entry"],
        "updated_at": edited["updated_at"],
    }
    assert edited["updated_at"] > edited["created_at"]
    assert leader.get(created["url"]).json() == edited
    blank = leader.put(created["url"], {"note": None, "note_url": "", "add_scopes": None, "remove_scopes": []}).json()
    assert (blank["note"], blank["note_url"], blank["scopes"]) == (None, None, ["project", "entry"])
    assert is_token_valid(account.client, created["token"])


def test_deleting_an_authorization_revokes_its_token(account: Account, leader: BasicAuthClient, app: App) -> None:
    created, remaining = authorize(leader, account, app), authorize(leader, account, app)

    response = leader.delete(created["url"])

    assert (response.status, response.body) == (204, b"")
    assert not is_token_valid(account.client, created["token"])
    assert is_token_valid(account.client, remaining["token"])
    assert leader.delete(created["url"]).status == 404
    assert leader.get(path_of(account)).json() == [remaining]


def test_authorizations_raise_no_events_and_activate_no_user(account: Account, app: App) -> None:
    newcomer = account.add("newcomer", "contractor", "pending")
    log = EventReader(account)
    caller = basic_auth_client(account, newcomer)

    created = authorize(caller, account, app)
    caller.put(created["url"], {"note": "x"})
    caller.delete(created["url"])

    assert log.read_new() == []
    assert account.supervisor.client.get(f"/v2/users/{newcomer.id}").json()["state"] == "pending"


def test_authorizations_of_others_are_404(
    account: Account, other_account: Account, leader: BasicAuthClient, app: App
) -> None:
    created = authorize(leader, account, app)
    stranger, colleague = (
        basic_auth_client(other_account, other_account.leader),
        basic_auth_client(account, account.owner),
    )

    for method, path in ROUTES:
        response = stranger.request(method, fill_in(path, account, created, app), body={**app.credentials, "note": "x"})
        assert (response.status, response.body) == (404, b""), (method, path)
    for caller, where in ((stranger, other_account), (colleague, account)):
        for method in ("GET", "PUT", "DELETE"):
            response = caller.request(
                method, path_of(where, created["id"]), body={"note": "x"} if method == "PUT" else b""
            )
            assert (response.status, response.body) == (404, b""), method
        assert caller.get(path_of(where)).json() == []
    assert leader.get(created["url"]).json() == created


def test_unknown_authorizations_are_404(account: Account, leader: BasicAuthClient, app: App) -> None:
    paths = [path_of(account, id) for id in (NO_SUCH_ID, 0, -1, "x", "%00", 2**31, "9" * 30, "clients")]
    paths += [f"/authorizations/{name}" for name in ("nowhere", "%00", "northwind%00", "%C3%BC", "north%20wind", "%FF")]
    paths += [path_of(account, "clients", name) for name in ("nobody", "0" * 32, "%00")]
    paths += ["/authorizations", "/authroizations/northwind/1", path_of(account, 1, 2), "/subdomains/1"]

    for path in paths:
        method = "PUT" if "clients/" in path else "GET"
        response = leader.request(method, path, body={"client_secret": "x"} if method == "PUT" else b"")
        assert (response.status, response.body) == (404, b""), path


def test_an_account_is_found_in_any_case(account: Account, leader: BasicAuthClient, app: App) -> None:
    created = authorize(leader, account, app)

    assert leader.get(f"/authorizations/NorthWind/{created['id']}/").json() == created


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (b"", [("client_id", "missing_field"), ("client_secret", "missing_field")]),
        (
            {"client_id": None, "client_secret": ""},
            [("client_id", "missing_field"), ("client_secret", "missing_field")],
        ),
        ({"client_id": 1, "client_secret": [], "scopes": 1, "note": {}, "note_url": 2}, None),
        ({"client_id": "\0", "client_secret": "\0", "scopes": {}, "note": "\0", "note_url": "\0"}, None),
        (
            {"client_id": "x", "client_secret": "x", "scopes": ["entry", 1, None, ["entry"]]},
            [("scopes[1]", "invalid"), ("scopes[2]", "invalid"), ("scopes[3]", "invalid")],
        ),
        ({"client_id": "x", "client_secret": "x", "note": "x" * 65_536}, [("note", "invalid")]),
    ],
)
def test_all_input_errors_are_reported_together(
    account: Account, leader: BasicAuthClient, body: Any, codes: list[tuple[str, str]] | None
) -> None:
    if codes is None:
        codes = [(name, "invalid") for name in ("client_id", "client_secret", "scopes", "note", "note_url")]

    response = leader.post(path_of(account), body)

    assert response.status == 400
    assert response.json()["message"] == "Validation Failed"
    assert response.codes == codes
    assert {error["resource"] for error in response.json()["errors"]} == {"Authorization"}
    assert leader.get(path_of(account)).json() == []


def test_malformed_edits_and_puts_for_an_application_are_rejected(
    account: Account, leader: BasicAuthClient, app: App
) -> None:
    created = authorize(leader, account, app)

    response = leader.put(path_of(account, "clients", app.client_id), {"scopes": "\0"})
    assert (response.status, response.codes) == (400, [("client_secret", "missing_field"), ("scopes", "invalid")])
    response = leader.put(created["url"], {"note": 1, "note_url": [], "add_scopes": 1, "remove_scopes": [1]})
    assert response.status == 400
    assert response.codes == [(name, "invalid") for name in ("note", "note_url", "add_scopes", "remove_scopes[0]")]
    assert leader.get(path_of(account)).json() == [created]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[", "JSON Parsing Error"),
        (b"\xff{}", "JSON Parsing Error"),
        (b"[]", "Body should be JSON Hash"),
        (b"null", "Body should be JSON Hash"),
    ],
)
def test_a_body_that_is_not_an_object_is_rejected(
    account: Account, leader: BasicAuthClient, app: App, body: bytes, message: str
) -> None:
    created = authorize(leader, account, app)

    for method, path in ROUTES:
        if method in ("POST", "PUT"):
            response = leader.request(method, fill_in(path, account, created, app), body=body)
            assert (response.status, response.json()) == (400, {"message": message})
    assert leader.request("DELETE", path_of(account, created["id"]), body=body).status == 204


def test_inputs_are_read_from_the_query_when_the_body_is_empty(
    account: Account, leader: BasicAuthClient, app: App
) -> None:
    query = {**app.credentials, "scopes": "entry,project", "note": "x"}

    response = leader.request("POST", path_of(account), query=query)

    assert (response.status, response.json()["scopes"], response.json()["note"]) == (200, ["entry", "project"], "x")


def test_a_wrong_client_secret_creates_nothing(account: Account, leader: BasicAuthClient, app: App) -> None:
    other = register_app(account.database, account.client, "Ledger")
    public = register_app(account.database, account.client, "Pocket", is_public=True)
    wrong = [
        {**app.credentials, "client_secret": "wrong"},
        {**app.credentials, "client_secret": other.client_secret},
        {**app.credentials, "client_id": "0" * 32},
        {**app.credentials, "client_id": "ü"},
        {"client_id": public.client_id, "client_secret": "x"},
    ]

    replies = [leader.post(path_of(account), body) for body in wrong]
    replies.append(leader.put(path_of(account, "clients", app.client_id), {"client_secret": "wrong"}))
    authorize(leader, account, app)
    replies.append(leader.put(path_of(account, "clients", app.client_id), {"client_secret": "wrong"}))

    for response in replies:
        assert (response.status, response.json()["error"]) == (400, "invalid_client")
        assert [*response.json()] == ["error", "error_description"]
    assert len(leader.get(path_of(account)).json()) == 1


def invalid_authorization_headers(account: Account) -> Iterator[str | None]:
    email, token = account.leader.email, account.leader.token
    yield None
    yield f"Bearer {token}"
    yield "Basic"
    yield "Basic !"
    yield basic_auth(token)
    yield basic_auth(email)
    yield basic_auth(email, PASSWORD.upper())
    yield basic_auth(email, "\0")
    yield basic_auth("\0", PASSWORD)
    yield basic_auth("nobody@northwind.test", PASSWORD)
    yield basic_auth(account.supervisor.email, PASSWORD)
    yield "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode()
    yield basic_auth("ü" * 5_000, "ü" * 5_000)


def test_requests_without_a_password_are_401(account: Account, leader: BasicAuthClient, app: App) -> None:
    created = authorize(leader, account, app)

    for authorization in invalid_authorization_headers(account):
        response = account.client.get("/subdomains", Authorization=authorization)
        assert (response.status, response.json()) == (401, UNAUTHORIZED), authorization
        assert response.headers["www-authenticate"] == 'Basic realm="noko", Bearer'
    for method, path in ROUTES:
        response = account.client.request(method, fill_in(path, account, created, app), body=b"[")
        assert (response.status, response.json()) == (401, UNAUTHORIZED)
    assert account.leader.client.get("/subdomains").status == 401


def test_a_password_does_not_authenticate_at_the_api(account: Account, leader: BasicAuthClient) -> None:
    assert leader.get("/v2/account").status == 401


@pytest.mark.parametrize("state", ["disabled", "suspended"])
def test_disabled_and_suspended_users_are_401(account: Account, leader: BasicAuthClient, app: App, state: str) -> None:
    created = authorize(leader, account, app)
    account.set_state(account.leader, state)

    assert leader.get("/subdomains").status == 401
    assert leader.get(path_of(account)).status == 401
    assert not is_token_valid(account.client, created["token"])


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_password_may_hold_any_character(account: Account, encoding: str) -> None:
    set_password(account, account.leader, "grüße: 10 €"[: 8 if encoding == "latin-1" else None])
    sent = f"{account.leader.email}:{'grüße: 10 €'[: 8 if encoding == 'latin-1' else None]}".encode(encoding)

    response = account.client.get("/subdomains", Authorization="Basic " + base64.b64encode(sent).decode())

    assert response.status == 200


def test_a_locked_account_is_503_and_unchanged(account: Account, leader: BasicAuthClient, app: App) -> None:
    created = authorize(leader, account, app)
    account.change_settings(locked="on")

    for method, path in ROUTES:
        response = leader.request(method, fill_in(path, account, created, app), body=b"[")
        assert (response.status, response.json()) == (503, {"message": "Account is locked for maintenance"})
    assert [each["name"] for each in leader.get("/subdomains").json()] == ["northwind"]
    account.change_settings(locked="off")
    assert leader.get(path_of(account)).json() == [created]


def test_other_methods_are_405_and_head_is_get_without_a_body(account: Account, leader: BasicAuthClient) -> None:
    for method, path, allowed in (
        ("POST", "/subdomains", "GET, HEAD"),
        ("DELETE", path_of(account), "GET, HEAD, POST"),
        ("PATCH", path_of(account, 1), "DELETE, GET, HEAD, PUT"),
        ("GET", path_of(account, "clients", "x"), "PUT"),
    ):
        response = leader.request(method, path)
        assert (response.status, response.json()) == (405, {"message": "Method not allowed"})
        assert response.headers["allow"] == allowed
    response = leader.request("HEAD", path_of(account))
    assert (response.status, response.body) == (200, b"")


def test_responses_have_the_headers_of_the_api(account: Account, leader: BasicAuthClient) -> None:
    response = leader.get("/subdomains")

    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["cache-control"] == "private, max-age=0, must-revalidate"
    assert (response.headers["vary"], response.headers["status"]) == ("Origin", "200 OK")


def test_a_body_over_the_limit_is_not_read(account: Account, leader: BasicAuthClient) -> None:
    assert leader.post(path_of(account), b" " * 1_048_577).status == 413


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestSignInThrottle:
    """Sign-in attempts are limited per address."""

    def test_failed_attempts_are_counted_and_successful_ones_are_not(
        self, make_server: MakeServer, clock: FakeClock
    ) -> None:
        server = make_server(sign_in_rate_limit=RateLimit(0.2, 3))
        account = make_account(server.database, server.client)
        caller, guessing = (
            basic_auth_client(account, account.leader),
            basic_auth_client(account, account.leader, "wrong"),
        )

        assert [caller.get("/subdomains").status for _ in range(5)] == [200] * 5
        assert [guessing.get("/subdomains").status for _ in range(4)] == [401, 401, 401, 429]
        response = caller.get("/subdomains")
        assert (response.status, response.body, response.headers["retry-after"]) == (429, b"", "5")
        clock.advance(5)
        assert [caller.get("/subdomains").status for _ in range(2)] == [200, 200]

    def test_attempts_are_counted_together_with_those_on_the_page(self, make_server: MakeServer) -> None:
        server = make_server(sign_in_rate_limit=RateLimit(0.2, 2))
        account = make_account(server.database, server.client)
        guessing = basic_auth_client(account, account.leader, "wrong")
        browser = Browser(server.client)

        assert browser.sign_in(account.leader.email, "wrong").status == 403
        assert guessing.get("/subdomains").status == 401
        assert browser.sign_in(account.leader.email, "wrong").status == 429
        assert guessing.get("/subdomains").status == 429

    def test_attempts_from_other_networks_do_not_lock_out_the_user(self, make_server: MakeServer) -> None:
        server = make_server(sign_in_rate_limit=RateLimit(0.001, 2), trusted_proxies=LOOPBACK)
        account = make_account(server.database, server.client)
        user, guessing = basic_auth_client(account, account.leader), basic_auth_client(account, account.leader, "wrong")

        def status(client: BasicAuthClient, address: str) -> int:
            return client.get("/subdomains", **{"x-forwarded-for": address}).status

        assert status(user, "2001:db8:1:2::1") == 200
        # They exhaust the bucket of the e-mail address.
        assert [status(guessing, f"203.0.113.{number}") for number in range(4)] == [401, 401, 429, 429]
        assert status(user, "203.0.113.99") == 429

        assert [status(user, f"2001:db8:1:2::{number}") for number in range(2, 6)] == [200] * 4
        # Guessing from the known network is limited as well.
        assert [status(guessing, "2001:db8:1:2::9") for _ in range(3)] == [401, 401, 429]

    def test_a_full_queue_for_hashes_is_answered_at_once(
        self, make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hash_queue, "MAX_WAITING", -hash_queue.MAX_CONCURRENT_HASHES)
        server = make_server()
        account = make_account(server.database, server.client)

        response = basic_auth_client(account, account.leader).get("/subdomains")

        assert (response.status, response.headers["retry-after"]) == (429, "2")

    def test_the_rate_limit_of_the_api_applies(self, make_server: MakeServer) -> None:
        client = make_server(rate_limit=RateLimit(1, 2)).client

        assert [client.get("/subdomains").status for _ in range(3)] == [401, 401, 429]


def test_a_token_lasts_until_it_is_revoked(
    account: Account, leader: BasicAuthClient, app: App, clock: FakeClock
) -> None:
    created = authorize(leader, account, app)
    clock.advance(800 * DAY)
    for task in cleanup.CLEANUP_TASKS:
        while account.database.run_now(task):
            pass

    assert is_token_valid(account.client, created["token"])
    assert leader.get(created["url"]).json() == created
    [row] = [row for row in account.database.read_now(tokens.list_all) if row.name == "OAuth: Planner"]
    account.database.write_now(account.id, tokens.revoke, row.id)
    assert not is_token_valid(account.client, created["token"])
    assert leader.get(created["url"]).status == 404


def test_authorizations_are_deleted_with_their_user_or_application(account: Account, app: App) -> None:
    contractor = basic_auth_client(account, account.contractor)
    other = register_app(account.database, account.client, "Ledger")
    created, remaining = authorize(contractor, account, app), authorize(contractor, account, other)
    database = account.database

    id = database.run_now(applications.mark_revoked, app.client_id)
    assert contractor.put(path_of(account, "clients", app.client_id), {"client_secret": "x"}).status == 404
    database.write_now(account.id, revoking.revoke_for_application, id)
    database.run_now(applications.remove, id)
    assert [is_token_valid(account.client, each["token"]) for each in (created, remaining)] == [False, True]
    assert contractor.get(path_of(account)).json() == [remaining]

    assert account.owner.client.delete(f"/v2/users/{account.contractor.id}").status == 204
    assert not is_token_valid(account.client, remaining["token"])


def test_no_password_token_or_secret_is_stored_or_logged(
    account: Account, leader: BasicAuthClient, app: App, logged: Logged
) -> None:
    created = authorize(leader, account, app)
    leader.get(created["url"])
    remaining = []
    for table in ("tokens", "authorizations", "applications"):
        select = Statement(text(f"SELECT * FROM {table}"))
        remaining += account.database.read_now(lambda tx, select: tx.all(select), select)

    for secret in (created["token"], PASSWORD, app.client_secret):
        assert str(secret) not in str(remaining)
        assert str(secret) not in str(logged)
    [event] = [event for event in logged if event["event"] == "request" and event["method"] == "GET"]
    assert (event["user"], event["account"]) == (account.leader.id, account.id)


def test_a_token_encrypted_with_another_key_is_blank_but_works(
    account: Account, leader: BasicAuthClient, app: App, make_server: MakeServer
) -> None:
    created = authorize(leader, account, app)
    dependencies = replace(DEPENDENCIES, keyring=Keyring("another key, which has to be as long as this"))
    client = make_server(site_options={"dependencies": dependencies}).client
    caller = BasicAuthClient(client, leader.authorization)

    [shown] = caller.get(path_of(account)).json()

    assert (shown["id"], shown["token"]) == (created["id"], "")
    assert is_token_valid(client, created["token"])
    assert caller.delete(path_of(account, created["id"])).status == 204
    assert not is_token_valid(client, created["token"])


def test_a_changed_password_applies_at_once(account: Account, leader: BasicAuthClient, app: App) -> None:
    created = authorize(leader, account, app)
    set_password(account, account.leader, "another one")

    assert leader.get(path_of(account)).status == 401
    # A changed password ends sessions, but not authorizations.
    assert is_token_valid(account.client, created["token"])
    assert basic_auth_client(account, account.leader, "another one").get(path_of(account)).json() == [created]


def test_the_openapi_document_names_basic_authentication(server: Server) -> None:
    document = json.loads(server.client.get("/openapi.json").body)

    for path, methods in document["paths"].items():
        ways = [operation.get("security") for operation in methods.values()]
        if path.startswith(("/authorizations", "/subdomains")):
            assert ways == [[{"password": []}]] * len(ways)
        if path.startswith("/applications"):
            assert ways == [[{"application": []}]] * len(ways)
    assert {"password", "application"} < document["components"]["securitySchemes"].keys()
    assert "-u &#34;$EMAIL:$PASSWORD&#34;" in server.client.get("/docs").body.decode()
