"""``X-Hourhook-Position``: up to where in the event log a response is complete."""

import threading
from typing import Any

from sqlalchemy import bindparam, select

from hourhook.api.app import all_endpoints
from hourhook.domain.callers import authenticate
from hourhook.domain.links import Links
from hourhook.store.schema import accounts, entries
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.support.accounts import Account
from tests.support.clients import Response
from tests.support.factories import DAY, make_entry, make_project
from tests.support.full_account import populate_account, resolve_path

HEADER = "x-hourhook-position"
_LAST_POSITION = Statement(select(accounts.c.last_position).where(accounts.c.id == bindparam("account")))
_ENTRIES = Statement(select(entries.c.id).where(entries.c.account_id == bindparam("account")))


def position(response: Response) -> int:
    return int(response.headers[HEADER])


# Endpoints whose query has required parameters.
REQUIRED_QUERIES = {"/v2/reports/time": "from=2024-01-01&to=2024-12-31"}


def last_position(account: Account) -> int:
    found: int = account.database.read_now(lambda tx: tx.value(_LAST_POSITION, account=account.id))
    return found


def test_every_response_with_content_names_the_position(account: Account) -> None:
    path_ids = populate_account(account)

    for endpoint in all_endpoints():
        if endpoint.method == "GET":
            query = REQUIRED_QUERIES.get(endpoint.path, "")
            response = account.supervisor.client.get(resolve_path(endpoint, path_ids), query)
            assert (response.status, position(response)) == (200, last_position(account)), endpoint.path


def test_a_change_names_the_position_of_its_own_last_event(account: Account) -> None:
    before = last_position(account)
    client = account.leader.client

    # A project and a tag are created too.
    created = client.post("/v2/entries", {"date": DAY, "minutes": 5, "project_name": "New", "description": "#new"})
    assert (created.status, position(created)) == (201, before + 3)
    edited = client.put(created.json()["url"], {"description": "edited"})
    assert position(edited) == before + 4
    unchanged = client.put(created.json()["url"], {"description": "edited"})
    assert position(unchanged) == before + 4
    assert position(client.delete(created.json()["url"])) == before + 5


def test_a_refusal_names_no_position(account: Account) -> None:
    for response in (
        account.leader.client.get("/v2/entries/1"),
        account.leader.client.get("/v2/entries", {"from": "x"}),
        account.coworker.client.get("/v2/webhooks"),
        account.client.get("/v2/entries", X_NokoToken="unknown"),
    ):
        assert response.status >= 400
        assert HEADER not in response.headers


def test_the_position_is_that_of_the_account(account: Account, other_account: Account) -> None:
    make_project(other_account)
    make_entry(other_account.leader)
    make_project(account)

    assert position(account.leader.client.get("/v2/projects")) == last_position(account) == 1


def test_a_read_never_names_a_change_that_it_does_not_show(account: Account) -> None:
    """The position and the content are of one snapshot, however late the content is read."""
    database, leader = account.database, account.leader
    make_entry(leader)

    def read(tx: Transaction) -> tuple[int, list[Any]]:
        caller = authenticate(tx, leader.token, Links(account.base_url))
        assert caller is not None
        in_another_thread(lambda: make_entry(leader))
        return caller.log_position, tx.all(_ENTRIES, account=account.id)

    named, found = database.read_now(read)
    assert (named, len(found)) == (1, 1)
    assert position(leader.client.get("/v2/entries")) == 2


def test_reads_beside_a_writer_name_what_they_show(account: Account) -> None:
    writing = threading.Thread(target=lambda: [make_entry(account.supervisor) for _ in range(25)])
    writing.start()
    seen: list[tuple[int, int]] = []
    while writing.is_alive() or not seen:
        response = account.leader.client.get("/v2/entries", {"per_page": 1000})
        # Each entry raised one event.
        seen.append((position(response), len(response.json())))
    writing.join()

    assert [named for named, _ in seen] == [count for _, count in seen]


def in_another_thread(function: Any) -> None:
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()
