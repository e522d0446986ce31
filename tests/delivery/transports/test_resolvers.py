"""DNS resolution by the system, and errors without garbage."""

import asyncio
import gc

import pytest

from hourhook.delivery.transports.http.resolvers import SystemResolver

# A label of a name cannot be this long: an error without a lookup.
NO_NAME = f"{'x' * 64}.test"


def test_a_literal_address_is_resolved() -> None:
    async def look_up() -> list[str]:
        return [*await SystemResolver()("127.0.0.1", 80)]

    assert asyncio.run(look_up()) == ["127.0.0.1"]


def test_a_failed_lookup_leaves_no_reference_cycle() -> None:
    async def fail() -> int:
        resolver = SystemResolver()
        gc.collect()
        for _ in range(20):
            with pytest.raises((OSError, UnicodeError)):
                await resolver(NO_NAME, 80)
        return gc.collect()

    gc.disable()
    try:
        # The frames of a send hold its payload. Some garbage of Python itself is tolerated, but none per lookup.
        assert asyncio.run(fail()) < 20
    finally:
        gc.enable()
