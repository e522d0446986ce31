"""Every documented event, by each action that raises it: order, changes and object (``docs/api/events.md``)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import pytest

from hourhook.domain.events.catalogue import EVENT_TYPES
from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import Event, EventReader
from tests.support.factories import DAY
from tests.support.fixtures_by_state import ObjectFactory, Resource

# Prepares, yields, then performs the action.
Perform = Callable[[ObjectFactory], Iterator[None]]


@dataclass(frozen=True)
class Action:
    """An action, and the events that it raises, each as ``type changed_key …``."""

    perform: Perform
    raises: tuple[str, ...]


ACTIONS: dict[str, Action] = {}

# Event types that nothing raises.
NEVER_RAISED = {"project_group.deleted.merged"}

# Keys derived from other resources.
COUNTERS = {
    "entries",
    "expenses",
    "minutes",
    "billable_minutes",
    "unbillable_minutes",
    "invoiced_minutes",
    "remaining_minutes",
    "participants",
    "invoices",
}

# The list URL of each resource.
PATHS = {
    "entry": "entries",
    "tag": "tags",
    "project": "projects",
    "project_group": "project_groups",
    "expense": "expenses",
    "invoice": "invoices",
    "team": "teams",
    "user": "users",
}


def raising(*events: str) -> Callable[[Perform], Perform]:
    """Declare that an action raises these events, in this order, and no others."""

    def declare(perform: Perform) -> Perform:
        ACTIONS[perform.__name__.replace("_", " ")] = Action(perform, events)
        return perform

    return declare


@raising("entry.created")
def logging_time(factory: ObjectFactory) -> Iterator[None]:
    project, tag = factory.project(), factory.tag()
    yield
    # Neither the project, the tag nor the user: derived counters raise no events.
    factory.entry_in(project, tag["formatted_name"])


@raising("project.created", "tag.created", "tag.created", "entry.created")
def logging_time_with_a_new_project_and_new_tags(factory: ObjectFactory) -> Iterator[None]:
    yield
    factory.entry("#one #two", project_name="New")


@raising("project.created", "tag.created", "entry.created")
def logging_an_inbox_entry(factory: ObjectFactory) -> Iterator[None]:
    inbox_entry = factory.inbox_entry(description="#new", project_name="New")
    yield
    factory.expect_success(factory.client.post(inbox_entry["log_url"]))


@raising("tag.created", "entry.created")
def logging_a_timer(factory: ObjectFactory) -> Iterator[None]:
    timer = factory.timer(description="#new")
    yield
    factory.expect_success(factory.client.put(timer["log_url"]))


@raising()
def logging_a_timer_as_an_inbox_entry(factory: ObjectFactory) -> Iterator[None]:
    timer = factory.timer(description="#new")
    yield
    factory.expect_success(factory.client.put(f"{timer['url']}/log_inbox_entry"))


@raising()
def actions_on_timers_and_the_inbox_other_than_logging(factory: ObjectFactory) -> Iterator[None]:
    project = factory.project()
    yield
    timer = factory.timer(project)
    for action in ("", "/pause", "/add_or_subtract_time"):
        factory.expect_success(factory.client.put(timer["url"] + action, {"description": "New", "minutes": 1}))
    factory.expect_success(factory.client.delete(timer["url"]))
    inbox_entry = factory.inbox_entry()
    factory.expect_success(factory.client.put(inbox_entry["url"], {"date": DAY, "description": "New"}))
    factory.expect_success(factory.client.delete(inbox_entry["url"]))


@raising("entry.updated date user minutes source_url")
def editing_an_entry(factory: ObjectFactory) -> Iterator[None]:
    entry = factory.entry()
    yield
    user_id = factory.account.leader.id
    body = {"minutes": 5, "date": "2024-05-01", "user_id": user_id, "source_url": "https://git.northwind.test/"}
    factory.expect_success(factory.client.put(entry["url"], body))


@raising(
    "project.created",
    "tag.created",
    "entry.updated billable minutes description project tags",
)
def editing_an_entry_with_a_new_project_and_a_new_tag(factory: ObjectFactory) -> Iterator[None]:
    entry = factory.entry(minutes=50)
    yield
    factory.expect_success(factory.client.put(entry["url"], {"description": "#new*", "project_name": "New"}))


@raising()
def editing_an_entry_without_a_change(factory: ObjectFactory) -> Iterator[None]:
    entry = factory.entry("Work #a")
    yield
    factory.expect_success(factory.client.put(entry["url"], {"minutes": entry["minutes"], "description": "Work #a"}))


@raising("entry.updated approved_at approved_by", "entry.updated.approved approved_at approved_by")
def approving_an_entry(factory: ObjectFactory) -> Iterator[None]:
    entry = factory.entry()
    yield
    factory.expect_success(factory.client.put(entry["approved_url"]))


@raising(*["entry.updated approved_at approved_by", "entry.updated.approved approved_at approved_by"] * 2)
def approving_entries(factory: ObjectFactory) -> Iterator[None]:
    entries = [factory.entry(), factory.approved_entry(), factory.archived_entry(), factory.entry()]
    yield
    body = {"entry_ids": [each["id"] for each in reversed(entries)]}
    factory.expect_success(factory.client.put("/v2/entries/approved", body))


@raising("entry.updated approved_at approved_by", "entry.updated.unapproved approved_at approved_by")
def withdrawing_approval(factory: ObjectFactory) -> Iterator[None]:
    entry = factory.approved_entry()
    yield
    factory.expect_success(factory.client.put(entry["unapproved_url"]))


@raising(*["entry.updated approved_at approved_by", "entry.updated.unapproved approved_at approved_by"] * 2)
def withdrawing_several_approvals(factory: ObjectFactory) -> Iterator[None]:
    entries = [factory.approved_entry(), factory.entry(), factory.approved_entry()]
    yield
    body = {"entry_ids": [each["id"] for each in reversed(entries)]}
    factory.expect_success(factory.client.put("/v2/entries/unapproved", body))


@raising()
def withdrawing_approval_of_an_unapproved_entry(factory: ObjectFactory) -> Iterator[None]:
    entry = factory.entry()
    yield
    factory.expect_success(factory.client.put(entry["unapproved_url"]))


@raising("entry.updated invoiced_at", "entry.updated.invoiced invoiced_at")
def marking_an_entry_as_invoiced(factory: ObjectFactory) -> Iterator[None]:
    entry = factory.entry()
    yield
    factory.expect_success(factory.client.put(f"{entry['url']}/marked_as_invoiced", {"date": DAY}))


@raising("entry.updated invoiced_at")
def marking_an_entry_as_invoiced_on_another_day(factory: ObjectFactory) -> Iterator[None]:
    entry = factory.outside_invoiced_entry()
    yield
    factory.expect_success(factory.client.put(f"{entry['url']}/marked_as_invoiced", {"date": DAY}))


@raising(
    "entry.updated invoiced_at",
    "entry.updated invoiced_at",
    "entry.updated.invoiced invoiced_at",
)
def marking_entries_as_invoiced(factory: ObjectFactory) -> Iterator[None]:
    entries = [factory.outside_invoiced_entry(), factory.approved_entry()]
    yield
    body = {"date": DAY, "entry_ids": [each["id"] for each in reversed(entries)]}
    factory.expect_success(factory.client.put("/v2/entries/marked_as_invoiced", body))


@raising("entry.deleted")
def deleting_an_entry(factory: ObjectFactory) -> Iterator[None]:
    entry = factory.entry("#a", project_name="New")
    yield
    factory.expect_success(factory.client.delete(entry["url"]))


@raising("tag.created", "tag.created")
def creating_tags(factory: ObjectFactory) -> Iterator[None]:
    tag = factory.tag()
    yield
    factory.expect_success(factory.client.post("/v2/tags", {"names": ["one", tag["name"], "two*"]}))


@raising(
    "tag.updated name billable formatted_name",
    "entry.updated billable description tags",
    "entry.updated billable description tags",
)
def renaming_a_tag(factory: ObjectFactory) -> Iterator[None]:
    tag = factory.tag()
    factory.entry(tag["formatted_name"])
    factory.approved_entry(description=tag["formatted_name"])
    yield
    factory.expect_success(factory.client.put(tag["url"], {"name": "new*"}))


@raising(
    "entry.updated description tags",
    "entry.updated description tags",
    "tag.updated entries",
    "tag.deleted",
    "tag.deleted.merged",
)
def merging_tags(factory: ObjectFactory) -> Iterator[None]:
    target, source = factory.tag(), factory.tag()
    factory.entry(source["formatted_name"])
    factory.approved_entry(description=f"{source['formatted_name']} {target['formatted_name']}")
    yield
    factory.expect_success(factory.client.put(target["merge_url"], {"tag_id": source["id"]}))


@raising("tag.deleted", "tag.deleted.merged")
def merging_a_tag_without_entries(factory: ObjectFactory) -> Iterator[None]:
    target, source = factory.tag(), factory.tag()
    factory.entry(target["formatted_name"])
    yield
    factory.expect_success(factory.client.put(target["merge_url"], {"tag_id": source["id"]}))


@raising("entry.updated description tags", "tag.deleted")
def deleting_a_tag(factory: ObjectFactory) -> Iterator[None]:
    tag = factory.tag()
    factory.entry(tag["formatted_name"])
    yield
    factory.expect_success(factory.client.delete(tag["url"]))


@raising("entry.updated description tags", "tag.deleted", "tag.deleted")
def deleting_tags(factory: ObjectFactory) -> Iterator[None]:
    tags = [factory.tag(), factory.tag()]
    factory.entry(tags[0]["formatted_name"])
    yield
    factory.expect_success(factory.client.put("/v2/tags/delete", {"tag_ids": [each["id"] for each in reversed(tags)]}))


@raising("project.created")
def creating_a_project(factory: ObjectFactory) -> Iterator[None]:
    group = factory.group()
    yield
    factory.project(project_group_id=group["id"])


@raising("project.updated name billing_increment billable color group remaining_minutes budgeted_minutes")
def editing_a_project(factory: ObjectFactory) -> Iterator[None]:
    project, group = factory.project(), factory.group()
    yield
    body = {
        "name": "New",
        "billing_increment": 5,
        "billable": False,
        "color": "#000",
        "project_group_id": group["id"],
        "budgeted_minutes": 60,
    }
    factory.expect_success(factory.client.put(project["url"], body))


@raising(
    "entry.updated project",
    "expense.updated project",
    "project.updated minutes billable_minutes participants entries expenses",
    "project.deleted",
    "project.deleted.merged",
)
def merging_projects(factory: ObjectFactory) -> Iterator[None]:
    target, source = factory.project(billing_increment=60), factory.project(billing_increment=1)
    factory.group(source)
    factory.entry_in(source, minutes=7)
    factory.expense(source)
    factory.timer(source)
    yield
    factory.expect_success(factory.client.put(target["merge_url"], {"project_id": source["id"]}))


@raising("project.deleted", "project.deleted.merged")
def merging_an_empty_project(factory: ObjectFactory) -> Iterator[None]:
    target, source = factory.used_project(), factory.project()
    yield
    factory.expect_success(factory.client.put(target["merge_url"], {"project_id": source["id"]}))


@raising("project.deleted")
def deleting_a_project(factory: ObjectFactory) -> Iterator[None]:
    project = factory.project()
    factory.group(project)
    factory.timer(project)
    yield
    factory.expect_success(factory.client.delete(project["url"]))


@raising("project.deleted", "project.deleted")
def deleting_projects(factory: ObjectFactory) -> Iterator[None]:
    projects = [factory.project(), factory.used_project(), factory.project()]
    yield
    body = {"project_ids": [each["id"] for each in reversed(projects)]}
    factory.expect_success(factory.client.put("/v2/projects/delete", body))


@raising("project.updated enabled", "project.updated.archived enabled")
def archiving_a_project(factory: ObjectFactory) -> Iterator[None]:
    project = factory.used_project()
    factory.timer(project)
    yield
    factory.expect_success(factory.client.put(project["archive_url"]))


@raising(*["project.updated enabled", "project.updated.archived enabled"] * 2)
def archiving_projects(factory: ObjectFactory) -> Iterator[None]:
    projects = [factory.used_project(), factory.project(), factory.archived_project(), factory.expense()["project"]]
    yield
    body = {"project_ids": [each["id"] for each in reversed(projects)]}
    factory.expect_success(factory.client.put("/v2/projects/archive", body))


@raising("project.updated enabled", "project.updated.unarchived enabled")
def unarchiving_a_project(factory: ObjectFactory) -> Iterator[None]:
    project = factory.archived_project()
    yield
    factory.expect_success(factory.client.put(project["unarchive_url"]))


@raising(*["project.updated enabled", "project.updated.unarchived enabled"] * 2)
def unarchiving_projects(factory: ObjectFactory) -> Iterator[None]:
    projects = [factory.archived_project(), factory.project(), factory.archived_project()]
    yield
    body = {"project_ids": [each["id"] for each in reversed(projects)]}
    factory.expect_success(factory.client.put("/v2/projects/unarchive", body))


@raising()
def archiving_an_archived_project_and_unarchiving_an_active_one(factory: ObjectFactory) -> Iterator[None]:
    archived, active = factory.archived_project(), factory.project()
    yield
    factory.expect_success(factory.client.put(archived["archive_url"]))
    factory.expect_success(factory.client.put(active["unarchive_url"]))


@raising("project_group.created", "project.updated group", "project.updated group")
def creating_a_group(factory: ObjectFactory) -> Iterator[None]:
    projects = [factory.project(), factory.project()]
    factory.group(projects[0])
    yield
    factory.group(*projects[::-1])


@raising("project_group.updated name")
def renaming_a_group(factory: ObjectFactory) -> Iterator[None]:
    group = factory.group(factory.project())
    yield
    factory.expect_success(factory.client.put(group["url"], {"name": "New"}))


@raising("project_group.updated projects", "project.updated group", "project.updated group")
def adding_projects_to_a_group(factory: ObjectFactory) -> Iterator[None]:
    projects = [factory.project(), factory.project(), factory.project()]
    factory.group(projects[1])
    group = factory.group()
    yield
    body = {"project_ids": [each["id"] for each in reversed(projects)]}
    factory.expect_success(factory.client.post(group["add_projects_url"], body))


@raising("project_group.updated projects", "project.updated group")
def removing_projects_from_a_group(factory: ObjectFactory) -> Iterator[None]:
    inside, outside = factory.project(), factory.project()
    group = factory.group(inside, factory.project())
    yield
    body = {"project_ids": [outside["id"], inside["id"]]}
    factory.expect_success(factory.client.put(group["remove_projects_url"], body))


@raising("project_group.updated projects", "project.updated group", "project.updated group")
def emptying_a_group(factory: ObjectFactory) -> Iterator[None]:
    group = factory.group(factory.project(), factory.project())
    yield
    factory.expect_success(factory.client.put(group["remove_all_projects_url"]))


@raising("project.updated group", "project.updated group", "project_group.deleted")
def deleting_a_group(factory: ObjectFactory) -> Iterator[None]:
    group = factory.group(factory.project(), factory.project())
    yield
    factory.expect_success(factory.client.delete(group["url"]))


@raising()
def editing_a_group_without_a_change(factory: ObjectFactory) -> Iterator[None]:
    group, other = factory.group(), factory.project()
    yield
    factory.expect_success(factory.client.put(group["url"], {"name": group["name"]}))
    factory.expect_success(factory.client.put(group["remove_all_projects_url"]))
    factory.expect_success(factory.client.put(group["remove_projects_url"], {"project_ids": [other["id"]]}))
    factory.expect_success(factory.client.post(group["add_projects_url"], {"project_ids": []}))


@raising("expense.created")
def booking_an_expense(factory: ObjectFactory) -> Iterator[None]:
    project = factory.project()
    yield
    factory.expense(project)


@raising("expense.updated price description taxable date project user")
def editing_an_expense(factory: ObjectFactory) -> Iterator[None]:
    expense, project = factory.expense(), factory.project()
    yield
    body = {
        "date": "2024-05-01",
        "price": -1,
        "project_id": project["id"],
        "user_id": factory.account.leader.id,
        "taxable": False,
        "description": "New",
    }
    factory.expect_success(factory.client.put(expense["url"], body))


@raising()
def editing_an_expense_without_a_change(factory: ObjectFactory) -> Iterator[None]:
    expense = factory.expense()
    yield
    body = {"date": expense["date"], "price": expense["price"], "project_id": expense["project"]["id"]}
    factory.expect_success(factory.client.put(expense["url"], body))


@raising("expense.deleted")
def deleting_an_expense(factory: ObjectFactory) -> Iterator[None]:
    expense = factory.expense()
    yield
    factory.expect_success(factory.client.delete(expense["url"]))


INVOICED = ("entry.updated invoiced_at invoice", "entry.updated.invoiced invoiced_at invoice")
UNINVOICED = ("entry.updated invoiced_at invoice", "entry.updated.uninvoiced invoiced_at invoice")
OF_TAXABLE = "taxable_amount tax_total_amount total_amount taxable_amount_with_currency tax_total_amount_with_currency"
TOTALS = f"{OF_TAXABLE} total_amount_with_currency"


@raising("invoice.created", *INVOICED, *INVOICED, "expense.updated invoice")
def creating_an_invoice(factory: ObjectFactory) -> Iterator[None]:
    expense, first, second = factory.expense(), factory.entry("#a"), factory.approved_entry()
    yield
    factory.invoice([second, first], [expense])


@raising("invoice.updated reference customization rate_calculation " + TOTALS)
def editing_an_invoice(factory: ObjectFactory) -> Iterator[None]:
    invoice = factory.full_invoice()
    yield
    rates = {"calculation_method": "flat_rate", "flat_rate": 4000}
    body = {"reference": "NW-0042", "rate_calculation": rates, "customization": {"title": "Bill"}}
    factory.expect_success(factory.client.put(invoice["url"], body))


@raising()
def editing_an_invoice_without_a_change(factory: ObjectFactory) -> Iterator[None]:
    invoice = factory.full_invoice()
    yield
    body = {key: invoice[key] for key in ("reference", "footer", "invoice_date")}
    factory.expect_success(factory.client.put(invoice["url"], body))


@raising(
    "invoice.updated state payment payment_transactions",
    "invoice.updated.paid state payment payment_transactions",
)
def marking_an_invoice_as_paid(factory: ObjectFactory) -> Iterator[None]:
    invoice = factory.full_invoice()
    yield
    factory.expect_success(factory.client.put(f"{invoice['url']}/paid"))
    factory.expect_success(factory.client.put(f"{invoice['url']}/paid"))


@raising(
    "invoice.updated state payment payment_transactions",
    "invoice.updated.unpaid state payment payment_transactions",
)
def marking_an_invoice_as_unpaid(factory: ObjectFactory) -> Iterator[None]:
    invoice = factory.paid_invoice()
    yield
    factory.expect_success(factory.client.put(f"{invoice['url']}/unpaid"))
    factory.expect_success(factory.client.put(f"{invoice['url']}/unpaid"))


@raising(f"invoice.updated {TOTALS} projects entries", *INVOICED, *INVOICED)
def putting_entries_on_an_invoice(factory: ObjectFactory) -> Iterator[None]:
    invoice, first, second = factory.full_invoice(), factory.entry_in(factory.project()), factory.entry()
    yield
    body = {"entry_ids": [second["id"], first["id"]]}
    factory.expect_success(factory.client.put(f"{invoice['url']}/add_entries", body))
    factory.expect_success(factory.client.put(f"{invoice['url']}/add_entries", body))


@raising(f"invoice.updated {TOTALS} entries", *UNINVOICED)
def taking_entries_off_an_invoice(factory: ObjectFactory) -> Iterator[None]:
    invoice = factory.full_invoice()
    [entry], other = factory.client.get(invoice["entries_url"]).json(), factory.entry()
    yield
    body = {"entry_ids": [entry["id"], other["id"]]}
    factory.expect_success(factory.client.put(f"{invoice['url']}/remove_entries", body))


@raising(f"invoice.updated {TOTALS} entries", *UNINVOICED)
def taking_all_entries_off_an_invoice(factory: ObjectFactory) -> Iterator[None]:
    invoice = factory.full_invoice()
    yield
    factory.expect_success(factory.client.put(f"{invoice['url']}/remove_all_entries"))
    factory.expect_success(factory.client.put(f"{invoice['url']}/remove_all_entries"))


@raising(f"invoice.updated {TOTALS} projects expenses", "expense.updated invoice")
def putting_expenses_on_an_invoice(factory: ObjectFactory) -> Iterator[None]:
    invoice, expense = factory.full_invoice(), factory.expense()
    yield
    factory.expect_success(factory.client.put(f"{invoice['url']}/add_expenses", {"expense_ids": [expense["id"]]}))


@raising(f"invoice.updated {TOTALS} expenses", "expense.updated invoice")
def taking_expenses_off_an_invoice(factory: ObjectFactory) -> Iterator[None]:
    invoice = factory.full_invoice()
    [expense] = factory.client.get(invoice["expenses_url"]).json()
    yield
    factory.expect_success(factory.client.put(f"{invoice['url']}/remove_expenses", {"expense_ids": [expense["id"]]}))


@raising(f"invoice.updated {TOTALS} expenses", "expense.updated invoice")
def taking_all_expenses_off_an_invoice(factory: ObjectFactory) -> Iterator[None]:
    invoice = factory.full_invoice()
    yield
    factory.expect_success(factory.client.put(f"{invoice['url']}/remove_all_expenses"))


OF_TAXES = "taxes tax_total_amount total_amount tax_total_amount_with_currency total_amount_with_currency"


@raising(*[f"invoice.updated {OF_TAXES}"] * 3)
def changing_the_taxes_of_an_invoice(factory: ObjectFactory) -> Iterator[None]:
    invoice = factory.full_invoice()
    yield
    factory.expect_success(factory.client.put(f"{invoice['url']}/add_taxes", {"taxes": [{"percentage": 5}]}))
    factory.expect_success(
        factory.client.put(f"{invoice['url']}/remove_taxes", {"tax_ids": [invoice["taxes"][0]["id"]]})
    )
    factory.expect_success(factory.client.put(f"{invoice['url']}/remove_all_taxes"))
    factory.expect_success(factory.client.put(f"{invoice['url']}/remove_all_taxes"))


@raising(*UNINVOICED, "expense.updated invoice", "invoice.deleted")
def deleting_an_invoice(factory: ObjectFactory) -> Iterator[None]:
    invoice = factory.full_invoice()
    yield
    factory.expect_success(factory.client.delete(invoice["url"]))


@raising("entry.updated billable description tags", "tag.deleted")
def deleting_a_tag_that_changes_the_total_of_an_invoice(factory: ObjectFactory) -> Iterator[None]:
    [tag] = factory.client.post("/v2/tags", {"names": ["holiday*"]}).json()
    factory.invoice([factory.entry("#holiday")])
    yield
    # Totals are derived: they change without an event of the invoice.
    factory.expect_success(factory.client.delete(tag["url"]))


@raising("team.created")
def creating_a_team(factory: ObjectFactory) -> Iterator[None]:
    yield
    factory.team(factory.account.leader, factory.account.coworker)


@raising("team.updated name")
def renaming_a_team(factory: ObjectFactory) -> Iterator[None]:
    team = factory.team()
    yield
    factory.expect_success(factory.client.put(team["url"], {"name": "New"}))


@raising("team.updated users", "team.updated users", "team.updated users")
def changing_the_members_of_a_team(factory: ObjectFactory) -> Iterator[None]:
    team = factory.team(factory.account.leader)
    yield
    body = {"user_ids": [factory.account.coworker.id]}
    factory.expect_success(factory.client.post(team["add_users_url"], body))
    factory.expect_success(factory.client.put(team["remove_users_url"], body))
    factory.expect_success(factory.client.put(team["remove_all_users_url"]))


@raising()
def editing_a_team_without_a_change(factory: ObjectFactory) -> Iterator[None]:
    team = factory.team()
    yield
    body = {"user_ids": [factory.account.coworker.id]}
    factory.expect_success(factory.client.put(team["url"], {"name": team["name"]}))
    factory.expect_success(factory.client.post(team["add_users_url"], {"user_ids": []}))
    factory.expect_success(factory.client.put(team["remove_users_url"], body))
    factory.expect_success(factory.client.put(team["remove_all_users_url"]))


@raising("team.deleted")
def deleting_a_team(factory: ObjectFactory) -> Iterator[None]:
    team = factory.team(factory.account.leader)
    yield
    factory.expect_success(factory.client.delete(team["url"]))


@raising("user.created")
def inviting_a_user(factory: ObjectFactory) -> Iterator[None]:
    yield
    factory.expect_success(factory.client.post("/v2/users", {"email": "grace@northwind.test", "first_name": "Grace"}))


@raising("user.updated first_name last_name role")
def editing_a_user(factory: ObjectFactory) -> Iterator[None]:
    person = factory.person("coworker")
    yield
    body = {"first_name": "Grace", "last_name": "Murray", "role": "leader"}
    factory.expect_success(factory.client.put(f"/v2/users/{person.id}", body))


@raising("user.updated first_name")
def changing_ones_own_name(factory: ObjectFactory) -> Iterator[None]:
    yield
    factory.expect_success(factory.client.put("/v2/current_user", {"first_name": "Grace", "week_start": "monday"}))


@raising()
def changing_ones_own_preferences(factory: ObjectFactory) -> Iterator[None]:
    yield
    factory.expect_success(factory.client.put("/v2/current_user", {"time_format": "hours_minutes"}))


@raising()
def changing_access_to_a_project(factory: ObjectFactory) -> Iterator[None]:
    url, project = f"/v2/users/{factory.account.coworker.id}", factory.project()
    yield
    body = {"project_ids": [project["id"]]}
    factory.expect_success(factory.client.put(f"{url}/give_access_to_projects", body))
    factory.expect_success(factory.client.put(f"{url}/revoke_access_to_projects", body))
    factory.expect_success(factory.client.put(f"{url}/revoke_access_to_all_projects"))


@raising("user.updated state", "user.updated.deactivated state")
def deactivating_a_user(factory: ObjectFactory) -> Iterator[None]:
    person = factory.person_with_entry()
    yield
    factory.expect_success(factory.client.put(f"/v2/users/{person.id}/deactivate"))


@raising("user.updated state", "user.updated.activated state")
def activating_a_user(factory: ObjectFactory) -> Iterator[None]:
    person = factory.deactivated_person()
    yield
    factory.expect_success(factory.client.put(f"/v2/users/{person.id}/activate"))


@raising("user.deleted")
def deleting_a_user(factory: ObjectFactory) -> Iterator[None]:
    person = factory.person()
    factory.team(person)
    yield
    factory.expect_success(factory.client.delete(f"/v2/users/{person.id}"))


@raising("entry.updated approved_by", "user.deleted")
def deleting_a_user_who_approved_an_entry(factory: ObjectFactory) -> Iterator[None]:
    person, entry = factory.person("supervisor"), factory.entry()
    factory.expect_success(person.client.put(entry["approved_url"]))
    yield
    factory.expect_success(factory.client.delete(f"/v2/users/{person.id}"))


# All but disabling one, which raises an event about the webhook (test_webhook_alerts.py).
@raising()
def actions_on_webhooks(factory: ObjectFactory) -> Iterator[None]:
    yield
    webhook = factory.webhook()
    for path, body in (
        ("", {"name": "New"}),
        ("/add_events", {"events": ["*"]}),
        ("/remove_events", {"events": ["*"]}),
        ("/reroll_secret", {}),
        ("/enable", {}),
        ("/ping", {}),
    ):
        factory.expect_success(factory.client.put(webhook["url"] + path, body))
    factory.expect_success(factory.client.delete(webhook["url"]))


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_raises_its_documented_events(account: Account, clock: FakeClock, name: str) -> None:
    factory, action = ObjectFactory(account), ACTIONS[name]
    steps = action.perform(factory)
    next(steps)
    clock.advance(seconds=60)
    before = read_account(account)
    log = EventReader(account)
    assert next(steps, "done") == "done"

    events = log.read_new()
    assert [describe(event) for event in events] == [*action.raises]
    after = read_account(account)
    for event in events:
        resource = event.type.partition(".")[0]
        id = event.object["id"]
        if ".deleted" not in event.type:
            check_existing_object(account, events, event)
            check_changes(event, before[resource].get(id))
        else:
            assert id not in after[resource]
            check_deleted_object(events, event, before[resource][id])
    check_order(events)


def describe(event: Event) -> str:
    return " ".join([event.type, *event.changes])


def read_account(account: Account) -> dict[str, dict[int, Resource]]:
    """Return the representations that a supervisor sees, by resource and id."""
    return {
        resource: {each["id"]: each for each in account.supervisor.client.get(f"/v2/{path}", {"per_page": 1000}).json()}
        for resource, path in PATHS.items()
    }


def check_existing_object(account: Account, events: list[Event], event: Event) -> None:
    """Assert that the newest event of an object carries, byte for byte, what GET returns."""
    newest = [each for each in events if each.object["url"] == event.object["url"]][-1]
    assert account.supervisor.client.get(event.object["url"]).body == newest.text
    if event.type.endswith(".created") or {*event.changes} - COUNTERS:
        assert event.object["updated_at"] == event.created_at


def check_changes(event: Event, before: Resource | None) -> None:
    """Assert that updates carry their changes with the old values, and creations carry none."""
    if event.type.endswith(".created"):
        assert (before, event.changes) == (None, {})
        return
    assert before is not None
    for key, (old, new) in event.changes.items():
        assert new == event.object[key]
        assert old != new
    unreported = [key for key in before if before[key] != event.object[key] and key not in event.changes]
    assert [key for key in unreported if key != "updated_at"] == []


def check_deleted_object(events: list[Event], event: Event, before: Resource) -> None:
    """Assert that a deletion carries the object as it was; a merged one has already lost its counters."""
    assert event.changes == {}
    assert [*event.object] == [*before]
    is_merged = any(each.type.endswith(".merged") and each.text == event.text for each in events)
    for key, value in before.items():
        if not (is_merged and key in COUNTERS):
            assert event.object[key] == value, key


def check_order(events: list[Event]) -> None:
    """Assert that a specific event directly follows its general one, and that equal events come by ascending id."""
    assert [each.type for each in events[:1] if each.type.count(".") == 2] == []
    for general, specific in pairwise(events):
        if specific.type.count(".") == 2:
            assert specific.type.startswith(f"{general.type}.")
            assert (general.created_at, general.changes) == (specific.created_at, specific.changes)
            assert general.text == specific.text
    for type in {event.type for event in events}:
        ids = [event.object["id"] for event in events if event.type == type]
        assert ids == sorted(ids), type


def test_every_event_type_is_covered() -> None:
    raised = {event.partition(" ")[0] for action in ACTIONS.values() for event in action.raises}

    assert raised | NEVER_RAISED == {*EVENT_TYPES}
    assert raised & NEVER_RAISED == set()
