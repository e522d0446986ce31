"""``/rehearsals/KEY``: the receivers of this server, which answer as the page of their webhook says."""

import asyncio
import re
from collections.abc import Mapping

from starlette.requests import Request

from hourhook.domain.webhooks import rehearsals
from hourhook.http.asgi import Application
from hourhook.http.bodies import read_body
from hourhook.http.responses import Response
from hourhook.store.database import Database
from hourhook.web.responses import page_route

# The path goes on with a secret.
PREFIX = rehearsals.PATH
SLOW_SECONDS = 5.0
# More than the largest batch.
_MAX_BODY_BYTES = 2_097_152
_MAX_HEADERS = 50
_RESPONSES = {
    "204": Response(204),
    "slow": Response(204),
    "410": Response(410),
    "503": Response(503, cause="a rehearsal answers as it was told"),
    # It was deleted meanwhile.
    None: Response(404),
}
_KEY = re.compile(r"[A-Za-z0-9_-]{24}")


def rehearsal_routes(database: Database, slow_seconds: float = SLOW_SECONDS) -> Mapping[str, Application]:
    async def receive(request: Request) -> Response:
        key = request.path_params["key"]
        # Read first, so that requests to receivers that do not exist never wait for a writer.
        if not _KEY.fullmatch(key) or not await database.read(rehearsals.exists_receiver, key):
            return _RESPONSES[None]
        body = await read_body(request.scope, request.receive, _MAX_BODY_BYTES)
        headers = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw[:_MAX_HEADERS]
        ]
        answer = await database.run(rehearsals.receive, key, headers, body)
        if answer == "slow":
            await asyncio.sleep(slow_seconds)
        return _RESPONSES[answer]

    return {f"{PREFIX}{{key}}": page_route(POST=receive)}
