"""The page of an entry says which webhooks heard of its last change, and where that payload stands."""

import re

from hourhook.delivery import lane_control
from tests.support.accounts import Account
from tests.support.backlogs import URI, Backlog
from tests.support.clocks import FakeClock
from tests.support.factories import approve, make_entry
from tests.support.oauth_clients import signed_in_browser
from tests.support.webhooks import make_webhook


def make_lane(account: Account, name: str, *events: str) -> Backlog:
    lane = Backlog(account.database, account.id, make_webhook(account, URI, name=name, events=[*events])["id"])
    lane.send_one_offs()
    return lane


def told_to(account: Account, entry_id: int) -> list[tuple[str, str, str, str]]:
    """Return the webhooks, states, events and sequences of the region "Told to"."""
    page = signed_in_browser(account, account.leader).get(f"/entries/{entry_id}").body.decode()
    region = page.partition('aria-labelledby="told-title"')[2]
    rows = re.findall(
        r'<td class="lead"><a href="[^"]+">([^<]+)</a></td>\s*<td>.*?</svg>(\w+)</span></td>\s*'
        r'<td class="event">([^<]+)</td>\s*<td class="figure" data-label="Sequence">([\d,]+)</td>',
        region,
        re.DOTALL,
    )
    return rows or [(" ".join(re.sub(r"<[^>]+>", "", region.partition("</section>")[0]).split()), "", "", "")]


def test_an_entry_says_who_heard_of_its_last_change(account: Account, clock: FakeClock) -> None:
    ledger, wall = make_lane(account, "Ledger", "*"), make_lane(account, "Wall", "entry.updated.approved")
    make_lane(account, "Tags", "tag.created")
    for _ in range(5):
        make_entry(account.owner)
    entry = make_entry(account.owner)
    other = make_entry(account.owner)
    clock.advance(30)
    approve(account, entry)
    clock.advance(30)
    make_entry(account.owner)
    for _ in range(8):
        ledger.attempt(204)
    wall.attempt(503)

    assert told_to(account, entry["id"]) == [
        ("Ledger", "Delivered", "entry.updated", "8"),
        ("Ledger", "Waiting", "entry.updated.approved", "9"),
        ("Wall", "Failing", "entry.updated.approved", "1"),
    ]
    assert told_to(account, other["id"]) == [("Ledger", "Delivered", "entry.created", "7")]
    wall.control(lane_control.skip, 1, account.owner.id)
    assert told_to(account, entry["id"])[2][1] == "Skipped"


def test_an_entry_that_no_webhook_heard_of_says_so(account: Account) -> None:
    entry = make_entry(account.owner)

    assert "No webhook listens to entry.created, its last change." in told_to(account, entry["id"])[0][0]


def test_those_who_see_no_webhooks_do_not_see_who_was_told(account: Account) -> None:
    make_lane(account, "Ledger", "*")
    entry = make_entry(account.coworker)

    page = signed_in_browser(account, account.coworker).get(f"/entries/{entry['id']}").body

    assert b"Told to" not in page
    assert b"Ledger" not in page
