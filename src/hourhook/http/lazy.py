"""An application that is made on its first request."""

import asyncio
from collections.abc import Callable

from hourhook.http.asgi import Application, Receive, Scope, Send


class Lazy:
    """Makes an application in a thread, since that may take long, and passes all requests on to it."""

    def __init__(self, make: Callable[[], Application]) -> None:
        self._make = make
        self._application: Application | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._application is None:
            self._application = await asyncio.to_thread(self._make)
        await self._application(scope, receive, send)
