"""The declaration of endpoints, and when their responses are encoded."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from sqlalchemy import bindparam, select

from hourhook.api import dispatcher
from hourhook.api.dispatcher import encode_result
from hourhook.api.endpoints import Accepted, Call, Created, CreatedOrExisting, Endpoints, OkWithLocation
from hourhook.domain.inputs import UNSET, Inputs, Name, UnsetType, ValidationErrors
from hourhook.domain.pages import Page
from hourhook.http.responses import Response
from hourhook.store.schema import users
from hourhook.store.statements import Statement
from tests.support.accounts import Account


class Thing(msgspec.Struct):
    """Something to answer."""

    id: int


class Filters(Inputs):
    """Something to take."""

    name: Name | UnsetType = UNSET


def one(call: Call, thing_id: int) -> Thing:
    raise AssertionError


def page(call: Call, params: Filters, errors: ValidationErrors) -> Page[Thing]:
    raise AssertionError


def made(call: Call) -> Created[Thing]:
    raise AssertionError


def ensured(call: Call) -> CreatedOrExisting[Thing]:
    raise AssertionError


def located(call: Call, thing_id: int) -> OkWithLocation[Thing]:
    raise AssertionError


def accepted(call: Call, thing_id: int) -> Accepted:
    raise AssertionError


def nothing(call: Call, thing_id: int) -> None:
    raise AssertionError


def without_call(thing_id: int) -> Thing:
    raise AssertionError


def without_id(call: Call) -> Thing:
    raise AssertionError


def with_another_name(call: Call, id: int) -> Thing:
    raise AssertionError


def without_faults(call: Call, thing_id: int, params: Filters) -> Thing:
    raise AssertionError


@pytest.mark.parametrize(
    ("path", "function", "status", "is_paged"),
    [
        ("/v2/things/{thing_id}", one, 200, False),
        ("/v2/things", page, 200, True),
        ("/v2/things", made, 201, False),
        ("/v2/things", ensured, 201, False),
        ("/v2/things/{thing_id}/start", located, 200, False),
        ("/v2/things/{thing_id}/ping", accepted, 202, False),
        ("/v2/things/{thing_id}", nothing, 204, False),
    ],
)
def test_the_return_annotation_determines_the_status(
    path: str, function: Callable[..., object], status: int, is_paged: bool
) -> None:
    things = Endpoints("Things", resource="Thing", description="Things.")
    things.put(path)(function)

    [endpoint] = things.all
    assert (endpoint.status, endpoint.is_paged) == (status, is_paged)


@pytest.mark.parametrize("function", [without_call, without_id, with_another_name, without_faults])
def test_a_function_must_take_the_parameters_of_its_path(function: Callable[..., object]) -> None:
    with pytest.raises(TypeError, match="its function should take"):
        Endpoints("Things", resource="Thing", description="Things.").get("/v2/things/{thing_id}")(function)


def test_a_response_is_encoded_after_the_commit(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    first_name = Statement(select(users.c.first_name).where(users.c.id == bindparam("id")))
    committed: list[str] = []

    def encode(*args: Any) -> Response:
        committed.append(account.database.read_now(lambda tx: tx.value(first_name, id=account.leader.id)))
        return encode_result(*args)

    monkeypatch.setattr(dispatcher, "encode_result", encode)

    account.leader.client.put("/v2/current_user", {"first_name": "New"})

    assert committed == ["New"]
