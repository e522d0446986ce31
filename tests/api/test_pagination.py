"""Pagination and the ``Link`` header (``docs/api/conventions.md#pagination``)."""

from typing import Any

import pytest

from hourhook.store.schema import projects
from hourhook.store.transaction import Transaction
from tests.conftest import MakeServer
from tests.support.accounts import Account, make_account
from tests.support.factories import make_entry

TOTAL = 65


@pytest.fixture
def many(account: Account) -> Account:
    """An account with 65 projects: three pages."""

    def add(tx: Transaction) -> None:
        for number in range(TOTAL):
            name = f"project {number:02}"
            tx.insert(
                projects,
                account_id=account.id,
                name=name,
                name_key=name,
                billable=True,
                billing_increment=15,
                color="#3fa7d6",
                enabled=True,
                budgeted_minutes=None,
                created_at=tx.event_time,
                updated_at=tx.event_time,
            )

    account.database.write_now(account.id, add)
    return account


def names(response: Any) -> list[int]:
    return [int(project["name"].removeprefix("project ")) for project in response.json()]


@pytest.mark.parametrize(
    ("query", "found", "rels"),
    [
        ({}, range(30), ["last", "next"]),
        ({"page": 1}, range(30), ["last", "next"]),
        ({"page": 0}, range(30), ["last", "next"]),
        ({"page": -3}, range(30), ["last", "next"]),
        ({"page": "two"}, range(30), ["last", "next"]),
        ({"page": "2.5"}, range(30), ["last", "next"]),
        ({"page": ""}, range(30), ["last", "next"]),
        ({"page": "\0"}, range(30), ["last", "next"]),
        ({"page": "\u0662"}, range(30), ["last", "next"]),
        ({"page": 2}, range(30, 60), ["first", "last", "next", "prev"]),
        ({"page": 3}, range(60, 65), ["first", "prev"]),
        ({"page": 4}, [], ["first", "prev"]),
        ({"page": 2**31}, [], ["first", "prev"]),
        ({"page": 10**30}, [], ["first", "prev"]),
        ({"page": "9" * 5000}, [], ["first", "prev"]),
        ({"per_page": 1000}, range(65), []),
        ({"per_page": 5000}, range(65), []),
        ({"per_page": 10**30}, range(65), []),
        ({"per_page": 65}, range(65), []),
        ({"per_page": 0}, range(30), ["last", "next"]),
        ({"per_page": "all"}, range(30), ["last", "next"]),
        ({"per_page": 10, "page": 2}, range(10, 20), ["first", "last", "next", "prev"]),
        ({"per_page": 1000, "page": 10**30}, [], []),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_page_links_to_its_neighbours(many: Account, query: dict[str, Any], found: Any, rels: list[str]) -> None:
    response = many.leader.client.get("/v2/projects", query)

    assert response.status == 200
    assert names(response) == [*found]
    assert [*response.links] == rels


def test_following_the_links_visits_every_item(many: Account) -> None:
    response = many.leader.client.get("/v2/projects", {"per_page": 20})
    found = names(response)
    while "next" in response.links:
        response = many.leader.client.get(response.links["next"])
        found += names(response)

    assert found == [*range(TOTAL)]
    assert names(many.leader.client.get(response.links["first"])) == [*range(20)]
    assert names(many.leader.client.get(response.links["prev"])) == [*range(40, 60)]


def test_beyond_the_end_prev_is_the_last_page(many: Account) -> None:
    links = many.leader.client.get("/v2/projects", {"page": 900}).links

    assert links["prev"] == f"{many.base_url}/v2/projects?page=3"


def test_a_list_on_one_page_has_no_link(account: Account) -> None:
    assert "link" not in account.leader.client.get("/v2/projects").headers


def test_the_link_header_has_its_exact_form(many: Account) -> None:
    response = many.leader.client.get("/v2/projects/", {"page": 2})
    url = f"{many.base_url}/v2/projects"

    assert response.headers["link"] == (
        f'<{url}?page=1>; rel="first", <{url}?page=3>; rel="last", '
        f'<{url}?page=3>; rel="next", <{url}?page=1>; rel="prev"'
    )


def test_other_parameters_are_kept_sorted_and_percent_encoded(many: Account) -> None:
    response = many.leader.client.get(
        "/v2/projects", "zero=&name=project&ids%5B%5D=2,1&per_page=20&ids[]=3&a=%20%2B%ff"
    )

    assert response.links["next"] == (
        f"{many.base_url}/v2/projects?a=%20%2B%FF&ids%5B%5D=2%2C1&ids%5B%5D=3&name=project&page=2&per_page=20&zero="
    )
    assert "," not in response.links["next"]


def test_the_requested_page_is_left_out_in_every_spelling(many: Account) -> None:
    response = many.leader.client.get("/v2/projects", "page[]=1&per_page[]=20&page=2")

    assert response.links["next"] == f"{many.base_url}/v2/projects?page=3&per_page%5B%5D=20"


@pytest.mark.parametrize("name", ["noko_token", "freckle_token", "access_token", "token"])
def test_a_credential_is_never_repeated_in_a_link(many: Account, name: str) -> None:
    response = many.client.get("/v2/projects", {name: many.leader.token})

    assert response.links["next"] == f"{many.base_url}/v2/projects?page=2"


def test_links_begin_with_the_base_url(make_server: MakeServer) -> None:
    server = make_server(base_url="https://time.example.com/noko")
    account = make_account(server.database, server.client)
    response = account.leader.client.get("/v2/users", {"per_page": 1}, Host="evil.example.org")

    assert response.links["next"] == "https://time.example.com/noko/v2/users?page=2&per_page=1"


def test_the_total_of_a_large_list_is_cached_on_its_database(account: Account) -> None:
    for _ in range(3):
        make_entry(account.owner)

    for _ in range(2):
        account.owner.client.get("/v2/entries", {"per_page": 1, "updated_from": "2020-01-01T00:00:00Z"})

    assert [total for _, total in account.database.list_totals.values()] == [3]
