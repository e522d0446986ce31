"""Every endpoint: it works, ids of other accounts and unknown ids are 404, malformed input is rejected."""

from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest

from hourhook.api.app import all_endpoints
from hourhook.api.endpoints import Endpoint
from hourhook.domain.inputs import Id, fields_of
from hourhook.domain.inputs.lists import IdListField
from tests.support.accounts import Account
from tests.support.events_of import EventReader
from tests.support.factories import NO_SUCH_ID
from tests.support.full_account import PathParameters, populate_account, resolve_path
from tests.support.valid_requests import GOOD, PREPARED, WORK_ONLY_WITH_A_WORKER, called, required_of

ENDPOINTS = all_endpoints()
WITH_BODIES = [endpoint for endpoint in ENDPOINTS if endpoint.method in ("POST", "PUT")]
# No input is a list of lists, or of text that no database can store.
NO_INPUT: list[list[int]] = [[]]
NO_FILTER = "\0"
ID_KIND = get_args(Id)[1]


def test_every_endpoint_works(account: Account) -> None:
    refused = []
    unchanged = populate_account(account)
    for number, endpoint in enumerate(ENDPOINTS):
        if called(endpoint) in WORK_ONLY_WITH_A_WORKER:
            continue
        # What changes something may leave nothing to the next one.
        path_ids = unchanged if endpoint.method == "GET" else populate_account(account, f"stage{number}")
        body = {name: GOOD[name](account, path_ids) for name in required_of(endpoint)}
        prepare = PREPARED.get(called(endpoint))
        if prepare is not None:
            body |= prepare(account, path_ids) or {}
        sent: dict[str, Any] = {"query": body} if endpoint.method == "GET" else {"body": body or b""}
        response = account.supervisor.client.request(endpoint.method, resolve_path(endpoint, path_ids), **sent)
        if response.status != endpoint.status:
            refused.append(f"{called(endpoint)}: {response.status} {response.body!r}")

    assert refused == []


def test_ids_of_another_account_are_404(account: Account, other_account: Account) -> None:
    ours, theirs = populate_account(account), populate_account(other_account)
    log = EventReader(other_account)

    found = [*find_answered(account, lambda name: {**ours, name: theirs[name]})]
    found += find_answered(account, lambda _: theirs)

    assert found == []
    assert log.read_new() == []


def test_unknown_ids_are_404(account: Account) -> None:
    ours = populate_account(account)

    found = [*find_answered(account, lambda name: {**ours, name: NO_SUCH_ID})]
    found += find_answered(account, lambda name: {**ours, name: "-1"})
    found += find_answered(account, lambda name: {**ours, name: "01a%00"})

    assert found == []


def test_an_id_of_another_account_is_missing_in_every_id_input(account: Account, other_account: Account) -> None:
    ours, theirs = populate_account(account), populate_account(other_account)
    log = EventReader(other_account)
    taken = []
    for endpoint in WITH_BODIES:
        for name in inputs_of(endpoint, ID_KIND):
            response = account.supervisor.client.request(
                endpoint.method, resolve_path(endpoint, ours), body={name: theirs[name]}
            )
            if response.status != 400 or (name, "missing") not in response.codes:
                taken.append(f"{called(endpoint)} {name}: {response.status} {response.body!r}")

    assert taken == []
    assert log.read_new() == []


@pytest.mark.parametrize("id", [0, -1, 2**31, "99999999999999999999"])
def test_an_impossible_id_is_missing_in_every_id_input(account: Account, id: Any) -> None:
    ours = populate_account(account)
    taken = []
    for endpoint in WITH_BODIES:
        for name in inputs_of(endpoint, ID_KIND):
            response = account.supervisor.client.request(endpoint.method, resolve_path(endpoint, ours), body={name: id})
            if response.status != 400 or (name, "missing") not in response.codes:
                taken.append(f"{called(endpoint)} {name}: {response.status} {response.body!r}")

    assert taken == []


def test_ids_of_another_account_are_skipped_in_every_list(account: Account, other_account: Account) -> None:
    ours, theirs = populate_account(account), populate_account(other_account)
    log = EventReader(other_account)
    taken = []
    for endpoint in WITH_BODIES:
        lists = inputs_of(endpoint, IdListField)
        if not lists:
            continue
        body = {name: GOOD[name](account, ours) for name in required_of(endpoint)}
        body |= {name: [theirs[f"{name.removesuffix('s')}"]] for name in lists}
        response = account.supervisor.client.request(endpoint.method, resolve_path(endpoint, ours), body=body)
        is_skipped = response.status in (200, 204)
        if not is_skipped and {(f"{name}[0]", "missing") for name in lists} != {*response.codes}:
            taken.append(f"{called(endpoint)}: {response.status} {response.body!r}")

    assert taken == []
    assert log.read_new() == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[", "JSON Parsing Error"),
        (b"\xff{}", "JSON Parsing Error"),
        (b"[]", "Body should be JSON Hash"),
        (b'"text"', "Body should be JSON Hash"),
        (b"null", "Body should be JSON Hash"),
    ],
)
def test_a_body_that_is_not_an_object_is_rejected(account: Account, body: bytes, message: str) -> None:
    path_ids = populate_account(account)
    log = EventReader(account)
    taken = []
    for endpoint in WITH_BODIES:
        response = account.supervisor.client.request(endpoint.method, resolve_path(endpoint, path_ids), body=body)
        if response.status != 400 or response.json() != {"message": message}:
            taken.append(f"{called(endpoint)}: {response.status} {response.body!r}")

    assert taken == []
    assert log.read_new() == []


def test_every_input_of_the_wrong_type_is_reported_with_all_others(account: Account) -> None:
    path_ids = populate_account(account)
    log = EventReader(account)
    taken = []
    for endpoint in ENDPOINTS:
        if endpoint.inputs is None:
            continue
        names = [field.name for field in fields_of(endpoint.inputs)]
        path = resolve_path(endpoint, path_ids)
        if endpoint in WITH_BODIES:
            response = account.supervisor.client.request(endpoint.method, path, body=dict.fromkeys(names, NO_INPUT))
        else:
            response = account.supervisor.client.request(endpoint.method, path, query=dict.fromkeys(names, NO_FILTER))
        if response.status != 400 or [*invalid_keys(response.codes)] != names:
            taken.append(f"{called(endpoint)}: {response.status} {response.body!r}")
        elif {error["resource"] for error in response.json()["errors"]} != {endpoint.resource}:
            taken.append(f"{called(endpoint)} speaks of another resource: {response.body!r}")

    assert taken == []
    assert log.read_new() == []


def find_answered(account: Account, of: Callable[[str], PathParameters]) -> Iterator[str]:
    """Endpoints that do not answer 404 although one id in the path is foreign or unknown."""
    for endpoint in ENDPOINTS:
        for name in endpoint.parameters:
            response = account.supervisor.client.request(endpoint.method, resolve_path(endpoint, of(name)))
            if (response.status, response.body) != (404, b""):
                yield f"{called(endpoint)} {name}: {response.status} {response.body!r}"


def invalid_keys(codes: list[tuple[str, str]]) -> Iterator[str]:
    for field, code in codes:
        if code == "invalid":
            yield field.partition("[")[0]


def inputs_of(endpoint: Endpoint, kind: Any) -> list[str]:
    """The inputs of an endpoint that are of this kind."""
    if endpoint.inputs is None:
        return []
    is_kind = (lambda found: isinstance(found, kind)) if isinstance(kind, type) else (lambda found: found == kind)
    return [field.name for field in fields_of(endpoint.inputs) if is_kind(field.type)]
