"""``/sign_in`` and ``/sign_out``: with an e-mail address and a password, for the pages of this server alone.

Tries are counted for each client address and for each e-mail address, and whatever goes wrong is answered in the same
words: nothing tells whether an address is known here.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import structlog
from litestar import Request, get, post
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp, ControllerRouterHandler

from hourhook.domain import sessions, sign_ins
from hourhook.domain.links import Links
from hourhook.domain.sign_ins import Candidate
from hourhook.errors import AccountLocked
from hourhook.http.sign_in_throttle import Tries
from hourhook.store.database import Database
from hourhook.web.forms import LARGEST_BYTES, own_path, read_form
from hourhook.web.rendering import page
from hourhook.web.responses import go_to, notice, shown, too_old
from hourhook.web.session_cookies import Visitors, client_of

PATH = "/sign_in"

_WRONG = "The e-mail address and the password do not belong together."
_log = structlog.get_logger()

Asked = Request[Any, Any, Any]


def sign_in_url(next_path: str) -> str:
    """Where somebody signs in and then goes on to a path of this server."""
    return f"{PATH}?next={quote(next_path, safe='')}"


class SignIn:
    """The pages for signing in and out."""

    def __init__(self, database: Database, tries: Tries, visitors: Visitors, links: Links) -> None:
        self._database = database
        self._tries = tries
        self._visitors = visitors
        self._links = links

    def routes(self) -> Sequence[ControllerRouterHandler]:
        """The routes of the pages."""

        @get(PATH)
        async def show(request: Asked) -> ASGIApp:
            return await shown(self._show(request))

        @post(PATH, status_code=200, request_max_body_size=LARGEST_BYTES)
        async def sign_in(request: Asked) -> ASGIApp:
            return await shown(self._sign_in(request))

        @post("/sign_out", status_code=200, request_max_body_size=LARGEST_BYTES)
        async def sign_out(request: Asked) -> ASGIApp:
            return await shown(self._sign_out(request))

        return [show, sign_in, sign_out]

    async def _show(self, request: Asked) -> ASGIResponse:
        next_path = own_path(request.query_params.get("next", ""))
        token = self._visitors.token_of(request)
        users = await self._database.read(sessions.find, token) if token else []
        if token is None or not users:
            return self._form(token, next_path)
        if next_path is not None:
            return self._go_to(next_path)
        return page(
            "signed_in", form_targets=["'self'"], users=users, proof=self._visitors.proof(token), way=self._links.href
        )

    async def _sign_in(self, request: Asked) -> ASGIResponse:
        form = await read_form(request)
        before = self._visitors.token_of(request)
        if not self._visitors.is_proven(before, form.get("proof", "")):
            return too_old()
        email, next_path = form.get("email", ""), own_path(form.get("next", ""))
        if not self._tries.take(client_of(request), email):
            return self._later()
        candidates = await self._tries.find(self._database, email, form.get("password", ""))
        token = sessions.new_token()
        if not await self._enter(candidates, token):
            _log.info("sign-in refused", client=client_of(request))
            return self._form(before, next_path, email=email, wrong=_WRONG)
        if before is not None:
            await self._database.run(sessions.end, before)
        return self._go_to(next_path or PATH, self._visitors.cookie(token, sessions.LASTS_SECONDS))

    async def _sign_out(self, request: Asked) -> ASGIResponse:
        form = await read_form(request)
        token = self._visitors.token_of(request)
        if token is None or not self._visitors.is_proven(token, form.get("proof", "")):
            return too_old()
        await self._database.run(sessions.end, token)
        next_path = own_path(form.get("next", ""))
        return self._go_to(sign_in_url(next_path) if next_path else PATH, self._visitors.no_cookie())

    async def _enter(self, candidates: Sequence[Candidate], token: str) -> bool:
        """Begin a session for each account; raises ``AccountLocked`` when all of them are locked."""
        entered, locked = False, None
        for candidate in candidates:
            try:
                if await self._database.write(candidate.account_id, sign_ins.enter, candidate, token, self._links):
                    entered = True
            except AccountLocked as error:
                locked = error
        if locked is not None and not entered:
            raise locked
        return entered

    def _form(
        self, token: str | None, next_path: str | None, *, email: str = "", wrong: str | None = None
    ) -> ASGIResponse:
        headers = []
        if token is None:
            token = sessions.new_token()
            headers = [self._visitors.cookie(token)]
        return page(
            "sign_in",
            status=200 if wrong is None else 403,
            form_targets=["'self'"],
            headers=headers,
            proof=self._visitors.proof(token),
            next_path=next_path,
            email=email,
            wrong=wrong,
            way=self._links.href,
        )

    def _go_to(self, path: str, *headers: tuple[str, str]) -> ASGIResponse:
        return go_to(self._links.href(path), headers=headers)

    def _later(self) -> ASGIResponse:
        seconds = self._tries.wait_seconds
        text = f"There were too many tries. Wait {seconds} seconds, go back, and try once more."
        return notice(429, "Not so fast", text, headers=[("retry-after", str(seconds))])
