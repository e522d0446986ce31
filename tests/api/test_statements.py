"""Statement counts of common requests, of lists of any length, and of bulk actions."""

from typing import get_origin

import pytest

from hourhook.api.app import all_endpoints
from hourhook.api.endpoints import Endpoint
from hourhook.domain.inputs import fields_of
from hourhook.domain.inputs.lists import IdListField
from hourhook.domain.pages import Page
from tests.support.accounts import Account
from tests.support.broadcast_receivers import make_receiver
from tests.support.factories import (
    DAY,
    ids,
    insert_entries,
    insert_expenses,
    make_entry,
    make_expense,
    make_group,
    make_inbox_entry,
    make_invoice,
    make_project,
    make_tag,
    make_team,
    start_timer,
)
from tests.support.full_account import PathParameters, populate_account, resolve_path
from tests.support.statements import Statements, capture_statements
from tests.support.webhooks import make_webhook


def cost_of(account: Account, method: str, path: str, body: object = b"") -> Statements:
    """Return the statements of a request up to its response."""
    # The first write of a token also finds its account.
    account.supervisor.client.get("/v2/current_user")
    with capture_statements(account.database) as statements:
        response = account.supervisor.client.request(method, path, body=body)
    assert response.status < 300, response.body
    return statements


LISTS = [endpoint for endpoint in all_endpoints() if get_origin(endpoint.response_type) in (Page, list)]


def test_every_list_takes_the_same_statements_at_any_length(account: Account) -> None:
    path_ids = dict(populate_account(account))
    add_rows(account, path_ids, range(3))
    few = {name_of(endpoint): cost_of_list(account, endpoint, path_ids, at_least=3) for endpoint in LISTS}
    add_rows(account, path_ids, range(3, 30))

    for endpoint in LISTS:
        many = cost_of_list(account, endpoint, path_ids, at_least=30)
        assert len(many) == len(few[name_of(endpoint)]), f"{name_of(endpoint)}:\n{many}"


def cost_of_list(account: Account, endpoint: Endpoint, path_ids: PathParameters, at_least: int) -> Statements:
    # Actions that add something return the whole list, even if there is nothing to add.
    body: dict[str, list[int]] = {
        field.name: []
        for field in (fields_of(endpoint.inputs) if endpoint.inputs else ())
        if isinstance(field.type, IdListField)
    }
    path = resolve_path(endpoint, path_ids) + "?per_page=1000"
    with capture_statements(account.database) as statements:
        response = account.supervisor.client.request(
            endpoint.method, path, body=body if endpoint.method != "GET" else b""
        )
    assert response.status == 200, (path, response.body)
    assert len(response.json()) >= at_least, f"{name_of(endpoint)} has too few rows to tell"
    return statements


def name_of(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


def add_rows(account: Account, path_ids: PathParameters, numbers: range) -> None:
    """Add rows to every list, each with related objects of its own."""
    leader, supervisor = account.leader.client, account.supervisor.client
    people, projects, entries, expenses = [], [], [], []
    for number in numbers:
        person = account.add(f"person{number}", "coworker")
        project = make_project(account, f"project {number}", person)
        make_team(account, f"team {number}", person, account.owner)
        make_group(account, f"group {number}", make_project(account, f"project of group {number}"))
        text = f"#tag{number} #stage"
        for owner_id, project_id in (
            (path_ids["user_id"], path_ids["project_id"]),
            (account.supervisor.id, project["id"]),
        ):
            values = {"user_id": owner_id, "project_id": project_id}
            make_entry(account.leader, text, **values)
            make_expense(account.leader, {"id": project_id}, user_id=owner_id)
        make_invoice(
            account, [make_entry(account.leader, project_id=project["id"])], [make_expense(account.leader, project)]
        )
        entries.append(make_entry(account.leader, text, project_id=project["id"])["id"])
        expenses.append(make_expense(account.leader, project)["id"])
        make_entry(person, text, project_id=project["id"])
        inbox_entry = make_inbox_entry(account.supervisor, minutes=5)
        supervisor.post(inbox_entry["log_url"], {"project_id": path_ids["project_id"]})
        start_timer(account.supervisor, project)
        make_webhook(account, name=f"webhook {number}")
        make_receiver(account.supervisor, name=f"receiver {number}", subjects=["timer", "*"])
        leader.put(f"/v2/webhooks/{path_ids['webhook_id']}/ping")
        people.append(person.id)
        projects.append(project["id"])
    invoice_url = f"/v2/invoices/{path_ids['invoice_id']}"
    assert leader.put(f"{invoice_url}/add_entries", {"entry_ids": entries}).status == 204
    assert leader.put(f"{invoice_url}/add_expenses", {"expense_ids": expenses}).status == 204
    assert supervisor.post(f"/v2/teams/{path_ids['team_id']}/add_users", {"user_ids": people}).status == 200
    group = f"/v2/project_groups/{path_ids['project_group_id']}"
    assert leader.post(f"{group}/add_projects", {"project_ids": projects}).status == 200


def test_a_page_of_entries_takes_at_most_four_statements(account: Account) -> None:
    insert_entries(account, 31, make_tag(account, "a"), make_project(account))

    assert len(cost_of(account, "GET", "/v2/entries")) == 4
    assert len(cost_of(account, "GET", "/v2/entries")) == 3
    assert len(cost_of(account, "GET", "/v2/entries?page=2")) == 3
    assert len(cost_of(account, "GET", "/v2/entries?per_page=31&billable=true")) == 4
    make_entry(account.leader)
    assert len(cost_of(account, "GET", "/v2/entries")) == 4


def test_showing_an_entry_takes_three_statements(account: Account) -> None:
    entry = make_entry(account.leader, "#a", project_name="Website")

    assert len(cost_of(account, "GET", entry["url"])) == 3


def test_creating_an_entry_takes_few_statements(account: Account) -> None:
    project = make_project(account)
    make_tag(account, "a")
    body = {"date": DAY, "minutes": 15, "description": "#a", "project_id": project["id"]}
    # Lock, caller; user and project, tags, the entry and its tags; the event and the log.
    by_database = {"sqlite": 10, "postgresql": 9}

    assert len(cost_of(account, "POST", "/v2/entries", body)) == by_database[account.database.dialect]


def test_a_page_of_expenses_takes_at_most_three_statements(account: Account) -> None:
    insert_expenses(account, 31, make_project(account))

    assert len(cost_of(account, "GET", "/v2/expenses")) == 3
    assert len(cost_of(account, "GET", "/v2/expenses?page=2")) == 2


@pytest.mark.parametrize("resource", ["users", "projects", "tags", "entries", "expenses", "invoices"])
def test_plain_lists_take_the_same_statements_at_any_length(account: Account, resource: str) -> None:
    def add(number: int) -> None:
        entry = make_entry(account.leader, f"#tag{number}", project_name=f"project {number}")
        rates = {
            "calculation_method": "custom_hourly_rates",
            "standard_hourly_rate": 1,
            "custom_hourly_rates": [{"user_id": account.leader.id, "hourly_rate": 2}],
        }
        expense = make_expense(account.leader, entry["project"])
        created = make_invoice(account, [entry], [expense], taxes=[{"percentage": 20}], rate_calculation=rates)
        account.leader.client.put(f"{created['url']}/paid")

    add(0)
    before = len(cost_of(account, "GET", f"/v2/{resource}"))
    for number in range(1, 8):
        add(number)
        account.add(f"user{number}", "coworker")

    maximum = {"projects": 5, "invoices": 6}.get(resource, 4)
    assert len(cost_of(account, "GET", f"/v2/{resource}")) == before <= maximum


def test_items_of_an_invoice_take_the_same_statements_at_any_length(account: Account) -> None:
    project = make_project(account)
    created = make_invoice(account, [make_entry(account.leader)], [make_expense(account.leader, project)])
    paths = [created["entries_url"], created["expenses_url"]]
    before = [len(cost_of(account, "GET", path)) for path in paths]
    more = {"entry_ids": ids(make_entry(account.leader) for _ in range(7))}
    account.leader.client.put(f"{created['url']}/add_entries", more)
    account.leader.client.put(f"{created['url']}/add_expenses", {"expense_ids": insert_expenses(account, 20, project)})

    assert [len(cost_of(account, "GET", path)) for path in paths] == before == [4, 3]


def test_recalculation_takes_the_same_statements_for_any_invoices(account: Account) -> None:
    tag, project = make_tag(account, "a"), make_project(account)

    def costs() -> list[int]:
        make_invoice(account, [make_entry(account.leader, "#a", project_id=project["id"])])
        changes = [
            ("PUT", f"/v2/tags/{tag['id']}", {"name": "a*"}),
            ("PUT", f"/v2/tags/{tag['id']}", {"name": "a"}),
            ("PUT", project["url"], {"billable": False}),
            ("PUT", project["url"], {"billable": True}),
        ]
        return [len(cost_of(account, *change)) for change in changes]

    before = costs()
    for _ in range(7):
        costs()

    assert costs() == before


def test_ones_own_receivers_take_the_same_statements_at_any_length(account: Account) -> None:
    make_receiver(account.supervisor)
    before = len(cost_of(account, "GET", "/v2/broadcast_receivers"))
    for _ in range(7):
        make_receiver(account.supervisor, subjects=["timer", "*"])

    # Token, receivers, their subjects.
    assert len(cost_of(account, "GET", "/v2/broadcast_receivers")) == before == 3


@pytest.mark.parametrize("resource", ["inbox_entries", "timers"])
def test_ones_own_lists_take_the_same_statements_at_any_length(account: Account, resource: str) -> None:
    def add(number: int) -> None:
        inbox_entry = make_inbox_entry(account.supervisor, minutes=5)
        account.supervisor.client.post(inbox_entry["log_url"])
        start_timer(account.supervisor, make_project(account, f"project {number}"))

    add(0)
    before = len(cost_of(account, "GET", f"/v2/{resource}"))
    for number in range(1, 8):
        add(number)

    # Token, list.
    assert len(cost_of(account, "GET", f"/v2/{resource}")) == before == 2


def test_switching_timers_takes_few_statements(account: Account) -> None:
    one, other = make_project(account, "One"), make_project(account, "Other")
    start_timer(account.supervisor, one)
    start_timer(account.supervisor, other)

    # Lock, caller; the timer, the running one, the update of each, and the broadcast receivers.
    assert len(cost_of(account, "PUT", f"/v2/projects/{one['id']}/timer/start")) == 7
    for _ in range(3):
        make_receiver(account.supervisor)
    assert len(cost_of(account, "PUT", f"/v2/projects/{other['id']}/timer/start")) == 7


def test_archiving_pauses_any_number_of_timers_in_as_many_statements(account: Account) -> None:
    project = make_project(account)
    make_entry(account.leader, project_id=project["id"])
    start_timer(account.owner, project)
    before = len(cost_of(account, "PUT", f"/v2/projects/{project['id']}/archive"))
    account.leader.client.put(project["unarchive_url"])
    for person in (account.owner, account.supervisor, account.leader):
        start_timer(person, project)

    assert len(cost_of(account, "PUT", f"/v2/projects/{project['id']}/archive")) == before


def test_teams_take_the_same_statements_with_any_members(account: Account) -> None:
    team = make_team(account, "Team 0", account.leader)
    paths = ["/v2/teams", "/v2/users", f"{team['url']}/users", f"{team['url']}/entries"]
    make_entry(account.leader)
    before = [len(cost_of(account, "GET", path)) for path in paths]
    added = [len(cost_of(account, "POST", team["add_users_url"], {"user_ids": [account.coworker.id]}))]

    people = [account.add(f"user{number}", "coworker") for number in range(40)]
    for number in range(1, 8):
        make_team(account, f"Team {number}", *people)
    added.append(len(cost_of(account, "POST", team["add_users_url"], {"user_ids": [each.id for each in people]})))
    make_entry(account.supervisor, user_id=people[0].id)

    assert [len(cost_of(account, "GET", f"{path}?per_page=1000")) for path in paths] == before == [3, 3, 4, 4]
    assert added[0] == added[1]


def test_groups_take_the_same_statements_with_any_projects(account: Account) -> None:
    group = make_group(account, "Group 0", make_project(account, "project 0"))
    paths = ["/v2/project_groups", "/v2/projects", f"{group['url']}/projects", f"{group['url']}/entries"]
    make_entry(account.leader, project_id=group["projects"][0]["id"])
    before = [len(cost_of(account, "GET", path)) for path in paths]
    one = {"project_ids": [make_project(account, "one")["id"]]}
    added = [len(cost_of(account, "POST", group["add_projects_url"], one))]

    projects = [make_project(account, f"project {number}") for number in range(1, 40)]
    for number in range(1, 8):
        make_group(account, f"Group {number}", make_project(account, f"of group {number}"))
    many = {"project_ids": [each["id"] for each in projects]}
    added.append(len(cost_of(account, "POST", group["add_projects_url"], many)))
    make_entry(account.leader, project_id=projects[0]["id"])

    assert [len(cost_of(account, "GET", f"{path}?per_page=1000")) for path in paths] == before == [3, 4, 5, 4]
    assert added[0] == added[1]


def test_bulk_actions_take_a_few_statements_per_500_objects(account: Account) -> None:
    one, other = make_tag(account, "one"), make_tag(account, "other")
    project, target = make_project(account, "Project"), make_project(account, "Target")
    entry_ids = insert_entries(account, 1100, other, project)
    insert_expenses(account, 1100, project)
    costs = {
        "approve": cost_of(account, "PUT", "/v2/entries/approved", {"entry_ids": entry_ids}),
        "merge tags": cost_of(account, "PUT", f"/v2/tags/{one['id']}/merge", {"tag_id": other["id"]}),
        "rename": cost_of(account, "PUT", f"/v2/tags/{one['id']}", {"name": "renamed"}),
        "delete": cost_of(account, "DELETE", f"/v2/tags/{one['id']}"),
        "merge projects": cost_of(account, "PUT", f"/v2/projects/{target['id']}/merge", {"project_id": project["id"]}),
    }

    assert {name: len(cost) for name, cost in costs.items() if len(cost) > 44} == {}


def test_large_invoices_take_a_few_statements_per_500_items(account: Account) -> None:
    project, tag = make_project(account), make_tag(account, "a*")
    entry_ids, expense_ids = insert_entries(account, 1100, tag, project), insert_expenses(account, 1100, project)
    new = {"invoice_date": DAY, "entry_ids": entry_ids, "expense_ids": expense_ids}
    costs = {"create": cost_of(account, "POST", "/v2/invoices", new)}
    [created] = account.leader.client.get("/v2/invoices").json()
    url = created["url"]
    costs |= {
        "edit the tag": cost_of(account, "PUT", f"/v2/tags/{tag['id']}", {"name": "a"}),
        "remove entries": cost_of(account, "PUT", f"{url}/remove_entries", {"entry_ids": entry_ids}),
        "remove all expenses": cost_of(account, "PUT", f"{url}/remove_all_expenses"),
        "add expenses": cost_of(account, "PUT", f"{url}/add_expenses", {"expense_ids": expense_ids}),
        "add entries": cost_of(account, "PUT", f"{url}/add_entries", {"entry_ids": entry_ids}),
        "mark as paid": cost_of(account, "PUT", f"{url}/paid"),
        "mark as unpaid": cost_of(account, "PUT", f"{url}/unpaid"),
        "edit": cost_of(account, "PUT", url, {"footer": "Thanks"}),
        "delete": cost_of(account, "DELETE", url),
    }

    assert {name: len(cost) for name, cost in costs.items() if len(cost) > 50} == {}
