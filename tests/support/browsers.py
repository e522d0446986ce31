"""A browser without JavaScript: it keeps cookies, follows redirects on request, and submits the forms of a page."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode

from tests.support.clients import Client, Response

FORM = "application/x-www-form-urlencoded"


@dataclass
class Form:
    """A form of a page: the URL it is sent to, and its initial values."""

    action: str
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

    def post(self, url: str, fields: Mapping[str, str], **headers: str) -> Response:
        """Send form fields to a URL."""
        all_headers = {**self._cookie(), "content-type": FORM, **headers}
        return self._with_cookies_stored(
            self._client.request("POST", url, body=urlencode(fields).encode(), headers=all_headers)
        )

    def submit(self, page: Response, **fields: str) -> Response:
        """Send the first form of a page, with some fields filled in."""
        return self.send(parse_forms(page)[0], **fields)

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
            del self.cookies[name]

    def _with_cookies_stored(self, response: Response) -> Response:
        if "set-cookie" in response.headers:
            self.store_cookie(response.headers["set-cookie"])
        return response


def parse_forms(page: Response) -> list[Form]:
    """Return the forms of a page, in order; it must have one."""
    parser = _FormParser()
    parser.feed(page.body.decode())
    assert parser.forms, page.body
    return parser.forms


class _FormParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(found["action"]))
        elif tag == "input" and found["name"]:
            form, name, value = self.forms[-1], found["name"], found.get("value", "")
            if found.get("type") == "radio":
                form.choices.setdefault(name, []).append(value)
                if "checked" not in found:
                    return
            form.fields[name] = value
