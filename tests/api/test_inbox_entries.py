"""``/v2/inbox_entries``: create, read, edit and delete inbox entries."""

from typing import Any

import pytest

from tests.support.accounts import ROLES, Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import DAY, NO_SUCH_ID, ids, make_entry, make_inbox_entry

KEYS = [
    "id", "date", "minutes", "description", "project_name", "logged", "entry_url", "url", "log_url", "created_at",
    "updated_at",
]  # fmt: skip
PATH = "/v2/inbox_entries"


def log_it(account: Account, inbox_entry: dict[str, Any]) -> dict[str, Any]:
    response = account.leader.client.post(inbox_entry["log_url"])
    assert response.status == 201, response.body
    entry: dict[str, Any] = response.json()
    return entry


def test_a_created_inbox_entry_is_returned_without_an_event(account: Account) -> None:
    log = EventReader(account)
    body = {"date": "2024-05-22", "description": "#standup", "minutes": "45", "project_name": " Website relaunch "}

    response = account.leader.client.post(PATH, body)

    assert response.status == 201
    inbox_entry = response.json()
    assert list(inbox_entry) == KEYS
    url = f"{account.base_url}/v2/inbox_entries/{inbox_entry['id']}"
    assert response.headers["location"] == url
    assert inbox_entry == {
        "id": inbox_entry["id"],
        "date": "2024-05-22",
        "minutes": 45,
        "description": "#standup",
        "project_name": "Website relaunch",
        "logged": False,
        "entry_url": None,
        "url": url,
        "log_url": f"{url}/log",
        "created_at": "2024-05-21T10:05:00Z",
        "updated_at": "2024-05-21T10:05:00Z",
    }
    assert account.leader.client.get(url).body == response.body
    assert log.read_new() == []
    assert account.leader.client.get("/v2/tags").json() == account.leader.client.get("/v2/projects").json() == []


def test_date_and_description_are_enough(account: Account) -> None:
    inbox_entry = make_inbox_entry(account.contractor)

    assert (inbox_entry["minutes"], inbox_entry["project_name"]) == (None, None)
    assert make_inbox_entry(account.contractor, minutes=0)["minutes"] == 0


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("date", "missing_field"), ("description", "missing_field")]),
        ({"date": "", "description": None}, [("date", "missing_field"), ("description", "missing_field")]),
        ({"date": DAY, "description": " \n "}, [("description", "missing_field")]),
        ({"date": "2024-02-30", "description": "x"}, [("date", "invalid")]),
        ({"date": DAY, "description": 5}, [("description", "invalid")]),
        ({"date": DAY, "description": "x", "minutes": -1}, [("minutes", "invalid")]),
        ({"date": DAY, "description": "x", "minutes": "an hour"}, [("minutes", "invalid")]),
        ({"date": DAY, "description": "x", "project_name": "x" * 256}, [("project_name", "invalid")]),
        (
            {"date": "never", "minutes": 1.5, "project_name": []},
            [
                ("date", "invalid"),
                ("description", "missing_field"),
                ("minutes", "invalid"),
                ("project_name", "invalid"),
            ],
        ),
    ],
)
def test_a_malformed_inbox_entry_is_rejected(
    account: Account, body: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    inbox_entry = make_inbox_entry(account.leader)

    for method, path in (("POST", PATH), ("PUT", inbox_entry["url"])):
        response = account.leader.client.request(method, path, body=body)
        assert (response.status, response.codes) == (400, faults)
        assert {error["resource"] for error in response.json()["errors"]} == {"InboxEntry"}
    assert account.leader.client.get(PATH).json() == [inbox_entry]


@pytest.mark.parametrize("role", ROLES)
def test_every_user_has_their_own_inbox(account: Account, role: str) -> None:
    person = account.people[role]
    others = make_inbox_entry(account.owner)
    own = make_inbox_entry(person)
    client = person.client

    assert client.get(PATH).json() == [own]
    assert client.get(own["url"]).json() == own
    assert client.get(others["url"]).status == 404
    assert client.put(others["url"], {}).status == 404
    assert client.post(others["log_url"], {"minutes": "x"}).status == 404
    assert client.delete(others["url"]).status == 404
    assert account.owner.client.get(PATH).json() == [others]


def test_unknown_inbox_entries_are_404(account: Account, other_account: Account) -> None:
    theirs = make_inbox_entry(other_account.leader)
    client = account.leader.client

    for id in (NO_SUCH_ID, theirs["id"], 0, "abc"):
        url = f"{PATH}/{id}"
        assert (client.get(url).status, client.get(url).body) == (404, b"")
        assert client.put(url, {}).status == 404
        assert client.post(f"{url}/log").status == 404
        assert client.delete(url).status == 404
    assert other_account.leader.client.get(theirs["url"]).json() == theirs


def test_the_inbox_is_listed_newest_date_first(account: Account) -> None:
    days = ["2024-05-20", "2024-05-22", "2024-05-20", "2024-05-21"]
    a, b, c, d = (make_inbox_entry(account.leader, date=day)["id"] for day in days)

    assert ids(account.leader.client.get(PATH).json()) == [b, d, c, a]
    first = account.leader.client.get(PATH, {"per_page": 3})
    assert ids(account.leader.client.get(first.links["next"]).json()) == [a]


def test_the_inbox_is_filtered(account: Account, clock: FakeClock) -> None:
    old = make_inbox_entry(account.leader, "Größe messen", date="2024-05-20", project_name="Straßenbau")
    clock.advance(seconds=60)
    new = make_inbox_entry(account.leader, "Call", date="2024-05-22")
    log_it(account, make_inbox_entry(account.leader, "Done", date="2024-05-21", minutes=5))
    done = account.leader.client.get(PATH, {"logged": "true"}).json()[0]

    for query, expected in (
        ({}, [new, done, old]),
        ({"description": "GRÖSSE"}, [old]),
        ({"project_name": "STRASSE"}, [old]),
        ({"project_name": "other"}, []),
        ({"from": "2024-05-21"}, [new, done]),
        ({"to": "2024-05-21"}, [done, old]),
        ({"from": "2024-05-21", "to": "2024-05-21"}, [done]),
        ({"logged": "true"}, [done]),
        ({"logged": "false"}, [new, old]),
        ({"logged": ""}, [new, done, old]),
        ({"updated_from": "2024-05-21T10:06:00Z"}, [new, done]),
        ({"updated_to": "2024-05-21T12:05:59+02:00"}, [old]),
        ({"description": "l", "logged": "false"}, [new]),
    ):
        assert account.leader.client.get(PATH, query).json() == expected, query


@pytest.mark.parametrize("query", ["from=May", "to=20240521", "logged=yes", "updated_from=x", "updated_to=2024-05-21"])
def test_malformed_inbox_filters_are_rejected(account: Account, query: str) -> None:
    response = account.leader.client.get(PATH, query)

    assert (response.status, response.codes) == (400, [(query.partition("=")[0], "invalid")])


def test_an_inbox_entry_is_edited(account: Account, clock: FakeClock) -> None:
    before = make_inbox_entry(account.leader, minutes=5, project_name="Website")
    log = EventReader(account)
    clock.advance(seconds=60)
    given = {"date": "2024-05-30", "description": "Größe", "minutes": 50, "project_name": "Straße"}

    response = account.leader.client.put(before["url"], given)

    assert response.status == 200
    assert response.json() == before | given | {"updated_at": "2024-05-21T10:06:00Z"}
    for query in ({"description": "GRÖSSE"}, {"project_name": "STRASSE"}):
        assert account.leader.client.get(PATH, query).json() == [response.json()]
    assert log.read_new() == []


def test_an_edit_needs_date_and_description_and_keeps_the_rest(account: Account, clock: FakeClock) -> None:
    before = make_inbox_entry(account.leader, minutes=5, project_name="Website")
    client = account.leader.client
    clock.advance(seconds=60)
    same = {"date": DAY, "description": "#standup"}

    assert client.put(before["url"], {"minutes": 6}).codes == [
        ("date", "missing_field"),
        ("description", "missing_field"),
    ]
    assert client.put(before["url"], same).json() == before
    assert client.put(before["url"], same | {"minutes": None, "project_name": ""}).json() == before | {
        "minutes": None,
        "project_name": None,
        "updated_at": "2024-05-21T10:06:00Z",
    }


def test_an_open_inbox_entry_is_deleted(account: Account) -> None:
    inbox_entry = make_inbox_entry(account.contractor)
    log = EventReader(account)

    response = account.contractor.client.delete(inbox_entry["url"])

    assert (response.status, response.body) == (204, b"")
    assert account.contractor.client.get(inbox_entry["url"]).status == 404
    assert log.read_new() == []


@pytest.mark.parametrize(("method", "path"), [("PUT", ""), ("POST", "/log"), ("DELETE", "")])
def test_a_logged_inbox_entry_can_no_longer_be_changed(account: Account, method: str, path: str) -> None:
    inbox_entry = make_inbox_entry(account.leader, minutes=5)
    log_it(account, inbox_entry)
    log = EventReader(account)

    response = account.leader.client.request(method, inbox_entry["url"] + path, body=b"" if path else {"date": "never"})

    assert response.status == 400
    assert response.refusal == {
        "message": "The InboxEntry has been logged.",
        "errors": [{"resource": "InboxEntry", "field": "base", "code": "logged"}],
    }
    assert log.read_new() == []


def test_deleting_the_entry_leaves_a_logged_inbox_entry_without_link(account: Account) -> None:
    inbox_entry = make_inbox_entry(account.leader, minutes=5)
    entry = log_it(account, inbox_entry)
    logged = account.leader.client.get(inbox_entry["url"]).json()
    account.leader.client.delete(entry["url"])

    assert account.leader.client.get(inbox_entry["url"]).json() == logged | {"entry_url": None}
    assert account.leader.client.post(inbox_entry["log_url"]).codes == [("base", "logged")]


def test_an_inbox_is_deleted_with_its_user(account: Account) -> None:
    make_inbox_entry(account.contractor)
    kept = make_inbox_entry(account.leader)

    assert account.supervisor.client.delete(f"/v2/users/{account.contractor.id}").status == 204
    assert account.leader.client.get(PATH).json() == [kept]


def test_inbox_entries_do_not_prevent_deleting_their_user(account: Account) -> None:
    make_inbox_entry(account.contractor)
    url = f"/v2/users/{account.contractor.id}"

    assert account.supervisor.client.get(url).json()["entries"] == 0
    assert account.supervisor.client.put(f"{url}/deactivate").codes == [("base", "deletable")]
    make_entry(account.contractor)
    assert account.supervisor.client.delete(url).codes == [("base", "not_deletable")]
