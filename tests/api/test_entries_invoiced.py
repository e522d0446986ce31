"""``/v2/entries``: mark entries as invoiced outside of Hourhook."""

import pytest

from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import NO_SUCH_ID, approve, archive, make_entry, make_project, mark_as_invoiced

NAMES = ["marked_as_invoiced", "invoiced_outside_of_noko", "invoiced_outside_of_freckle", "mark_as_invoiced"]


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_is_marked_as_invoiced_on_a_day(account: Account, clock: FakeClock, name: str) -> None:
    entry = make_entry(account.leader, "#a")
    log = EventReader(account)
    clock.advance(seconds=60)

    response = account.leader.client.put(f"/v2/entries/{entry['id']}/{name}", {"date": "2024-06-01"})

    assert (response.status, response.body) == (204, b"")
    after = account.leader.client.get(entry["url"]).json()
    assert after == entry | {"invoiced_at": "2024-06-01T00:00:00Z", "updated_at": "2024-05-21T10:06:00Z"}
    general, specific = log.read_new()
    assert (general.type, specific.type) == ("entry.updated", "entry.updated.invoiced")
    assert general.changes == specific.changes == {"invoiced_at": [None, "2024-06-01T00:00:00Z"]}
    assert general.text == specific.text == account.supervisor.client.get(entry["url"]).body


def test_marking_again_moves_the_day_without_an_invoiced_event(account: Account) -> None:
    entry = make_entry(account.leader)
    mark_as_invoiced(account, entry, "2024-06-01")
    log = EventReader(account)

    mark_as_invoiced(account, entry, "0001-01-01")
    mark_as_invoiced(account, entry, "0001-01-01")

    [event] = log.read_new()
    assert event.type == "entry.updated"
    assert event.changes == {"invoiced_at": ["2024-06-01T00:00:00Z", "0001-01-01T00:00:00Z"]}


def test_approved_and_archived_entries_can_be_marked_as_invoiced(account: Account) -> None:
    project = make_project(account)
    entry = make_entry(account.leader, project_id=project["id"])
    approve(account, entry)
    archive(account, project)

    mark_as_invoiced(account, entry)

    assert account.leader.client.get(entry["url"]).json()["invoiced_at"] == "2024-06-01T00:00:00Z"


@pytest.mark.parametrize("name", NAMES)
def test_entries_are_marked_as_invoiced_in_bulk(account: Account, other_account: Account, name: str) -> None:
    marked = make_entry(account.leader)
    mark_as_invoiced(account, marked, "2024-05-01")
    plain = make_entry(account.leader)
    theirs = make_entry(other_account.leader)
    log = EventReader(account)
    entry_ids = [plain["id"], theirs["id"], marked["id"], NO_SUCH_ID]

    response = account.leader.client.put(f"/v2/entries/{name}", {"entry_ids": entry_ids, "date": "2024-06-01"})

    assert response.status == 204
    events = log.read_new()
    assert [(event.type, event.object["id"]) for event in events] == [
        ("entry.updated", marked["id"]),
        ("entry.updated", plain["id"]),
        ("entry.updated.invoiced", plain["id"]),
    ]
    assert other_account.leader.client.get(theirs["url"]).json()["invoiced_at"] is None


def test_malformed_marking_is_rejected(account: Account) -> None:
    entry = make_entry(account.leader)
    client = account.leader.client

    assert client.put(entry["invoiced_outside_of_noko_url"]).codes == [("date", "missing_field")]
    assert client.put(entry["invoiced_outside_of_noko_url"], {"date": "today"}).codes == [("date", "invalid")]
    assert client.put("/v2/entries/marked_as_invoiced").codes == [
        ("entry_ids", "missing_field"),
        ("date", "missing_field"),
    ]
    assert client.put("/v2/entries/marked_as_invoiced", {"entry_ids": 5, "date": "2024-06-01"}).codes == [
        ("entry_ids", "invalid")
    ]


def test_marking_as_invoiced_needs_a_leader(account: Account) -> None:
    entry = make_entry(account.contractor)
    project = make_project(account, "Open", account.coworker)
    coworkers = make_entry(account.coworker, project_id=project["id"])

    assert account.contractor.client.put(entry["invoiced_outside_of_noko_url"], {"date": "2024-06-01"}).status == 403
    assert account.coworker.client.put(entry["invoiced_outside_of_noko_url"], {"date": "2024-06-01"}).status == 404
    assert account.coworker.client.put(coworkers["invoiced_outside_of_noko_url"]).status == 403
    assert account.coworker.client.put("/v2/entries/marked_as_invoiced").status == 403
