"""Compiled statements and their conditions on lists and texts."""

from sqlalchemy import Column, Integer, MetaData, String, Table, bindparam, select

from hourhook.store.schema import entries
from hourhook.store.statements import Statement, any_of, contains, in_subquery
from tests.conftest import DIALECTS

things = Table("things", MetaData(), Column("id", Integer), Column("name", String))


def test_any_of_compiles_to_a_condition_that_can_use_an_index() -> None:
    texts = {
        dialect: Statement(select(things.c.id).where(any_of(things.c.id, "ids"), contains(things.c.name, "part")))
        .compiled(dialect)
        .text.partition("WHERE ")[2]
        for dialect in DIALECTS
    }

    assert texts == {
        "sqlite": "things.id IN (SELECT value FROM json_each(:ids)) AND instr(things.name, :part) > 0",
        "postgresql": "things.id = ANY(CAST(%(ids)s AS BIGINT[])) AND things.name LIKE '%%' || "
        r"replace(replace(replace(%(part)s, '\', '\\'), '%%', '\%%'), '_', '\_') || '%%'",
    }


def test_any_of_can_be_negated_and_combined() -> None:
    condition = any_of(entries.c.id, "ids")

    for construct in (select(entries.c.id).where(condition | (entries.c.id == bindparam("id"))), select(~condition)):
        for dialect in DIALECTS:
            assert "ids" in Statement(construct).compiled(dialect).text


def test_in_subquery_evaluates_the_subquery_first() -> None:
    few = select(entries.c.id).where(entries.c.minutes == bindparam("top"))
    texts = {
        dialect: " ".join(
            Statement(select(things.c.id).where(in_subquery(things.c.id, few))).compiled(dialect).text.split()
        ).partition("WHERE ")[2]
        for dialect in DIALECTS
    }

    assert texts == {
        "sqlite": "things.id IN (SELECT entries.id FROM entries WHERE entries.minutes = :top)",
        "postgresql": "things.id = ANY(ARRAY(SELECT entries.id FROM entries WHERE entries.minutes = %(top)s::INTEGER))",
    }
