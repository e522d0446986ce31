"""Declare the pages of the app: each one a function whose values a template shows, or an action behind a form.

    pages = Pages()

    @pages.get("/expenses/{expense_id}/edit", template="expenses/edit")
    def edit(view: View, expense_id: int) -> Values:
        return {"expense": reading.show(view.tx, view.caller, expense_id)}

    @pages.post("/expenses/{expense_id}/edit")
    def save(action: Action, expense_id: int) -> Redirect:
        params, errors = action.parse(ExpenseChanges, resource="Expense")
        editing.edit(action.tx, action.caller, expense_id, params, errors)
        return Redirect("/expenses", "Saved.")

- The functions are plain and synchronous. ``web/page_dispatcher.py`` runs a page inside ``database.read`` and an action
  inside ``database.write`` of the current account; the page is rendered after the transaction.
- Parameters of the path are parameters of the function: ``int`` for ids (a value that cannot be an id is a 404) or
  ``str``.
- ``role`` is the lowest role that may open the page, and ``feature`` one that the account must have; for anybody else
  there is no such page (404). Finer rules are those of the domain.
- An action whose rules raise ``ValidationFailed`` shows the page of ``refused_on`` again (by default the page with its
  own path) with status 422: ``view.form`` then has what was typed, and a sentence for each error.
- ``prepare`` is for what takes long on purpose, such as hashing a password: it runs in a thread before the transaction,
  a few at a time (``http/hash_queue.py``), and ``action.prepared`` is what it returned.
- A page may return a ``Redirect``, or a ``Download`` instead of values.
"""

import inspect
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_type_hints

from hourhook.crypto import Keyring
from hourhook.domain import inputs
from hourhook.domain.callers import Caller
from hourhook.domain.dependencies import Dependencies
from hourhook.domain.inputs import Inputs, Query, ValidationErrors
from hourhook.domain.links import Links
from hourhook.domain.pages import MAX_PAGE, Pagination
from hourhook.errors import FieldError
from hourhook.store.database import Database
from hourhook.store.transaction import Transaction
from hourhook.web.display import Display
from hourhook.web.form_state import FormState, sentence
from hourhook.web.forms import FormFields

PAGE_SIZE = 50

Values = Mapping[str, object]
F = TypeVar("F", bound=Callable[..., object])
I = TypeVar("I", bound=Inputs)  # noqa: E741


@dataclass(frozen=True, slots=True)
class View:
    """A request for a page, on its way through the page's function."""

    tx: Transaction
    caller: Caller
    dependencies: Dependencies
    query: Query
    display: Display
    # What a refused form contained; empty on a fresh page.
    form: FormState
    # The live regions that are asked for; empty for the whole page.
    fragments: Sequence[str] = ()
    # What the last action made and only the page after its redirect shows; see ``Redirect.secret``.
    secret: str | None = None
    # The paths of all pages.
    paths: Collection[str] = ()
    session_token: str = field(default="", repr=False)

    @property
    def links(self) -> Links:
        return self.caller.links

    @property
    def pagination(self) -> Pagination:
        """The page of a list that the query asks for; anything else counts as the first."""
        text = self.argument("page")
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 1
        return Pagination(min(max(number, 1), MAX_PAGE), PAGE_SIZE)

    def argument(self, name: str) -> str:
        """Return the last value of a parameter of the query, or an empty string."""
        return self.query.get(name, [""])[-1]

    def parse(self, declaration: type[I], *, resource: str, **more: str) -> tuple[I, ValidationErrors]:
        """Parse the query into filters; ``more`` are defaults of parameters that it does not have."""
        query = Query({**{name: [value] for name, value in more.items()}, **self.query})
        return inputs.parse(declaration, query, resource=resource)

    def filter_state(self, errors: ValidationErrors, **defaults: str) -> FormState:
        """Return the state of the page's form of filters; errors are taken out, so that the rest still counts."""
        sentences = {}
        for name, code in errors.all():
            sentences[name] = sentence(FieldError("", name, code))
            errors.discard(name)
        values = {**defaults, **{name: values[-1] for name, values in self.query.items()}}
        return FormState(values, self.query, sentences)


@dataclass(frozen=True, slots=True)
class Action:
    """A form that was sent, on its way through an action's function."""

    tx: Transaction
    caller: Caller
    dependencies: Dependencies
    fields: FormFields
    display: Display
    prepared: Any = None
    session_token: str = field(default="", repr=False)

    @property
    def links(self) -> Links:
        return self.caller.links

    def parse(self, declaration: type[I], *, resource: str, **more: object) -> tuple[I, ValidationErrors]:
        """Parse the fields into inputs of the domain; ``more`` are further ones, or replace what was typed."""
        return inputs.parse(declaration, {**self.fields, **more}, resource=resource)


@dataclass(frozen=True, slots=True)
class Preparation:
    """What ``prepare`` gets."""

    database: Database
    keyring: Keyring
    caller: Caller
    fields: FormFields


@dataclass(frozen=True, slots=True)
class Redirect:
    """Go to a path of this server; the page there shows the message once.

    ``entry_id`` is an entry that was created, which the message offers to undo. ``secret`` is shown once, by the page
    there (``View.secret``). ``cookies`` are preferences to store, see ``web/browser_cookies.py``.
    """

    path: str
    message: str | None = None
    entry_id: int | None = None
    secret: str | None = None
    cookies: Mapping[str, str] = field(default_factory=dict)
    ends_session: bool = False


@dataclass(frozen=True, slots=True)
class Download:
    """A file; its parts are made while it is sent, after the transaction."""

    name: str
    media_type: str
    content: bytes | Iterable[bytes]


@dataclass(frozen=True, slots=True)
class Page:
    """The declaration of one page or action."""

    method: str
    path: str
    function: Callable[..., object]
    role: str
    feature: str | None
    parameters: Mapping[str, type]
    # Of a page: the template. Of an action: the path of the page that shows its errors.
    template: str = ""
    # Whether the template is a page of its own, and not inside the frame.
    is_bare: bool = False
    refused_on: str = ""
    prepare: Callable[[Preparation], object] | None = None


class Pages:
    """The pages of one subject."""

    def __init__(self) -> None:
        self.all: list[Page] = []

    def get(
        self,
        path: str,
        *,
        template: str = "",
        role: str = "contractor",
        feature: str | None = None,
        is_bare: bool = False,
    ) -> Callable[[F], F]:
        """Declare a page."""

        def declare(function: F) -> F:
            parameters = _read_parameters(path, function, "view")
            self.all.append(Page("GET", path, function, role, feature, parameters, template, is_bare))
            return function

        return declare

    def post(
        self,
        path: str,
        *,
        role: str = "contractor",
        feature: str | None = None,
        refused_on: str | None = None,
        prepare: Callable[[Preparation], object] | None = None,
    ) -> Callable[[F], F]:
        """Declare an action."""

        def declare(function: F) -> F:
            parameters = _read_parameters(path, function, "action")
            self.all.append(
                Page("POST", path, function, role, feature, parameters, refused_on=refused_on or path, prepare=prepare)
            )
            return function

        return declare


def group_by_path(pages: Iterable[Page]) -> dict[str, dict[str, Page]]:
    """Return the pages of each path by method. Raises ``TypeError`` if an action has no page to show its errors."""
    paths: dict[str, dict[str, Page]] = {}
    for page in pages:
        paths.setdefault(page.path, {})[page.method] = page
    for page in pages:
        if page.method == "POST" and "GET" not in paths.get(page.refused_on, {}):
            raise TypeError(f"POST {page.path}: there is no page {page.refused_on} to show its errors")
    return paths


def _read_parameters(path: str, function: Callable[..., object], first: str) -> Mapping[str, type]:
    """Return the parameters of the path by name. A wrong declaration fails when its module is imported."""
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    hints = get_type_hints(function)
    if [*inspect.signature(function).parameters] != [first, *names]:
        raise TypeError(f"{path}: its function should take {[first, *names]}")
    return {name: hints[name] for name in names}
