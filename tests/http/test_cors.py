"""CORS (``docs/api/conventions.md#cors``)."""

import pytest

from tests.conftest import MakeServer

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

APP = "https://app.example.com"
PREFLIGHT = {"Origin": APP, "Access-Control-Request-Method": "PUT"}


def test_no_origin_is_allowed_by_default(make_server: MakeServer) -> None:
    client = make_server().client

    response = client.get("/v2/account", Origin=APP)
    preflight = client.request("OPTIONS", "/v2/account", headers=PREFLIGHT)

    assert "access-control-allow-origin" not in response.headers
    assert response.headers["vary"] == "Origin"
    assert preflight.status == 401
    assert "access-control-allow-origin" not in preflight.headers


def test_an_allowed_origin_can_send_requests_and_read_responses(make_server: MakeServer) -> None:
    client = make_server(allowed_origins=(APP,)).client

    preflight = client.request("OPTIONS", "/v2/account", headers=PREFLIGHT)
    response = client.get("/v2/account", Origin=APP)

    assert preflight.status == 204
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    assert "X-NokoToken" in preflight.headers["access-control-allow-headers"]
    assert response.status == 401
    for each in (preflight, response):
        assert each.headers["access-control-allow-origin"] == APP
        assert "access-control-allow-credentials" not in each.headers
    assert "Link" in response.headers["access-control-expose-headers"]


@pytest.mark.parametrize("origin", ["https://evil.example.org", "https://app.example.com.evil.org", "null", "x\ty"])
def test_any_other_origin_is_not_allowed(make_server: MakeServer, origin: str) -> None:
    response = make_server(allowed_origins=(APP,)).client.get("/v2/account", Origin=origin)

    assert "access-control-allow-origin" not in response.headers


def test_all_origins_can_be_allowed(make_server: MakeServer) -> None:
    response = make_server(allowed_origins=("*",)).client.get("/v2/account", Origin=APP)

    assert response.headers["access-control-allow-origin"] == APP


def test_options_without_preflight_is_a_method_like_any_other(make_server: MakeServer) -> None:
    client = make_server(allowed_origins=(APP,)).client

    assert client.request("OPTIONS", "/v2/account", headers={"Origin": APP}).status == 401
