"""``/find``: pages, projects, people, tags, invoices, webhooks and payloads by name; also what ``Ctrl K`` opens."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from hourhook.domain import finding
from hourhook.domain.finding import Found
from hourhook.domain.search_keys import search_key
from hourhook.web.frame import INTEGRATIONS, MAIN, PERSONAL
from hourhook.web.pages import Pages, Values, View

PATH = "/find"
pages = Pages()


@dataclass(frozen=True, slots=True)
class Result:
    """A link to what was found."""

    kind: str
    name: str
    detail: str
    path: str


@pages.get(PATH, template="find/show")
def show(view: View) -> Values:
    text = view.argument("q").strip()
    results = [*_pages(view, text), *map(_link, finding.find(view.tx, view.caller, text))] if text else []
    return {"text": text, "results": results}


def _pages(view: View, text: str) -> Iterator[Result]:
    key = search_key(text)
    for place in (*MAIN, *INTEGRATIONS, *PERSONAL):
        if place.path != PATH and key in search_key(place.label) and place.is_open_to(view.caller, view.paths):
            yield Result("page", place.label, "", place.path)


def _link(found: Found) -> Result:
    # Of an address, the first line.
    detail = found.detail.partition("\n")[0]
    return Result(
        found.kind, f"#{found.name}" if found.kind == "tag" else found.name, detail, _PATHS[found.kind](found)
    )


_PATHS: Mapping[str, Callable[[Found], str]] = {
    "project": lambda found: f"/projects/{found.id}",
    "person": lambda found: f"/people/{found.id}",
    "tag": lambda found: f"/entries?from=&tag_ids={found.id}",
    "invoice": lambda found: f"/invoices/{found.id}",
    "webhook": lambda found: f"/integrations/webhooks/{found.id}",
    "payload": lambda found: f"/integrations/webhooks/{found.id}/payloads/{found.payload_id}",
}
