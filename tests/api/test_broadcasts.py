"""Broadcasts of timers, from real requests to real receivers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from hourhook.clock import SystemClock, truncate_to_second
from hourhook.delivery.transports.http.address_guard import AddressGuard
from hourhook.process.bootstrap import Runtime, make_transport
from hourhook.process.delivering import run_delivery
from hourhook.settings import Settings
from hourhook.store.database import Database
from tests.conftest import Delivering, Logged, MakeServer, Server
from tests.support.accounts import Account, Person, make_account
from tests.support.broadcast_receivers import make_receiver
from tests.support.clocks import FakeClock
from tests.support.dependencies import DEPENDENCIES
from tests.support.factories import make_entry, make_project, make_tag, start_timer
from tests.support.receivers import never_responding
from tests.support.servers import EventLoopThread
from tests.support.signatures import is_signed, openssl_hmac, verify_with_library
from tests.support.webhook_receiver import Delivery, WebhookReceiver, eventually
from tests.support.webhooks import make_webhook

PassTime = Callable[[float], None]
Told = tuple[str, str]


@pytest.fixture
def server(make_server: MakeServer, delivering: Delivering) -> Server:
    """A server that delivers."""
    return make_server(site_options={"lifespans": [delivering]})


def told(delivery: Delivery) -> Told:
    """The event of a broadcast and the URL of its object."""
    return delivery.payload["last_event"], delivery.payload["subject"]["url"]


def put(person: Person, timer: dict[str, Any], action: str, body: Any = b"") -> None:
    """Change a timer."""
    response = person.client.put(f"{timer['url']}{action}", body)
    assert response.status in (200, 204), response.body


# Content


def test_a_broadcast_has_event_subject_url_and_signatures(
    account: Account, webhook_receiver: WebhookReceiver, advance_time: PassTime
) -> None:
    receiver = make_receiver(account.leader, webhook_receiver.uri)
    timer = start_timer(account.leader, make_project(account))
    advance_time(5)

    arrived = webhook_receiver.next()

    assert list(arrived.payload) == ["broadcast_receiver", "sent_at", "last_event", "subject"]
    assert arrived.payload == {
        "broadcast_receiver": {"id": receiver["id"], "name": "Desk light"},
        "sent_at": "2024-05-21T10:05:05Z",
        "last_event": "timer.running",
        "subject": {"type": "timer", "url": timer["url"]},
    }
    assert b" " not in arrived.body.replace(b"Desk light", b"")
    assert arrived.headers["content-type"] == "application/json"
    assert arrived.headers["user-agent"] == "Noko-Broadcasts"
    assert arrived.headers["x-noko-broadcastsubject"] == "timer"
    assert arrived.headers["webhook-timestamp"] == "1716285905"
    assert not {"x-noko-delivery", "x-noko-eventcategory", "x-hourhook-sequence"} & arrived.headers.keys()
    assert is_signed(arrived, receiver["secret"])
    assert account.leader.client.get(arrived.payload["subject"]["url"]).json()["state"] == "running"


def test_openssl_and_standardwebhooks_verify_the_signatures(
    account: Account, webhook_receiver: WebhookReceiver, clock: FakeClock, advance_time: PassTime
) -> None:
    receiver = make_receiver(account.leader, webhook_receiver.uri)
    timer = start_timer(account.leader, make_project(account, "größe"))
    clock.moment = truncate_to_second(SystemClock().now())
    advance_time(0)
    running = webhook_receiver.next()
    put(account.leader, timer, "/pause")
    advance_time(5)
    paused = webhook_receiver.next()

    for arrived in (running, paused):
        assert openssl_hmac(arrived, receiver["secret"]) == arrived.headers["x-noko-signature"]
        verify_with_library(arrived, receiver["secret"])
    assert running.headers["webhook-id"] != paused.headers["webhook-id"]


def test_creating_a_receiver_sends_nothing(
    account: Account, webhook_receiver: WebhookReceiver, advance_time: PassTime
) -> None:
    make_receiver(account.leader, webhook_receiver.uri)
    advance_time(5)
    start_timer(account.leader, make_project(account))
    advance_time(5)

    assert webhook_receiver.next().payload["last_event"] == "timer.running"


# Changes that broadcast


def test_each_change_broadcasts_the_timers_new_state(
    account: Account, webhook_receiver: WebhookReceiver, advance_time: PassTime
) -> None:
    project = make_project(account)
    make_receiver(account.leader, webhook_receiver.uri)
    timer = {"url": f"{account.base_url}/v2/projects/{project['id']}/timer"}
    steps: list[tuple[str, Any, str]] = [
        ("", {"description": "Sketches"}, "pending"),
        ("/start", {}, "running"),
        ("", {"description": "Sketches, inked"}, "running"),
        ("/start", {"description": "Sketches, coloured"}, "running"),
        ("/add_or_subtract_time", {"minutes": 5}, "running"),
        ("/pause", {}, "paused"),
        ("/add_or_subtract_time", {"minutes": -1}, "paused"),
        ("/start", {}, "running"),
        ("/log", {}, "stopped"),
        ("/start", {}, "running"),
        ("/log_inbox_entry", {}, "stopped"),
    ]
    for action, body, state in steps:
        put(account.leader, timer, action, body)
        advance_time(5)
        assert told(webhook_receiver.next()) == (f"timer.{state}", timer["url"])
    assert account.leader.client.get(timer["url"]).status == 404

    start_timer(account.leader, project)
    advance_time(5)
    assert told(webhook_receiver.next()) == ("timer.running", timer["url"])
    account.leader.client.delete(timer["url"])
    advance_time(5)
    assert told(webhook_receiver.next()) == ("timer.stopped", timer["url"])


def test_a_request_that_changes_nothing_broadcasts_nothing(
    account: Account, webhook_receiver: WebhookReceiver, advance_time: PassTime
) -> None:
    timer = start_timer(account.leader, make_project(account), description="Sketches")
    make_receiver(account.leader, webhook_receiver.uri)
    put(account.leader, timer, "/start", {"description": "Sketches", "entry_date": "2024-05-01"})
    put(account.leader, timer, "", {"description": "Sketches"})
    put(account.leader, timer, "/add_or_subtract_time", {"minutes": 1, "seconds": -60})
    assert account.leader.client.put(timer["log_url"], {"entry_date": "never"}).status == 400
    advance_time(5)
    put(account.leader, timer, "/pause")
    advance_time(5)

    assert told(webhook_receiver.next()) == ("timer.paused", timer["url"])
    assert webhook_receiver.is_empty()


def test_a_started_timer_is_broadcast_after_the_one_it_pauses(
    account: Account, webhook_receiver: WebhookReceiver, advance_time: PassTime
) -> None:
    one, other = make_project(account, "One"), make_project(account, "Other")
    make_receiver(account.leader, webhook_receiver.uri)
    for first, second in ((one, other), (other, one), (one, other)):
        was = start_timer(account.leader, first)
        advance_time(6)
        webhook_receiver.next()
        # Also when a broadcast of the other timer is already pending.
        put(account.leader, {"url": f"{account.base_url}/v2/projects/{second['id']}/timer"}, "", {"description": "x"})
        advance_time(3)
        now = start_timer(account.leader, second)
        advance_time(2)

        assert [told(arrived) for arrived in webhook_receiver.next_deliveries(2)] == [
            ("timer.paused", was["url"]),
            ("timer.running", now["url"]),
        ]
        for timer in (was, now):
            account.leader.client.delete(timer["url"])
        advance_time(6)
        webhook_receiver.next_deliveries(2)


def test_changes_within_the_interval_are_coalesced_to_the_newest(
    account: Account, webhook_receiver: WebhookReceiver, advance_time: PassTime
) -> None:
    timer = start_timer(account.leader, make_project(account))
    make_receiver(account.leader, webhook_receiver.uri)
    put(account.leader, timer, "/pause")
    advance_time(4)
    put(account.leader, timer, "/start")
    put(account.leader, timer, "/add_or_subtract_time", {"minutes": 5})
    assert webhook_receiver.is_empty()
    advance_time(1)
    assert told(webhook_receiver.next()) == ("timer.running", timer["url"])
    # Not broadcast yet, so it starts an interval of its own.
    put(account.leader, timer, "/pause")
    advance_time(4)
    assert webhook_receiver.is_empty()
    advance_time(1)

    assert told(webhook_receiver.next()) == ("timer.paused", timer["url"])
    assert webhook_receiver.is_empty()


def test_the_interval_is_a_setting(
    database: Database, make_server: MakeServer, webhook_receiver: WebhookReceiver, advance_time: PassTime
) -> None:
    server = make_server(site_options={"lifespans": [delivering_with(database, Settings(broadcast_seconds=60))]})
    account = make_account(database, server.client)
    make_receiver(account.leader, webhook_receiver.uri)
    timer = start_timer(account.leader, make_project(account))
    advance_time(59)
    put(account.leader, timer, "/pause")
    advance_time(1)

    assert told(webhook_receiver.next()) == ("timer.paused", timer["url"])


# Changes of projects


def test_archiving_a_project_broadcasts_each_users_own_timer(
    account: Account, webhook_receiver: WebhookReceiver, other_webhook_receiver: WebhookReceiver, advance_time: PassTime
) -> None:
    project = make_project(account, "Project", account.contractor)
    make_entry(account.leader, project_id=project["id"])
    timer = start_timer(account.contractor, project)
    start_timer(account.leader, project)
    receivers = [
        make_receiver(account.contractor, webhook_receiver.uri),
        make_receiver(account.leader, other_webhook_receiver.uri),
    ]
    assert account.leader.client.put(project["archive_url"]).status == 204
    advance_time(5)

    for receiver, box in zip(receivers, (webhook_receiver, other_webhook_receiver), strict=True):
        arrived = box.next()
        assert told(arrived) == ("timer.paused", timer["url"])
        assert arrived.payload["broadcast_receiver"]["id"] == receiver["id"]
        assert box.is_empty()


def test_deleting_a_project_broadcasts_its_timers(
    account: Account, webhook_receiver: WebhookReceiver, advance_time: PassTime
) -> None:
    one, other = make_project(account, "One"), make_project(account, "Other")
    timers = [start_timer(account.leader, project) for project in (one, other)]
    make_receiver(account.leader, webhook_receiver.uri)
    assert account.leader.client.delete(one["url"]).status == 204
    advance_time(5)
    assert told(webhook_receiver.next()) == ("timer.stopped", timers[0]["url"])
    assert account.leader.client.put("/v2/projects/delete", {"project_ids": [other["id"]]}).status == 204
    advance_time(5)

    assert told(webhook_receiver.next()) == ("timer.stopped", timers[1]["url"])


def test_a_merge_broadcasts_the_old_and_the_new_timer(
    account: Account, webhook_receiver: WebhookReceiver, other_webhook_receiver: WebhookReceiver, advance_time: PassTime
) -> None:
    target, swallowed = make_project(account, "Target"), make_project(account, "Swallowed")
    # The owner has one on each, which become one.
    kept = start_timer(account.owner, target)
    gone = start_timer(account.owner, swallowed)
    start_timer(account.leader, swallowed)
    make_receiver(account.leader, webhook_receiver.uri)
    make_receiver(account.owner, other_webhook_receiver.uri)
    assert account.leader.client.put(target["merge_url"], {"project_id": swallowed["id"]}).status == 204
    advance_time(5)

    for box in (webhook_receiver, other_webhook_receiver):
        assert [told(arrived) for arrived in box.next_deliveries(2)] == [
            ("timer.stopped", gone["url"]),
            ("timer.running", kept["url"]),
        ]


# Recipients


def test_a_receiver_gets_its_owners_timers_only(
    account: Account,
    other_account: Account,
    webhook_receiver: WebhookReceiver,
    other_webhook_receiver: WebhookReceiver,
    advance_time: PassTime,
) -> None:
    project = make_project(account, "Project", account.contractor)
    make_receiver(account.leader, webhook_receiver.uri)
    make_receiver(account.contractor, other_webhook_receiver.uri, subjects=["*"])
    start_timer(account.owner, project)
    start_timer(other_account.leader, make_project(other_account))
    start_timer(account.contractor, project)
    advance_time(5)
    assert other_webhook_receiver.next().payload["last_event"] == "timer.running"
    account.leader.client.put(f"/v2/projects/{project['id']}/timer", {"description": "x"})
    advance_time(5)

    assert webhook_receiver.next().payload["last_event"] == "timer.pending"
    assert webhook_receiver.is_empty()
    assert other_webhook_receiver.is_empty()


def test_both_receivers_of_a_user_get_a_broadcast(
    account: Account, webhook_receiver: WebhookReceiver, other_webhook_receiver: WebhookReceiver, advance_time: PassTime
) -> None:
    receivers = [
        make_receiver(account.leader, box.uri, subjects=["timer", "*"])
        for box in (webhook_receiver, other_webhook_receiver)
    ]
    timer = start_timer(account.leader, make_project(account))
    advance_time(5)

    for receiver, box in zip(receivers, (webhook_receiver, other_webhook_receiver), strict=True):
        arrived = box.next()
        assert told(arrived) == ("timer.running", timer["url"])
        assert is_signed(arrived, receiver["secret"])
    advance_time(5)
    assert webhook_receiver.is_empty()


def test_a_receiver_without_subjects_gets_nothing(
    account: Account, webhook_receiver: WebhookReceiver, other_webhook_receiver: WebhookReceiver, advance_time: PassTime
) -> None:
    deaf = make_receiver(account.leader, webhook_receiver.uri)
    make_receiver(account.leader, other_webhook_receiver.uri)
    account.leader.client.put(deaf["remove_subjects_url"], {"subjects": ["timer"]})
    timer = start_timer(account.leader, make_project(account))
    advance_time(5)
    other_webhook_receiver.next()
    account.leader.client.put(deaf["add_subjects_url"], {"subjects": ["*"]})
    put(account.leader, timer, "/pause")
    advance_time(5)

    assert told(webhook_receiver.next()) == ("timer.paused", timer["url"])


def test_a_disabled_receiver_loses_new_and_pending_broadcasts(
    account: Account, webhook_receiver: WebhookReceiver, other_webhook_receiver: WebhookReceiver, advance_time: PassTime
) -> None:
    project, other = make_project(account), make_project(account, "Other")
    receiver = make_receiver(account.leader, webhook_receiver.uri)
    make_receiver(account.leader, other_webhook_receiver.uri)
    timer = start_timer(account.leader, project)
    account.leader.client.put(receiver["disable_url"])
    start_timer(account.leader, other)
    account.leader.client.put(receiver["enable_url"])
    advance_time(5)
    other_webhook_receiver.next_deliveries(2)
    put(account.leader, timer, "", {"description": "Heard"})
    advance_time(5)

    assert told(webhook_receiver.next()) == ("timer.paused", timer["url"])
    assert webhook_receiver.is_empty()


def test_a_deleted_receiver_gets_nothing_more(
    account: Account, webhook_receiver: WebhookReceiver, other_webhook_receiver: WebhookReceiver, advance_time: PassTime
) -> None:
    deleted = make_receiver(account.leader, webhook_receiver.uri)
    make_receiver(account.leader, other_webhook_receiver.uri)
    start_timer(account.leader, make_project(account))
    account.leader.client.delete(deleted["url"])
    advance_time(5)

    assert other_webhook_receiver.next().payload["last_event"] == "timer.running"
    assert webhook_receiver.is_empty()


def test_receivers_of_blocked_users_pause_until_reactivation(
    account: Account, webhook_receiver: WebhookReceiver, other_webhook_receiver: WebhookReceiver, advance_time: PassTime
) -> None:
    project = make_project(account, "Project", account.contractor)
    make_entry(account.contractor, project_id=project["id"])
    make_receiver(account.contractor, webhook_receiver.uri)
    make_receiver(account.leader, other_webhook_receiver.uri)
    start_timer(account.contractor, project)
    start_timer(account.leader, project)
    assert account.supervisor.client.put(f"/v2/users/{account.contractor.id}/deactivate").status == 204
    advance_time(5)
    assert other_webhook_receiver.next().payload["last_event"] == "timer.running"
    # Others can still change the user's timers.
    assert account.leader.client.put(project["archive_url"]).status == 204
    advance_time(5)
    assert other_webhook_receiver.next().payload["last_event"] == "timer.paused"
    assert account.leader.client.put(project["unarchive_url"]).status == 204
    assert account.supervisor.client.put(f"/v2/users/{account.contractor.id}/activate").status == 204
    account.contractor.client.delete(f"/v2/projects/{project['id']}/timer")
    advance_time(5)

    assert webhook_receiver.next().payload["last_event"] == "timer.stopped"
    assert webhook_receiver.is_empty()


def test_receivers_of_deleted_users_get_nothing_more(
    account: Account, webhook_receiver: WebhookReceiver, other_webhook_receiver: WebhookReceiver, advance_time: PassTime
) -> None:
    project = make_project(account, "Project", account.contractor)
    make_receiver(account.contractor, webhook_receiver.uri)
    make_receiver(account.leader, other_webhook_receiver.uri)
    start_timer(account.contractor, project)
    assert account.supervisor.client.delete(f"/v2/users/{account.contractor.id}").status == 204
    start_timer(account.leader, project)
    advance_time(5)

    assert other_webhook_receiver.next().payload["last_event"] == "timer.running"
    assert webhook_receiver.is_empty()


# Sending


def test_name_address_and_secret_are_read_when_sending(
    account: Account, webhook_receiver: WebhookReceiver, other_webhook_receiver: WebhookReceiver, advance_time: PassTime
) -> None:
    receiver = make_receiver(account.leader, webhook_receiver.uri)
    start_timer(account.leader, make_project(account))
    account.leader.client.put(receiver["url"], {"name": "Ceiling light", "payload_uri": other_webhook_receiver.uri})
    secret = account.leader.client.put(receiver["reroll_secret_url"]).json()["secret"]
    advance_time(5)

    arrived = other_webhook_receiver.next()

    assert arrived.payload["broadcast_receiver"] == {"id": receiver["id"], "name": "Ceiling light"}
    assert is_signed(arrived, secret)
    assert not is_signed(arrived, receiver["secret"])
    assert webhook_receiver.is_empty()


@pytest.mark.parametrize("status", [500, 410, 503, 404])
def test_a_failed_broadcast_is_not_retried(
    account: Account, webhook_receiver: WebhookReceiver, advance_time: PassTime, logged: Logged, status: int
) -> None:
    receiver = make_receiver(account.leader, webhook_receiver.uri)
    timer = start_timer(account.leader, make_project(account))
    webhook_receiver.respond_with(status, headers=b"Retry-After: 1\r\n")
    advance_time(5)
    assert told(webhook_receiver.next()) == ("timer.running", timer["url"])
    eventually(lambda: statuses(logged), [(status, "status")])
    for _ in range(3):
        advance_time(5)
    put(account.leader, timer, "/pause")
    advance_time(5)

    assert told(webhook_receiver.next()) == ("timer.paused", timer["url"])
    assert webhook_receiver.is_empty()
    assert account.leader.client.get(receiver["url"]).json()["state"] == "enabled"


def statuses(logged: Logged) -> list[tuple[int | None, str | None]]:
    return [(line["status"], line["error"]) for line in logged if line["event"] == "broadcast"]


def test_a_redirect_is_not_followed(
    account: Account,
    webhook_receiver: WebhookReceiver,
    other_webhook_receiver: WebhookReceiver,
    advance_time: PassTime,
    logged: Logged,
) -> None:
    make_receiver(account.leader, webhook_receiver.uri)
    webhook_receiver.respond_with(307, headers=f"Location: {other_webhook_receiver.uri}\r\n".encode())
    start_timer(account.leader, make_project(account))
    advance_time(5)
    webhook_receiver.next()
    eventually(lambda: statuses(logged), [(307, "status")])

    assert other_webhook_receiver.is_empty()


def delivering_with(database: Database, settings: Settings, guard: AddressGuard = DEPENDENCIES.guard) -> Delivering:
    """A server with a worker, with settings chosen by the test."""

    @asynccontextmanager
    async def delivering() -> AsyncIterator[None]:
        running = Runtime(settings, database, DEPENDENCIES.keyring, guard)
        async with run_delivery(running, make_transport(running), on_failure=lambda: None):
            yield

    return delivering


def test_a_hanging_receiver_times_out_and_delays_no_other(
    database: Database,
    make_server: MakeServer,
    webhook_receiver: WebhookReceiver,
    other_webhook_receiver: WebhookReceiver,
    advance_time: PassTime,
    logged: Logged,
) -> None:
    server = make_server(site_options={"lifespans": [delivering_with(database, Settings(send_timeout_seconds=0.5))]})
    account = make_account(database, server.client)
    make_receiver(account.leader, webhook_receiver.uri)
    make_receiver(account.leader, other_webhook_receiver.uri)
    webhook_receiver.handler = never_responding()
    timer = start_timer(account.leader, make_project(account))
    advance_time(5)
    assert told(other_webhook_receiver.next()) == told(webhook_receiver.next()) == ("timer.running", timer["url"])
    eventually(lambda: sorted(statuses(logged), key=str), [(200, None), (None, "timeout")])
    webhook_receiver.respond_with(200)
    put(account.leader, timer, "/pause")
    advance_time(5)

    assert told(other_webhook_receiver.next()) == told(webhook_receiver.next()) == ("timer.paused", timer["url"])


def test_the_address_guard_also_checks_when_sending(
    database: Database,
    make_server: MakeServer,
    webhook_receiver: WebhookReceiver,
    advance_time: PassTime,
    logged: Logged,
) -> None:
    server = make_server(site_options={"lifespans": [delivering_with(database, Settings(), AddressGuard())]})
    account = make_account(database, server.client)
    for uri in (webhook_receiver.uri, webhook_receiver.uri.replace("127.0.0.1", "localhost")):
        make_receiver(account.leader, uri)
    start_timer(account.leader, make_project(account))
    advance_time(5)

    eventually(lambda: statuses(logged), [(None, "refused_address")] * 2)
    assert webhook_receiver.is_empty()


def test_a_broadcast_is_logged_and_counted_without_its_secret(
    database: Database,
    make_server: MakeServer,
    webhook_receiver: WebhookReceiver,
    advance_time: PassTime,
    logged: Logged,
) -> None:
    running = Runtime(Settings(), database, DEPENDENCIES.keyring, DEPENDENCIES.guard)

    @asynccontextmanager
    async def delivering() -> AsyncIterator[None]:
        async with run_delivery(running, make_transport(running), on_failure=lambda: None):
            yield

    server = make_server(site_options={"lifespans": [delivering], "metrics": running.metrics})
    account = make_account(database, server.client)
    receiver = make_receiver(account.leader, f"{webhook_receiver.uri}?key=hidden")
    timer = start_timer(account.leader, make_project(account))
    advance_time(5)
    webhook_receiver.next()
    eventually(lambda: len(statuses(logged)), 1)
    webhook_receiver.respond_with(500)
    put(account.leader, timer, "/pause")
    advance_time(5)
    webhook_receiver.next()
    eventually(lambda: len(statuses(logged)), 2)

    line = next(line for line in logged if line["event"] == "broadcast")
    assert line.pop("duration_ms") >= 0
    assert line == {
        "event": "broadcast",
        "log_level": "info",
        "account": account.id,
        "broadcast_receiver": receiver["id"],
        "last_event": "timer.running",
        "status": 200,
        "error": None,
    }
    written = repr(logged)
    assert receiver["secret"] not in written
    assert "hidden" not in written
    shown = server.client.get("/metrics").body.decode()
    assert 'hourhook_broadcasts_total{outcome="delivered"} 1.0' in shown
    assert 'hourhook_broadcasts_total{outcome="status"} 1.0' in shown
    assert receiver["secret"] not in shown


def test_webhooks_are_delivered_alongside_broadcasts(
    account: Account, webhook_receiver: WebhookReceiver, advance_time: PassTime
) -> None:
    webhook = make_webhook(account, webhook_receiver.uri, events=["tag.created"])
    receiver = make_receiver(account.leader, webhook_receiver.uri)
    assert webhook_receiver.next().type == "webhook.ping"
    start_timer(account.leader, make_project(account))
    advance_time(5)
    assert is_signed(webhook_receiver.next(), receiver["secret"])
    make_tag(account, "a")

    assert is_signed(webhook_receiver.next(), webhook["secret"])


# Restarts


def test_pending_broadcasts_survive_a_restart_and_sent_ones_do_not_repeat(
    database: Database,
    make_server: MakeServer,
    request: pytest.FixtureRequest,
    webhook_receiver: WebhookReceiver,
    advance_time: PassTime,
) -> None:
    loop: EventLoopThread = request.getfixturevalue("_loop")
    server = make_server()
    account = make_account(database, server.client)
    make_receiver(account.leader, webhook_receiver.uri)
    timer = start_timer(account.leader, make_project(account))
    first = delivering_with(database, Settings())()
    loop.run(_enter(first))
    advance_time(5)
    assert told(webhook_receiver.next()) == ("timer.running", timer["url"])
    put(account.leader, timer, "/pause")
    loop.run(_leave(first))
    advance_time(60)
    assert webhook_receiver.is_empty()
    second = delivering_with(database, Settings())()
    loop.run(_enter(second))

    assert told(webhook_receiver.next()) == ("timer.paused", timer["url"])
    loop.run(_leave(second))
    assert webhook_receiver.is_empty()


async def _enter(context: Any) -> None:
    await context.__aenter__()


async def _leave(context: Any) -> None:
    async with asyncio.timeout(10):
        await context.__aexit__(None, None, None)
