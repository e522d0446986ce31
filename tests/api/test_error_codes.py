"""Every documented error code, in each case where it can occur (``docs/api/conventions.md``)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest

from hourhook.clock import SECOND
from hourhook.delivery import retention
from tests.support.accounts import Account
from tests.support.clients import Response
from tests.support.factories import DAY, NO_SUCH_ID
from tests.support.fixtures_by_state import ObjectFactory, Resource
from tests.support.oauth_clients import basic_auth_client, register_app
from tests.support.shapes import CONTRACT
from tests.support.webhooks import URI

Provoke = Callable[[ObjectFactory], Response]


@dataclass(frozen=True)
class Case:
    """A request that provokes a code, the field it names, and the message if it is documented word for word."""

    name: str
    field: str
    provoke: Provoke
    resource: str
    message: str | None


CASES: dict[str, list[Case]] = {}

DAY_LATER = 86_400 * SECOND

# Documented codes that nothing raises.
NEVER_RAISED = {"dependent"}

# Codes of endpoints that Noko does not have.
OUR_CODES = {"expired", "not_failing"}


def raising(code: str, resource: str, field: str = "base", message: str | None = None) -> Callable[[Provoke], Provoke]:
    """Declare that a request is rejected with this code and no other."""

    def declare(provoke: Provoke) -> Provoke:
        name = provoke.__name__.replace("_", " ")
        CASES.setdefault(code, []).append(Case(name, field, provoke, resource, message))
        return provoke

    return declare


@raising("missing", "Entry", "user_id")
def an_entry_of_an_unknown_user(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/entries", {"date": DAY, "minutes": 1, "user_id": NO_SUCH_ID})


@raising("missing", "Entry", "project_id")
def an_entry_on_an_unknown_project(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.entry()["url"], {"project_id": NO_SUCH_ID})


@raising("missing", "InboxEntry", "project_id")
def an_inbox_entry_logged_on_an_unknown_project(factory: ObjectFactory) -> Response:
    return factory.client.post(factory.inbox_entry()["log_url"], {"project_id": NO_SUCH_ID})


@raising("missing", "Expense", "project_id")
def an_expense_on_an_unknown_project(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/expenses", {"date": DAY, "price": 1, "project_id": NO_SUCH_ID})


@raising("missing", "Expense", "user_id")
def an_expense_of_an_unknown_user(factory: ObjectFactory) -> Response:
    project = factory.project()
    body = {"date": DAY, "price": 1, "project_id": project["id"], "user_id": NO_SUCH_ID}
    return factory.client.put(factory.expense(project)["url"], body)


@raising("missing", "Project", "project_group_id")
def a_project_in_an_unknown_group(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/projects", {"name": factory.name(), "project_group_id": NO_SUCH_ID})


@raising("missing", "Project", "project_group_id")
def a_project_moved_to_an_unknown_group(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.project()["url"], {"project_group_id": NO_SUCH_ID})


@raising("missing", "Project", "project_id")
def an_unknown_project_merged(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.project()["merge_url"], {"project_id": NO_SUCH_ID})


@raising("missing", "Tag", "tag_id")
def an_unknown_tag_merged(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.tag()["merge_url"], {"tag_id": NO_SUCH_ID})


@raising("missing", "Team", "user_ids[1]")
def a_team_with_an_unknown_user(factory: ObjectFactory) -> Response:
    body = {"name": factory.name(), "user_ids": [factory.account.leader.id, NO_SUCH_ID]}
    return factory.client.post("/v2/teams", body)


@raising("missing", "ProjectGroup", "project_ids[0]")
def a_group_with_an_unknown_project(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/project_groups", {"name": factory.name(), "project_ids": [NO_SUCH_ID]})


@raising("missing", "Webhook", "events[1]")
def a_webhook_for_an_unknown_event(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/webhooks", {"name": "x", "payload_uri": URI, "events": ["*", "entry.baked"]})


@raising("missing", "Webhook", "events[0]")
def a_subscription_to_the_ping(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.webhook()["add_events_url"], {"events": ["webhook.ping"]})


@raising("missing_field", "Entry", "minutes")
def an_entry_without_minutes(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/entries", {"date": DAY})


@raising("missing_field", "Entry", "entry_ids")
def entries_approved_without_ids(factory: ObjectFactory) -> Response:
    return factory.client.put("/v2/entries/approved")


@raising("missing_field", "Entry", "date")
def an_entry_marked_as_invoiced_without_a_date(factory: ObjectFactory) -> Response:
    return factory.client.put(f"{factory.entry()['url']}/marked_as_invoiced")


@raising("missing_field", "InboxEntry", "description")
def an_inbox_entry_without_a_description(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.inbox_entry()["url"], {"date": DAY, "description": ""})


@raising("missing_field", "Expense", "price")
def an_expense_without_a_price(factory: ObjectFactory) -> Response:
    project_id = factory.project()["id"]
    return factory.client.put(factory.expense()["url"], {"date": DAY, "project_id": project_id})


@raising("missing_field", "Project", "name")
def a_project_without_a_name(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/projects", {"name": "  "})


@raising("missing_field", "ProjectGroup", "project_ids")
def a_group_without_a_list_of_projects(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/project_groups", {"name": factory.name()})


@raising("missing_field", "Team", "user_ids")
def a_team_without_a_list_of_users(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/teams", {"name": factory.name()})


@raising("missing_field", "User", "email")
def a_user_without_an_email_address(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/users", {"email": None})


@raising("missing_field", "Tag", "names")
def tags_without_names(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/tags")


@raising("missing_field", "Webhook", "events")
def a_webhook_without_events(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/webhooks", {"name": "x", "payload_uri": URI, "events": []})


@raising("already_exists", "User", "email")
def an_email_address_that_is_taken(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/users", {"email": factory.account.leader.email.upper()})


@raising("already_exists", "Project", "name")
def a_project_name_that_is_taken(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/projects", {"name": factory.project()["name"].upper()})


@raising("already_exists", "Project", "name")
def a_new_project_name_that_is_taken(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.project()["url"], {"name": factory.project()["name"]})


@raising("already_exists", "ProjectGroup", "name")
def a_group_name_that_is_taken(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/project_groups", {"name": factory.group()["name"].upper(), "project_ids": []})


@raising("already_exists", "ProjectGroup", "name")
def a_new_group_name_that_is_taken(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.group()["url"], {"name": factory.group()["name"]})


@raising("already_exists", "Team", "name")
def a_team_name_that_is_taken(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/teams", {"name": factory.team()["name"].upper(), "user_ids": []})


@raising("already_exists", "Team", "name")
def a_new_team_name_that_is_taken(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.team()["url"], {"name": factory.team()["name"]})


@raising("already_exists", "Tag", "name")
def a_tag_name_that_is_taken(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.tag()["url"], {"name": factory.tag()["name"].upper()})


@raising("insufficent_permissions", "Entry", "user_id")
def time_logged_for_others_by_a_coworker(factory: ObjectFactory) -> Response:
    body = {"date": DAY, "minutes": 1, "user_id": factory.account.leader.id}
    return factory.account.coworker.client.post("/v2/entries", body)


@raising("insufficent_permissions", "Entry", "user_id")
def time_moved_to_others_by_a_coworker(factory: ObjectFactory) -> Response:
    entry = factory.account.coworker.client.post("/v2/entries", {"date": DAY, "minutes": 1}).json()
    return factory.account.coworker.client.put(entry["url"], {"user_id": factory.account.leader.id})


@raising("insufficent_permissions", "Entry", "project_id")
def time_logged_on_a_project_without_access(factory: ObjectFactory) -> Response:
    body = {"date": DAY, "minutes": 1, "user_id": factory.account.coworker.id, "project_id": factory.project()["id"]}
    return factory.client.post("/v2/entries", body)


@raising("insufficent_permissions", "Expense", "user_id")
def an_expense_booked_for_others_by_a_coworker(factory: ObjectFactory) -> Response:
    project = factory.project(factory.account.coworker)
    body = {"date": DAY, "price": 1, "project_id": project["id"], "user_id": factory.account.leader.id}
    return factory.account.coworker.client.post("/v2/expenses", body)


@raising("insufficent_permissions", "Expense", "project_id")
def an_expense_on_a_project_without_access(factory: ObjectFactory) -> Response:
    body = {"date": DAY, "price": 1, "project_id": factory.project()["id"]}
    return factory.account.coworker.client.post("/v2/expenses", body)


@raising("missing_field", "Authorization", "client_id")
def an_authorization_without_a_client_id(factory: ObjectFactory) -> Response:
    client = basic_auth_client(factory.account, factory.account.leader)
    return client.post(f"/authorizations/{factory.account.name}", {"client_secret": "x"})


@raising("missing_field", "Authorization", "client_secret")
def an_authorization_without_a_client_secret(factory: ObjectFactory) -> Response:
    app = register_app(factory.account.database, factory.client)
    client = basic_auth_client(factory.account, factory.account.leader)
    return client.put(f"/authorizations/{factory.account.name}/clients/{app.client_id}")


@raising("invalid", "Authorization", "scopes")
def scopes_that_are_not_a_list(factory: ObjectFactory) -> Response:
    client = basic_auth_client(factory.account, factory.account.leader)
    body = {"client_id": "x", "client_secret": "x", "scopes": 1}
    return client.post(f"/authorizations/{factory.account.name}", body)


@raising("invalid", "Entry", "date")
def an_impossible_date(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/entries", {"date": "2024-02-30", "minutes": 1})


@raising("invalid", "Entry", "minutes")
def negative_minutes(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.entry()["url"], {"minutes": -1})


@raising("invalid", "Project", "billing_increment")
def an_increment_that_is_not_offered(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/projects", {"name": factory.name(), "billing_increment": 2})


@raising("invalid", "Project", "color")
def an_unknown_color(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.project()["url"], {"color": "teal"})


@raising("invalid", "Project", "project_id")
def a_project_merged_with_itself(factory: ObjectFactory) -> Response:
    project = factory.project()
    return factory.client.put(project["merge_url"], {"project_id": project["id"]})


@raising("invalid", "Tag", "tag_id")
def a_tag_merged_with_itself(factory: ObjectFactory) -> Response:
    tag = factory.tag()
    return factory.client.put(tag["merge_url"], {"tag_id": tag["id"]})


@raising("invalid", "Tag", "name")
def an_invalid_tag_name(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.tag()["url"], {"name": "two words"})


@raising("invalid", "Timer", "entry_date")
def a_timer_with_an_invalid_date(factory: ObjectFactory) -> Response:
    return factory.client.put(f"{factory.project()['url']}/timer/start", {"entry_date": "today"})


@raising("invalid", "User", "week_start")
def a_week_that_begins_on_a_tuesday(factory: ObjectFactory) -> Response:
    return factory.client.put("/v2/current_user", {"week_start": "tuesday"})


@raising("invalid", "Webhook", "payload_uri")
def a_payload_uri_that_is_not_http(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.webhook()["url"], {"payload_uri": "ftp://x.example/"})


@raising("invalid", "Entry", "billable")
def a_filter_that_is_neither_true_nor_false(factory: ObjectFactory) -> Response:
    return factory.client.get("/v2/entries", {"billable": "maybe"})


@raising("invalid", "Entry", "project_ids")
def a_filter_that_is_not_a_list_of_ids(factory: ObjectFactory) -> Response:
    return factory.client.get("/v2/entries", {"project_ids": "1,two"})


@raising(
    "not_deletable",
    "Project",
    message="The Project cannot be deleted because it has entries, expenses, or invoices.",
)
def a_project_with_entries_deleted(factory: ObjectFactory) -> Response:
    return factory.client.delete(factory.used_project()["url"])


@raising(
    "not_deletable",
    "Project",
    message="The Project cannot be deleted because it has entries, expenses, or invoices.",
)
def a_project_with_expenses_deleted(factory: ObjectFactory) -> Response:
    return factory.client.delete(factory.expense()["project"]["url"])


@raising("not_deletable", "User")
def a_user_with_entries_deleted(factory: ObjectFactory) -> Response:
    return factory.client.delete(f"/v2/users/{factory.person_with_entry().id}")


@raising(
    "deletable",
    "Project",
    message="The Project should be deleted because it does not have any entries, expenses, or invoices.",
)
def an_unused_project_archived(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.project()["archive_url"])


@raising("deletable", "User")
def an_unused_user_deactivated(factory: ObjectFactory) -> Response:
    return factory.client.put(f"/v2/users/{factory.person().id}/deactivate")


@raising("reached_user_limit", "User")
def one_user_too_many_invited(factory: ObjectFactory) -> Response:
    factory.change_settings(max_users="1")
    return factory.client.post("/v2/users", {"email": "one.more@northwind.test"})


@raising("reached_user_limit", "User")
def one_user_too_many_activated(factory: ObjectFactory) -> Response:
    person = factory.deactivated_person()
    factory.change_settings(max_users="1")
    return factory.client.put(f"/v2/users/{person.id}/activate")


@raising("reached_project_limit", "Project")
def one_project_too_many(factory: ObjectFactory) -> Response:
    factory.change_settings(max_projects="0")
    return factory.client.post("/v2/projects", {"name": factory.name()})


@raising("reached_project_limit", "Entry", "project_name")
def one_project_too_many_by_an_entry(factory: ObjectFactory) -> Response:
    factory.change_settings(max_projects="0")
    return factory.client.post("/v2/entries", {"date": DAY, "minutes": 1, "project_name": factory.name()})


@raising("reached_project_limit", "Entry", "project_name")
def one_project_too_many_by_an_edited_entry(factory: ObjectFactory) -> Response:
    factory.change_settings(max_projects="0")
    return factory.client.put(factory.entry()["url"], {"project_name": factory.name()})


@raising("deactivated", "User")
def a_deactivated_user_edited(factory: ObjectFactory) -> Response:
    return factory.client.put(f"/v2/users/{factory.deactivated_person().id}", {"first_name": "New"})


@raising("deactivated", "User")
def a_deactivated_user_granted_access(factory: ObjectFactory) -> Response:
    url = f"/v2/users/{factory.deactivated_person().id}/give_access_to_projects"
    return factory.client.put(url, {"project_ids": []})


@raising("deactivated", "User")
def access_of_a_deactivated_user_revoked(factory: ObjectFactory) -> Response:
    url = f"/v2/users/{factory.deactivated_person().id}/revoke_access_to_projects"
    return factory.client.put(url, {"project_ids": []})


@raising("deactivated", "User")
def all_access_of_a_deactivated_user_revoked(factory: ObjectFactory) -> Response:
    return factory.client.put(f"/v2/users/{factory.deactivated_person().id}/revoke_access_to_all_projects")


@raising("deactivated", "User")
def a_deactivated_user_deactivated(factory: ObjectFactory) -> Response:
    return factory.client.put(f"/v2/users/{factory.deactivated_person().id}/deactivate")


@raising("not_deactivated", "User")
def an_active_user_activated(factory: ObjectFactory) -> Response:
    return factory.client.put(f"/v2/users/{factory.person().id}/activate")


@raising("authenticated_user", "User", "role")
def own_role_edited(factory: ObjectFactory) -> Response:
    return factory.client.put(f"/v2/users/{factory.account.supervisor.id}", {"role": "leader"})


@raising("authenticated_user", "User")
def access_granted_to_oneself(factory: ObjectFactory) -> Response:
    url = f"/v2/users/{factory.account.supervisor.id}/give_access_to_projects"
    return factory.client.put(url, {"project_ids": []})


@raising("authenticated_user", "User")
def own_access_revoked(factory: ObjectFactory) -> Response:
    url = f"/v2/users/{factory.account.supervisor.id}/revoke_access_to_projects"
    return factory.client.put(url, {"project_ids": []})


@raising("authenticated_user", "User")
def all_own_access_revoked(factory: ObjectFactory) -> Response:
    return factory.client.put(f"/v2/users/{factory.account.supervisor.id}/revoke_access_to_all_projects")


@raising("authenticated_user", "User")
def oneself_deleted(factory: ObjectFactory) -> Response:
    return factory.client.delete(f"/v2/users/{factory.account.supervisor.id}")


@raising("authenticated_user", "User")
def oneself_deactivated(factory: ObjectFactory) -> Response:
    return factory.client.put(f"/v2/users/{factory.account.supervisor.id}/deactivate")


@raising("account_owner", "User")
def the_owner_deleted(factory: ObjectFactory) -> Response:
    return factory.client.delete(f"/v2/users/{factory.account.owner.id}")


@raising("account_owner", "User")
def the_owner_deactivated(factory: ObjectFactory) -> Response:
    return factory.client.put(f"/v2/users/{factory.account.owner.id}/deactivate")


@raising("account_owner", "User", "role")
def the_role_of_the_owner_edited(factory: ObjectFactory) -> Response:
    return factory.client.put(f"/v2/users/{factory.account.owner.id}", {"role": "leader"})


@raising("can_access_all_projects", "User")
def access_of_a_leader_revoked(factory: ObjectFactory) -> Response:
    url = f"/v2/users/{factory.account.leader.id}/revoke_access_to_projects"
    return factory.client.put(url, {"project_ids": []})


@raising("can_access_all_projects", "User")
def all_access_of_a_leader_revoked(factory: ObjectFactory) -> Response:
    return factory.client.put(f"/v2/users/{factory.account.leader.id}/revoke_access_to_all_projects")


@raising("archived_project", "Project")
def an_archived_project_edited(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.archived_project()["url"], {"name": "New"})


@raising("archived_project", "Project")
def a_project_merged_into_an_archived_one(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.archived_project()["merge_url"], {"project_id": factory.project()["id"]})


@raising("archived_project", "Project", "project_id")
def an_archived_project_merged_into_another(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.project()["merge_url"], {"project_id": factory.archived_project()["id"]})


@raising("archived_project", "Project")
def an_archived_project_deleted(factory: ObjectFactory) -> Response:
    return factory.client.delete(factory.archived_project()["url"])


@raising("archived_project", "Entry", "project_id")
def time_logged_on_an_archived_project(factory: ObjectFactory) -> Response:
    return factory.client.post(
        "/v2/entries", {"date": DAY, "minutes": 1, "project_id": factory.archived_project()["id"]}
    )


@raising("archived_project", "Entry", "project_name")
def time_logged_on_an_archived_project_by_name(factory: ObjectFactory) -> Response:
    name = factory.archived_project()["name"]
    return factory.client.post("/v2/entries", {"date": DAY, "minutes": 1, "project_name": name})


@raising("archived_project", "Entry", "project_id")
def an_entry_moved_to_an_archived_project(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.entry()["url"], {"project_id": factory.archived_project()["id"]})


@raising("archived_project", "Entry")
def an_entry_of_an_archived_project_edited(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.archived_entry()["url"], {"minutes": 1})


@raising("archived_project", "Entry")
def an_entry_of_an_archived_project_approved(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.archived_entry()["approved_url"])


@raising("archived_project", "Entry")
def an_entry_of_an_archived_project_unapproved(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.archived_entry()["unapproved_url"])


@raising("archived_project", "Entry")
def an_entry_of_an_archived_project_deleted(factory: ObjectFactory) -> Response:
    return factory.client.delete(factory.archived_entry()["url"])


@raising("archived_project", "Expense", "project_id")
def an_expense_booked_on_an_archived_project(factory: ObjectFactory) -> Response:
    project_id = factory.archived_project()["id"]
    return factory.client.post("/v2/expenses", {"date": DAY, "price": 1, "project_id": project_id})


@raising("archived_project", "Expense")
def an_expense_of_an_archived_project_edited(factory: ObjectFactory) -> Response:
    expense = factory.archived_expense()
    body = {"date": DAY, "price": 1, "project_id": expense["project"]["id"]}
    return factory.client.put(expense["url"], body)


@raising("archived_project", "Expense")
def an_expense_of_an_archived_project_deleted(factory: ObjectFactory) -> Response:
    return factory.client.delete(factory.archived_expense()["url"])


@raising("archived_project", "Timer")
def a_timer_started_on_an_archived_project(factory: ObjectFactory) -> Response:
    return factory.client.put(f"{factory.archived_project()['url']}/timer/start")


@raising("archived_project", "Timer")
def a_timer_of_an_archived_project_edited(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.archived_timer()["url"], {"description": "New"})


@raising("archived_project", "Timer")
def a_timer_of_an_archived_project_logged(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.archived_timer()["log_url"])


@raising("cannot_create_projects", "Entry", "project_name")
def a_project_created_by_a_coworkers_entry(factory: ObjectFactory) -> Response:
    body = {"date": DAY, "minutes": 1, "project_name": factory.name()}
    return factory.account.coworker.client.post("/v2/entries", body)


@raising("cannot_create_projects", "Entry", "project_name")
def a_project_created_by_a_coworkers_edited_entry(factory: ObjectFactory) -> Response:
    client = factory.account.coworker.client
    entry = client.post("/v2/entries", {"date": DAY, "minutes": 1}).json()
    return client.put(entry["url"], {"project_name": factory.name()})


@raising("cannot_create_tags", "Entry", "description")
def a_tag_created_by_an_entry_without_permission(factory: ObjectFactory) -> Response:
    factory.change_settings(tag_creation_role="leader")
    body = {"date": DAY, "minutes": 1, "description": f"#{factory.name()}"}
    return factory.account.coworker.client.post("/v2/entries", body)


@raising("cannot_create_tags", "Entry", "description")
def a_tag_created_by_an_edited_entry_without_permission(factory: ObjectFactory) -> Response:
    factory.change_settings(tag_creation_role="leader")
    client = factory.account.coworker.client
    entry = client.post("/v2/entries", {"date": DAY, "minutes": 1}).json()
    return client.put(entry["url"], {"description": f"#{factory.name()}"})


@raising("cannot_create_tags", "Timer", "description")
def a_tag_created_by_a_timer_without_permission(factory: ObjectFactory) -> Response:
    factory.change_settings(tag_creation_role="leader")
    client, project = factory.account.coworker.client, factory.project(factory.account.coworker)
    factory.expect_success(client.put(f"{project['url']}/timer/start"))
    return client.put(f"{project['url']}/timer/log", {"description": f"#{factory.name()}"})


@raising("approved_and_locked", "Entry")
def an_approved_entry_edited(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.approved_entry()["url"], {"minutes": 1})


@raising("approved_and_locked", "Entry")
def an_approved_entry_deleted(factory: ObjectFactory) -> Response:
    return factory.client.delete(factory.approved_entry()["url"])


@raising("already_approved", "Entry")
def an_approved_entry_approved(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.approved_entry()["approved_url"])


@raising("invoiced", "Entry")
def an_invoiced_entry_edited(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.outside_invoiced_entry()["url"], {"minutes": 1})


@raising("invoiced", "Entry")
def an_invoiced_entry_deleted(factory: ObjectFactory) -> Response:
    return factory.client.delete(factory.outside_invoiced_entry()["url"])


@raising("invoiced", "Entry")
def an_entry_on_an_invoice_edited(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.invoiced_entry()["url"], {"minutes": 1})


@raising("invoiced", "Entry")
def an_entry_on_an_invoice_deleted(factory: ObjectFactory) -> Response:
    return factory.client.delete(factory.invoiced_entry()["url"])


@raising("invoiced", "Expense")
def an_expense_on_an_invoice_edited(factory: ObjectFactory) -> Response:
    expense = factory.invoiced_expense()
    return factory.client.put(expense["url"], {"date": DAY, "price": 1, "project_id": expense["project"]["id"]})


@raising("invoiced", "Expense")
def an_expense_on_an_invoice_deleted(factory: ObjectFactory) -> Response:
    return factory.client.delete(factory.invoiced_expense()["url"])


@raising("already_invoiced", "Entry")
def an_entry_on_an_invoice_marked_as_invoiced(factory: ObjectFactory) -> Response:
    return factory.client.put(f"{factory.invoiced_entry()['url']}/marked_as_invoiced", {"date": DAY})


@raising("already_invoiced", "Entry", "entry_ids[1]", "Entries could not be added")
def an_entry_put_on_a_second_invoice(factory: ObjectFactory) -> Response:
    entry_ids = [factory.entry()["id"], factory.invoiced_entry()["id"]]
    return factory.client.post("/v2/invoices", {"invoice_date": DAY, "entry_ids": entry_ids})


@raising("already_invoiced", "Entry", "entry_ids[0]", "Entries could not be added")
def an_entry_marked_as_invoiced_put_on_an_invoice(factory: ObjectFactory) -> Response:
    entry_ids = [factory.outside_invoiced_entry()["id"]]
    return factory.client.put(f"{factory.invoice()['url']}/add_entries", {"entry_ids": entry_ids})


@raising("already_invoiced", "Expense", "expense_ids[0]", "Expenses could not be added")
def an_expense_put_on_a_second_invoice(factory: ObjectFactory) -> Response:
    expense_ids = [factory.invoiced_expense()["id"]]
    return factory.client.put(f"{factory.invoice()['url']}/add_expenses", {"expense_ids": expense_ids})


@raising("archived_project", "Entry", "entry_ids[0]", "Entries could not be added")
def an_entry_of_an_archived_project_put_on_a_new_invoice(factory: ObjectFactory) -> Response:
    entry_ids = [factory.archived_entry()["id"]]
    return factory.client.post("/v2/invoices", {"invoice_date": DAY, "entry_ids": entry_ids})


@raising("archived_project", "Entry", "entry_ids[0]", "Entries could not be added")
def an_entry_of_an_archived_project_put_on_an_invoice(factory: ObjectFactory) -> Response:
    entry_ids = [factory.archived_entry()["id"]]
    return factory.client.put(f"{factory.invoice()['url']}/add_entries", {"entry_ids": entry_ids})


@raising("archived_project", "Expense", "expense_ids[0]", "Expenses could not be added")
def an_expense_of_an_archived_project_put_on_an_invoice(factory: ObjectFactory) -> Response:
    expense_ids = [factory.archived_expense()["id"]]
    return factory.client.put(f"{factory.invoice()['url']}/add_expenses", {"expense_ids": expense_ids})


@raising("missing", "Entry", "entry_ids[1]", "Entries or Expenses could not be added")
def an_invoice_of_an_unknown_entry(factory: ObjectFactory) -> Response:
    entry_ids, expense_ids = [factory.entry()["id"], NO_SUCH_ID], [factory.expense()["id"]]
    return factory.client.post(
        "/v2/invoices", {"invoice_date": DAY, "entry_ids": entry_ids, "expense_ids": expense_ids}
    )


@raising("missing", "Expense", "expense_ids[0]", "Expenses could not be added")
def an_invoice_of_an_unknown_expense(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/invoices", {"invoice_date": DAY, "expense_ids": [NO_SUCH_ID]})


@raising("missing_field", "Invoice", "invoice_date")
def an_invoice_without_a_date(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/invoices", {})


@raising("missing_field", "Invoice", "rate_calculation.standard_hourly_rate")
def an_invoice_without_its_hourly_rate(factory: ObjectFactory) -> Response:
    rates = {"calculation_method": "standard_hourly_rate"}
    return factory.client.post("/v2/invoices", {"invoice_date": DAY, "rate_calculation": rates})


@raising("missing_field", "Invoice", "taxes[1].percentage")
def a_tax_without_a_percentage(factory: ObjectFactory) -> Response:
    taxes = [{"percentage": 1}, {"name": "VAT"}]
    return factory.client.put(f"{factory.invoice()['url']}/add_taxes", {"taxes": taxes})


@raising("missing_field", "Invoice", "tax_ids")
def taxes_removed_without_ids(factory: ObjectFactory) -> Response:
    return factory.client.put(f"{factory.invoice()['url']}/remove_taxes")


@raising("invalid", "Invoice", "customization.currency_code")
def an_unknown_currency(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.invoice()["url"], {"customization": {"currency_code": "XXZ"}})


@raising("locale_not_available", "Invoice", "customization.locale")
def a_new_invoice_in_an_unknown_locale(factory: ObjectFactory) -> Response:
    return factory.client.post("/v2/invoices", {"invoice_date": DAY, "customization": {"locale": "xx-XX"}})


@raising("locale_not_available", "Invoice", "customization.locale")
def an_invoice_in_an_unknown_locale(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.invoice()["url"], {"customization": {"locale": "xx-XX"}})


def change_invoice(factory: ObjectFactory, make: Callable[[ObjectFactory], Resource], action: str) -> Response:
    invoice, method = make(factory), "DELETE" if action == "delete" else "PUT"
    path = {"edit": "", "delete": ""}.get(action, f"/{action}")
    body = {
        "footer": "New",
        "entry_ids": [factory.entry()["id"]],
        "expense_ids": [factory.expense()["id"]],
        "taxes": [{"percentage": 1}],
        "tax_ids": [invoice["taxes"][0]["id"]],
    }
    return factory.client.request(method, invoice["url"] + path, body=b"" if method == "DELETE" else body)


for _code, _make in {"paid": ObjectFactory.paid_invoice, "locked": ObjectFactory.locked_invoice}.items():
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
        CASES.setdefault(_code, []).append(
            Case(_action, "base", partial(change_invoice, make=_make, action=_action), "Invoice", None)
        )


@raising("locked", "Invoice")
def an_invoice_awaiting_payment_edited(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.locked_invoice("awaiting_payment")["url"], {"footer": "New"})


@raising(
    "not_deletable",
    "Project",
    message="The Project cannot be deleted because it has entries, expenses, or invoices.",
)
def a_project_with_an_invoiced_expense_deleted(factory: ObjectFactory) -> Response:
    return factory.client.delete(factory.invoiced_expense()["project"]["url"])


@raising("logged", "InboxEntry")
def a_logged_inbox_entry_edited(factory: ObjectFactory) -> Response:
    return factory.client.put(factory.logged_inbox_entry()["url"], {"date": DAY, "description": "New"})


@raising("logged", "InboxEntry")
def a_logged_inbox_entry_logged(factory: ObjectFactory) -> Response:
    return factory.client.post(factory.logged_inbox_entry()["log_url"])


@raising("logged", "InboxEntry")
def a_logged_inbox_entry_deleted(factory: ObjectFactory) -> Response:
    return factory.client.delete(factory.logged_inbox_entry()["url"])


@raising("expired", "Event", "after")
def events_that_are_no_longer_kept(factory: ObjectFactory) -> Response:
    account = factory.account
    factory.project()
    account.database.write_now(account.id, retention.delete_old_events, account.database.clock.now() + DAY_LATER)
    return factory.client.get("/v2/events", {"after": 0})


@raising("not_failing", "Webhook")
def a_payload_skipped_that_is_not_failing(factory: ObjectFactory) -> Response:
    webhook = factory.webhook()
    [ping] = factory.client.get(f"{webhook['url']}/payloads").json()
    return factory.client.put(f"{webhook['url']}/skip/{ping['payload_id']}")


@pytest.mark.parametrize("code", CASES)
def test_each_error_code_occurs_where_it_is_documented(account: Account, code: str) -> None:
    factory = ObjectFactory(account)
    for case in CASES[code]:
        response = case.provoke(factory)
        assert response.status == 400, (case.name, response.body)
        body = response.refusal
        assert body["errors"] == [{"resource": case.resource, "field": case.field, "code": code}], case.name
        if case.message is not None:
            assert body["message"] == case.message, case.name
        elif case.field != "base":
            assert body["message"] == "Validation Failed", case.name
        else:
            assert re.fullmatch(r"[A-Z].+\.", body["message"]), case.name


# The codes in the order of the documented table.
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


def test_every_error_code_is_covered() -> None:
    assert {*CASES} | NEVER_RAISED == {*CODES} | OUR_CODES
    assert {*CASES} & NEVER_RAISED == set()


@pytest.mark.skipif(not CONTRACT.exists(), reason="the contract is not beside this checkout")
def test_error_codes_match_the_documentation() -> None:
    page = (CONTRACT / "00-conventions.md").read_text()
    table = page.partition("### Every error code")[2].partition("Withdrawn codes")[0]

    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == CODES
