"""Notices on every page about webhooks that need somebody: failing for long, stalled, or gone."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from hourhook.clock import SECOND
from hourhook.delivery.history.overviews import TroubledWebhook, read_troubled
from hourhook.domain.callers import Caller
from hourhook.store.transaction import Transaction
from hourhook.web.display import Display

# More than these are summed up in one notice.
MAX_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Trouble:
    """Trouble that every page shows to those who can act: a sentence, and the page that helps."""

    # With the time until the next try, which a script counts down.
    sentence: Markup
    button: str
    path: str


def find_troubles(tx: Transaction, caller: Caller, display: Display, alert_after_seconds: float) -> Sequence[Trouble]:
    """Return the notices for a user, with one statement; nobody below a leader gets any."""
    if not caller.has_role("leader"):
        return ()
    # At least 0: an "infinite" setting must not exceed the range of a column.
    failing_since = round(max(0, tx.started_at - alert_after_seconds * SECOND))
    troubled = read_troubled(tx, caller.account_id, failing_since=failing_since, limit=MAX_SHOWN)
    found = [
        Trouble(_sentence(webhook, display), "See webhook", f"/integrations/webhooks/{webhook.id}")
        for webhook in troubled
    ]
    more = troubled[0].total - len(troubled) if troubled else 0
    if more:
        words = "1 more webhook needs" if more == 1 else f"{display.number(more)} more webhooks need"
        found.append(Trouble(Markup(words) + " somebody.", "See webhooks", "/integrations/webhooks"))
    return found


def _sentence(webhook: TroubledWebhook, display: Display) -> Markup:
    waiting = webhook.waiting_count
    waits = f" {display.number(waiting)} {'payload waits' if waiting == 1 else 'payloads wait'}." if waiting else ""
    # What a user has written is escaped, since it is added to markup.
    name = Markup() + webhook.name
    if webhook.state == "gone":
        return name + f" is disabled, because its receiver answered 410.{waits}"
    if webhook.state == "stalled":
        return name + f" has stalled: nothing is sent until somebody enables it.{waits}"
    seconds = (display.now - (webhook.failing_since or display.now)) / SECOND
    sentence = name + f" has been failing for {display.span(seconds)}.{waits}"
    due_at = webhook.due_at
    if due_at is not None and due_at > display.now:
        sentence += Markup(" Next try in {}.").format(display.until(due_at))
    return sentence
