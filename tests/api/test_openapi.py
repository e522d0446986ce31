"""``/openapi.json`` and ``/docs``."""

import base64
import hashlib
import json
import re
from collections import Counter

import pytest

from hourhook.api.app import all_endpoints, openapi_text
from tests.conftest import Server


def test_the_document_is_the_same_with_and_without_a_server(server: Server) -> None:
    response = server.client.get("/openapi.json")

    assert response.status == 200
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.body == openapi_text(server.base_url)
    assert openapi_text(server.base_url) == openapi_text(server.base_url)


def test_the_document_names_this_server_and_all_credentials(server: Server) -> None:
    document = server.client.get("/openapi.json").json()

    assert document["openapi"].startswith("3.1")
    assert document["servers"] == [{"url": server.base_url}]
    assert {next(iter(way)) for way in document["security"]} == {"token", "bearer", "basic", "query"}


def test_every_operation_lists_its_error_responses() -> None:
    for path, methods in json.loads(openapi_text())["paths"].items():
        for operation in methods.values():
            if path.startswith("/v2/"):
                assert {"400", "401", "403", "429", "503"} <= set(operation["responses"])


def test_a_query_is_described_by_what_the_endpoint_reads() -> None:
    parameters = json.loads(openapi_text())["paths"]["/v2/entries"]["get"]["parameters"]
    by_name = {parameter.get("name", parameter.get("$ref")): parameter for parameter in parameters}

    assert by_name["user_ids"]["schema"]["type"] == "array"
    assert by_name["user_ids"]["explode"] is False
    assert by_name["from"]["schema"]["format"] == "date"
    assert "#/components/parameters/page" in by_name


def test_a_body_is_described_by_what_the_endpoint_reads() -> None:
    document = json.loads(openapi_text())
    operation = document["paths"]["/v2/entries"]["post"]
    schema = document["components"]["schemas"]["EntryCreate"]

    assert operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/EntryCreate")
    assert schema["required"] == ["date", "minutes"]
    assert schema["properties"]["project_id"]["type"] == ["integer", "null"]


def test_request_bodies_have_distinct_names() -> None:
    bodies = {endpoint.inputs for endpoint in all_endpoints() if endpoint.inputs and endpoint.method in ("POST", "PUT")}

    assert [name for name, count in Counter(body.__name__ for body in bodies).items() if count > 1] == []


def test_no_schema_collides_with_a_constructor_or_in_another_case() -> None:
    """Go clients have a function ``NewEntry`` for ``Entry``; some file systems ignore the case of a module's name."""
    names = [*json.loads(openapi_text())["components"]["schemas"]]

    assert [name for name in names if f"New{name}" in names] == []
    assert len({name.lower() for name in names}) == len(names)


def test_operation_ids_are_unique_and_consist_of_words() -> None:
    ids = [
        operation["operationId"]
        for methods in json.loads(openapi_text())["paths"].values()
        for operation in methods.values()
    ]

    assert [id for id, count in Counter(ids).items() if count > 1] == []
    assert [id for id in ids if not re.fullmatch(r"[a-z]+(_[a-z]+)*", id) or re.search(r"_ids?\b", id)] == []
    assert {"list_entries_of_user", "create_tags", "update_team", "delete_projects", "add_team_users"} <= {*ids}
    assert {"mark_entries_as_invoiced", "remove_all_invoice_taxes", "get_current_user", "retry_payload"} <= {*ids}


def test_states_and_roles_are_enums() -> None:
    properties = {
        f"{name}.{key}": schema
        for name, body in json.loads(openapi_text())["components"]["schemas"].items()
        for key, schema in body["properties"].items()
        if re.search(r"(^|_)(state|role)$", key)
    }

    assert {"User.role", "CurrentUser.state", "Invoice.state", "Timer.state", "Webhook.state", "UserCreate.role"} <= {
        *properties
    }
    assert [name for name, schema in properties.items() if not schema.get("enum")] == []


def test_the_document_has_a_licence_and_a_description_of_each_group() -> None:
    document = json.loads(openapi_text())
    used = {
        operation["tags"][0]
        for part in ("paths", "webhooks")
        for methods in document[part].values()
        for operation in methods.values()
    }

    assert document["info"]["license"]["identifier"] == "MIT"
    assert {tag["name"] for tag in document["tags"]} == used
    assert [tag["name"] for tag in document["tags"] if not tag["description"].endswith(".")] == []


def test_a_response_with_location_is_described() -> None:
    paths = json.loads(openapi_text())["paths"]

    for method, path, status in (
        ("post", "/v2/entries", "201"),
        ("post", "/v2/inbox_entries/{inbox_entry_id}/log", "201"),
        ("put", "/v2/projects/{project_id}/timer/start", "200"),
    ):
        assert paths[path][method]["responses"][status]["headers"].keys() >= {"Location"}
    timer = paths["/v2/projects/{project_id}/timer/start"]["put"]["responses"]["200"]
    assert timer["content"]["application/json"]["schema"]["$ref"].endswith("/Timer")


def test_safe_repeats_positions_and_lists_by_id_are_described() -> None:
    document = json.loads(openapi_text())
    paths = document["paths"]
    key = {"$ref": "#/components/parameters/Idempotency-Key"}
    after_id = {"$ref": "#/components/parameters/after_id"}

    for path, methods in paths.items():
        for method, operation in methods.items():
            is_api = path.startswith("/v2/")
            parameters = operation.get("parameters", [])
            assert (key in parameters) == ("409" in operation["responses"]) == (is_api and method == "post")
            for status in ("200", "201", "202", "204"):
                if status in operation["responses"]:
                    headers = operation["responses"][status].get("headers", {})
                    assert ("X-Hourhook-Position" in headers) == (is_api and "stream" not in path), (method, path)
    assert after_id in paths["/v2/entries"]["get"]["parameters"]
    assert after_id not in paths["/v2/timers"]["get"]["parameters"]


def test_aliases_of_paths_are_not_documented() -> None:
    assert "freckle" not in openapi_text().decode()


def test_every_reference_in_the_document_resolves() -> None:
    text = openapi_text().decode()
    document = json.loads(text)
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', text)):
        part = document
        for name in reference.split("/"):
            part = part[name]


def test_the_page_shows_every_endpoint(server: Server) -> None:
    page = server.client.get("/docs")
    document = server.client.get("/openapi.json").json()

    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    for methods in document["paths"].values():
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in page.body.decode()


@pytest.mark.parametrize("kind", ["style", "script"])
def test_the_page_allows_only_its_own_style_and_script(server: Server, kind: str) -> None:
    page = server.client.get("/docs")
    [content] = re.findall(f"<{kind}>(.*?)</{kind}>", page.body.decode(), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()

    assert f"{kind}-src 'sha256-{digest}'" in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.search(r'(src|href)="(https?:)?//', page.body.decode())
