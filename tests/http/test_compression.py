"""Compressed responses (``docs/api/conventions.md#compression``)."""

import gzip
import json

import pytest

from hourhook.http.compression import MIN_BYTES, accepts_gzip
from tests.conftest import Server
from tests.support.accounts import Account
from tests.support.clients import Client


@pytest.mark.parametrize(
    ("accepted", "is_gzip"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("br, gzip;q=0.1", True),
        ("gzip; q=1.0", True),
        ("*", True),
        ("identity, *;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("*;q=0", False),
        ("br", False),
        ("identity", False),
        ("", False),
        ("gzip;q=x", False),
        (None, False),
    ],
)
def test_gzip_is_used_if_the_client_accepts_it(accepted: str | None, is_gzip: bool) -> None:
    headers = [(b"accept", b"gzip")] + ([] if accepted is None else [(b"accept-encoding", accepted.encode())])

    assert accepts_gzip({"headers": headers}) is is_gzip


@pytest.fixture
def client(account: Account) -> Client:
    """A client in whose account the list of entries is large."""
    client = account.leader.client
    for _ in range(30):
        client.post("/v2/entries", {"date": "2026-11-30", "minutes": 45, "description": "x" * 2_000})
    return client


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_large_json_is_compressed_on_request(client: Client) -> None:
    plain = client.get("/v2/entries")
    compressed = client.get("/v2/entries", accept_encoding="gzip")

    assert "content-encoding" not in plain.headers
    assert compressed.headers["content-encoding"] == "gzip"
    assert int(compressed.headers["content-length"]) == len(compressed.body) < len(plain.body) / 10
    assert gzip.decompress(compressed.body) == plain.body
    assert plain.headers["vary"] == compressed.headers["vary"] == "Origin, Accept-Encoding"
    assert plain.headers["content-type"] == compressed.headers["content-type"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_small_and_empty_responses_are_left_alone(account: Account) -> None:
    client = account.leader.client
    small = client.get("/v2/account", accept_encoding="gzip")
    created = client.post("/v2/entries", {"date": "2026-11-30", "minutes": 45}).json()
    deleted = client.request("DELETE", f"/v2/entries/{created['id']}", headers={"accept-encoding": "gzip"})

    assert len(small.body) < MIN_BYTES
    assert (deleted.status, deleted.body) == (204, b"")
    for response in (small, deleted):
        assert "content-encoding" not in response.headers
        assert response.headers["vary"] == "Origin"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_head_has_the_headers_of_the_plain_response(client: Client) -> None:
    plain = client.get("/v2/entries")
    head = client.request("HEAD", "/v2/entries", headers={"accept-encoding": "gzip"})

    assert head.body == b""
    assert head.headers["content-length"] == str(len(plain.body))
    assert head.headers["vary"] == "Origin, Accept-Encoding"
    assert "content-encoding" not in head.headers


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("path", ["/docs", "/docs/guides/receiving", "/docs/img/lane.svg", "/openapi.json"])
def test_the_documentation_is_compressed_on_request(server: Server, path: str) -> None:
    plain, compressed = server.client.get(path), server.client.get(path, accept_encoding="gzip")

    assert gzip.decompress(compressed.body) == plain.body
    assert compressed.headers["content-encoding"] == "gzip"
    assert plain.headers["vary"] == compressed.headers["vary"] == "Accept-Encoding"
    assert json.loads(plain.body) if path.endswith("json") else plain.body
