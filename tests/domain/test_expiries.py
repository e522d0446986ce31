"""Lifetimes that began while a clock was ahead end no later than those that begin now."""

import pytest
from sqlalchemy import bindparam, select

from hourhook.clock import DAY, SECOND
from hourhook.domain import sessions
from hourhook.domain.expiries import shorten_lifetimes
from hourhook.store.database import Database
from hourhook.store.schema import users
from hourhook.store.statements import Statement
from tests.support.backlogs import Backlog, make_backlog
from tests.support.clocks import FakeClock

LIFETIME = sessions.LIFETIME_SECONDS
_OWNER = Statement(select(users.c.id).where(users.c.account_id == bindparam("account")))


@pytest.fixture
def backlog(database: Database) -> Backlog:
    return make_backlog(database)


def begin_session(backlog: Backlog, token: str) -> None:
    owner_id = backlog.write(lambda tx: tx.value(_OWNER, account=tx.account_id))
    backlog.write(sessions.begin, token, owner_id)


def test_a_session_that_a_clock_ahead_began_ends_in_its_lifetime(
    backlog: Backlog, database: Database, clock: FakeClock
) -> None:
    clock.advance(400 * DAY / SECOND)
    begin_session(backlog, "ahead")
    clock.advance(-400 * DAY / SECOND)

    assert database.run_now(shorten_lifetimes) == 1
    assert database.run_now(shorten_lifetimes) == 0

    assert len(database.read_now(sessions.find, "ahead")) == 1
    clock.advance(LIFETIME + 1)
    assert len(database.read_now(sessions.find, "ahead")) == 0


def test_a_session_of_a_right_clock_keeps_its_lifetime(backlog: Backlog, database: Database, clock: FakeClock) -> None:
    begin_session(backlog, "right")
    clock.advance(LIFETIME - 1)

    assert database.run_now(shorten_lifetimes) == 0
    assert len(database.read_now(sessions.find, "right")) == 1
    clock.advance(2)
    assert len(database.read_now(sessions.find, "right")) == 0
