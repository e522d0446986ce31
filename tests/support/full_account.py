"""An account with one of each resource, for tests that call every endpoint."""

from collections.abc import Mapping
from typing import Any

from hourhook.api.endpoints import Endpoint
from hourhook.domain.oauth import applications
from hourhook.store.transaction import Transaction
from tests.support.accounts import Account, Person
from tests.support.broadcast_receivers import make_receiver
from tests.support.factories import (
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
from tests.support.webhooks import get_delivery_log, make_webhook

PathParameters = Mapping[str, Any]


def populate_account(account: Account, name: str = "stage", actor: Person | None = None) -> PathParameters:
    """Create one of each resource that a path may name; return their ids.

    Resources that belong to a user are the actor's, by default the supervisor's. All others are visible to the actor.
    """
    actor = actor or account.supervisor
    guest = account.add(f"{name}-guest", "contractor")
    project = make_project(account, f"Project of {name}")
    give_access(account, guest, project)
    if actor.role in ("coworker", "contractor"):
        give_access(account, actor, project)
    start_timer(actor, project)
    webhook = make_webhook(account)
    billed = make_project(account, f"Billed project of {name}")
    invoice = make_invoice(account, [], [make_expense(account.supervisor, billed)], taxes=[{"percentage": 20}])
    return {
        "user_id": guest.id,
        "team_id": make_team(
            account, f"Team of {name}", *{account.leader.id: account.leader, actor.id: actor}.values()
        )["id"],
        "project_id": project["id"],
        "project_group_id": make_group(account, f"Group of {name}", project)["id"],
        "tag_id": make_tag(account, name)["id"],
        "entry_id": make_entry(actor, f"Work #{name}", project_id=project["id"])["id"],
        "inbox_entry_id": make_inbox_entry(actor, minutes=15)["id"],
        "expense_id": make_expense(actor, project)["id"],
        "invoice_id": invoice["id"],
        "tax_id": invoice["taxes"][0]["id"],
        "broadcast_receiver_id": make_receiver(actor)["id"],
        "application_id": register_own(account, f"App of {name}"),
        "webhook_id": webhook["id"],
        "payload_id": get_delivery_log(account, webhook)[0]["payload_id"],
    }


def register_own(account: Account, name: str) -> int:
    """Register an application of the account; return its id."""

    def store(tx: Transaction) -> int:
        url = "https://app.test"
        return applications.store(tx, name, url, f"{url}/cb", is_public=False, account_id=account.id).id

    return account.database.write_now(account.id, store)


def resolve_path(endpoint: Endpoint, path_ids: PathParameters) -> str:
    """Return the path of an endpoint for these resources."""
    return endpoint.path.format_map(path_ids)
