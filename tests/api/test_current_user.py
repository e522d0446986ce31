"""``/v2/current_user``: read and edit one's own user."""

from typing import Any

import pytest

from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.events_of import EventReader

PATH = "/v2/current_user"


def test_every_role_reads_their_own_user(account: Account) -> None:
    for person in account.people.values():
        url = f"{account.base_url}/v2/users/{person.id}"

        assert person.client.get(PATH).json() == {
            "id": person.id,
            "email": person.email,
            "first_name": "Ada" if person == account.owner else person.role.title(),
            "last_name": "Byron" if person == account.owner else None,
            "profile_image_url": "",
            "url": url,
            "state": "active",
            "role": person.role,
            "entries": 0,
            "entries_url": f"{url}/entries",
            "expenses": 0,
            "expenses_url": f"{url}/expenses",
            "time_format": "fraction",
            "week_start": "Sunday",
            "utc_offset": 0,
            "send_personal_weekly_report_email": True,
            "send_team_weekly_report_email": True,
            "created_at": "2024-05-21T10:05:00Z",
            "updated_at": "2024-05-21T10:05:00Z",
        }


def test_entries_are_counted(account: Account) -> None:
    account.leader.client.post("/v2/entries", {"date": "2024-05-21", "minutes": 5})

    assert account.leader.client.get(PATH).json()["entries"] == 1
    assert account.coworker.client.get(PATH).json()["entries"] == 0


def test_changing_the_name_raises_user_updated(account: Account, clock: FakeClock) -> None:
    recorded = EventReader(account)
    clock.advance(60)

    response = account.contractor.client.put(PATH, {"first_name": " Grace ", "last_name": "Hopper"})

    assert response.status == 200
    assert (response.json()["first_name"], response.json()["last_name"]) == ("Grace", "Hopper")
    assert response.json()["updated_at"] == "2024-05-21T10:06:00Z"
    [event] = recorded.read_new()
    assert event.type == "user.updated"
    assert event.changes == {"first_name": ["Contractor", "Grace"], "last_name": [None, "Hopper"]}
    assert event.object == account.supervisor.client.get(f"/v2/users/{account.contractor.id}").json()


def test_preferences_are_stored_without_an_event(account: Account) -> None:
    recorded = EventReader(account)

    response = account.leader.client.put(PATH, {"time_format": "hours_minutes", "week_start": "MONDAY"})

    assert response.json() == account.leader.client.get(PATH).json()
    assert (response.json()["time_format"], response.json()["week_start"]) == ("hours_minutes", "Monday")
    assert recorded.read_new() == []


@pytest.mark.parametrize("blank", [None, ""])
def test_a_name_can_be_cleared(account: Account, blank: Any) -> None:
    response = account.leader.client.put(PATH, {"first_name": blank})

    assert response.json()["first_name"] is None


def test_absent_keys_stay_unchanged(account: Account, clock: FakeClock) -> None:
    recorded = EventReader(account)
    before = account.owner.client.get(PATH).json()
    clock.advance(60)

    assert account.owner.client.put(PATH, {}).json() == before
    assert account.owner.client.put(PATH, {"first_name": "Ada"}).json() == before
    assert recorded.read_new() == []


@pytest.mark.parametrize("suffix", ["", "_email"])
def test_report_settings_accept_both_key_spellings(account: Account, suffix: str) -> None:
    inputs = {f"send_personal_weekly_report{suffix}": "false", f"send_team_weekly_report{suffix}": False}

    response = account.supervisor.client.put(PATH, inputs)

    assert response.json()["send_personal_weekly_report_email"] is False
    assert response.json()["send_team_weekly_report_email"] is False


def test_only_supervisors_change_the_team_report(account: Account) -> None:
    response = account.leader.client.put(PATH, {"send_team_weekly_report": False, "time_format": "hours_minutes"})

    assert response.status == 200
    assert response.json()["send_team_weekly_report_email"] is True
    assert response.json()["time_format"] == "hours_minutes"


@pytest.mark.parametrize("value", ["sometimes", None, 7])
def test_others_team_report_input_is_ignored_even_if_malformed(account: Account, value: Any) -> None:
    response = account.leader.client.put(PATH, {"send_team_weekly_report": value, "week_start": "monday"})

    assert response.status == 200
    assert response.json()["send_team_weekly_report_email"] is True
    assert response.json()["week_start"] == "Monday"
    assert account.supervisor.client.put(PATH, {"send_team_weekly_report": value}).status == 400


def test_email_role_and_utc_offset_are_read_only(account: Account) -> None:
    before = account.leader.client.get(PATH).json()

    response = account.leader.client.put(PATH, {"email": "x@example.com", "role": "supervisor", "utc_offset": 3600})

    assert response.status == 200
    assert response.json() == before


@pytest.mark.parametrize(
    ("inputs", "field", "code"),
    [
        ({"time_format": "decimal"}, "time_format", "invalid"),
        ({"time_format": "Fraction"}, "time_format", "invalid"),
        ({"time_format": None}, "time_format", "missing_field"),
        ({"week_start": "tuesday"}, "week_start", "invalid"),
        ({"first_name": 5}, "first_name", "invalid"),
        ({"first_name": "x" * 256}, "first_name", "invalid"),
        ({"send_personal_weekly_report": 1}, "send_personal_weekly_report", "invalid"),
    ],
    ids=str,
)
def test_rejected_input_changes_nothing(account: Account, inputs: dict[str, Any], field: str, code: str) -> None:
    before = account.leader.client.get(PATH).json()

    response = account.leader.client.put(PATH, {"last_name": "Changed", **inputs})

    assert response.status == 400
    assert response.refusal == {
        "message": "Validation Failed",
        "errors": [{"resource": "User", "field": field, "code": code}],
    }
    assert account.leader.client.get(PATH).json() == before
