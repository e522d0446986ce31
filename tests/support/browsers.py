"""A browser without JavaScript: it keeps cookies, follows redirects on request, and submits the forms of a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode

from tests.support.clients import Client, Response

FORM = "application/x-www-form-urlencoded"


@dataclass
class Form:
    """A form of a page: the URL it is sent to, and its initial values."""

    action: str
    method: str = "get"
    fields: dict[str, str] = field(default_factory=dict)
    # The values of each group of radio buttons.
    choices: dict[str, list[str]] = field(default_factory=dict)


class Browser:
    """A browser for one server; it keeps the cookies of that server only."""

    def __init__(self, client: Client) -> None:
        self._client = client.with_token(None)
        self.base_url = client.base_url
        self.cookies: dict[str, str] = {}

    def get(self, url: str, **headers: str) -> Response:
        return self._with_cookies_stored(self._client.request("GET", url, headers={**self._cookie(), **headers}))

    def post(self, url: str, fields: Mapping[str, str] | Sequence[tuple[str, str]], **headers: str) -> Response:
        """Send form fields to a URL."""
        all_headers = {**self._cookie(), "content-type": FORM, **headers}
        return self._with_cookies_stored(
            self._client.request("POST", url, body=urlencode(fields).encode(), headers=all_headers)
        )

    def submit(self, page: Response, **fields: str) -> Response:
        """Send the first form of a page, with some fields filled in."""
        return self.send(parse_forms(page)[0], **fields)

    def submit_to(self, page: Response, action: str, **fields: str) -> Response:
        """Send the first form of a page with this action, with some fields filled in."""
        return self.send(find_form(page, action), **fields)

    def send(self, form: Form, **fields: str) -> Response:
        """Send a form, with some fields filled in."""
        return self.post(form.action, {**form.fields, **fields})

    def follow_redirects(self, response: Response) -> Response:
        """Follow redirects, which must lead to pages of this server; return the last response."""
        while response.status in (302, 303):
            response = self.get(response.headers["location"])
        return response

    def sign_in(self, email: str, password: str, path: str = "/sign_in") -> Response:
        """Submit the sign-in form; return the response."""
        return self.submit(self.get(path), email=email, password=password)

    def _cookie(self) -> dict[str, str]:
        return {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}

    def store_cookie(self, cookie: str) -> None:
        """Store or delete a cookie, given as the value of a ``Set-Cookie`` header."""
        pair, *attributes = cookie.split("; ")
        name, _, value = pair.partition("=")
        self.cookies[name] = value
        if "Max-Age=0" in attributes:
            self.cookies.pop(name, None)

    def _with_cookies_stored(self, response: Response) -> Response:
        for cookie in response.set_cookies:
            self.store_cookie(cookie)
        return response


def find_form(page: Response, action: str) -> Form:
    """Return the first form of a page with this action; one that changes something before one that asks."""
    forms = sorted(parse_forms(page), key=lambda form: form.method != "post")
    assert action in [form.action for form in forms], [form.action for form in forms]
    return next(form for form in forms if form.action == action)


def parse_forms(page: Response) -> list[Form]:
    """Return the forms of a page that are sent to the server, in order; it must have one."""
    parser = _FormParser()
    parser.feed(page.body.decode())
    assert parser.forms, page.body
    return parser.forms


class _FormParser(HTMLParser):
    """Collects forms as a browser would send them, without any button."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._form: Form | None = None
        # The text area or the combobox that is open.
        self._name: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            # A form of a dialog is not sent.
            self._form = (
                None if found.get("method") == "dialog" else Form(found.get("action", ""), found.get("method", "get"))
            )
            self.forms += [self._form] if self._form else []
        elif self._form is None:
            return
        elif tag == "input" and found.get("name"):
            self._add_input(self._form, found)
        elif tag in ("textarea", "select"):
            self._name = found.get("name")
        elif tag == "option" and self._name is not None:
            self._form.choices.setdefault(self._name, []).append(found.get("value", ""))
            if "selected" in found or self._name not in self._form.fields:
                self._form.fields[self._name] = found.get("value", "")

    def handle_data(self, data: str) -> None:
        if self.lasttag == "textarea" and self._form is not None and self._name is not None:
            # HTML ignores a line break at the beginning.
            self._form.fields[self._name] = data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag in ("textarea", "select"):
            self._name = None

    def _add_input(self, form: Form, found: dict[str, str]) -> None:
        name, kind = found["name"], found.get("type")
        if kind in ("radio", "checkbox"):
            form.choices.setdefault(name, []).append(found.get("value", ""))
            if "checked" not in found:
                return
        form.fields[name] = found.get("value", "")
