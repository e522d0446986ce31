"""``/applications``: an application asks about its own tokens, and takes them back (contract, oauth.md, part C).

It brings its client id and its secret by HTTP Basic.
"""

from collections.abc import Sequence

from litestar.types import ControllerRouterHandler

from hourhook.api.credentials import extract_basic_auth
from hourhook.api.dispatcher import respond, route_to
from hourhook.domain.links import Links
from hourhook.domain.oauth import introspection, revoking
from hourhook.domain.oauth.applications import Application
from hourhook.errors import AccountLocked, NotFound, Unauthenticated
from hourhook.http.asgi import Receive, Scope, Send
from hourhook.http.responses import Response, json_response, method_not_allowed
from hourhook.store.database import Database

ALL = "/applications/{client_id}/tokens"
ONE = "/applications/{client_id}/tokens/{access_token}"

_DONE = Response(204)


class ClientRoutes:
    """Lets applications in."""

    def __init__(self, database: Database, links: Links) -> None:
        self._database = database
        self._links = links

    def routes(self) -> Sequence[ControllerRouterHandler]:
        """The one route of all paths."""

        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            await respond(self._answer(scope), scope, receive, send)

        return [route_to(application, [ALL, ONE])]

    async def _answer(self, scope: Scope) -> Response:
        found = extract_basic_auth(scope)
        if found is None:
            raise Unauthenticated
        application = await self._database.read(introspection.authenticate, *found)
        if scope["path_params"]["client_id"] != application.client_id:
            raise NotFound
        token = scope["path_params"].get("access_token")
        if scope["method"] == "DELETE":
            await (self._revoke_all(application) if token is None else self._revoke(application, token))
            return _DONE
        if scope["method"] == "GET" and token is not None:
            return json_response(200, await self._database.read(introspection.show, application, token, self._links))
        return method_not_allowed(["DELETE"] if token is None else ["DELETE", "GET"])

    async def _revoke(self, application: Application, token: str) -> None:
        account_id = await self._database.read(introspection.find_account, application, token)
        await self._database.write(account_id, introspection.revoke, application, token)

    async def _revoke_all(self, application: Application) -> None:
        """Revoke in each account; raises ``AccountLocked`` in the end where one was locked."""
        locked = None
        for account_id in await self._database.read(revoking.find_accounts, application.id):
            try:
                await self._database.write(account_id, introspection.revoke_all, application)
            except AccountLocked as error:
                locked = error
        if locked is not None:
            raise locked
