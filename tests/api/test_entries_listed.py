"""``/v2/entries`` and the entries of a user, project or tag: filters, order and pages."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.accounts import Account, Person
from tests.support.clocks import FakeClock
from tests.support.factories import DAY, NO_SUCH_ID, approve, ids, make_entry, make_project, mark_as_invoiced


def found(account: Account, query: Any, path: str = "/v2/entries") -> list[str]:
    """The descriptions of the entries in a leader's list, in order."""
    response = account.leader.client.get(path, query)
    assert response.status == 200, response.body
    return [entry["description"] for entry in response.json()]


def test_entries_are_sorted_by_date_then_id_newest_first(account: Account) -> None:
    for description, date in (("1", "2024-05-02"), ("2", "2024-05-03"), ("3", "2024-05-01"), ("4", "2024-05-02")):
        make_entry(account.leader, description, date=date)

    assert found(account, {}) == ["2", "4", "1", "3"]


def test_entries_are_paginated(account: Account) -> None:
    for number in range(5):
        make_entry(account.leader, str(number))
    client = account.leader.client

    first = client.get("/v2/entries", {"per_page": 2, "user_ids": account.leader.id})

    assert [entry["description"] for entry in first.json()] == ["4", "3"]
    assert list(first.links) == ["last", "next"]
    second = client.get(first.links["next"])
    assert [entry["description"] for entry in second.json()] == ["2", "1"]
    last = client.get(first.links["last"])
    assert [entry["description"] for entry in last.json()] == ["0"]
    assert list(last.links) == ["first", "prev"]
    assert client.get("/v2/entries", {"per_page": 2, "page": 4}).json() == []
    assert list(client.get("/v2/entries", {"per_page": 5}).links) == []


def test_the_last_page_follows_the_number_of_entries(account: Account) -> None:
    entries = [make_entry(account.leader) for _ in range(3)]
    client = account.leader.client

    def last_page() -> str:
        query = urlsplit(client.get("/v2/entries", {"per_page": 1}).links["last"]).query
        return parse_qs(query)["page"][0]

    assert last_page() == last_page() == "3"
    make_entry(account.contractor)
    assert last_page() == "4"
    for entry in entries[:2]:
        client.delete(entry["url"])
    assert last_page() == "2"
    assert list(account.contractor.client.get("/v2/entries", {"per_page": 1}).links) == []


def test_entries_are_filtered_by_owner_and_attributes(account: Account) -> None:
    one, other = make_project(account, "One"), make_project(account, "Other", billable=False)
    a = make_entry(account.leader, "Größe #a", project_id=one["id"])
    make_entry(account.supervisor, "#b*", project_id=one["id"], date="2024-05-22")
    ab = make_entry(account.leader, "#a #b", date="2024-05-20")
    make_entry(account.leader, "none", project_id=other["id"], date="2024-05-19")
    tag_a, tag_b = ids(ab["tags"])
    tags = f"{tag_a},{tag_b}"

    for query, expected in (
        ({"user_ids": account.supervisor.id}, ["#b*"]),
        ({"user_ids": f"{account.supervisor.id}, {account.leader.id}"}, ["#b*", "Größe #a", "#a #b", "none"]),
        ({"user_ids": NO_SUCH_ID}, []),
        ({"user_ids": 10**25}, []),
        ({"description": "GRÖSSE"}, ["Größe #a"]),
        ({"description": "gro\u0308\u00dfe"}, ["Größe #a"]),
        ({"description": "%"}, []),
        ({"description": ""}, ["#b*", "Größe #a", "#a #b", "none"]),
        ({"project_ids": one["id"]}, ["#b*", "Größe #a"]),
        ([("project_ids[]", one["id"]), ("project_ids[]", other["id"])], ["#b*", "Größe #a", "none"]),
        ({"tag_ids": tag_a}, ["Größe #a", "#a #b"]),
        ({"tag_ids": tags}, ["#a #b"]),
        ({"tag_ids": f"{tags},{tag_a}"}, ["#a #b"]),
        ({"tag_ids": tags, "tag_filter_type": "and"}, ["#a #b"]),
        ({"tag_ids": f"{tag_a},{NO_SUCH_ID}"}, []),
        ({"tag_ids": tags, "tag_filter_type": "combination of"}, ["#b*", "Größe #a", "#a #b"]),
        ({"tag_ids": tags, "tag_filter_type": "any"}, ["#b*", "Größe #a", "#a #b"]),
        ({"tag_filter_type": "combination of"}, ["#b*", "Größe #a", "#a #b", "none"]),
        ({"billable": "true"}, ["Größe #a"]),
        ({"billable": "false"}, ["#b*", "#a #b", "none"]),
        ({"invoice_ids": "1,2"}, []),
        ({"import_ids": 1}, []),
        ({"from": "2024-05-20", "to": "2024-05-21"}, ["Größe #a", "#a #b"]),
        ({"from": "2024-05-22"}, ["#b*"]),
        ({"from": "2024-5-20", "to": "2024-05-21T00:00:00+14:00"}, ["Größe #a", "#a #b"]),
        ({"to": "2024-05-19"}, ["none"]),
        ({"user_ids": account.leader.id, "project_ids": one["id"], "tag_ids": tag_a}, ["Größe #a"]),
    ):
        assert found(account, query) == expected, query
    assert found(account, {}, f"{a['project']['url']}/entries") == ["#b*", "Größe #a"]


def test_entries_are_filtered_by_state_and_time(account: Account, clock: FakeClock) -> None:
    make_entry(account.leader, "plain", date="2024-05-01")
    invoiced = make_entry(account.leader, "invoiced", date="2024-05-02")
    approved = make_entry(account.leader, "approved", date="2024-05-03")
    clock.advance(seconds=3600)
    mark_as_invoiced(account, invoiced, "2024-06-01")
    clock.advance(seconds=86_400)
    approve(account, approved)

    for query, expected in (
        ({"invoiced": "true"}, ["invoiced"]),
        ({"invoiced": "false"}, ["approved", "plain"]),
        ({"invoiced_at_from": "2024-06-01", "invoiced_at_to": "2024-06-01"}, ["invoiced"]),
        ({"invoiced_at_from": "2024-06-02"}, []),
        ({"invoiced_at_to": "2024-05-31"}, []),
        ({"updated_from": "2024-05-21T11:05:00Z"}, ["approved", "invoiced"]),
        ({"updated_from": "2024-05-21T11:05:01Z"}, ["approved"]),
        ({"updated_to": "2024-05-21T11:05:00Z"}, ["invoiced", "plain"]),
        ({"updated_to": "2024-05-21T13:05:00+02:00"}, ["invoiced", "plain"]),
        ({"approved_at_from": "2024-05-22", "approved_at_to": "2024-05-22"}, ["approved"]),
        ({"approved_at_from": "2024-05-23"}, []),
        ({"approved_at_to": "2024-05-21"}, []),
        ({"approved_by_ids": account.supervisor.id}, ["approved"]),
        ({"approved_by_ids": account.leader.id}, []),
    ):
        assert found(account, query) == expected, query


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("user_ids=me", "user_ids"),
        ("billable=yes", "billable"),
        ("billable=TRUE", "billable"),
        ("from=21.5.2024", "from"),
        ("to=2024-13-01", "to"),
        ("updated_from=2024-05-21", "updated_from"),
        ("invoiced_at_to=2024-05-21T25", "invoiced_at_to"),
        ("tag_filter_type=or", "tag_filter_type"),
        ("description=%00", "description"),
    ],
)
@pytest.mark.parametrize("path", ["/v2/entries", "/v2/current_user/entries"])
def test_malformed_entry_filters_are_rejected(account: Account, path: str, query: str, field: str) -> None:
    response = account.leader.client.get(path, query)

    assert (response.status, response.codes) == (400, [(field, "invalid")])


def test_current_user_entries_are_the_callers_own(account: Account) -> None:
    mine = make_entry(account.leader)
    theirs = make_entry(account.supervisor)
    client = account.leader.client

    assert ids(client.get("/v2/current_user/entries").json()) == [mine["id"]]
    assert client.get("/v2/current_user/entries", {"user_ids": account.supervisor.id}).json() == []
    assert ids(client.get(f"{theirs['user']['url']}/entries").json()) == [theirs["id"]]


def test_nested_entry_lists_show_only_visible_entries(account: Account) -> None:
    project = make_project(account, "Open", account.coworker, account.contractor)
    leaders = make_entry(account.leader, "#a", project_id=project["id"])
    hidden = make_entry(account.leader, "#a")
    own = make_entry(account.contractor, "#a", project_id=project["id"])
    paths = [
        f"/v2/users/{account.leader.id}/entries",
        f"/v2/projects/{project['id']}/entries",
        f"/v2/tags/{own['tags'][0]['id']}/entries",
    ]
    seen: dict[Person, list[list[dict[str, Any]] | None]] = {
        account.leader: [[hidden, leaders], [own, leaders], [own, hidden, leaders]],
        account.coworker: [[leaders], [own, leaders], [own, leaders]],
        account.contractor: [None, [own], [own]],
    }

    for person, expected in seen.items():
        for path, entries in zip(paths, expected, strict=True):
            response = person.client.get(path)
            if entries is None:
                assert response.status == 404
            else:
                assert ids(response.json()) == ids(entries)


@pytest.mark.parametrize("resource", ["users", "projects", "tags"])
def test_entries_of_an_unknown_parent_are_404(account: Account, other_account: Account, resource: str) -> None:
    theirs = make_entry(other_account.leader, "#a", project_name="Theirs")
    id = {"users": other_account.leader.id, "projects": theirs["project"]["id"], "tags": theirs["tags"][0]["id"]}[
        resource
    ]

    for missing in (id, NO_SUCH_ID, "x"):
        assert account.supervisor.client.get(f"/v2/{resource}/{missing}/entries").status == 404


def test_entries_of_other_accounts_are_not_listed(account: Account, other_account: Account) -> None:
    theirs = make_entry(other_account.leader, "#a", project_name="Theirs")

    for query in ({}, {"user_ids": other_account.leader.id}, {"project_ids": theirs["project"]["id"]}, {"from": DAY}):
        assert found(account, query) == []
