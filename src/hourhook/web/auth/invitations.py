"""``/invitations/TOKEN``: the page on which an invited user joins (``docs/api/users.md#how-invitations-work``).

The token in the path is the only credential, and works once.
"""

from collections.abc import Mapping, Sequence

import structlog
from starlette.requests import Request

from hourhook.domain import inputs
from hourhook.domain.invitations import accepting, reading
from hourhook.domain.invitations.accepting import Acceptance
from hourhook.domain.invitations.issuing import VALID_DAYS
from hourhook.domain.invitations.mail import format_date_time
from hourhook.domain.invitations.reading import Invitation
from hourhook.domain.links import Links
from hourhook.domain.passwords import MAX_LENGTH, MIN_LENGTH
from hourhook.errors import DatabaseUnavailable, ValidationFailed
from hourhook.http.asgi import Application
from hourhook.http.bodies import BodyTooLarge
from hourhook.http.context import get_context
from hourhook.http.hash_queue import HashQueue, HashQueueFull
from hourhook.http.responses import Response
from hourhook.rate_limits import TokenBuckets
from hourhook.settings import RateLimit
from hourhook.store.database import Database
from hourhook.web.forms import InvalidForm, is_same_origin, read_form
from hourhook.web.rendering import render
from hourhook.web.responses import page_route, redirect

# The path goes on with a secret.
PREFIX = "/invitations/"
# The status of the page, by the reason why an invitation cannot be accepted.
_STATUSES = {
    "unknown": 404,
    "void": 404,
    "expired": 410,
    "locked": 503,
    "unavailable": 503,
    "cross_origin": 403,
    "rate_limited": 429,
}
# For each client address, against guessing of tokens, and whatever the rate limit of the API.
INVITATION_RATE_LIMIT = RateLimit(1, 20)
_log = structlog.get_logger()


class Invitations:
    def __init__(self, database: Database, links: Links, hashes: HashQueue) -> None:
        self._database = database
        self._links = links
        self._hashes = hashes
        self._rate_limits = TokenBuckets(INVITATION_RATE_LIMIT, database.clock)

    def routes(self) -> Mapping[str, Application]:
        return {f"{PREFIX}{{token}}": page_route(GET=self._show, POST=self._accept)}

    async def _show(self, request: Request) -> Response:
        found = await self._find(request)
        return _form(found, _names_of(found)) if isinstance(found, Invitation) else found

    async def _accept(self, request: Request) -> Response:
        if not is_same_origin(request, self._links.base_url):
            return _closed("cross_origin")
        found = await self._find(request)
        if not isinstance(found, Invitation):
            return found
        try:
            fields = await read_form(request)
        except (InvalidForm, BodyTooLarge):
            return _form(found, _names_of(found), ["form"])
        token = request.path_params["token"]
        try:
            await self._join(found, token, fields)
        except ValidationFailed as refusal:
            return _form(found, fields, [error.field for error in refusal.errors])
        except HashQueueFull:
            return _closed("rate_limited")
        except DatabaseUnavailable as error:
            return _closed("unavailable", cause=str(error))
        # That page shows the result, so that submitting the form twice does no harm.
        return redirect(self._links.href(f"{PREFIX}{token}"))

    async def _find(self, request: Request) -> Invitation | Response:
        """Return the invitation if it is open, else the page that says why not."""
        if not self._rate_limits.try_acquire(get_context(request.scope).client_network):
            return _closed("rate_limited")
        try:
            found = await self._database.read(reading.find, request.path_params["token"])
        except DatabaseUnavailable as error:
            return _closed("unavailable", cause=str(error))
        if found is None:
            return _closed("unknown")
        if found.state == "accepted":
            return render(
                "auth/invitation_accepted", docs=self._links.url("/docs"), sign_in=self._links.url("/sign_in")
            )
        return found if found.state == "open" else _closed(found.state, found)

    async def _join(self, invitation: Invitation, token: str, fields: Mapping[str, str]) -> None:
        params, errors = inputs.parse(Acceptance, fields, resource="User")
        # Before the transaction, since hashing is slow on purpose.
        password_hash = await self._hashes.run(accepting.validate_and_hash, params, errors)
        account_id = invitation.account_id
        if await self._database.write(account_id, accepting.accept, token, params, password_hash, self._links):
            _log.info("invitation accepted", account=account_id, user=invitation.user_id)


def _names_of(invitation: Invitation) -> dict[str, str | None]:
    return {"first_name": invitation.first_name, "last_name": invitation.last_name}


def _form(invitation: Invitation, fields: Mapping[str, str | None], errors: Sequence[str] = ()) -> Response:
    return render(
        "auth/invitation",
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


def _closed(reason: str, invitation: Invitation | None = None, cause: str | None = None) -> Response:
    status = _STATUSES[reason]
    headers = [("retry-after", "60")] if status in (429, 503) else []
    return render(
        "auth/invitation_closed",
        status=status,
        headers=headers,
        cause=cause or f"invitation: {reason}",
        reason=reason,
        invitation=invitation,
        days=VALID_DAYS,
    )
