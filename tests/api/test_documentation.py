"""The pages of the documentation below ``/docs``."""

import re
from pathlib import Path

import pytest

from tests.conftest import MakeServer, Server

DOCS = Path(__file__).resolve().parents[2] / "docs"

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_every_page_is_served_and_its_links_lead_somewhere(server: Server) -> None:
    """Crawl from the index: pages with their anchors, and images."""
    bodies: dict[str, str] = {}
    links = {"/docs", "/docs/index"}
    while to_fetch := {link.partition("#")[0] for link in links} - {*bodies}:
        for path in to_fetch:
            response = server.client.get(path)
            assert response.status == 200, path
            is_page = response.headers["content-type"].startswith("text/html")
            bodies[path] = response.body.decode() if is_page else ""
            links |= {*re.findall(r'(?:href|src)="(/[^"]*)"', bodies[path])}

    files = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")} - {"package-readme.md"}
    expected = {re.sub(r"/README$", "", f"/docs/{name}".removesuffix(".md")) for name in files - {"README.md"}}
    assert expected - {*bodies} == set()
    for link in links:
        path, _, anchor = link.partition("#")
        assert not anchor or f'id="{anchor}"' in bodies[path], link


def test_a_page_is_rendered_with_tables_images_and_navigation(server: Server) -> None:
    page = server.client.get("/docs/api/oauth")
    image = server.client.get("/docs/img/oauth.svg")

    text = page.body.decode()
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<title>OAuth – Hourhook</title>" in text
    assert "<table>" in text
    assert '<img src="/docs/img/oauth.svg"' in text
    assert '<a href="/docs/api/oauth" aria-current="page">OAuth</a>' in text
    assert '<a href="/docs">API reference</a>' in text
    assert (image.status, image.headers["content-type"]) == (200, "image/svg+xml")
    assert "sandbox" in image.headers["content-security-policy"]


def test_a_page_runs_no_script_and_has_no_inline_style(server: Server) -> None:
    page = server.client.get("/docs/benchmarks")

    assert "script-src" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.search(r"<script| style=| on[a-z]+=", page.body.decode())
    assert 'class="right"' in page.body.decode()


def test_below_a_path_all_links_contain_the_path(make_server: MakeServer) -> None:
    client = make_server(base_url="https://example.com/hours").client

    for path in ("/docs", "/docs/index", "/docs/api/oauth"):
        links = re.findall(r'(?:href|src)="(/[^"]*)"', client.get(path).body.decode())
        assert [link for link in links if not link.startswith("/hours/")] == []
        assert links


def test_a_page_is_found_by_the_name_of_its_file_too(server: Server) -> None:
    for path in ("/docs/guides/receiving", "/docs/decisions"):
        suffix = "/README.md" if path.endswith("decisions") else ".md"
        assert server.client.get(path + suffix).body == server.client.get(path).body
    assert server.client.get("/docs/operating/secrets").status == 404
    assert server.client.get("/docs/%2e%2e/pyproject.toml").status == 404


def test_the_reference_leads_to_the_guides(server: Server) -> None:
    page = server.client.get("/docs").body.decode()

    for path in ("/docs/index", "/docs/guides/first-webhook", "/openapi.json"):
        assert f'href="{path}"' in page
        assert server.client.get(path).status == 200
