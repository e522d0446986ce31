"""``/applications``: applications look up and revoke their own tokens (``docs/api/oauth.md``).

They authenticate with their client id and secret by HTTP Basic.
"""

from collections.abc import Mapping

from hourhook.api.errors import respond
from hourhook.domain.links import Links
from hourhook.domain.oauth import applications, introspection, revoking
from hourhook.errors import AccountLocked, NotFound, Unauthenticated
from hourhook.http.asgi import Application, Receive, Scope, Send
from hourhook.http.basic_auth import extract_basic_auth
from hourhook.http.responses import Response, json_response, method_not_allowed
from hourhook.store.database import Database

ALL = "/applications/{client_id}/tokens"
ONE = "/applications/{client_id}/tokens/{access_token}"

_NO_CONTENT = Response(204)


class ClientRoutes:
    """The routes, for requests of authenticated applications."""

    def __init__(self, database: Database, links: Links) -> None:
        self._database = database
        self._links = links

    def routes(self) -> Mapping[str, Application]:
        async def application(scope: Scope, receive: Receive, send: Send) -> None:
            await respond(self._handle(scope), scope, receive, send)

        return {ALL: application, ONE: application}

    async def _handle(self, scope: Scope) -> Response:
        credentials = extract_basic_auth(scope)
        if credentials is None:
            raise Unauthenticated
        application = await self._database.read(introspection.authenticate, *credentials)
        if scope["path_params"]["client_id"] != application.client_id:
            raise NotFound
        token = scope["path_params"].get("access_token")
        if scope["method"] == "DELETE":
            await (self._revoke_all(application) if token is None else self._revoke(application, token))
            return _NO_CONTENT
        if scope["method"] == "GET" and token is not None:
            return json_response(200, await self._database.read(introspection.show, application, token, self._links))
        return method_not_allowed(["DELETE"] if token is None else ["DELETE", "GET"])

    async def _revoke(self, application: applications.Application, token: str) -> None:
        account_id = await self._database.read(introspection.find_account, application, token)
        await self._database.write(account_id, introspection.revoke, application, token)

    async def _revoke_all(self, application: applications.Application) -> None:
        """Revoke in each account. Raises ``AccountLocked`` at the end if one of them was locked."""
        locked = None
        for account_id in await self._database.read(revoking.find_accounts, application.id):
            try:
                await self._database.write(account_id, introspection.revoke_all, application)
            except AccountLocked as error:
                locked = error
        if locked is not None:
            raise locked
