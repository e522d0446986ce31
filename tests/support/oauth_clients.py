"""OAuth applications for tests, and users who sign in and consent."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from sqlalchemy import update

from hourhook.domain import passwords, sessions
from hourhook.domain.oauth import applications
from hourhook.domain.search_keys import search_key
from hourhook.store.database import Database
from hourhook.store.schema import users
from hourhook.store.statements import Statement
from hourhook.web.session_cookies import SessionCookies
from tests.support.accounts import Account, Person
from tests.support.browsers import FORM, Browser
from tests.support.clients import Client, Response, basic_auth
from tests.support.dependencies import DEPENDENCIES

PASSWORD = "correct horse battery staple"
CALLBACK = "http://app.test/cb"
VERIFIER = "a-verifier-that-is-long-enough-to-be-one-of-them"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


@dataclass(frozen=True)
class App:
    """A registered application."""

    client_id: str
    client_secret: str | None
    client: Client
    # Added to its token requests.
    headers: Mapping[str, str] = field(default_factory=dict)

    def with_headers(self, **headers: str) -> "App":
        """Return a copy of the application that sends these headers."""
        return replace(self, headers=headers)

    @property
    def credentials(self) -> dict[str, str]:
        """The form fields for client authentication."""
        secret = {} if self.client_secret is None else {"client_secret": self.client_secret}
        return {"client_id": self.client_id, **secret}

    def authorize_url(self, **query: str) -> str:
        """Return the path of the consent page."""
        return "/oauth/2/authorize?" + urlencode({"client_id": self.client_id, "response_type": "code", **query})

    def request_token(self, **values: str | None) -> Response:
        """Send a token request; fields that are None are omitted."""
        fields = {name: value for name, value in {**self.credentials, **values}.items() if value is not None}
        sent = {"content-type": FORM, "accept": "application/json", **self.headers}
        return self.client.request("POST", "/oauth/2/access_token", body=urlencode(fields).encode(), headers=sent)

    def exchange(self, code: str, **values: str | None) -> Response:
        """Exchange an authorization code for tokens."""
        return self.request_token(grant_type="authorization_code", code=code, **values)

    def refresh(self, refresh_token: str, **values: str | None) -> Response:
        """Exchange a refresh token for new tokens."""
        return self.request_token(grant_type="refresh_token", refresh_token=refresh_token, **values)


def register_app(
    database: Database,
    client: Client,
    name: str = "Planner",
    callback: str = CALLBACK,
    *,
    is_public: bool = False,
    scopes: Sequence[str] = (),
) -> App:
    """Register an application on the server."""
    registered = database.run_now(
        applications.register,
        name=name,
        site_url="http://app.test",
        callback_url=callback,
        is_public=is_public,
        chosen_scopes=scopes,
    )
    return App(registered.client_id, registered.client_secret, client.with_token(None))


@dataclass(frozen=True)
class BasicAuthClient:
    """A user or an application that authenticates with HTTP Basic."""

    client: Client
    authorization: str

    def get(self, path: str, query: Any = None, **headers: str) -> Response:
        return self.request("GET", path, query=query, **headers)

    def post(self, path: str, body: Any = b"", **headers: str) -> Response:
        return self.request("POST", path, body=body, **headers)

    def put(self, path: str, body: Any = b"", **headers: str) -> Response:
        return self.request("PUT", path, body=body, **headers)

    def delete(self, path: str) -> Response:
        return self.request("DELETE", path)

    def request(self, method: str, path: str, *, body: Any = b"", query: Any = None, **headers: str) -> Response:
        sent = {"authorization": self.authorization, **headers}
        return self.client.request(method, path, body=body, query=query, headers=sent)


def basic_auth_client(account: Account, person: Person, password: str | None = None) -> BasicAuthClient:
    """Return an HTTP Basic client of a user; without ``password``, the user's password is set first."""
    if password is None:
        set_password(account, person)
    return BasicAuthClient(account.client.with_token(None), basic_auth(person.email, password or PASSWORD))


def app_basic_auth_client(app: App) -> BasicAuthClient:
    """Return an HTTP Basic client of an application."""
    return BasicAuthClient(app.client, basic_auth(app.client_id, app.client_secret or ""))


def set_password(account: Account, person: Person, password: str = PASSWORD) -> None:
    """Set the password of a user directly in the database."""
    account.database.write_now(account.id, passwords.store, person.id, _hash(password))


def set_email(account: Account, person: Person, email: str) -> None:
    """Set the e-mail address of a user; it may also belong to a user of another account."""
    change = Statement(update(users).where(users.c.id == person.id).values(email=email, email_key=search_key(email)))
    account.database.write_now(account.id, lambda tx: tx.execute(change))


def signed_in_browser(account: Account, person: Person) -> Browser:
    """Return a browser with a session of a user; faster than the sign-in form, which hashes a password."""
    token = sessions.new_token()
    account.database.write_now(account.id, sessions.begin, token, person.id)
    browser = Browser(account.client)
    browser.store_cookie(SessionCookies(DEPENDENCIES.keyring, is_secure=False).set_cookie_header(token)[1])
    return browser


def grant_consent(browser: Browser, authorize_url: str, **fields: str) -> dict[str, str]:
    """Grant consent to an application; return the parameters that it is sent."""
    page = browser.get(authorize_url)
    assert page.status == 200, page.body
    return redirect_parameters(browser.submit(page, decision="allow", **fields))


def redirect_parameters(response: Response, callback: str = CALLBACK) -> dict[str, str]:
    """Return the query parameters of a redirect to an application's callback URL."""
    assert response.status == 302, response.body
    url, _, query = response.headers["location"].partition("?")
    assert url == callback
    return dict(parse_qsl(query, strict_parsing=True))


def obtain_tokens(account: Account, person: Person, app: App) -> Any:
    """Obtain tokens for an application with the consent of a user."""
    code = grant_consent(signed_in_browser(account, person), app.authorize_url())["code"]
    response = app.exchange(code)
    assert response.status == 200, response.body
    return response.json()


def is_token_valid(client: Client, token: str) -> bool:
    """Return whether the API accepts a token."""
    status = client.get("/v2/current_user", Authorization=f"Bearer {token}").status
    assert status in (200, 401)
    return status == 200


def parse_query(url: str) -> dict[str, list[str]]:
    """Return the query parameters of a URL, each with all its values."""
    return parse_qs(urlsplit(url).query, keep_blank_values=True)


@cache
def _hash(password: str) -> str:
    # Cached because hashing a password is slow.
    return passwords.hash_password(password)
