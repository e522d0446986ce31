"""The texts of mails about the trouble of webhooks: what happened, what waits, and what to do."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hourhook.clock import to_timestamp
from hourhook.domain.invitations.mail import format_date_time
from hourhook.domain.links import Links
from hourhook.domain.payloads.representations import WebhookWithStatus

Kind = Literal["failing", "stalled", "gone", "recovered", "enabled"]
# More than these are summed up.
MAX_LISTED = 20
WIDTH = 76

_SUBJECTS = {
    "failing": ("is failing", "are failing"),
    "stalled": ("has stalled", "have stalled"),
    "gone": ("is disabled: its receiver answered 410", "are disabled: their receivers answered 410"),
    "recovered": ("has recovered", "have recovered"),
    "enabled": ("is enabled again", "are enabled again"),
}
_WHAT_HAPPENED = {
    "failing": "Its receiver has not accepted the next payload{since}. Hourhook keeps trying, and nothing is lost: the "
    "payloads wait in order.",
    "stalled": "Its receiver has not accepted the next payload{since}, so Hourhook has stopped trying. The payloads "
    "wait in order; a payload is lost {days:g} days after its event.",
    "gone": "Its receiver answered 410 Gone, which says that nothing listens there any more. New events are not queued "
    "for it.",
    "recovered": "Its receiver accepts payloads again, or the failing one was skipped. What waits is being sent, in "
    "order.",
    "enabled": "It had been disabled because its receiver answered 410. What waits is being sent, in order.",
}
_WHAT_TO_DO = {
    "failing": 'See what the receiver answered, repair it, then choose "Try now":',
    "stalled": 'Repair the receiver, then choose "Enable webhook":',
    "gone": 'If that is a mistake, repair the receiver, then choose "Enable webhook". Otherwise delete the webhook:',
    "recovered": "Nothing needs to be done. The page of the webhook:",
    "enabled": "Nothing needs to be done. The page of the webhook:",
}


@dataclass(frozen=True, slots=True)
class AlertMail:
    """A mail to one user about one or more webhooks of an account."""

    kind: Kind
    account: str
    first_name: str | None
    webhooks: Sequence[WebhookWithStatus]
    links: Links
    retention_seconds: float

    @property
    def subject(self) -> str:
        one, many = _SUBJECTS[self.kind]
        if len(self.webhooks) == 1:
            return f"Webhook {self.webhooks[0].name} {one}"
        return f"{len(self.webhooks)} webhooks {many}"

    @property
    def text(self) -> str:
        greeting = f"Hello {self.first_name}," if self.first_name else "Hello,"
        body = self._about_one(self.webhooks[0]) if len(self.webhooks) == 1 else self._about_many()
        return f"""\
{greeting}

{body}
You get this message because you created it or own the account {self.account}.
"""

    def _about_one(self, webhook: WebhookWithStatus) -> str:
        since = ""
        if webhook.failing_since is not None:
            failing_since = to_timestamp(datetime.fromisoformat(webhook.failing_since))
            since = f" since {format_date_time(failing_since)}"
        happened = _WHAT_HAPPENED[self.kind].format(since=since, days=self.retention_seconds / 86_400)
        waiting = webhook.waiting_count
        waits = (
            "Nothing waits." if not waiting else f"Waiting: {waiting:,} {'payload' if waiting == 1 else 'payloads'}."
        )
        told = f"The webhook {webhook.name} {_SUBJECTS[self.kind][0]}. {happened} {waits}"
        return f"""\
{textwrap.fill(told, WIDTH, break_long_words=False)}

{_WHAT_TO_DO[self.kind]}

{self._link(webhook)}
"""

    def _about_many(self) -> str:
        listed = "".join(f"{webhook.name}: {self._link(webhook)}\n" for webhook in self.webhooks[:MAX_LISTED])
        more = len(self.webhooks) - MAX_LISTED
        if more > 0:
            listed += f"and {more:,} more: {self.links.url('/integrations/webhooks')}\n"
        return f"""\
{len(self.webhooks):,} webhooks {_SUBJECTS[self.kind][1]}:

{listed}"""

    def _link(self, webhook: WebhookWithStatus) -> str:
        return self.links.url(f"/integrations/webhooks/{webhook.id}")
