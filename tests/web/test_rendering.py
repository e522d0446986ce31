"""Where the home page leads, unknown paths and the headers of pages."""

import base64
import hashlib
import re

import pytest

from tests.conftest import Server
from tests.support.accounts import Account

BROWSER = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


def test_the_home_page_of_an_empty_server_leads_to_its_set_up(server: Server) -> None:
    response = server.client.get("/", **BROWSER)

    assert (response.status, response.headers["location"]) == (303, "/welcome")


def test_the_home_page_leads_to_the_sign_in_page(account: Account) -> None:
    response = account.client.with_token(None).get("/", **BROWSER)

    assert (response.status, response.headers["location"]) == (303, "/sign_in")


@pytest.mark.parametrize("path", ["/nowhere", "/nowhere/%3Cscript%3E", "/i", "/oauth"])
def test_an_unknown_path_is_a_page_for_browsers(server: Server, path: str) -> None:
    response = server.client.get(path, **BROWSER)

    assert response.status == 404
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert b"Page not found" in response.body
    assert b"<script" not in response.body


def test_an_unknown_path_is_an_empty_404_for_programs(server: Server) -> None:
    response = server.client.get("/nowhere")

    assert response.status == 404
    assert response.body == b""
    assert "content-type" not in response.headers


def test_a_page_that_stands_alone_allows_only_its_own_style(server: Server) -> None:
    response = server.client.get("/nowhere", **BROWSER)

    [style] = re.findall(rb"<style>(.*?)</style>", response.body, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy
    assert "form-action 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
