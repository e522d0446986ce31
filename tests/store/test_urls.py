"""Database URLs."""

from pathlib import Path

import pytest

from hourhook.errors import OperatorError
from hourhook.store.urls import is_embedded, open_database, sqlite_path


def test_three_slashes_are_a_relative_path_and_four_an_absolute_one() -> None:
    assert sqlite_path("sqlite:///hourhook.db") == Path("hourhook.db")
    assert sqlite_path("sqlite:////srv/hourhook.db") == Path("/srv/hourhook.db")


@pytest.mark.parametrize("url", ["mysql://root@localhost/x", "hourhook.db", "sqlite://", "sqlite:///", ""])
def test_an_unsupported_url_is_refused_with_advice(url: str) -> None:
    with pytest.raises(OperatorError, match=r"write sqlite:///path, with three slashes, or postgresql://"):
        open_database(url)


def test_a_missing_folder_is_reported() -> None:
    with pytest.raises(OperatorError, match="the database folder nowhere does not exist"):
        open_database("sqlite:///nowhere/hourhook.db")


def test_only_sqlite_is_embedded() -> None:
    assert is_embedded("sqlite:///x.db")
    assert not is_embedded("postgresql://localhost/x")


def test_a_path_leads_to_the_file_behind_symbolic_links(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "first.db").symlink_to("second.db")
    (tmp_path / "second.db").symlink_to("data/hourhook.db")

    assert sqlite_path(f"sqlite:///{tmp_path}/first.db") == tmp_path / "data" / "hourhook.db"
