"""Retry, skip and replay of payloads, with a worker and real receivers."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from hourhook.backoff import RetrySchedule
from hourhook.clock import DAY
from hourhook.delivery.retention import delete_old_events
from tests.conftest import Delivering, MakeServer, Server
from tests.support.accounts import Account
from tests.support.factories import NO_SUCH_ID, make_tag
from tests.support.receivers import ClientConnection, responding
from tests.support.webhook_receiver import Delivery, WebhookReceiver, eventually
from tests.support.webhooks import get_delivery_log, get_payload, get_status, make_webhook, request_action

PassTime = Callable[[float], None]
NO_SUCH_PAYLOAD = "0b6f1c52-6f0e-4c53-9d0a-3a3f0f8f5f10"
LONGEST_DELAY_SECONDS = RetrySchedule().longest_delay_seconds
# 72 hours of delays that double from 1 s to 6 hours, each 10 % longer.
FEWEST_ATTEMPTS = 20


@pytest.fixture
def server(make_server: MakeServer, delivering: Delivering) -> Server:
    """A server with a worker in its process."""
    return make_server(site_options={"lifespans": [delivering]})


@pytest.fixture
def webhook(account: Account, webhook_receiver: WebhookReceiver, advance_time: PassTime) -> Any:
    """A webhook for new tags, created a minute ago, with its first ping delivered."""
    webhook = make_webhook(account, webhook_receiver.uri, events=["tag.created"])
    eventually(lambda: [payload["state"] for payload in get_delivery_log(account, webhook)], ["delivered"])
    webhook_receiver.next()
    advance_time(60)
    return webhook


def fail(
    account: Account, webhook: Any, webhook_receiver: WebhookReceiver, *names: str, retry_after: int = 0
) -> Delivery:
    """Create tags with these names; the delivery of the first fails, the others wait behind it.

    ``retry_after`` is the least delay before its next attempt, in seconds.
    """
    webhook_receiver.respond_with(503, headers=b"Retry-After: %d\r\n" % retry_after)
    for name in names:
        make_tag(account, name)
    failed = webhook_receiver.next()
    eventually(lambda: get_status(account, webhook)["failing_payload_id"], failed.id)
    return failed


def deliver(account: Account, webhook: Any, webhook_receiver: WebhookReceiver, *names: str) -> list[Delivery]:
    """Create tags with these names and wait until they are delivered."""
    webhook_receiver.respond_with(200)
    for name in names:
        make_tag(account, name)
    delivered = webhook_receiver.next_deliveries(len(names))
    eventually(lambda: get_status(account, webhook)["waiting_count"], 0)
    return delivered


def names(deliveries: list[Delivery]) -> list[str]:
    return [each.payload["object"]["name"] for each in deliveries]


def test_retrying_the_failing_payload_attempts_it_at_once(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any
) -> None:
    failed = fail(account, webhook, webhook_receiver, "a", "b")
    webhook_receiver.respond_with(200)

    request_action(account, webhook, "retry", failed.id)
    again, other = webhook_receiver.next_deliveries(2)

    assert (again.id, again.sequence, again.attempt) == (failed.id, failed.sequence, 2)
    assert again.body == failed.body
    assert names([other]) == ["b"]


def test_the_retry_schedule_continues_after_a_failed_retry(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any, advance_time: PassTime
) -> None:
    failed = fail(account, webhook, webhook_receiver, "a")
    request_action(account, webhook, "retry", failed.id)
    webhook_receiver.next()
    eventually(lambda: get_payload(account, webhook, failed.id)["attempts_count"], 2)

    # After two failures in a row, the next attempt is due after 2 s ± 10 %.
    advance_time(1.7)
    assert get_delivery_log(account, webhook)[0]["state"] == "failing"
    assert get_payload(account, webhook, failed.id)["attempts_count"] == 2
    advance_time(0.6)

    assert webhook_receiver.next().attempt == 3


def test_retrying_a_waiting_payload_changes_nothing(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any
) -> None:
    [delivered] = deliver(account, webhook, webhook_receiver, "before")
    fail(account, webhook, webhook_receiver, "a", "b")
    waiting, failing = get_delivery_log(account, webhook)[:2]
    assert (waiting["state"], failing["state"]) == ("waiting", "failing")

    request_action(account, webhook, "retry", waiting["payload_id"])
    account.leader.client.put(webhook["disable_url"])
    for payload_id in (waiting["payload_id"], failing["payload_id"], delivered.id):
        request_action(account, webhook, "retry", payload_id)
    account.leader.client.put(f"{webhook['url']}/ping")

    assert webhook_receiver.next().type == "webhook.ping"
    assert webhook_receiver.is_empty()


def test_retrying_a_payload_in_flight_changes_nothing(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any
) -> None:
    may_respond = asyncio.Event()

    async def hold(connection: ClientConnection) -> None:
        await may_respond.wait()
        await responding(200)(connection)

    webhook_receiver.handler = hold
    make_tag(account, "a")
    in_flight = webhook_receiver.next()
    webhook_receiver.respond_with(200)
    request_action(account, webhook, "retry", in_flight.id)
    account.leader.client.put(f"{webhook['url']}/ping")
    assert webhook_receiver.next().type == "webhook.ping"
    account.database.wake()
    webhook_receiver.release(may_respond)
    eventually(lambda: get_payload(account, webhook, in_flight.id)["state"], "delivered")

    assert get_payload(account, webhook, in_flight.id)["attempts_count"] == 1
    assert webhook_receiver.is_empty()


def test_retrying_a_delivered_payload_is_a_one_off_redelivery(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any, advance_time: PassTime
) -> None:
    [delivered] = deliver(account, webhook, webhook_receiver, "a")
    fail(account, webhook, webhook_receiver, "b", retry_after=60)
    webhook_receiver.respond_with(204)

    advance_time(1)
    request_action(account, webhook, "retry", delivered.id)
    again = webhook_receiver.next()
    eventually(lambda: get_delivery_log(account, webhook)[0]["state"], "delivered")

    assert (again.id, again.sequence, again.attempt) == (delivered.id, 1, 2)
    assert again.body == delivered.body
    one_off = get_delivery_log(account, webhook)[0]
    assert (one_off["payload_id"], one_off["sequence"], one_off["attempts_count"]) == (delivered.id, None, 1)
    assert get_status(account, webhook)["failing_payload_id"] is not None
    assert [each["number"] for each in get_payload(account, webhook, delivered.id)["attempts"]] == [1, 2]


def test_a_failed_redelivery_does_not_hold_the_lane(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any, advance_time: PassTime
) -> None:
    [delivered] = deliver(account, webhook, webhook_receiver, "a")
    webhook_receiver.respond_with(410)
    advance_time(1)
    request_action(account, webhook, "retry", delivered.id)
    webhook_receiver.next()
    eventually(lambda: get_delivery_log(account, webhook)[0]["state"], "failing")

    assert get_payload(account, webhook, delivered.id)["state"] == "delivered"
    assert account.leader.client.get(webhook["url"]).json()["state"] == "enabled"
    assert get_status(account, webhook)["success_rate_24h"] == 1


def test_a_ping_can_be_redelivered(account: Account, webhook_receiver: WebhookReceiver, webhook: Any) -> None:
    [ping] = get_delivery_log(account, webhook)
    request_action(account, webhook, "retry", ping["payload_id"])

    again = webhook_receiver.next()
    eventually(lambda: get_payload(account, webhook, ping["payload_id"])["attempts_count"], 2)

    shown = get_payload(account, webhook, ping["payload_id"])
    assert (again.id, again.attempt) == (ping["payload_id"], 2)
    assert shown["body"].encode() == again.body
    assert [each["number"] for each in shown["attempts"]] == [1, 2]


def test_after_the_window_a_webhook_stalls_until_a_retry_succeeds(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any, advance_time: PassTime
) -> None:
    failed = fail(account, webhook, webhook_receiver, "a", "b")
    stall(account, webhook, webhook_receiver, advance_time)

    stalled = get_status(account, webhook)
    assert stalled["state"] == "enabled"
    assert stalled["next_attempt_at"] is None
    assert stalled["waiting_count"] == 2

    request_action(account, webhook, "retry", failed.id)
    attempt = webhook_receiver.next().attempt
    eventually(lambda: get_payload(account, webhook, failed.id)["attempts_count"], attempt)
    assert get_status(account, webhook)["stalled"] is True

    webhook_receiver.respond_with(200)
    request_action(account, webhook, "retry", failed.id)
    assert names(webhook_receiver.next_deliveries(2)) == ["a", "b"]
    eventually(lambda: get_status(account, webhook)["stalled"], False)


def test_enabling_a_stalled_webhook_gives_it_a_new_window(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any, advance_time: PassTime
) -> None:
    failed = fail(account, webhook, webhook_receiver, "a")
    stall(account, webhook, webhook_receiver, advance_time)

    account.leader.client.put(webhook["enable_url"])
    attempt = webhook_receiver.next().attempt
    eventually(lambda: get_payload(account, webhook, failed.id)["attempts_count"], attempt)
    advance_time(6)

    assert webhook_receiver.next().attempt == attempt + 1


def test_skipping_the_failing_payload_moves_the_lane_on(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any
) -> None:
    failed = fail(account, webhook, webhook_receiver, "a", "b")
    webhook_receiver.respond_with(200)

    request_action(account, webhook, "skip", failed.id)

    assert names([webhook_receiver.next()]) == ["b"]
    shown = get_payload(account, webhook, failed.id)
    assert shown["state"] == "skipped"
    assert shown["skipped_at"] == "2024-05-21T10:06:00Z"
    assert shown["skipped_by"] == {
        "id": account.leader.id,
        "email": account.leader.email,
        "first_name": "Leader",
        "last_name": None,
        "profile_image_url": "",
        "url": f"{account.base_url}/v2/users/{account.leader.id}",
    }
    assert shown["delivered_at"] is None
    assert [payload["payload_id"] for payload in get_delivery_log(account, webhook, "state=skipped")] == [failed.id]


def test_a_skip_ends_a_stall(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any, advance_time: PassTime
) -> None:
    failed = fail(account, webhook, webhook_receiver, "a", "b")
    stall(account, webhook, webhook_receiver, advance_time)

    request_action(account, webhook, "skip", failed.id)
    next_failed = webhook_receiver.next()
    eventually(lambda: get_status(account, webhook)["failing_payload_id"], next_failed.id)

    assert next_failed.attempt == 1
    assert get_status(account, webhook)["stalled"] is False
    assert get_status(account, webhook)["next_attempt_at"] is not None


def test_only_the_failing_payload_can_be_skipped(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any
) -> None:
    [delivered] = deliver(account, webhook, webhook_receiver, "a")
    failed = fail(account, webhook, webhook_receiver, "b", "c")
    waiting, ping = get_delivery_log(account, webhook)[0], get_delivery_log(account, webhook)[-1]
    request_action(account, webhook, "skip", failed.id)
    next_failed = webhook_receiver.next()
    eventually(lambda: get_status(account, webhook)["failing_payload_id"], waiting["payload_id"])
    assert next_failed.id == waiting["payload_id"]

    for payload_id in (delivered.id, failed.id, ping["payload_id"]):
        response = account.leader.client.put(f"{webhook['url']}/skip/{payload_id}")

        assert (response.status, response.codes) == (400, [("base", "not_failing")])


def test_retrying_a_skipped_payload_is_a_one_off_redelivery(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any, advance_time: PassTime
) -> None:
    failed = fail(account, webhook, webhook_receiver, "a")
    request_action(account, webhook, "skip", failed.id)
    webhook_receiver.respond_with(200)
    advance_time(1)
    request_action(account, webhook, "retry", failed.id)

    again = webhook_receiver.next()
    eventually(lambda: get_delivery_log(account, webhook)[0]["state"], "delivered")

    assert (again.id, again.attempt) == (failed.id, 2)
    assert get_payload(account, webhook, failed.id)["state"] == "skipped"


def test_a_replay_resends_everything_since_in_order(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any
) -> None:
    before = deliver(account, webhook, webhook_receiver, "a")
    skipped = fail(account, webhook, webhook_receiver, "b")
    request_action(account, webhook, "skip", skipped.id)
    after = deliver(account, webhook, webhook_receiver, "c")

    response = account.leader.client.put(f"{webhook['url']}/replay", {"sequence": 1})
    replayed = webhook_receiver.next_deliveries(3)
    eventually(lambda: get_status(account, webhook)["waiting_count"], 0)

    assert (response.status, response.body) == (202, b"")
    assert names(replayed) == ["a", "b", "c"]
    assert [each.id for each in replayed] == [before[0].id, skipped.id, after[0].id]
    assert [each.sequence for each in replayed] == [1, 2, 3]
    assert [each.attempt for each in replayed] == [2, 2, 2]
    assert {payload["state"] for payload in get_delivery_log(account, webhook)} == {"delivered"}
    assert get_payload(account, webhook, skipped.id)["delivered_at"] is not None


def test_a_replayed_payload_is_waiting_and_keeps_its_delivered_at(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any, advance_time: PassTime
) -> None:
    deliver(account, webhook, webhook_receiver, "a", "b")
    first = get_delivery_log(account, webhook)[0]
    advance_time(60)
    webhook_receiver.respond_with(503)
    account.leader.client.put(f"{webhook['url']}/replay", {"sequence": 1})
    webhook_receiver.next()
    eventually(lambda: [payload["state"] for payload in get_delivery_log(account, webhook)[:2]], ["waiting", "failing"])

    assert get_status(account, webhook)["waiting_count"] == 2
    assert get_delivery_log(account, webhook)[0]["delivered_at"] == first["delivered_at"] == "2024-05-21T10:06:00Z"

    webhook_receiver.respond_with(200)
    advance_time(6)
    webhook_receiver.next_deliveries(2)
    eventually(
        lambda: [payload["state"] for payload in get_delivery_log(account, webhook)[:2]], ["delivered", "delivered"]
    )

    assert get_delivery_log(account, webhook)[0]["delivered_at"] == first["delivered_at"]
    assert get_delivery_log(account, webhook)[0]["attempts_count"] == 2


def test_a_replay_from_a_timestamp_starts_at_or_after_it(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any, advance_time: PassTime
) -> None:
    deliver(account, webhook, webhook_receiver, "a")
    advance_time(10)
    deliver(account, webhook, webhook_receiver, "b")
    advance_time(10)
    deliver(account, webhook, webhook_receiver, "c")

    def replay(timestamp: str) -> None:
        assert account.leader.client.put(f"{webhook['url']}/replay", {"from": timestamp}).status == 202

    replay("2024-05-21T10:06:10Z")
    assert names(webhook_receiver.next_deliveries(2)) == ["b", "c"]
    eventually(lambda: get_status(account, webhook)["waiting_count"], 0)
    replay("2024-05-21T12:06:11+02:00")
    assert names(webhook_receiver.next_deliveries(1)) == ["c"]
    eventually(lambda: get_status(account, webhook)["waiting_count"], 0)
    replay("2024-05-21T10:06:21Z")
    replay("1970-01-01T00:00:00Z")
    assert names(webhook_receiver.next_deliveries(3)) == ["a", "b", "c"]


def test_a_replay_never_moves_forward(account: Account, webhook_receiver: WebhookReceiver, webhook: Any) -> None:
    url = f"{webhook['url']}/replay"
    assert account.leader.client.put(url, {"sequence": 1}).status == 202
    failed = fail(account, webhook, webhook_receiver, "a", "b")

    for body in ({"sequence": 2}, {"sequence": 3}, {"sequence": 2**63 - 1}, {"from": "2030-01-01T00:00:00Z"}):
        assert account.leader.client.put(url, body).status == 202

    assert get_status(account, webhook)["failing_payload_id"] == failed.id
    assert get_status(account, webhook)["waiting_count"] == 2


def test_a_replay_does_not_end_a_stall(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any, advance_time: PassTime
) -> None:
    deliver(account, webhook, webhook_receiver, "a")
    fail(account, webhook, webhook_receiver, "b")
    stall(account, webhook, webhook_receiver, advance_time)

    assert account.leader.client.put(f"{webhook['url']}/replay", {"sequence": 1}).status == 202

    assert get_status(account, webhook)["stalled"] is True
    assert get_status(account, webhook)["waiting_count"] == 2
    account.leader.client.put(f"{webhook['url']}/ping")
    assert webhook_receiver.next().type == "webhook.ping"
    assert webhook_receiver.is_empty()


def test_a_replay_beyond_retention_names_the_earliest(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any, advance_time: PassTime
) -> None:
    deliver(account, webhook, webhook_receiver, "a", "b")
    advance_time(40 * 86_400)
    deliver(account, webhook, webhook_receiver, "c")
    account.database.write_now(account.id, delete_old_events, account.database.clock.now() - 30 * DAY)
    url = f"{webhook['url']}/replay"

    by_sequence = account.leader.client.put(url, {"sequence": 2})
    by_timestamp = account.leader.client.put(url, {"from": "2024-06-30T10:05:59Z"})

    assert (by_sequence.status, by_sequence.codes) == (400, [("sequence", "invalid")])
    assert by_sequence.json()["message"] == "Payloads are kept from sequence 3 on."
    assert (by_timestamp.status, by_timestamp.codes) == (400, [("from", "invalid")])
    assert by_timestamp.json()["message"] == "Payloads are kept since 2024-06-30T10:06:00Z, from sequence 3 on."

    # The earliest values from the messages are accepted.
    assert account.leader.client.put(url, {"from": "2024-06-30T10:06:00Z"}).status == 202
    assert names([webhook_receiver.next()]) == ["c"]
    eventually(lambda: get_status(account, webhook)["waiting_count"], 0)
    assert account.leader.client.put(url, {"sequence": 3}).status == 202
    assert names([webhook_receiver.next()]) == ["c"]


def test_payloads_lost_to_retention_are_counted_in_the_status(
    account: Account, webhook_receiver: WebhookReceiver, webhook: Any, advance_time: PassTime
) -> None:
    fail(account, webhook, webhook_receiver, "a", "b")
    account.leader.client.put(webhook["disable_url"])
    advance_time(31 * 86_400)
    account.database.write_now(account.id, delete_old_events, account.database.clock.now() - 30 * DAY)

    status = get_status(account, webhook)

    assert (status["lost_count"], status["lost_until"]) == (2, "2024-05-21T10:06:00Z")
    assert (status["waiting_count"], status["failing_payload_id"], status["failing_since"]) == (0, None, None)
    webhook_receiver.respond_with(200)
    account.leader.client.put(webhook["enable_url"])
    make_tag(account, "c")
    assert webhook_receiver.next().sequence == 3


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({}, [("base", "missing_field")]),
        ({"from": None, "sequence": ""}, [("base", "missing_field")]),
        ({"from": "2024-05-21T10:05:00Z", "sequence": 1}, [("base", "invalid")]),
        ({"from": "yesterday"}, [("from", "invalid")]),
        ({"sequence": 0}, [("sequence", "invalid")]),
        ({"sequence": 2**63}, [("sequence", "invalid")]),
        ({"sequence": "first", "from": 7}, [("from", "invalid"), ("sequence", "invalid")]),
    ],
)
def test_a_malformed_replay_is_rejected(
    account: Account, webhook: Any, body: dict[str, Any], codes: list[tuple[str, str]]
) -> None:
    response = account.leader.client.put(f"{webhook['url']}/replay", body)

    assert (response.status, response.codes) == (400, codes)


def test_recovery_needs_a_leader_and_a_payload_of_the_webhook(
    account: Account, other_account: Account, webhook_receiver: WebhookReceiver, webhook: Any
) -> None:
    failed = fail(account, webhook, webhook_receiver, "a")
    other = make_webhook(account)
    paths = [f"/skip/{failed.id}", f"/retry/{failed.id}", "/replay"]

    for path in paths:
        for person in (account.coworker, account.contractor):
            assert person.client.put(webhook["url"] + path).status == 403
        assert other_account.owner.client.put(webhook["url"] + path).status == 404
        assert account.leader.client.put(f"/v2/webhooks/{NO_SUCH_ID}{path}").status == 404
    for action in ("skip", "retry"):
        for client in (account.leader.client, account.contractor.client):
            for payload_id in (NO_SUCH_PAYLOAD, "0", "%00", failed.id.upper()):
                assert client.put(f"{webhook['url']}/{action}/{payload_id}").status == 404
            assert client.put(f"{other['url']}/{action}/{failed.id}").status == 404
    assert get_status(account, webhook)["failing_payload_id"] == failed.id


def stall(account: Account, webhook: Any, webhook_receiver: WebhookReceiver, advance_time: PassTime) -> None:
    """Fail every planned attempt of a failing webhook, until the retry window ends and it stalls."""
    failing = get_status(account, webhook)["failing_payload_id"]
    count = get_payload(account, webhook, failing)["attempts_count"]
    while not get_status(account, webhook)["stalled"]:
        # Time counts towards the window only up to the planned attempt.
        advance_time(LONGEST_DELAY_SECONDS)
        webhook_receiver.next()
        count += 1
        eventually(lambda: get_payload(account, webhook, failing)["attempts_count"], count)
    assert count >= FEWEST_ATTEMPTS
