"""``/integrations/webhooks/ID/settings``: filters, headers, rate, deadline and batches of a webhook."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hourhook.domain.projects import reading as projects_reading
from hourhook.domain.summaries import SimpleUser
from hourhook.domain.tags import reading as tags_reading
from hourhook.domain.users import reading as users_reading
from hourhook.domain.webhooks import reading, settings
from hourhook.domain.webhooks.settings import WebhookSettingsUpdate
from hourhook.web.forms import read_amount
from hourhook.web.pages import Action, Pages, Redirect, Values, View
from hourhook.web.webhooks.acting import PATH, path_of

# A page with more would help nobody: others can be chosen through the API, and stay chosen here.
MAX_TAGS = 500
_NEW_HEADERS = 3
pages = Pages()


@dataclass(frozen=True, slots=True)
class Filter:
    """A list of the filters, with what can be chosen: ids and names."""

    field: str
    label: str
    chosen: list[int]
    choices: list[tuple[int, str]]


@pages.get(PATH + "/settings", template="webhooks/settings", role="leader")
def edit(view: View, webhook_id: int) -> Values:
    webhook = reading.find(view.tx, view.caller, webhook_id)
    shown = settings.show_found(view.tx, view.caller, webhook_id)
    projects = projects_reading.list_choices(view.tx, view.caller)
    people = users_reading.list_choices(view.tx, view.caller)
    tags = tags_reading.list_choices(view.tx, view.caller, MAX_TAGS)
    chosen = shown.filters
    return {
        "webhook": webhook,
        "settings": shown,
        "timeout_seconds": view.dependencies.send_timeout_seconds,
        "filters": [
            _filter("project_ids", "Projects", chosen.project_ids, ((each.id, each.name) for each in projects)),
            _filter("user_ids", "People", chosen.user_ids, ((each.id, _name_of(each)) for each in people)),
            _filter("tag_ids", "Tags", chosen.tag_ids, ((each.id, f"#{each.name}") for each in tags)),
        ],
        "header_names": [*shown.headers],
        "new_headers": _NEW_HEADERS,
        "max_per_second": _text(shown.max_per_second),
        "own_timeout_seconds": _text(shown.timeout_seconds),
    }


@pages.post(PATH + "/settings", role="leader")
def save(action: Action, webhook_id: int) -> Redirect:
    lists, fields = action.fields.lists, action.fields
    params, errors = action.parse(
        WebhookSettingsUpdate,
        resource="Webhook",
        filters={name: lists.get(name, []) for name in ("project_ids", "user_ids", "tag_ids")},
        headers=_headers(lists),
        max_per_second=read_amount(fields.get("max_per_second", "")),
        timeout_seconds=read_amount(fields.get("timeout_seconds", "")),
    )
    settings.change(action.tx, action.caller, action.dependencies, webhook_id, params, errors)
    return Redirect(path_of(webhook_id), "Saved. It holds from the next attempt on, filters from the next event on.")


def _filter(field: str, label: str, chosen: list[int], choices: Iterable[tuple[int, str]]) -> Filter:
    """Return a list with its choices; what is chosen and not among them, such as something archived, stays."""
    offered = [*choices]
    known = {id for id, _ in offered}
    others = [(id, f"Number {id}, archived or no longer there") for id in chosen if id not in known]
    return Filter(field, label, chosen, [*others, *offered])


def _headers(lists: Mapping[str, list[str]]) -> dict[str, str | None]:
    """Return the headers of the form's rows: without a value, a header keeps the one that is stored."""
    pairs = zip(lists.get("header_name", []), lists.get("header_value", []), strict=False)
    return {name.strip(): value.strip() or None for name, value in pairs if name.strip()}


def _text(number: float | None) -> str:
    return "" if number is None else f"{number:.10g}"


def _name_of(user: SimpleUser) -> str:
    return " ".join(filter(None, (user.first_name, user.last_name))) or user.email
