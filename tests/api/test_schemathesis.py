"""The server against its own OpenAPI document: whatever is sent, the answers are those that it promises."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi import checks

from hourhook.api.app import openapi_text
from tests.accounts import Account
from tests.clients import AGENT
from tests.nouns import invoice, make_group, make_project, make_tag, make_team, propose, spend, start_timer

EXAMPLES = int(os.environ.get("HOURHOOK_TEST_EXAMPLES", "6"))
PROMISES = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.allow_header_conformance,
]
# Not promised: that what the document does not describe is refused, since readers are lenient by contract (numbers as
# texts, and the like), nor that all it describes is taken, since the rules have more to say than a schema can.


def promised() -> schemathesis.BaseSchema:
    config = SchemathesisConfig.from_dict({"seed": 1})
    document = schemathesis.openapi.from_dict(json.loads(openapi_text()), config=config)
    document.config.generation.update(
        modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE],
        max_examples=EXAMPLES,
        deterministic=True,
        with_security_parameters=False,
        database="none",
    )
    return document


document = promised()
bounded = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    # One account for all the examples of a test: what they leave behind there makes it only more lifelike.
    suppress_health_check=[*HealthCheck],
)


@pytest.fixture
def ids(account: Account) -> dict[str, int]:
    """Something that is there for each id that a path may hold."""
    project = make_project(account)
    entry = {"date": "2024-05-21", "minutes": 15, "project_id": project["id"], "description": "Kick-off #planning"}
    made = account.leader.client.post("/v2/entries", entry).json()
    tag = make_tag(account, "#design")
    start_timer(account.supervisor, project)
    return {
        "project_id": project["id"],
        "project_group_id": make_group(account, "Contoso", project)["id"],
        "entry_id": made["id"],
        "expense_id": spend(account.leader, project)["id"],
        "invoice_id": invoice(account, [], [spend(account.leader, project)], taxes=[{"percentage": 20}])["id"],
        "tag_id": tag["id"],
        "inbox_entry_id": propose(account.supervisor, minutes=15)["id"],
        "user_id": account.contractor.id,
        "team_id": make_team(account, "Platform", account.leader)["id"],
    }


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """One connection for all the requests of a test."""
    with requests.Session() as opened:
        yield opened


def send(case: Case[Any], account: Account, session: requests.Session) -> None:
    headers = {"X-NokoToken": account.supervisor.token, "User-Agent": AGENT}
    response = case.call(base_url=account.base_url, headers=headers, session=session)
    case.validate_response(response, checks=PROMISES)


@document.parametrize()
@bounded
def test_answers_keep_what_the_document_promises(case: Case[Any], account: Account, session: requests.Session) -> None:
    send(case, account, session)


@document.include(path_regex=r"\{").parametrize()
@bounded
def test_answers_about_what_is_there_keep_it_too(
    case: Case[Any], account: Account, ids: dict[str, int], session: requests.Session
) -> None:
    case.path_parameters = {name: ids.get(name, value) for name, value in case.path_parameters.items()}
    send(case, account, session)
