"""Totals of invoices, and how they follow their items and rates."""

from typing import Any

import pytest

from tests.api.test_invoices import as_it_is
from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import Event, EventReader
from tests.support.factories import ids, make_entry, make_expense, make_invoice, make_project, make_tag, set_state
from tests.support.invoice_amounts import AMOUNTS, amounts_of, expected_amounts

HOURLY = {"calculation_method": "standard_hourly_rate", "standard_hourly_rate": 60}


def test_the_documented_example_totals_are_reproduced(account: Account) -> None:
    project = make_project(account, billing_increment=15)
    entries = [
        make_entry(account.leader, minutes=50, project_id=project["id"]),
        make_entry(account.leader, minutes=20, project_id=project["id"]),
        make_entry(account.supervisor, minutes=25, project_id=project["id"]),
        make_entry(account.supervisor, "#internal*", minutes=60, project_id=project["id"]),
    ]
    expenses = [make_expense(account.leader, project, 49.9), make_expense(account.leader, project, 12, taxable=False)]

    made = make_invoice(
        account,
        entries,
        expenses,
        rate_calculation={
            "calculation_method": "custom_hourly_rates",
            "standard_hourly_rate": 80,
            "custom_hourly_rates": [{"user_id": account.leader.id, "hourly_rate": 95.55}],
        },
        taxes=[{"percentage": 20, "name": "VAT"}, {"percentage": 1.5}],
    )

    # 60 and 30 minutes at 95.55 are 143.325, so 143.33; 30 at 80 are 40.00; with 49.90 that is 233.23.
    assert amounts_of(made) == {
        "taxable_amount": 233.23,
        "taxfree_amount": 12,
        "tax_total_amount": 46.65 + 3.5,
        "total_amount": 295.38,
    }
    assert amounts_of(made) == expected_amounts(account, made)


@pytest.mark.parametrize(
    ("rates", "total"),
    [
        ({"calculation_method": "flat_rate", "flat_rate": 100.5}, 100.5),
        ({"calculation_method": "flat_rate", "flat_rate": -5}, -5),
        ({"calculation_method": "standard_hourly_rate", "standard_hourly_rate": 0}, 0),
        ({"calculation_method": "standard_hourly_rate", "standard_hourly_rate": 0.01}, 0.01),
        ({"calculation_method": "standard_hourly_rate", "standard_hourly_rate": "33.333"}, 33.33),
    ],
)
def test_an_hour_is_priced_by_the_calculation_method(account: Account, rates: Any, total: float) -> None:
    made = make_invoice(account, [make_entry(account.leader)], rate_calculation=rates)

    assert made["total_amount"] == total
    assert amounts_of(made) == expected_amounts(account, made)


def test_zero_decimal_currencies_are_rounded_to_whole_units(account: Account) -> None:
    entries = [make_entry(account.leader, minutes=50), make_entry(account.supervisor, minutes=1)]

    made = make_invoice(
        account,
        entries,
        rate_calculation={"calculation_method": "standard_hourly_rate", "standard_hourly_rate": 1000},
        taxes=[{"percentage": 8.3}],
        customization={"currency_code": "KRW"},
    )

    # 833.33 and 16.67 are 833 and 17; 8.3 percent of 850 are 70.55.
    assert (made["taxable_amount"], made["tax_total_amount"], made["total_amount"]) == (850, 71, 921)
    assert made["total_amount_with_currency"] == "\u20a9921"
    assert amounts_of(made) == expected_amounts(account, made)


@pytest.mark.parametrize(
    ("currency", "rate", "stored_rate", "total", "text"),
    [
        ("KWD", 10.125, 10.125, 3.375, "KD3.375"),
        ("KWD", "10.1256", 10.126, 3.375, "KD3.375"),
        ("ISK", 1000.4, 1000.4, 333, "KD333"),
        ("EUR", 10.125, 10.13, 3.38, "KD3.38"),
        # Rounded once: not to 10.125 first.
        ("EUR", "10.12499", 10.12, 3.37, "KD3.37"),
    ],
)
def test_rates_and_amounts_have_the_digits_of_the_currency(
    account: Account, currency: str, rate: Any, stored_rate: float, total: float, text: str
) -> None:
    rates = {
        "calculation_method": "custom_hourly_rates",
        "standard_hourly_rate": rate,
        "custom_hourly_rates": [{"user_id": account.supervisor.id, "hourly_rate": rate}],
        "flat_rate": rate,
    }
    entry = make_entry(account.leader, minutes=20)

    made = make_invoice(
        account,
        [entry],
        rate_calculation=rates,
        customization={"currency_code": currency, "currency_symbol": "KD"},
    )

    assert made["rate_calculation"] == {
        "calculation_method": "custom_hourly_rates",
        "standard_hourly_rate": stored_rate,
        "custom_hourly_rates": [{"user": account.supervisor.id, "hourly_rate": stored_rate}],
        "flat_rate": stored_rate,
    }
    assert (made["total_amount"], made["total_amount_with_currency"]) == (total, text)
    assert amounts_of(made) == expected_amounts(account, made)
    client = account.leader.client
    assert client.get(entry["url"]).json()["invoice"]["total_amount"] == total
    for query, found in (
        ({"total_amount_from": total, "total_amount_to": str(total)}, [made["id"]]),
        ({"total_amount_from": total + 0.0001}, []),
        ({"total_amount_to": total - 0.0001}, []),
    ):
        assert ids(client.get("/v2/invoices", query).json()) == found


def test_rates_are_rounded_when_the_currency_changes(account: Account) -> None:
    project = make_project(account, billing_increment=1)
    rates = {"calculation_method": "standard_hourly_rate", "standard_hourly_rate": 10.125}
    made = make_invoice(
        account,
        [make_entry(account.leader, minutes=20, project_id=project["id"])],
        rate_calculation=rates,
        customization={"currency_code": "KWD"},
    )
    client = account.leader.client

    edited = client.put(made["url"], {"customization": {"currency_code": "EUR"}}).json()
    inherited = make_invoice(account, [make_entry(account.leader, project_id=project["id"])])

    assert (edited["rate_calculation"]["standard_hourly_rate"], edited["total_amount"]) == (10.13, 3.38)
    assert inherited["rate_calculation"] == edited["rate_calculation"]
    again = client.put(made["url"], {"customization": {"currency_code": "KWD"}}).json()
    assert (again["rate_calculation"]["standard_hourly_rate"], again["total_amount"]) == (10.13, 3.377)


def test_a_total_over_the_maximum_is_rejected(account: Account) -> None:
    project = make_project(account)
    expenses = [make_expense(account.leader, project, 10**12) for _ in range(11)]
    made = make_invoice(account, [], expenses[:10])
    assert made["total_amount"] == 10**13
    log = EventReader(account)

    response = account.leader.client.put(f"{made['url']}/add_expenses", {"expense_ids": [expenses[10]["id"]]})

    assert (response.status, response.codes) == (400, [("base", "invalid")])
    assert log.read_new() == []
    assert as_it_is(account, made) == made
    rates = {"calculation_method": "standard_hourly_rate", "standard_hourly_rate": 10**12}
    entry = make_entry(account.leader, minutes=10_000_000)
    body = {"invoice_date": "2024-06-01", "entry_ids": [entry["id"]], "rate_calculation": rates}
    assert account.leader.client.post("/v2/invoices", body).codes == [("base", "invalid")]


AMOUNT_KEYS = [*AMOUNTS, *(f"{name}_with_currency" for name in AMOUNTS)]
LATER = "2024-05-21T10:06:00Z"


class TestSideEffectsOfTagsAndProjects:
    """Billability of invoiced entries can change although the entries cannot be edited."""

    @pytest.fixture
    def stage(self, account: Account, clock: FakeClock) -> dict[str, Any]:
        """Two open invoices and a paid one between them, with entries of two tags and two projects."""
        project = make_project(account, "Billed")
        own = make_project(account, "Own", billable=False)
        made = [
            make_invoice(
                account,
                [
                    make_entry(account.leader, "#free* #other", minutes=15, project_id=project["id"]),
                    make_entry(account.leader, "#other", minutes=30, project_id=project["id"]),
                    make_entry(account.leader, "#free", minutes=60, project_id=own["id"]),
                ],
                [make_expense(account.leader, project, 7)],
                rate_calculation=HOURLY,
                taxes=[{"percentage": 10}],
            )
            for _ in range(3)
        ]
        set_state(account, made[1], "paid")
        clock.advance(seconds=60)
        now = [as_it_is(account, each) for each in made]
        assert {each["total_amount"] for each in now} == {40.7}
        tags = {tag["name"]: tag for tag in account.supervisor.client.get("/v2/tags").json()}
        return {"invoices": now, "project": project, "own": own, **tags}

    def check(self, account: Account, stage: dict[str, Any], events: list[Event], total: float) -> None:
        """Check that the open invoices have this total, with an event of each, and the paid one has its old amounts."""
        client = account.supervisor.client
        before, now = stage["invoices"], [as_it_is(account, each) for each in stage["invoices"]]
        for old, new in ((before[0], now[0]), (before[2], now[2])):
            assert new["total_amount"] == total
            assert amounts_of(new) == expected_amounts(account, new)
            assert new["updated_at"] == LATER
            [event] = [each for each in events if each.object["url"] == new["url"]]
            assert event.type == "invoice.updated"
            assert event.changes == {key: [old[key], new[key]] for key in AMOUNT_KEYS if old[key] != new[key]}
            assert event.text == client.get(new["url"]).body
        assert now[1] == before[1] | {"projects": now[1]["projects"]}
        assert not [event for event in events if event.object["url"] == before[1]["url"]]
        totals = {each["id"]: each["total_amount"] for each in now}
        for path in ("/v2/entries", "/v2/expenses"):
            for each in client.get(path).json():
                assert each["invoice"]["total_amount"] == totals[each["invoice"]["id"]]
        for event in events:
            if event.type in ("entry.updated", "project.updated"):
                assert event.text == client.get(event.object["url"]).body

    def test_a_tag_that_becomes_billable(self, account: Account, stage: dict[str, Any]) -> None:
        log = EventReader(account)

        assert account.leader.client.put(stage["free"]["url"], {"name": "free"}).status == 200

        events = log.read_new()
        # Another quarter of an hour; the project of the third entry is still unbillable.
        self.check(account, stage, events, 57.2)
        assert [event.type for event in events] == [
            "tag.updated", *["entry.updated"] * 3, *["invoice.updated"] * 2,
        ]  # fmt: skip
        assert [event.object["id"] for event in events[-2:]] == ids([stage["invoices"][0], stage["invoices"][2]])

    def test_a_tag_that_becomes_unbillable(self, account: Account, stage: dict[str, Any]) -> None:
        log = EventReader(account)

        assert account.leader.client.put(stage["other"]["url"], {"name": "renamed*"}).status == 200

        self.check(account, stage, log.read_new(), 7.7)

    def test_a_tag_that_is_only_renamed(self, account: Account, stage: dict[str, Any]) -> None:
        log = EventReader(account)

        assert account.leader.client.put(stage["other"]["url"], {"name": "renamed"}).status == 200

        assert log.read_new_types() == ["tag.updated", *["entry.updated"] * 6]
        assert [as_it_is(account, each) for each in stage["invoices"]] == stage["invoices"]

    def test_an_unbillable_tag_that_is_deleted(self, account: Account, stage: dict[str, Any]) -> None:
        log = EventReader(account)

        assert account.leader.client.delete(stage["free"]["url"]).status == 204

        events = log.read_new()
        self.check(account, stage, events, 57.2)
        assert [event.type for event in events] == [
            *["invoice.updated"] * 2, *["entry.updated"] * 6, "tag.deleted",
        ]  # fmt: skip
        assert events[2].changes["billable"] == [False, True]
        assert "invoice" not in events[2].changes

    def test_tags_that_are_deleted_together(self, account: Account, stage: dict[str, Any]) -> None:
        log = EventReader(account)
        body = {"tag_ids": [stage["free"]["id"], stage["other"]["id"]]}

        assert account.leader.client.put("/v2/tags/delete", body).status == 204

        events = log.read_new()
        assert [event.type for event in events[:2]] == ["invoice.updated"] * 2
        assert {event.type for event in events[2:]} == {"entry.updated", "tag.deleted"}
        assert [as_it_is(account, each)["total_amount"] for each in stage["invoices"]] == [57.2, 40.7, 57.2]

    def test_an_unbillable_tag_that_goes_into_a_billable_one(self, account: Account, stage: dict[str, Any]) -> None:
        log = EventReader(account)

        body = {"tag_id": stage["free"]["id"]}
        assert account.leader.client.put(stage["other"]["merge_url"], body).status == 204

        events = log.read_new()
        self.check(account, stage, events, 57.2)
        assert [event.type for event in events] == [
            *["entry.updated"] * 6, *["invoice.updated"] * 2, "tag.updated", "tag.deleted", "tag.deleted.merged",
        ]  # fmt: skip

    def test_a_billable_tag_that_goes_into_an_unbillable_one(self, account: Account, stage: dict[str, Any]) -> None:
        log = EventReader(account)

        body = {"tag_id": stage["other"]["id"]}
        assert account.leader.client.put(stage["free"]["merge_url"], body).status == 204

        self.check(account, stage, log.read_new(), 7.7)

    def test_a_project_that_becomes_unbillable_and_back(self, account: Account, stage: dict[str, Any]) -> None:
        log = EventReader(account)
        client = account.leader.client

        assert client.put(stage["project"]["url"], {"billable": False}).status == 200

        events = log.read_new()
        self.check(account, stage, events, 7.7)
        assert [event.type for event in events] == ["project.updated", *["invoice.updated"] * 2]
        assert {*events[0].changes} == {
            "billable",
            "billable_minutes",
            "unbillable_minutes",
            "invoiced_minutes",
            "invoices",
        }
        stage["invoices"] = [as_it_is(account, each) for each in stage["invoices"]]
        assert client.put(stage["project"]["url"], {"billable": True}).status == 200
        self.check(account, stage, log.read_new(), 40.7)

    def test_an_unbillable_project_that_goes_into_a_billable_one(self, account: Account, stage: dict[str, Any]) -> None:
        account.leader.client.put(stage["free"]["url"], {"name": "free"})
        stage["invoices"] = [as_it_is(account, each) for each in stage["invoices"]]
        log = EventReader(account)

        body = {"project_id": stage["own"]["id"]}
        assert account.leader.client.put(f"{stage['project']['url']}/merge", body).status == 204

        events = log.read_new()
        assert [event.type for event in events] == [
            *["entry.updated"] * 3, *["invoice.updated"] * 2, "project.updated", "project.deleted",
            "project.deleted.merged",
        ]  # fmt: skip
        self.check(account, stage, events, 123.2)
        assert ids(as_it_is(account, stage["invoices"][0])["projects"]) == [stage["project"]["id"]]

    def test_a_billable_project_that_goes_into_an_unbillable_one(self, account: Account, stage: dict[str, Any]) -> None:
        log = EventReader(account)

        body = {"project_id": stage["project"]["id"]}
        assert account.leader.client.put(f"{stage['own']['url']}/merge", body).status == 204

        events = log.read_new()
        self.check(account, stage, events, 7.7)
        assert [event.type for event in events] == [
            *["entry.updated"] * 6, *["expense.updated"] * 3, *["invoice.updated"] * 2, "project.updated",
            "project.deleted", "project.deleted.merged",
        ]  # fmt: skip
        invoices = account.supervisor.client.get(stage["own"]["url"]).json()["invoices"]
        assert ids(invoices) == ids(reversed(stage["invoices"]))

    def test_an_invoice_follows_again_once_it_is_unpaid(self, account: Account, stage: dict[str, Any]) -> None:
        client = account.leader.client
        client.put(stage["project"]["url"], {"billable": False})
        paid = as_it_is(account, stage["invoices"][1])
        log = EventReader(account)

        assert client.put(f"{paid['url']}/unpaid").status == 204

        unpaid = as_it_is(account, paid)
        assert amounts_of(unpaid) == expected_amounts(account, unpaid)
        assert unpaid["total_amount"] == 7.7
        general, specific = log.read_new()
        assert (general.type, specific.type) == ("invoice.updated", "invoice.updated.unpaid")
        assert general.changes == specific.changes
        assert general.changes["total_amount"] == [40.7, 7.7]
        assert general.text == specific.text == client.get(paid["url"]).body
        client.put(stage["project"]["url"], {"billable": True})
        assert as_it_is(account, paid)["total_amount"] == 40.7


@pytest.mark.parametrize("state", ["paid", "in_progress", "awaiting_payment"])
def test_amounts_stay_through_all_settled_states(account: Account, state: str) -> None:
    project = make_project(account)
    made = make_invoice(account, [make_entry(account.leader, project_id=project["id"])], rate_calculation=HOURLY)
    client = account.leader.client
    for settled in (state, "paid", "in_progress"):
        set_state(account, made, settled)
        client.put(project["url"], {"billable": False})
        assert as_it_is(account, made)["total_amount"] == 60
        client.put(project["url"], {"billable": True})
    client.put(project["url"], {"billable": False})

    set_state(account, made, "none")

    assert as_it_is(account, made)["total_amount"] == 0


def test_unbillable_tags_of_another_account_do_not_count(account: Account, other_account: Account) -> None:
    make_tag(other_account, "a*")

    assert make_invoice(account, [make_entry(account.leader, "#a")], rate_calculation=HOURLY)["total_amount"] == 60
