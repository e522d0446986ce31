"""The same change made in a page and by the API gives the same events, byte for byte but for ids and times."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from string import Formatter
from typing import Any

import pytest

from hourhook.web.app import all_pages
from tests.support.accounts import Account
from tests.support.browsers import parse_forms
from tests.support.events_of import EventReader
from tests.support.factories import (
    approve,
    archive,
    give_access,
    make_entry,
    make_expense,
    make_group,
    make_inbox_entry,
    make_invoice,
    make_project,
    make_tag,
    make_team,
    start_timer,
)
from tests.support.oauth_clients import signed_in_browser

TODAY = "2024-05-21"


class Made(dict[str, Any]):
    """What an act is about, by the names in braces of its addresses and fields; created when it is asked for."""

    def __init__(self, account: Account, number: int) -> None:
        super().__init__()
        self.account = account
        self.number = number

    def __missing__(self, name: str) -> Any:
        self[name] = found = MAKERS[name](self)
        return found


MAKERS: dict[str, Callable[[Made], Any]] = {
    "name": lambda made: f"Harbour map {made.number}",
    "project": lambda made: make_project(made.account, made["name"])["id"],
    "into": lambda made: make_project(made.account, f"Pilots {made.number}")["id"],
    "unused": lambda made: make_project(made.account, f"Lights {made.number}")["id"],
    "archived": lambda made: _archived(made, make_project(made.account, f"Locks {made.number}")),
    "grouped": lambda made: make_project(made.account, f"Quays {made.number}")["id"],
    "group": lambda made: make_group(made.account, f"Ports {made.number}", {"id": made["grouped"]})["id"],
    "entry": lambda made: make_entry(made.account.owner, "buoys", project_id=made["project"])["id"],
    "own_entry": lambda made: make_entry(made.account.supervisor, "charts", project_id=made["project"])["id"],
    "approved": lambda made: _approved(made, make_entry(made.account.owner, "tides", project_id=made["project"])),
    "proposal": lambda made: make_inbox_entry(made.account.supervisor, minutes=15)["id"],
    "timer": lambda made: start_timer(made.account.supervisor, {"id": made["project"]}) and made["project"],
    "expense": lambda made: make_expense(made.account.owner, {"id": made["project"]}, description="boat")["id"],
    "billed": lambda made: make_entry(made.account.owner, "chart", project_id=made["project"])["id"],
    "spent": lambda made: make_expense(made.account.owner, {"id": made["project"]}, description="ferry")["id"],
    "invoice": lambda made: make_invoice(
        made.account,
        [{"id": made["billed"]}],
        [{"id": made["spent"]}],
        reference=f"{made.number:04}",
        taxes=[{"name": "VAT", "percentage": 20}],
    )["id"],
    "tax": lambda made: made.account.owner.client.get(f"/v2/invoices/{made['invoice']}").json()["taxes"][0]["id"],
    "paid": lambda made: _paid(made, make_invoice(made.account, [], [], reference=f"P{made.number}")),
    "tag": lambda made: make_tag(made.account, f"tag{made.number}")["id"],
    "other_tag": lambda made: make_tag(made.account, f"other{made.number}")["id"],
    "guest": lambda made: made.account.add(f"guest{made.number}", "contractor").id,
    "disabled": lambda made: made.account.add(f"former{made.number}", "coworker", "disabled").id,
    "opened": lambda made: _opened(made, made.account.add(f"visitor{made.number}", "contractor")),
    "team": lambda made: make_team(made.account, f"Crew {made.number}", made.account.leader)["id"],
    "leader": lambda made: made.account.leader.id,
    "coworker": lambda made: made.account.coworker.id,
}


def _archived(made: Made, project: dict[str, Any]) -> Any:
    make_entry(made.account.owner, project_id=project["id"])
    archive(made.account, project)
    return project["id"]


def _approved(made: Made, entry: dict[str, Any]) -> Any:
    approve(made.account, entry)
    return entry["id"]


def _paid(made: Made, invoice: dict[str, Any]) -> Any:
    made.account.owner.client.put(f"/v2/invoices/{invoice['id']}/paid")
    return invoice["id"]


def _opened(made: Made, person: Any) -> int:
    give_access(made.account, person, {"id": made["project"]})
    make_entry(person, project_id=made["project"])
    return int(person.id)


@dataclass(frozen=True)
class Act:
    """A change, and the names of what it is about."""

    run: Callable[[Made], object]
    # Its path, with names in braces.
    path: str
    names: frozenset[str]


def names_in(value: object) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(names_in, value))
    return {name for _, name, _, _ in Formatter().parse(value) if name} if isinstance(value, str) else set()


def page(path: str, *, on: str = "", about: str = "", **fields: Any) -> Act:
    """Return the act of sending a form, which is on the page with its own path or on another one.

    ``about`` has the names of more that must be there.
    """

    def run(made: Made) -> None:
        browser = signed_in_browser(made.account, made.account.supervisor)
        action, shown = path.format_map(made), browser.get((on or path).format_map(made))
        forms = [form for form in parse_forms(shown) if form.method == "post"]
        # The form of a button elsewhere on the page has the same proof.
        proof = {"csrf_token": forms[0].fields["csrf_token"]}
        given = {name.replace("__", "."): value for name, value in fields.items()}
        found = [form.fields for form in forms if form.action == action]
        initial = max(found, key=lambda names: len(given.keys() & names.keys()), default=proof)
        pairs = [(name, value) for name, value in initial.items() if name not in given]
        for name, value in given.items():
            pairs += [(name, each.format_map(made)) for each in (value if isinstance(value, list) else [value])]
        response = browser.post(action, pairs)
        assert response.status == 303, response.body

    return Act(run, path, frozenset(names_in([path, on, about, *fields.values()])))


def api(method: str, path: str, **body: Any) -> Act:
    """Return the act of a request; a text in braces is the id of what has this name."""

    def resolve(made: Made, value: Any) -> Any:
        if isinstance(value, list):
            return [resolve(made, each) for each in value]
        return made[value[1:-1]] if isinstance(value, str) and value.startswith("{") else value

    def run(made: Made) -> None:
        given = {name: resolve(made, value) for name, value in body.items()}
        sent = {"body": given} if given else {}
        response = made.account.supervisor.client.request(method, path.format_map(made), **sent)
        assert response.status < 300, response.body

    return Act(run, path, frozenset(names_in([path, *body.values()])))


def both(*acts: Act) -> Act:
    """Return the act of several requests, where the page does with one form what takes several of them."""

    def run(made: Made) -> None:
        for act in acts:
            act.run(made)

    return Act(run, acts[0].path, frozenset().union(*(act.names for act in acts)))


ACTS: dict[str, tuple[Act, Act]] = {
    # First, while nothing else is in that week.
    "hours of a week taken over": (
        page("/weeks/2024-W22/rows", on="/weeks/2024-W22", about="{own_entry}", take_over="hours"),
        api("POST", "/v2/entries", date="2024-05-28", minutes=60, project_id="{project}", description="charts"),
    ),
    "entry created": (
        page("/entries/new", date="2024-05-02", minutes="1:15", project_id="{project}", description="a #lamp"),
        api("POST", "/v2/entries", date="2024-05-02", minutes=75, project_id="{project}", description="a #lamp"),
    ),
    "entry logged on the line": (
        page("/log", on="/", line="75m {name} a #lamp 2.5.2024"),
        api("POST", "/v2/entries", date="2024-05-02", minutes=75, project_id="{project}", description="a #lamp"),
    ),
    "entry logged on the line and undone": (
        page("/log/undo", on="/", entry_id="{own_entry}"),
        api("DELETE", "/v2/entries/{own_entry}"),
    ),
    "entry edited": (
        page("/entries/{entry}/edit", minutes="45m", description="#tea"),
        api("PUT", "/v2/entries/{entry}", minutes=45, description="#tea"),
    ),
    "entry repeated": (
        page("/entries/{own_entry}/repeat", on="/entries/{own_entry}"),
        api("POST", "/v2/entries", date=TODAY, minutes=60, project_id="{project}", description="charts"),
    ),
    "entry approved": (page("/entries/{entry}", act="approve"), api("PUT", "/v2/entries/{entry}/approved")),
    "entry unapproved": (page("/entries/{approved}", act="unapprove"), api("PUT", "/v2/entries/{approved}/unapproved")),
    "entry deleted": (page("/entries/{entry}/delete"), api("DELETE", "/v2/entries/{entry}")),
    "entries approved": (
        page("/entries/selected", on="/entries?from=", act="approve", ids=["{entry}", "{own_entry}"]),
        api("PUT", "/v2/entries/approved", entry_ids=["{entry}", "{own_entry}"]),
    ),
    "entries marked as invoiced": (
        page("/entries/selected", on="/entries?from=", act="invoice", ids=["{entry}", "{own_entry}"]),
        api("PUT", "/v2/entries/marked_as_invoiced", entry_ids=["{entry}", "{own_entry}"], date=TODAY),
    ),
    "entries deleted": (
        page("/entries/delete", on="/entries?from=", ids=["{entry}", "{own_entry}"]),
        both(api("DELETE", "/v2/entries/{entry}"), api("DELETE", "/v2/entries/{own_entry}")),
    ),
    "entries of a week approved": (
        page("/approvals/2024-W21", act="approve", ids=["{entry}", "{own_entry}"]),
        api("PUT", "/v2/entries/approved", entry_ids=["{entry}", "{own_entry}"]),
    ),
    "entries of a week unapproved": (
        page("/approvals/2024-W21", act="unapprove", ids=["{approved}"]),
        api("PUT", "/v2/entries/unapproved", entry_ids=["{approved}"]),
    ),
    "cell of a week filled": (
        page("/weeks/2024-W21", row_0="{project}:lamps", was_0_1="", cell_0_1="1:15"),
        api("POST", "/v2/entries", date=TODAY, minutes=75, project_id="{project}", description="lamps"),
    ),
    "proposed time logged": (
        page("/inbox/{proposal}/log", on="/inbox/{proposal}"),
        api("POST", "/v2/inbox_entries/{proposal}/log"),
    ),
    "proposed time changed and logged": (
        page("/inbox/{proposal}", act="log", minutes="0:45", description="#tea"),
        api("POST", "/v2/inbox_entries/{proposal}/log", minutes=45, description="#tea"),
    ),
    "timer logged": (
        page("/timers/{timer}/log", on="/timers"),
        api("PUT", "/v2/projects/{timer}/timer/log"),
    ),
    "expense created": (
        page("/expenses/new", date="2024-05-02", price="12,50", project_id="{project}", description="tea"),
        api(
            "POST",
            "/v2/expenses",
            date="2024-05-02",
            price=12.5,
            project_id="{project}",
            description="tea",
            taxable=True,
        ),
    ),
    "expense edited": (
        page("/expenses/{expense}/edit", price="7"),
        api("PUT", "/v2/expenses/{expense}", date=TODAY, project_id="{project}", description="boat", price=7),
    ),
    "expense deleted": (page("/expenses/{expense}/delete"), api("DELETE", "/v2/expenses/{expense}")),
    "project created": (
        page("/projects/new", name="Pilotage", budgeted_minutes="40"),
        api("POST", "/v2/projects", name="Pilotage", budgeted_minutes=2400),
    ),
    "project edited": (
        page("/projects/{project}/edit", name="Sea map"),
        api("PUT", "/v2/projects/{project}", name="Sea map"),
    ),
    "project archived": (
        page("/projects/{project}/archive", about="{entry}"),
        api("PUT", "/v2/projects/{project}/archive"),
    ),
    "project reactivated": (
        page("/projects/{archived}/unarchive", on="/projects/{archived}"),
        api("PUT", "/v2/projects/{archived}/unarchive"),
    ),
    "project merged": (
        page("/projects/{project}/merge", about="{entry}{expense}", into="{into}"),
        api("PUT", "/v2/projects/{into}/merge", project_id="{project}"),
    ),
    "project deleted": (page("/projects/{unused}/delete"), api("DELETE", "/v2/projects/{unused}")),
    "group created": (
        page("/groups/new", name="Ferries", project_ids=["{project}"]),
        api("POST", "/v2/project_groups", name="Ferries", project_ids=["{project}"]),
    ),
    "group edited": (
        page("/groups/{group}/edit", name="Docks", project_ids=["{project}"]),
        both(
            api("PUT", "/v2/project_groups/{group}", name="Docks"),
            api("PUT", "/v2/project_groups/{group}/remove_projects", project_ids=["{grouped}"]),
            api("PUT", "/v2/project_groups/{group}/add_projects", project_ids=["{project}"]),
        ),
    ),
    "group deleted": (page("/groups/{group}/delete"), api("DELETE", "/v2/project_groups/{group}")),
    "tag renamed": (page("/tags/{tag}/edit", name="beacon"), api("PUT", "/v2/tags/{tag}", name="beacon")),
    "tag merged": (
        page("/tags/{tag}/merge", into="{other_tag}"),
        api("PUT", "/v2/tags/{other_tag}/merge", tag_id="{tag}"),
    ),
    "tag deleted": (page("/tags/{tag}/delete"), api("DELETE", "/v2/tags/{tag}")),
    "invoice created": (
        page(
            "/invoices/new",
            about="{entry}{expense}",
            invoice_date="2024-06-01",
            projects="{project}",
            rate_calculation__standard_hourly_rate="80",
            tax_name="VAT",
            tax_percentage="20",
        ),
        api(
            "POST",
            "/v2/invoices",
            invoice_date="2024-06-01",
            entry_ids=["{entry}"],
            expense_ids=["{expense}"],
            rate_calculation={"calculation_method": "standard_hourly_rate", "standard_hourly_rate": 80},
            taxes=[{"name": "VAT", "percentage": 20}],
        ),
    ),
    "invoice edited": (
        page("/invoices/{invoice}/edit", footer="Thank you"),
        api("PUT", "/v2/invoices/{invoice}", footer="Thank you"),
    ),
    "work added to an invoice": (
        page("/invoices/{invoice}/add", about="{entry}{expense}", projects="{project}"),
        both(
            api("PUT", "/v2/invoices/{invoice}/add_entries", entry_ids=["{entry}"]),
            api("PUT", "/v2/invoices/{invoice}/add_expenses", expense_ids=["{expense}"]),
        ),
    ),
    "entries taken off an invoice": (
        page("/invoices/{invoice}/entries", act="remove", ids=["{billed}"]),
        api("PUT", "/v2/invoices/{invoice}/remove_entries", entry_ids=["{billed}"]),
    ),
    "all entries taken off an invoice": (
        page("/invoices/{invoice}/entries", act="remove_all"),
        api("PUT", "/v2/invoices/{invoice}/remove_all_entries"),
    ),
    "expenses taken off an invoice": (
        page("/invoices/{invoice}/expenses", act="remove", ids=["{spent}"]),
        api("PUT", "/v2/invoices/{invoice}/remove_expenses", expense_ids=["{spent}"]),
    ),
    "invoice taxed": (
        page("/invoices/{invoice}/taxes", on="/invoices/{invoice}", tax_name="GST", tax_percentage="7,5"),
        api("PUT", "/v2/invoices/{invoice}/add_taxes", taxes=[{"name": "GST", "percentage": 7.5}]),
    ),
    "tax taken off an invoice": (
        page("/invoices/{invoice}/taxes", on="/invoices/{invoice}", tax_ids="{tax}"),
        api("PUT", "/v2/invoices/{invoice}/remove_taxes", tax_ids=["{tax}"]),
    ),
    "invoice paid": (
        page("/invoices/{invoice}/paid", on="/invoices/{invoice}"),
        api("PUT", "/v2/invoices/{invoice}/paid"),
    ),
    "invoice unpaid": (
        page("/invoices/{paid}/unpaid", on="/invoices/{paid}"),
        api("PUT", "/v2/invoices/{paid}/unpaid"),
    ),
    "invoice deleted": (page("/invoices/{invoice}/delete"), api("DELETE", "/v2/invoices/{invoice}")),
    "person invited": (
        page("/people/new", email="new@port.test", first_name="Nia", role="coworker"),
        api("POST", "/v2/users", email="new@port.test", first_name="Nia", role="coworker"),
    ),
    "person edited": (
        page("/people/{guest}/edit", first_name="Ola", role="coworker"),
        api("PUT", "/v2/users/{guest}", first_name="Ola", role="coworker"),
    ),
    "person activated": (
        page("/people/{disabled}/activate", on="/people/{disabled}"),
        api("PUT", "/v2/users/{disabled}/activate"),
    ),
    "person deactivated": (page("/people/{opened}/deactivate"), api("PUT", "/v2/users/{opened}/deactivate")),
    "person deleted": (page("/people/{guest}/delete"), api("DELETE", "/v2/users/{guest}")),
    "team created": (
        page("/teams/new", name="Deck", user_ids=["{leader}"]),
        api("POST", "/v2/teams", name="Deck", user_ids=["{leader}"]),
    ),
    "team edited": (
        page("/teams/{team}/edit", name="Bridge", user_ids=["{coworker}"]),
        both(
            api("PUT", "/v2/teams/{team}", name="Bridge"),
            api("PUT", "/v2/teams/{team}/add_users", user_ids=["{coworker}"]),
            api("PUT", "/v2/teams/{team}/remove_users", user_ids=["{leader}"]),
        ),
    ),
    "team deleted": (page("/teams/{team}/delete"), api("DELETE", "/v2/teams/{team}")),
    "own name changed": (page("/me", first_name="Zoe"), api("PUT", "/v2/current_user", first_name="Zoe")),
}
# These raise no event of the account, neither here nor in the API.
WITHOUT_EVENTS = (
    "/inbox/{}/discard", "/timers/", "/integrations/", "/me/", "/people/{}/access", "/people/{}/invite",
)  # fmt: skip


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Any) -> Any:
    """Only SQLite: which events a page raises does not depend on the database."""
    with request.getfixturevalue("_sqlite_files").fresh(tmp_path) as url:
        yield url


def without_ids_and_times(text: str) -> str:
    """Replace what differs between two accounts: ids, times, names of accounts, tokens and colours."""
    for pattern, replacement in (
        (r'"(id|user)":\d+', r'"\1":0'),
        (r"/v2/([a-z_/]+)/\d+", r"/v2/\1/0"),
        (r"\d{4}-\d\d-\d\dT[\d:]+Z", "T"),
        (r"/i/[a-z0-9]{25}", "/i/S"),
        (r"(north|south)wind", "wind"),
        (r'"color":"#\w+"', '"color":""'),
    ):
        text = re.sub(pattern, replacement, text)
    return text


def test_every_act_of_the_web_app_has_its_twin_in_the_api() -> None:
    paths = {re.sub(r"\{\w+\}|\d{4}-W\d\d", "{}", path) for path in [act.path for act, _ in ACTS.values()]}
    acts = {re.sub(r"\{\w+\}", "{}", page.path) for page in all_pages() if page.method == "POST"}

    assert {path for path in acts - paths if not path.startswith(WITHOUT_EVENTS)} == set()
    assert paths - acts == set()


def test_a_page_raises_the_events_of_the_api(account: Account, other_account: Account) -> None:
    readers = [(of, EventReader(of)) for of in (account, other_account)]
    different = []
    for number, (name, acts) in enumerate(ACTS.items()):
        names = sorted(frozenset().union(*(act.names for act in acts)))
        by_page, by_api = (events_of(*of, number, act, names) for of, act in zip(readers, acts, strict=True))
        if not by_page or by_page != by_api:
            different.append((name, by_page, by_api))

    assert different == []


def events_of(account: Account, reader: EventReader, number: int, act: Act, names: list[str]) -> list[tuple[str, ...]]:
    made = Made(account, number)
    for name in names:
        made[name]
    reader.read_new()
    act.run(made)
    return [
        (
            event.type,
            without_ids_and_times(json.dumps(event.changes, separators=(",", ":"))),
            without_ids_and_times(event.text.decode()),
        )
        for event in reader.read_new()
    ]
