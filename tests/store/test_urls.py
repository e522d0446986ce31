"""Database URLs."""

from pathlib import Path

import pytest

from hourhook.errors import DatabaseUnavailable, OperatorError
from hourhook.store.urls import describe_database, is_embedded, open_database, sqlite_path


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


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:hunter2%zz@127.0.0.1:1/x",
        "postgresql://user:hunter2/x@127.0.0.1:1/x",
        "postgresql://user:1/hunter2@127.0.0.1:1/x",
        "postgresql://user:x@hunter2@127.0.0.1:1/x",
        "postgresql://user:hunter2 x@127.0.0.1:1/x",
        "postgresql://user:hunter2@[::1/x",
        "postgresql://user:x@127.0.0.1:hunter2/x",
        "postgresql://user@127.0.0.1:1/x?password=hunter2&hunter2",
        "postgresql://user:hunter2@127.0.0.1:1/x?connect_timeout=soon",
    ],
)
def test_a_malformed_url_is_refused_with_advice_and_not_repeated(url: str) -> None:
    for use in (open_database, describe_database):
        with pytest.raises(
            OperatorError, match="special characters of the user and the password percent-encoded"
        ) as error:
            use(url)
        assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "description"),
    [
        ("postgresql://user:hunter2@127.0.0.1:1/x", "PostgreSQL x on 127.0.0.1:1"),
        ("postgresql://user:hunter#2?@127.0.0.1:1/x", "PostgreSQL x on 127.0.0.1:1"),
        ("postgresql://user:hunter%2F2@127.0.0.1:1/x", "PostgreSQL x on 127.0.0.1:1"),
        ("postgresql://127.0.0.1:1/x?user=u&password=hunter2", "PostgreSQL x on 127.0.0.1:1"),
        ("postgresql://user:hunter2@127.0.0.1:1,[::1]:1/x", "PostgreSQL x on 127.0.0.1:1, ::1:1"),
        ("postgresql:///x?host=/run/postgresql", "PostgreSQL x on this machine"),
    ],
)
def test_the_description_of_a_database_has_no_password(url: str, description: str) -> None:
    assert describe_database(url) == description
    if "127.0.0.1" in url:
        with pytest.raises(DatabaseUnavailable) as error:
            open_database(url)
        assert "hunter" not in str(error.value)
