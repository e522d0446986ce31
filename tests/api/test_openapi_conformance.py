"""Responses to generated requests conform to the OpenAPI document (``tests/support/openapi_conformance.py``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec
import pytest
import requests

from hourhook.api.app import openapi_text
from tests.support.accounts import Account
from tests.support.clients import USER_AGENT, basic_auth
from tests.support.full_account import PathParameters, populate_account
from tests.support.oauth_clients import PASSWORD, App, basic_auth_client

if TYPE_CHECKING:
    from tests.support.openapi_conformance import AnyCase

PATHS = msgspec.json.decode(openapi_text())["paths"]
OPERATIONS = [f"{method.upper()} {path}" for path, operations in PATHS.items() for method in operations]
FOR_CLIENTS = [operation for operation in OPERATIONS if " /applications" in operation]
FOR_PASSWORDS = [
    operation for operation in OPERATIONS if " /subdomains" in operation or " /authorizations" in operation
]
WITH_PARAMETERS = [operation for operation in OPERATIONS if " /v2/" in operation and "{" in operation]
# A stream has no end that a generated case could wait for; ``test_events_stream`` covers it.
ENDLESS = ["GET /v2/events/stream"]
WITHOUT_PARAMETERS = [
    operation for operation in OPERATIONS if operation not in {*FOR_CLIENTS, *FOR_PASSWORDS, *WITH_PARAMETERS, *ENDLESS}
]

Send = Callable[..., None]
ForEachCase = Callable[[str, "Callable[[AnyCase], None]"], None]


@pytest.fixture
def for_each_case(database_url: str) -> ForEachCase:
    """``openapi_conformance.for_each_case``, with the thousands of boundary cases on one of the databases only.

    Values reach SQL through the same inputs on both; ``test_hostile_input`` sends each kind of bad value to each input
    on both.
    """
    from tests.support import openapi_conformance

    with_coverage = database_url.startswith("postgresql")
    return lambda operation, send: openapi_conformance.for_each_case(operation, send, with_coverage=with_coverage)


@pytest.fixture
def send(account: Account) -> Iterator[Send]:
    """Send a case, on one connection for all of a test, and check the response."""
    from tests.support.openapi_conformance import check_response

    with requests.Session() as session:

        def send(case: AnyCase, **headers: str) -> None:
            headers = {"X-NokoToken": account.supervisor.token, "User-Agent": USER_AGENT, **headers}
            response = case.call(base_url=account.base_url, headers=headers, session=session)
            check_response(case, response)

        yield send


@pytest.fixture
def authorized(account: Account, app: App) -> PathParameters:
    """The parameters of existing resources in paths that need a password or client credentials."""
    caller = basic_auth_client(account, account.supervisor)
    created = caller.post(f"/authorizations/{account.name}", app.credentials).json()
    return {
        "subdomain": account.name,
        "authorization_id": created["id"],
        "client_id": app.client_id,
        "access_token": created["token"],
    }


@pytest.mark.parametrize("operation", WITHOUT_PARAMETERS)
def test_responses_conform_to_the_document(operation: str, send: Send, for_each_case: ForEachCase) -> None:
    for_each_case(operation, send)


@pytest.mark.parametrize("operation", WITH_PARAMETERS)
def test_responses_conform_for_missing_and_existing_resources(
    operation: str, account: Account, send: Send, for_each_case: ForEachCase
) -> None:
    path_ids = populate_account(account)

    def send_both(case: AnyCase) -> None:
        if not is_boundary_outside_the_path(case):
            send(case)
        case.path_parameters = {name: path_ids.get(name, value) for name, value in case.path_parameters.items()}
        send(case)

    for_each_case(operation, send_both)


@pytest.mark.parametrize("operation", FOR_PASSWORDS)
def test_responses_conform_without_and_with_a_password(
    operation: str, account: Account, authorized: PathParameters, send: Send, for_each_case: ForEachCase
) -> None:
    def send_both(case: AnyCase) -> None:
        send(case)
        case.path_parameters = {name: authorized[name] for name in case.path_parameters}
        send(case, Authorization=basic_auth(account.supervisor.email, PASSWORD))

    for_each_case(operation, send_both)


@pytest.mark.parametrize("operation", FOR_CLIENTS)
def test_responses_conform_with_client_credentials(
    operation: str, app: App, authorized: PathParameters, send: Send, for_each_case: ForEachCase
) -> None:
    authorization = basic_auth(app.client_id, app.client_secret or "")

    def send_both(case: AnyCase) -> None:
        send(case, Authorization=authorization)
        case.path_parameters = {name: authorized[name] for name in case.path_parameters}
        send(case, Authorization=authorization)

    for_each_case(operation, send_both)


def is_boundary_outside_the_path(case: AnyCase) -> bool:
    """Return whether a case was made for a boundary in a query or body, which is read only of an existing resource."""
    from schemathesis.core.parameters import ParameterLocation
    from schemathesis.generation.meta import CoveragePhaseData

    data = case.meta.phase.data if case.meta else None
    return isinstance(data, CoveragePhaseData) and data.parameter_location != ParameterLocation.PATH
