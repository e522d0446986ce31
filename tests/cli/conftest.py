"""What the tests of the commands stand on."""

from pathlib import Path

import pytest

from tests.support.commands import KEY, Commands


@pytest.fixture
def bare(tmp_path: Path) -> Commands:
    """The commands in an empty folder, without a setting."""
    (tmp_path / "work").mkdir()
    return Commands(tmp_path / "work")


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """The commands where there is an account already, for tests that change nothing."""
    commands = Commands(tmp_path_factory.mktemp("settled"))
    commands.create_account()
    return commands


@pytest.fixture
def hourhook(bare: Commands, database_url: str) -> Commands:
    """The commands on a database without an account."""
    return bare.with_settings(database_url=database_url, secret_key=KEY)
