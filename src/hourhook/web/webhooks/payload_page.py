"""``/integrations/webhooks/ID/payloads/PAYLOAD_ID``: one payload, what changed, its body and its attempts."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from hourhook.delivery.history.contents import PayloadContents, find_neighbours, read_contents
from hourhook.delivery.history.sequences import find_lane_if_any
from hourhook.domain.webhooks.signature_check import check_signature
from hourhook.errors import NotFound
from hourhook.web.display import Display
from hourhook.web.pages import Pages, Values, View
from hourhook.web.webhooks.about import describe

PATH = "/integrations/webhooks/{webhook_id}/payloads/{payload_id}"
_NOTHING = "–"
pages = Pages()


@dataclass(frozen=True, slots=True)
class Change:
    """A changed attribute of an object, in words."""

    key: str
    before: str
    after: str


@pages.get(PATH, template="webhooks/payload", role="leader")
def show(view: View, webhook_id: int, payload_id: str) -> Values:
    lane = find_lane_if_any(view.tx, view.caller.account_id, webhook_id)
    contents = read_contents(view.tx, view.caller.account_id, webhook_id, payload_id) if lane else None
    if lane is None or contents is None:
        raise NotFound
    logged = contents.logged
    event = msgspec.json.decode(contents.body)
    neighbours: tuple[str | None, str | None] = (None, None)
    if logged.sequence is not None:
        neighbours = find_neighbours(view.tx, lane.account_id, webhook_id, logged.sequence)
    signature = view.argument("signature").strip()
    return {
        "webhook_id": webhook_id,
        "row": lane,
        "payload": logged,
        "contents": contents,
        "about": describe(view.display, logged.type, msgspec.json.encode(event["object"])) if event["object"] else "",
        "changes": changes(view.display, event.get("changes") or {}),
        "body": contents.body.decode(),
        "curl": _curl(lane.payload_uri, contents),
        "older": neighbours[0],
        "newer": neighbours[1],
        "place": (logged.sequence or 0) - lane.head_sequence + 1,
        "verdict": check_signature(
            view.tx, view.dependencies.keyring, view.caller.account_id, webhook_id, contents.body, signature
        )
        if signature
        else None,
    }


def changes(display: Display, changed: Mapping[str, Sequence[Any]]) -> list[Change]:
    """Return the changes of an event, with names instead of ids and durations in words."""
    return [
        Change(key, _words(display, key, before), _words(display, key, after))
        for key, (before, after) in changed.items()
    ]


def _words(display: Display, key: str, value: Any) -> str:
    match value:
        case None | "":
            return _NOTHING
        case bool():
            return "yes" if value else "no"
        case int() if key.endswith("minutes"):
            return display.minutes(value)
        case dict():
            named = (value.get(name) for name in ("formatted_name", "name", "reference", "email", "id"))
            return str(next((found for found in named if found is not None), _NOTHING))
        case list():
            return ", ".join(_words(display, "", item) for item in value) or _NOTHING
        case _:
            return str(value)


def _curl(uri: str, contents: PayloadContents) -> str:
    """Return a command that sends the body again by hand, without the signatures."""
    alone = [attempt.request_headers for attempt in contents.attempts if attempt.batch is None]
    headers = alone[-1] if alone else [("Content-Type", "application/json")]
    options = [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in headers]
    return " \\\n  ".join(
        ["curl -X POST " + shlex.quote(uri), *options, f"--data-binary {shlex.quote(contents.body.decode())}"]
    )
