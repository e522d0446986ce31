"""CORS (``docs/api/conventions.md#cors``)."""

import pytest

from tests.conftest import MakeServer
from tests.support.accounts import make_account
from tests.support.oauth_clients import PKCE, VERIFIER, grant_consent, register_app, signed_in_browser

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

APP = "https://app.example.com"
TOKENS = "/oauth/2/access_token"
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


def test_a_browser_application_can_obtain_and_refresh_tokens(make_server: MakeServer) -> None:
    server = make_server(allowed_origins=(APP,))
    account = make_account(server.database, server.client)
    app = register_app(server.database, server.client, is_public=True).with_headers(Origin=APP)
    code = grant_consent(signed_in_browser(account, account.leader), app.authorize_url(**PKCE))["code"]

    preflight = server.client.request("OPTIONS", TOKENS, headers={**PREFLIGHT, "Access-Control-Request-Method": "POST"})
    issued = app.exchange(code, code_verifier=VERIFIER)
    refreshed = app.refresh(issued.json()["refresh_token"])
    refused = app.refresh("unknown")

    assert preflight.status == 204
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert [response.status for response in (issued, refreshed, refused)] == [200, 200, 400]
    for response in (preflight, issued, refreshed, refused):
        assert response.headers["access-control-allow-origin"] == APP
        assert response.headers["vary"] == "Origin"


def test_other_origins_cannot_read_tokens(make_server: MakeServer) -> None:
    client = make_server(allowed_origins=(APP,)).client

    response = client.request("POST", TOKENS, headers={"Origin": "https://evil.example.org"})
    preflight = client.request("OPTIONS", TOKENS, headers={**PREFLIGHT, "Origin": "https://evil.example.org"})

    assert response.status == 400
    assert preflight.headers["allow"] == "OPTIONS, POST"
    assert not {"access-control-allow-origin"} & {*response.headers, *preflight.headers}


def test_pages_of_other_sites_cannot_handle_passwords(make_server: MakeServer) -> None:
    response = make_server(allowed_origins=("*",)).client.get("/subdomains", Origin=APP)

    assert response.status == 401
    assert "access-control-allow-origin" not in response.headers


def test_options_without_preflight_is_a_method_like_any_other(make_server: MakeServer) -> None:
    client = make_server(allowed_origins=(APP,)).client

    assert client.request("OPTIONS", "/v2/account", headers={"Origin": APP}).status == 401
