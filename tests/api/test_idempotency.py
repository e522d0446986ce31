"""POST requests with an ``Idempotency-Key`` (``docs/api/conventions.md#safe-repeats``)."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select, update

from hourhook.api.app import all_endpoints
from hourhook.api.idempotency import KeyedRequest
from hourhook.crypto import Keyring
from hourhook.domain import idempotency, tokens
from hourhook.domain.callers import authenticate
from hourhook.domain.links import Links
from hourhook.http.responses import Response as ServerResponse
from hourhook.store.database import Database
from hourhook.store.schema import idempotency_keys, users
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.conftest import MakeServer
from tests.support.accounts import Account
from tests.support.clients import Client, Response
from tests.support.clocks import FakeClock
from tests.support.databases import another_database
from tests.support.dependencies import DEPENDENCIES
from tests.support.factories import DAY, make_inbox_entry, make_project
from tests.support.query_plans import plans_of
from tests.support.statements import capture_statements
from tests.support.webhooks import URI

ENTRY = {"date": DAY, "minutes": 30}
_COUNT = Statement(select(func.count()).select_from(idempotency_keys))


def post(client: Client, key: str | None, body: Any = ENTRY, path: str = "/v2/entries", **more: Any) -> Response:
    return client.post(path, body, Idempotency_Key=key, **more)


def is_replayed(response: Response) -> bool:
    return response.headers.get("idempotent-replayed") == "true"


def entry_count(account: Account) -> int:
    return len(account.leader.client.get("/v2/entries", {"per_page": 1000}).json())


def kept_count(database: Database) -> int:
    count: int = database.read_now(lambda tx: tx.value(_COUNT))
    return count


def test_a_repeat_gets_the_first_response_and_changes_nothing(account: Account) -> None:
    first = post(account.leader.client, "a-key")
    account.leader.client.put(first.json()["url"], {"minutes": 45})
    repeat = post(account.leader.client, "a-key")

    assert (first.status, is_replayed(first)) == (201, False)
    assert (repeat.status, repeat.body, is_replayed(repeat)) == (201, first.body, True)
    for name in ("location", "content-type", "x-hourhook-position"):
        assert repeat.headers[name] == first.headers[name]
    assert entry_count(account) == 1


@contextmanager
def account_locked(account: Account) -> Iterator[None]:
    """Keep a transaction open that has locked the account."""
    is_locked, may_end = threading.Event(), threading.Event()

    def hold(_: Transaction) -> None:
        is_locked.set()
        may_end.wait()

    holding = threading.Thread(target=account.database.write_now, args=(account.id, hold))
    holding.start()
    is_locked.wait()
    yield
    may_end.set()
    holding.join()


def test_without_a_key_or_with_another_each_request_counts(account: Account) -> None:
    for key in (None, None, "1", "2"):
        assert not is_replayed(post(account.leader.client, key))

    assert entry_count(account) == 4


def test_every_post_can_be_repeated(account: Account) -> None:
    project, other = make_project(account), make_project(account, "Other")
    group = account.leader.client.post("/v2/project_groups", {"name": "Group", "project_ids": []}).json()
    team = account.supervisor.client.post("/v2/teams", {"name": "Team", "user_ids": []}).json()
    inbox = make_inbox_entry(account.supervisor)
    bodies: dict[str, Any] = {
        "/v2/users": {"email": "new@northwind.test"},
        "/v2/teams": {"name": "Another team", "user_ids": []},
        f"/v2/teams/{team['id']}/add_users": {"user_ids": [account.leader.id]},
        "/v2/projects": {"name": "Another project"},
        "/v2/project_groups": {"name": "Another group", "project_ids": [other["id"]]},
        f"/v2/project_groups/{group['id']}/add_projects": {"project_ids": [project["id"]]},
        "/v2/tags": {"names": ["new"]},
        "/v2/entries": ENTRY,
        "/v2/inbox_entries": {"date": DAY, "description": "#later"},
        f"/v2/inbox_entries/{inbox['id']}/log": ENTRY,
        "/v2/expenses": {"date": DAY, "price": 1, "project_id": project["id"]},
        "/v2/invoices": {"invoice_date": DAY},
        "/v2/webhooks": {"name": "A webhook", "payload_uri": URI, "events": ["*"]},
        "/v2/broadcast_receivers": {"name": "A receiver", "payload_uri": URI, "subjects": ["timer"]},
    }
    assert len(bodies) == len([each for each in all_endpoints() if each.method == "POST" and not each.is_hidden])

    for path, body in bodies.items():
        first, repeat = (post(account.supervisor.client, path, body, path) for _ in range(2))
        assert first.status in (200, 201), (path, first.body)
        assert (repeat.status, repeat.body, is_replayed(repeat)) == (first.status, first.body, True), path


def test_secrets_are_repeated_and_stored_encrypted(account: Account) -> None:
    body = {"name": "A webhook", "payload_uri": URI, "events": ["*"]}
    first, repeat = (post(account.leader.client, "k", body, "/v2/webhooks") for _ in range(2))
    invited = [post(account.supervisor.client, "k", {"email": "new@x.test"}, "/v2/users") for _ in range(2)]
    stored = account.database.read_now(lambda tx: tx.all(Statement(select(idempotency_keys.c.response))))

    assert repeat.json()["secret"] == first.json()["secret"]
    assert [each.headers["x-hourhook-invitation"] for each in invited] == [
        invited[0].headers["x-hourhook-invitation"]
    ] * 2
    assert len(stored) == 2
    for secret in (first.json()["secret"], invited[0].headers["x-hourhook-invitation"], "webhooks"):
        assert not any(secret.encode() in row.response for row in stored)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v2/entries", {**ENTRY, "minutes": 31}),
        ("/v2/entries", b'{"date": "' + DAY.encode() + b'",  "minutes": 30}'),
        ("/v2/entries?x=1", ENTRY),
        ("/v2/inbox_entries", ENTRY),
    ],
    ids=["other value", "other bytes", "other query", "other path"],
)
def test_another_request_with_the_same_key_is_a_conflict(account: Account, path: str, body: Any) -> None:
    post(account.leader.client, "k")
    response = post(account.leader.client, "k", body, path)

    assert response.status == 409
    assert "use a new key" in response.json()["message"]
    assert entry_count(account) == 1


def test_a_key_belongs_to_one_token(account: Account, other_account: Account) -> None:
    second_token = account.database.write_now(account.id, tokens.create, account.leader.id)
    clients = [account.leader.client, account.client.with_token(second_token), other_account.leader.client]

    assert not any(is_replayed(post(client, "k", {**ENTRY, "minutes": n})) for n, client in enumerate(clients))


@pytest.mark.parametrize("key", ["", "two words", "x" * 256, "ümlaut", "tab\tbed"])
def test_a_malformed_key_is_refused(account: Account, key: str) -> None:
    response = post(account.leader.client, key.encode().decode("latin-1"))

    assert response.status == 400
    assert "1 to 255 visible ASCII characters" in response.json()["message"]
    assert entry_count(account) == 0


@pytest.mark.parametrize("key", ["!", "~" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"'])
def test_any_visible_ascii_makes_a_key(account: Account, key: str) -> None:
    assert [is_replayed(post(account.leader.client, key)) for _ in range(2)] == [False, True]


def test_only_post_reads_the_key(account: Account) -> None:
    entry = post(account.leader.client, None).json()

    for minutes in (31, 32):
        response = account.leader.client.put(entry["url"], {"minutes": minutes}, Idempotency_Key="a key")
        assert response.json()["minutes"] == minutes


def test_a_refusal_is_not_kept(account: Account) -> None:
    refused = post(account.leader.client, "k", {**ENTRY, "minutes": -1})
    accepted = post(account.leader.client, "k")

    assert (refused.status, accepted.status, is_replayed(accepted)) == (400, 201, False)
    assert kept_count(account.database) == 1


def test_the_credential_is_checked_before_the_key(account: Account) -> None:
    post(account.leader.client, "k")
    account.revoke_tokens(account.leader)

    assert post(account.leader.client, "k").status == 401
    assert post(account.leader.client, "malformed key").status == 401


def test_a_key_is_kept_for_24_hours(account: Account, clock: FakeClock) -> None:
    first = post(account.leader.client, "k")
    clock.advance(86_399)
    assert is_replayed(post(account.leader.client, "k"))
    clock.advance(1)
    again = post(account.leader.client, "k", {**ENTRY, "minutes": 31})

    assert (again.status, is_replayed(again)) == (201, False)
    assert again.json()["id"] != first.json()["id"]
    assert is_replayed(post(account.leader.client, "k", {**ENTRY, "minutes": 31}))


def test_expired_keys_are_deleted(account: Account, clock: FakeClock) -> None:
    for key in ("1", "2"):
        post(account.leader.client, key)
        clock.advance(43_200)
    with capture_statements(account.database) as statements:
        assert account.database.run_now(idempotency.delete_expired) == 1

    assert kept_count(account.database) == 1
    [deletion] = [text for text in statements if text.startswith("DELETE")]
    [plan] = plans_of(account.database, [deletion]).values()
    assert "ix_idempotency_keys_created_at" in plan


def test_repeats_at_the_same_time_change_once(
    account: Account, make_server: MakeServer, database_url: str, clock: FakeClock
) -> None:
    """The account is locked when they come; on PostgreSQL to two servers, as different as two processes."""
    with another_database(account.database, database_url, clock) as database:
        other = make_server(database=database)
        clients = [client.with_token(account.leader.token) for client in (account.client, other.client) * 3]
        with ThreadPoolExecutor(len(clients)) as threads:
            with account_locked(account):
                sent = [threads.submit(post, client, "k") for client in clients]
            responses = [each.result() for each in sent]

    assert {(response.status, response.body) for response in responses} == {(201, responses[0].body)}
    assert sorted(map(is_replayed, responses)) == [False] + [True] * 5
    assert entry_count(account) == 1


def test_a_failure_before_the_commit_keeps_neither_change_nor_key(account: Account) -> None:
    class Broken(Exception):
        pass

    def fail(_: Transaction) -> None:
        raise Broken

    def change(tx: Transaction) -> None:
        caller = authenticate(tx, account.leader.token, Links(account.base_url))
        assert caller is not None
        rename = Statement(update(users).where(users.c.id == account.leader.id).values(first_name="Changed"))
        request = KeyedRequest("k", b"fingerprint")
        request.run(tx, caller, DEPENDENCIES.keyring, lambda: tx.execute(rename), lambda _: ServerResponse(200, b"{}"))
        tx.before_commit(fail)

    with pytest.raises(Broken):
        account.database.write_now(account.id, change)

    assert kept_count(account.database) == 0
    assert account.leader.client.get("/v2/current_user").json()["first_name"] != "Changed"


def test_a_response_of_another_secret_key_is_a_conflict(account: Account, make_server: MakeServer) -> None:
    post(account.leader.client, "k")
    rekeyed = replace(DEPENDENCIES, keyring=Keyring("another key, which is no secret either"))
    server = make_server({"dependencies": rekeyed})
    response = post(server.client.with_token(account.leader.token), "k")

    assert response.status == 409
    assert "look up what the request created" in response.json()["message"]


def test_a_key_costs_two_statements(account: Account) -> None:
    def cost(key: str | None) -> int:
        with capture_statements(account.database) as statements:
            post(account.leader.client, key)
        return len(statements)

    # The first write of a token also finds its account.
    post(account.leader.client, None)
    assert cost("k") == cost(None) + 2
    # The lock, authentication and the look-up.
    assert cost("k") == 3
