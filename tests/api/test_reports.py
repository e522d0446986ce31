"""``GET /v2/reports/time``: sums by group, which equal those of the listed entries."""

from collections import defaultdict
from datetime import date, timedelta
from itertools import permutations, product
from typing import Any

import pytest

from hourhook.domain.callers import ROLES
from hourhook.domain.reports.groupings import GROUPINGS
from tests.support.accounts import Account, Person
from tests.support.factories import approve, make_entry, make_group, make_project, make_team, mark_as_invoiced
from tests.support.statements import capture_statements

PERIOD = {"from": "2024-01-01", "to": "2024-12-31"}
SUMS = ("minutes", "billable_minutes", "unbillable_minutes", "invoiced_minutes", "uninvoiced_minutes")


@pytest.fixture
def filled(account: Account) -> Account:
    """An account whose entries belong to none, one or two of everything."""
    shared = make_project(account, "Harbour map", account.coworker, account.contractor, billing_increment=1)
    hidden = make_project(account, "Lighthouse", billing_increment=1)
    free = make_project(account, "Quay", account.coworker, billing_increment=1)
    account.leader.client.put(f"/v2/projects/{free['id']}", {"billable": False})
    make_group(account, "Sea", shared, hidden)
    make_team(account, "Day", account.leader, account.contractor)
    make_team(account, "Night", account.leader, account.coworker)
    minutes = 1
    for person in (account.leader, account.coworker, account.contractor, account.owner):
        for project, day in product((shared, hidden, free, None), ("2024-03-31", "2024-04-01", "2024-12-30")):
            if project is None or person in (account.leader, account.owner) or project is shared:
                text = ("#lamp #lens", "#lamp #admin*", "no tag")[minutes % 3]
                project_id = None if project is None else project["id"]
                entry = make_entry(person, text, minutes=minutes, date=day, project_id=project_id)
                if minutes % 4 == 0:
                    mark_as_invoiced(account, entry)
                if minutes % 7 == 0:
                    approve(account, entry)
            minutes += 1
    return account


def test_sums_equal_those_of_the_listed_entries(filled: Account) -> None:
    belongs = memberships(filled)
    chosen = [(), *((each,) for each in GROUPINGS), *permutations(GROUPINGS, 2)]
    for role in ROLES:
        listed = list_entries(filled.people[role])
        for group_by in chosen:
            report = fetch(filled.people[role], group_by=",".join(group_by))
            assert shape_of(report) == summed(listed, group_by, belongs), (role, group_by)


def test_filters_are_those_of_the_list_of_entries(filled: Account) -> None:
    belongs = memberships(filled)
    for filters in (
        {"from": "2024-04-01", "to": "2024-04-01"},
        {"user_ids": f"{filled.leader.id},{filled.owner.id}"},
        {"project_ids": "1"},
        {"tag_ids": "1,2"},
        {"tag_ids": "1,3", "tag_filter_type": "combination of"},
        {"description": "lens"},
        {"billable": "false"},
        {"invoiced": "true"},
        {"approved_by_ids": str(filled.supervisor.id)},
        {"invoice_ids": "1"},
        {"from": "2024-12-31", "to": "2024-01-01"},
    ):
        listed = list_entries(filled.leader, **filters)
        for group_by in (("tag", "team"), ("team",), ("week", "project")):
            report = fetch(filled.leader, group_by=",".join(group_by), **filters)
            assert shape_of(report) == summed(listed, group_by, belongs), filters


def test_an_entry_with_two_tags_counts_in_both_groups_and_once_in_totals(account: Account) -> None:
    make_entry(account.leader, "#lamp #lens", minutes=30)
    make_entry(account.leader, "", minutes=5)

    report = fetch(account.leader, group_by="tag")

    assert report["minutes"] == 35
    assert [(each["id"] is None, each["name"], each["minutes"]) for each in report["groups"]] == [
        (False, "lamp", 30),
        (False, "lens", 30),
        (True, None, 5),
    ]


def test_a_report_has_its_keys_in_order_and_empty_groups(account: Account) -> None:
    project = make_project(account, "Harbour map", billing_increment=1)
    make_entry(account.leader, minutes=20, project_id=project["id"])

    response = account.leader.client.get("/v2/reports/time", {**PERIOD, "group_by": "project"})

    sums = '"minutes":20,"billable_minutes":20,"unbillable_minutes":0,"invoiced_minutes":0,"uninvoiced_minutes":20'
    group = f'{{"by":"project","id":{project["id"]},"name":"Harbour map",{sums},"groups":[]}}'
    assert response.body.decode() == f'{{"from":"2024-01-01","to":"2024-12-31",{sums},"groups":[{group}]}}'
    assert fetch(account.leader)["groups"] == []


def test_groups_are_sorted_by_minutes_then_name_and_time_ascends(account: Account) -> None:
    for name, minutes, day in (("b", 10, "2024-05-03"), ("A", 10, "2024-05-02"), ("c", 90, "2024-05-01")):
        project = make_project(account, name, billing_increment=1)
        make_entry(account.leader, minutes=minutes, date=day, project_id=project["id"])
    make_entry(account.leader, minutes=500)

    assert names(fetch(account.leader, group_by="project")) == ["c", "A", "b", None]
    assert names(fetch(account.leader, group_by="date")) == ["2024-05-01", "2024-05-02", "2024-05-03", "2024-05-21"]


@pytest.mark.parametrize(("week_start", "first_day"), [("Monday", "2024-12-30"), ("Sunday", "2024-12-29")])
def test_weeks_begin_on_the_callers_first_day(account: Account, week_start: str, first_day: str) -> None:
    assert account.leader.client.put("/v2/current_user", {"week_start": week_start}).status in (200, 204)
    make_entry(account.leader, date="2025-01-01")
    make_entry(account.leader, date="2024-12-30")

    report = account.leader.client.get(
        "/v2/reports/time", {"from": "2024-12-01", "to": "2025-01-31", "group_by": "week"}
    ).json()

    assert [(each["id"], each["name"], each["minutes"]) for each in report["groups"]] == [(None, first_day, 120)]


def test_the_first_and_last_days_that_there_are_have_a_week(account: Account) -> None:
    for day in ("0001-01-01", "9999-12-31"):
        make_entry(account.leader, date=day)
        report = account.leader.client.get("/v2/reports/time", {"from": day, "to": day, "group_by": "week,month"})
        assert (report.status, report.json()["minutes"]) == (200, 60)


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ({"from": ""}, "from", "missing_field"),
        ({"to": ""}, "to", "missing_field"),
        ({"from": "spring"}, "from", "invalid"),
        ({"to": "2034-01-02"}, "to", "invalid"),
        ({"group_by": "colour"}, "group_by", "invalid"),
        ({"group_by": "project,project"}, "group_by", "invalid"),
        ({"group_by": "project,user,tag"}, "group_by", "invalid"),
        ({"user_ids": "me"}, "user_ids", "invalid"),
        ({"billable": "maybe"}, "billable", "invalid"),
    ],
)
def test_malformed_reports_are_refused_in_words(account: Account, query: Any, field: str, code: str) -> None:
    response = account.leader.client.get("/v2/reports/time", {**PERIOD, **query})

    assert (response.status, response.codes) == (400, [(field, code)])
    assert field in response.json()["errors"][0]["message"]


def test_ten_years_are_not_too_many(account: Account) -> None:
    for query in (
        {"from": "2024-01-01", "to": "2034-01-01"},
        {"from": "2024-02-29", "to": "2034-02-28"},
        {"from": "9995-01-01", "to": "9999-12-31"},
    ):
        assert account.leader.client.get("/v2/reports/time", query).status == 200, query


def test_a_report_tells_nothing_of_other_accounts(account: Account, other_account: Account) -> None:
    make_entry(other_account.leader, "#lamp", project_name="Theirs")

    report = fetch(account.supervisor, group_by="project,tag", user_ids=str(other_account.leader.id))

    assert (report["minutes"], report["groups"]) == (0, [])


def test_a_report_takes_three_statements_at_most(filled: Account) -> None:
    for group_by in ("tag,week", "week,tag", "project,user", ""):
        with capture_statements(filled.database) as statements:
            fetch(filled.leader, group_by=group_by)
        assert sum(statement.startswith("SELECT") for statement in statements) <= 3, statements


def fetch(person: Person, **query: str) -> dict[str, Any]:
    response = person.client.get("/v2/reports/time", {**PERIOD, **query})
    assert response.status == 200, response.body
    report: dict[str, Any] = response.json()
    return report


def names(report: dict[str, Any]) -> list[str | None]:
    return [group["name"] for group in report["groups"]]


def shape_of(group: dict[str, Any]) -> Any:
    """Return the sums of a report or a group, and of the groups in it by id and name."""
    inner = {(each["by"], each["id"], each["name"]): shape_of(each) for each in group["groups"]}
    assert len(inner) == len(group["groups"])
    return tuple(group[name] for name in SUMS), inner


def list_entries(person: Person, **filters: str) -> list[dict[str, Any]]:
    response = person.client.get("/v2/entries", {**PERIOD, "per_page": 1000, **filters})
    found: list[dict[str, Any]] = response.json()
    return found


def summed(listed: list[Any], group_by: tuple[str, ...], belongs: dict[str, Any]) -> Any:
    """Return the shape of the report on these entries."""
    minutes = sum(each["minutes"] for each in listed)
    billable = sum(each["minutes"] for each in listed if each["billable"])
    invoiced = sum(each["minutes"] for each in listed if each["invoiced_at"])
    groups: dict[Any, list[Any]] = defaultdict(list)
    if group_by:
        for entry in listed:
            of_none: list[tuple[int | None, str | None]] = [(None, None)]
            for id, name in groups_of(entry, group_by[0], belongs) or of_none:
                groups[group_by[0], id, name].append(entry)
    inner = {key: summed(found, group_by[1:], belongs) for key, found in groups.items()}
    return (minutes, billable, minutes - billable, invoiced, minutes - invoiced), inner


def groups_of(entry: dict[str, Any], by: str, belongs: dict[str, Any]) -> list[tuple[int | None, str]]:
    day = date.fromisoformat(entry["date"])
    match by:
        case "date":
            return [(None, entry["date"])]
        case "month":
            return [(None, entry["date"][:7])]
        case "week":
            # New users' weeks begin on Sunday.
            return [(None, (day - timedelta(days=day.isoweekday() % 7)).isoformat())]
        case "user":
            user = entry["user"]
            return [(user["id"], f"{user['first_name']} {user['last_name'] or ''}".strip())]
        case "tag":
            return [(tag["id"], tag["name"]) for tag in entry["tags"]]
        case "project":
            return [] if entry["project"] is None else [(entry["project"]["id"], entry["project"]["name"])]
        case "project_group":
            return [] if entry["project"] is None else belongs["projects"].get(entry["project"]["id"], [])
    return belongs["users"].get(entry["user"]["id"], [])  # type: ignore[no-any-return]


def memberships(account: Account) -> dict[str, Any]:
    client = account.supervisor.client
    users, projects = defaultdict(list), defaultdict(list)
    for team in client.get("/v2/teams").json():
        for user in client.get(f"{team['url']}/users").json():
            users[user["id"]].append((team["id"], team["name"]))
    for group in client.get("/v2/project_groups").json():
        for project in client.get(f"{group['url']}/projects").json():
            projects[project["id"]].append((group["id"], group["name"]))
    return {"users": users, "projects": projects}
