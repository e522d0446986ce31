"""An account in which there is one of everything, for tests that walk all endpoints."""

from collections.abc import Mapping
from typing import Any

from hourhook.api.endpoints import Endpoint
from tests.support.accounts import Account
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


def populate_account(account: Account, name: str = "stage") -> PathParameters:
    """Something for each name that a path may hold, such that the supervisor can do with it what he likes."""
    guest = account.add(f"{name}-guest", "contractor")
    project = make_project(account, f"Project of {name}")
    give_access(account, guest, project)
    start_timer(account.supervisor, project)
    webhook = make_webhook(account)
    billed = make_project(account, f"Billed project of {name}")
    bill = make_invoice(account, [], [make_expense(account.supervisor, billed)], taxes=[{"percentage": 20}])
    return {
        "user_id": guest.id,
        "team_id": make_team(account, f"Team of {name}", account.leader)["id"],
        "project_id": project["id"],
        "project_group_id": make_group(account, f"Group of {name}", project)["id"],
        "tag_id": make_tag(account, name)["id"],
        "entry_id": make_entry(account.supervisor, f"Work #{name}", project_id=project["id"])["id"],
        "inbox_entry_id": make_inbox_entry(account.supervisor, minutes=15)["id"],
        "expense_id": make_expense(account.supervisor, project)["id"],
        "invoice_id": bill["id"],
        "tax_id": bill["taxes"][0]["id"],
        "broadcast_receiver_id": make_receiver(account.supervisor)["id"],
        "webhook_id": webhook["id"],
        "payload_id": get_delivery_log(account, webhook)[0]["payload_id"],
    }


def resolve_path(endpoint: Endpoint, path_ids: PathParameters) -> str:
    """Where an endpoint is on this stage."""
    return endpoint.path.format_map(path_ids)
