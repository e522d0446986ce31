"""Random requests to an account: any action on any resource, most of them allowed and some of them rejected."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from tests.support.accounts import Account, Person
from tests.support.event_replica import Resources
from tests.support.factories import NO_SUCH_ID
from tests.support.webhooks import URI

T = TypeVar("T")

WORDS = ["#a", "#b*", "#c", "#A,", "plain", "(#b)", "#d-e", "#größe"]
DAYS = [f"2024-05-{day}" for day in range(10, 31)]


@dataclass(frozen=True)
class Request:
    """A request of one user."""

    person: Person
    method: str
    path: str
    body: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.body} by the {self.person.role} {self.person.id}"


class Chooser:
    """Chooses the next request at random, from a seed and the resources that exist."""

    def __init__(self, account: Account, seed: int, actions: Sequence["Action"]) -> None:
        self.account = account
        self._actions = actions
        self.rng = random.Random(seed)
        self.resources: Resources = {}
        users = account.people
        self._weighted_users = [
            *[users["supervisor"]] * 11,
            *[users["leader"]] * 5,
            users["coworker"],
            users["contractor"],
        ]
        # Whether an action needs a resource of a kind that has none.
        self._has_no_target = False
        # Resources without events, by the path of their list.
        self.others: dict[str, list[dict[str, Any]]] = {}

    def next(self, resources: Resources) -> Request:
        """Return the next request; most requests succeed."""
        self.resources = resources
        person = self.rng.choice(self._weighted_users)
        while True:
            self._has_no_target = False
            method, path, body = self.rng.choice(self._actions)(self)
            if not self._has_no_target:
                return Request(person, method, f"/v2/{path}", body)

    def id(self, kind: str) -> int:
        """Choose the id of a resource, or sometimes an unknown id."""
        ids = [*self.resources[kind]]
        self._has_no_target |= not ids
        return NO_SUCH_ID if not ids or self.rng.random() < 0.03 else self.rng.choice(ids)

    def ids(self, kind: str, max_count: int = 3) -> list[int]:
        """Choose up to ``max_count`` ids in any order, sometimes with an unknown id."""
        known = [*self.resources[kind], *([NO_SUCH_ID] if self.rng.random() < 0.1 else [])]
        return self.rng.sample(known, k=self.rng.randint(0, min(max_count, len(known))))

    def other(self, path: str) -> str:
        """Choose the path of a resource without events."""
        known = self.others.get(path) or []
        self._has_no_target |= not known
        return f"{path}/{self.rng.choice([*known, {'id': NO_SUCH_ID}])['id']}"

    def any(self, *values: T) -> T:
        """Choose one of the values."""
        return self.rng.choice(values)

    def some(self, **values: Any) -> dict[str, Any]:
        """Choose a random subset of the values."""
        return {key: value for key, value in values.items() if self.rng.random() < 0.5}

    def text(self) -> str | None:
        """Choose a description."""
        return " ".join(self.rng.choices(WORDS, k=self.rng.randint(0, 4))) or self.any(None, "")

    def project_reference(self) -> dict[str, Any]:
        """Choose an existing project, a project by name, or none."""
        return self.any({}, {"project_id": self.id("project")}, {"project_name": self.any(*"PQRS")})


Action = Callable[[Chooser], tuple[str, str, dict[str, Any]]]


def create_an_entry(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    body = {"date": choose.any(*DAYS), "minutes": choose.any(0, 1, 15, 59, 480), "description": choose.text()}
    return "POST", "entries", body | choose.project_reference() | choose.some(user_id=choose.id("user"))


def edit_an_entry(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    body = choose.some(
        date=choose.any(*DAYS),
        minutes=choose.any(0, 7, 61, None),
        description=choose.text(),
        source_url=choose.any(None, "https://git.northwind.test/"),
        user_id=choose.id("user"),
    )
    return "PUT", f"entries/{choose.id('entry')}", body | choose.project_reference()


def act_on_an_entry(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    action = choose.any("approved", "unapproved", "unapproved", "marked_as_invoiced")
    body = {"date": choose.any("2024-06-01", "2024-06-02")} if action == "marked_as_invoiced" else {}
    return "PUT", f"entries/{choose.id('entry')}/{action}", body


def act_on_entries(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    action = choose.any("approved", "unapproved", "marked_as_invoiced")
    return (
        "PUT",
        f"entries/{action}",
        {"date": choose.any("2024-06-01", "2024-06-02"), "entry_ids": choose.ids("entry")},
    )


def create_an_expense(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    return "POST", "expenses", expense_body(choose)


def edit_an_expense(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    return "PUT", f"expenses/{choose.id('expense')}", expense_body(choose)


def expense_body(choose: Chooser) -> dict[str, Any]:
    optional = choose.some(taxable=choose.any(True, False), user_id=choose.id("user"), description=choose.text())
    price = choose.any(5, "-0.5", 49.99)
    return {"date": choose.any(*DAYS), "price": price, "project_id": choose.id("project"), **optional}


def create_a_project(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    return "POST", "projects", {"name": choose.any(*"PQRSTUV")} | project_body(choose)


def edit_a_project(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    body = choose.some(name=choose.any(*"PQRST")) | project_body(choose)
    return "PUT", f"projects/{choose.id('project')}", body


def project_body(choose: Chooser) -> dict[str, Any]:
    return choose.some(
        billable=choose.any(True, True, False),
        billing_increment=choose.any(1, 15, 60),
        project_group_id=choose.any(choose.id("project_group"), None),
        budgeted_minutes=choose.any(600, None),
    )


def act_on_a_project(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    return "PUT", f"projects/{choose.id('project')}/{choose.any('archive', 'unarchive', 'unarchive')}", {}


def act_on_projects(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    action = choose.any("archive", "unarchive", "unarchive", "delete")
    return "PUT", f"projects/{action}", {"project_ids": choose.ids("project")}


def merge_projects(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    return "PUT", f"projects/{choose.id('project')}/merge", {"project_id": choose.id("project")}


def create_a_group(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    return "POST", "project_groups", {"name": choose.any(*"GHIJ"), "project_ids": choose.ids("project")}


def change_a_group(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    method, action = choose.any(
        ("PUT", ""), ("POST", "/add_projects"), ("PUT", "/remove_projects"), ("PUT", "/remove_all_projects")
    )
    body = {"name": choose.any(*"GHIJ"), "project_ids": choose.ids("project")}
    return method, f"project_groups/{choose.id('project_group')}{action}", body


def create_tags(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    return "POST", "tags", {"names": choose.any(["a", "e*"], ["#f", "two words", "F"], [])}


def rename_a_tag(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    id = choose.id("tag")
    tag = choose.resources["tag"].get(id, {"name": "a", "billable": True})
    flipped = f"{tag['name']}{'*' if tag['billable'] else ''}"
    return "PUT", f"tags/{id}", {"name": choose.any(flipped, flipped, "a", "A", "b*", "f", "g*")}


def merge_tags(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    return "PUT", f"tags/{choose.id('tag')}/merge", {"tag_id": choose.id("tag")}


def delete_tags(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    return "PUT", "tags/delete", {"tag_ids": choose.ids("tag", 2)}


def create_a_team(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    return "POST", "teams", {"name": choose.any(*"TUVW"), "user_ids": choose.ids("user")}


def change_a_team(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    method, action = choose.any(
        ("PUT", ""), ("POST", "/add_users"), ("PUT", "/remove_users"), ("PUT", "/remove_all_users")
    )
    body = {"name": choose.any(*"TUVW"), "user_ids": choose.ids("user")}
    return method, f"teams/{choose.id('team')}{action}", body


def invite_a_user(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    email = f"{choose.any(*'abcdef')}@northwind.test"
    return "POST", "users", {"email": email} | choose.some(role=choose.any("leader", "contractor"), first_name="New")


def edit_a_user(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    body = choose.some(
        first_name=choose.any("Ada", None), last_name=choose.any("Byron", ""), role=choose.any("coworker", "leader")
    )
    return "PUT", f"users/{choose.id('user')}", body


def edit_the_current_user(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    return "PUT", "current_user", choose.some(first_name=choose.any("Grace", "Mary"), time_format="hours_minutes")


def act_on_a_user(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    action = choose.any(
        "activate",
        "activate",
        "deactivate",
        "give_access_to_projects",
        "give_access_to_projects",
        "revoke_access_to_projects",
        "revoke_access_to_all_projects",
    )
    # The supervisor and the leader stay active, because most requests are theirs.
    disabled = [id for id, user in choose.resources["user"].items() if user["state"] == "disabled"]
    user = choose.any(choose.account.coworker.id, choose.account.contractor.id, choose.id("user"))
    if action == "activate":
        user = choose.any(user, *disabled)
    is_protected = action == "deactivate" and user in (choose.account.supervisor.id, choose.account.leader.id)
    user = choose.account.coworker.id if is_protected else user
    return "PUT", f"users/{user}/{action}", {"project_ids": choose.ids("project")}


def create_an_inbox_entry(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    body = {"date": choose.any(*DAYS), "description": choose.text() or "-"}
    return "POST", "inbox_entries", body | choose.some(minutes=25, project_name=choose.any(*"PQRS"))


def act_on_an_inbox_entry(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    path = choose.other("inbox_entries")
    edited = {"date": choose.any(*DAYS), "description": choose.text() or "-"}
    return choose.any(
        ("POST", f"{path}/log", {"minutes": 20} | choose.project_reference()),
        ("POST", f"{path}/log", {"minutes": 20}),
        ("PUT", path, edited),
        ("DELETE", path, {}),
    )


def use_a_timer(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    path = f"projects/{choose.id('project')}/timer"
    action = choose.any(
        "/start", "/start", "/start", "/pause", "/log", "/log", "/log_inbox_entry", "/add_or_subtract_time", ""
    )
    body = choose.some(description=choose.text(), entry_date=choose.any(*DAYS), minutes=choose.any(1, 30))
    return choose.any(("PUT", path + action, body), ("PUT", path + action, body), ("DELETE", path, {}))


def change_webhooks(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    path = choose.other("webhooks")
    events = choose.any(["*"], ["entry.created", "entry.updated"])
    method, path = choose.any(
        ("POST", "webhooks"),
        ("PUT", path),
        ("PUT", f"{path}/{choose.any('disable', 'enable', 'reroll_secret', 'ping', 'add_events')}"),
        ("DELETE", path),
    )
    return method, path, {"name": choose.any("x", "y"), "payload_uri": URI, "events": events}


def create_an_invoice(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    body = {"invoice_date": choose.any(*DAYS), "entry_ids": unbilled_ids(choose, "entry")} | invoice_body(choose)
    return "POST", "invoices", body | {"expense_ids": unbilled_ids(choose, "expense"), "taxes": taxes(choose)}


def edit_an_invoice(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    return "PUT", f"invoices/{choose.id('invoice')}", invoice_body(choose)


def act_on_an_invoice(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    bodies: dict[str, dict[str, Any]] = {
        "add_entries": {"entry_ids": unbilled_ids(choose, "entry")},
        "remove_entries": {"entry_ids": choose.ids("entry", 8)},
        "remove_all_entries": {},
        "add_expenses": {"expense_ids": unbilled_ids(choose, "expense")},
        "remove_expenses": {"expense_ids": choose.ids("expense", 8)},
        "remove_all_expenses": {},
        "add_taxes": {"taxes": taxes(choose)},
        "remove_taxes": {
            "tax_ids": [tax["id"] for invoice in choose.resources["invoice"].values() for tax in invoice["taxes"]]
        },
        "remove_all_taxes": {},
        "paid": {},
        "unpaid": {},
    }
    action = choose.any(*bodies, "add_entries", "add_expenses", "unpaid", "unpaid")
    return "PUT", f"invoices/{choose.id('invoice')}/{action}", bodies[action]


def invoice_body(choose: Chooser) -> dict[str, Any]:
    rates = {
        "calculation_method": choose.any("standard_hourly_rate", "custom_hourly_rates", "flat_rate"),
        "standard_hourly_rate": choose.any(80, "33.33", 10.125, 0),
        "custom_hourly_rates": [{"user_id": choose.account.supervisor.id, "hourly_rate": 99.99}],
        "flat_rate": choose.any(100, 0.05),
    }
    customization = choose.some(
        currency_code=choose.any("USD", "EUR", "JPY", "KWD", "ISK"), title=choose.any("Bill", "Invoice")
    )
    return choose.some(
        rate_calculation=rates,
        customization=customization,
        footer=choose.text(),
        reference=choose.any("NW-0042", "7"),
        show_full_report=choose.any(True, False),
    )


def unbilled_ids(choose: Chooser, kind: str) -> list[int]:
    """Choose ids that can be added to an invoice, and sometimes one that cannot."""
    eligible = [
        id
        for id, resource in choose.resources[kind].items()
        if not resource["invoice"]
        and not resource.get("invoiced_at")
        and (resource["project"] is None or resource["project"]["enabled"])
    ]
    other = [choose.id(kind)] if choose.rng.random() < 0.05 else []
    return choose.rng.sample(eligible, k=min(len(eligible), choose.rng.randint(0, 4))) + other


def taxes(choose: Chooser) -> list[dict[str, Any]]:
    return [{"percentage": choose.any(0, 7.7, 20, "12.345")} for _ in range(choose.rng.randint(0, 2))]


def delete(choose: Chooser) -> tuple[str, str, dict[str, Any]]:
    kind, path = choose.any(
        ("entry", "entries"),
        ("expense", "expenses"),
        ("invoice", "invoices"),
        ("project", "projects"),
        ("project_group", "project_groups"),
        ("tag", "tags"),
        ("team", "teams"),
        ("user", "users"),
    )
    id = choose.id(kind)
    is_protected = kind == "user" and id in [person.id for person in choose.account.people.values()]
    return "DELETE", f"{path}/{NO_SUCH_ID if is_protected else id}", {}


# An action is chosen as often as it is listed here.
ALL_ACTIONS: Sequence[Action] = [
    *[create_an_entry] * 8,
    *[edit_an_entry] * 6,
    *[act_on_an_entry] * 3,
    *[act_on_entries] * 2,
    *[create_an_expense] * 4,
    *[edit_an_expense] * 2,
    *[create_a_project] * 2,
    *[edit_a_project] * 3,
    *[act_on_a_project] * 2,
    act_on_projects,
    merge_projects,
    *[create_a_group] * 2,
    *[change_a_group] * 3,
    create_tags,
    *[rename_a_tag] * 4,
    merge_tags,
    delete_tags,
    *[create_a_team] * 2,
    *[change_a_team] * 4,
    *[invite_a_user] * 2,
    *[edit_a_user] * 2,
    edit_the_current_user,
    *[act_on_a_user] * 4,
    *[create_an_inbox_entry] * 2,
    *[act_on_an_inbox_entry] * 3,
    *[use_a_timer] * 6,
    *[change_webhooks] * 2,
    *[create_an_invoice] * 3,
    *[edit_an_invoice] * 2,
    *[act_on_an_invoice] * 6,
    *[delete] * 5,
]

# Those that change the amounts of invoices, most of them as a side effect.
AMOUNT_ACTIONS: Sequence[Action] = [
    *[create_an_entry] * 6,
    edit_an_entry,
    *[create_an_expense] * 2,
    create_a_project,
    *[edit_a_project] * 6,
    merge_projects,
    *[rename_a_tag] * 6,
    merge_tags,
    delete_tags,
    *[create_an_invoice] * 4,
    *[edit_an_invoice] * 2,
    *[act_on_an_invoice] * 4,
    delete,
]
