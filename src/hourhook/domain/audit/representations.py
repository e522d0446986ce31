"""The JSON representations of records in the audit trail (``docs/api/audit.md``)."""

from typing import Annotated

import msgspec
from msgspec import Meta

from hourhook.domain.enums import AuditAction, AuditResource, WebhookAction
from hourhook.domain.summaries import SimpleUser, Timestamp


class HistoryRecord(msgspec.Struct, frozen=True):
    """An action on a webhook. ``user`` is null for the server itself and for the command line."""

    created_at: Timestamp
    user: SimpleUser | None
    action: WebhookAction
    # As stored.
    details: Annotated[msgspec.Raw, Meta(extra_json_schema={"type": "object"})]


class AuditRecord(msgspec.Struct, frozen=True):
    """An action in the account. ``user`` is null for the server itself and for the command line."""

    created_at: Timestamp
    user: SimpleUser | None
    resource: AuditResource
    resource_id: int
    action: AuditAction
    # As stored.
    details: Annotated[msgspec.Raw, Meta(extra_json_schema={"type": "object"})]
