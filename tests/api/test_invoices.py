"""``/v2/invoices``: visibility, deletion, and the states that prevent changes."""

from typing import Any

import pytest

from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader
from tests.support.factories import NO_SUCH_ID, ids, make_entry, make_expense, make_invoice, make_project, set_state

KEYS = [
    "id", "state", "reference", "invoice_date", "project_name", "company_name", "company_details", "recipient_details",
    "description", "footer", "show_hours_worked", "show_full_report", "show_user_summaries", "show_project_summaries",
    "show_project_name_for_expenses", "customization", "rate_calculation", "taxes", "taxable_amount", "taxfree_amount",
    "tax_total_amount", "total_amount", "taxable_amount_with_currency", "taxfree_amount_with_currency",
    "tax_total_amount_with_currency", "total_amount_with_currency", "payment", "payment_transactions", "projects",
    "entries", "entries_url", "expenses", "expenses_url", "share_url", "created_at", "updated_at", "url",
]  # fmt: skip
CUSTOMIZATION_KEYS = [
    "title", "date", "project", "reference", "total_due", "summary", "project_summary", "user_summary",
    "no_project_name", "work_time", "no_tax", "work_total", "total", "report", "locale", "currency_code",
    "currency_symbol", "taxable_total", "tax_total", "taxfree_total", "total_report", "custom_html",
    "allow_paypal_invoice", "paypal_invoice_title", "paypal_currency_code", "paypal_address",
    "allow_stripe_connect_payment", "stripe_connect_payment_description", "stripe_connect_currency_code",
    "currency_name", "created_at", "updated_at",
]  # fmt: skip
SIMPLE_KEYS = ["id", "reference", "invoice_date", "state", "total_amount", "url"]
SIMPLE_PROJECT_KEYS = ["id", "name", "billing_increment", "enabled", "billable", "color", "url"]

# Every action with a valid body.
ACTIONS: list[tuple[str, str, Any]] = [
    ("GET", "", b""),
    ("PUT", "", {"footer": "Thanks"}),
    ("PUT", "/paid", b""),
    ("PUT", "/unpaid", b""),
    ("GET", "/entries", b""),
    ("GET", "/expenses", b""),
    ("PUT", "/add_entries", {"entry_ids": []}),
    ("PUT", "/remove_entries", {"entry_ids": []}),
    ("PUT", "/remove_all_entries", b""),
    ("PUT", "/add_expenses", {"expense_ids": []}),
    ("PUT", "/remove_expenses", {"expense_ids": []}),
    ("PUT", "/remove_all_expenses", b""),
    ("PUT", "/add_taxes", {"taxes": []}),
    ("PUT", "/remove_taxes", {"tax_ids": []}),
    ("PUT", "/remove_all_taxes", b""),
    ("DELETE", "", b""),
]
# Actions that a paid or locked invoice rejects.
CHANGES = [action for action in ACTIONS if action[0] != "GET" and action[1] not in ("/paid", "/unpaid")]


def short(made: dict[str, Any]) -> dict[str, Any]:
    """An invoice as embedded in other representations."""
    return {key: made[key] for key in SIMPLE_KEYS}


def as_it_is(account: Account, made: dict[str, Any]) -> dict[str, Any]:
    """An invoice as it is now."""
    found: dict[str, Any] = account.supervisor.client.get(made["url"]).json()
    return found


def test_an_invoice_has_the_documented_keys_in_order(account: Account) -> None:
    project = make_project(account)
    rates = {
        "calculation_method": "custom_hourly_rates",
        "standard_hourly_rate": 80,
        "custom_hourly_rates": [{"user_id": account.leader.id, "hourly_rate": 95.5}],
        "flat_rate": 4000,
    }
    made = make_invoice(
        account,
        [make_entry(account.leader, project_id=project["id"])],
        [make_expense(account.leader, project)],
        taxes=[{"percentage": 20, "name": "VAT"}],
        rate_calculation=rates,
    )
    assert account.leader.client.put(f"{made['url']}/paid").status == 204

    shown = as_it_is(account, made)

    assert list(made) == list(shown) == KEYS
    assert list(shown["customization"]) == CUSTOMIZATION_KEYS
    assert list(shown["rate_calculation"]) == [
        "calculation_method", "standard_hourly_rate", "custom_hourly_rates", "flat_rate",
    ]  # fmt: skip
    assert list(shown["rate_calculation"]["custom_hourly_rates"][0]) == ["user", "hourly_rate"]
    assert list(shown["taxes"][0]) == ["id", "name", "percentage"]
    assert list(shown["payment"]) == ["paid_at", "reference", "payment_method"]
    assert list(shown["payment_transactions"][0]) == [
        "created_at", "description", "payment_method", "reference", "invoice_state",
    ]  # fmt: skip
    assert list(shown["projects"][0]) == SIMPLE_PROJECT_KEYS


@pytest.mark.parametrize(("method", "action", "body"), ACTIONS)
def test_unknown_invoices_are_404(
    account: Account, other_account: Account, method: str, action: str, body: Any
) -> None:
    theirs = make_invoice(other_account)

    for id in (NO_SUCH_ID, theirs["id"], 0, "abc"):
        for person in (account.supervisor, account.contractor):
            response = person.client.request(method, f"/v2/invoices/{id}{action}", body=body)
            assert (response.status, response.body) == (404, b"")
    assert as_it_is(other_account, theirs) == theirs


@pytest.mark.parametrize("role", ["coworker", "contractor"])
def test_invoices_need_a_leader(account: Account, role: str) -> None:
    made = make_invoice(account)
    log = EventReader(account)
    client = account.people[role].client

    for method, action, body in ACTIONS:
        assert client.request(method, made["url"] + action, body=body).status == 403
    assert client.get("/v2/invoices").status == 403
    assert client.post("/v2/invoices", {"invoice_date": "x"}).status == 403
    assert log.read_new() == []


def test_an_account_without_the_feature_has_no_invoices(account: Account) -> None:
    made = make_invoice(account)
    account.change_settings(invoicing="off")
    paths = [(method, made["url"] + action, body) for method, action, body in ACTIONS]

    for method, path, body in [
        *paths,
        ("GET", "/v2/invoices", b""),
        ("POST", "/v2/invoices", {}),
        ("GET", "/v2/invoices/1", b""),
    ]:
        response = account.contractor.client.request(method, path, body=body)
        assert (response.status, response.json()) == (403, {"message": "Account does not include this feature"})


@pytest.mark.parametrize(
    ("state", "code"), [("paid", "paid"), ("in_progress", "locked"), ("awaiting_payment", "locked"), ("none", None)]
)
def test_a_paid_or_locked_invoice_cannot_be_changed(account: Account, state: str, code: str | None) -> None:
    made = make_invoice(account, [make_entry(account.leader)], taxes=[{"percentage": 20}])
    set_state(account, made, state)
    shown = as_it_is(account, made)
    log = EventReader(account)

    for method, action, body in CHANGES:
        wrong = {"footer": 5, "entry_ids": "x", "expense_ids": "x", "taxes": "x", "tax_ids": "x"} if body else body
        response = account.leader.client.request(method, made["url"] + action, body=wrong if code else body)
        if code is None:
            assert response.status < 300
        else:
            assert (response.status, response.codes) == (400, [("base", code)])
            assert response.json()["errors"][0]["resource"] == "Invoice"
            assert response.json()["message"].startswith("The Invoice cannot be changed")
    if code is not None:
        assert log.read_new() == []
        assert as_it_is(account, made) == shown


# Deleting


def test_deleting_an_invoice_releases_its_items_first(account: Account, clock: FakeClock) -> None:
    project = make_project(account)
    entries = [make_entry(account.leader, "#a", project_id=project["id"]) for _ in range(2)]
    expenses = [make_expense(account.leader, project) for _ in range(2)]
    made = make_invoice(account, entries, expenses, taxes=[{"percentage": 20}])
    log = EventReader(account)
    clock.advance(seconds=60)

    response = account.leader.client.delete(made["url"])

    assert (response.status, response.body) == (204, b"")
    events = log.read_new()
    assert [(event.type, event.object["id"]) for event in events] == [
        ("entry.updated", entries[0]["id"]),
        ("entry.updated.uninvoiced", entries[0]["id"]),
        ("entry.updated", entries[1]["id"]),
        ("entry.updated.uninvoiced", entries[1]["id"]),
        ("expense.updated", expenses[0]["id"]),
        ("expense.updated", expenses[1]["id"]),
        ("invoice.deleted", made["id"]),
    ]
    assert (
        events[0].changes
        == events[1].changes
        == {
            "invoiced_at": ["2024-05-21T10:05:00Z", None],
            "invoice": [short(made), None],
        }
    )
    assert events[4].changes == {"invoice": [short(made), None]}
    assert (events[-1].changes, events[-1].object) == ({}, made)
    client = account.supervisor.client
    for each, event in zip([*entries, *expenses], [events[0], events[2], events[4], events[5]], strict=True):
        assert client.get(each["url"]).body == event.text
        assert client.get(each["url"]).json() == each | {"updated_at": "2024-05-21T10:06:00Z"}
    assert client.get(made["url"]).status == 404
    assert client.get("/v2/invoices").json() == []
    assert client.get(project["url"]).json()["invoices"] == []
    assert ids([make_invoice(account, entries, expenses)]) != ids([made])


def test_deleting_an_empty_invoice_raises_one_event(account: Account) -> None:
    made = make_invoice(account)
    log = EventReader(account)

    assert account.leader.client.delete(made["url"]).status == 204

    assert log.read_new_types() == ["invoice.deleted"]


# Invoices in other representations


def test_items_show_their_invoice_to_roles_that_see_invoices(account: Account) -> None:
    project = make_project(account, "Open", account.coworker, account.contractor)
    entry = make_entry(account.contractor, project_id=project["id"])
    expense = make_expense(account.contractor, project)
    made = make_invoice(
        account, [entry], [expense], rate_calculation={"calculation_method": "flat_rate", "flat_rate": 10}
    )

    for role, shown in (
        ("supervisor", short(made)), ("leader", short(made)), ("coworker", None), ("contractor", None),
    ):  # fmt: skip
        client = account.people[role].client
        for each, path in ((entry, "/v2/entries"), (expense, "/v2/expenses")):
            assert client.get(each["url"]).json()["invoice"] == shown
            assert [found["invoice"] for found in client.get(path).json()] == [shown]
            assert ids(client.get(path, {"invoiced": "true"}).json()) == [each["id"]]
            assert ids(client.get(path, {"invoice_ids": made["id"]}).json()) == ([each["id"]] if shown else [])
        assert client.get(entry["url"]).json()["invoiced_at"] == "2024-05-21T10:05:00Z"
        assert client.get(project["url"]).json()["invoices"] == ([shown] if shown else [])
        assert client.get("/v2/projects").json()[0]["invoices"] == ([shown] if shown else [])


@pytest.mark.parametrize("role", ["leader", "contractor"])
def test_invoiced_items_can_be_neither_edited_nor_deleted(account: Account, role: str) -> None:
    project = make_project(account, "Open", account.contractor)
    entry = make_entry(account.contractor, project_id=project["id"])
    expense = make_expense(account.contractor, project)
    make_invoice(account, [entry], [expense])
    client = account.people[role].client
    log = EventReader(account)

    for url, body in (
        (entry["url"], {"minutes": 5}),
        (expense["url"], {"date": "2024-05-21", "price": 1, "project_id": project["id"]}),
    ):
        assert client.put(url, body).codes == [("base", "invoiced")]
        assert client.delete(url).codes == [("base", "invoiced")]
    assert log.read_new() == []


def test_an_entry_on_an_invoice_cannot_be_marked_as_invoiced(account: Account) -> None:
    entry, free = make_entry(account.leader), make_entry(account.leader)
    make_invoice(account, [entry])
    log = EventReader(account)
    client = account.leader.client

    response = client.put(entry["invoiced_outside_of_noko_url"], {"date": "x"})

    assert (response.status, response.codes) == (400, [("base", "already_invoiced")])
    assert response.json()["errors"][0]["resource"] == "Entry"
    body = {"entry_ids": ids([entry, free]), "date": "2024-06-01"}
    assert client.put("/v2/entries/marked_as_invoiced", body).status == 204
    assert [(event.type, event.object["id"]) for event in log.read_new()] == [
        ("entry.updated", free["id"]),
        ("entry.updated.invoiced", free["id"]),
    ]


def test_a_project_lists_its_invoices_and_counts_invoiced_minutes(account: Account) -> None:
    project, other = make_project(account, "One"), make_project(account, "Other")
    by_entry = make_entry(account.leader, project_id=project["id"], minutes=15)
    outside = make_entry(account.leader, project_id=project["id"], minutes=30)
    make_entry(account.leader, project_id=project["id"], minutes=60)
    account.leader.client.put(outside["invoiced_outside_of_noko_url"], {"date": "2024-06-01"})
    first = make_invoice(account, [by_entry], invoice_date="2024-06-01")
    newest = make_invoice(account, [], [make_expense(account.leader, project)], invoice_date="2024-06-02")
    same_day = make_invoice(
        account,
        [],
        [make_expense(account.leader, project), make_expense(account.leader, other)],
        invoice_date="2024-06-01",
    )
    client = account.supervisor.client

    shown = client.get(project["url"]).json()

    assert shown["invoices"] == [short(newest), short(same_day), short(first)]
    assert shown["invoiced_minutes"] == 45
    assert client.get(other["url"]).json()["invoices"] == [short(same_day)]
    assert [each["invoices"] for each in client.get("/v2/projects").json()] == [shown["invoices"], [short(same_day)]]


def test_a_project_with_invoices_is_archived_and_not_deleted(account: Account) -> None:
    project = make_project(account)
    make_invoice(account, [], [make_expense(account.leader, project)])
    client = account.leader.client

    assert client.delete(project["url"]).codes == [("base", "not_deletable")]
    assert client.put(project["archive_url"]).status == 204


def test_deleting_a_user_keeps_their_rate_on_invoices(account: Account) -> None:
    rates = {
        "calculation_method": "custom_hourly_rates",
        "standard_hourly_rate": 80,
        "custom_hourly_rates": [{"user_id": account.contractor.id, "hourly_rate": 95.5}],
    }
    made = make_invoice(account, rate_calculation=rates)

    assert account.supervisor.client.delete(f"/v2/users/{account.contractor.id}").status == 204

    assert as_it_is(account, made) == made
    response = account.leader.client.put(made["url"], {"rate_calculation": rates})
    assert response.codes == [("rate_calculation.custom_hourly_rates[0].user_id", "missing")]
    assert account.leader.client.put(made["url"], {"footer": "Thanks"}).status == 200
