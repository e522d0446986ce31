"""When tokens were last used."""

import asyncio

from hourhook.api.token_usage import LastUsedRecorder
from hourhook.domain import tokens
from hourhook.domain.callers import Caller, authenticate
from hourhook.domain.links import Links
from hourhook.store.database import Database
from tests.support.accounts import Account, Person
from tests.support.clocks import FakeClock

LINKS = Links("http://127.0.0.1")


def last_use(account: Account, person: Person) -> int | None:
    rows = account.database.read_now(tokens.list_all)
    [found] = [row.last_used_at for row in rows if row.email == person.email]
    return None if found is None else int(found)


def use(database: Database, *people: Person) -> None:
    async def note() -> None:
        uses = LastUsedRecorder(database)
        for person in people:
            caller = await database.read(authenticate, person.token, LINKS)
            assert isinstance(caller, Caller)
            uses.record(caller)
        await uses.finish()

    asyncio.run(note())


def test_the_first_use_of_a_token_is_recorded(account: Account, clock: FakeClock) -> None:
    assert last_use(account, account.leader) is None

    use(account.database, account.leader, account.coworker)

    assert last_use(account, account.leader) == clock.now()
    assert last_use(account, account.coworker) == clock.now()
    assert last_use(account, account.contractor) is None


def test_later_uses_within_the_hour_are_not_recorded(account: Account, clock: FakeClock) -> None:
    use(account.database, account.leader)
    first = clock.now()

    clock.advance(3599)
    use(account.database, account.leader)
    assert last_use(account, account.leader) == first

    clock.advance(1)
    use(account.database, account.leader)
    assert last_use(account, account.leader) == clock.now()


def test_token_use_is_recorded_after_the_response(account: Account, clock: FakeClock) -> None:
    for _ in range(1000):
        assert account.leader.client.get("/v2/account").status == 200
        if last_use(account, account.leader) is not None:
            break

    assert last_use(account, account.leader) == clock.now()
