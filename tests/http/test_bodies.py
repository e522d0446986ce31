"""Request bodies: valid, invalid, empty and too large (``docs/api/conventions.md#request-bodies``)."""

import json
from typing import Any

import pytest

from tests.conftest import MakeServer
from tests.support.accounts import Account, make_account
from tests.support.factories import make_project

NO_JSON = {"message": "JSON Parsing Error"}
NO_OBJECT = {"message": "Body should be JSON Hash"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[",
        b"{]",
        b"name=Relaunch",
        b"{'name': 'x'}",
        b'{"name": x}',
        b'{"name": NaN}',
        b'{"name": 1e999}',
        b'{"name": "\\ud800"}',
        b'{"name": "\xff"}',
        b'{"\xed\xa0\x80": 1}',
        b'{"name": "\x00"}',
        b"\xef\xbb\xbf{}",
        b"\x00",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' + b"1" * 100_000 + b"}",
        b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\n1\r\n--x--',
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_body_that_is_not_json_is_a_400(account: Account, body: bytes) -> None:
    response = account.leader.client.post("/v2/projects", body)

    assert response.status == 400
    assert response.json() == NO_JSON


@pytest.mark.parametrize("body", [[], None, 1, "text", True, [{"name": "Relaunch"}]], ids=repr)
def test_json_that_is_not_an_object_is_a_400(account: Account, body: Any) -> None:
    response = account.leader.client.post("/v2/projects", json.dumps(body).encode())

    assert response.status == 400
    assert response.json() == NO_OBJECT


@pytest.mark.parametrize(
    "content_type", [None, "application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data"]
)
def test_a_body_is_parsed_as_json_whatever_its_content_type(account: Account, content_type: str | None) -> None:
    response = account.leader.client.post("/v2/projects", {"name": "Relaunch"}, Content_Type=content_type)

    assert response.status == 201


@pytest.mark.parametrize("body", [b"", b"  \r\n", b"{}"])
def test_an_empty_body_is_an_empty_object(account: Account, body: bytes) -> None:
    assert account.leader.client.put("/v2/current_user", body).status == 200


def test_inputs_come_from_the_query_if_the_body_is_empty(account: Account) -> None:
    response = account.leader.client.post("/v2/projects", b"", {"name": "Relaunch", "billable": "false"})
    assert (response.json()["name"], response.json()["billable"]) == ("Relaunch", False)

    response = account.leader.client.post("/v2/projects", b"{}", {"name": "Second"})
    assert response.json()["name"] == "Second"


def test_inputs_come_from_the_body_if_there_is_one(account: Account) -> None:
    response = account.leader.client.post("/v2/projects", {"name": "Body"}, {"name": "Query", "billable": "false"})

    assert (response.json()["name"], response.json()["billable"]) == ("Body", True)


@pytest.mark.parametrize("body", [b"{}", b"null", b"[", b"\xff" * 100])
def test_bodies_of_get_and_delete_are_ignored(account: Account, body: bytes) -> None:
    project = make_project(account)

    assert account.leader.client.request("GET", "/v2/projects", body=body).status == 200
    assert account.leader.client.request("DELETE", f"/v2/projects/{project['id']}", body=body).status == 204
    assert account.leader.client.get("/v2/projects").status == 200


def test_unknown_keys_and_parameters_are_ignored(account: Account) -> None:
    response = account.leader.client.post("/v2/projects", {"name": "Relaunch", "id": 9, "": 1, "\u0000": None})

    assert response.status == 201
    assert account.leader.client.get("/v2/projects", {"nothing": "x", "": ""}).status == 200


def test_the_last_of_duplicate_keys_counts(account: Account) -> None:
    response = account.leader.client.post("/v2/projects", b'{"name": "First", "name": "Last"}')

    assert response.json()["name"] == "Last"


class TestTheBodySizeLimit:
    """Bodies at the limit and over it, with a limit of 2,000 bytes."""

    @pytest.fixture
    def limited(self, make_server: MakeServer) -> Account:
        server = make_server(max_body_bytes=2_000)
        return make_account(server.database, server.client)

    def test_a_body_at_the_limit_is_accepted(self, limited: Account) -> None:
        body = b'{"first_name": "Ada"}'.ljust(2_000)

        assert limited.leader.client.put("/v2/current_user", body).status == 200

    def test_a_body_over_the_limit_is_refused(self, limited: Account) -> None:
        body = b'{"first_name": "Ada"}'.ljust(2_001)

        response = limited.leader.client.put("/v2/current_user", body)

        assert response.status == 413
        assert set(response.json()) == {"message"}

    def test_a_chunked_body_over_the_limit_is_refused(self, limited: Account) -> None:
        chunks = b"".join(b"%x\r\n%b\r\n" % (500, b" " * 500) for _ in range(5)) + b"0\r\n\r\n"
        head = (
            f"PUT /v2/current_user HTTP/1.1\r\nhost: x\r\nuser-agent: t\r\nx-nokotoken: {limited.leader.token}\r\n"
            "transfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        )

        assert b" 413 " in limited.client.send_raw(head.encode() + chunks).split(b"\r\n")[0]

    def test_an_enormous_content_length_is_refused(self, limited: Account) -> None:
        head = (
            f"PUT /v2/current_user HTTP/1.1\r\nhost: x\r\nuser-agent: t\r\nx-nokotoken: {limited.leader.token}\r\n"
            "content-length: 99999999999999999\r\nconnection: close\r\n\r\n"
        )

        assert b" 413 " in limited.client.send_raw(head.encode()).split(b"\r\n")[0]

    def test_fifty_megabytes_are_refused_and_the_server_keeps_serving(self, limited: Account) -> None:
        response = limited.leader.client.put("/v2/current_user", b" " * 50_000_000)

        assert response.status == 413
        assert limited.leader.client.get("/v2/account").status == 200

    def test_fifty_megabytes_to_a_get_are_ignored(self, limited: Account) -> None:
        assert limited.leader.client.request("GET", "/v2/account", body=b" " * 50_000_000).status == 200
        assert limited.leader.client.get("/v2/account").status == 200


def test_a_client_that_disconnects_in_its_body_changes_nothing(account: Account) -> None:
    head = (
        f"POST /v2/projects HTTP/1.1\r\nhost: x\r\nuser-agent: t\r\nx-nokotoken: {account.leader.token}\r\n"
        'content-length: 100\r\n\r\n{"name": "Half'
    )
    with account.client.connect() as connection:
        connection.sendall(head.encode())

    assert account.leader.client.get("/v2/projects").json() == []
