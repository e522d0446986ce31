"""``/v2/expenses`` and the expenses of a user or project: filters, order and pages."""

from typing import Any

import pytest

from tests.support.accounts import Account, Person
from tests.support.factories import DAY, NO_SUCH_ID, ids, make_expense, make_project


def found(account: Account, query: Any, path: str = "/v2/expenses") -> list[str]:
    """The descriptions of the expenses in a leader's list, in order."""
    response = account.leader.client.get(path, query)
    assert response.status == 200, response.body
    return [expense["description"] for expense in response.json()]


def test_expenses_are_sorted_by_date_then_id_newest_first(account: Account) -> None:
    project = make_project(account)
    for description, date in (("1", "2024-05-02"), ("2", "2024-05-03"), ("3", "2024-05-01"), ("4", "2024-05-02")):
        make_expense(account.leader, project, description=description, date=date)

    assert found(account, {}) == ["2", "4", "1", "3"]


@pytest.mark.parametrize("path", ["/v2/expenses", "/v2/current_user/expenses"])
def test_expenses_are_paginated(account: Account, path: str) -> None:
    project = make_project(account)
    for number in range(5):
        make_expense(account.leader, project, description=str(number))
    client = account.leader.client

    first = client.get(path, {"per_page": 2, "price_from": 1})

    assert [expense["description"] for expense in first.json()] == ["4", "3"]
    assert list(first.links) == ["last", "next"]
    second = client.get(first.links["next"])
    assert [expense["description"] for expense in second.json()] == ["2", "1"]
    last = client.get(first.links["last"])
    assert [expense["description"] for expense in last.json()] == ["0"]
    assert client.get(path, {"per_page": 2, "page": 4}).json() == []
    assert list(client.get(path, {"per_page": 5}).links) == []


def test_expenses_are_filtered(account: Account) -> None:
    one, other = make_project(account, "One"), make_project(account, "Other")
    make_expense(account.leader, one, "12.34", description="Größe", date="2024-05-22")
    make_expense(account.supervisor, one, 0, description="free", date="2024-05-21", taxable=False)
    make_expense(account.leader, other, "-3.5", description="refund", date="2024-05-20")
    whole = ["Größe", "free", "refund"]
    leader, supervisor = account.leader.id, account.supervisor.id

    for query, expected in (
        ({}, whole),
        ({"user_ids": supervisor}, ["free"]),
        ({"user_ids": f"{supervisor}, {leader}"}, whole),
        ([("user_ids[]", supervisor), ("user_ids[]", NO_SUCH_ID)], ["free"]),
        ({"user_ids": NO_SUCH_ID}, []),
        ({"user_ids": 10**25}, []),
        ({"description": "GRÖSSE"}, ["Größe"]),
        ({"description": "%"}, []),
        ({"description": ""}, whole),
        ({"project_ids": one["id"]}, ["Größe", "free"]),
        ({"project_ids": f"{one['id']},{other['id']}"}, whole),
        ({"invoice_ids": "1"}, []),
        ({"invoice_ids": "1,2"}, []),
        ({"invoiced": "true"}, []),
        ({"invoiced": "false"}, whole),
        ({"from": "2024-05-21"}, ["Größe", "free"]),
        ({"to": "2024-05-21"}, ["free", "refund"]),
        ({"from": "2024-05-21", "to": "2024-05-21"}, ["free"]),
        ({"taxable": "true"}, ["Größe", "refund"]),
        ({"taxable": "false"}, ["free"]),
        ({"price_from": "12.34"}, ["Größe"]),
        ({"price_from": "12.340001"}, []),
        ({"price_from": "12.33999"}, ["Größe"]),
        ({"price_from": "0"}, ["Größe", "free"]),
        ({"price_from": "-3.5"}, whole),
        ({"price_from": "-3.4999"}, ["Größe", "free"]),
        ({"price_to": "12.34"}, whole),
        ({"price_to": "12.3399"}, ["free", "refund"]),
        ({"price_to": "12.349"}, whole),
        ({"price_to": 0}, ["free", "refund"]),
        ({"price_to": "-3.5"}, ["refund"]),
        ({"price_to": "-3.501"}, []),
        ({"price_from": "0", "price_to": "0.00"}, ["free"]),
        ({"price_from": "", "price_to": ""}, whole),
        ({"price_from": "-99999999999999999999", "price_to": "99999999999999999999"}, whole),
        ({"price_from": "1000000000000.01"}, []),
        ({"user_ids": leader, "project_ids": one["id"], "taxable": "true", "invoiced": "false"}, ["Größe"]),
    ):
        assert found(account, query) == expected, query
    assert found(account, {"price_from": 1}, f"{one['url']}/expenses") == ["Größe"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("user_ids=me", "user_ids"),
        ("project_ids=1,x", "project_ids"),
        ("invoice_ids=x", "invoice_ids"),
        ("from=21.5.2024", "from"),
        ("to=2024-13-01", "to"),
        ("price_from=cheap", "price_from"),
        ("price_from=1e3", "price_from"),
        ("price_to=1,5", "price_to"),
        ("price_to=12.3.4", "price_to"),
        ("taxable=yes", "taxable"),
        ("invoiced=1", "invoiced"),
        ("description=%00", "description"),
    ],
)
def test_malformed_expense_filters_are_rejected(account: Account, query: str, field: str) -> None:
    project = make_project(account)
    paths = ["/v2", "/v2/current_user", f"/v2/users/{account.leader.id}", f"/v2/projects/{project['id']}"]
    for path in paths:
        response = account.leader.client.get(f"{path}/expenses", query)
        assert (response.status, response.codes) == (400, [(field, "invalid")])


def test_current_user_expenses_are_the_callers_own(account: Account) -> None:
    project = make_project(account)
    mine, theirs = make_expense(account.leader, project), make_expense(account.supervisor, project)
    client = account.leader.client

    assert client.get("/v2/current_user/expenses").json() == [mine]
    assert client.get("/v2/current_user/expenses", {"user_ids": account.supervisor.id}).json() == []
    assert client.get(f"{theirs['user']['url']}/expenses").json() == [theirs]


def test_nested_expense_lists_show_only_visible_expenses(account: Account) -> None:
    project = make_project(account, "Open", account.coworker, account.contractor)
    closed = make_project(account, "Closed")
    leaders, hidden = make_expense(account.leader, project), make_expense(account.leader, closed)
    own = make_expense(account.contractor, project)
    paths = [
        f"/v2/users/{account.leader.id}/expenses",
        f"/v2/users/{account.contractor.id}/expenses",
        f"/v2/projects/{project['id']}/expenses",
        f"/v2/projects/{closed['id']}/expenses",
    ]
    seen: dict[Person, list[list[dict[str, Any]] | None]] = {
        account.leader: [[hidden, leaders], [own], [own, leaders], [hidden]],
        account.coworker: [[leaders], [own], [own, leaders], None],
        account.contractor: [None, [own], [own], None],
    }

    for person, expected in seen.items():
        for path, expenses in zip(paths, expected, strict=True):
            response = person.client.get(path)
            if expenses is None:
                assert (response.status, response.body) == (404, b"")
            else:
                assert ids(response.json()) == ids(expenses)


@pytest.mark.parametrize("resource", ["users", "projects"])
def test_expenses_of_an_unknown_parent_are_404(account: Account, other_account: Account, resource: str) -> None:
    theirs = {"users": other_account.leader.id, "projects": make_project(other_account)["id"]}[resource]

    for missing in (theirs, NO_SUCH_ID, "x"):
        assert account.supervisor.client.get(f"/v2/{resource}/{missing}/expenses").status == 404


def test_expenses_of_other_accounts_are_not_listed(account: Account, other_account: Account) -> None:
    project = make_project(other_account)
    make_expense(other_account.leader, project)

    for query in ({}, {"user_ids": other_account.leader.id}, {"project_ids": project["id"]}, {"from": DAY}):
        assert found(account, query) == []
