"""The ``message`` of each validation error (``docs/api/conventions.md#errors``)."""

import re
from pathlib import Path
from typing import Any

import pytest

from hourhook.domain.inputs.error_messages import CODES
from tests.support.accounts import Account
from tests.support.factories import DAY, NO_SUCH_ID, make_project
from tests.support.webhooks import URI

CONVENTIONS = Path(__file__).parents[2] / "docs" / "api" / "conventions.md"


def messages(account: Account, method: str, path: str, body: Any = b"") -> dict[str, str]:
    """Return the messages of a refused request by field."""
    response = account.supervisor.client.request(method, path, body=body)
    assert response.status == 400, response.body
    return {error["field"]: error["message"] for error in response.json()["errors"]}


def test_every_documented_code_has_a_message() -> None:
    table = CONVENTIONS.read_text().partition("| code | meaning |")[2].partition("## ")[0]

    assert {
        code for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for code in re.findall(r"`(\w+)`", row)
    } == CODES


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"date": "soon"}, "date must be a date such as 2026-01-31."),
        ({"minutes": -1}, "minutes must be an integer from 0 to 10000000."),
        ({"project_id": "x"}, "project_id must be an integer from 1 to 2147483647."),
        ({"description": 5}, "description must be text of at most 65535 characters."),
        ({"source_url": "here"}, "source_url must be an absolute URL of at most 2048 characters."),
        ({"date": None}, "date is required: send a value that is not blank."),
    ],
)
def test_a_value_of_the_wrong_type_is_told_the_right_one(account: Account, value: dict[str, Any], message: str) -> None:
    body = {"date": DAY, "minutes": 1, **value}

    assert messages(account, "POST", "/v2/entries", body) == {next(iter(value)): message}


def test_a_filter_is_told_what_it_accepts(account: Account) -> None:
    found = messages(account, "GET", "/v2/invoices?state=open&show_full_report=1&updated_from=now&project_ids=a")

    assert found == {
        "state": "state must be one of unpaid, awaiting_payment, in_progress, paid, none.",
        "show_full_report": "show_full_report must be true or false.",
        "updated_from": "updated_from must be a timestamp such as 2026-01-31T09:30:00Z.",
        "project_ids": "project_ids must be a list of at most 10000 elements, each an integer.",
    }


def test_an_element_of_a_list_is_named_in_its_message(account: Account) -> None:
    assert messages(account, "PUT", "/v2/entries/approved", {"entry_ids": [1, "x"]}) == {
        "entry_ids[1]": "entry_ids[1] must be an integer."
    }
    found = messages(account, "POST", "/v2/webhooks", {"name": "x", "payload_uri": URI, "events": ["entry.baked"]})
    assert found == {"events[0]": "events[0] must be one of the values that the documentation lists."}


def test_a_nested_input_is_named_by_its_path(account: Account) -> None:
    body = {"invoice_date": DAY, "taxes": [{"percentage": "x"}, 5], "rate_calculation": {"calculation_method": 1}}

    found = messages(account, "POST", "/v2/invoices", body)

    assert found["taxes[1]"] == "taxes[1] must be an object."
    assert found["taxes[0].percentage"].startswith("taxes[0].percentage must be a number")
    assert found["rate_calculation.calculation_method"].startswith("rate_calculation.calculation_method must be one of")


def test_a_message_says_what_to_do(account: Account) -> None:
    project = make_project(account)

    assert messages(account, "POST", "/v2/projects", {"name": project["name"]}) == {
        "name": "Another Project has this name: send a different one."
    }
    assert messages(account, "PUT", project["archive_url"]) == {"base": "The Project is not in use: delete it instead."}
    assert messages(account, "PUT", project["merge_url"], {"project_id": NO_SUCH_ID}) == {
        "project_id": "project_id names something that does not exist or that you may not see: "
        "send the id of one that you see."
    }
    body = {"name": "x", "payload_uri": "http://10.0.0.1/", "events": ["*"]}
    assert messages(account, "POST", "/v2/webhooks", body) == {
        "payload_uri": "payload_uri leads to an address that is not allowed: send a URL that this server may reach."
    }


def test_an_error_without_more_to_say_repeats_the_sentence(account: Account) -> None:
    webhook = account.leader.client.post("/v2/webhooks", {"name": "x", "payload_uri": URI, "events": ["*"]}).json()
    response = account.leader.client.put(f"{webhook['url']}/replay", {})

    assert response.json()["errors"][0]["message"] == response.json()["message"]
