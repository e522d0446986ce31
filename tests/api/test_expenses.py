"""``/v2/expenses``: create, read, edit and delete expenses."""

from typing import Any

import pytest

from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import DAY, NO_SUCH_ID, archive, give_access, ids, make_expense, make_project

KEYS = [
    "id", "price", "description", "taxable", "date", "project", "invoice", "user", "url", "created_at", "updated_at",
]  # fmt: skip
SIMPLE_USER_KEYS = ["id", "email", "first_name", "last_name", "profile_image_url", "url"]
SIMPLE_PROJECT_KEYS = ["id", "name", "billing_increment", "enabled", "billable", "color", "url"]


# Creating


def test_a_created_expense_is_returned_in_full(account: Account) -> None:
    project = make_project(account, "Website", account.coworker)
    log = EventReader(account)
    body = {
        "date": "2024-05-20",
        "user_id": account.coworker.id,
        "price": 49.9,
        "taxable": False,
        "description": "Icon licence #design",
        "project_id": project["id"],
    }

    response = account.leader.client.post("/v2/expenses", body)

    assert response.status == 201
    expense = response.json()
    assert list(expense) == KEYS
    assert list(expense["project"]) == SIMPLE_PROJECT_KEYS
    assert list(expense["user"]) == SIMPLE_USER_KEYS
    url = f"{account.base_url}/v2/expenses/{expense['id']}"
    assert response.headers["location"] == url
    assert expense == {
        "id": expense["id"],
        "price": 49.9,
        "description": "Icon licence #design",
        "taxable": False,
        "date": "2024-05-20",
        "project": {key: project[key] for key in SIMPLE_PROJECT_KEYS},
        "invoice": None,
        "user": {
            "id": account.coworker.id,
            "email": account.coworker.email,
            "first_name": "Coworker",
            "last_name": None,
            "profile_image_url": "",
            "url": f"{account.base_url}/v2/users/{account.coworker.id}",
        },
        "url": url,
        "created_at": "2024-05-21T10:05:00Z",
        "updated_at": "2024-05-21T10:05:00Z",
    }
    [event] = log.read_new()
    assert (event.type, event.changes, event.text) == ("expense.created", {}, response.body)
    assert event.created_at == expense["created_at"]
    assert account.supervisor.client.get(url).body == response.body


def test_a_minimal_expense_is_the_callers_own_and_taxable(account: Account) -> None:
    expense = make_expense(account.leader, make_project(account), user_id=None, taxable=None, description="")

    assert (expense["user"]["id"], expense["taxable"], expense["description"]) == (account.leader.id, True, None)


def test_hashtags_in_an_expense_create_no_tags(account: Account) -> None:
    make_expense(account.leader, make_project(account), description="#icons")

    assert account.leader.client.get("/v2/tags").json() == []


def test_inputs_are_accepted_as_strings_and_in_the_query(account: Account) -> None:
    project = make_project(account)
    query = {"date": DAY, "price": "-3.50", "project_id": str(project["id"]), "taxable": "false"}

    for response in (
        account.leader.client.post("/v2/expenses", query=query),
        account.leader.client.post("/v2/expenses", query),
    ):
        assert response.status == 201
        assert (response.json()["price"], response.json()["taxable"]) == (-3.5, False)


@pytest.mark.parametrize(
    ("price", "answered"),
    [
        ("49.9", "49.9"),
        ("49.90", "49.9"),
        ('"49.90"', "49.9"),
        ("12", "12.0"),
        ("12.00", "12.0"),
        ('"12"', "12.0"),
        ("-3.5", "-3.5"),
        ("0", "0.0"),
        ("0.01", "0.01"),
        ("1.005", "1.01"),
        ("-1.005", "-1.01"),
        ("2.675", "2.68"),
        ("1.00499999", "1.0"),
        ('"1.00499999999999999999999999999999999999"', "1.0"),
        ("-0.004", "0.0"),
        ("0.30000000000000004", "0.3"),
        ("1e2", "100.0"),
        ("999999999999.99", "999999999999.99"),
        ("-1000000000000", "-1000000000000.0"),
    ],
)
def test_a_price_is_rounded_half_up_to_cents(account: Account, price: str, answered: str) -> None:
    project = make_project(account)
    body = f'{{"date": "{DAY}", "project_id": {project["id"]}, "price": {price}}}'

    response = account.leader.client.post("/v2/expenses", body.encode())

    assert response.status == 201
    assert f'"price":{answered},' in response.body.decode()
    assert account.leader.client.get(response.json()["url"]).body == response.body


@pytest.mark.parametrize("price", [1e12 + 1, -(10**12) - 1, "1000000000000.01", 2**63, 10**40, 1e300, "9" * 5000])
def test_a_price_over_the_maximum_is_rejected(account: Account, price: Any) -> None:
    body = {"date": DAY, "project_id": make_project(account)["id"], "price": price}

    assert account.leader.client.post("/v2/expenses", body).codes == [("price", "invalid")]


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("date", "missing_field"), ("project_id", "missing_field"), ("price", "missing_field")]),
        (
            {"date": "", "project_id": None, "price": ""},
            [("date", "missing_field"), ("project_id", "missing_field"), ("price", "missing_field")],
        ),
        ({"date": "2024-02-30"}, [("date", "invalid")]),
        ({"project_id": "x"}, [("project_id", "invalid")]),
        ({"project_id": NO_SUCH_ID}, [("project_id", "missing")]),
        ({"price": "a lot"}, [("price", "invalid")]),
        ({"price": "$5"}, [("price", "invalid")]),
        ({"price": "1,5"}, [("price", "invalid")]),
        ({"price": "1e2"}, [("price", "invalid")]),
        ({"price": True}, [("price", "invalid")]),
        ({"price": [5]}, [("price", "invalid")]),
        ({"user_id": NO_SUCH_ID}, [("user_id", "missing")]),
        ({"user_id": "me"}, [("user_id", "invalid")]),
        ({"taxable": "yes"}, [("taxable", "invalid")]),
        ({"description": 5}, [("description", "invalid")]),
        ({"description": "nul \0"}, [("description", "invalid")]),
        (
            {"description": [], "taxable": 1, "user_id": NO_SUCH_ID, "price": {}, "project_id": NO_SUCH_ID, "date": 1},
            [
                ("date", "invalid"),
                ("project_id", "missing"),
                ("price", "invalid"),
                ("user_id", "missing"),
                ("taxable", "invalid"),
                ("description", "invalid"),
            ],
        ),
    ],
)
def test_malformed_input_reports_every_error(
    account: Account, body: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    project = make_project(account)
    log = EventReader(account)
    whole = {"date": DAY, "project_id": project["id"], "price": 5}

    response = account.leader.client.post("/v2/expenses", whole | body if body else {})

    assert response.status == 400
    assert response.codes == faults
    assert response.json()["message"] == "Validation Failed"
    assert {error["resource"] for error in response.json()["errors"]} == {"Expense"}
    assert log.read_new() == []
    assert account.leader.client.get("/v2/expenses").json() == []


def test_users_and_projects_of_another_account_are_missing(account: Account, other_account: Account) -> None:
    theirs = make_project(other_account)
    body = {"date": DAY, "price": 1, "user_id": other_account.leader.id, "project_id": theirs["id"]}

    response = account.leader.client.post("/v2/expenses", body)

    assert response.codes == [("project_id", "missing"), ("user_id", "missing")]


@pytest.mark.parametrize("role", ["coworker", "contractor"])
def test_scoped_roles_add_their_own_expenses_to_their_projects_only(account: Account, role: str) -> None:
    person = account.people[role]
    open_project = make_project(account, "Open", account.coworker, account.contractor)
    closed_project = make_project(account, "Closed")
    body = {"date": DAY, "price": 5, "project_id": open_project["id"]}
    other = account.coworker if role == "contractor" else account.contractor

    for more, fault in (
        ({"project_id": closed_project["id"]}, ("project_id", "insufficent_permissions")),
        ({"user_id": other.id}, ("user_id", "insufficent_permissions")),
    ):
        response = person.client.post("/v2/expenses", body | more)
        assert (response.status, response.codes) == (400, [fault])
    assert make_expense(person, open_project)["user"]["id"] == person.id
    assert person.client.post("/v2/expenses", body | {"user_id": person.id}).status == 201


def test_a_leader_adds_expenses_for_users_with_project_access(account: Account) -> None:
    open_project, closed_project = make_project(account, "Open", account.contractor), make_project(account, "Closed")
    body = {"date": DAY, "price": 5, "user_id": account.contractor.id}
    client = account.leader.client

    assert client.post("/v2/expenses", body | {"project_id": open_project["id"]}).status == 201
    response = client.post("/v2/expenses", body | {"project_id": closed_project["id"]})
    assert response.codes == [("project_id", "insufficent_permissions")]


def test_an_archived_project_takes_no_expenses(account: Account) -> None:
    project = make_project(account)
    make_expense(account.leader, project)
    archive(account, project)

    response = account.leader.client.post("/v2/expenses", {"date": DAY, "price": 5, "project_id": project["id"]})

    assert response.codes == [("project_id", "archived_project")]


# Reading


def test_unknown_expenses_are_404(account: Account, other_account: Account) -> None:
    theirs = make_expense(other_account.leader, make_project(other_account))
    client = account.supervisor.client

    for id in (NO_SUCH_ID, theirs["id"], 0, "abc", 10**25):
        url = f"/v2/expenses/{id}"
        assert (client.get(url).status, client.get(url).body) == (404, b"")
        assert client.put(url, {"date": "x"}).status == 404
        assert client.delete(url).status == 404
    assert other_account.leader.client.get(theirs["url"]).json() == theirs


def test_visibility_of_expenses_by_role(account: Account) -> None:
    open_project = make_project(account, "Open", account.coworker, account.contractor)
    closed_project = make_project(account, "Closed")
    leaders, hidden = make_expense(account.leader, open_project), make_expense(account.leader, closed_project)
    coworkers, contractors = (
        make_expense(account.coworker, open_project),
        make_expense(account.contractor, open_project),
    )
    everything = [contractors, coworkers, hidden, leaders]
    seen = {
        "supervisor": everything,
        "leader": everything,
        "coworker": [contractors, coworkers, leaders],
        "contractor": [contractors],
    }

    for role, expected in seen.items():
        client = account.people[role].client
        assert client.get("/v2/expenses").json() == expected
        for each in everything:
            assert client.get(each["url"]).status == (200 if each in expected else 404)


@pytest.mark.parametrize("role", ["coworker", "contractor"])
def test_revoked_project_access_hides_ones_own_expenses_there(account: Account, role: str) -> None:
    person = account.people[role]
    expense = make_expense(person, make_project(account, "Open", person))
    account.supervisor.client.put(f"/v2/users/{person.id}/revoke_access_to_all_projects")

    assert person.client.get("/v2/current_user/expenses").json() == []
    assert person.client.get(expense["url"]).status == 404
    assert person.client.put(expense["url"], {"price": 1}).status == 404
    assert person.client.delete(expense["url"]).status == 404
    assert account.leader.client.get(expense["url"]).status == 200


# Editing


def test_an_edit_raises_expense_updated_with_the_changes(account: Account, clock: FakeClock) -> None:
    one, other = make_project(account, "One"), make_project(account, "Other", account.coworker)
    before = make_expense(account.leader, one, 12, description="Icons")
    log = EventReader(account)
    clock.advance(seconds=60)
    given = {"price": "-3.505", "description": "Refund", "taxable": False, "date": "2024-05-22"}

    response = account.leader.client.put(
        before["url"], given | {"project_id": other["id"], "user_id": account.coworker.id}
    )

    assert response.status == 200
    after = response.json()
    assert after == before | given | {
        "price": -3.51,
        "project": {key: other[key] for key in SIMPLE_PROJECT_KEYS},
        "user": after["user"],
        "updated_at": "2024-05-21T10:06:00Z",
    }
    assert after["user"]["id"] == account.coworker.id
    [event] = log.read_new()
    assert (event.type, event.text) == ("expense.updated", response.body)
    assert list(event.changes) == ["price", "description", "taxable", "date", "project", "user"]
    assert event.changes == {key: [before[key], after[key]] for key in event.changes}
    assert account.supervisor.client.get(before["url"]).body == response.body


def test_an_edit_keeps_what_is_absent_and_clears_a_blank_description(account: Account) -> None:
    project = make_project(account, "Open", account.contractor)
    before = make_expense(account.contractor, project, taxable=False, description="Icons")
    same = {"date": DAY, "project_id": project["id"], "price": 12}
    client = account.leader.client

    assert client.put(before["url"], same).json() == before | {"price": 12}
    assert client.put(before["url"], same | {"description": ""}).json()["description"] is None
    assert client.get("/v2/expenses", {"description": "Icons"}).json() == []


def test_an_edit_that_changes_nothing_raises_nothing(account: Account, clock: FakeClock) -> None:
    project = make_project(account)
    before = make_expense(account.leader, project, 12.5, description="Icons")
    log = EventReader(account)
    clock.advance(seconds=60)
    same = {"date": DAY, "project_id": project["id"], "price": "12.4999999", "taxable": "true"}

    for body in (same, same | {"user_id": account.leader.id, "description": "Icons", "price": 12.495}):
        response = account.leader.client.put(before["url"], body)
        assert (response.status, response.json()) == (200, before)
    assert log.read_new() == []


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({"date": None}, [("date", "missing_field")]),
        ({"project_id": None}, [("project_id", "missing_field")]),
        ({"price": ""}, [("price", "missing_field")]),
        ({"user_id": None, "taxable": ""}, [("user_id", "missing_field"), ("taxable", "missing_field")]),
        ({"date": "today", "price": "x"}, [("date", "invalid"), ("price", "invalid")]),
        ({"price": 1e13, "description": 5}, [("price", "invalid"), ("description", "invalid")]),
        ({"project_id": NO_SUCH_ID}, [("project_id", "missing")]),
        ({"user_id": NO_SUCH_ID, "price": None}, [("price", "missing_field"), ("user_id", "missing")]),
    ],
)
def test_a_malformed_edit_is_rejected(account: Account, body: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    project = make_project(account)
    before = make_expense(account.leader, project)
    log = EventReader(account)

    response = account.leader.client.put(
        before["url"], {"date": DAY, "project_id": project["id"], "price": 5, "description": "Other", **body}
    )

    assert (response.status, response.codes) == (400, faults)
    assert account.leader.client.get(before["url"]).json() == before
    assert log.read_new() == []


def test_an_edit_cannot_clear_date_project_or_price(account: Account) -> None:
    expense = make_expense(account.leader, make_project(account))

    assert account.leader.client.put(expense["url"], {"description": "Icons"}).codes == [
        ("date", "missing_field"),
        ("project_id", "missing_field"),
        ("price", "missing_field"),
    ]


def test_an_edit_obeys_the_permissions_of_create(account: Account) -> None:
    open_project, closed_project = make_project(account, "Open", account.contractor), make_project(account, "Closed")
    expense = make_expense(account.contractor, open_project)
    archived = make_project(account, "Archived")
    make_expense(account.leader, archived)
    archive(account, archived)
    same = {"date": DAY, "project_id": open_project["id"], "price": 5}

    for person, body, fault in (
        (account.contractor, {"project_id": closed_project["id"]}, ("project_id", "insufficent_permissions")),
        (account.contractor, {"user_id": account.leader.id}, ("user_id", "insufficent_permissions")),
        (account.leader, {"project_id": closed_project["id"]}, ("project_id", "insufficent_permissions")),
        (account.leader, {"user_id": account.coworker.id}, ("project_id", "insufficent_permissions")),
        (account.leader, {"user_id": account.leader.id, "project_id": archived["id"]},
         ("project_id", "archived_project")),
    ):  # fmt: skip
        response = person.client.put(expense["url"], same | body)
        assert (response.status, response.codes) == (400, [fault])
    assert account.leader.client.get(expense["url"]).json() == expense


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_only_leaders_edit_expenses_of_others(account: Account, method: str) -> None:
    project = make_project(account, "Open", account.coworker, account.contractor)
    leaders, coworkers = make_expense(account.leader, project), make_expense(account.coworker, project)
    contractors = make_expense(account.contractor, project)
    log = EventReader(account)

    def change(by: str, expense: dict[str, Any], **body: Any) -> int:
        return account.people[by].client.request(method, expense["url"], body=body).status

    assert change("coworker", leaders, price="x") == 403
    assert change("coworker", contractors, price="x") == 403
    assert change("contractor", leaders, price="x") == 404
    assert log.read_new() == []
    same = {"date": DAY, "price": 5, "project_id": project["id"]}
    for person, expense in (("coworker", coworkers), ("contractor", contractors), ("leader", leaders)):
        assert change(person, expense, **same) in (200, 204)
    give_access(account, account.coworker, project)
    others = make_expense(account.coworker, project)
    assert change("leader", others, **same) in (200, 204)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_an_expense_of_an_archived_project_is_read_only(account: Account, method: str) -> None:
    project = make_project(account, "Open", account.coworker)
    expense = make_expense(account.leader, project)
    archive(account, project)
    log = EventReader(account)

    response = account.leader.client.request(method, expense["url"], body={"price": "x"})

    assert (response.status, response.codes) == (400, [("base", "archived_project")])
    assert response.json()["errors"][0]["resource"] == "Expense"
    assert account.coworker.client.request(method, expense["url"]).status == 403
    assert log.read_new() == []
    account.leader.client.put(project["unarchive_url"])
    body = {"date": DAY, "price": 5, "project_id": project["id"]}
    assert account.leader.client.request(method, expense["url"], body=body).status in (200, 204)


# Deleting


def test_expense_deleted_carries_the_expense_as_it_was(account: Account) -> None:
    expense = make_expense(account.contractor, make_project(account, "Open", account.contractor), description="Icons")
    kept = make_expense(account.leader, make_project(account, "Other"))
    log = EventReader(account)
    text = account.supervisor.client.get(expense["url"]).body

    response = account.contractor.client.delete(expense["url"])

    assert (response.status, response.body) == (204, b"")
    [event] = log.read_new()
    assert (event.type, event.changes, event.text) == ("expense.deleted", {}, text)
    assert account.supervisor.client.get(expense["url"]).status == 404
    assert account.contractor.client.delete(expense["url"]).status == 404
    assert ids(account.leader.client.get("/v2/expenses").json()) == [kept["id"]]
