"""Each endpoint allows the lowest role that it declares, and refuses the next lower one.

The declaration documents what the rules enforce; here one is held against the other. A resource that the caller cannot
see is 404 before the role is checked, so each caller asks about resources that they see.
"""

from itertools import pairwise

import pytest

from hourhook.api.app import all_endpoints
from hourhook.api.endpoints import Endpoint
from hourhook.domain.callers import ROLES
from tests.support.accounts import Account, Person
from tests.support.clients import Response
from tests.support.full_account import PathParameters, populate_account, resolve_path


@pytest.mark.parametrize("role", ROLES)
def test_endpoints_allow_the_role_that_they_declare(account: Account, role: str) -> None:
    person, refused, stage = account.people[role], [], 0
    path_ids = populate_visible(account, person, stage)
    for endpoint in all_endpoints():
        if endpoint.role != role:
            continue
        response = ask(endpoint, person, path_ids)
        if response.status in (401, 403, 404):
            refused.append(f"{endpoint.method} {endpoint.path}: {response.status} {response.body!r}")
        if endpoint.method != "GET" and response.status < 300:
            # It may have removed or hidden what the next endpoint is asked about.
            stage += 1
            path_ids = populate_visible(account, person, stage)

    assert refused == []


@pytest.mark.parametrize(("role", "lower"), [*pairwise(ROLES)])
def test_endpoints_refuse_the_next_lower_role(account: Account, role: str, lower: str) -> None:
    person, allowed = account.people[lower], []
    path_ids = populate_visible(account, person)
    for endpoint in all_endpoints():
        if endpoint.role != role:
            continue
        response = ask(endpoint, person, path_ids)
        if response.status != 403 or response.json() != {"message": "Forbidden"}:
            allowed.append(f"{endpoint.method} {endpoint.path}: {response.status} {response.body!r}")

    assert allowed == []


def ask(endpoint: Endpoint, person: Person, path_ids: PathParameters) -> Response:
    """Ask an endpoint without inputs, which are checked after the role."""
    if endpoint.method == "GET" and "user_id" in endpoint.parameters:
        # Every user sees their own.
        path_ids = {**path_ids, "user_id": person.id}
    return person.client.request(endpoint.method, resolve_path(endpoint, path_ids), body=b"")


def populate_visible(account: Account, person: Person, stage: int = 0) -> PathParameters:
    """Create one of each resource, such that this user sees it."""
    return populate_account(account, f"stage{stage}", actor=person)
