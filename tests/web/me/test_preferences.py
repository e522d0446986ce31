"""``/me``: preferences of the user and of the browser."""

import pytest

from tests.support.accounts import ROLES, Account
from tests.support.browsers import find_form
from tests.support.oauth_clients import signed_in_browser

PATH = "/me"


@pytest.mark.parametrize("role", ROLES)
def test_each_role_changes_its_preferences(account: Account, role: str) -> None:
    person = account.people[role]
    browser = signed_in_browser(account, person)

    response = browser.submit_to(
        browser.get(PATH),
        PATH,
        first_name="<b>Grace",
        last_name="",
        time_zone="Asia/Kolkata",
        week_start="monday",
        time_format="hours_minutes",
        theme="dark",
    )

    page = browser.follow_redirects(response).body.decode()
    assert "Saved." in page
    assert 'value="&lt;b&gt;Grace"' in page
    assert 'data-theme="dark"' in page
    assert "Times in Asia/Kolkata (UTC+5:30)" in page
    found = person.client.get("/v2/current_user").json()
    assert (found["first_name"], found["last_name"], found["week_start"]) == ("<b>Grace", None, "Monday")
    assert (found["time_format"], found["utc_offset"]) == ("hours_minutes", 19_800)


def test_reports_and_keys_can_be_switched_off(account: Account) -> None:
    browser = signed_in_browser(account, account.supervisor)
    form = find_form(browser.get(PATH), PATH)
    for name in ("send_personal_weekly_report", "send_team_weekly_report", "keys"):
        del form.fields[name]

    page = browser.follow_redirects(browser.send(form)).body

    assert b'data-keys="off"' in page
    found = account.supervisor.client.get("/v2/current_user").json()
    assert (found["send_personal_weekly_report_email"], found["send_team_weekly_report_email"]) == (False, False)
    assert {"keys", "send_personal_weekly_report"}.isdisjoint(find_form(browser.get(PATH), PATH).fields)


def test_a_fresh_form_shows_no_error(account: Account) -> None:
    page = signed_in_browser(account, account.leader).get(PATH).body
    assert b'class="error"' not in page
    assert b"aria-invalid" not in page


def test_only_supervisors_are_offered_the_team_report(account: Account) -> None:
    page = signed_in_browser(account, account.leader).get(PATH).body
    assert b"A report about me" in page
    assert b"A report about the team" not in page


def test_the_zone_of_the_browser_is_offered_at_first(account: Account) -> None:
    browser = signed_in_browser(account, account.leader)
    browser.cookies["hourhook-zone"] = "Europe/Berlin"

    assert find_form(browser.get(PATH), PATH).fields["time_zone"] == "Europe/Berlin"


def test_a_fixed_offset_stays(account: Account) -> None:
    account.change_settings(**{f"utc_offset:{account.leader.email}": "19800"})
    browser = signed_in_browser(account, account.leader)

    assert browser.submit_to(browser.get(PATH), PATH).status == 303

    assert find_form(browser.get(PATH), PATH).fields["time_zone"] == "+05:30"


@pytest.mark.parametrize(
    ("field", "value"), [("first_name", "x" * 256), ("time_zone", "Nowhere/Land"), ("time_format", "roman")]
)
def test_a_wrong_preference_is_refused_and_nothing_saved(account: Account, field: str, value: str) -> None:
    browser = signed_in_browser(account, account.leader)

    response = browser.submit_to(browser.get(PATH), PATH, **{"last_name": "Hopper", field: value})

    assert response.status == 422
    assert b'value="Hopper"' in response.body
    assert account.leader.client.get("/v2/current_user").json()["last_name"] is None


def test_the_theme_is_changed_from_every_page(account: Account) -> None:
    browser = signed_in_browser(account, account.contractor)
    page = browser.get("/entries?from=&description=tea")

    response = browser.submit_to(page, "/me/theme", theme="dark")

    assert response.headers["location"] == "/entries?from=&description=tea"
    assert 'data-theme="dark"' in browser.get("/").body.decode()
    browser.submit_to(page, "/me/theme", theme="system")
    assert "data-theme" not in browser.get("/").body.decode()
