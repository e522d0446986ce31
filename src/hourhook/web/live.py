"""``/live``: one stream of Server-Sent Events a page, which says only that something changed in the account.

The page then asks for its live regions through its own address, where rights are checked. All streams of a process are
fed by one subscription and execute no statement while nothing happens. A stream ends with its session, after
``MAX_SECONDS`` (browsers connect again), and at once when the server shuts down.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping

from starlette.requests import Request

from hourhook.domain import sessions
from hourhook.domain.links import Links
from hourhook.http.asgi import Application
from hourhook.http.responses import Response
from hourhook.http.sse import EventStream, encode_event
from hourhook.store.database import Database
from hourhook.waker import Waker
from hourhook.web.browser_cookies import ACCOUNT
from hourhook.web.responses import page_route
from hourhook.web.session_cookies import SessionCookies

PATH = "/live"
MAX_STREAMS_PER_SESSION = 4
# The session is checked again at least this often.
MAX_SECONDS = 3_600.0
# Changes that follow each other faster are one event.
GATHER_SECONDS = 0.2
_CHANGED = encode_event("changed")


class LiveHub:
    """The open streams of one process, by account."""

    def __init__(self) -> None:
        self._streams: dict[Waker, tuple[int, str]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self.is_closed = False

    def notify(self, account_id: int) -> None:
        """Tell the pages of an account that something changed; may be called from any thread at any time."""
        if self._loop is not None and self._streams:
            # After the loop has closed there is nobody left to tell.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wake, account_id)

    def _wake(self, account_id: int) -> None:
        for waker, (of_account, _) in self._streams.items():
            if of_account == account_id:
                waker.wake()

    def end_session(self, token: str) -> None:
        """End the streams of a session."""
        for waker, (_, of_token) in self._streams.items():
            if of_token == token:
                waker.stop()

    def close(self) -> None:
        """End all streams, since the server shuts down."""
        self.is_closed = True
        for waker in self._streams:
            waker.stop()

    def has_room(self, token: str) -> bool:
        """Return whether a session may open another stream."""
        open_streams = Counter(of_token for _, of_token in self._streams.values())
        return not self.is_closed and open_streams[token] < MAX_STREAMS_PER_SESSION

    async def follow(self, account_id: int, token: str) -> AsyncIterator[bytes]:
        """Yield an event at once and then after each change."""
        waker = Waker()
        self._streams[waker] = (account_id, token)
        loop = self._loop = asyncio.get_running_loop()
        deadline = loop.time() + MAX_SECONDS
        try:
            yield _CHANGED
            while not self.is_closed:
                if not await waker.wait(deadline - loop.time()) or waker.is_stopping:
                    return
                yield _CHANGED
                await asyncio.sleep(GATHER_SECONDS)
        finally:
            del self._streams[waker]


class Live:
    """The endpoint of the streams."""

    def __init__(self, database: Database, session_cookies: SessionCookies, links: Links, hub: LiveHub) -> None:
        self._database = database
        self._session_cookies = session_cookies
        self._links = links
        self._hub = hub

    def routes(self) -> Mapping[str, Application]:
        return {PATH: page_route(GET=self._open)}

    async def _open(self, request: Request) -> Application:
        token = self._session_cookies.session_token(request)
        members = await self._database.read(sessions.find_members, token, self._links) if token else []
        if token is None or not members:
            # 204 tells an EventSource not to come again.
            return Response(204)
        if not self._hub.has_room(token):
            return Response(429, headers=((b"retry-after", b"60"),))
        chosen = request.cookies.get(ACCOUNT)
        account_id = next(
            (member.caller.account_id for member in members if str(member.caller.account_id) == chosen),
            members[0].caller.account_id,
        )
        return EventStream(self._hub.follow(account_id, token))
