"""Poolers that share a session between clients are refused; a direct connection is not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hourhook.errors import OperatorError
from hourhook.process.checks import run_checks
from hourhook.settings import DatabaseLimits, Settings
from hourhook.store.poolers import require_own_sessions
from tests.support.commands import KEY, CliRunner
from tests.support.database_proxies import SharingPooler, running_proxy
from tests.support.databases import PostgresServer
from tests.support.servers import EventLoopThread


@pytest.fixture
def database_url(_postgres_server: PostgresServer, tmp_path: Path) -> Iterator[str]:
    with _postgres_server.fresh(tmp_path) as url:
        yield url


@pytest.fixture
def pooler(database_url: str, _loop: EventLoopThread) -> Iterator[SharingPooler]:
    pooler = SharingPooler(database_url)
    with running_proxy(_loop, pooler):
        yield pooler


def test_clients_that_share_a_session_are_refused(pooler: SharingPooler) -> None:
    with pytest.raises(OperatorError, match="use session pooling, or connect to PostgreSQL directly"):
        require_own_sessions(pooler.url, DatabaseLimits())


def test_clients_with_a_session_each_are_accepted(database_url: str) -> None:
    require_own_sessions(database_url, DatabaseLimits())


@pytest.mark.parametrize("command", ["serve --port 0", "worker", "account list"])
def test_a_process_behind_such_a_pooler_ends_with_one_line(pooler: SharingPooler, tmp_path: Path, command: str) -> None:
    hourhook = CliRunner(tmp_path).with_settings(database_url=pooler.url, secret_key=KEY)
    result = hourhook.run(*command.split())
    assert (result.status, result.stderr.count("\n")) == (1, 1)
    assert "transaction or statement pooling" in result.stderr


def test_the_check_of_an_installation_finds_such_a_pooler(pooler: SharingPooler) -> None:
    found = {result.name: result.message for result in run_checks(Settings(database_url=pooler.url)) if not result.ok}

    assert [*found] == ["database"]
    assert "transaction or statement pooling" in found["database"]
