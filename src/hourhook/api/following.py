"""Hold requests to the feed until there is something for them, and stream events (``docs/api/events.md#feed``)."""

from collections.abc import AsyncIterator

from hourhook.api.endpoints import Feed, Stream
from hourhook.delivery.tail import FollowingEnded, Tail
from hourhook.domain.callers import Caller
from hourhook.domain.events.feed import Event, encode_frame
from hourhook.errors import DatabaseUnavailable
from hourhook.http.sse import EventStream


async def wait_for_events(tail: Tail, caller: Caller, feed: Feed[Event]) -> None:
    """Wait until an event follows that a feed would contain, its time is over, or its caller has lost its rights."""
    assert caller.token_id is not None
    with tail.follow(caller.account_id, feed.after, caller.token_id, caller.log_position, feed.types) as follower:
        try:
            await follower.read(feed.wait_seconds)
        except FollowingEnded:
            # The request runs again, and so finds out why.
            return


def open_stream(tail: Tail, caller: Caller, stream: Stream[Event]) -> EventStream:
    """Return the response that streams events until the client is gone, its rights end, or the process stops."""
    return EventStream(_frames(tail, caller, stream))


async def _frames(tail: Tail, caller: Caller, stream: Stream[Event]) -> AsyncIterator[bytes]:
    assert caller.token_id is not None
    with tail.follow(
        caller.account_id, stream.position, caller.token_id, caller.log_position, stream.types
    ) as follower:
        try:
            while True:
                yield b"".join(map(encode_frame, await follower.read()))
        except (FollowingEnded, DatabaseUnavailable):
            # The client connects again with its last position, and then finds out why.
            return
