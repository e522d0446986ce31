"""Notices about webhooks that need somebody, on every page of those who may act."""

import re

import pytest

from hourhook.delivery import lane_control
from tests.support.accounts import Account, Person
from tests.support.backlogs import URI, Backlog
from tests.support.clocks import FakeClock
from tests.support.oauth_clients import signed_in_browser
from tests.support.statements import capture_statements
from tests.support.webhooks import make_webhook

HOUR_SECONDS = 3600


@pytest.fixture
def lane(account: Account) -> Backlog:
    return add_lane(account, "Ledger <sync>")


def add_lane(account: Account, name: str) -> Backlog:
    """Create a webhook with two payloads that wait."""
    lane = Backlog(account.database, account.id, make_webhook(account, URI, name, ["*"])["id"])
    lane.record("tag.created", "tag.updated")
    return lane


def notices(account: Account, person: Person) -> list[str]:
    """Return the notices on Today, as plain text."""
    page = signed_in_browser(account, person).get("/").body.decode().replace("\N{NO-BREAK SPACE}", " ")
    found = re.findall(r'<div class="said trouble" role="status"><span>(.*?)</span> <a', page)
    return [re.sub(r"<[^>]+>", "", notice) for notice in found]


def test_a_webhook_that_fails_for_an_hour_is_named(account: Account, lane: Backlog, clock: FakeClock) -> None:
    lane.attempt(503, retry_seconds=2 * HOUR_SECONDS)
    clock.advance(HOUR_SECONDS - 60)
    assert notices(account, account.leader) == []

    clock.advance(60 * 60)

    assert notices(account, account.leader) == [
        "Ledger &lt;sync&gt; has been failing for 1 h 59 min. 2 payloads wait. Next try in 1 min."
    ]


def test_a_stalled_and_a_gone_webhook_are_named(account: Account, lane: Backlog) -> None:
    lane.attempt(500, retry_seconds=None)
    gone = add_lane(account, "Old importer")  # Its events are for the other webhook too.
    gone.attempt(410, retry_seconds=60)
    gone.control(lane_control.disable_gone, 1)

    assert notices(account, account.supervisor) == [
        "Ledger &lt;sync&gt; has stalled: nothing is sent until somebody enables it. 4 payloads wait.",
        "Old importer is disabled, because its receiver answered 410. 2 payloads wait.",
    ]
    gone.control(lane_control.enable)
    lane.control(lane_control.disable, "by_user")
    assert notices(account, account.supervisor) == []


def test_many_webhooks_in_trouble_are_summed_up(account: Account) -> None:
    for number in range(5):
        add_lane(account, f"Ledger {number}").attempt(500, retry_seconds=None)

    found = notices(account, account.leader)

    assert [notice.split(" has ")[0] for notice in found[:3]] == ["Ledger 0", "Ledger 1", "Ledger 2"]
    assert found[3:] == ["2 more webhooks need somebody."]


def test_only_those_who_may_act_see_notices(account: Account, other_account: Account, lane: Backlog) -> None:
    lane.attempt(500, retry_seconds=None)

    assert notices(account, account.coworker) == notices(account, account.contractor) == []
    assert notices(other_account, other_account.leader) == []


def test_notices_take_one_statement_and_none_for_others(account: Account, lane: Backlog) -> None:
    lane.attempt(500, retry_seconds=None)
    counts = {}
    for person in (account.leader, account.contractor):
        browser = signed_in_browser(account, person)
        with capture_statements(account.database) as statements:
            browser.get("/timers")
        counts[person.role] = len([text for text in statements if "webhooks" in text])

    assert counts == {"leader": 1, "contractor": 0}


def test_a_page_asks_for_its_notices_alone(account: Account, lane: Backlog) -> None:
    lane.attempt(500, retry_seconds=None)
    browser = signed_in_browser(account, account.leader)

    for path in ("/entries?from=", "/expenses/new", "/integrations/webhooks"):
        assert b'data-live="troubles"' in browser.get(path).body
        with capture_statements(account.database) as statements:
            fragment = browser.get(path, **{"x-fragments": "troubles"}).body.decode()
        assert "Ledger &lt;sync&gt; has stalled" in fragment
        assert "<h1" not in fragment
        assert len(statements) == 2
    # What changes in an account is nothing to those who see no notices.
    assert b'data-live="troubles"' not in signed_in_browser(account, account.coworker).get("/expenses/new").body
