"""The index of texts: text filters find the same with and without it, and it follows the texts."""

import random
from typing import Any

import pytest
from sqlalchemy import text

from hourhook.domain import listings
from hourhook.domain.search_keys import search_key
from hourhook.store import text_index
from hourhook.store.schema import entries
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from tests.support.accounts import Account
from tests.support.factories import make_entry, make_expense, make_project

# Few, so that texts often contain each other; some mean something in patterns, in FTS5, or to a tokenizer.
CHARACTERS = 'abAB ß%_\\"*-^𝔘é0'
SEARCHED = ("/v2/entries", "/v2/expenses")


@pytest.fixture
def rng() -> random.Random:
    return random.Random(9)


def make_text(rng: random.Random, length: int) -> str:
    return "".join(rng.choices(CHARACTERS, k=length))


def execute(tx: Transaction, statement: str, /, **parameters: Any) -> int:
    return tx.execute(Statement(text(statement)), **parameters)


def fill(account: Account, rng: random.Random) -> None:
    """Add entries and expenses with random descriptions, some without one."""
    entry, expense = make_entry(account.leader), make_expense(account.leader, make_project(account))

    def add(tx: Transaction) -> None:
        for table, original in (("entries", entry), ("expenses", expense)):
            columns = [column.name for column in entries.metadata.tables[table].c if column.name != "id"]
            columns = [name for name in columns if not name.startswith("description")]
            for number in range(1, 150):
                description = make_text(rng, rng.randint(1, 12)) if number % 9 else None
                execute(
                    tx,
                    f"INSERT INTO {table} (id, description, description_key, {', '.join(columns)}) "
                    f"SELECT id + :number, :description, :key, {', '.join(columns)} FROM {table} WHERE id = :original",
                    number=number,
                    description=description,
                    key=None if description is None else search_key(description),
                    original=original["id"],
                )

    account.database.run_now(add)


def found(account: Account, path: str, needle: str) -> list[int]:
    response = account.leader.client.get(path, {"description": needle, "per_page": 1000})
    assert response.status == 200, response.body
    return sorted(each["id"] for each in response.json())


@pytest.mark.parametrize("few", [0, 5, text_index.FEW])
def test_a_text_filter_finds_all_texts_that_contain_it(
    account: Account, rng: random.Random, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_index, "FEW", few)
    fill(account, rng)
    needles = [needle for _ in range(60) if (needle := make_text(rng, rng.randint(1, 5)).strip())]

    for path in SEARCHED:
        texts = {each["id"]: each["description"] for each in account.leader.client.get(path, {"per_page": 1000}).json()}
        needles += [text for text in rng.sample([*texts.values()], 10) if text]
        for needle in needles:
            matching = [id for id, text in texts.items() if search_key(needle.strip()) in search_key(text or "")]
            assert found(account, path, needle) == sorted(matching), (path, needle)


def test_the_index_follows_every_change_of_a_text(account: Account, rng: random.Random) -> None:
    fill(account, rng)

    for change in (
        "UPDATE {} SET description_key = description_key || ' abc' WHERE id % 2 = 0",
        "UPDATE {} SET description_key = NULL WHERE id % 5 = 0",
        "UPDATE {} SET description_key = 'abcabc' WHERE id % 7 = 0",
        "UPDATE {} SET id = id + 1000 WHERE id % 3 = 0",
        "UPDATE {} SET description_key = description_key, date = '2024-05-01'",
        "DELETE FROM {} WHERE id % 4 = 0",
    ):
        for table in text_index.INDEXED_TABLES:
            assert account.database.run_now(execute, change.format(table)), change
        assert account.database.read_now(text_index.find_differences) == {}, change


def test_the_index_is_of_all_accounts_but_a_filter_is_not(account: Account, other_account: Account) -> None:
    entry = make_entry(account.leader, "Kick-off in the harbour")
    make_entry(other_account.leader, "Kick-off in the orchard")

    assert found(account, "/v2/entries", "kick-off in") == [entry["id"]]
    assert found(account, "/v2/entries", "orchard") == []


def test_a_text_filter_that_matches_many_has_no_last_page(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listings, "MAX_COUNTED", 3)
    for number in range(8):
        make_entry(account.leader, f"Kick-off {number}")
    client = account.leader.client

    def links(page: int, description: str = "kick") -> list[str]:
        return [*client.get("/v2/entries", {"description": description, "per_page": 2, "page": page}).links]

    assert [links(page) for page in (1, 2, 3, 4)] == [
        ["next"], ["first", "next", "prev"], ["first", "next", "prev"], ["first", "prev"],
    ]  # fmt: skip
    make_entry(account.leader, "off 5")
    make_entry(account.leader, "off 5")
    assert links(1, "off 5") == ["last", "next"]


def test_postgresql_uses_the_index_if_it_has_it(account: Account) -> None:
    if account.database.dialect == "sqlite" or account.database.read_now(text_index.is_missing):
        pytest.skip("needs a PostgreSQL server with pg_trgm")

    def explain(tx: Transaction) -> str:
        execute(tx, "SET LOCAL enable_seqscan = off")
        return "\n".join(
            row[0]
            for row in tx._connection.execute("EXPLAIN SELECT id FROM entries WHERE description_key LIKE '%kick%'")
        )

    assert "ix_entries_description_trigrams" in account.database.run_now(explain)
