"""An account in which there is one of everything, for tests that walk all endpoints."""

from collections.abc import Mapping
from typing import Any

from hourhook.api.endpoints import Endpoint
from tests.support.accounts import Account
from tests.support.broadcast_receivers import make_receiver
from tests.support.factories import (
    give_access,
    invoice,
    log_time,
    make_group,
    make_project,
    make_tag,
    make_team,
    propose,
    spend,
    start_timer,
)
from tests.support.webhooks import log_of, make_webhook

Stage = Mapping[str, Any]


def set_stage(account: Account, name: str = "stage") -> Stage:
    """Something for each name that a path may hold, such that the supervisor can do with it what he likes."""
    guest = account.add(f"{name}-guest", "contractor")
    project = make_project(account, f"Project of {name}")
    give_access(account, guest, project)
    start_timer(account.supervisor, project)
    webhook = make_webhook(account)
    billed = make_project(account, f"Billed project of {name}")
    bill = invoice(account, [], [spend(account.supervisor, billed)], taxes=[{"percentage": 20}])
    return {
        "user_id": guest.id,
        "team_id": make_team(account, f"Team of {name}", account.leader)["id"],
        "project_id": project["id"],
        "project_group_id": make_group(account, f"Group of {name}", project)["id"],
        "tag_id": make_tag(account, name)["id"],
        "entry_id": log_time(account.supervisor, f"Work #{name}", project_id=project["id"])["id"],
        "inbox_entry_id": propose(account.supervisor, minutes=15)["id"],
        "expense_id": spend(account.supervisor, project)["id"],
        "invoice_id": bill["id"],
        "tax_id": bill["taxes"][0]["id"],
        "broadcast_receiver_id": make_receiver(account.supervisor)["id"],
        "webhook_id": webhook["id"],
        "payload_id": log_of(account, webhook)[0]["payload_id"],
    }


def path_of(endpoint: Endpoint, stage: Stage) -> str:
    """Where an endpoint is on this stage."""
    return endpoint.path.format_map(stage)
