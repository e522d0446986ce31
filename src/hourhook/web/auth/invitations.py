"""``/invitations/TOKEN``: the page on which an invited user accepts (contract, users.md).

The token in the path is the only credential here, so that nothing is told without it. It works once.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog
from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp, ControllerRouterHandler

from hourhook.domain import inputs
from hourhook.domain.invitations import accepting, reading
from hourhook.domain.invitations.accepting import Acceptance
from hourhook.domain.invitations.issuing import VALID_DAYS
from hourhook.domain.invitations.letters import format_date_time
from hourhook.domain.invitations.reading import Invitation
from hourhook.domain.links import Links
from hourhook.domain.passwords import MAX_LENGTH, MIN_LENGTH
from hourhook.errors import DatabaseUnavailable, ValidationFailed
from hourhook.rate_limits import TokenBuckets
from hourhook.settings import RateLimit
from hourhook.store.database import Database
from hourhook.web.forms import InvalidForm, is_same_origin, read_form
from hourhook.web.rendering import render
from hourhook.web.responses import redirect
from hourhook.web.session_cookies import client_address

# What keeps an invitation from being accepted, and what is answered then.
_STATUSES = {
    "unknown": 404,
    "void": 404,
    "expired": 410,
    "locked": 503,
    "unavailable": 503,
    "cross_origin": 403,
    "rate_limited": 429,
}
# Of one client address, since secrets could be tried out here (contract, 00-conventions §7): whatever the API allows.
INVITATION_RATE_LIMIT = RateLimit(1, 20)
_log = structlog.get_logger()


def invitation_routes(database: Database, links: Links) -> Sequence[ControllerRouterHandler]:
    """The routes of the page."""
    visits = _Visits(database, links)

    @get("/invitations/{token:str}")
    async def show(request: Request[Any, Any, Any], token: FromPath[str]) -> ASGIApp:
        return await visits.show(request, token)

    @post("/invitations/{token:str}")
    async def accept(request: Request[Any, Any, Any], token: FromPath[str]) -> ASGIApp:
        return await visits.accept(request, token)

    return [show, accept]


class _Visits:
    """What is answered to whoever comes with a link."""

    def __init__(self, database: Database, links: Links) -> None:
        self._database = database
        self._links = links
        self._rate_limits = TokenBuckets(INVITATION_RATE_LIMIT, database.clock)

    async def show(self, request: Request[Any, Any, Any], token: str) -> ASGIApp:
        """Show the form of an open invitation."""
        found = await self._find(request, token)
        return _form(found, _names_of(found)) if isinstance(found, Invitation) else found

    async def accept(self, request: Request[Any, Any, Any], token: str) -> ASGIApp:
        """Take the form of an open invitation."""
        if not is_same_origin(request, self._links.base_url):
            return _closed("cross_origin")
        found = await self._find(request, token)
        if not isinstance(found, Invitation):
            return found
        try:
            fields = await read_form(request)
        except InvalidForm:
            return _form(found, _names_of(found), ["form"])
        try:
            await self._let_in(found, token, fields)
        except ValidationFailed as refusal:
            return _form(found, fields, [error.field for error in refusal.errors])
        except DatabaseUnavailable:
            return _closed("unavailable")
        # Whatever has come of it is shown there, so that sending the form twice does no harm.
        return redirect(self._links.href(f"/invitations/{token}"))

    async def _find(self, request: Request[Any, Any, Any], token: str) -> Invitation | ASGIApp:
        """The invitation if it is open, else what to answer instead."""
        if not self._rate_limits.try_acquire(client_address(request)):
            return _closed("rate_limited")
        try:
            found = await self._database.read(reading.find, token)
        except DatabaseUnavailable:
            return _closed("unavailable")
        if found is None:
            return _closed("unknown")
        if found.state == "accepted":
            return render("invitation_accepted", docs=self._links.url("/docs"))
        return found if found.state == "open" else _closed(found.state, found)

    async def _let_in(self, invitation: Invitation, token: str, fields: Mapping[str, str]) -> None:
        params, errors = inputs.parse(Acceptance, fields, resource="User")
        # In a thread, and before the transaction: it takes its time on purpose.
        password_hash = await asyncio.to_thread(accepting.validate_and_hash, params, errors)
        account_id = invitation.account_id
        if await self._database.write(account_id, accepting.accept, token, params, password_hash, self._links):
            _log.info("invitation accepted", account=account_id, user=invitation.user_id)


def _names_of(invitation: Invitation) -> dict[str, str | None]:
    return {"first_name": invitation.first_name, "last_name": invitation.last_name}


def _form(invitation: Invitation, fields: Mapping[str, str | None], errors: Sequence[str] = ()) -> ASGIResponse:
    return render(
        "invitation",
        status=400 if errors else 200,
        form_targets=["'self'"],
        invitation=invitation,
        expires=format_date_time(invitation.expires_at),
        errors=errors,
        min_length=MIN_LENGTH,
        max_length=MAX_LENGTH,
        first_name=fields.get("first_name") or "",
        last_name=fields.get("last_name") or "",
    )


def _closed(reason: str, invitation: Invitation | None = None) -> ASGIResponse:
    status = _STATUSES[reason]
    headers = [("retry-after", "60")] if status in (429, 503) else []
    return render(
        "invitation_closed", status=status, headers=headers, reason=reason, invitation=invitation, days=VALID_DAYS
    )
