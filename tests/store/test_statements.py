"""Statements, and the conditions that they take lists and texts for."""

from sqlalchemy import Column, Integer, MetaData, String, Table, bindparam, select

from hourhook.store.schema import entries
from hourhook.store.statements import DIALECTS, Statement, any_of, contains, in_subquery

things = Table("things", MetaData(), Column("id", Integer), Column("name", String))


def test_a_condition_on_a_list_is_written_so_that_an_index_can_serve_it() -> None:
    texts = {
        dialect: Statement(select(things.c.id).where(any_of(things.c.id, "ids"), contains(things.c.name, "part")))
        .compiled(dialect)
        .text.partition("WHERE ")[2]
        for dialect in DIALECTS
    }

    assert texts == {
        "sqlite": "things.id IN (SELECT value FROM json_each(:ids)) AND instr(things.name, :part) > 0",
        "postgresql": "things.id = ANY(CAST(%(ids)s AS BIGINT[])) AND strpos(things.name, %(part)s) > 0",
    }


def test_a_condition_on_a_list_may_be_one_of_two_or_denied() -> None:
    condition = any_of(entries.c.id, "ids")

    for construct in (select(entries.c.id).where(condition | (entries.c.id == bindparam("id"))), select(~condition)):
        for dialect in DIALECTS:
            assert "ids" in Statement(construct).compiled(dialect).text


def test_the_few_that_a_condition_asks_for_are_asked_for_first() -> None:
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
