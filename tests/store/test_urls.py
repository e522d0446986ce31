"""From a URL to a database."""

from pathlib import Path

import pytest

from hourhook.errors import OperatorError
from hourhook.store.urls import is_embedded, open_database, sqlite_path


def test_three_slashes_name_a_path_beside_the_process_and_four_a_whole_one() -> None:
    assert sqlite_path("sqlite:///hourhook.db") == Path("hourhook.db")
    assert sqlite_path("sqlite:////srv/hourhook.db") == Path("/srv/hourhook.db")


@pytest.mark.parametrize("url", ["mysql://root@localhost/x", "hourhook.db", "sqlite://", "sqlite:///", ""])
def test_any_other_url_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(OperatorError, match=r"write sqlite:///path, with three slashes, or postgresql://"):
        open_database(url)


def test_a_folder_that_is_not_there_is_said() -> None:
    with pytest.raises(OperatorError, match="the folder nowhere of the database does not exist"):
        open_database("sqlite:///nowhere/hourhook.db")


def test_only_sqlite_is_embedded() -> None:
    assert is_embedded("sqlite:///x.db")
    assert not is_embedded("postgresql://localhost/x")
