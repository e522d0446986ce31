"""The page of a webhook while its receiver fails and recovers: everything is seen without a reload."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

import pytest
from playwright.sync_api import Page, expect

from hourhook.clock import SECOND, to_timestamp
from hourhook.delivery import retention
from tests.browser.conftest import OpenPage
from tests.conftest import Delivering, MakeServer, Server
from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.factories import make_tag
from tests.support.webhook_receiver import WebhookReceiver, eventually
from tests.support.webhooks import get_status, make_webhook

PATH = "/integrations/webhooks"
WITHIN_A_SECOND = 1_000


@pytest.fixture
def server(make_server: MakeServer, delivering: Delivering) -> Server:
    """A server that delivers."""
    return make_server(site_options={"lifespans": [delivering]})


@pytest.fixture
def webhook(account: Account, webhook_receiver: WebhookReceiver) -> dict[str, object]:
    """A webhook that has had its ping."""
    created: dict[str, object] = make_webhook(account, webhook_receiver.uri, events=["*"])
    webhook_receiver.next()
    return created


def says(page: Page, region: str, text: str) -> None:
    """Expect a text in a region of the page within one second."""
    expect(page.get_by_role("region", name=region)).to_contain_text(text, timeout=WITHIN_A_SECOND)


def test_every_situation_of_a_lane_is_seen_without_a_reload(
    account: Account,
    webhook: dict[str, object],
    webhook_receiver: WebhookReceiver,
    open_page_of: OpenPage,
    clock: FakeClock,
) -> None:
    clock.advance(30)
    page = open_page_of(account.leader, f"{PATH}/{webhook['id']}")
    says(page, "Lane", "Nothing waits.")
    page.evaluate("window.isTheSamePage = true")

    # A receiver that fails, and a payload that waits behind the failing one.
    webhook_receiver.respond_with(503, b"the ledger is <b>closed</b>")
    make_tag(account, "soundings")
    says(page, "Lane", "Held since 12:05 by 1, tag.created.")
    says(page, "Lane", "Your receiver answered 503; it last said “the ledger is <b>closed</b>”.")
    says(page, "Lane", "Nothing is lost. If it goes on failing, the webhook stalls 24 May 12:05")
    # The fake clock stands still on the server, and the countdown goes on.
    countdown = page.get_by_role("region", name="Lane").get_by_role("timer")
    expect(countdown).to_have_text("0\N{NO-BREAK SPACE}s")
    make_tag(account, "tides")
    says(page, "Lane", "1 waits behind it.")
    expect(page.get_by_role("row", name="Waiting 2 tag.created #tides")).to_be_visible()

    # "Try now".
    webhook_receiver.respond_with(204)
    assert page.evaluate("window.isTheSamePage")
    page.get_by_role("button", name="Try now").click()
    says(page, "Lane", "Nothing waits. The last payload was accepted 12:05:30, answered in")
    says(page, "Completeness", "Complete since 1: 2 accepted, 0 skipped, 0 lost, 0 on their way.")
    expect(page.get_by_role("row", name="Delivered 1 tag.created #soundings 2 204")).to_be_visible()

    # "Skip…".
    webhook_receiver.respond_with(500)
    for tag in ("currents", "buoys"):
        make_tag(account, tag)
    says(page, "Lane", "1 waits behind it.")
    page.get_by_role("link", name="Skip 3…").click()
    dialog = page.get_by_role("dialog", name="Skip payload 3 of Ledger sync?")
    expect(dialog).to_contain_text("1 payload follows at once. Your receiver will see that 3 is missing.")
    dialog.get_by_role("button", name="Skip payload 3").click()
    expect(page.get_by_role("row", name="Skipped 3 tag.created #currents")).to_be_visible()
    says(page, "Lane", "Held since 12:05 by 4, tag.created.")

    # "Replay…".
    webhook_receiver.respond_with(204)
    page.get_by_role("button", name="Try now").click()
    says(page, "Completeness", "Complete since 1: 3 accepted, 1 skipped, 0 lost, 0 on their way.")
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Replay…").click()
    page.get_by_role("textbox", name="From sequence").fill("2")
    page.keyboard.press("Enter")
    expect(page.get_by_text("3 payloads are sent, from 2 to 4, 1 skipped one among them.")).to_be_visible()
    expect(page.get_by_text("Your receiver sees the sequences step back to 2.")).to_be_visible()
    page.get_by_role("button", name="Replay 3 payloads").click()
    says(page, "Completeness", "Complete since 1: 4 accepted, 0 skipped, 0 lost, 0 on their way.")

    # A stall, with its notice.
    page.evaluate("window.isTheSamePage = true")
    webhook_receiver.respond_with(500)
    make_tag(account, "beacons")
    says(page, "Lane", "Held since 12:05 by 5, tag.created.")
    stall(account, webhook, clock)
    says(page, "Lane", "after 3 days of failing, by 5, tag.created. Your receiver answered 500")
    says(page, "Lane", "1 waits. The oldest is from 21 May 12:05 and is lost 20 Jun 12:05.")
    notice = page.get_by_role("status").filter(has_text="Ledger sync")
    expect(notice).to_contain_text("Ledger sync has stalled: nothing is sent until somebody enables it.")

    # A loss by retention.
    account.database.write_now(account.id, retention.delete_old_events, clock.now())
    says(page, "Lane", "1 lost. It was older than events are kept, until 21 May 12:05:30.")
    says(page, "Lane", "Your receiver sees the gap in the sequences; the first that is kept is 6.")
    says(page, "Completeness", "1 lost, 0 on their way.")
    assert page.evaluate("window.isTheSamePage")

    # A 410, with its notice.
    webhook_receiver.respond_with(410)
    page.get_by_role("button", name="Enable webhook").click()
    page.evaluate("window.isTheSamePage = true")
    make_tag(account, "anchors")
    says(page, "Lane", "Gone. Your receiver answered 410")
    says(page, "Lane", "1 waits and is sent once the webhook is enabled.")
    expect(notice).to_contain_text("Ledger sync is disabled, because its receiver answered 410.")
    expect(page.get_by_role("button", name="Enable webhook")).to_be_visible()
    assert page.evaluate("window.isTheSamePage")


def stall(account: Account, webhook: dict[str, object], clock: FakeClock) -> None:
    """Let every retry of a failing lane fail until it stalls."""

    def next_attempt() -> str | None:
        found: str | None = get_status(account, webhook)["next_attempt_at"]
        return found

    while due_at := next_attempt():
        clock.moment = max(clock.moment, to_timestamp(datetime.fromisoformat(due_at)) + SECOND)
        account.database.wake()
        eventually(partial(is_other, next_attempt, due_at), True)


def is_other(query: Callable[[], object], known: object) -> bool:
    """Return whether a query has another result than the known one."""
    return query() != known


def test_new_rows_wait_while_somebody_works_in_the_log(
    account: Account, webhook: dict[str, object], open_page_of: OpenPage
) -> None:
    page = open_page_of(account.leader, f"{PATH}/{webhook['id']}")
    status = page.get_by_role("region", name="Delivery log").get_by_role("status")
    # A stream that is refused, as by a proxy while the server restarts, is opened again.
    page.route("**/live", lambda route: route.fulfill(status=429), times=1)
    page.reload()
    expect(status).to_have_text("Connecting…")
    expect(status).to_have_text("Live")
    log = page.get_by_role("table", name="Deliveries")
    make_tag(account, "soundings")
    link = log.get_by_role("link", name="1", exact=True)
    expect(link).to_be_visible(timeout=WITHIN_A_SECOND)
    link.focus()

    for tag in ("tides", "currents"):
        make_tag(account, tag)

    page.get_by_role("button", name="2 new").click()
    expect(log.get_by_role("row", name="3 tag.created #currents")).to_be_visible()
    expect(status).to_have_text("Live")
    page.get_by_role("button", name="Pause").click()
    expect(status).to_have_text("Paused")
    make_tag(account, "buoys")
    expect(page.get_by_role("button", name="1 new")).to_be_visible(timeout=WITHIN_A_SECOND)
    assert log.get_by_text("#buoys").count() == 0
    page.get_by_role("button", name="Go on").click()
    expect(log.get_by_text("#buoys")).to_be_visible()
    expect(status).to_have_text("Live")


def test_a_webhook_is_created_by_choosing_events_and_its_greeting_is_seen(
    account: Account, webhook_receiver: WebhookReceiver, open_page_of: OpenPage
) -> None:
    webhook_receiver.respond_with(204)
    page = open_page_of(account.leader, f"{PATH}/new")
    page.get_by_role("textbox", name="Name").fill("Ledger sync")
    page.get_by_role("textbox", name="Address").fill("http://10.0.0.1/hooks")
    expect(page.get_by_text("It leads to an address that is not allowed.")).to_be_visible()
    page.get_by_role("textbox", name="Address").fill(webhook_receiver.uri)
    everything = page.get_by_role("checkbox", name="All events, present and future")
    everything.check()
    expect(page.get_by_role("checkbox", name="entry.created")).to_be_disabled()
    everything.uncheck()
    page.get_by_role("searchbox", name="Filter events").fill("tag")
    expect(page.get_by_role("checkbox", name="entry.created")).to_be_hidden()
    page.get_by_role("checkbox", name="All tag events").check()
    expect(page.get_by_text("4 of 41 events")).to_be_visible()
    page.get_by_role("checkbox", name="tag.deleted.merged").uncheck()
    page.get_by_role("button", name="Create webhook").click()

    expect(page.get_by_role("heading", name="Keep this secret")).to_be_visible()
    expect(page.get_by_text("Answered 204 in")).to_be_visible()
    assert page.get_by_role("textbox", name="Secret").input_value().startswith("whsec_")
    programs = page.get_by_role("group", name="Verify it in")
    programs.get_by_role("tab", name="Go").click()
    expect(programs.get_by_role("tabpanel")).to_contain_text("package main")
    page.get_by_role("link", name="Continue").click()
    expect(page.get_by_role("heading", name="Ledger sync")).to_be_visible()
    [created] = account.leader.client.get("/v2/webhooks").json()
    assert created["events"] == ["tag.created", "tag.updated", "tag.deleted"]


def test_the_events_page_counts_what_the_choice_would_have_got(account: Account, open_page_of: OpenPage) -> None:
    webhook = make_webhook(account, events=["tag.created"])
    for tag in ("soundings", "tides"):
        make_tag(account, tag)
    page = open_page_of(account.leader, f"{PATH}/{webhook['id']}/events")
    expect(page.get_by_text("With these, 2 would have gone to it.")).to_be_visible()

    page.get_by_role("checkbox", name="tag.created").uncheck()

    expect(page.get_by_text("With these, 0 would have gone to it.")).to_be_visible()


def test_a_file_of_sequences_is_compared_and_leads_to_a_replay(
    account: Account, webhook: dict[str, object], open_page_of: OpenPage
) -> None:
    for tag in ("soundings", "tides", "currents"):
        make_tag(account, tag)
    page = open_page_of(account.leader, f"{PATH}/{webhook['id']}")
    says(page, "Completeness", "3 accepted")
    page.reload()
    page.get_by_text("Compare with what you have").click()
    numbers = "\n".join(map(str, [1, 3, *range(10, 1_000)]))
    page.get_by_label("Or a file of them").set_input_files(
        {"name": "have.txt", "mimeType": "text/plain", "buffer": numbers.encode()}
    )
    expect(page.get_by_role("textbox", name="Sequences you have")).to_have_value("1, 3, 10-999")

    page.get_by_role("button", name="Compare").click()

    says(page, "Completeness", "You miss 1: 2")
    page.get_by_role("link", name="Replay from there").click()
    expect(page.get_by_role("button", name="Replay 2 payloads")).to_be_visible()


def test_an_act_says_what_it_does_in_a_dialog(
    account: Account, webhook: dict[str, object], open_page_of: OpenPage
) -> None:
    page = open_page_of(account.leader, f"{PATH}/{webhook['id']}")
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Disable…").click()
    dialog = page.get_by_role("dialog", name="Disable Ledger sync?")
    expect(dialog).to_contain_text("Nothing is sent to it until somebody enables it.")
    dialog.get_by_role("link", name="Cancel").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Disable…").click()

    dialog.get_by_role("button", name="Disable webhook").click()

    says(page, "Lane", "switched this webhook off")


def test_a_webhook_is_tried_without_a_receiver(account: Account, open_page_of: OpenPage) -> None:
    page = open_page_of(account.owner, PATH)
    page.get_by_role("link", name="Try it without a receiver").click()
    expect(page.get_by_role("group", name="Answers with").get_by_role("radio", name="204")).to_be_checked()
    page.get_by_role("button", name="Create webhook").click()
    says(page, "Receiver", "webhook.ping")

    page.get_by_role("radio", name="503").check()
    expect(page.get_by_text("The receiver answers with 503 from now on.")).to_be_visible()
    make_tag(account, "soundings")
    says(page, "Lane", "Held since")
    make_tag(account, "depths")
    says(page, "Lane", "waits behind it")
    says(page, "Lane", "answered 503")
    says(page, "Receiver", "answered with 503")

    page.get_by_role("radio", name="204").check()
    page.get_by_role("button", name="Try now").click()
    says(page, "Completeness", "2 accepted")


def test_the_main_journeys_work_without_script(
    account: Account, webhook_receiver: WebhookReceiver, open_page_of: OpenPage
) -> None:
    webhook_receiver.respond_with(204)
    page = open_page_of(account.leader, java_script_enabled=False)

    # Log time on a new project.
    page.get_by_role("textbox", name="Log time").fill("45m Harbour map #soundings")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Create Harbour map and log").click()
    expect(page.get_by_role("status")).to_contain_text("Logged 45")

    # A new webhook, whose ping is answered.
    page.get_by_role("link", name="Integrations & Connected Apps").click()
    page.get_by_role("link", name="New webhook").click()
    page.get_by_role("textbox", name="Name").fill("Ledger sync")
    page.get_by_role("textbox", name="Address").fill(webhook_receiver.uri)
    page.get_by_role("checkbox", name="All events, present and future").check()
    page.get_by_role("button", name="Create webhook").click()
    expect(page.get_by_role("heading", name="Keep this secret")).to_be_visible()
    webhook_receiver.next()
    page.get_by_role("link", name="Continue").click()

    # Skip a payload that fails.
    webhook_receiver.respond_with(503)
    [webhook] = account.leader.client.get("/v2/webhooks").json()
    make_tag(account, "tides")
    eventually(lambda: get_status(account, webhook)["failing_since"] is not None, True)
    page.reload()
    page.get_by_role("link", name="Skip 1…").click()
    expect(page.get_by_text("Nothing waits behind it. Your receiver will see that 1 is missing.")).to_be_visible()
    page.get_by_role("button", name="Skip payload 1").click()
    says(page, "Lane", "Nothing waits.")

    # Replay it.
    webhook_receiver.respond_with(204)
    page.get_by_role("button", name="More").click()
    page.get_by_role("link", name="Replay…").click()
    page.get_by_role("textbox", name="From sequence").fill("1")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Replay 1 payload").click()
    eventually(lambda: get_status(account, webhook)["waiting_count"], 0)
    page.reload()
    says(page, "Completeness", "1 accepted, 0 skipped")

    # Bill the time.
    page.get_by_role("link", name="Invoices").click()
    page.get_by_role("link", name="New invoice").click()
    page.get_by_role("checkbox", name="Harbour map").check()
    page.get_by_role("textbox", name="Hourly rate").fill("80")
    page.get_by_role("button", name="Create invoice").click()
    expect(page.get_by_role("row", name="Total")).to_contain_text("60.00")
