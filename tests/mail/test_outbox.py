"""The outbox and the mail worker: no mail is lost, retries end, and permanent refusals are given up."""

import asyncio
import random
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from sqlalchemy import select

from hourhook.clock import DAY, SECOND
from hourhook.crypto import Keyring
from hourhook.delivery.transports.http.resolvers import SystemResolver
from hourhook.delivery.worker.wakeups import Wakeups
from hourhook.mail import outbox as mails
from hourhook.mail.outbox import Outbox
from hourhook.mail.smtp import SmtpClient
from hourhook.mail.worker import LEASE_SECONDS, LONGEST_DELAY, MailWorker
from hourhook.settings import SmtpServer
from hourhook.store.database import Database
from hourhook.store.schema import mails as table
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction
from tests.conftest import Logged
from tests.support.clocks import FakeClock
from tests.support.dependencies import DEPENDENCIES
from tests.support.servers import EventLoopThread
from tests.support.smtp_server import FakeSmtpServer
from tests.support.webhook_receiver import eventually

SECRET = "https://time.example.com/invitations/secret"
Put = Callable[..., None]


@pytest.fixture
def outbox() -> Outbox:
    return Outbox(DEPENDENCIES.keyring)


@pytest.fixture
def put(database: Database, outbox: Outbox) -> Put:
    def put(recipient: str = "grace@northwind.test", user_id: int = 1, kind: str = "invitation") -> None:
        def add(tx: Transaction) -> None:
            tx.account_id = 1
            outbox.enqueue(tx, user_id=user_id, kind=kind, recipient=recipient, subject="Come", text=f"{SECRET}\n")

        database.run_now(add)

    return put


class RunningMailWorker:
    """A mail worker running in the event loop of the tests, woken as in a server."""

    def __init__(self, loop: EventLoopThread, database: Database, outbox: Outbox, smtp_server: FakeSmtpServer) -> None:
        self._loop = loop
        loop.run(self._start(database, outbox, smtp_server.port))

    def stop(self) -> None:
        """Stop the mail worker without waiting."""
        self._loop.run(self._stop())

    def end(self) -> None:
        """Stop the mail worker and wait for its end."""
        self._loop.run(self._end())

    async def _start(self, database: Database, outbox: Outbox, port: int) -> None:
        self._mail_worker = MailWorker(
            database,
            outbox,
            SmtpClient(SmtpServer("127.0.0.1", port, "none"), "h@example.com", SystemResolver()),
            # The jitter of all pauses together may exceed the window, which is counted without it.
            rng=random.Random(1),
        )
        wakeups = Wakeups()
        wakeups.subscribe(self._mail_worker.wake)
        outbox.wake = wakeups.wake
        self._working = asyncio.create_task(self._mail_worker.run())

    async def _stop(self) -> None:
        self._mail_worker.stop()

    async def _end(self) -> None:
        self._mail_worker.stop()
        await self._working


Start = Callable[..., RunningMailWorker]


@pytest.fixture
def start(_loop: EventLoopThread, database: Database, outbox: Outbox, smtp_server: FakeSmtpServer) -> Iterator[Start]:
    started: list[RunningMailWorker] = []

    def start(outbox: Outbox = outbox) -> RunningMailWorker:
        started.append(RunningMailWorker(_loop, database, outbox, smtp_server))
        return started[-1]

    yield start
    for running in started:
        running.end()


def rows(database: Database) -> list[Row]:
    return database.read_now(lambda tx: tx.all(_ROWS))


def errors(database: Database) -> list[tuple[int, str | None]]:
    return [(row.attempts_count, row.last_error) for row in rows(database)]


def test_a_mail_is_sent_after_the_commit_and_then_deleted(
    database: Database, smtp_server: FakeSmtpServer, put: Put, start: Start
) -> None:
    start()
    put()

    assert smtp_server.next().text == f"{SECRET}\n"
    eventually(lambda: rows(database), [])


def test_a_rolled_back_mail_is_not_sent(
    database: Database, outbox: Outbox, smtp_server: FakeSmtpServer, put: Put, start: Start
) -> None:
    def fail(tx: Transaction) -> None:
        tx.account_id = 1
        outbox.enqueue(tx, user_id=1, kind="x", recipient="eve@northwind.test", subject="No", text="No")
        raise KeyError

    start()
    with pytest.raises(KeyError):
        database.run_now(fail)
    put()

    assert smtp_server.next().recipients == ["grace@northwind.test"]
    assert smtp_server.is_empty()


def test_a_pending_text_is_encrypted(database: Database, put: Put) -> None:
    put()

    [row] = rows(database)
    assert b"secret" not in bytes(row.text)
    assert (row.recipient, row.subject) == ("grace@northwind.test", "Come")


def test_a_mail_committed_before_a_crash_is_sent_after_it(
    database: Database, smtp_server: FakeSmtpServer, put: Put, start: Start
) -> None:
    put()  # and no worker is left to send it
    assert smtp_server.is_empty()

    start()

    assert smtp_server.next().text == f"{SECRET}\n"
    eventually(lambda: rows(database), [])


def test_a_mail_of_a_dead_process_is_sent_by_another_one(
    database: Database,
    outbox: Outbox,
    clock: FakeClock,
    smtp_server: FakeSmtpServer,
    put: Put,
    start: Start,
) -> None:
    put()
    dead = database.run_now(mails.lease, LONGEST_DELAY, round(LEASE_SECONDS * 1e6))
    assert dead is not None
    start()
    put("other@northwind.test")
    assert smtp_server.next().recipients == ["other@northwind.test"]
    assert [row.attempts_count for row in rows(database) if row.id == dead.id] == [1]

    clock.advance(LEASE_SECONDS)
    outbox.wake()

    assert smtp_server.next().recipients == ["grace@northwind.test"]
    eventually(lambda: rows(database), [])


def test_a_result_under_an_expired_lease_changes_nothing(database: Database, clock: FakeClock, put: Put) -> None:
    put()
    late = database.run_now(mails.lease, LONGEST_DELAY, 1)
    clock.advance(1)
    ours = database.run_now(mails.lease, LONGEST_DELAY, 1)
    assert late is not None
    assert ours is not None

    database.run_now(mails.remove, late)
    database.run_now(mails.postpone, late, 99, "too late")
    assert errors(database) == [(2, None)]
    database.run_now(mails.postpone, ours, 99, "busy")
    assert errors(database) == [(2, "busy")]
    database.run_now(mails.remove, ours)
    assert rows(database) == []


def test_a_mail_is_leased_once_longest_due_first(database: Database, clock: FakeClock, put: Put) -> None:
    put("first@x.test")
    clock.advance(1)
    put("second@x.test")

    leased = [database.run_now(mails.lease, LONGEST_DELAY, 60_000_000) for _ in range(3)]

    assert [mail and mail.recipient for mail in leased] == ["first@x.test", "second@x.test", None]
    assert not database.read_now(mails.is_any_due, LONGEST_DELAY)


def test_a_mail_that_a_clock_ahead_queued_is_due(database: Database, clock: FakeClock, put: Put) -> None:
    clock.advance(DAY / SECOND)
    put()
    clock.advance(-DAY / SECOND)

    assert database.read_now(mails.is_any_due, LONGEST_DELAY)
    assert database.run_now(mails.lease, LONGEST_DELAY, 1) is not None


def test_two_mail_workers_send_each_mail_once(
    database: Database, smtp_server: FakeSmtpServer, put: Put, start: Start
) -> None:
    expected = [f"grace{number}@northwind.test" for number in range(12)]
    for recipient in expected:
        put(recipient)
    start()
    start()

    assert sorted(smtp_server.next().recipients[0] for _ in expected) == sorted(expected)
    eventually(lambda: rows(database), [])
    assert smtp_server.is_empty()


def test_a_temporary_refusal_is_retried_with_backoff_for_two_days(
    database: Database,
    outbox: Outbox,
    clock: FakeClock,
    smtp_server: FakeSmtpServer,
    put: Put,
    start: Start,
    logged: Logged,
) -> None:
    smtp_server.replies = {"RCPT": "450 4.2.1 Busy"}
    start()
    put()
    began = clock.now()
    pauses: list[float] = []
    while True:
        count = len(pauses) + 1
        eventually(lambda count=count: [e["attempt"] for e in mail_worker_lines(logged)][-1:], [count])  # type: ignore[misc]
        if not rows(database):
            break
        [row] = rows(database)
        assert row.last_error == "the recipient is refused: 450 4.2.1"
        pauses.append((row.next_attempt_at - clock.now()) / 1e6)
        clock.advance(pauses[-1])
        outbox.wake()

    assert 54 <= pauses[0] <= 66
    assert all(later > earlier for earlier, later in pairwise(pauses[:8]))
    assert max(pauses) <= 4 * 3600 * 1.1
    assert clock.now() - began <= 2 * 86_400e6
    assert clock.now() - began > 1.5 * 86_400e6
    assert mail_worker_lines(logged)[-1]["event"] == "mail given up"
    assert smtp_server.is_empty()


def test_a_server_that_recovers_gets_the_mail(
    database: Database,
    outbox: Outbox,
    clock: FakeClock,
    smtp_server: FakeSmtpServer,
    put: Put,
    start: Start,
) -> None:
    smtp_server.replies = {"CONNECT": "421 Busy"}
    start()
    put()
    eventually(lambda: errors(database), [(1, "the connection is refused: 421")])
    smtp_server.replies = {}
    clock.advance(66)
    outbox.wake()

    assert smtp_server.next().message["Message-ID"].startswith("<")
    eventually(lambda: rows(database), [])


def test_a_permanently_refused_mail_is_given_up_and_logged(
    database: Database,
    smtp_server: FakeSmtpServer,
    put: Put,
    start: Start,
    logged: Logged,
) -> None:
    smtp_server.replies = {"DATA-END": f"554 5.7.1 {SECRET} is spam"}
    start()
    put()
    eventually(lambda: [line["event"] for line in mail_worker_lines(logged)], ["mail given up"])

    [line] = mail_worker_lines(logged)
    assert line["error"] == "the mail is refused: 554 5.7.1"
    assert (line["account"], line["attempt"], line["log_level"]) == (1, 1, "warning")
    eventually(lambda: rows(database), [])
    assert "secret" not in str(logged)


def test_an_invalid_address_is_given_up_and_delays_no_others(
    database: Database, smtp_server: FakeSmtpServer, put: Put, start: Start, logged: Logged
) -> None:
    put("grace@north..wind.test")
    put("other@northwind.test")
    start()

    assert smtp_server.next().recipients == ["other@northwind.test"]
    assert mail_worker_lines(logged)[0]["error"] == "there is no such address"
    eventually(lambda: rows(database), [])


def test_a_mail_encrypted_with_another_key_waits_for_that_key(
    database: Database, smtp_server: FakeSmtpServer, put: Put, start: Start
) -> None:
    put()
    start(Outbox(Keyring("another key, which is no secret either")))

    eventually(lambda: [(number, (error or "")[:11]) for number, error in errors(database)], [(1, "the secrets")])
    assert smtp_server.is_empty()


def test_a_newer_mail_of_a_kind_replaces_older_ones(database: Database, put: Put) -> None:
    put("old@x.test")
    put("other@x.test", user_id=2)
    put("report@x.test", kind="report")

    def withdraw(tx: Transaction) -> None:
        tx.account_id = 1
        mails.cancel(tx, 1, "invitation")

    database.run_now(withdraw)

    assert [row.recipient for row in rows(database)] == ["other@x.test", "report@x.test"]


def test_a_stopped_mail_worker_finishes_the_mail_in_flight(
    database: Database, smtp_server: FakeSmtpServer, put: Put, start: Start
) -> None:
    smtp_server.pause()
    running = start()
    put()
    eventually(lambda: errors(database), [(1, None)])

    running.stop()
    put("other@northwind.test")
    smtp_server.resume()
    running.end()

    assert smtp_server.next().recipients == ["grace@northwind.test"]
    assert [row.recipient for row in rows(database)] == ["other@northwind.test"]


def mail_worker_lines(logged: Logged) -> Logged:
    return [line for line in logged if line["event"].startswith("mail ")]


_ROWS = Statement(select(table).order_by(table.c.id))
