"""Mark invoices as paid and unpaid, and set the states that only the command line sets."""

import pytest

from hourhook.domain.invoices import paying
from hourhook.domain.links import Links
from hourhook.errors import OperatorError
from tests.api.test_invoices import as_it_is
from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import NO_SUCH_ID, make_entry, make_invoice, set_state

KEYS = ["state", "payment", "payment_transactions"]


def transaction(description: str, state: str, created_at: str = "2024-05-21T10:06:00Z") -> dict[str, str | None]:
    return {
        "created_at": created_at,
        "description": description,
        "payment_method": None,
        "reference": None,
        "invoice_state": state,
    }


def test_an_invoice_is_marked_as_paid_once(account: Account, clock: FakeClock) -> None:
    before = make_invoice(account, [make_entry(account.leader)])
    log = EventReader(account)
    clock.advance(seconds=60)

    for _ in range(2):
        response = account.leader.client.put(f"{before['url']}/paid")
        assert (response.status, response.body) == (204, b"")
        clock.advance(seconds=60)

    after = as_it_is(account, before)
    assert after == before | {
        "state": "paid",
        "payment": {"paid_at": "2024-05-21T10:06:00Z", "reference": None, "payment_method": None},
        "payment_transactions": [transaction("Marked as paid", "paid")],
        "updated_at": "2024-05-21T10:06:00Z",
    }
    general, specific = log.read_new()
    assert (general.type, specific.type) == ("invoice.updated", "invoice.updated.paid")
    assert list(general.changes) == KEYS
    assert general.changes == specific.changes == {key: [before[key], after[key]] for key in KEYS}
    assert general.text == specific.text == account.supervisor.client.get(before["url"]).body


def test_an_invoice_is_marked_as_unpaid_once(account: Account, clock: FakeClock) -> None:
    made = make_invoice(account)
    log = EventReader(account)
    client = account.leader.client
    assert client.put(f"{made['url']}/unpaid").status == 204
    assert log.read_new() == []
    client.put(f"{made['url']}/paid")
    before = as_it_is(account, made)
    log.read_new()
    clock.advance(seconds=60)

    for _ in range(2):
        assert client.put(f"{made['url']}/unpaid").status == 204

    after = as_it_is(account, made)
    assert (after["state"], after["payment"]) == ("unpaid", None)
    assert after["payment_transactions"] == [
        transaction("Marked as paid", "paid", "2024-05-21T10:05:00Z"),
        transaction("Marked as unpaid", "unpaid"),
    ]
    general, specific = log.read_new()
    assert (general.type, specific.type) == ("invoice.updated", "invoice.updated.unpaid")
    assert general.changes == specific.changes == {key: [before[key], after[key]] for key in KEYS}
    assert client.put(made["url"], {"footer": "Thanks"}).status == 200


@pytest.mark.parametrize("state", ["in_progress", "awaiting_payment", "none"])
@pytest.mark.parametrize("action", ["paid", "unpaid"])
def test_an_invoice_in_any_state_can_be_marked_as_paid(account: Account, state: str, action: str) -> None:
    made = make_invoice(account)
    set_state(account, made, state)
    log = EventReader(account)

    assert account.leader.client.put(f"{made['url']}/{action}").status == 204

    assert as_it_is(account, made)["state"] == action
    assert log.read_new_types() == ["invoice.updated", f"invoice.updated.{action}"]


@pytest.mark.parametrize("state", ["in_progress", "awaiting_payment", "none"])
def test_an_administrator_sets_the_other_states(account: Account, clock: FakeClock, state: str) -> None:
    entry = make_entry(account.leader)
    made = make_invoice(account, [entry])
    account.leader.client.put(f"{made['url']}/paid")
    before = as_it_is(account, made)
    log = EventReader(account)
    clock.advance(seconds=60)

    for _ in range(2):
        set_state(account, made, state)

    after = as_it_is(account, made)
    assert (after["state"], after["payment"]) == (state, None)
    assert after["payment_transactions"][1:] == [transaction(f"Set to {state} by an administrator", state)]
    [event] = log.read_new()
    assert event.type == "invoice.updated"
    assert event.changes == {key: [before[key], after[key]] for key in KEYS}
    assert event.text == account.supervisor.client.get(made["url"]).body
    assert account.leader.client.get(entry["url"]).json()["invoice"]["state"] == state


def test_the_command_line_marks_as_paid_like_the_api(account: Account) -> None:
    made = make_invoice(account)
    log = EventReader(account)

    set_state(account, made, "paid")
    set_state(account, made, "unpaid")

    assert log.read_new_types() == [
        "invoice.updated", "invoice.updated.paid", "invoice.updated", "invoice.updated.unpaid",
    ]  # fmt: skip


def test_the_command_line_rejects_unknown_states(account: Account, other_account: Account) -> None:
    theirs = make_invoice(other_account)

    for id, state, complaint in (
        (make_invoice(account)["id"], "lost", "'lost' is not an invoice state: use one of unpaid, awaiting_payment,"),
        (theirs["id"], "paid", f"the account has no invoice with the id {theirs['id']}"),
        (NO_SUCH_ID, "paid", "the account has no invoice with the id"),
    ):
        with pytest.raises(OperatorError, match=complaint):
            account.database.write_now(account.id, paying.set_state, Links(account.base_url), id, state)
    assert as_it_is(other_account, theirs) == theirs
