"""Names become addresses, or an error that leaves nothing behind."""

import asyncio
import gc

import pytest

from hourhook.delivery.transports.http.resolvers import SystemResolver

# No label of a name is that long: an error without asking anybody.
NO_NAME = f"{'x' * 64}.test"


def test_a_literal_address_is_found() -> None:
    async def look_up() -> list[str]:
        return [*await SystemResolver()("127.0.0.1", 80)]

    assert asyncio.run(look_up()) == ["127.0.0.1"]


def test_a_name_that_leads_nowhere_leaves_no_garbage_for_the_collector() -> None:
    async def fail() -> int:
        resolver = SystemResolver()
        gc.collect()
        for _ in range(20):
            with pytest.raises((OSError, UnicodeError)):
                await resolver(NO_NAME, 80)
        return gc.collect()

    gc.disable()
    try:
        # The frames of a send hold its payload. Some of Python's own are let pass, but none for each time.
        assert asyncio.run(fail()) < 20
    finally:
        gc.enable()
