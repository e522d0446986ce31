"""Fixtures of command-line tests."""

from pathlib import Path

import pytest

from tests.support.commands import KEY, CliRunner


@pytest.fixture
def unconfigured_cli(tmp_path: Path) -> CliRunner:
    """A runner in an empty folder, without settings."""
    (tmp_path / "work").mkdir()
    return CliRunner(tmp_path / "work")


@pytest.fixture(scope="session")
def cli_with_account(tmp_path_factory: pytest.TempPathFactory) -> CliRunner:
    """A runner on a database with an account, for tests that change nothing."""
    runner = CliRunner(tmp_path_factory.mktemp("settled"))
    runner.create_account()
    return runner


@pytest.fixture
def hourhook(unconfigured_cli: CliRunner, database_url: str) -> CliRunner:
    """A runner on a migrated database without an account."""
    return unconfigured_cli.with_settings(database_url=database_url, secret_key=KEY)
