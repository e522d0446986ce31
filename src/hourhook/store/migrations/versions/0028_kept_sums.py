"""Keep sums of entries and expenses by triggers, because counting a large account takes seconds.

On PostgreSQL a trigger runs once for all rows of a statement: a merge would otherwise update one sum ten thousand
times. SQLite has only triggers for each row, and updates in place.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    _create_tables()
    _count()
    for statement in _sqlite_triggers() if op.get_bind().dialect.name == "sqlite" else _postgresql_triggers():
        op.execute(statement)


def _create_tables() -> None:
    text = sa.String().with_variant(sa.String(collation="C"), "postgresql")
    op.add_column("tags", sa.Column("entries_count", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("entries", sa.Column("unbillable_tags_count", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "entry_sums",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("project_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("month", text, autoincrement=False, nullable=False),
        sa.Column("has_unbillable_tag", sa.Boolean(), autoincrement=False, nullable=False),
        sa.Column("is_invoiced", sa.Boolean(), autoincrement=False, nullable=False),
        sa.Column("entries_count", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("minutes", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint(
            "account_id", "project_id", "user_id", "month", "has_unbillable_tag", "is_invoiced", name="pk_entry_sums"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "expense_sums",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("project_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("expenses_count", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "project_id", "user_id", name="pk_expense_sums"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "project_invoices",
        sa.Column("account_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("project_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("invoice_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("items_count", sa.Integer(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "project_id", "invoice_id", name="pk_project_invoices"),
        sqlite_with_rowid=False,
    )


def _count() -> None:
    op.execute("""
        UPDATE tags SET entries_count = found.entries_count
        FROM (SELECT account_id, tag_id, count(*) AS entries_count FROM entry_tags GROUP BY account_id, tag_id) AS found
        WHERE tags.account_id = found.account_id AND tags.id = found.tag_id
    """)
    op.execute("""
        UPDATE entries SET unbillable_tags_count = found.tags_count
        FROM (
            SELECT entry_tags.account_id, entry_id, count(*) AS tags_count
            FROM tags JOIN entry_tags ON entry_tags.account_id = tags.account_id AND entry_tags.tag_id = tags.id
            WHERE tags.billable IS FALSE GROUP BY entry_tags.account_id, entry_id
        ) AS found
        WHERE entries.account_id = found.account_id AND entries.id = found.entry_id
    """)
    op.execute("""
        INSERT INTO entry_sums SELECT account_id, COALESCE(project_id, 0), user_id, substr(date, 1, 7),
            unbillable_tags_count > 0, invoiced_at IS NOT NULL, count(*), sum(minutes)
        FROM entries GROUP BY 1, 2, 3, 4, 5, 6
    """)
    op.execute("""
        INSERT INTO expense_sums SELECT account_id, project_id, user_id, count(*) FROM expenses GROUP BY 1, 2, 3
    """)
    op.execute("""
        INSERT INTO project_invoices SELECT account_id, project_id, invoice_id, count(*) FROM (
            SELECT entries.account_id, project_id, invoice_id FROM invoice_entries
            JOIN entries ON entries.account_id = invoice_entries.account_id AND entries.id = entry_id
            UNION ALL SELECT expenses.account_id, project_id, invoice_id FROM invoice_expenses
            JOIN expenses ON expenses.account_id = invoice_expenses.account_id AND expenses.id = expense_id
        ) AS items WHERE project_id IS NOT NULL GROUP BY 1, 2, 3
    """)
    # After the rows, which is faster. With the counts, since SQLite, without statistics, prefers the primary key, which
    # has all columns of these tables, to an index that lacks one, and reads all sums of the account.
    by_user = ["account_id", "user_id", "month", "entries_count"]
    op.create_index("ix_entry_sums_account_id_user_id_month_entries_count", "entry_sums", by_user)
    op.create_index("ix_entry_sums_account_id_month", "entry_sums", ["account_id", "month"])
    counted = ["account_id", "user_id", "expenses_count"]
    op.create_index("ix_expense_sums_account_id_user_id_expenses_count", "expense_sums", counted)
    op.create_index("ix_project_invoices_account_id_invoice_id", "project_invoices", ["account_id", "invoice_id"])


@dataclass(frozen=True)
class Kept:
    """A table of sums: how the rows of ``source``, as ``changed``, are summed up, by key and in which columns."""

    source: str
    name: str
    keys: dict[str, str]
    sums: dict[str, str]
    # The columns of the source that these depend on.
    columns: tuple[str, ...]
    joined: str = ""
    condition: str = "true"
    events: tuple[str, ...] = ("INSERT", "DELETE", "UPDATE")

    def select(self, rows: str, sign: str) -> str:
        sums = [f"{sign}{value} AS {name}" for name, value in self.sums.items()]
        keys = [f"{value} AS {name}" for name, value in self.keys.items()]
        return f"SELECT {', '.join([*keys, *sums])} FROM {rows} AS changed {self.joined} WHERE {self.condition}"

    def add(self, selected: str) -> str:
        """Return the statement that adds selected changes to the sums."""
        keys = ", ".join(self.keys)
        return f"""
            INSERT INTO {self.name} ({keys}, {", ".join(self.sums)}) {selected}
            ON CONFLICT ({keys}) DO UPDATE SET
            {", ".join(f"{name} = {self.name}.{name} + excluded.{name}" for name in self.sums)};"""

    def grouped(self, selected: Sequence[str]) -> str:
        """Return the SELECT of changes, one for each key, from those of several rows."""
        keys = ", ".join(self.keys)
        return f"""
            SELECT {keys}, {", ".join(f"sum({name})" for name in self.sums)}
            FROM ({" UNION ALL ".join(selected)}) AS changes GROUP BY {keys}
            HAVING {" OR ".join(f"sum({name}) <> 0" for name in self.sums)}"""

    def drop(self, removed: str) -> str:
        """Return the statement that deletes sums of no rows any more, with the keys of selected changes."""
        keys = ", ".join(self.keys)
        return self._drop(f"({keys}) IN (SELECT {keys} FROM ({removed}) AS changes)")

    def drop_one(self, removed: str) -> str:
        """Return the same for one change: SQLite would search for several with the first two columns only."""
        values = {key: f"(SELECT {key} FROM ({removed}) AS changes)" for key in self.keys}
        if not self.joined:
            values = {key: value.replace("changed.", "OLD.") for key, value in self.keys.items()}
        return self._drop(" AND ".join(f"{key} = ({value})" for key, value in values.items()))

    def _drop(self, condition: str) -> str:
        return f"DELETE FROM {self.name} WHERE {next(iter(self.sums))} = 0 AND {condition};"


def _items(items: str, item_id: str) -> tuple[Kept, Kept]:
    """Return how a row of ``invoice_entries`` or ``invoice_expenses``, and a new project of its item, are counted."""
    of_item = f"{items}.account_id = changed.account_id AND {items}.id = changed.{item_id}"
    of_member = f"members.account_id = changed.account_id AND members.{item_id} = changed.id"
    count, keys = {"items_count": "1"}, {"account_id": "changed.account_id"}
    return (
        Kept(
            f"invoice_{items}",
            "project_invoices",
            {**keys, "project_id": f"{items}.project_id", "invoice_id": "changed.invoice_id"},
            count,
            ("account_id", "invoice_id", item_id),
            f"JOIN {items} ON {of_item}",
            f"{items}.project_id IS NOT NULL",
        ),
        Kept(
            items,
            "project_invoices",
            {**keys, "project_id": "changed.project_id", "invoice_id": "members.invoice_id"},
            count,
            ("account_id", "id", "project_id"),
            f"JOIN invoice_{items} AS members ON {of_member}",
            "changed.project_id IS NOT NULL",
            ("UPDATE",),
        ),
    )


KEPT = (
    Kept(
        "entries",
        "entry_sums",
        {
            "account_id": "changed.account_id",
            "project_id": "COALESCE(changed.project_id, 0)",
            "user_id": "changed.user_id",
            "month": "substr(changed.date, 1, 7)",
            "has_unbillable_tag": "changed.unbillable_tags_count > 0",
            "is_invoiced": "changed.invoiced_at IS NOT NULL",
        },
        {"entries_count": "1", "minutes": "changed.minutes"},
        ("account_id", "project_id", "user_id", "date", "unbillable_tags_count", "invoiced_at", "minutes"),
    ),
    Kept(
        "expenses",
        "expense_sums",
        {name: f"changed.{name}" for name in ("account_id", "project_id", "user_id")},
        {"expenses_count": "1"},
        ("account_id", "project_id", "user_id"),
    ),
    *_items("entries", "entry_id"),
    *_items("expenses", "expense_id"),
)
# The rows that a trigger sees, by what it is for: those added and those removed.
ROWS = {"INSERT": ("NEW", None), "DELETE": (None, "OLD"), "UPDATE": ("NEW", "OLD")}


def _sqlite_triggers() -> Iterator[str]:
    for kept in KEPT:
        for event in kept.events:
            signed = zip(ROWS[event], ("", "-"), strict=True)
            added, removed = (
                row and kept.select(f"(SELECT {_columns(row, kept.columns)})", sign) for row, sign in signed
            )
            when = event
            if event == "UPDATE":
                old, new = (", ".join(f"{row}.{name}" for name in kept.columns) for row in ("OLD", "NEW"))
                when = f"UPDATE OF {', '.join(kept.columns)} ON {kept.source} WHEN ({old}) IS NOT ({new})"
            changes = [kept.add(selected) for selected in (added, removed) if selected]
            drop = kept.drop_one(removed) if removed else ""
            yield _sqlite_trigger(f"{kept.source}_{kept.name}", event, when, kept.source, *changes, drop)
    for event, rows_of_event in ROWS.items():
        changes = [
            f"""
            UPDATE tags SET entries_count = entries_count {sign} 1
            WHERE account_id = {row}.account_id AND id = {row}.tag_id;
            UPDATE entries SET unbillable_tags_count = unbillable_tags_count {sign} 1
            WHERE account_id = {row}.account_id AND id = {row}.entry_id AND (
                SELECT billable FROM tags WHERE account_id = {row}.account_id AND id = {row}.tag_id
            ) IS FALSE;"""
            for row, sign in zip(rows_of_event, "+-", strict=True)
            if row is not None
        ]
        when = "UPDATE OF account_id, entry_id, tag_id" if event == "UPDATE" else event
        yield _sqlite_trigger("entry_tags", event, when, "entry_tags", *changes)
    when = "UPDATE OF billable ON tags WHEN OLD.billable IS NOT NEW.billable"
    yield _sqlite_trigger("tags_billable", "UPDATE", when, "tags", COUNT_AGAIN)


def _sqlite_trigger(name: str, event: str, when: str, table: str, *statements: str) -> str:
    on = "" if " ON " in when else f"ON {table}"
    return f"CREATE TRIGGER keep_{name}_{event.lower()} AFTER {when} {on} BEGIN {''.join(statements)} END"


def _columns(row: str, names: tuple[str, ...]) -> str:
    return ", ".join(f"{row}.{name} AS {name}" for name in names)


# The tag NEW has become billable, or unbillable.
COUNT_AGAIN = """
    UPDATE entries SET unbillable_tags_count = unbillable_tags_count + CASE WHEN NEW.billable THEN -1 ELSE 1 END
    WHERE account_id = NEW.account_id AND id IN (
        SELECT entry_id FROM entry_tags WHERE account_id = NEW.account_id AND tag_id = NEW.id
    );"""


def _postgresql_triggers() -> Iterator[str]:
    for source in dict.fromkeys(kept.source for kept in KEPT):
        for event in ROWS:
            body = ""
            for kept in KEPT:
                if kept.source == source and event in kept.events:
                    signed = zip(_transition_tables(event), ("", "-"), strict=True)
                    selected = [kept.select(rows, sign) for rows, sign in signed if rows]
                    body += kept.add(kept.grouped(selected))
                    if event != "INSERT":
                        # Whatever else there is to change, ``entry_sums`` or ``expense_sums`` change too.
                        body += f"IF FOUND THEN {kept.drop(selected[-1])} ELSE RETURN NULL; END IF;"
            yield from _postgresql_trigger(source, event, body)
    for event in ROWS:
        changes = " UNION ALL ".join(
            f"SELECT account_id, entry_id, tag_id, {sign} AS number FROM {rows}"
            for rows, sign in zip(_transition_tables(event), (1, -1), strict=True)
            if rows is not None
        )
        body = f"""
            UPDATE tags SET entries_count = entries_count + found.number
            FROM (SELECT account_id, tag_id, sum(number) AS number FROM ({changes}) AS changed GROUP BY 1, 2) AS found
            WHERE tags.account_id = found.account_id AND tags.id = found.tag_id AND found.number <> 0;
            IF EXISTS (
                SELECT FROM ({changes}) AS changed JOIN tags USING (account_id)
                WHERE tags.id = changed.tag_id AND tags.billable IS FALSE
            ) THEN
                UPDATE entries SET unbillable_tags_count = unbillable_tags_count + found.number
                FROM (
                    SELECT account_id, entry_id, sum(number) AS number
                    FROM ({changes}) AS changed JOIN tags USING (account_id)
                    WHERE tags.id = changed.tag_id AND tags.billable IS FALSE GROUP BY 1, 2
                ) AS found
                WHERE entries.account_id = found.account_id AND entries.id = found.entry_id AND found.number <> 0;
            END IF;"""
        yield from _postgresql_trigger("entry_tags", event, body)
    yield _function("keep_tags_billable", COUNT_AGAIN)
    yield """
        CREATE TRIGGER keep_tags_billable AFTER UPDATE OF billable ON tags FOR EACH ROW
        WHEN (OLD.billable IS DISTINCT FROM NEW.billable) EXECUTE FUNCTION keep_tags_billable()"""


def _transition_tables(event: str) -> list[str | None]:
    return [name if row is not None else None for name, row in zip(("added", "removed"), ROWS[event], strict=True)]


def _postgresql_trigger(source: str, event: str, body: str) -> Iterator[str]:
    name = f"keep_{source}_{event.lower()}"
    rows = [
        f"{row} TABLE AS {table}" for row, table in zip(("NEW", "OLD"), _transition_tables(event), strict=True) if table
    ]
    yield _function(name, body)
    yield f"""
        CREATE TRIGGER {name} AFTER {event} ON {source} REFERENCING {" ".join(rows)}
        FOR EACH STATEMENT EXECUTE FUNCTION {name}()"""


def _function(name: str, body: str) -> str:
    return f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} RETURN NULL; END $$"
