"""Every endpoint is asked the same questions: does it work, is it yours, is it there, is it well formed?"""

from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest

from hourhook.api.app import all_endpoints
from hourhook.api.endpoints import Endpoint
from hourhook.domain.inputs import Id, fields_of
from hourhook.domain.inputs.lists import IdListField
from tests.support.accounts import Account
from tests.support.events_of import Recorded
from tests.support.factories import DAY, NO_SUCH_ID, log_time, make_project, make_tag
from tests.support.full_account import Stage, path_of, set_stage
from tests.support.webhooks import URI

ENDPOINTS = all_endpoints()
WITH_BODIES = [endpoint for endpoint in ENDPOINTS if endpoint.method in ("POST", "PUT")]
# No input is a list of lists, or of texts that no database can keep.
NO_INPUT: list[list[int]] = [[]]
NO_FILTER = "\0"
ID_KIND = get_args(Id)[1]


def test_every_endpoint_works(account: Account) -> None:
    refused = []
    for number, endpoint in enumerate(ENDPOINTS):
        if called(endpoint) in WORK_ONLY_WITH_A_WORKER:
            continue
        stage = set_stage(account, f"stage{number}")
        body = {name: GOOD[name](account, stage) for name in required_of(endpoint)}
        prepare = PREPARED.get(called(endpoint))
        if prepare is not None:
            body |= prepare(account, stage) or {}
        reply = account.supervisor.client.request(endpoint.method, path_of(endpoint, stage), body=body or b"")
        if reply.status != endpoint.status:
            refused.append(f"{called(endpoint)}: {reply.status} {reply.body!r}")

    assert refused == []


def test_nothing_of_another_account_is_found(account: Account, other_account: Account) -> None:
    ours, theirs = set_stage(account), set_stage(other_account)
    log = Recorded(other_account)

    found = [*find_answered(account, lambda name: {**ours, name: theirs[name]})]
    found += find_answered(account, lambda _: theirs)

    assert found == []
    assert log.new() == []


def test_nothing_is_found_that_is_not_there(account: Account) -> None:
    ours = set_stage(account)

    found = [*find_answered(account, lambda name: {**ours, name: NO_SUCH_ID})]
    found += find_answered(account, lambda name: {**ours, name: "-1"})
    found += find_answered(account, lambda name: {**ours, name: "01a%00"})

    assert found == []


def test_an_id_of_another_account_is_missing_in_every_input_that_is_one(
    account: Account, other_account: Account
) -> None:
    ours, theirs = set_stage(account), set_stage(other_account)
    log = Recorded(other_account)
    taken = []
    for endpoint in WITH_BODIES:
        for name in inputs_of(endpoint, ID_KIND):
            reply = account.supervisor.client.request(
                endpoint.method, path_of(endpoint, ours), body={name: theirs[name]}
            )
            if reply.status != 400 or (name, "missing") not in reply.codes:
                taken.append(f"{called(endpoint)} {name}: {reply.status} {reply.body!r}")

    assert taken == []
    assert log.new() == []


@pytest.mark.parametrize("id", [0, -1, 2**31, "99999999999999999999"])
def test_an_id_that_nothing_can_have_is_missing_in_every_input_that_is_one(account: Account, id: Any) -> None:
    ours = set_stage(account)
    taken = []
    for endpoint in WITH_BODIES:
        for name in inputs_of(endpoint, ID_KIND):
            reply = account.supervisor.client.request(endpoint.method, path_of(endpoint, ours), body={name: id})
            if reply.status != 400 or (name, "missing") not in reply.codes:
                taken.append(f"{called(endpoint)} {name}: {reply.status} {reply.body!r}")

    assert taken == []


def test_ids_of_another_account_do_nothing_in_any_list(account: Account, other_account: Account) -> None:
    ours, theirs = set_stage(account), set_stage(other_account)
    log = Recorded(other_account)
    taken = []
    for endpoint in WITH_BODIES:
        lists = inputs_of(endpoint, IdListField)
        if not lists:
            continue
        body = {name: GOOD[name](account, ours) for name in required_of(endpoint)}
        body |= {name: [theirs[f"{name.removesuffix('s')}"]] for name in lists}
        reply = account.supervisor.client.request(endpoint.method, path_of(endpoint, ours), body=body)
        is_skipped = reply.status in (200, 204)
        if not is_skipped and {(f"{name}[0]", "missing") for name in lists} != {*reply.codes}:
            taken.append(f"{called(endpoint)}: {reply.status} {reply.body!r}")

    assert taken == []
    assert log.new() == []


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
def test_a_body_that_is_no_object_is_refused(account: Account, body: bytes, message: str) -> None:
    stage = set_stage(account)
    log = Recorded(account)
    taken = []
    for endpoint in WITH_BODIES:
        reply = account.supervisor.client.request(endpoint.method, path_of(endpoint, stage), body=body)
        if reply.status != 400 or reply.json() != {"message": message}:
            taken.append(f"{called(endpoint)}: {reply.status} {reply.body!r}")

    assert taken == []
    assert log.new() == []


def test_every_input_of_the_wrong_type_is_reported_with_all_others(account: Account) -> None:
    stage = set_stage(account)
    log = Recorded(account)
    taken = []
    for endpoint in ENDPOINTS:
        if endpoint.inputs is None:
            continue
        names = [field.name for field in fields_of(endpoint.inputs)]
        path = path_of(endpoint, stage)
        if endpoint in WITH_BODIES:
            reply = account.supervisor.client.request(endpoint.method, path, body=dict.fromkeys(names, NO_INPUT))
        else:
            reply = account.supervisor.client.request(endpoint.method, path, query=dict.fromkeys(names, NO_FILTER))
        if reply.status != 400 or [*invalid_keys(reply.codes)] != names:
            taken.append(f"{called(endpoint)}: {reply.status} {reply.body!r}")
        elif {error["resource"] for error in reply.json()["errors"]} != {endpoint.resource}:
            taken.append(f"{called(endpoint)} speaks of another resource: {reply.body!r}")

    assert taken == []
    assert log.new() == []


def find_answered(account: Account, of: Callable[[str], Stage]) -> Iterator[str]:
    """The endpoints that answer anything but 404 for names of which one is of somebody else, or of nothing."""
    for endpoint in ENDPOINTS:
        for name in endpoint.parameters:
            reply = account.supervisor.client.request(endpoint.method, path_of(endpoint, of(name)))
            if (reply.status, reply.body) != (404, b""):
                yield f"{called(endpoint)} {name}: {reply.status} {reply.body!r}"


def invalid_keys(codes: list[tuple[str, str]]) -> Iterator[str]:
    for field, code in codes:
        if code == "invalid":
            yield field.partition("[")[0]


def called(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


def required_of(endpoint: Endpoint) -> tuple[str, ...]:
    return () if endpoint.inputs is None else endpoint.inputs.required


def inputs_of(endpoint: Endpoint, kind: Any) -> list[str]:
    """The inputs of an endpoint that are of this kind."""
    if endpoint.inputs is None:
        return []
    is_kind = (lambda found: isinstance(found, kind)) if isinstance(kind, type) else (lambda found: found == kind)
    return [field.name for field in fields_of(endpoint.inputs) if is_kind(field.kind)]


def activate_first(account: Account, stage: Stage) -> None:
    log_time(account.leader, user_id=stage["user_id"])
    assert account.supervisor.client.put(f"/v2/users/{stage['user_id']}/deactivate").status == 204


def use_first(account: Account, stage: Stage) -> None:
    log_time(account.leader, user_id=stage["user_id"])


def empty_first(account: Account, stage: Stage) -> None:
    for path in (f"/v2/entries/{stage['entry_id']}", f"/v2/expenses/{stage['expense_id']}"):
        assert account.supervisor.client.delete(path).status == 204


Value = Callable[[Account, Stage], object]

# What each required input may be.
GOOD: dict[str, Value] = {
    "date": lambda account, stage: DAY,
    "minutes": lambda account, stage: 15,
    "price": lambda account, stage: 49.9,
    "description": lambda account, stage: "Kick-off",
    "name": lambda account, stage: f"Another than {stage['project_id']}",
    "names": lambda account, stage: ["another"],
    "email": lambda account, stage: f"new{stage['user_id']}@northwind.test",
    "payload_uri": lambda account, stage: URI,
    "events": lambda account, stage: ["entry.created"],
    "subjects": lambda account, stage: ["timer"],
    "project_id": lambda account, stage: make_project(account, f"For {stage['project_id']}")["id"],
    "tag_id": lambda account, stage: make_tag(account, f"for{stage['tag_id']}")["id"],
    "user_ids": lambda account, stage: [stage["user_id"]],
    "project_ids": lambda account, stage: [stage["project_id"]],
    "entry_ids": lambda account, stage: [stage["entry_id"]],
    "expense_ids": lambda account, stage: [stage["expense_id"]],
    "tax_ids": lambda account, stage: [stage["tax_id"]],
    "invoice_date": lambda account, stage: DAY,
    "taxes": lambda account, stage: [{"percentage": 20}],
}

# Only what a worker failed to deliver can be skipped (test_payloads_steered.py).
WORK_ONLY_WITH_A_WORKER = {"PUT /v2/webhooks/{webhook_id}/skip/{payload_id}"}

# What has to be so before an endpoint works, or more that it asks for.
PREPARED: dict[str, Callable[[Account, Stage], dict[str, object] | None]] = {
    "PUT /v2/users/{user_id}/activate": activate_first,
    "PUT /v2/users/{user_id}/deactivate": use_first,
    "DELETE /v2/projects/{project_id}": empty_first,
    "PUT /v2/webhooks/{webhook_id}/replay": lambda account, stage: {"sequence": 1},
}
