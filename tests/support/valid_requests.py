"""Valid requests to every endpoint, for an account with one of each resource (``full_account``)."""

from collections.abc import Callable
from itertools import count

from hourhook.api.endpoints import Endpoint
from tests.support.accounts import Account
from tests.support.factories import DAY, make_entry, make_project, make_tag
from tests.support.full_account import PathParameters
from tests.support.webhooks import URI


def called(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


def required_of(endpoint: Endpoint) -> tuple[str, ...]:
    return () if endpoint.inputs is None else endpoint.inputs.required


def activate_first(account: Account, path_ids: PathParameters) -> None:
    make_entry(account.leader, user_id=path_ids["user_id"])
    assert account.supervisor.client.put(f"/v2/users/{path_ids['user_id']}/deactivate").status == 204


def use_first(account: Account, path_ids: PathParameters) -> None:
    make_entry(account.leader, user_id=path_ids["user_id"])


def empty_first(account: Account, path_ids: PathParameters) -> None:
    for path in (f"/v2/entries/{path_ids['entry_id']}", f"/v2/expenses/{path_ids['expense_id']}"):
        assert account.supervisor.client.delete(path).status == 204


# For names that no other resource has.
_numbers = count(1)

Value = Callable[[Account, PathParameters], object]

# A valid value for each required input.
GOOD: dict[str, Value] = {
    "date": lambda account, path_ids: DAY,
    "from": lambda account, path_ids: "2023-01-01",
    "to": lambda account, path_ids: DAY,
    "minutes": lambda account, path_ids: 15,
    "price": lambda account, path_ids: 49.9,
    "description": lambda account, path_ids: "Kick-off",
    "name": lambda account, path_ids: f"Another than {path_ids['project_id']}",
    "names": lambda account, path_ids: ["another"],
    "email": lambda account, path_ids: f"new{path_ids['user_id']}@northwind.test",
    "payload_uri": lambda account, path_ids: URI,
    "events": lambda account, path_ids: ["entry.created"],
    "type": lambda account, path_ids: "tag.created",
    "subjects": lambda account, path_ids: ["timer"],
    "project_id": lambda account, path_ids: make_project(account, f"Other {next(_numbers)}")["id"],
    "tag_id": lambda account, path_ids: make_tag(account, f"other{next(_numbers)}")["id"],
    "user_ids": lambda account, path_ids: [path_ids["user_id"]],
    "project_ids": lambda account, path_ids: [path_ids["project_id"]],
    "entry_ids": lambda account, path_ids: [path_ids["entry_id"]],
    "expense_ids": lambda account, path_ids: [path_ids["expense_id"]],
    "tax_ids": lambda account, path_ids: [path_ids["tax_id"]],
    "invoice_date": lambda account, path_ids: DAY,
    "taxes": lambda account, path_ids: [{"percentage": 20}],
}

# Only a payload that a worker failed to deliver can be skipped (test_payloads_recovery.py).
WORK_ONLY_WITH_A_WORKER = {"PUT /v2/webhooks/{webhook_id}/skip/{payload_id}"}

# Preconditions of an endpoint, and further required inputs.
PREPARED: dict[str, Callable[[Account, PathParameters], dict[str, object] | None]] = {
    "PUT /v2/users/{user_id}/activate": activate_first,
    "PUT /v2/users/{user_id}/deactivate": use_first,
    "DELETE /v2/projects/{project_id}": empty_first,
    "PUT /v2/webhooks/{webhook_id}/replay": lambda account, path_ids: {"sequence": 1},
}
