"""Responses: a 503 tells the operator its cause."""

import pytest

from hourhook.http.responses import Response
from tests.conftest import Logged, MakeServer
from tests.support.accounts import Account


def test_a_503_without_a_cause_cannot_be_created() -> None:
    with pytest.raises(ValueError, match="needs a cause"):
        Response(503)


def test_the_log_has_the_cause_of_every_503_as_a_warning(account: Account, logged: Logged) -> None:
    account.change_settings(locked="on")
    for path in ("/v2/account", "/v2/nothing"):
        assert account.leader.client.get(path).status == 503

    lines = [line for line in logged if line["event"] == "request"]
    assert [(line["log_level"], line["status"], line["reason"]) for line in lines] == [
        ("warning", 503, "Account is locked for maintenance")
    ] * 2


def test_the_log_has_the_cause_of_a_failed_health_check(make_server: MakeServer, logged: Logged) -> None:
    make_server({"failure": lambda: "the worker failed: see the log"}).client.get("/health")

    assert [line["reason"] for line in logged if line["event"] == "request"] == ["the worker failed: see the log"]
