"""What migrations make of existing rows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from alembic import command
from sqlalchemy import text

from hourhook.domain import sums
from hourhook.store.upgrades import _configuration, _connected, migrate
from hourhook.store.urls import open_database
from tests.conftest import DIALECTS
from tests.support.databases import PostgresServer

FILLERS: dict[type[Any], Any] = {int: 1, str: "", bool: True, bytes: b""}


class OldDatabase:
    """A database with the schema of an earlier revision."""

    def __init__(self, url: str) -> None:
        self.url = url

    def create(self, revision: str) -> None:
        with _connected(self.url) as connection:
            configuration = _configuration()
            configuration.attributes["connection"] = connection
            command.upgrade(configuration, revision)
            connection.commit()

    def insert(self, table: str, *rows: dict[str, Any]) -> None:
        """Insert rows; columns that are not given and may not be null get any value."""
        with _connected(self.url) as connection:
            found = sqlalchemy.Table(table, sqlalchemy.MetaData(), autoload_with=connection)
            fillers = {c.name: FILLERS[c.type.python_type] for c in found.columns if not c.nullable}
            for row in rows:
                connection.execute(found.insert(), {**fillers, **row})
            connection.commit()

    def read(self, query: str) -> list[tuple[Any, ...]]:
        with _connected(self.url) as connection:
            return [tuple(row) for row in connection.execute(text(query))]


@pytest.fixture(params=DIALECTS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OldDatabase]:
    """Yield an empty database; once per dialect."""
    if request.param == "sqlite":
        yield OldDatabase(f"sqlite:///{tmp_path}/old.db")
        return
    server: PostgresServer = request.getfixturevalue("_postgres_server")
    with server.empty() as url:
        yield OldDatabase(url)


def test_settled_invoices_bill_what_was_billable_before(old: OldDatabase) -> None:
    old.create("0008")
    old.insert("accounts", {"id": 1})
    old.insert("users", {"id": 1})
    old.insert("projects", {"id": 1, "billable": True}, {"id": 2, "name_key": "own", "billable": False})
    old.insert("tags", {"id": 1, "billable": True}, {"id": 2, "name_key": "free", "billable": False})
    old.insert("entries", *({"id": id, "project_id": project} for id, project in enumerate((1, 2, None, 1, 1), 1)))
    old.insert("entry_tags", {"entry_id": 3, "tag_id": 1}, {"entry_id": 4, "tag_id": 2})
    old.insert("invoices", {"id": 1, "state": "paid"}, {"id": 2, "state": "unpaid", "share_token": "2"})
    old.insert("invoice_entries", *({"entry_id": id, "invoice_id": 1 + id // 5} for id in range(1, 6)))

    migrate(old.url)

    billed = old.read("SELECT is_billed FROM invoice_entries ORDER BY entry_id")
    assert [is_billed if is_billed is None else bool(is_billed) for (is_billed,) in billed] == [
        True, False, True, False, None,
    ]  # fmt: skip


def test_amounts_and_rates_of_invoices_get_two_more_digits(old: OldDatabase) -> None:
    old.create("0010")
    old.insert("accounts", {"id": 1})
    amounts = ("taxable_amount", "taxfree_amount", "tax_total_amount", "total_amount")
    rates = {"standard_hourly_rate": 8000, "flat_rate": None}
    old.insert("invoices", {"id": 1, **rates, **dict(zip(amounts, (29_538, 0, -1, 10**15), strict=True))})
    old.insert("invoice_hourly_rates", {"invoice_id": 1, "hourly_rate": 9555})

    migrate(old.url)

    assert old.read(f"SELECT standard_hourly_rate, flat_rate, {', '.join(amounts)} FROM invoices") == [
        (800_000, None, 2_953_800, 0, -100, 10**17)
    ]
    assert old.read("SELECT hourly_rate FROM invoice_hourly_rates") == [(955_500,)]


def test_offsets_of_users_become_time_zones(old: OldDatabase) -> None:
    old.create("0012")
    old.insert("accounts", {"id": 1})
    offsets = (0, 3600, -12_600, 20_700, 3600, 1)
    old.insert("users", *({"id": id, "email_key": str(id), "utc_offset": offset} for id, offset in enumerate(offsets)))

    migrate(old.url)

    assert old.read("SELECT time_zone FROM users ORDER BY id") == [
        ("UTC",), ("+01:00",), ("-03:30",), ("+05:45",), ("+01:00",), ("+00:00:01",),
    ]  # fmt: skip


def test_sums_are_counted_for_existing_rows(old: OldDatabase) -> None:
    old.create("0027")
    old.insert("accounts", {"id": 1})
    old.insert("users", {"id": 1})
    old.insert("projects", {"id": 1})
    old.insert("tags", {"id": 1, "billable": True}, {"id": 2, "name_key": "free", "billable": False})
    entries = ((1, 1, None), (2, 1, 5), (3, 1, 5), (4, None, None))
    old.insert("entries", *({"id": id, "project_id": project, "invoiced_at": at} for id, project, at in entries))
    old.insert("entry_tags", *({"entry_id": entry, "tag_id": tag} for entry, tag in ((2, 1), (2, 2), (3, 2))))
    old.insert("expenses", {"id": 1, "project_id": 1})
    old.insert("invoices", {"id": 1})
    old.insert("invoice_entries", {"entry_id": 2}, {"entry_id": 3})
    old.insert("invoice_expenses", {"expense_id": 1})

    migrate(old.url)

    database = open_database(old.url)
    assert database.read_now(sums.find_differences) == {}
    database.close()
    assert old.read("SELECT items_count FROM project_invoices") == [(3,)]
    assert old.read("SELECT sum(entries_count), count(*) FROM entry_sums") == [(4, 3)]
