"""Totals of lists of entries, which come from kept sums of months, equal the number of entries that match."""

import random

import pytest

from tests.support.accounts import Account
from tests.support.factories import (
    make_entry,
    make_group,
    make_project,
    make_tag,
    make_team,
    mark_as_invoiced,
)

DAYS = ("2023-12-30", "2023-12-31", "2024-01-01", "2024-01-31", "2024-02-01", "2024-02-28", "2024-02-29", "2024-03-01",
        "2024-06-15", "2024-06-30", "0001-01-01", "9999-12-31")  # fmt: skip


@pytest.fixture
def filled(account: Account) -> Account:
    """An account with entries of several people, projects, days, tags and states."""
    random.seed(1)
    make_tag(account, "free*")
    projects = [make_project(account, "Harbour"), make_project(account, "Orchard", billable=False)]
    make_group(account, "Contoso", projects[0])
    make_team(account, "Platform", account.leader)
    for number in range(60):
        project = random.choice([*projects, None])
        entry = make_entry(
            random.choice([account.leader, account.supervisor]),
            random.choice(["#free", "#paid", None]),
            minutes=number,
            date=random.choice(DAYS),
            project_id=project and project["id"],
        )
        if number % 3 == 0:
            mark_as_invoiced(account, entry)
    return account


def test_the_total_is_the_number_of_entries_whatever_the_filters(filled: Account) -> None:
    client = filled.supervisor.client
    [harbour, orchard] = client.get("/v2/projects").json()
    filters = {
        "user_ids": (filled.leader.id, f"{filled.leader.id},{filled.supervisor.id}", 0),
        "project_ids": (harbour["id"], f"{harbour['id']},{orchard['id']}", 0),
        "from": DAYS,
        "to": DAYS,
        "billable": ("true", "false"),
        "invoiced": ("true", "false"),
    }
    paths = [
        "/v2/entries",
        f"/v2/users/{filled.leader.id}/entries",
        harbour["entries_url"],
        client.get("/v2/project_groups").json()[0]["entries_url"],
        client.get("/v2/teams").json()[0]["entries_url"],
    ]
    random.seed(2)
    for _ in range(150):
        names = random.sample([*filters], random.randint(0, 4))
        query = {name: random.choice(filters[name]) for name in names}
        path = random.choice(paths)

        response = client.get(path, {**query, "per_page": 1})
        last = response.links.get("last", "page=1")

        count = len(client.get(path, {**query, "per_page": 1000}).json())
        assert int(last.partition("page=")[2].partition("&")[0]) == max(count, 1), (path, query)
