"""Report the trouble of webhooks: events for other webhooks and the feed, and mails (``docs/api/webhooks.md#alerts``).

An event about a webhook is raised when its state changes, never by an attempt, so alerts about webhooks that receive
alerts cannot feed each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import structlog
from sqlalchemy import bindparam, or_, select

from hourhook.delivery import alerts, event_log, lane_control
from hourhook.delivery.history.statistics import read_status
from hourhook.domain.audit.recording import record
from hourhook.domain.callers import IS_USER_ENABLED
from hourhook.domain.links import Links
from hourhook.domain.payloads.representations import WebhookWithStatus, represent_with_status
from hourhook.domain.webhooks.alert_mails import AlertMail, Kind
from hourhook.mail import outbox as mails
from hourhook.mail.outbox import Outbox
from hourhook.store.schema import accounts, users, webhooks
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Reporter:
    """Reports trouble, with events and, if there is an outbox, with mails."""

    links: Links
    outbox: Outbox | None
    retention_seconds: float

    def report_due(self, tx: Transaction, webhook_ids: Sequence[int], after: int) -> None:
        """Report what is due of these webhooks; each thing once, whoever calls it and however often."""
        found: dict[Kind, list[WebhookWithStatus]] = {}
        for id in webhook_ids:
            for alert in alerts.take(tx, id, after):
                found.setdefault(alert, []).append(raise_event(tx, self.links, id, alert))
                _log.warning("webhook alert", account=tx.account_id, webhook=id, state=alert)
        for kind, reported in found.items():
            self.send_mails(tx, kind, reported)

    def disable_gone(self, tx: Transaction, webhook_id: int, sequence: int) -> bool:
        """Disable a webhook whose receiver answered payload ``sequence`` with 410, and report it."""
        if not lane_control.disable_gone(tx, webhook_id, sequence):
            return False
        record(tx, None, "Webhook", webhook_id, "disabled_gone", {"sequence": sequence})
        self.send_mails(tx, "gone", [raise_event(tx, self.links, webhook_id, "disabled")])
        return True

    def send_mails(self, tx: Transaction, kind: Kind, reported: Sequence[WebhookWithStatus]) -> None:
        """Mail those who created these webhooks and the owner of the account: one mail each."""
        if self.outbox is None:
            return
        by_id = {webhook.id: webhook for webhook in reported}
        recipients: dict[int, tuple[Row, list[WebhookWithStatus]]] = {}
        for row in tx.all(_RECIPIENTS, account=tx.account_id, ids=[*by_id]):
            recipients.setdefault(row.id, (row, []))[1].append(by_id[row.webhook_id])
        for id, (row, own) in recipients.items():
            mail = AlertMail(kind, row.account_name, row.first_name, own, self.links, self.retention_seconds)
            about = f"webhook {own[0].id} {kind}" if len(own) == 1 else f"webhooks {kind}"
            # One that is not sent yet is out of date.
            mails.cancel(tx, id, about)
            self.outbox.enqueue(tx, user_id=id, kind=about, recipient=row.email, subject=mail.subject, text=mail.text)


def raise_event(
    tx: Transaction, links: Links, webhook_id: int, state: Literal["failing", "stalled", "disabled", "recovered"]
) -> WebhookWithStatus:
    """Append an event about a webhook to the log; returns its object."""
    webhook = describe(tx, links, webhook_id)
    event_log.append(tx, f"webhook.{state}", {}, webhook, about_webhook_id=webhook_id)
    return webhook


def describe(tx: Transaction, links: Links, webhook_id: int) -> WebhookWithStatus:
    """Return a webhook of the transaction's account with its status."""
    name = tx.value(_NAME, account=tx.account_id, id=webhook_id)
    return represent_with_status(links, webhook_id, name, read_status(tx, tx.account_id, webhook_id))


_NAME = Statement(
    select(webhooks.c.name).where(webhooks.c.account_id == bindparam("account"), webhooks.c.id == bindparam("id"))
)
# The owner, and the creator if they may still see webhooks.
_RECIPIENTS = Statement(
    select(
        users.c.id,
        users.c.email,
        users.c.first_name,
        accounts.c.name.label("account_name"),
        webhooks.c.id.label("webhook_id"),
    )
    .join_from(webhooks, accounts, accounts.c.id == webhooks.c.account_id)
    .join(
        users,
        (users.c.account_id == webhooks.c.account_id)
        & or_(
            users.c.id == accounts.c.owner_id,
            (users.c.id == webhooks.c.created_by_id) & or_(users.c.role == "supervisor", users.c.role == "leader"),
        ),
    )
    .where(
        webhooks.c.account_id == bindparam("account"),
        any_of(webhooks.c.id, "ids"),
        IS_USER_ENABLED,
    )
    .order_by(users.c.id, webhooks.c.id)
)
