"""A replica of an account that follows only its events, and the values that its totals and counts must have."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tests.support.accounts import Account
from tests.support.events_of import Event
from tests.support.invoice_amounts import AMOUNTS, calculate_totals, format_with_symbol

Resource = dict[str, Any]
# By kind of resource and id.
Resources = dict[str, dict[int, Resource]]

# The path of the list of each kind.
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

# The fields of a resource itself. All others are derived from other resources and change without an event of this one.
OWN_FIELDS = {
    "entry": (
        "date", "user", "minutes", "description", "project", "tags", "source_url", "invoiced_at", "invoice",
        "approved_at", "approved_by",
    ),
    "expense": ("price", "description", "taxable", "date", "project", "invoice", "user"),
    "invoice": (
        "state", "reference", "invoice_date", "project_name", "company_name", "company_details", "recipient_details",
        "description", "footer", "show_hours_worked", "show_full_report", "show_user_summaries",
        "show_project_summaries", "show_project_name_for_expenses", "customization", "rate_calculation", "taxes",
        "payment", "payment_transactions", "share_url", *AMOUNTS, *(f"{name}_with_currency" for name in AMOUNTS),
    ),
    "project": ("name", "billing_increment", "enabled", "billable", "color", "group", "budgeted_minutes"),
    "project_group": ("name",),
    "tag": ("name", "billable"),
    "team": ("name", "users"),
    "user": ("email", "first_name", "last_name", "state", "role"),
}  # fmt: skip
# A user's ``updated_at`` is left out: changes of preferences, which are in no representation, set it without an event.
_OWN_TIMESTAMPS = dict.fromkeys(OWN_FIELDS, ("created_at", "updated_at")) | {"user": ("created_at",)}
_SETTLED = {"paid", "in_progress", "awaiting_payment"}
_HASHTAG = re.compile(r"(?:^|(?<=[\s(\[{,;:]))#([\w-]{1,30})")


def read_account(account: Account) -> Resources:
    """Return all resources that the owner can list."""
    return {kind: _list(account, f"/v2/{path}") for kind, path in PATHS.items()}


def apply_event(replica: Resources, event: Event) -> None:
    """Apply an event to a replica; the event must be consistent with it."""
    kind, _, action = event.type.partition(".")
    known = replica[kind].get(event.object["id"])
    if action.startswith("deleted"):
        # A specific event such as ``tag.deleted.merged`` follows the general one, when the resource is already gone.
        assert known is not None or action != "deleted", event
        replica[kind].pop(event.object["id"], None)
        if kind == "user":
            _remove_from_teams(replica, event.object["id"])
        return
    if action == "created":
        assert known is None, event
        assert event.changes == {}, event
    else:
        assert known is not None, event
        assert event.changes, event
        assert "updated_at" not in event.changes, event
        for key, (_, new) in event.changes.items():
            assert new == event.object[key], (key, event)
    replica[kind][event.object["id"]] = event.object


def own_fields(resources: Resources) -> dict[str, dict[int, Resource]]:
    """Return the fields of the resources themselves, with other resources reduced to their ids."""
    return {
        kind: {
            id: {key: _reference(resource[key]) for key in (*OWN_FIELDS[kind], *_OWN_TIMESTAMPS[kind])}
            for id, resource in by_id.items()
        }
        for kind, by_id in resources.items()
    }


def find_stale(before: Resources, after: Resources, now: str) -> list[str]:
    """Return the URLs of resources that changed while their ``updated_at`` did not become ``now``."""
    before = {kind: {**by_id} for kind, by_id in before.items()}
    for id in before["user"].keys() - after["user"].keys():
        _remove_from_teams(before, id)
    return [
        resource["url"]
        for kind, by_id in after.items()
        for id, resource in by_id.items()
        if id in before[kind]
        and any(_reference(resource[key]) != _reference(before[kind][id][key]) for key in OWN_FIELDS[kind])
        and resource["updated_at"] != now
    ]


def find_moved_amounts(before: Resources, after: Resources) -> list[str]:
    """Return the URLs of invoices that are as settled as before, but have other amounts."""
    return [
        invoice["url"]
        for id, invoice in after["invoice"].items()
        if id in before["invoice"]
        and {invoice["state"], before["invoice"][id]["state"]} <= _SETTLED
        and any(invoice[name] != before["invoice"][id][name] for name in AMOUNTS)
    ]


def find_inconsistencies(resources: Resources) -> list[str]:
    """Return the totals, counts and embedded summaries that differ from those computed from the resources."""
    found = [
        f"{resource['url']} {key}: {resource[key]!r} instead of {expected!r}"
        for kind, expected_values in _EXPECTED_VALUES.items()
        for resource in resources[kind].values()
        for key, expected in expected_values(resource, resources)
        if resource[key] != expected
    ]
    return [*found, *_find_outdated_summaries(resources)]


def _remove_from_teams(resources: Resources, user_id: int) -> None:
    """Remove a deleted user from all teams, which raises no event of the team (``docs/api/events.md``)."""
    for id, team in resources["team"].items():
        resources["team"][id] = {**team, "users": [user for user in team["users"] if user["id"] != user_id]}


def _list(account: Account, path: str) -> dict[int, Resource]:
    # On the connection that all other requests use, so that it is not closed for being idle.
    response = account.client.get(path, {"per_page": 1000}, X_NokoToken=account.owner.token)
    assert response.status == 200, response.body
    return {resource["id"]: resource for resource in response.json()}


def _reference(value: Any) -> Any:
    if isinstance(value, dict):
        return value["id"] if "url" in value else value
    return [_reference(each) for each in value] if isinstance(value, list) else value


def _expected_of_entry(entry: Resource, resources: Resources) -> Iterator[tuple[str, Any]]:
    project = entry["project"]
    is_billable = project is None or resources["project"][project["id"]]["billable"]
    tags = [resources["tag"][tag["id"]] for tag in entry["tags"]]
    yield "billable", is_billable and all(tag["billable"] for tag in tags)
    # The tags of an entry are the hashtags of its description, in order.
    names = {name.casefold(): None for name in _HASHTAG.findall(entry["description"] or "")}
    by_name = {tag["name"].casefold(): tag for tag in resources["tag"].values()}
    yield "tags", [_summary(by_name[name], entry["tags"]) for name in names]


def _expected_of_project(project: Resource, resources: Resources) -> Iterator[tuple[str, Any]]:
    entries = [*_of(resources["entry"], "project", project)]
    billable = [entry for entry in entries if entry["billable"]]
    budget = project["budgeted_minutes"]
    yield "minutes", _minutes(entries)
    yield "billable_minutes", _minutes(billable)
    yield "unbillable_minutes", _minutes(entries) - _minutes(billable)
    yield "invoiced_minutes", _minutes(entry for entry in billable if entry["invoiced_at"] is not None)
    yield "remaining_minutes", None if budget is None else budget - _minutes(billable)
    yield "entries", len(entries)
    expenses = [*_of(resources["expense"], "project", project)]
    yield "expenses", len(expenses)
    billed = {each["invoice"]["id"]: each["invoice"] for each in (*entries, *expenses) if each["invoice"]}
    yield "invoices", sorted(billed.values(), key=lambda each: (each["invoice_date"], each["id"]), reverse=True)
    participants = {entry["user"]["id"]: entry["user"] for entry in entries}
    yield "participants", [participants[id] for id in sorted(participants)]


def _expected_of_group(group: Resource, resources: Resources) -> Iterator[tuple[str, Any]]:
    members = _of(resources["project"], "group", group)
    yield "projects", [_summary(member, group["projects"]) for member in sorted(members, key=_by_name)]


def _expected_of_invoice(invoice: Resource, resources: Resources) -> Iterator[tuple[str, Any]]:
    entries = [*_of(resources["entry"], "invoice", invoice)]
    expenses = [*_of(resources["expense"], "invoice", invoice)]
    yield "entries", len(entries)
    yield "expenses", len(expenses)
    found = {each["project"]["id"]: each["project"] for each in (*entries, *expenses) if each["project"]}
    yield "projects", sorted(found.values(), key=_by_name)
    if invoice["state"] in _SETTLED:
        # Its amounts are fixed, see ``find_moved_amounts``.
        return
    currency = invoice["customization"]["currency_code"]
    amounts = calculate_totals(invoice["rate_calculation"], currency, invoice["taxes"], entries, expenses)
    symbol = invoice["customization"]["currency_symbol"]
    for name, amount in amounts.items():
        yield name, amount
        yield f"{name}_with_currency", format_with_symbol(amount, symbol, currency)


def _expected_of_tag(tag: Resource, resources: Resources) -> Iterator[tuple[str, Any]]:
    yield (
        "entries",
        sum(any(each["id"] == tag["id"] for each in entry["tags"]) for entry in resources["entry"].values()),
    )
    yield "formatted_name", f"#{tag['name']}{'' if tag['billable'] else '*'}"


def _expected_of_user(user: Resource, resources: Resources) -> Iterator[tuple[str, Any]]:
    yield "entries", len([*_of(resources["entry"], "user", user)])
    yield "expenses", len([*_of(resources["expense"], "user", user)])
    teams = [team for team in resources["team"].values() if any(each["id"] == user["id"] for each in team["users"])]
    yield "teams", [_summary(team, user["teams"]) for team in sorted(teams, key=_by_name)]


_EXPECTED_VALUES = {
    "entry": _expected_of_entry,
    "invoice": _expected_of_invoice,
    "project": _expected_of_project,
    "project_group": _expected_of_group,
    "tag": _expected_of_tag,
    "user": _expected_of_user,
}


def _find_outdated_summaries(resources: Resources) -> Iterator[str]:
    """Yield the embedded resources that differ from the resource itself."""
    by_url = {resource["url"]: resource for by_id in resources.values() for resource in by_id.values()}
    for resource in by_url.values():
        for key, field in resource.items():
            for embedded in field if isinstance(field, list) else [field]:
                if isinstance(embedded, dict) and "url" in embedded:
                    standalone = by_url.get(embedded["url"])
                    if standalone is None:
                        yield f"{resource['url']} {key}: {embedded['url']} is gone"
                    elif any(standalone[name] != value for name, value in embedded.items()):
                        yield f"{resource['url']} {key}: {embedded!r} is out of date"


def _of(resources: Mapping[int, Resource], key: str, owner: Resource) -> Iterator[Resource]:
    return (
        resource for resource in resources.values() if resource[key] is not None and resource[key]["id"] == owner["id"]
    )


def _minutes(entries: Iterable[Resource]) -> int:
    return sum(entry["minutes"] for entry in entries)


def _summary(resource: Resource, embedded: list[Resource]) -> Resource:
    """Reduce a resource to the keys of those in an embedded list."""
    return {key: resource[key] for key in embedded[0]} if embedded else resource


def _by_name(resource: Resource) -> str:
    name: str = resource["name"].casefold()
    return name
