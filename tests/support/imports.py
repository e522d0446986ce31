"""Accounts to import, and imports that are interrupted."""

import io
from collections.abc import Callable
from typing import Any

from hourhook.cli.importing.runner import ServerImport
from hourhook.cli.importing.source import Source
from hourhook.cli.terminal import Terminal
from hourhook.domain import accounts
from hourhook.domain.links import Links
from tests.support.accounts import Account, Person
from tests.support.factories import (
    approve,
    archive,
    make_entry,
    make_expense,
    make_group,
    make_invoice,
    make_project,
    make_tag,
    make_team,
    mark_as_invoiced,
    set_state,
)
from tests.support.full_account import populate_account

LISTS = ("users", "teams", "project_groups", "projects", "tags", "entries", "expenses", "invoices")


class InterruptedTerminal(Terminal):
    """A terminal on which Ctrl-C is pressed after some progress has been shown."""

    def __init__(self, interrupt_after: int | None = None) -> None:
        self.output = io.StringIO()
        super().__init__(self.output)
        self._remaining = interrupt_after

    def set_footer(self, spans: Any) -> None:
        if self._remaining is not None:
            self._remaining -= 1
            if self._remaining < 0:
                raise KeyboardInterrupt
        super().set_footer(spans)


def fill_account(account: Account) -> None:
    """Give an account objects of every kind in every state that another one can take over."""
    populate_account(account)
    owner, leader = account.owner, account.leader
    former = account.add("former", "coworker")
    make_team(account, "Bürö", owner, former)
    for name in ("zebra", "holiday*", "Ünïcode"):
        make_tag(account, name)
    internal = make_project(account, "Internal", billable=False, color="#123456")
    harbour = make_project(account, "Harbour map", former, billing_increment=15, budgeted_minutes=6000)
    make_group(account, "Empty")
    make_group(account, "Sea", harbour, internal)
    in_harbour = {"project_id": harbour["id"]}
    worked = [
        make_entry(leader, "#zebra and #new before #zebra", minutes=50, **in_harbour),
        make_entry(former, "A #holiday* <b>&amp;</b> \u2028 day", minutes=7, **in_harbour),
        make_entry(owner, None, source_url="https://git.example.com/c/1", **in_harbour),
        make_entry(leader, "", minutes=0, project_id=internal["id"], date="2023-12-31"),
        make_entry(owner, "No project"),
    ]
    spent = [
        make_expense(leader, harbour, "-12.34", taxable=False, description="Refund #notatag"),
        make_expense(former, harbour, 0.01),
        make_expense(owner, internal, 1_000_000, date="2022-02-28"),
    ]
    approve(account, worked[0])
    approve(account, worked[4])
    mark_as_invoiced(account, worked[3])
    custom = {
        "calculation_method": "custom_hourly_rates",
        "standard_hourly_rate": 80,
        "custom_hourly_rates": [{"user_id": former.id, "hourly_rate": 95.5}],
    }
    paid = make_invoice(
        account,
        worked[:2],
        spent[:1],
        rate_calculation=custom,
        taxes=[{"name": "VAT", "percentage": 19}, {"percentage": 2.5}],
        customization={"currency_code": "KWD", "title": "Rechnung", "custom_html": "<p>Hi</p>", "locale": "de"},
        recipient_details="Line\nLine",
    )
    set_state(account, paid, "paid")
    running = make_invoice(
        account, worked[2:3], spent[1:2], rate_calculation={"calculation_method": "flat_rate", "flat_rate": 1234.56}
    )
    set_state(account, running, "in_progress")
    # The amounts of the paid one stay, though its entries are no longer billable.
    make_invoice(account, [], [], description="*Empty*", show_full_report=True)
    assert leader.client.put(f"/v2/projects/{harbour['id']}", {"billing_increment": 30}).status == 200
    archive(account, internal)
    assert account.supervisor.client.put(f"/v2/users/{former.id}/deactivate").status == 204


def make_target(source: Account) -> Account:
    """Create an empty account on the same server whose owner has the e-mail address of the source's owner."""
    created = source.database.run_now(
        accounts.create, name="moved", email=source.owner.email, first_name="Ada", last_name="Byron", password_hash=None
    )
    target = Account(created.account_id, "moved", source.database, source.client)
    client = source.client.with_token(created.token)
    target.people["owner"] = Person(created.user_id, source.owner.email, "supervisor", created.token, client)
    return target


def import_account(
    url: str,
    token: str,
    target: Account,
    *,
    terminal: Terminal | None = None,
    is_dry_run: bool = False,
    raises_events: bool = False,
    on_sleep: Callable[[float], object] = lambda seconds: None,
) -> None:
    """Import what a token sees into an account, in batches of three."""
    terminal = terminal or InterruptedTerminal()
    source = Source(url, token, None, lambda text: terminal.print_line([(text, "")]), on_sleep)
    try:
        ServerImport(terminal, target.database, source, target.id, Links(target.base_url), 3).run(
            is_dry_run=is_dry_run, raises_events=raises_events
        )
    finally:
        source.close()


def read_lists(account: Account) -> dict[str, Any]:
    """Return all lists of an account, without ids, URLs and times."""
    client = account.owner.client
    found = {name: client.get(f"/v2/{name}", {"per_page": 1000}).json() for name in LISTS}
    for invoice in found["invoices"]:
        for items in ("entries", "expenses"):
            key = f"{items} of {invoice['reference']}"
            found[key] = client.get(f"/v2/invoices/{invoice['id']}/{items}").json()
        found[f"breakdown of {invoice['reference']}"] = client.get(f"/v2/invoices/{invoice['id']}/breakdown").json()
    return {name: _comparable(value) for name, value in found.items()}


def _comparable(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _comparable(each, name) for name, each in value.items() if not _is_left_out(name)}
    if isinstance(value, list):
        return [_comparable(each) for each in value]
    if key == "user":
        return "a user"
    return value is not None if key.endswith("_at") else value


def _is_left_out(key: str) -> bool:
    return key in ("id", "url") or key.endswith("_url")
