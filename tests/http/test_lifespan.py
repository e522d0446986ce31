"""The ASGI lifespan of a server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hourhook.http.lifespan import Lifespan, with_lifespan
from hourhook.http.responses import NOT_FOUND


def test_lifespans_begin_in_order_and_end_in_reverse_order() -> None:
    log: list[str] = []

    messages = run([logged("a", log), logged("b", log)])

    assert log == ["a begins", "b begins", "b ends", "a ends"]
    assert messages == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


def test_a_failure_to_start_ends_what_has_started_and_is_raised() -> None:
    log: list[str] = []
    messages: list[str] = []

    with pytest.raises(RuntimeError, match="planted"):
        run([logged("a", log), failing(at_start=True)], messages)

    assert log == ["a begins", "a ends"]
    assert messages == ["lifespan.startup.failed"]


def test_a_failure_to_end_is_raised() -> None:
    messages: list[str] = []

    with pytest.raises(RuntimeError, match="planted"):
        run([failing(at_start=False)], messages)

    assert messages == ["lifespan.startup.complete", "lifespan.shutdown.failed"]


def run(lifespans: list[Lifespan], messages: list[str] | None = None) -> list[str]:
    """Start and stop an application; return the types of the messages it sent, also in ``messages``."""
    sent = [] if messages is None else messages

    async def receive() -> dict[str, Any]:
        return {"type": "lifespan.shutdown" if sent else "lifespan.startup"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message["type"])

    asyncio.run(with_lifespan(NOT_FOUND, lifespans)({"type": "lifespan"}, receive, send))  # type: ignore[arg-type]
    return sent


def logged(name: str, log: list[str]) -> Lifespan:
    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        log.append(f"{name} begins")
        try:
            yield
        finally:
            log.append(f"{name} ends")

    return lifespan


def failing(*, at_start: bool) -> Lifespan:
    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        if at_start:
            raise RuntimeError("planted")
        yield
        raise RuntimeError("planted")

    return lifespan
