"""The ASGI lifespan: what runs beside the server, from its start to its end."""

import traceback
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from hourhook.http.asgi import Application, Receive, Scope, Send

Lifespan = Callable[[], AbstractAsyncContextManager[None]]


def with_lifespan(application: Application, lifespans: Sequence[Lifespan]) -> Application:
    """Return the application, with context managers that the server enters in order before its first request.

    They end in reverse order after its last request. An exception of theirs ends the server.
    """

    async def with_contexts(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await application(scope, receive, send)
            return
        phase = "startup"
        try:
            async with AsyncExitStack() as stack:
                await receive()
                for lifespan in lifespans:
                    await stack.enter_async_context(lifespan())
                await send({"type": "lifespan.startup.complete"})
                phase = "shutdown"
                await receive()
        except BaseException:
            await send({"type": f"lifespan.{phase}.failed", "message": traceback.format_exc()})
            raise
        await send({"type": "lifespan.shutdown.complete"})

    return with_contexts
