"""Whoever does nothing but listen knows the account: no change goes without its event, and none is made up."""

import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from tests.accounts import Account
from tests.amounts import amounts_of, recount
from tests.clocks import FakeClock
from tests.nouns import ids, log_time
from tests.recorded import Event, Recorded

# What a noun has of its own. The rest is derived from others, and changes without an event of this one.
OWN = {
    "entry": (
        "date", "user", "minutes", "description", "project", "tags", "source_url", "invoiced_at", "approved_at",
        "invoice", "approved_by", "created_at", "updated_at",
    ),
    "expense": ("price", "description", "taxable", "date", "project", "invoice", "user", "created_at", "updated_at"),
    "invoice": (
        "state", "reference", "invoice_date", "project_name", "company_name", "company_details", "recipient_details",
        "description", "footer", "show_hours_worked", "rate_calculation", "customization", "taxes", "payment",
        "payment_transactions", "entries", "expenses", "created_at", "updated_at",
    ),
    "project": (
        "name", "billing_increment", "enabled", "billable", "color", "group", "budgeted_minutes", "created_at",
        "updated_at",
    ),
    "project_group": ("name", "created_at", "updated_at"),
    "tag": ("name", "billable", "created_at", "updated_at"),
    "team": ("name", "users", "created_at", "updated_at"),
    "user": ("email", "first_name", "last_name", "state", "role", "created_at", "updated_at"),
}  # fmt: skip
PATHS = {
    "entry": "entries",
    "expense": "expenses",
    "invoice": "invoices",
    "project": "projects",
    "project_group": "project_groups",
    "tag": "tags",
    "team": "teams",
    "user": "users",
}
WORDS = ["#a", "#b*", "#c", "#A,", "plain", "(#b)", "#d-e"]
Things = dict[str, dict[int, dict[str, Any]]]


@pytest.mark.parametrize("seed", range(3))
def test_a_mirror_made_of_events_shows_the_account(account: Account, clock: FakeClock, seed: int) -> None:
    chance = random.Random(seed)
    log = Recorded(account)
    mirror = read_account(account)
    log_time(account.leader, "#a #b", project_name="First")

    for _ in range(150):
        clock.advance(seconds=chance.choice([0, 1, 60]))
        before = mirror
        chance.choice(ACTIONS)(account, chance, mirror)
        mirror = {noun: {**things} for noun, things in before.items()}
        for event in log.new():
            apply(mirror, event)

    assert own_of(mirror) == own_of(read_account(account))


@pytest.mark.parametrize("seed", range(3))
def test_invoices_come_to_what_is_on_them_whatever_happens(account: Account, seed: int) -> None:
    chance = random.Random(seed)
    log_time(account.leader, "#a #b", project_name="First")

    for _ in range(120):
        mirror = read_account(account)
        chance.choice([*ACTIONS, *[make_an_invoice] * 3, *[act_on_an_invoice] * 6, *[rename_a_tag, merge] * 3])(
            account, chance, mirror
        )

    invoices = read_account(account)["invoice"].values()
    assert any(each["total_amount"] for each in invoices)
    for each in invoices:
        assert amounts_of(each) == recount(account, each)
    client = account.supervisor.client
    for path in ("/v2/entries", "/v2/expenses"):
        for item in client.get(path, {"per_page": 1000}).json():
            if item["invoice"] is not None:
                assert item["invoice"]["total_amount"] == mirror_total(invoices, item["invoice"]["id"])


def mirror_total(invoices: Iterable[dict[str, Any]], id: int) -> float:
    [total] = [each["total_amount"] for each in invoices if each["id"] == id]
    return float(total)


def read_account(account: Account) -> Things:
    things: Things = {}
    for noun, path in PATHS.items():
        reply = account.supervisor.client.get(f"/v2/{path}", {"per_page": 1000})
        things[noun] = {each["id"]: each for each in reply.json()}
    return things


def apply(mirror: Things, event: Event) -> None:
    noun, _, change = event.type.partition(".")
    known = mirror[noun].get(event.object["id"])
    if change.startswith("deleted"):
        mirror[noun].pop(event.object["id"], None)
        return
    if change == "created":
        assert known is None
        assert event.changes == {}
    else:
        assert known is not None
        assert event.changes
        assert "updated_at" not in event.changes
        for key in OWN[noun]:
            if key in event.changes:
                assert event.changes[key][1] == event.object[key]
    mirror[noun][event.object["id"]] = event.object


def own_of(things: Things) -> dict[str, dict[int, dict[str, Any]]]:
    return {
        noun: {id: {key: reference(thing[key]) for key in OWN[noun]} for id, thing in some.items()}
        for noun, some in things.items()
    }


def reference(value: Any) -> Any:
    """A value with other nouns cut down to their ids, since what else they show is their own."""
    if isinstance(value, dict):
        return value.get("id", value)
    return [reference(each) for each in value] if isinstance(value, list) else value


def any_of(chance: random.Random, mirror: Things, noun: str) -> str:
    return f"/v2/{PATHS[noun]}/{chance.choice([*mirror[noun], 0])}"


def several(chance: random.Random, mirror: Things, noun: str) -> list[int]:
    return chance.sample([*mirror[noun]], k=min(len(mirror[noun]), 3))


def text(chance: random.Random) -> str:
    return " ".join(chance.choices(WORDS, k=chance.randint(0, 4)))


def log(account: Account, chance: random.Random, mirror: Things) -> None:
    body = {"date": "2024-05-21", "minutes": chance.randint(0, 99), "description": text(chance)}
    project = {"project_name": chance.choice("PQRS")} if chance.random() < 0.7 else {}
    account.leader.client.post("/v2/entries", body | project)


def log_what_waits(account: Account, chance: random.Random, mirror: Things) -> None:
    body = {"date": "2024-05-21", "description": text(chance) or "-", "project_name": chance.choice("PQRS")}
    inbox_entry = account.leader.client.post("/v2/inbox_entries", body).json()
    account.leader.client.post(inbox_entry["log_url"], {"minutes": chance.randint(0, 99)})


def use_a_timer(account: Account, chance: random.Random, mirror: Things) -> None:
    timer = f"{any_of(chance, mirror, 'project')}/timer"
    action = chance.choice(["/start", "/start", "/pause", "/log", "/log_inbox_entry"])
    account.leader.client.put(timer + action, {"description": text(chance)})


def edit(account: Account, chance: random.Random, mirror: Things) -> None:
    changes = {
        "description": text(chance),
        "minutes": chance.randint(0, 99),
        "project_name": chance.choice("PQRS"),
        "user_id": account.supervisor.id,
        "date": f"2024-05-{chance.randint(10, 30)}",
    }
    some = chance.sample([*changes], k=2)
    account.leader.client.put(any_of(chance, mirror, "entry"), {key: changes[key] for key in some})


def spend(account: Account, chance: random.Random, mirror: Things) -> None:
    account.leader.client.post("/v2/expenses", expense(chance, mirror))


def edit_an_expense(account: Account, chance: random.Random, mirror: Things) -> None:
    more = {"taxable": chance.random() < 0.5, "user_id": account.supervisor.id, "description": text(chance)}
    some = {key: more[key] for key in chance.sample([*more], k=1)}
    account.leader.client.put(any_of(chance, mirror, "expense"), expense(chance, mirror) | some)


def expense(chance: random.Random, mirror: Things) -> dict[str, Any]:
    project_id = chance.choice([0, *(id for id, project in mirror["project"].items() if project["enabled"])])
    return {"date": f"2024-05-{chance.randint(10, 12)}", "price": chance.choice([5, "-0.5"]), "project_id": project_id}


def act_on_entries(account: Account, chance: random.Random, mirror: Things) -> None:
    action = chance.choice(["approved", "unapproved", "marked_as_invoiced"])
    body = {"date": f"2024-06-0{chance.randint(1, 9)}", "entry_ids": several(chance, mirror, "entry")}
    account.supervisor.client.put(f"/v2/entries/{action}", body)


def act_on_projects(account: Account, chance: random.Random, mirror: Things) -> None:
    action = chance.choice(["archive", "unarchive", "delete"])
    account.leader.client.put(f"/v2/projects/{action}", {"project_ids": several(chance, mirror, "project")})


def edit_a_project(account: Account, chance: random.Random, mirror: Things) -> None:
    body = {
        "billable": chance.random() < 0.5,
        "billing_increment": chance.choice([1, 15]),
        "name": chance.choice("PQR"),
        "project_group_id": chance.choice([*mirror["project_group"], None]),
    }
    account.leader.client.put(any_of(chance, mirror, "project"), body)


def rename_a_tag(account: Account, chance: random.Random, mirror: Things) -> None:
    account.leader.client.put(any_of(chance, mirror, "tag"), {"name": chance.choice(["a", "A", "b*", "f", "g*"])})


def merge(account: Account, chance: random.Random, mirror: Things) -> None:
    noun = chance.choice(["tag", "project"])
    other = chance.choice([*mirror[noun], 0])
    account.leader.client.put(f"{any_of(chance, mirror, noun)}/merge", {f"{noun}_id": other})


def delete(account: Account, chance: random.Random, mirror: Things) -> None:
    account.supervisor.client.delete(
        any_of(chance, mirror, chance.choice(["entry", "expense", "tag", "project", "invoice"]))
    )


def make_an_invoice(account: Account, chance: random.Random, mirror: Things) -> None:
    body = {
        "invoice_date": f"2024-06-0{chance.randint(1, 9)}",
        "entry_ids": free(chance, mirror, "entry"),
        "expense_ids": free(chance, mirror, "expense"),
        "taxes": [{"percentage": chance.choice([0, 7.7, 20])}],
        "rate_calculation": rates(account, chance),
    }
    account.leader.client.post("/v2/invoices", body)


def act_on_an_invoice(account: Account, chance: random.Random, mirror: Things) -> None:
    bodies: dict[str, Any] = {
        "": {
            "footer": text(chance),
            "rate_calculation": rates(account, chance),
            "customization": {"currency_code": chance.choice(["USD", "JPY"]), "title": chance.choice("AB")},
        },
        "/add_entries": {"entry_ids": free(chance, mirror, "entry")},
        "/remove_entries": {"entry_ids": several(chance, mirror, "entry")},
        "/remove_all_entries": {},
        "/add_expenses": {"expense_ids": free(chance, mirror, "expense")},
        "/remove_expenses": {"expense_ids": several(chance, mirror, "expense")},
        "/remove_all_expenses": {},
        "/add_taxes": {"taxes": [{"percentage": chance.choice([1, "12.34"])}]},
        "/remove_taxes": {"tax_ids": ids(tax for each in mirror["invoice"].values() for tax in each["taxes"])[:2]},
        "/remove_all_taxes": {},
        "/paid": {},
        "/unpaid": {},
        "/unpaid?": {},
    }
    action = chance.choice([*bodies])
    account.leader.client.put(any_of(chance, mirror, "invoice") + action, bodies[action])


def free(chance: random.Random, mirror: Things, noun: str) -> list[int]:
    """Some that could be put on an invoice, and now and then one that could not."""
    good = [
        id
        for id, thing in mirror[noun].items()
        if not thing["invoice"] and not thing.get("invoiced_at") and (thing["project"] or {"enabled": True})["enabled"]
    ]
    return chance.sample(good, k=min(len(good), 4)) + ([chance.choice([*mirror[noun], 0])] * (chance.random() < 0.1))


def rates(account: Account, chance: random.Random) -> dict[str, Any]:
    return {
        "calculation_method": chance.choice(["standard_hourly_rate", "custom_hourly_rates", "flat_rate"]),
        "standard_hourly_rate": chance.choice([80, "33.33"]),
        "custom_hourly_rates": [{"user_id": account.supervisor.id, "hourly_rate": 99.99}],
        "flat_rate": chance.choice([100, 0.05]),
    }


def change_users(account: Account, chance: random.Random, mirror: Things) -> None:
    url = f"/v2/users/{account.coworker.id}"
    account.supervisor.client.put(url, {"first_name": chance.choice("ABC")})
    account.supervisor.client.put(f"{url}/{chance.choice(['activate', 'deactivate'])}")


def change_teams(account: Account, chance: random.Random, mirror: Things) -> None:
    body = {"name": chance.choice("TUV"), "user_ids": several(chance, mirror, "user")}
    account.supervisor.client.post("/v2/teams", body)
    changes = [("PUT", ""), ("POST", "/add_users"), ("PUT", "/remove_users"), ("PUT", "/remove_all_users")]
    method, action = chance.choice([*changes, ("DELETE", "")])
    account.supervisor.client.request(method, any_of(chance, mirror, "team") + action, body=body)


def change_groups(account: Account, chance: random.Random, mirror: Things) -> None:
    body = {"name": chance.choice("GHI"), "project_ids": several(chance, mirror, "project")}
    account.leader.client.post("/v2/project_groups", body)
    changes = [("PUT", ""), ("POST", "/add_projects"), ("PUT", "/remove_projects"), ("PUT", "/remove_all_projects")]
    method, action = chance.choice([*changes, ("DELETE", "")])
    account.leader.client.request(method, any_of(chance, mirror, "project_group") + action, body=body)


ACTIONS: list[Callable[[Account, random.Random, Things], None]] = [
    *[log] * 4,
    *[log_what_waits] * 2,
    *[use_a_timer] * 3,
    *[edit] * 4,
    *[spend] * 4,
    *[edit_an_expense] * 4,
    *[act_on_entries] * 2,
    *[make_an_invoice] * 2,
    *[act_on_an_invoice] * 4,
    act_on_projects,
    edit_a_project,
    rename_a_tag,
    merge,
    delete,
    change_users,
    *[change_teams] * 2,
    *[change_groups] * 3,
]
