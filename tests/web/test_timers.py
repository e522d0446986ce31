"""``/timers``: start, pause, correct, log and discard."""

from tests.support.accounts import Account
from tests.support.browsers import Browser, parse_forms
from tests.support.clients import Response
from tests.support.clocks import FakeClock
from tests.support.factories import archive, give_access, make_entry, make_project, start_timer
from tests.support.oauth_clients import signed_in_browser


def act(browser: Browser, action: str, **fields: str) -> Response:
    """Press the button of a form on the page of timers; follow to the page after it."""
    return browser.follow_redirects(browser.submit_to(browser.get("/timers"), action, **fields))


def test_a_timer_is_started_paused_corrected_and_logged(account: Account, clock: FakeClock) -> None:
    project = make_project(account, "Harbour map", billing_increment=1)
    path = f"/timers/{project['id']}"
    browser = signed_in_browser(account, account.owner)

    page = act(browser, "/timers/start", project_id=str(project["id"]))
    assert b'role="group" aria-label="Harbour map"' in page.body
    clock.advance(600)
    assert b"0:10:00" in act(browser, f"{path}/pause").body
    clock.advance(600)
    assert b"0:25:00" in act(browser, f"{path}/adjust", minutes="15").body
    assert b"Logged the timer of Harbour map." in act(browser, f"{path}/log").body
    [entry] = account.owner.client.get("/v2/entries").json()
    assert (entry["minutes"], entry["project"]["name"]) == (25, "Harbour map")
    assert account.owner.client.get("/v2/timers").json() == []


def test_starting_another_timer_pauses_the_running_one(account: Account) -> None:
    first, second = (make_project(account, name) for name in ("Harbour map", "Pilots"))
    browser = signed_in_browser(account, account.owner)

    for project in (first, second):
        act(browser, "/timers/start", project_id=str(project["id"]))

    states = {timer["project"]["name"]: timer["state"] for timer in account.owner.client.get("/v2/timers").json()}
    assert states == {"Harbour map": "paused", "Pilots": "running"}


def test_discarding_asks_first(account: Account) -> None:
    project = make_project(account, "Harbour map")
    start_timer(account.owner, project)
    browser = signed_in_browser(account, account.owner)

    page = browser.get(f"/timers/{project['id']}/discard")
    assert b"Discard the timer of Harbour map?" in page.body
    assert len(account.owner.client.get("/v2/timers").json()) == 1
    browser.submit_to(page, f"/timers/{project['id']}/discard")

    assert account.owner.client.get("/v2/timers").json() == []


def test_a_timer_moves_to_the_inbox(account: Account) -> None:
    project = make_project(account, "Harbour map")
    start_timer(account.owner, project)

    page = act(signed_in_browser(account, account.owner), f"/timers/{project['id']}/inbox")

    assert b"Moved the timer of Harbour map to the inbox." in page.body
    assert len(account.owner.client.get("/v2/inbox_entries").json()) == 1


def test_a_timer_of_an_archived_project_is_refused_in_words(account: Account) -> None:
    project = make_project(account, "Harbour map")
    make_entry(account.owner, project_id=project["id"])
    browser = signed_in_browser(account, account.owner)
    page = browser.get("/timers")
    archive(account, project)

    response = browser.submit_to(page, "/timers/start", project_id=str(project["id"]))

    assert response.status == 422
    assert b"archived project" in response.body


def test_a_timer_without_a_project_is_refused(account: Account) -> None:
    make_project(account, "Harbour map")
    browser = signed_in_browser(account, account.owner)

    response = browser.submit_to(browser.get("/timers"), "/timers/start", project_id="")

    assert (response.status, b"Choose a project." in response.body) == (422, True)


def test_a_timer_on_a_project_that_is_not_visible_is_not_found(account: Account) -> None:
    hidden, visible = (make_project(account, name) for name in ("Hidden", "Harbour map"))
    give_access(account, account.contractor, visible)
    browser = signed_in_browser(account, account.contractor)

    page = browser.get("/timers")
    [form] = [form for form in parse_forms(page) if form.action == "/timers/start"]
    assert form.choices["project_id"] == [str(visible["id"])]
    assert browser.send(form, project_id=str(hidden["id"])).status == 404
