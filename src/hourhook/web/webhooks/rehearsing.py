"""``/integrations/webhooks/try``: a webhook whose receiver is this server, to see what happens without one's own."""

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

from hourhook.domain.webhooks import rehearsals
from hourhook.web.pages import Action, Pages, Redirect, Values, View
from hourhook.web.webhooks.acting import PATH, path_of

ANSWERS = (("204", "204"), ("503", "503"), ("410", "410"), ("slow", "Slow"))
pages = Pages()


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A request that the receiver got."""

    number: int
    received_at: int
    type: str
    headers: list[tuple[str, str]]
    body: str
    answer: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The receiver of a webhook on this server."""

    answer: str
    requests: list[ReceivedRequest]


@pages.get("/integrations/webhooks/try", template="webhooks/try", role="leader")
def ask(view: View) -> Values:
    address = rehearsals.address_of(view.links, "…")
    return {
        "answers": ANSWERS,
        "host": urlsplit(address).hostname,
        "problem": view.dependencies.guard.check_uri(rehearsals.address_of(view.links, "key")),
    }


@pages.post("/integrations/webhooks/try", role="leader")
def create(action: Action) -> Redirect:
    answer = action.fields.get("answer", "")
    webhook_id = rehearsals.create(action.tx, action.caller, action.dependencies, answer)
    return Redirect(path_of(webhook_id), "The webhook is created. Log some time, and see what happens to it.")


@pages.post(PATH + "/answer", role="leader", refused_on=PATH)
def change_answer(action: Action, webhook_id: int) -> Redirect:
    answer = action.fields.get("answer", "")
    rehearsals.change_answer(action.tx, action.caller, webhook_id, answer)
    return Redirect(path_of(webhook_id), f"The receiver answers with {dict(ANSWERS)[answer].lower()} from now on.")


def find_rehearsal(view: View, webhook_id: int, payload_uri: str) -> Rehearsal | None:
    """Return the receiver of a webhook, if it is one of this server."""
    if not payload_uri.startswith(rehearsals.address_of(view.links, "")):
        return None
    answer = rehearsals.find_answer(view.tx, view.caller.account_id, webhook_id)
    if answer is None:
        return None
    rows = rehearsals.list_requests(view.tx, view.caller.account_id, webhook_id)
    return Rehearsal(
        answer,
        [
            ReceivedRequest(
                row.number,
                row.received_at,
                _type_of(bytes(row.body)),
                json.loads(bytes(row.headers)),
                bytes(row.body).decode(errors="replace"),
                dict(ANSWERS)[row.answer],
            )
            for row in rows
        ],
    )


def _type_of(body: bytes) -> str:
    """Return the type of a payload; anyone who knows the address may send anything else."""
    try:
        parsed = json.loads(body)
    except ValueError:
        return ""
    type = parsed.get("type") if isinstance(parsed, dict) else None
    return type if isinstance(type, str) else ""
