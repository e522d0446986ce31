"""Alerts about webhooks: events for others and mails, once per trouble and once when it is over."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import select

from hourhook.clock import SECOND
from hourhook.delivery.alerts import find_due
from hourhook.delivery.worker.alerter import Alerter
from hourhook.domain.dependencies import Dependencies
from hourhook.domain.links import Links
from hourhook.domain.webhooks.alerts import Reporter
from hourhook.mail.outbox import Outbox
from hourhook.process.bootstrap import Runtime, make_transport
from hourhook.process.delivering import run_delivery
from hourhook.settings import Settings, SmtpServer
from hourhook.store.database import Database
from hourhook.store.schema import mails
from hourhook.store.statements import Statement
from tests.conftest import MakeServer, Server
from tests.delivery.worker.test_settlements import result_of, settle_results, take
from tests.support.accounts import Account, make_account
from tests.support.clocks import FakeClock
from tests.support.dependencies import DEPENDENCIES
from tests.support.events_of import EventReader
from tests.support.factories import make_project, make_tag
from tests.support.servers import EventLoopThread
from tests.support.smtp_server import FakeSmtpServer
from tests.support.statements import capture_statements
from tests.support.webhook_receiver import WebhookReceiver, eventually
from tests.support.webhooks import get_delivery_log, get_status, make_webhook, request_action

HOUR = 3_600
ALERTS = ["webhook.failing", "webhook.stalled", "webhook.disabled", "webhook.recovered"]
BASE_URL = "https://time.example.com"
_MAILS = Statement(select(mails.c.recipient, mails.c.subject, mails.c.text).order_by(mails.c.id))


class Engine:
    """A worker that attempts the heads of all lanes when told to, and an alerter."""

    def __init__(self, account: Account, loop: EventLoopThread, clock: FakeClock) -> None:
        self.database = account.database
        self.outbox = Outbox(DEPENDENCIES.keyring)
        self.reporter = Reporter(Links(BASE_URL), self.outbox, 30 * 86_400)
        self._alerter = Alerter(self.database, self.reporter.report_due, after_seconds=HOUR)
        self._account = account
        self._loop = loop
        self._clock = clock

    def attempt(self, status: int, *, seconds: float = 20, is_last: bool = False) -> None:
        """Attempt every head that is due, then let time pass; a failure of the last attempt stalls."""
        results = [
            result_of(lane, self.database, status, retry_seconds=None if is_last else 10, keep=False)
            for lane in take(self.database)
        ]
        settle_results(self.database, *results)
        self._clock.advance(seconds)

    def report(self) -> None:
        self._loop.run(self._alerter.report_due())

    def read_mails(self) -> list[tuple[str, str, str]]:
        """Return recipient, subject and text of the mails that wait."""
        rows = self.database.read_now(lambda tx: tx.all(_MAILS))
        return [(row.recipient, row.subject, DEPENDENCIES.keyring.decrypt(bytes(row.text))) for row in rows]


@pytest.fixture
def engine(account: Account, _loop: EventLoopThread, clock: FakeClock) -> Engine:
    return Engine(account, _loop, clock)


def let_fail_for_an_hour(engine: Engine, account: Account) -> None:
    make_tag(account, f"tag{engine.database.clock.now()}")
    engine.attempt(503, seconds=HOUR)
    engine.attempt(503)


def log_of(account: Account, webhook: Any) -> list[str]:
    """Return the types of the payloads of a webhook, oldest first, without pings."""
    return [line["type"] for line in get_delivery_log(account, webhook, "per_page=1000")[::-1] if line["sequence"]]


def test_a_webhook_that_fails_for_an_hour_is_told_once_to_those_who_name_it(account: Account, engine: Engine) -> None:
    webhook = make_webhook(account, events=["tag.created", *ALERTS])
    named, everything = make_webhook(account, events=ALERTS), make_webhook(account, events=["*"])
    log = EventReader(account)
    make_tag(account, "a")
    engine.attempt(503, seconds=HOUR - 60)
    engine.report()
    assert log.read_new_types() == ["tag.created"]
    engine.attempt(503, seconds=61)
    engine.report()
    engine.report()
    engine.attempt(503)
    engine.report()

    [raised] = [event for event in log.read_new() if event.object["id"] == webhook["id"]]
    status = get_status(account, webhook)
    assert raised.type == "webhook.failing"
    assert raised.changes == {}
    assert [*raised.object] == ["id", "name", "url", *status]
    assert {**raised.object, **status} == {
        "id": webhook["id"],
        "name": webhook["name"],
        "url": f"{BASE_URL}/v2/webhooks/{webhook['id']}",
        **status,
    }
    assert raised.object["failing_payload_id"] == status["failing_payload_id"] is not None
    assert log_of(account, webhook) == ["tag.created", "webhook.failing"]
    assert log_of(account, everything) == ["tag.created"]
    assert log_of(account, named) == ["webhook.failing", "webhook.failing"]


def test_a_trouble_that_ends_within_the_hour_is_not_told(account: Account, engine: Engine) -> None:
    make_webhook(account, events=["tag.created"])
    log = EventReader(account)
    make_tag(account, "a")
    engine.attempt(503, seconds=HOUR / 2)
    engine.attempt(200, seconds=HOUR)
    engine.report()
    make_tag(account, "b")
    engine.attempt(503, seconds=HOUR - 60)
    engine.report()

    assert log.read_new_types() == ["tag.created", "tag.created"]


def test_a_stall_and_the_recovery_are_told(account: Account, engine: Engine) -> None:
    webhook = make_webhook(account, events=["tag.created"])
    listener = make_webhook(account, events=ALERTS)
    let_fail_for_an_hour(engine, account)
    engine.report()
    engine.attempt(503, is_last=True)
    engine.report()
    log = EventReader(account)
    account.leader.client.put(webhook["enable_url"])
    engine.report()
    assert log.read_new_types() == []
    # As if the worker died between the attempt and the report.
    engine.attempt(200)
    engine.attempt(503)
    engine.report()
    engine.report()

    assert log_of(account, listener) == ["webhook.failing", "webhook.stalled", "webhook.recovered"]
    assert get_status(account, webhook)["last_delivered_at"] is not None


def test_a_webhook_that_stalls_at_once_is_told_as_stalled_only(account: Account, engine: Engine) -> None:
    make_webhook(account, events=["tag.created"])
    log = EventReader(account)
    make_tag(account, "a")
    engine.attempt(503, is_last=True)
    engine.report()

    assert log.read_new_types() == ["tag.created", "webhook.stalled"]


def test_a_second_stall_after_enabling_is_told_again(account: Account, engine: Engine) -> None:
    webhook = make_webhook(account, events=["tag.created"])
    log = EventReader(account)
    make_tag(account, "a")
    for _ in range(2):
        engine.attempt(503, is_last=True)
        engine.report()
        account.leader.client.put(webhook["enable_url"])

    assert log.read_new_types() == ["tag.created", "webhook.stalled", "webhook.stalled"]


def test_a_skip_ends_the_trouble_but_a_replay_does_not(account: Account, engine: Engine) -> None:
    webhook = make_webhook(account, events=["tag.created"])
    make_tag(account, "first")
    engine.attempt(200)
    let_fail_for_an_hour(engine, account)
    engine.report()
    log = EventReader(account)
    assert account.leader.client.put(f"{webhook['url']}/replay", {"sequence": 1}).status == 202
    engine.report()
    assert log.read_new_types() == []
    engine.attempt(503)
    failing = get_status(account, webhook)["failing_payload_id"]
    request_action(account, webhook, "skip", failing)
    engine.report()

    assert log.read_new_types() == ["webhook.recovered"]


def test_disabling_is_told_once_and_ends_what_was_to_be_told(account: Account, engine: Engine) -> None:
    webhook = make_webhook(account, events=["tag.created"])
    make_tag(account, "a")
    engine.attempt(503, seconds=HOUR)
    log = EventReader(account)
    for _ in range(2):
        account.leader.client.put(webhook["disable_url"])
    engine.report()

    [disabled] = log.read_new()
    assert (disabled.type, disabled.object["state"], disabled.object["disabled_reason"]) == (
        "webhook.disabled",
        "disabled",
        "by_user",
    )
    account.leader.client.put(webhook["enable_url"])
    engine.attempt(200)
    engine.report()
    # It had not been told as failing.
    assert log.read_new_types() == []


def test_two_alerters_tell_each_trouble_once(account: Account, engine: Engine) -> None:
    make_webhook(account, events=["tag.created"])
    let_fail_for_an_hour(engine, account)
    log = EventReader(account)
    after = HOUR * SECOND
    due = [engine.database.read_now(find_due, after) for _ in range(2)]
    for found in due:
        engine.database.write_now(account.id, engine.reporter.report_due, [id for _, id in found], after)

    assert log.read_new_types() == ["webhook.failing"]
    assert engine.database.read_now(find_due, after) == []


def test_a_report_that_is_rolled_back_is_made_again(account: Account, engine: Engine) -> None:
    make_webhook(account, events=["tag.created"])
    let_fail_for_an_hour(engine, account)
    log = EventReader(account)

    def crash(tx: Any) -> None:
        engine.reporter.report_due(tx, [id for _, id in find_due(tx, HOUR * SECOND)], HOUR * SECOND)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        engine.database.write_now(account.id, crash)
    assert log.read_new_types() == []
    engine.report()

    assert log.read_new_types() == ["webhook.failing"]
    assert len(engine.read_mails()) == 2


def test_webhooks_with_filters_hear_of_none(account: Account, engine: Engine) -> None:
    make_webhook(account, events=["tag.created"])
    listener = make_webhook(account, events=ALERTS)
    project = make_project(account)
    settings = {"filters": {"project_ids": [project["id"]]}}
    assert account.leader.client.put(f"{listener['url']}/settings", settings).status == 200
    let_fail_for_an_hour(engine, account)
    engine.report()

    assert log_of(account, listener) == []


def test_webhooks_that_tell_of_each_other_stay_bounded(account: Account, engine: Engine) -> None:
    for name in ("a", "b", "c"):
        make_webhook(account, name=name, events=["tag.created", *ALERTS])
    log = EventReader(account)
    make_tag(account, "a")
    for _ in range(72):
        engine.attempt(503, seconds=HOUR)
        engine.report()
    engine.attempt(503, is_last=True)
    engine.report()

    raised = log.read_new_types()
    assert sorted({*raised}) == ["tag.created", "webhook.failing", "webhook.stalled"]
    assert len(raised) == 1 + 3 + 3


def test_the_feed_has_them_for_those_who_name_them(account: Account, engine: Engine) -> None:
    webhook = make_webhook(account)
    account.leader.client.put(webhook["disable_url"])
    make_tag(account, "a")

    def types(query: str) -> list[str]:
        response = account.leader.client.get("/v2/events", query)
        assert response.status == 200, response.body
        return [event["type"] for event in response.json()]

    assert types("") == types("types=*") == ["tag.created"]
    assert types("types=webhook.*") == types("types=webhook.disabled,webhook.failing") == ["webhook.disabled"]
    assert types("types=*,webhook.disabled") == ["webhook.disabled", "tag.created"]
    assert account.leader.client.get("/v2/events", "types=webhook.ping").status == 400


def test_the_one_who_created_it_and_the_owner_get_a_mail_each(account: Account, engine: Engine) -> None:
    webhook = make_webhook(account, name="Ledger sync")
    make_tag(account, "a")
    account.leader.client.put(webhook["add_events_url"], {"events": ["tag.created"]})
    let_fail_for_an_hour(engine, account)
    engine.report()
    engine.report()

    mails_sent = engine.read_mails()
    assert [(recipient, subject) for recipient, subject, _ in mails_sent] == [
        (account.owner.email, "Webhook Ledger sync is failing"),
        (account.leader.email, "Webhook Ledger sync is failing"),
    ]
    assert (
        mails_sent[0][2]
        == f"""\
Hello Ada,

The webhook Ledger sync is failing. Its receiver has not accepted the next
payload since 21 May 2024, 10:04 UTC. Hourhook keeps trying, and nothing is
lost: the payloads wait in order. Waiting: 1 payload.

See what the receiver answered, repair it, then choose "Try now":

{BASE_URL}/integrations/webhooks/{webhook["id"]}

You get this message because you created it or own the account northwind.
"""
    )


def test_trouble_is_mailed_again_when_it_is_over(account: Account, engine: Engine) -> None:
    webhook = make_webhook(account, events=["tag.created"])
    let_fail_for_an_hour(engine, account)
    engine.report()
    engine.attempt(503, is_last=True)
    engine.report()
    account.leader.client.put(webhook["enable_url"])
    engine.attempt(200)
    engine.report()

    assert [subject for recipient, subject, _ in engine.read_mails() if recipient == account.owner.email] == [
        "Webhook Ledger sync is failing",
        "Webhook Ledger sync has stalled",
        "Webhook Ledger sync has recovered",
    ]
    assert "Waiting" not in engine.read_mails()[-1][2]


def test_many_webhooks_in_the_same_trouble_make_one_mail(account: Account, engine: Engine) -> None:
    for number in range(25):
        make_webhook(account, name=f"Webhook {number}", events=["tag.created"])
    let_fail_for_an_hour(engine, account)
    engine.report()

    found = engine.read_mails()
    assert [subject for _, subject, _ in found] == ["25 webhooks are failing"] * 2
    assert f"Webhook 0: {BASE_URL}/integrations/webhooks/" in found[0][2]
    assert f"and 5 more: {BASE_URL}/integrations/webhooks\n" in found[0][2]


def test_those_who_may_no_longer_see_webhooks_get_no_mail(account: Account, engine: Engine) -> None:
    make_webhook(account, events=["tag.created"])
    account.supervisor.client.put(f"/v2/users/{account.leader.id}", {"role": "coworker"})
    let_fail_for_an_hour(engine, account)
    engine.report()

    assert [recipient for recipient, _, _ in engine.read_mails()] == [account.owner.email]


def test_reports_take_few_statements(account: Account, engine: Engine) -> None:
    make_webhook(account, events=["tag.created"])
    let_fail_for_an_hour(engine, account)
    with capture_statements(engine.database) as statements:
        engine.report()
    with capture_statements(engine.database) as nothing:
        engine.report()

    assert len(nothing) == 1
    assert len(statements) <= 25, statements


@pytest.fixture
def delivering_server(make_server: MakeServer, database: Database, smtp_server: FakeSmtpServer) -> Server:
    """A server with everything that a process runs: worker, alerter and mail worker."""
    smtp = SmtpServer("127.0.0.1", smtp_server.port, "none")
    settings = Settings(smtp_url=smtp, mail_from="Hourhook <hourhook@example.com>", base_url=BASE_URL)
    outbox = Outbox(DEPENDENCIES.keyring)
    running = Runtime(settings, database, DEPENDENCIES.keyring, DEPENDENCIES.guard, outbox)

    @asynccontextmanager
    async def delivering() -> AsyncIterator[None]:
        failures: list[str] = []
        async with run_delivery(running, make_transport(running), on_failure=lambda: failures.append("failed")):
            yield
        assert not failures

    dependencies = Dependencies(DEPENDENCIES.guard, DEPENDENCIES.keyring, outbox)
    return make_server(site_options={"dependencies": dependencies, "lifespans": [delivering]})


def test_a_receiver_gone_for_good_is_told_and_mailed_until_it_is_enabled(
    delivering_server: Server,
    webhook_receiver: WebhookReceiver,
    other_webhook_receiver: WebhookReceiver,
    smtp_server: FakeSmtpServer,
) -> None:
    account = make_account(delivering_server.database, delivering_server.client)
    make_webhook(account, other_webhook_receiver.uri, name="Pager", events=ALERTS)
    webhook = make_webhook(account, webhook_receiver.uri, events=["tag.created"])
    webhook_receiver.next()
    other_webhook_receiver.next()
    webhook_receiver.respond_with(410)
    make_tag(account, "a")

    told = other_webhook_receiver.next()
    assert told.headers["x-noko-eventcategory"] == "webhook_status"
    assert (told.type, told.payload["object"]["disabled_reason"]) == ("webhook.disabled", "gone")
    sent = sorted((smtp_server.next() for _ in range(2)), key=lambda mail: mail.recipients)
    assert [mail.recipients for mail in sent] == [[account.leader.email], [account.owner.email]]
    assert sent[0].message["subject"] == "Webhook Ledger sync is disabled: its receiver answered 410"
    assert sent[0].link == f"{BASE_URL}/integrations/webhooks/{webhook['id']}"
    history = account.leader.client.get(f"{webhook['url']}/history").json()
    assert (history[0]["user"], history[0]["action"], history[0]["details"]) == (None, "disabled_gone", {"sequence": 1})

    webhook_receiver.respond_with(200)
    account.leader.client.put(webhook["enable_url"])
    assert smtp_server.next().message["subject"] == "Webhook Ledger sync is enabled again"
    smtp_server.next()


def test_a_failing_receiver_is_told_and_mailed_by_the_running_engine(
    delivering_server: Server,
    webhook_receiver: WebhookReceiver,
    other_webhook_receiver: WebhookReceiver,
    smtp_server: FakeSmtpServer,
    advance_time: Callable[[float], None],
) -> None:
    account = make_account(delivering_server.database, delivering_server.client)
    make_webhook(account, other_webhook_receiver.uri, name="Pager", events=ALERTS)
    webhook = make_webhook(account, webhook_receiver.uri, events=["tag.created"])
    webhook_receiver.respond_with(503)
    make_tag(account, "a")
    other_webhook_receiver.next()
    webhook_receiver.next_deliveries(2)
    eventually(lambda: get_status(account, webhook)["failing_since"] is None, False)
    advance_time(HOUR + 1)
    webhook_receiver.next()

    assert other_webhook_receiver.next().type == "webhook.failing"
    webhook_receiver.respond_with(200)
    advance_time(7 * HOUR)
    assert other_webhook_receiver.next().type == "webhook.recovered"
    subjects = [smtp_server.next().message["subject"] for _ in range(4)]
    assert subjects == ["Webhook Ledger sync is failing"] * 2 + ["Webhook Ledger sync has recovered"] * 2
    assert smtp_server.is_empty()
