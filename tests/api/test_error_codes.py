"""Every error code of the contract, at each place that it names for it (00-conventions §8)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from tests.support.accounts import Account
from tests.support.clients import Reply
from tests.support.factories import DAY, NO_SUCH_ID
from tests.support.fixtures_by_state import Scene, Thing
from tests.support.oauth_clients import knocking, make_app
from tests.support.shapes import CONTRACT
from tests.support.webhooks import URI

Provoke = Callable[[Scene], Reply]


@dataclass(frozen=True)
class Place:
    """Where a code is provoked, what it is about, and whose message the contract gives word for word."""

    name: str
    field: str
    provoke: Provoke
    resource: str
    message: str | None


PLACES: dict[str, list[Place]] = {}

# Codes that the contract names and that nothing raises.
NEVER_SENT = {
    "dependent": "says the contract",
}

# Codes of ours, for endpoints of ours.
OURS = {"not_failing"}


def raising(code: str, resource: str, field: str = "base", message: str | None = None) -> Callable[[Provoke], Provoke]:
    """Declare that this is answered with the code, and with no other."""

    def declare(provoke: Provoke) -> Provoke:
        name = provoke.__name__.replace("_", " ")
        PLACES.setdefault(code, []).append(Place(name, field, provoke, resource, message))
        return provoke

    return declare


@raising("missing", "Entry", "user_id")
def an_entry_of_nobody(scene: Scene) -> Reply:
    return scene.client.post("/v2/entries", {"date": DAY, "minutes": 1, "user_id": NO_SUCH_ID})


@raising("missing", "Entry", "project_id")
def an_entry_on_no_project(scene: Scene) -> Reply:
    return scene.client.put(scene.entry()["url"], {"project_id": NO_SUCH_ID})


@raising("missing", "InboxEntry", "project_id")
def an_inbox_entry_logged_on_no_project(scene: Scene) -> Reply:
    return scene.client.post(scene.inbox_entry()["log_url"], {"project_id": NO_SUCH_ID})


@raising("missing", "Expense", "project_id")
def an_expense_on_no_project(scene: Scene) -> Reply:
    return scene.client.post("/v2/expenses", {"date": DAY, "price": 1, "project_id": NO_SUCH_ID})


@raising("missing", "Expense", "user_id")
def an_expense_of_nobody(scene: Scene) -> Reply:
    project = scene.project()
    body = {"date": DAY, "price": 1, "project_id": project["id"], "user_id": NO_SUCH_ID}
    return scene.client.put(scene.expense(project)["url"], body)


@raising("missing", "Project", "project_group_id")
def a_project_in_no_group(scene: Scene) -> Reply:
    return scene.client.post("/v2/projects", {"name": scene.name(), "project_group_id": NO_SUCH_ID})


@raising("missing", "Project", "project_group_id")
def a_project_moved_to_no_group(scene: Scene) -> Reply:
    return scene.client.put(scene.project()["url"], {"project_group_id": NO_SUCH_ID})


@raising("missing", "Project", "project_id")
def a_project_merged_with_none(scene: Scene) -> Reply:
    return scene.client.put(scene.project()["merge_url"], {"project_id": NO_SUCH_ID})


@raising("missing", "Tag", "tag_id")
def a_tag_merged_with_none(scene: Scene) -> Reply:
    return scene.client.put(scene.tag()["merge_url"], {"tag_id": NO_SUCH_ID})


@raising("missing", "Team", "user_ids[1]")
def a_team_of_nobody(scene: Scene) -> Reply:
    body = {"name": scene.name(), "user_ids": [scene.account.leader.id, NO_SUCH_ID]}
    return scene.client.post("/v2/teams", body)


@raising("missing", "ProjectGroup", "project_ids[0]")
def a_group_of_no_project(scene: Scene) -> Reply:
    return scene.client.post("/v2/project_groups", {"name": scene.name(), "project_ids": [NO_SUCH_ID]})


@raising("missing", "Webhook", "events[1]")
def a_webhook_for_no_event(scene: Scene) -> Reply:
    return scene.client.post("/v2/webhooks", {"name": "x", "payload_uri": URI, "events": ["*", "entry.baked"]})


@raising("missing", "Webhook", "events[0]")
def a_subscription_to_the_ping(scene: Scene) -> Reply:
    return scene.client.put(scene.webhook()["add_events_url"], {"events": ["webhook.ping"]})


@raising("missing_field", "Entry", "minutes")
def an_entry_without_minutes(scene: Scene) -> Reply:
    return scene.client.post("/v2/entries", {"date": DAY})


@raising("missing_field", "Entry", "entry_ids")
def entries_approved_without_saying_which(scene: Scene) -> Reply:
    return scene.client.put("/v2/entries/approved")


@raising("missing_field", "Entry", "date")
def an_entry_invoiced_on_no_day(scene: Scene) -> Reply:
    return scene.client.put(f"{scene.entry()['url']}/marked_as_invoiced")


@raising("missing_field", "InboxEntry", "description")
def an_inbox_entry_without_a_text(scene: Scene) -> Reply:
    return scene.client.put(scene.inbox_entry()["url"], {"date": DAY, "description": ""})


@raising("missing_field", "Expense", "price")
def an_expense_without_a_price(scene: Scene) -> Reply:
    project_id = scene.project()["id"]
    return scene.client.put(scene.expense()["url"], {"date": DAY, "project_id": project_id})


@raising("missing_field", "Project", "name")
def a_project_without_a_name(scene: Scene) -> Reply:
    return scene.client.post("/v2/projects", {"name": "  "})


@raising("missing_field", "ProjectGroup", "project_ids")
def a_group_without_a_list_of_projects(scene: Scene) -> Reply:
    return scene.client.post("/v2/project_groups", {"name": scene.name()})


@raising("missing_field", "Team", "user_ids")
def a_team_without_a_list_of_users(scene: Scene) -> Reply:
    return scene.client.post("/v2/teams", {"name": scene.name()})


@raising("missing_field", "User", "email")
def a_user_without_an_address(scene: Scene) -> Reply:
    return scene.client.post("/v2/users", {"email": None})


@raising("missing_field", "Tag", "names")
def tags_without_names(scene: Scene) -> Reply:
    return scene.client.post("/v2/tags")


@raising("missing_field", "Webhook", "events")
def a_webhook_without_events(scene: Scene) -> Reply:
    return scene.client.post("/v2/webhooks", {"name": "x", "payload_uri": URI, "events": []})


@raising("already_exists", "User", "email")
def an_address_that_somebody_has(scene: Scene) -> Reply:
    return scene.client.post("/v2/users", {"email": scene.account.leader.email.upper()})


@raising("already_exists", "Project", "name")
def a_project_s_name_that_is_taken(scene: Scene) -> Reply:
    return scene.client.post("/v2/projects", {"name": scene.project()["name"].upper()})


@raising("already_exists", "Project", "name")
def a_project_s_new_name_that_is_taken(scene: Scene) -> Reply:
    return scene.client.put(scene.project()["url"], {"name": scene.project()["name"]})


@raising("already_exists", "ProjectGroup", "name")
def a_group_s_name_that_is_taken(scene: Scene) -> Reply:
    return scene.client.post("/v2/project_groups", {"name": scene.group()["name"].upper(), "project_ids": []})


@raising("already_exists", "ProjectGroup", "name")
def a_group_s_new_name_that_is_taken(scene: Scene) -> Reply:
    return scene.client.put(scene.group()["url"], {"name": scene.group()["name"]})


@raising("already_exists", "Team", "name")
def a_team_s_name_that_is_taken(scene: Scene) -> Reply:
    return scene.client.post("/v2/teams", {"name": scene.team()["name"].upper(), "user_ids": []})


@raising("already_exists", "Team", "name")
def a_team_s_new_name_that_is_taken(scene: Scene) -> Reply:
    return scene.client.put(scene.team()["url"], {"name": scene.team()["name"]})


@raising("already_exists", "Tag", "name")
def a_tag_s_name_that_is_taken(scene: Scene) -> Reply:
    return scene.client.put(scene.tag()["url"], {"name": scene.tag()["name"].upper()})


@raising("insufficent_permissions", "Entry", "user_id")
def time_logged_for_others_by_a_coworker(scene: Scene) -> Reply:
    body = {"date": DAY, "minutes": 1, "user_id": scene.account.leader.id}
    return scene.account.coworker.client.post("/v2/entries", body)


@raising("insufficent_permissions", "Entry", "user_id")
def time_given_to_others_by_a_coworker(scene: Scene) -> Reply:
    entry = scene.account.coworker.client.post("/v2/entries", {"date": DAY, "minutes": 1}).json()
    return scene.account.coworker.client.put(entry["url"], {"user_id": scene.account.leader.id})


@raising("insufficent_permissions", "Entry", "project_id")
def time_logged_on_a_project_that_its_user_may_not_enter(scene: Scene) -> Reply:
    body = {"date": DAY, "minutes": 1, "user_id": scene.account.coworker.id, "project_id": scene.project()["id"]}
    return scene.client.post("/v2/entries", body)


@raising("insufficent_permissions", "Expense", "user_id")
def an_expense_booked_for_others_by_a_coworker(scene: Scene) -> Reply:
    project = scene.project(scene.account.coworker)
    body = {"date": DAY, "price": 1, "project_id": project["id"], "user_id": scene.account.leader.id}
    return scene.account.coworker.client.post("/v2/expenses", body)


@raising("insufficent_permissions", "Expense", "project_id")
def an_expense_on_a_project_that_its_user_may_not_enter(scene: Scene) -> Reply:
    body = {"date": DAY, "price": 1, "project_id": scene.project()["id"]}
    return scene.account.coworker.client.post("/v2/expenses", body)


@raising("missing_field", "Authorization", "client_id")
def an_authorization_of_no_application(scene: Scene) -> Reply:
    who = knocking(scene.account, scene.account.leader)
    return who.post(f"/authorizations/{scene.account.name}", {"client_secret": "x"})


@raising("missing_field", "Authorization", "client_secret")
def an_authorization_without_the_secret(scene: Scene) -> Reply:
    app = make_app(scene.account.database, scene.client)
    who = knocking(scene.account, scene.account.leader)
    return who.put(f"/authorizations/{scene.account.name}/clients/{app.client_id}")


@raising("invalid", "Authorization", "scopes")
def scopes_that_are_no_list(scene: Scene) -> Reply:
    who = knocking(scene.account, scene.account.leader)
    body = {"client_id": "x", "client_secret": "x", "scopes": 1}
    return who.post(f"/authorizations/{scene.account.name}", body)


@raising("invalid", "Entry", "date")
def a_day_that_is_none(scene: Scene) -> Reply:
    return scene.client.post("/v2/entries", {"date": "2024-02-30", "minutes": 1})


@raising("invalid", "Entry", "minutes")
def minutes_below_zero(scene: Scene) -> Reply:
    return scene.client.put(scene.entry()["url"], {"minutes": -1})


@raising("invalid", "Project", "billing_increment")
def an_increment_that_is_not_offered(scene: Scene) -> Reply:
    return scene.client.post("/v2/projects", {"name": scene.name(), "billing_increment": 2})


@raising("invalid", "Project", "color")
def a_color_that_is_none(scene: Scene) -> Reply:
    return scene.client.put(scene.project()["url"], {"color": "teal"})


@raising("invalid", "Project", "project_id")
def a_project_merged_with_itself(scene: Scene) -> Reply:
    project = scene.project()
    return scene.client.put(project["merge_url"], {"project_id": project["id"]})


@raising("invalid", "Tag", "tag_id")
def a_tag_merged_with_itself(scene: Scene) -> Reply:
    tag = scene.tag()
    return scene.client.put(tag["merge_url"], {"tag_id": tag["id"]})


@raising("invalid", "Tag", "name")
def a_name_that_is_no_tag(scene: Scene) -> Reply:
    return scene.client.put(scene.tag()["url"], {"name": "two words"})


@raising("invalid", "Timer", "entry_date")
def a_timer_for_no_day(scene: Scene) -> Reply:
    return scene.client.put(f"{scene.project()['url']}/timer/start", {"entry_date": "today"})


@raising("invalid", "User", "week_start")
def a_week_that_begins_on_a_tuesday(scene: Scene) -> Reply:
    return scene.client.put("/v2/current_user", {"week_start": "tuesday"})


@raising("invalid", "Webhook", "payload_uri")
def an_address_that_is_none(scene: Scene) -> Reply:
    return scene.client.put(scene.webhook()["url"], {"payload_uri": "ftp://x.example/"})


@raising("invalid", "Entry", "billable")
def a_filter_that_is_neither_true_nor_false(scene: Scene) -> Reply:
    return scene.client.get("/v2/entries", {"billable": "maybe"})


@raising("invalid", "Entry", "project_ids")
def a_filter_that_is_no_list_of_ids(scene: Scene) -> Reply:
    return scene.client.get("/v2/entries", {"project_ids": "1,two"})


@raising(
    "not_deletable",
    "Project",
    message="The Project cannot be deleted because it has entries, expenses, or invoices.",
)
def a_project_with_entries_deleted(scene: Scene) -> Reply:
    return scene.client.delete(scene.used_project()["url"])


@raising(
    "not_deletable",
    "Project",
    message="The Project cannot be deleted because it has entries, expenses, or invoices.",
)
def a_project_with_expenses_deleted(scene: Scene) -> Reply:
    return scene.client.delete(scene.expense()["project"]["url"])


@raising("not_deletable", "User")
def a_user_with_entries_deleted(scene: Scene) -> Reply:
    return scene.client.delete(f"/v2/users/{scene.busy_person().id}")


@raising(
    "deletable",
    "Project",
    message="The Project should be deleted because it does not have any entries, expenses, or invoices.",
)
def a_project_without_anything_archived(scene: Scene) -> Reply:
    return scene.client.put(scene.project()["archive_url"])


@raising("deletable", "User")
def a_user_without_anything_deactivated(scene: Scene) -> Reply:
    return scene.client.put(f"/v2/users/{scene.person().id}/deactivate")


@raising("reached_user_limit", "User")
def one_user_too_many_invited(scene: Scene) -> Reply:
    scene.set(max_users="1")
    return scene.client.post("/v2/users", {"email": "one.more@northwind.test"})


@raising("reached_user_limit", "User")
def one_user_too_many_activated(scene: Scene) -> Reply:
    gone = scene.deactivated()
    scene.set(max_users="1")
    return scene.client.put(f"/v2/users/{gone.id}/activate")


@raising("reached_project_limit", "Project")
def one_project_too_many(scene: Scene) -> Reply:
    scene.set(max_projects="0")
    return scene.client.post("/v2/projects", {"name": scene.name()})


@raising("reached_project_limit", "Entry", "project_name")
def one_project_too_many_by_an_entry(scene: Scene) -> Reply:
    scene.set(max_projects="0")
    return scene.client.post("/v2/entries", {"date": DAY, "minutes": 1, "project_name": scene.name()})


@raising("reached_project_limit", "Entry", "project_name")
def one_project_too_many_by_an_edited_entry(scene: Scene) -> Reply:
    scene.set(max_projects="0")
    return scene.client.put(scene.entry()["url"], {"project_name": scene.name()})


@raising("deactivated", "User")
def a_deactivated_user_edited(scene: Scene) -> Reply:
    return scene.client.put(f"/v2/users/{scene.deactivated().id}", {"first_name": "New"})


@raising("deactivated", "User")
def a_deactivated_user_given_access(scene: Scene) -> Reply:
    url = f"/v2/users/{scene.deactivated().id}/give_access_to_projects"
    return scene.client.put(url, {"project_ids": []})


@raising("deactivated", "User")
def a_deactivated_user_s_access_revoked(scene: Scene) -> Reply:
    url = f"/v2/users/{scene.deactivated().id}/revoke_access_to_projects"
    return scene.client.put(url, {"project_ids": []})


@raising("deactivated", "User")
def a_deactivated_user_s_whole_access_revoked(scene: Scene) -> Reply:
    return scene.client.put(f"/v2/users/{scene.deactivated().id}/revoke_access_to_all_projects")


@raising("deactivated", "User")
def a_deactivated_user_deactivated(scene: Scene) -> Reply:
    return scene.client.put(f"/v2/users/{scene.deactivated().id}/deactivate")


@raising("not_deactivated", "User")
def an_active_user_activated(scene: Scene) -> Reply:
    return scene.client.put(f"/v2/users/{scene.person().id}/activate")


@raising("authenticated_user", "User", "role")
def one_s_own_role_edited(scene: Scene) -> Reply:
    return scene.client.put(f"/v2/users/{scene.account.supervisor.id}", {"role": "leader"})


@raising("authenticated_user", "User")
def access_given_to_oneself(scene: Scene) -> Reply:
    url = f"/v2/users/{scene.account.supervisor.id}/give_access_to_projects"
    return scene.client.put(url, {"project_ids": []})


@raising("authenticated_user", "User")
def one_s_own_access_revoked(scene: Scene) -> Reply:
    url = f"/v2/users/{scene.account.supervisor.id}/revoke_access_to_projects"
    return scene.client.put(url, {"project_ids": []})


@raising("authenticated_user", "User")
def one_s_own_whole_access_revoked(scene: Scene) -> Reply:
    return scene.client.put(f"/v2/users/{scene.account.supervisor.id}/revoke_access_to_all_projects")


@raising("authenticated_user", "User")
def oneself_deleted(scene: Scene) -> Reply:
    return scene.client.delete(f"/v2/users/{scene.account.supervisor.id}")


@raising("authenticated_user", "User")
def oneself_deactivated(scene: Scene) -> Reply:
    return scene.client.put(f"/v2/users/{scene.account.supervisor.id}/deactivate")


@raising("account_owner", "User")
def the_owner_deleted(scene: Scene) -> Reply:
    return scene.client.delete(f"/v2/users/{scene.account.owner.id}")


@raising("account_owner", "User")
def the_owner_deactivated(scene: Scene) -> Reply:
    return scene.client.put(f"/v2/users/{scene.account.owner.id}/deactivate")


@raising("account_owner", "User", "role")
def the_owner_s_role_edited(scene: Scene) -> Reply:
    return scene.client.put(f"/v2/users/{scene.account.owner.id}", {"role": "leader"})


@raising("can_access_all_projects", "User")
def a_leader_s_access_revoked(scene: Scene) -> Reply:
    url = f"/v2/users/{scene.account.leader.id}/revoke_access_to_projects"
    return scene.client.put(url, {"project_ids": []})


@raising("can_access_all_projects", "User")
def a_leader_s_whole_access_revoked(scene: Scene) -> Reply:
    return scene.client.put(f"/v2/users/{scene.account.leader.id}/revoke_access_to_all_projects")


@raising("archived_project", "Project")
def an_archived_project_edited(scene: Scene) -> Reply:
    return scene.client.put(scene.archived_project()["url"], {"name": "New"})


@raising("archived_project", "Project")
def an_archived_project_merged_into(scene: Scene) -> Reply:
    return scene.client.put(scene.archived_project()["merge_url"], {"project_id": scene.project()["id"]})


@raising("archived_project", "Project", "project_id")
def an_archived_project_swallowed(scene: Scene) -> Reply:
    return scene.client.put(scene.project()["merge_url"], {"project_id": scene.archived_project()["id"]})


@raising("archived_project", "Project")
def an_archived_project_deleted(scene: Scene) -> Reply:
    return scene.client.delete(scene.archived_project()["url"])


@raising("archived_project", "Entry", "project_id")
def time_logged_on_an_archived_project(scene: Scene) -> Reply:
    return scene.client.post("/v2/entries", {"date": DAY, "minutes": 1, "project_id": scene.archived_project()["id"]})


@raising("archived_project", "Entry", "project_name")
def time_logged_on_an_archived_project_by_name(scene: Scene) -> Reply:
    name = scene.archived_project()["name"]
    return scene.client.post("/v2/entries", {"date": DAY, "minutes": 1, "project_name": name})


@raising("archived_project", "Entry", "project_id")
def an_entry_moved_to_an_archived_project(scene: Scene) -> Reply:
    return scene.client.put(scene.entry()["url"], {"project_id": scene.archived_project()["id"]})


@raising("archived_project", "Entry")
def an_entry_of_an_archived_project_edited(scene: Scene) -> Reply:
    return scene.client.put(scene.archived_entry()["url"], {"minutes": 1})


@raising("archived_project", "Entry")
def an_entry_of_an_archived_project_approved(scene: Scene) -> Reply:
    return scene.client.put(scene.archived_entry()["approved_url"])


@raising("archived_project", "Entry")
def an_entry_of_an_archived_project_unapproved(scene: Scene) -> Reply:
    return scene.client.put(scene.archived_entry()["unapproved_url"])


@raising("archived_project", "Entry")
def an_entry_of_an_archived_project_deleted(scene: Scene) -> Reply:
    return scene.client.delete(scene.archived_entry()["url"])


@raising("archived_project", "Expense", "project_id")
def an_expense_booked_on_an_archived_project(scene: Scene) -> Reply:
    project_id = scene.archived_project()["id"]
    return scene.client.post("/v2/expenses", {"date": DAY, "price": 1, "project_id": project_id})


@raising("archived_project", "Expense")
def an_expense_of_an_archived_project_edited(scene: Scene) -> Reply:
    expense = scene.archived_expense()
    body = {"date": DAY, "price": 1, "project_id": expense["project"]["id"]}
    return scene.client.put(expense["url"], body)


@raising("archived_project", "Expense")
def an_expense_of_an_archived_project_deleted(scene: Scene) -> Reply:
    return scene.client.delete(scene.archived_expense()["url"])


@raising("archived_project", "Timer")
def a_timer_started_on_an_archived_project(scene: Scene) -> Reply:
    return scene.client.put(f"{scene.archived_project()['url']}/timer/start")


@raising("archived_project", "Timer")
def a_timer_of_an_archived_project_edited(scene: Scene) -> Reply:
    return scene.client.put(scene.archived_timer()["url"], {"description": "New"})


@raising("archived_project", "Timer")
def a_timer_of_an_archived_project_logged(scene: Scene) -> Reply:
    return scene.client.put(scene.archived_timer()["log_url"])


@raising("cannot_create_projects", "Entry", "project_name")
def a_project_made_by_a_coworker_s_entry(scene: Scene) -> Reply:
    body = {"date": DAY, "minutes": 1, "project_name": scene.name()}
    return scene.account.coworker.client.post("/v2/entries", body)


@raising("cannot_create_projects", "Entry", "project_name")
def a_project_made_by_a_coworker_s_edited_entry(scene: Scene) -> Reply:
    client = scene.account.coworker.client
    entry = client.post("/v2/entries", {"date": DAY, "minutes": 1}).json()
    return client.put(entry["url"], {"project_name": scene.name()})


@raising("cannot_create_tags", "Entry", "description")
def a_tag_made_by_an_entry_of_somebody_who_may_not(scene: Scene) -> Reply:
    scene.set(tag_creation_role="leader")
    body = {"date": DAY, "minutes": 1, "description": f"#{scene.name()}"}
    return scene.account.coworker.client.post("/v2/entries", body)


@raising("cannot_create_tags", "Entry", "description")
def a_tag_made_by_an_edited_entry_of_somebody_who_may_not(scene: Scene) -> Reply:
    scene.set(tag_creation_role="leader")
    client = scene.account.coworker.client
    entry = client.post("/v2/entries", {"date": DAY, "minutes": 1}).json()
    return client.put(entry["url"], {"description": f"#{scene.name()}"})


@raising("cannot_create_tags", "Timer", "description")
def a_tag_made_by_a_timer_of_somebody_who_may_not(scene: Scene) -> Reply:
    scene.set(tag_creation_role="leader")
    client, project = scene.account.coworker.client, scene.project(scene.account.coworker)
    scene.done(client.put(f"{project['url']}/timer/start"))
    return client.put(f"{project['url']}/timer/log", {"description": f"#{scene.name()}"})


@raising("approved_and_locked", "Entry")
def an_approved_entry_edited(scene: Scene) -> Reply:
    return scene.client.put(scene.approved_entry()["url"], {"minutes": 1})


@raising("approved_and_locked", "Entry")
def an_approved_entry_deleted(scene: Scene) -> Reply:
    return scene.client.delete(scene.approved_entry()["url"])


@raising("already_approved", "Entry")
def an_approved_entry_approved(scene: Scene) -> Reply:
    return scene.client.put(scene.approved_entry()["approved_url"])


@raising("invoiced", "Entry")
def an_invoiced_entry_edited(scene: Scene) -> Reply:
    return scene.client.put(scene.outside_invoiced_entry()["url"], {"minutes": 1})


@raising("invoiced", "Entry")
def an_invoiced_entry_deleted(scene: Scene) -> Reply:
    return scene.client.delete(scene.outside_invoiced_entry()["url"])


@raising("invoiced", "Entry")
def an_entry_on_an_invoice_edited(scene: Scene) -> Reply:
    return scene.client.put(scene.invoiced_entry()["url"], {"minutes": 1})


@raising("invoiced", "Entry")
def an_entry_on_an_invoice_deleted(scene: Scene) -> Reply:
    return scene.client.delete(scene.invoiced_entry()["url"])


@raising("invoiced", "Expense")
def an_expense_on_an_invoice_edited(scene: Scene) -> Reply:
    expense = scene.invoiced_expense()
    return scene.client.put(expense["url"], {"date": DAY, "price": 1, "project_id": expense["project"]["id"]})


@raising("invoiced", "Expense")
def an_expense_on_an_invoice_deleted(scene: Scene) -> Reply:
    return scene.client.delete(scene.invoiced_expense()["url"])


@raising("already_invoiced", "Entry")
def an_entry_on_an_invoice_marked_as_invoiced(scene: Scene) -> Reply:
    return scene.client.put(f"{scene.invoiced_entry()['url']}/marked_as_invoiced", {"date": DAY})


@raising("already_invoiced", "Entry", "entry_ids[1]", "Entries could not be added")
def an_entry_put_on_a_second_invoice(scene: Scene) -> Reply:
    entry_ids = [scene.entry()["id"], scene.invoiced_entry()["id"]]
    return scene.client.post("/v2/invoices", {"invoice_date": DAY, "entry_ids": entry_ids})


@raising("already_invoiced", "Entry", "entry_ids[0]", "Entries could not be added")
def an_entry_that_was_invoiced_outside_put_on_an_invoice(scene: Scene) -> Reply:
    entry_ids = [scene.outside_invoiced_entry()["id"]]
    return scene.client.put(f"{scene.invoice()['url']}/add_entries", {"entry_ids": entry_ids})


@raising("already_invoiced", "Expense", "expense_ids[0]", "Expenses could not be added")
def an_expense_put_on_a_second_invoice(scene: Scene) -> Reply:
    expense_ids = [scene.invoiced_expense()["id"]]
    return scene.client.put(f"{scene.invoice()['url']}/add_expenses", {"expense_ids": expense_ids})


@raising("archived_project", "Entry", "entry_ids[0]", "Entries could not be added")
def an_entry_of_an_archived_project_put_on_a_new_invoice(scene: Scene) -> Reply:
    entry_ids = [scene.archived_entry()["id"]]
    return scene.client.post("/v2/invoices", {"invoice_date": DAY, "entry_ids": entry_ids})


@raising("archived_project", "Entry", "entry_ids[0]", "Entries could not be added")
def an_entry_of_an_archived_project_put_on_an_invoice(scene: Scene) -> Reply:
    entry_ids = [scene.archived_entry()["id"]]
    return scene.client.put(f"{scene.invoice()['url']}/add_entries", {"entry_ids": entry_ids})


@raising("archived_project", "Expense", "expense_ids[0]", "Expenses could not be added")
def an_expense_of_an_archived_project_put_on_an_invoice(scene: Scene) -> Reply:
    expense_ids = [scene.archived_expense()["id"]]
    return scene.client.put(f"{scene.invoice()['url']}/add_expenses", {"expense_ids": expense_ids})


@raising("missing", "Entry", "entry_ids[1]", "Entries or Expenses could not be added")
def an_invoice_of_an_entry_that_is_not_there(scene: Scene) -> Reply:
    entry_ids, expense_ids = [scene.entry()["id"], NO_SUCH_ID], [scene.expense()["id"]]
    return scene.client.post("/v2/invoices", {"invoice_date": DAY, "entry_ids": entry_ids, "expense_ids": expense_ids})


@raising("missing", "Expense", "expense_ids[0]", "Expenses could not be added")
def an_invoice_of_an_expense_that_is_not_there(scene: Scene) -> Reply:
    return scene.client.post("/v2/invoices", {"invoice_date": DAY, "expense_ids": [NO_SUCH_ID]})


@raising("missing_field", "Invoice", "invoice_date")
def an_invoice_without_a_date(scene: Scene) -> Reply:
    return scene.client.post("/v2/invoices", {})


@raising("missing_field", "Invoice", "rate_calculation.standard_hourly_rate")
def an_invoice_by_a_rate_that_is_not_said(scene: Scene) -> Reply:
    rates = {"calculation_method": "standard_hourly_rate"}
    return scene.client.post("/v2/invoices", {"invoice_date": DAY, "rate_calculation": rates})


@raising("missing_field", "Invoice", "taxes[1].percentage")
def a_tax_without_a_percentage(scene: Scene) -> Reply:
    taxes = [{"percentage": 1}, {"name": "VAT"}]
    return scene.client.put(f"{scene.invoice()['url']}/add_taxes", {"taxes": taxes})


@raising("missing_field", "Invoice", "tax_ids")
def taxes_removed_without_saying_which(scene: Scene) -> Reply:
    return scene.client.put(f"{scene.invoice()['url']}/remove_taxes")


@raising("invalid", "Invoice", "customization.currency_code")
def a_currency_that_is_none(scene: Scene) -> Reply:
    return scene.client.put(scene.invoice()["url"], {"customization": {"currency_code": "XXZ"}})


@raising("locale_not_available", "Invoice", "customization.locale")
def a_new_invoice_in_a_locale_that_is_not_there(scene: Scene) -> Reply:
    return scene.client.post("/v2/invoices", {"invoice_date": DAY, "customization": {"locale": "xx-XX"}})


@raising("locale_not_available", "Invoice", "customization.locale")
def an_invoice_in_a_locale_that_is_not_there(scene: Scene) -> Reply:
    return scene.client.put(scene.invoice()["url"], {"customization": {"locale": "xx-XX"}})


def an_invoice_changed(scene: Scene, make: Callable[[Scene], Thing], action: str) -> Reply:
    invoice, method = make(scene), "DELETE" if action == "delete" else "PUT"
    path = {"edit": "", "delete": ""}.get(action, f"/{action}")
    body = {
        "footer": "New",
        "entry_ids": [scene.entry()["id"]],
        "expense_ids": [scene.expense()["id"]],
        "taxes": [{"percentage": 1}],
        "tax_ids": [invoice["taxes"][0]["id"]],
    }
    return scene.client.request(method, invoice["url"] + path, body=b"" if method == "DELETE" else body)


for _code, _make in {"paid": Scene.paid_invoice, "locked": Scene.locked_invoice}.items():
    for _action in (
        "edit",
        "add_entries",
        "remove_entries",
        "remove_all_entries",
        "add_expenses",
        "remove_expenses",
        "remove_all_expenses",
        "add_taxes",
        "remove_taxes",
        "remove_all_taxes",
        "delete",
    ):
        PLACES.setdefault(_code, []).append(
            Place(_action, "base", partial(an_invoice_changed, make=_make, action=_action), "Invoice", None)
        )


@raising("locked", "Invoice")
def an_invoice_edited_that_awaits_its_payment(scene: Scene) -> Reply:
    return scene.client.put(scene.locked_invoice("awaiting_payment")["url"], {"footer": "New"})


@raising(
    "not_deletable",
    "Project",
    message="The Project cannot be deleted because it has entries, expenses, or invoices.",
)
def a_project_with_something_on_an_invoice_deleted(scene: Scene) -> Reply:
    return scene.client.delete(scene.invoiced_expense()["project"]["url"])


@raising("logged", "InboxEntry")
def a_logged_inbox_entry_edited(scene: Scene) -> Reply:
    return scene.client.put(scene.logged_inbox_entry()["url"], {"date": DAY, "description": "New"})


@raising("logged", "InboxEntry")
def a_logged_inbox_entry_logged(scene: Scene) -> Reply:
    return scene.client.post(scene.logged_inbox_entry()["log_url"])


@raising("logged", "InboxEntry")
def a_logged_inbox_entry_deleted(scene: Scene) -> Reply:
    return scene.client.delete(scene.logged_inbox_entry()["url"])


@raising("not_failing", "Webhook")
def a_payload_skipped_that_does_not_fail(scene: Scene) -> Reply:
    webhook = scene.webhook()
    [ping] = scene.client.get(f"{webhook['url']}/payloads").json()
    return scene.client.put(f"{webhook['url']}/skip/{ping['payload_id']}")


@pytest.mark.parametrize("code", PLACES)
def test_a_code_is_answered_wherever_the_contract_says(account: Account, code: str) -> None:
    scene = Scene(account)
    for place in PLACES[code]:
        reply = place.provoke(scene)
        assert reply.status == 400, (place.name, reply.body)
        answered = reply.json()
        assert answered["errors"] == [{"resource": place.resource, "field": place.field, "code": code}], place.name
        if place.message is not None:
            assert answered["message"] == place.message, place.name
        elif place.field != "base":
            assert answered["message"] == "Validation Failed", place.name
        else:
            assert re.fullmatch(r"[A-Z].+\.", answered["message"]), place.name


# The codes of the contract's table, in its order.
CODES = [
    "missing",
    "missing_field",
    "already_exists",
    "insufficent_permissions",
    "invalid",
    "dependent",
    "not_deletable",
    "deletable",
    "reached_user_limit",
    "reached_project_limit",
    "deactivated",
    "not_deactivated",
    "authenticated_user",
    "account_owner",
    "can_access_all_projects",
    "archived_project",
    "locked",
    "paid",
    "locale_not_available",
    "cannot_create_projects",
    "cannot_create_tags",
    "approved_and_locked",
    "already_approved",
    "already_invoiced",
    "invoiced",
    "logged",
]


def test_no_code_is_left_out() -> None:
    assert {*PLACES} | {*NEVER_SENT} == {*CODES} | OURS
    assert {*PLACES} & {*NEVER_SENT} == set()


@pytest.mark.skipif(not CONTRACT.exists(), reason="the contract is not beside this checkout")
def test_the_codes_are_those_of_the_contract() -> None:
    page = (CONTRACT / "00-conventions.md").read_text()
    table = page.partition("### Every error code")[2].partition("Withdrawn codes")[0]

    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == CODES
