"""Collections listed by id with ``after_id`` (``docs/api/conventions.md#pagination``)."""

from typing import Any

import pytest

from hourhook.api.app import all_endpoints
from hourhook.api.endpoints import Endpoint
from hourhook.store.database import Database
from tests.support.accounts import Account
from tests.support.clients import Client
from tests.support.factories import ids, insert_entries, make_entry, make_project, make_tag
from tests.support.full_account import populate_account, resolve_path
from tests.support.query_plans import plans_of
from tests.support.statements import Statements, capture_statements

BY_ID = [endpoint for endpoint in all_endpoints() if endpoint.is_by_id and not endpoint.is_hidden]
WITHOUT = {"/v2/audit", "/v2/timers", "/v2/webhooks/{webhook_id}/history", "/v2/webhooks/{webhook_id}/payloads"}


def crawl(client: Client, path: str, **query: Any) -> list[int]:
    """Return the ids of a collection, read by following ``next``."""
    response = client.get(path, {"after_id": 0, **query})
    found = ids(response.json())
    while response.links:
        assert [*response.links] == ["next"]
        response = client.get(response.links["next"])
        found += ids(response.json())
    return found


def test_only_timers_delivery_logs_and_histories_are_not_listed_by_id() -> None:
    assert {endpoint.path for endpoint in all_endpoints() if endpoint.is_paged and not endpoint.is_by_id} == WITHOUT


def test_every_collection_is_listed_by_id(account: Account) -> None:
    path_ids = populate_account(account)

    for endpoint in BY_ID:
        path = resolve_path(endpoint, path_ids)
        whole = ids(account.supervisor.client.get(path, {"per_page": 1000}).json())
        assert crawl(account.supervisor.client, path, per_page=1) == sorted(whole), path


def test_after_the_last_id_there_is_nothing(account: Account) -> None:
    last = make_project(account)["id"]

    for after_id in (last, 2**31 - 1, 2**31, 10**19):
        response = account.leader.client.get("/v2/projects", {"after_id": after_id})
        assert (response.status, response.json(), response.links) == (200, [], {})


def test_a_crawl_misses_nothing_that_stays_while_others_are_deleted(account: Account) -> None:
    first, second, third, fourth = (make_entry(account.leader, minutes=minutes)["id"] for minutes in (1, 2, 3, 4))
    client = account.leader.client
    response = client.get("/v2/entries", {"after_id": 0, "per_page": 2})
    for gone in (first, second):
        assert client.delete(f"/v2/entries/{gone}").status == 204

    assert ids(response.json()) == [first, second]
    assert ids(client.get(response.links["next"]).json()) == [third, fourth]


def test_filters_apply_and_stay_in_the_link(account: Account) -> None:
    project = make_project(account)
    wanted = [make_entry(account.leader, project_id=project["id"])["id"] for _ in range(3)]
    make_entry(account.leader)

    query = {"per_page": 2, "project_ids": project["id"], "billable": "true"}
    assert crawl(account.leader.client, "/v2/entries", **query) == wanted
    link = account.leader.client.get("/v2/entries", {"after_id": 0, **query}).links["next"]
    assert link == (
        f"{account.base_url}/v2/entries?after_id={wanted[1]}&billable=true&per_page=2&project_ids={project['id']}"
    )


def test_a_crawl_shows_only_what_the_caller_sees(account: Account, other_account: Account) -> None:
    own = make_entry(account.contractor)["id"]
    make_entry(account.leader)
    make_entry(other_account.leader)

    assert crawl(account.contractor.client, "/v2/entries", per_page=1) == [own]
    assert account.contractor.client.get("/v2/invoices", {"after_id": 0}).status == 403


@pytest.mark.parametrize(
    "query",
    ["after_id=x", "after_id=-1", "after_id=1.5", "after_id=%D9%A1", "after_id=1%00", "after_id=5&page=1"],
)
def test_a_malformed_after_id_is_invalid(account: Account, query: str) -> None:
    for path in ("/v2/projects", "/v2/webhooks"):
        response = account.leader.client.get(path, query)

        assert (response.status, response.codes) == (400, [("after_id", "invalid")])
        assert "page" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize("query", ["after_id=", "after_id=&page=1", "after_id=0&page="])
def test_an_empty_parameter_counts_as_absent(account: Account, query: str) -> None:
    make_project(account)

    assert len(account.leader.client.get("/v2/projects", query).json()) == 1


def test_lists_without_after_id_ignore_it(account: Account) -> None:
    assert account.leader.client.get("/v2/timers", "after_id=x").status == 200


def test_a_part_is_one_statement_that_begins_at_the_id(account: Account) -> None:
    ids_of = insert_entries(account, 40, make_tag(account, "crawl"), make_project(account))
    statements = listing(account, f"/v2/entries?after_id={ids_of[20]}&per_page=5")

    [plan] = plans_of(account.database, statements).values()
    if account.database.dialect == "sqlite":
        assert "SEARCH entries USING COVERING INDEX sqlite_autoindex_entries_1 (account_id=? AND id>?)" in plan
        # Only the objects of the part are put in order, not those of the list.
        assert plan.count("TEMP B-TREE") <= 1
    else:
        assert " using pk_entries on entries" in plan
        assert " AND (id > $" in plan
        # Only the objects of the part are put in order, not those of the list.
        assert "Sort" not in plan.partition("Limit")[2]


def listing(account: Account, path: str) -> Statements:
    """Return the statement that reads the entries of a list."""
    with capture_statements(account.database) as statements:
        assert account.leader.client.get(path).status == 200
    return Statements(text for text in statements if "FROM entries" in text and "count(" not in text.lower())


def test_every_collection_reads_its_part_by_the_primary_key(account: Account, database: Database) -> None:
    path_ids = populate_account(account)

    for endpoint in BY_ID:
        if endpoint.path.count("/") == 2:
            assert_part_by_id(account, endpoint, path_ids)


def assert_part_by_id(account: Account, endpoint: Endpoint, path_ids: Any) -> None:
    path = resolve_path(endpoint, path_ids) + "?after_id=1"
    with capture_statements(account.database) as statements:
        assert account.supervisor.client.get(path).status == 200
    parts = Statements(text for text in statements if "after_id" in text)
    [plan] = plans_of(account.database, parts).values()
    if account.database.dialect == "sqlite":
        assert "(account_id=? AND id>?" in plan, (path, plan)
        assert plan.count("TEMP B-TREE FOR ORDER BY") <= 1, (path, plan)
    else:
        assert "(id > $" in plan, (path, plan)
        assert plan.count("Sort Key") <= 1, (path, plan)
