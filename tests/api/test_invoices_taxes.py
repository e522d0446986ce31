"""``/v2/invoices``: add and remove taxes."""

from typing import Any

import pytest

from tests.api.test_invoices import as_it_is
from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import NO_SUCH_ID, ids, make_invoice

FLAT = {"calculation_method": "flat_rate", "flat_rate": 100}


def test_taxes_are_added_to_an_invoice(account: Account, clock: FakeClock) -> None:
    before = make_invoice(account, taxes=[{"percentage": 20, "name": "VAT"}], rate_calculation=FLAT)
    log = EventReader(account)
    clock.advance(seconds=60)
    body = {"taxes": [{"percentage": "2.505", "name": " Local "}, {"percentage": 20, "name": ""}]}

    response = account.leader.client.put(f"{before['url']}/add_taxes", body)

    assert (response.status, response.body) == (204, b"")
    after = as_it_is(account, before)
    assert [(tax["name"], tax["percentage"]) for tax in after["taxes"]] == [("VAT", 20), ("Local", 2.51), (None, 20)]
    assert ids(after["taxes"]) == sorted({*ids(after["taxes"])})
    assert (after["tax_total_amount"], after["total_amount"]) == (42.51, 142.51)
    [event] = log.read_new()
    assert event.type == "invoice.updated"
    assert list(event.changes) == [
        "taxes", "tax_total_amount", "total_amount", "tax_total_amount_with_currency", "total_amount_with_currency",
    ]  # fmt: skip
    assert event.changes == {key: [before[key], after[key]] for key in event.changes}
    assert event.text == account.supervisor.client.get(before["url"]).body


def test_taxes_are_removed_from_an_invoice(account: Account) -> None:
    made = make_invoice(
        account, taxes=[{"percentage": 20}, {"percentage": 5}, {"percentage": 1}], rate_calculation=FLAT
    )
    other = make_invoice(account, taxes=[{"percentage": 7}])
    log = EventReader(account)
    client = account.leader.client
    sent = [made["taxes"][1]["id"], other["taxes"][0]["id"], NO_SUCH_ID]

    for _ in range(2):
        assert client.put(f"{made['url']}/remove_taxes", {"tax_ids": sent}).status == 204

    assert log.read_new_types() == ["invoice.updated"]
    after = as_it_is(account, made)
    assert (after["taxes"], after["total_amount"]) == ([made["taxes"][0], made["taxes"][2]], 121)
    assert as_it_is(account, other) == other
    for _ in range(2):
        assert client.put(f"{made['url']}/remove_all_taxes").status == 204
    [event] = log.read_new()
    assert event.changes["taxes"] == [after["taxes"], []]
    assert as_it_is(account, made)["total_amount"] == 100


def test_a_zero_tax_changes_no_amount_but_raises_an_event(account: Account) -> None:
    made = make_invoice(account)
    log = EventReader(account)

    assert account.leader.client.put(f"{made['url']}/add_taxes", {"taxes": [{"percentage": 0}]}).status == 204

    [event] = log.read_new()
    assert list(event.changes) == ["taxes"]


@pytest.mark.parametrize(
    ("action", "body", "faults"),
    [
        ("add_taxes", {}, [("taxes", "missing_field")]),
        ("add_taxes", {"taxes": None}, [("taxes", "missing_field")]),
        ("add_taxes", {"taxes": 20}, [("taxes", "invalid")]),
        ("add_taxes", {"taxes": [{}]}, [("taxes[0].percentage", "missing_field")]),
        ("add_taxes", {"taxes": [{"percentage": 1}, {"percentage": -1}]}, [("taxes[1].percentage", "invalid")]),
        ("add_taxes", {"taxes": [20]}, [("taxes[0]", "invalid")]),
        ("add_taxes", {"taxes": [{"percentage": 1, "name": "x" * 256}]}, [("taxes[0].name", "invalid")]),
        ("remove_taxes", {}, [("tax_ids", "missing_field")]),
        ("remove_taxes", {"tax_ids": ["x"]}, [("tax_ids[0]", "invalid")]),
    ],
)
def test_malformed_taxes_are_rejected(account: Account, action: str, body: Any, faults: list[tuple[str, str]]) -> None:
    made = make_invoice(account, taxes=[{"percentage": 20}])
    log = EventReader(account)

    response = account.leader.client.put(f"{made['url']}/{action}", body)

    assert (response.status, response.codes) == (400, faults)
    assert log.read_new() == []
    assert as_it_is(account, made) == made


def test_empty_tax_lists_change_nothing(account: Account) -> None:
    made = make_invoice(account, taxes=[{"percentage": 20}])
    log = EventReader(account)

    for action, field in (("add_taxes", "taxes"), ("remove_taxes", "tax_ids")):
        assert account.leader.client.put(f"{made['url']}/{action}", {field: []}).status == 204
    assert log.read_new() == []
