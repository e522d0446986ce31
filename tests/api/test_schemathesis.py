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
from tests.support.accounts import Account
from tests.support.clients import USER_AGENT, basic_auth
from tests.support.full_account import PathParameters, populate_account
from tests.support.oauth_clients import PASSWORD, App, basic_auth_client

EXAMPLES = int(os.environ.get("HOURHOOK_TEST_EXAMPLES", "4"))
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
def path_ids(account: Account) -> PathParameters:
    """Something that is there for each name that a path may hold."""
    return populate_account(account)


@pytest.fixture
def authorized(account: Account, app: App) -> PathParameters:
    """The same for paths that a password or the secret of an application opens."""
    who = basic_auth_client(account, account.supervisor)
    made = who.post(f"/authorizations/{account.name}", app.credentials).json()
    return {
        "subdomain": account.name,
        "authorization_id": made["id"],
        "client_id": app.client_id,
        "access_token": made["token"],
    }


@pytest.fixture
def session() -> Iterator[requests.Session]:
    """One connection for all the requests of a test."""
    with requests.Session() as opened:
        yield opened


def send(case: Case[Any], account: Account, session: requests.Session, **headers: str) -> None:
    headers = {"X-NokoToken": account.supervisor.token, "User-Agent": USER_AGENT, **headers}
    response = case.call(base_url=account.base_url, headers=headers, session=session)
    case.validate_response(response, checks=PROMISES)


@document.exclude(path_regex=r"\{|/subdomains").parametrize()
@bounded
def test_responses_match_the_openapi_document(case: Case[Any], account: Account, session: requests.Session) -> None:
    send(case, account, session)


@document.include(path_regex=r"^/v2/.*\{").parametrize()
@bounded
def test_responses_match_it_for_existing_and_unknown_objects(
    case: Case[Any], account: Account, path_ids: PathParameters, session: requests.Session
) -> None:
    send(case, account, session)
    case.path_parameters = {name: path_ids.get(name, value) for name, value in case.path_parameters.items()}
    send(case, account, session)


@document.include(path_regex=r"^/(subdomains|authorizations)").parametrize()
@bounded
def test_responses_match_it_with_password_authentication(
    case: Case[Any], account: Account, authorized: PathParameters, session: requests.Session
) -> None:
    send(case, account, session)
    case.path_parameters = {name: authorized[name] for name in case.path_parameters}
    send(case, account, session, Authorization=basic_auth(account.supervisor.email, PASSWORD))


@document.include(path_regex=r"^/applications").parametrize()
@bounded
def test_responses_match_it_with_client_authentication(
    case: Case[Any], account: Account, app: App, authorized: PathParameters, session: requests.Session
) -> None:
    authorization = basic_auth(app.client_id, app.client_secret or "")
    send(case, account, session, Authorization=authorization)
    case.path_parameters = {name: authorized[name] for name in case.path_parameters}
    send(case, account, session, Authorization=authorization)
