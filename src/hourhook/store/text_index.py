"""The index by which lists find texts that contain a text (``docs/decisions/0045-an-index-of-texts.md``).

On SQLite it is an FTS5 table of trigrams for each table in ``INDEXED_TABLES``. Triggers keep it; they are in the
migrations. On PostgreSQL it is an index of ``pg_trgm``, if the server has that, which the planner uses by itself.

It only tells where a text may be, and the filter compares the texts too. So a list is the same with and without it.
"""

from collections import Counter
from collections.abc import Mapping
from functools import cache

from sqlalchemy import text

from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction

# The tables whose column ``description_key`` is indexed. The ids of a table are unique across accounts.
INDEXED_TABLES = ("entries", "expenses")
TRIGRAM = 3
# Further parts of a long text hardly narrow the search.
MAX_PARTS = 16
# Behind each text, so that each of its characters begins a trigram.
_PADDING = "  "
_LAST_CHARACTER = "\U0010ffff"
# If more texts may match, reading the list in its order finds enough of them soon.
FEW = 5_000


def find_few(tx: Transaction, table: str, needle: str) -> list[int] | None:
    """Return the ids of all rows, of any account, that may contain a text; None if the index cannot tell a few.

    That is so if more than ``FEW`` match, for an empty text, and on PostgreSQL, which chooses by itself.
    """
    if tx.dialect != "sqlite" or not needle:
        return None
    if len(needle) < TRIGRAM:
        found = tx.all(_find_beginning(table), first=needle, after=needle + _LAST_CHARACTER, limit=FEW + 1)
    else:
        found = tx.all(_find(table), parts=_match(needle), limit=FEW + 1)
    return None if len(found) > FEW else [row.id for row in found]


def find_differences(tx: Transaction) -> Mapping[str, int]:
    """Return how many trigrams of each table the index has for other rows than those that contain them.

    PostgreSQL keeps its index by itself, so there is nothing to compare.
    """
    if tx.dialect != "sqlite":
        return {}
    found = {table: _count_differences(tx, table) for table in INDEXED_TABLES}
    return {table: count for table, count in found.items() if count}


def is_missing(tx: Transaction) -> bool:
    """Return whether this is a PostgreSQL database without the index, where text filters read all rows."""
    if tx.dialect == "sqlite":
        return False
    names = [f"ix_{table}_description_trigrams" for table in INDEXED_TABLES]
    return int(tx.value(_COUNT_INDEXES, names=names)) < len(names)


def rebuild(tx: Transaction) -> None:
    """Index all texts again."""
    if tx.dialect == "sqlite":
        for table in INDEXED_TABLES:
            tx.execute(Statement(text(f"INSERT INTO {table}_trigrams ({table}_trigrams) VALUES ('rebuild')")))


def _match(needle: str) -> str:
    """Return the FTS5 expression of the texts with all trigrams of ``needle``, or with some if it is long."""
    parts = _trigrams(needle)
    step = -(-len(parts) // MAX_PARTS)
    return " AND ".join('"' + part.replace('"', '""') + '"' for part in parts[::step])


def _trigrams(text: str) -> list[str]:
    return [*dict.fromkeys(text[start : start + TRIGRAM] for start in range(len(text) - TRIGRAM + 1))]


@cache
def _find(table: str) -> Statement:
    name = f"{table}_trigrams"
    return Statement(text(f"SELECT rowid AS id FROM {name} WHERE {name} MATCH :parts LIMIT :limit"))


@cache
def _find_beginning(table: str) -> Statement:
    """Return the statement that finds the rows by a trigram that begins with one or two characters."""
    condition = "term >= :first AND term < :after"
    return Statement(text(f"SELECT DISTINCT doc AS id FROM {table}_trigrams_terms WHERE {condition} LIMIT :limit"))


def _count_differences(tx: Transaction, table: str) -> int:
    # By trigram: in how many rows it is, and the sum of their ids.
    counts: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    for row in tx.all(_texts(table)):
        for part in _trigrams(row.key + _PADDING):
            counts[part] += 1
            sums[part] += row.id
    indexed = {row.term: (row.number, row.sum) for row in tx.all(_terms(table))}
    expected = {part: (counts[part], sums[part]) for part in counts}
    return sum(indexed.get(part) != expected.get(part) for part in indexed.keys() | expected.keys())


@cache
def _texts(table: str) -> Statement:
    return Statement(text(f"SELECT id, description_key AS key FROM {table} WHERE description_key IS NOT NULL"))


@cache
def _terms(table: str) -> Statement:
    return Statement(
        text(f"SELECT term, count(*) AS number, sum(doc) AS sum FROM {table}_trigrams_terms GROUP BY term")
    )


_COUNT_INDEXES = Statement(
    text("SELECT count(*) FROM pg_indexes WHERE schemaname = current_schema() AND indexname = ANY(:names)")
)
