"""An account as somebody knows it who does nothing but listen, and what it must come to when it is counted again."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.support.accounts import Account
from tests.support.events_of import Event
from tests.support.invoice_amounts import calculate_totals

Resource = dict[str, Any]
# By noun and id.
Resources = dict[str, dict[int, Resource]]

# Where each noun is listed.
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

# What a noun has of its own. The rest is derived from others, and changes without an event of this one.
OWN = {
    "entry": (
        "date", "user", "minutes", "description", "project", "tags", "source_url", "invoiced_at", "invoice",
        "approved_at", "approved_by",
    ),
    "expense": ("price", "description", "taxable", "date", "project", "invoice", "user"),
    "invoice": (
        "state", "reference", "invoice_date", "project_name", "company_name", "company_details", "recipient_details",
        "description", "footer", "show_hours_worked", "show_full_report", "show_user_summaries",
        "show_project_summaries", "show_project_name_for_expenses", "customization", "rate_calculation", "taxes",
        "payment", "payment_transactions", "share_url",
    ),
    "project": ("name", "billing_increment", "enabled", "billable", "color", "group", "budgeted_minutes"),
    "project_group": ("name",),
    "tag": ("name", "billable"),
    "team": ("name", "users"),
    "user": ("email", "first_name", "last_name", "state", "role"),
}  # fmt: skip
# Preferences, which nothing shows, move the latter of users without an event.
_MOMENTS = dict.fromkeys(OWN, ("created_at", "updated_at")) | {"user": ("created_at",)}
_HASHTAG = re.compile(r"(?:^|(?<=[\s(\[{,;:]))#([\w-]{1,30})")


def read_account(account: Account) -> Resources:
    """Everything that the owner sees."""
    return {noun: _listed(account, f"/v2/{path}") for noun, path in PATHS.items()}


def apply_event(mirror: Resources, event: Event) -> None:
    """Change a mirror as an event says."""
    noun, _, happening = event.type.partition(".")
    known = mirror[noun].get(event.object["id"])
    if happening.startswith("deleted"):
        # A second, specific event tells of what is gone already.
        assert known is not None or happening != "deleted", event
        mirror[noun].pop(event.object["id"], None)
        if noun == "user":
            _take_out_of_teams(mirror, event.object["id"])
        return
    if happening == "created":
        assert known is None, event
        assert event.changes == {}, event
    else:
        assert known is not None, event
        assert event.changes, event
        assert "updated_at" not in event.changes, event
        for key, (_, new) in event.changes.items():
            assert new == event.object[key], (key, event)
    mirror[noun][event.object["id"]] = event.object


def own_fields(things: Resources) -> dict[str, dict[int, Resource]]:
    """What the things have of their own, other nouns cut down to their ids."""
    return {
        noun: {id: {key: _reference(thing[key]) for key in (*OWN[noun], *_MOMENTS[noun])} for id, thing in some.items()}
        for noun, some in things.items()
    }


def find_stale(before: Resources, after: Resources, now: str) -> list[str]:
    """The things that have changed without their ``updated_at`` saying so."""
    before = {noun: {**some} for noun, some in before.items()}
    for id in before["user"].keys() - after["user"].keys():
        _take_out_of_teams(before, id)
    return [
        thing["url"]
        for noun, some in after.items()
        for id, thing in some.items()
        if id in before[noun]
        and any(_reference(thing[key]) != _reference(before[noun][id][key]) for key in OWN[noun])
        and thing["updated_at"] != now
    ]


def find_inconsistencies(things: Resources) -> list[str]:
    """Where a total, a count or an embedded summary is not what the things themselves come to."""
    found = [
        f"{thing['url']} {key}: {thing[key]!r} instead of {expected!r}"
        for noun, recount in _RECOUNTS.items()
        for thing in things[noun].values()
        for key, expected in recount(thing, things)
        if thing[key] != expected
    ]
    return [*found, *_find_outdated(things)]


def _take_out_of_teams(things: Resources, user_id: int) -> None:
    """Who is deleted is in no team any more, and that is no event of the team (contract, events.md §4)."""
    for id, team in things["team"].items():
        things["team"][id] = {**team, "users": [user for user in team["users"] if user["id"] != user_id]}


def _listed(account: Account, path: str) -> dict[int, Resource]:
    # On the connection that everything else goes on, which so is never idle for long.
    response = account.client.get(path, {"per_page": 1000}, X_NokoToken=account.owner.token)
    assert response.status == 200, response.body
    return {thing["id"]: thing for thing in response.json()}


def _reference(value: Any) -> Any:
    if isinstance(value, dict):
        return value["id"] if "url" in value else value
    return [_reference(each) for each in value] if isinstance(value, list) else value


def _recount_entry(entry: Resource, things: Resources) -> Iterator[tuple[str, Any]]:
    project = entry["project"]
    is_billable = project is None or things["project"][project["id"]]["billable"]
    tags = [things["tag"][tag["id"]] for tag in entry["tags"]]
    yield "billable", is_billable and all(tag["billable"] for tag in tags)
    # Its tags are the hashtags of its text, in order.
    names = {name.casefold(): None for name in _HASHTAG.findall(entry["description"] or "")}
    by_name = {tag["name"].casefold(): tag for tag in things["tag"].values()}
    yield "tags", [_summary(by_name[name], entry["tags"]) for name in names]


def _recount_project(project: Resource, things: Resources) -> Iterator[tuple[str, Any]]:
    entries = [*_of(things["entry"], "project", project)]
    billable = [entry for entry in entries if entry["billable"]]
    budget = project["budgeted_minutes"]
    yield "minutes", _minutes(entries)
    yield "billable_minutes", _minutes(billable)
    yield "unbillable_minutes", _minutes(entries) - _minutes(billable)
    yield "invoiced_minutes", _minutes(entry for entry in billable if entry["invoiced_at"] is not None)
    yield "remaining_minutes", None if budget is None else budget - _minutes(billable)
    yield "entries", len(entries)
    expenses = [*_of(things["expense"], "project", project)]
    yield "expenses", len(expenses)
    billed = {each["invoice"]["id"]: each["invoice"] for each in (*entries, *expenses) if each["invoice"]}
    yield "invoices", sorted(billed.values(), key=lambda each: (each["invoice_date"], each["id"]), reverse=True)
    participants = {entry["user"]["id"]: entry["user"] for entry in entries}
    yield "participants", [participants[id] for id in sorted(participants)]


def _recount_group(group: Resource, things: Resources) -> Iterator[tuple[str, Any]]:
    members = _of(things["project"], "group", group)
    yield "projects", [_summary(member, group["projects"]) for member in sorted(members, key=_by_name)]


def _recount_invoice(invoice: Resource, things: Resources) -> Iterator[tuple[str, Any]]:
    entries = [*_of(things["entry"], "invoice", invoice)]
    expenses = [*_of(things["expense"], "invoice", invoice)]
    yield "entries", len(entries)
    yield "expenses", len(expenses)
    found = {each["project"]["id"]: each["project"] for each in (*entries, *expenses) if each["project"]}
    yield "projects", sorted(found.values(), key=_by_name)
    currency = invoice["customization"]["currency_code"]
    amounts = calculate_totals(invoice["rate_calculation"], currency, invoice["taxes"], entries, expenses)
    symbol = invoice["customization"]["currency_symbol"]
    for name, amount in amounts.items():
        yield name, amount
        yield f"{name}_with_currency", f"{'-' if amount < 0 else ''}{symbol}{abs(amount):,.2f}"


def _recount_tag(tag: Resource, things: Resources) -> Iterator[tuple[str, Any]]:
    yield "entries", sum(any(each["id"] == tag["id"] for each in entry["tags"]) for entry in things["entry"].values())
    yield "formatted_name", f"#{tag['name']}{'' if tag['billable'] else '*'}"


def _recount_user(user: Resource, things: Resources) -> Iterator[tuple[str, Any]]:
    yield "entries", len([*_of(things["entry"], "user", user)])
    yield "expenses", len([*_of(things["expense"], "user", user)])
    teams = [team for team in things["team"].values() if any(each["id"] == user["id"] for each in team["users"])]
    yield "teams", [_summary(team, user["teams"]) for team in sorted(teams, key=_by_name)]


_RECOUNTS = {
    "entry": _recount_entry,
    "invoice": _recount_invoice,
    "project": _recount_project,
    "project_group": _recount_group,
    "tag": _recount_tag,
    "user": _recount_user,
}


def _find_outdated(things: Resources) -> Iterator[str]:
    """Where something that is embedded is not as it is on its own page."""
    pages = {thing["url"]: thing for some in things.values() for thing in some.values()}
    for thing in pages.values():
        for key, value in thing.items():
            for embedded in value if isinstance(value, list) else [value]:
                if isinstance(embedded, dict) and "url" in embedded:
                    page = pages.get(embedded["url"])
                    if page is None:
                        yield f"{thing['url']} {key}: {embedded['url']} is gone"
                    elif any(page[name] != shown for name, shown in embedded.items()):
                        yield f"{thing['url']} {key}: {embedded!r} is out of date"


def _of(things: Mapping[int, Resource], key: str, owner: Resource) -> Iterator[Resource]:
    return (thing for thing in things.values() if thing[key] is not None and thing[key]["id"] == owner["id"])


def _minutes(entries: Iterable[Resource]) -> int:
    return sum(entry["minutes"] for entry in entries)


def _summary(thing: Resource, like: list[Resource]) -> Resource:
    """A thing cut down to the keys that it has where it is embedded."""
    return {key: thing[key] for key in like[0]} if like else thing


def _by_name(thing: Resource) -> str:
    name: str = thing["name"].casefold()
    return name
