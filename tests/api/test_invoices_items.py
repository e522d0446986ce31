"""Add entries and expenses to invoices, remove and list them."""

from typing import Any

import pytest

from tests.api.test_invoices import as_it_is, short
from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import (
    NO_SUCH_ID,
    archive,
    ids,
    insert_entries,
    insert_expenses,
    make_entry,
    make_expense,
    make_invoice,
    make_project,
    make_tag,
    mark_as_invoiced,
)
from tests.support.invoice_amounts import amounts_of, expected_amounts

RATES = {"calculation_method": "standard_hourly_rate", "standard_hourly_rate": 60}
TOTALS = ["taxable_amount", "total_amount", "taxable_amount_with_currency", "total_amount_with_currency"]


def test_entries_are_added_to_an_invoice(account: Account, clock: FakeClock) -> None:
    project = make_project(account)
    old = make_entry(account.leader)
    before = make_invoice(account, [old], rate_calculation=RATES)
    entries = [make_entry(account.leader, "#a", project_id=project["id"]), make_entry(account.supervisor, minutes=30)]
    log = EventReader(account)
    clock.advance(seconds=60)
    body = {"entry_ids": ids([entries[1], old, entries[0], entries[1]])}

    response = account.leader.client.put(f"{before['url']}/add_entries", body)

    assert (response.status, response.body) == (204, b"")
    after = as_it_is(account, before)
    assert (after["entries"], after["total_amount"], after["updated_at"]) == (3, 150, "2024-05-21T10:06:00Z")
    assert ids(after["projects"]) == [project["id"]]
    events = log.read_new()
    assert [(event.type, event.object["id"]) for event in events] == [
        ("invoice.updated", before["id"]),
        ("entry.updated", entries[0]["id"]),
        ("entry.updated.invoiced", entries[0]["id"]),
        ("entry.updated", entries[1]["id"]),
        ("entry.updated.invoiced", entries[1]["id"]),
    ]
    client = account.supervisor.client
    assert events[0].text == client.get(before["url"]).body
    assert list(events[0].changes) == [*TOTALS[:2], *TOTALS[2:], "projects", "entries"]
    assert events[0].changes == {key: [before[key], after[key]] for key in events[0].changes}
    assert events[1].changes == {"invoiced_at": [None, "2024-05-21T10:06:00Z"], "invoice": [None, short(after)]}
    assert events[1].changes == events[2].changes
    assert [event.text for event in events[1::2]] == [client.get(entry["url"]).body for entry in entries]
    assert client.get(old["url"]).json()["updated_at"] == "2024-05-21T10:05:00Z"


def test_entries_are_removed_from_an_invoice(account: Account, clock: FakeClock) -> None:
    entries = [make_entry(account.leader) for _ in range(3)]
    elsewhere, free = make_entry(account.leader), make_entry(account.leader)
    before = make_invoice(account, entries, rate_calculation=RATES)
    other = make_invoice(account, [elsewhere])
    log = EventReader(account)
    clock.advance(seconds=60)
    body = {"entry_ids": [entries[2]["id"], entries[0]["id"], elsewhere["id"], free["id"], NO_SUCH_ID]}

    assert account.leader.client.put(f"{before['url']}/remove_entries", body).status == 204

    after = as_it_is(account, before)
    assert (after["entries"], after["total_amount"]) == (1, 60)
    events = log.read_new()
    assert [(event.type, event.object["id"]) for event in events] == [
        ("invoice.updated", before["id"]),
        ("entry.updated", entries[0]["id"]),
        ("entry.updated.uninvoiced", entries[0]["id"]),
        ("entry.updated", entries[2]["id"]),
        ("entry.updated.uninvoiced", entries[2]["id"]),
    ]
    assert list(events[0].changes) == [*TOTALS, "entries"]
    assert events[1].changes == {"invoiced_at": ["2024-05-21T10:05:00Z", None], "invoice": [short(before), None]}
    client = account.supervisor.client
    assert events[1].text == client.get(entries[0]["url"]).body
    assert client.get(entries[0]["url"]).json() == entries[0] | {"updated_at": "2024-05-21T10:06:00Z"}
    assert as_it_is(account, other) == other


def test_all_entries_are_removed_from_an_invoice(account: Account) -> None:
    entries = [make_entry(account.leader) for _ in range(2)]
    project = make_project(account)
    made = make_invoice(account, entries, [make_expense(account.leader, project)])
    log = EventReader(account)
    client = account.leader.client

    for _ in range(2):
        assert client.put(f"{made['url']}/remove_all_entries").status == 204

    assert log.read_new_types() == ["invoice.updated", *["entry.updated", "entry.updated.uninvoiced"] * 2]
    after = as_it_is(account, made)
    assert (after["entries"], after["expenses"]) == (0, 1)
    assert client.put(entries[0]["url"], {"minutes": 5}).status == 200


def test_expenses_are_added_to_an_invoice(account: Account, clock: FakeClock) -> None:
    project = make_project(account)
    old = make_expense(account.leader, project, 1)
    before = make_invoice(account, [], [old], taxes=[{"percentage": 10}])
    expenses = [make_expense(account.leader, project, 5), make_expense(account.leader, project, 3, taxable=False)]
    log = EventReader(account)
    clock.advance(seconds=60)

    body = {"expense_ids": ids([expenses[1], old, expenses[0]])}
    assert account.leader.client.put(f"{before['url']}/add_expenses", body).status == 204

    after = as_it_is(account, before)
    assert (after["expenses"], after["taxable_amount"], after["taxfree_amount"], after["total_amount"]) == (
        3,
        6,
        3,
        9.6,
    )
    events = log.read_new()
    assert [(event.type, event.object["id"]) for event in events] == [
        ("invoice.updated", before["id"]),
        ("expense.updated", expenses[0]["id"]),
        ("expense.updated", expenses[1]["id"]),
    ]
    assert events[1].changes == {"invoice": [None, short(after)]}
    client = account.supervisor.client
    assert [event.text for event in events[1:]] == [client.get(expense["url"]).body for expense in expenses]


def test_expenses_are_removed_from_an_invoice(account: Account, clock: FakeClock) -> None:
    project = make_project(account)
    expenses = [make_expense(account.leader, project, price) for price in (1, 2, 4)]
    elsewhere = make_expense(account.leader, project)
    before, other = make_invoice(account, [], expenses), make_invoice(account, [], [elsewhere])
    log = EventReader(account)
    clock.advance(seconds=60)
    client = account.leader.client

    body = {"expense_ids": [expenses[2]["id"], elsewhere["id"], NO_SUCH_ID]}
    assert client.put(f"{before['url']}/remove_expenses", body).status == 204

    after = as_it_is(account, before)
    assert (after["expenses"], after["total_amount"]) == (2, 3)
    events = log.read_new()
    assert [(event.type, event.object["id"]) for event in events] == [
        ("invoice.updated", before["id"]),
        ("expense.updated", expenses[2]["id"]),
    ]
    assert events[1].changes == {"invoice": [short(before), None]}
    assert events[1].text == client.get(expenses[2]["url"]).body
    assert as_it_is(account, other) == other
    for _ in range(2):
        assert client.put(f"{before['url']}/remove_all_expenses").status == 204
    assert [(event.type, event.object["id"]) for event in log.read_new()] == [
        ("invoice.updated", before["id"]),
        ("expense.updated", expenses[0]["id"]),
        ("expense.updated", expenses[1]["id"]),
    ]
    assert as_it_is(account, before)["total_amount"] == 0


@pytest.mark.parametrize("kind", ["entry", "expense"])
def test_one_ineligible_item_prevents_adding_any(account: Account, other_account: Account, kind: str) -> None:
    def make(project: dict[str, Any]) -> dict[str, Any]:
        if kind == "entry":
            return make_entry(account.leader, project_id=project["id"])
        return make_expense(account.leader, project)

    project, frozen = make_project(account, "Open"), make_project(account, "Frozen")
    good, bad, taken, on_it = make(project), make(frozen), make(frozen), make(frozen)
    theirs = make_project(other_account)
    their_item = make_entry(other_account.leader) if kind == "entry" else make_expense(other_account.leader, theirs)
    mine = {"entry": ([on_it], []), "expense": ([], [on_it])}[kind]
    made = make_invoice(account, *mine)
    make_invoice(account, *{"entry": ([taken], []), "expense": ([], [taken])}[kind])
    archive(account, frozen)
    made = as_it_is(account, made)
    log = EventReader(account)
    plural, resource = {"entry": ("entries", "Entry"), "expense": ("expenses", "Expense")}[kind]
    sent = [good["id"], on_it["id"], bad["id"], taken["id"], their_item["id"], NO_SUCH_ID]

    response = account.leader.client.put(f"{made['url']}/add_{plural}", {f"{kind}_ids": sent})

    assert response.status == 400
    assert response.refusal == {
        "message": f"{plural.title()} could not be added",
        "errors": [
            {"resource": resource, "field": f"{kind}_ids[2]", "code": "archived_project"},
            {"resource": resource, "field": f"{kind}_ids[3]", "code": "already_invoiced"},
            {"resource": resource, "field": f"{kind}_ids[4]", "code": "missing"},
            {"resource": resource, "field": f"{kind}_ids[5]", "code": "missing"},
        ],
    }
    assert log.read_new() == []
    assert as_it_is(account, made) == made
    assert account.leader.client.put(f"{made['url']}/add_{plural}", {f"{kind}_ids": [on_it["id"]]}).status == 204
    assert log.read_new() == []


def test_an_entry_marked_as_invoiced_cannot_be_added(account: Account) -> None:
    entry = make_entry(account.leader)
    mark_as_invoiced(account, entry)

    response = account.leader.client.put(f"{make_invoice(account)['url']}/add_entries", {"entry_ids": [entry["id"]]})

    assert [error["code"] for error in response.json()["errors"]] == ["already_invoiced"]


@pytest.mark.parametrize("action", ["add_entries", "remove_entries", "add_expenses", "remove_expenses"])
def test_malformed_lists_are_rejected_and_empty_ones_change_nothing(account: Account, action: str) -> None:
    made = make_invoice(account)
    log = EventReader(account)
    field = {"entries": "entry_ids", "expenses": "expense_ids"}[action.partition("_")[2]]

    for body, code in (
        ({}, [(field, "missing_field")]),
        ({field: None}, [(field, "missing_field")]),
        ({field: 5}, [(field, "invalid")]),
        ({field: ["x"]}, [(f"{field}[0]", "invalid")]),
    ):
        response = account.leader.client.put(f"{made['url']}/{action}", body)
        assert (response.status, response.codes) == (400, code)
        assert {error["resource"] for error in response.json()["errors"]} == {"Invoice"}
    assert account.leader.client.put(f"{made['url']}/{action}", {field: []}).status == 204
    assert log.read_new() == []


def test_readable_and_unreadable_list_elements_are_reported_together(account: Account) -> None:
    response = account.leader.client.put(
        f"{make_invoice(account)['url']}/add_entries", {"entry_ids": ["x", NO_SUCH_ID]}
    )

    assert response.codes == [("entry_ids[0]", "invalid"), ("entry_ids[1]", "missing")]


def test_a_removed_item_can_be_added_to_another_invoice(account: Account, clock: FakeClock) -> None:
    entry = make_entry(account.leader)
    made, other = make_invoice(account, [entry]), make_invoice(account)
    client = account.leader.client
    client.put(f"{made['url']}/remove_entries", {"entry_ids": [entry["id"]]})
    clock.advance(seconds=60)

    assert client.put(f"{other['url']}/add_entries", {"entry_ids": [entry["id"]]}).status == 204

    shown = client.get(entry["url"]).json()
    assert (shown["invoice"]["id"], shown["invoiced_at"]) == (other["id"], "2024-05-21T10:06:00Z")


# Listing


def test_items_of_an_invoice_are_listed_with_all_filters(account: Account) -> None:
    project = make_project(account)
    entries = [
        make_entry(account.leader, f"#{name}", date=f"2024-05-0{day}") for day, name in ((1, "a"), (3, "b"), (2, "a"))
    ]
    expenses = [make_expense(account.leader, project, price) for price in (1, 2, 3)]
    make_entry(account.leader, "#a")
    make_expense(account.leader, project)
    made = make_invoice(account, entries, expenses)
    make_invoice(account, [make_entry(account.leader, "#a")], [make_expense(account.leader, project)])
    client = account.leader.client

    assert ids(client.get(made["entries_url"]).json()) == ids([entries[1], entries[2], entries[0]])
    assert ids(client.get(made["entries_url"], {"description": "#A"}).json()) == ids([entries[2], entries[0]])
    assert ids(client.get(made["entries_url"], {"invoiced": "false"}).json()) == []
    assert ids(client.get(made["expenses_url"]).json()) == ids(reversed(expenses))
    assert ids(client.get(made["expenses_url"], {"price_from": 2}).json()) == ids([expenses[2], expenses[1]])
    page = client.get(made["entries_url"], {"per_page": 2})
    assert (len(page.json()), list(page.links)) == (2, ["last", "next"])
    assert ids(client.get(page.links["next"]).json()) == [entries[0]["id"]]
    assert client.get(made["entries_url"], {"from": "x"}).codes == [("from", "invalid")]
    assert client.get(made["expenses_url"], {"taxable": "x"}).codes == [("taxable", "invalid")]


def test_items_are_filtered_by_invoice(account: Account) -> None:
    project = make_project(account)
    entries = [make_entry(account.leader, str(number)) for number in range(4)]
    expenses = [make_expense(account.leader, project) for _ in range(4)]
    mark_as_invoiced(account, entries[3])
    one, other = make_invoice(account, entries[:1], expenses[:1]), make_invoice(account, entries[1:2], expenses[1:2])
    client = account.leader.client

    for path, all_of_them in (("/v2/entries", entries), ("/v2/expenses", expenses)):

        def found(query: Any, path: str = path) -> list[int]:
            return ids(client.get(path, query).json())

        first, second, third, fourth = ids(all_of_them)
        assert found({"invoice_ids": one["id"]}) == [first]
        assert found({"invoice_ids": f"{one['id']},{other['id']},{NO_SUCH_ID}"}) == [second, first]
        assert found({"invoice_ids": NO_SUCH_ID}) == []
        assert found({"invoice_ids": one["id"], "invoiced": "false"}) == []
        # Only entries can be marked as invoiced outside of Hourhook.
        outside = [fourth] if path == "/v2/entries" else []
        assert found({"invoiced": "true"}) == [*outside, second, first]
        assert found({"invoiced": "false"}) == [each for each in (fourth, third) if each not in outside]


# Large invoices


def test_a_large_invoice_is_filled_and_emptied_in_order(account: Account) -> None:
    project, tag = make_project(account), make_tag(account, "a")
    entry_ids, expense_ids = insert_entries(account, 1100, tag, project), insert_expenses(account, 1100, project)
    log = EventReader(account)
    client = account.leader.client

    made = client.post(
        "/v2/invoices",
        {"invoice_date": "2024-06-01", "entry_ids": entry_ids, "expense_ids": expense_ids, "rate_calculation": RATES},
    ).json()

    assert (made["entries"], made["expenses"], made["total_amount"]) == (1100, 1100, 1100 * 30 + 1100 * 49.9)
    events = log.read_new()
    assert [event.object["id"] for event in events] == [
        made["id"], *(id for id in entry_ids for _ in range(2)), *expense_ids,
    ]  # fmt: skip
    assert {event.object["invoice"]["total_amount"] for event in events[1:]} == {made["total_amount"]}
    assert client.delete(made["url"]).status == 204
    events = log.read_new()
    assert [event.object["id"] for event in events] == [
        *(id for id in entry_ids for _ in range(2)), *expense_ids, made["id"],
    ]  # fmt: skip
    assert client.get("/v2/entries", {"invoiced": "true"}).json() == []


def test_amounts_follow_added_and_removed_items(account: Account) -> None:
    make_tag(account, "free*")
    project, unbillable = make_project(account), make_project(account, "Own", billable=False)
    entries = [
        make_entry(account.leader, minutes=50),
        make_entry(account.supervisor, minutes=7),
        make_entry(account.leader, "#free", minutes=60),
        make_entry(account.leader, project_id=unbillable["id"], minutes=60),
    ]
    expenses = [
        make_expense(account.leader, project, "0.05"),
        make_expense(account.leader, project, "-3.33", taxable=False),
    ]
    made = make_invoice(account, taxes=[{"percentage": 7.7}, {"percentage": 1}], rate_calculation=RATES)
    client = account.leader.client

    for action, body in (
        ("add_entries", {"entry_ids": ids(entries)}),
        ("add_expenses", {"expense_ids": ids(expenses)}),
        ("remove_entries", {"entry_ids": [entries[0]["id"]]}),
        ("remove_all_expenses", {}),
        ("remove_all_taxes", {}),
    ):
        assert client.put(f"{made['url']}/{action}", body).status == 204
        now = as_it_is(account, made)
        assert amounts_of(now) == expected_amounts(account, now), action
    assert as_it_is(account, made)["total_amount"] == 7
