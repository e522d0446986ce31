"""What the page of a webhook says in each situation of its lane, and the one primary button that helps."""

import re

import pytest

from hourhook.clock import DAY, SECOND
from hourhook.delivery import lane_control, retention
from hourhook.delivery.transports.outcomes import ErrorKind
from tests.support.accounts import Account
from tests.support.backlogs import URI, Backlog
from tests.support.clocks import FakeClock
from tests.support.oauth_clients import signed_in_browser
from tests.support.statements import capture_statements
from tests.support.webhooks import make_webhook

PATH = "/integrations/webhooks"
DAYS = DAY // SECOND


@pytest.fixture
def lane(account: Account, clock: FakeClock) -> Backlog:
    """A webhook for all events whose ping was answered; only the test delivers."""
    backlog = Backlog(account.database, account.id, make_webhook(account, URI, events=["*"])["id"])
    backlog.send_one_offs()
    clock.advance(30)
    return backlog


def lane_of(account: Account, lane: Backlog) -> tuple[str, list[str]]:
    """Return what the region "Lane" says as plain text, and its primary buttons and links."""
    response = signed_in_browser(account, account.leader).get(f"{PATH}/{lane.webhook_id}")
    assert response.status == 200
    page = response.body.decode()
    region = page[page.index('aria-labelledby="lane-title"') : page.index('aria-labelledby="day-title"')]
    [said] = re.findall(r'<div class="situation.*', region, re.DOTALL)
    primary = re.findall(r'class="(?:button )?primary"[^>]*>([^<]+)<', page.partition("</main>")[0])
    return " ".join(re.sub(r"<[^>]+>", "", said).replace("\N{NO-BREAK SPACE}", " ").split()), primary


def test_an_idle_lane_says_when_the_last_payload_was_accepted(account: Account, lane: Backlog) -> None:
    said, primary = lane_of(account, lane)
    assert "Nothing waits. No event has happened yet that this webhook listens to." in said

    lane.record("tag.created")
    lane.attempt(204, duration_ms=38)

    said, primary = lane_of(account, lane)
    assert "Nothing waits. The last payload was accepted 10:05:30, answered in 38 ms." in said
    assert primary == ["Send a ping"]


def test_a_busy_lane_says_what_is_sent_and_how_long_the_rest_takes(account: Account, lane: Backlog) -> None:
    lane.record(*["tag.created"] * 5)
    lane.attempt(204)
    lane.attempt(204)

    said, primary = lane_of(account, lane)

    assert "Sending. 3, tag.created is next, 2 wait behind it." in said
    assert "At this pace all of it is sent in about 2 min." in said
    assert primary == []


def test_a_failing_lane_says_why_what_waits_and_when_it_stalls(
    account: Account, lane: Backlog, clock: FakeClock
) -> None:
    lane.record("entry.created", "entry.updated", "tag.created")
    lane.attempt(503, retry_seconds=0)
    lane.attempt(503, retry_seconds=240)

    said, primary = lane_of(account, lane)

    assert "Held since 10:05 by 1, entry.created. Your receiver answered 503 2 times; it last said “answer”." in said
    assert "2 wait behind it. The next try is in 4 min, at 10:09:30. Nothing is lost." in said
    assert "If it goes on failing, the webhook stalls 24 May 10:05 and tries no more until somebody says so." in said
    assert primary == ["Try now"]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("dns", "The host name of the address could not be resolved."),
        ("refused_address", "The address leads to a network that this server must not reach."),
        ("tls", "No secure connection could be made: your receiver’s certificate is not valid or not trusted."),
    ],
)
def test_a_wrong_address_is_explained_and_can_be_changed(
    account: Account, lane: Backlog, error: ErrorKind, sentence: str
) -> None:
    lane.record("entry.created")
    lane.attempt(None, error, retry_seconds=60)

    said, primary = lane_of(account, lane)

    assert f"Held since 10:05 by 1, entry.created. {sentence}" in said
    assert primary == ["Change the address"]


@pytest.mark.parametrize("error", ["timeout", "connect", "protocol"])
def test_a_receiver_that_does_not_answer_can_be_tried_now(account: Account, lane: Backlog, error: ErrorKind) -> None:
    lane.record("entry.created")
    lane.attempt(None, error, retry_seconds=60)

    said, primary = lane_of(account, lane)

    assert "Held since 10:05 by 1, entry.created." in said
    assert "Your receiver answered" not in said
    assert primary == ["Try now"]


def test_a_stalled_lane_says_since_when_and_when_the_oldest_is_lost(
    account: Account, lane: Backlog, clock: FakeClock
) -> None:
    lane.record("entry.created", "tag.created")
    lane.attempt(500, retry_seconds=3 * DAYS)
    clock.advance(3 * DAYS)
    lane.attempt(500, retry_seconds=None)

    said, primary = lane_of(account, lane)

    assert (
        "Stalled since 10:05, after 3 days of failing, by 1, entry.created. Your receiver answered 500 2 times" in said
    )
    assert "2 wait. The oldest is from 21 May 10:05 and is lost 20 Jun 10:05." in said
    assert "Nothing is sent until somebody enables the webhook." in said
    assert primary == ["Enable webhook"]


def test_a_gone_webhook_says_when_the_receiver_answered_410(account: Account, lane: Backlog) -> None:
    lane.record("entry.created", "tag.created")
    lane.attempt(410, retry_seconds=60)
    lane.control(lane_control.disable_gone, 1)

    said, primary = lane_of(account, lane)

    assert (
        "Gone. Your receiver answered 410 10:05: it wants nothing more from this webhook, so it was disabled." in said
    )
    assert "2 wait and are sent once the webhook is enabled." in said
    assert "What has happened since is not for it." in said
    assert primary == ["Enable webhook"]


def test_a_disabled_webhook_says_who_disabled_it_and_when(account: Account, lane: Backlog, clock: FakeClock) -> None:
    lane.record("entry.created")
    clock.advance(60)
    account.owner.client.put(f"/v2/webhooks/{lane.webhook_id}/disable")

    said, primary = lane_of(account, lane)

    assert "Disabled. Ada Byron switched this webhook off 10:06." in said
    assert "1 waits and is sent once the webhook is enabled. The oldest is from 10:05 and is lost 20 Jun 10:05." in said
    assert "What has happened since is not for it." in said
    assert primary == ["Enable webhook"]
    account.owner.client.put(f"/v2/webhooks/{lane.webhook_id}/enable")
    assert "switched this webhook off" not in lane_of(account, lane)[0]


def test_a_loss_says_how_many_until_when_and_what_the_receiver_sees(
    account: Account, lane: Backlog, clock: FakeClock
) -> None:
    lane.record("entry.created", "tag.created")
    lane.control(lane_control.disable, "by_user")
    clock.advance(40 * DAYS)
    lane.write(retention.delete_old_events, clock.now() - 30 * DAY)
    lane.control(lane_control.enable)
    lane.record("tag.updated")
    lane.attempt(204)

    said, primary = lane_of(account, lane)

    assert "2 lost. They were older than events are kept, until 21 May 10:05:30." in said
    assert "Your receiver sees the gap in the sequences; the first that is kept is 3." in said
    assert primary == ["Replay…"]

    # Nothing of the time of the loss is kept any more.
    clock.advance(21 * DAYS)
    lane.write(retention.delete_old_events, clock.now() - 30 * DAY)
    said, primary = lane_of(account, lane)
    assert "2 lost." in said
    assert primary == ["Send a ping"]


def test_the_log_is_filtered_by_the_class_of_an_answer(account: Account, lane: Backlog, clock: FakeClock) -> None:
    lane.record("tag.created", "tag.updated", "tag.deleted")
    lane.attempt(503)
    clock.advance(600)
    lane.attempt(204)
    lane.attempt(None, "timeout")

    def rows(query: str) -> list[str]:
        page = signed_in_browser(account, account.leader).get(f"{PATH}/{lane.webhook_id}?{query}").body.decode()
        return re.findall(r'<td class="event">([^<]+)', page)

    assert rows("answer=5xx") == ["tag.created"]
    assert rows("answer=2xx") == ["tag.created", "webhook.ping"]
    assert rows("answer=none") == ["tag.updated"]
    assert rows("answer=4xx") == []
    assert rows("answer=2xx&type=tag.created&state=delivered") == ["tag.created"]


def test_the_page_of_a_webhook_takes_few_statements_in_each_situation(account: Account, lane: Backlog) -> None:
    browser = signed_in_browser(account, account.leader)
    lane.record("tag.created", "tag.created")
    for status in (204, 503, None):
        if status is not None:
            lane.attempt(status)
        else:
            lane.control(lane_control.disable, "by_user", account.owner.id)
        with capture_statements(account.database) as statements:
            browser.get(f"{PATH}/{lane.webhook_id}")
        assert len(statements) <= 12, statements
