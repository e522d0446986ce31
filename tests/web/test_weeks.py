"""``/weeks/YYYY-Www``: the grid, its cells, its rows."""

import re
from urllib.parse import quote

import pytest

from tests.support.accounts import Account
from tests.support.browsers import Browser, Form, parse_forms
from tests.support.clients import Response
from tests.support.factories import approve, make_entry, make_project
from tests.support.oauth_clients import signed_in_browser

WEEK = "/weeks/2024-W21"
MONDAY, TUESDAY = "2024-05-20", "2024-05-21"


def cells(page: Response) -> dict[str, str]:
    """Return the values of the cells that can be changed, by their names."""
    found = re.findall(r'<input name="(cell_\d+_\d)" value="([^"]*)" aria-label="([^"]*)"', page.body.decode())
    return {label: value for _, value, label in found}


def name_of(page: Response, label: str) -> str:
    [name] = re.findall(
        rf'<input name="(cell_\d+_\d)" value="[^"]*" aria-label="{re.escape(label)}"', page.body.decode()
    )
    return str(name)


def week_form(page: Response) -> Form:
    """Return the form of the cells; that of the person has the same action."""
    return next(form for form in parse_forms(page) if "next" in form.fields and form.action.startswith("/weeks/"))


def fill(browser: Browser, values: dict[str, str], path: str = WEEK) -> Response:
    """Fill in cells by their names, and save."""
    page = browser.get(path)
    form = week_form(page)
    return browser.send(form, **{name_of(page, label): value for label, value in values.items()})


def entries_of(account: Account) -> list[tuple[str, int, str]]:
    found = account.owner.client.get("/v2/entries").json()
    return sorted((entry["date"], entry["minutes"], entry["description"]) for entry in found)


def test_a_week_shows_a_row_for_each_project_and_description(account: Account) -> None:
    project = make_project(account, "Harbour map", billing_increment=1)
    for minutes, date, description in ((75, MONDAY, "painting"), (30, TUESDAY, "painting"), (60, TUESDAY, None)):
        make_entry(account.owner, description, minutes=minutes, date=date, project_id=project["id"])
    make_entry(account.owner, minutes=15, date=MONDAY)
    make_entry(account.leader, minutes=15, date=MONDAY)

    page = signed_in_browser(account, account.owner).get(WEEK)

    assert b"<h1>Week 21</h1>" in page.body
    assert b'<table class="grid" aria-label="Week">' in page.body
    found = cells(page)
    assert {label: value for label, value in found.items() if value} == {
        "Harbour map, Tuesday 21 May": "1.00",
        "Harbour map, painting, Monday 20 May": "1.25",
        "Harbour map, painting, Tuesday 21 May": "0.50",
        "No project, Monday 20 May": "0.25",
    }
    assert len(found) == 21
    assert b"<strong>1.75</strong>" in page.body


def test_the_navigation_leads_to_this_week(account: Account) -> None:
    browser = signed_in_browser(account, account.owner)

    assert b'<a href="/weeks" data-key="g w">Week</a>' in browser.get("/entries").body
    assert browser.get("/weeks").headers["location"] == WEEK


def test_cells_create_change_and_delete_entries(account: Account) -> None:
    make_project(account, "Harbour map", billing_increment=1)
    [project] = account.owner.client.get("/v2/projects").json()
    for date in (MONDAY, TUESDAY):
        make_entry(account.owner, "painting", minutes=60, date=date, project_id=project["id"])
    browser = signed_in_browser(account, account.owner)
    row = "Harbour map, painting"

    response = fill(
        browser,
        {f"{row}, Monday 20 May": "1:30", f"{row}, Tuesday 21 May": "", f"{row}, Wednesday 22 May": "45"},
    )

    assert (response.status, response.headers["location"]) == (303, WEEK)
    assert entries_of(account) == [(MONDAY, 90, "painting"), ("2024-05-22", 45, "painting")]


def test_a_cell_that_is_no_time_saves_nothing_and_says_so(account: Account) -> None:
    make_entry(account.owner, "painting", minutes=60, date=MONDAY)
    browser = signed_in_browser(account, account.owner)
    row = "No project, painting"

    response = fill(browser, {f"{row}, Monday 20 May": "2:00", f"{row}, Tuesday 21 May": "soon"})

    page = response.body.decode()
    assert response.status == 422
    assert "<title>Not saved: Week 21" in page
    assert "This is not a time." in page
    assert cells(response)[f"{row}, Tuesday 21 May"] == "soon"
    assert cells(response)[f"{row}, Monday 20 May"] == "2:00"
    assert entries_of(account) == [(MONDAY, 60, "painting")]


def test_a_page_that_is_out_of_date_changes_only_what_was_typed(account: Account) -> None:
    entry = make_entry(account.owner, "painting", minutes=60, date=MONDAY)
    browser = signed_in_browser(account, account.owner)
    page = browser.get(WEEK)
    account.owner.client.put(f"/v2/entries/{entry['id']}", {"minutes": 90})

    browser.send(week_form(page), **{name_of(page, "No project, painting, Tuesday 21 May"): "0:15"})

    assert entries_of(account) == [(MONDAY, 90, "painting"), (TUESDAY, 15, "painting")]


def test_several_entries_and_locked_ones_are_read_only(account: Account) -> None:
    for _ in range(2):
        make_entry(account.owner, "painting", minutes=60, date=MONDAY)
    approve(account, make_entry(account.owner, "painting", minutes=60, date=TUESDAY))

    page = signed_in_browser(account, account.owner).get(WEEK).body.decode()

    assert 'value="2.00" aria-label="No project, painting, Monday 20 May" readonly title="2 entries' in page
    assert 'aria-label="No project, painting, Tuesday 21 May" readonly title="The Entry is locked' in page


def test_a_row_is_added_and_filled_in(account: Account) -> None:
    project = make_project(account, "Harbour map", billing_increment=1)
    browser = signed_in_browser(account, account.owner)

    response = browser.submit_to(
        browser.get(WEEK), f"{WEEK}/rows", project_id=str(project["id"]), description="painting & <b>"
    )
    path = response.headers["location"]
    fill(browser, {"Harbour map, painting &amp; &lt;b&gt;, Friday 24 May": "1,5"}, path)

    assert entries_of(account) == [("2024-05-24", 90, "painting & <b>")]


@pytest.mark.parametrize("with_hours", [False, True])
def test_last_weeks_rows_are_taken_over(account: Account, with_hours: bool) -> None:
    make_entry(account.owner, "painting", minutes=60, date="2024-05-13")
    make_entry(account.owner, "sounding", minutes=30, date="2024-05-14")
    make_entry(account.owner, "sounding", minutes=45, date=TUESDAY)
    browser = signed_in_browser(account, account.owner)

    response = browser.submit_to(browser.get(WEEK), f"{WEEK}/rows", take_over="hours" if with_hours else "rows")

    page = browser.get(response.headers["location"])
    assert "No project, painting, Monday 20 May" in cells(page)
    logged = [entry for entry in entries_of(account) if entry[0] >= MONDAY]
    expected = [(MONDAY, 60, "painting")] * with_hours
    assert logged == [*expected, (TUESDAY, 45, "sounding")]


def test_a_leader_sees_and_fills_in_the_week_of_another_person(account: Account) -> None:
    make_entry(account.coworker, "painting", minutes=60, date=MONDAY)
    browser = signed_in_browser(account, account.leader)
    path = f"{WEEK}?person={account.coworker.id}"

    response = fill(browser, {"No project, painting, Tuesday 21 May": "0:30"}, path)

    assert response.headers["location"] == path
    assert [entry["minutes"] for entry in account.coworker.client.get("/v2/entries").json()] == [30, 60]


@pytest.mark.parametrize("role", ["coworker", "contractor"])
def test_the_week_of_another_person_is_not_found_below_leaders(account: Account, role: str) -> None:
    browser = signed_in_browser(account, account.people[role])

    assert browser.get(f"{WEEK}?person={account.owner.id}").status == 404
    assert browser.submit_to(browser.get(WEEK), WEEK, person=str(account.owner.id)).status == 404


@pytest.mark.parametrize("week", ["2024-W00", "2024-W54", "2024-21", "0000-W01", "9999-W52", "٢٠٢٤-W21", "2024-W21x"])
def test_a_week_that_does_not_exist_is_not_found(account: Account, week: str) -> None:
    assert signed_in_browser(account, account.owner).get(f"/weeks/{quote(week)}").status == 404
