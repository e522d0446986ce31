"""Fixtures of the tests of ``examples/``: a real server that can be killed, and the examples as processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.example_programs import MakeProgram, RestartableServer, making_programs, restartable_server


@pytest.fixture
def live(tmp_path: Path) -> Iterator[RestartableServer]:
    """A server with an account, in a process of its own."""
    with restartable_server(tmp_path) as server:
        yield server


@pytest.fixture
def make_program(tmp_path: Path, live: RestartableServer) -> Iterator[MakeProgram]:
    """Make examples that are connected with the server."""
    with making_programs(tmp_path, live) as make:
        yield make
