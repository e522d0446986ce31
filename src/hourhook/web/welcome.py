"""``/welcome``: the first account of an empty server; not found once there is one.

At once on loopback. From elsewhere it takes the set-up code, which ``hourhook serve`` prints.
"""

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

import structlog
from starlette.requests import Request

from hourhook.crypto import Keyring
from hourhook.domain import accounts, inputs, sessions, set_up
from hourhook.domain.links import Links
from hourhook.domain.passwords import MAX_LENGTH, MIN_LENGTH
from hourhook.domain.sessions import LIFETIME_SECONDS
from hourhook.domain.set_up import FirstAccount
from hourhook.errors import NotFound, ValidationFailed
from hourhook.http.asgi import Application
from hourhook.http.context import get_context
from hourhook.http.hash_queue import HashQueue
from hourhook.http.responses import Response
from hourhook.rate_limits import TokenBuckets
from hourhook.settings import RateLimit
from hourhook.store.database import Database
from hourhook.web.auth.unsigned_forms import UnsignedForms
from hourhook.web.form_state import FormState, refused
from hourhook.web.forms import FormFields, read_form
from hourhook.web.responses import csrf_failed, notice, page_route, redirect
from hourhook.web.session_cookies import SessionCookies

PATH = "/welcome"
# For all clients together, against guessing of the code.
CODE_RATE_LIMIT = RateLimit(0.2, 10)
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_log = structlog.get_logger()


class Welcome:
    """The page of the first start."""

    def __init__(
        self, database: Database, session_cookies: SessionCookies, keyring: Keyring, links: Links, hashes: HashQueue
    ) -> None:
        self._database = database
        self._hashes = hashes
        self._session_cookies = session_cookies
        self._forms = UnsignedForms(session_cookies, links)
        self._keyring = keyring
        self._links = links
        self._attempts = TokenBuckets(CODE_RATE_LIMIT, database.clock)

    def routes(self) -> Mapping[str, Application]:
        return {PATH: page_route(GET=self._show, POST=self._create)}

    async def _show(self, request: Request) -> Response:
        await self._require_empty()
        return self._form(request, FormState())

    async def _create(self, request: Request) -> Response:
        await self._require_empty()
        fields = await read_form(request)
        if not self._forms.is_valid(request, fields):
            return csrf_failed()
        if not self._is_local(request):
            if not self._attempts.try_acquire("set-up code"):
                return notice(429, "Too many attempts", "Wait a minute, go back, and try again.")
            if not set_up.is_set_up_code(self._keyring, fields.get("code", "")):
                wrong = "This is not the set-up code. The server prints it when it starts."
                return self._form(request, FormState(fields, errors={"code": wrong}))
        return await self._store(request, fields)

    async def _store(self, request: Request, fields: FormFields) -> Response:
        token = sessions.new_token()
        try:
            params, errors = inputs.parse(FirstAccount, fields, resource="Account")
            password_hash = await self._hashes.run(set_up.validate_and_hash, params, errors)
            created = await self._database.run(
                set_up.create, params, password_hash, token, request.headers.get("user-agent", "")
            )
        except ValidationFailed as error:
            return self._form(request, refused(fields, fields.lists, error))
        _log.info("account created", account=created.account_id, user=created.user_id)
        cookie = self._session_cookies.set_cookie_header(token, LIFETIME_SECONDS)
        return redirect(self._links.href("/"), headers=[cookie])

    async def _require_empty(self) -> None:
        if await self._database.read(accounts.any_exist):
            raise NotFound

    def _form(self, request: Request, form: FormState) -> Response:
        return self._forms.show(
            request,
            "welcome",
            status=422 if form.is_refused else 200,
            form=form,
            needs_code=not self._is_local(request),
            min_length=MIN_LENGTH,
            max_length=MAX_LENGTH,
        )

    def _is_local(self, request: Request) -> bool:
        """Return whether the browser runs on this machine, and nobody could be behind it through a proxy."""
        if any(name in request.headers for name in _FORWARDED):
            return False
        host = urlsplit(f"//{request.headers.get('host', '')}").hostname
        names = (get_context(request.scope).client_address, host, urlsplit(self._links.base_url).hostname)
        return all(map(_is_loopback, names))


def _is_loopback(name: str | None) -> bool:
    if name == "localhost":
        return True
    try:
        return ip_address(name or "").is_loopback
    except ValueError:
        return False
