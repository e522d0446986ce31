"""``/integrations/webhooks/new``, and the page that shows the secret of a webhook once."""

from pathlib import Path

from hourhook.clock import format_timestamp
from hourhook.delivery.history.entries import read_one_off_entries
from hourhook.domain.webhooks import beginnings, editing
from hourhook.domain.webhooks.editing import WebhookCreate
from hourhook.web.pages import Action, Pages, Redirect, Values, View
from hourhook.web.webhooks.acting import PATH, path_of, require_lane
from hourhook.web.webhooks.event_choices import GROUPS, chosen

_VERIFIERS = Path(__file__).parent / "verifiers"
# The programs that the page shows; ``docs/guides/receivers.md`` shows those of frameworks too.
LANGUAGES = (
    ("Python", "python.txt"),
    ("Ruby", "ruby.rb"),
    ("Node", "node.mjs"),
    ("PHP", "php.php"),
    ("Go", "go.go"),
    ("Shell", "shell.sh"),
)
pages = Pages()


@pages.get("/integrations/webhooks/new", template="webhooks/new", role="leader")
def new(view: View) -> Values:
    return {"groups": GROUPS, "counts": {}, "kept_since": beginnings.kept_since(view.tx, view.caller)}


@pages.post("/integrations/webhooks/new", role="leader")
def create(action: Action) -> Redirect:
    events = chosen(action.fields.lists.get("events", []))
    typed = action.fields.get("from", "")
    since = action.display.parse_local(typed)
    beginning = {"from": typed if since is None else format_timestamp(since)}
    params, errors = action.parse(WebhookCreate, resource="Webhook", events=events, **beginning)
    webhook = editing.create(action.tx, action.caller, action.dependencies, params, errors)
    return Redirect(f"{path_of(webhook.id)}/secret", secret=webhook.secret)


@pages.get("/integrations/webhooks/check", template="webhooks/check", role="leader", is_bare=True)
def check(view: View) -> Values:
    """Say whether an address can be used, while it is typed."""
    address = view.argument("payload_uri").strip()
    return {"address": address, "problem": view.dependencies.guard.check_uri(address) if address else None}


def read_program(file: str) -> str:
    """Return a program that verifies signatures."""
    return (_VERIFIERS / file).read_text()


@pages.get(PATH + "/secret", template="webhooks/secret", role="leader")
def secret(view: View, webhook_id: int) -> Values:
    """Show the secret once, with programs that verify it, and what became of the greeting."""
    lane = require_lane(view.tx, view.caller.account_id, webhook_id)
    parameters = {"account": view.caller.account_id, "webhook": webhook_id, "low": 0, "high": 2**62}
    pings = read_one_off_entries(view.tx, parameters, limit=1)
    return {
        "webhook_id": webhook_id,
        "row": lane.row,
        "secret": view.secret,
        "ping": pings[0].logged if pings else None,
        "programs": [(name, read_program(file)) for name, file in LANGUAGES],
    }
