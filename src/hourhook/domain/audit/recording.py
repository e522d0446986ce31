"""Record an action in the audit trail, in the transaction of the change itself.

Call it only if something has changed: a request that changes nothing leaves no record.
"""

from collections.abc import Mapping

import msgspec

from hourhook.domain.audit.actions import Action, Resource
from hourhook.domain.callers import Caller
from hourhook.store.schema import audit_records
from hourhook.store.transaction import Transaction


def record(
    tx: Transaction,
    caller: Caller | None,
    resource: Resource,
    resource_id: int,
    action: Action,
    details: Mapping[str, object] | None = None,
) -> None:
    """Record an action; ``caller`` is None for the server itself and for the command line.

    ``details`` are the inputs or, for edits, ``{key: [before, after]}``; never a secret or the value of a header.
    """
    tx.insert(
        audit_records,
        account_id=tx.account_id,
        created_at=tx.event_time,
        user_id=None if caller is None else caller.actor_id,
        resource=resource,
        resource_id=resource_id,
        action=action,
        details=msgspec.json.encode(details or {}),
    )


def record_edit(
    tx: Transaction,
    caller: Caller | None,
    resource: Resource,
    resource_id: int,
    before: Mapping[str, object],
    after: Mapping[str, object],
) -> None:
    """Record ``edited`` with the values that differ, if there are any."""
    changed = {key: [before[key], value] for key, value in after.items() if before[key] != value}
    if changed:
        record(tx, caller, resource, resource_id, "edited", changed)
