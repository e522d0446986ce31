"""The conventions of every endpoint: paths, methods, order of checks, headers (``docs/api/conventions.md``)."""

from urllib.parse import urlsplit

import psycopg
import pytest

from hourhook.settings import RateLimit
from tests.conftest import Logged, MakeServer, Server
from tests.support.accounts import Account, make_account
from tests.support.clients import read_until_closed
from tests.support.factories import make_entry, make_project, make_tag

DOCUMENTED = {
    "cache-control": "private, max-age=0, must-revalidate",
    "vary": "Origin",
    "content-type": "application/json; charset=utf-8",
}


@pytest.mark.parametrize(
    "path",
    ["/v2/projects", "/v2/projects/", "/v2/projects//", "//v2//projects", "/v2/%70rojects", "/v2/projects/?page=1"],
)
def test_extra_slashes_in_a_path_are_ignored(account: Account, path: str) -> None:
    make_project(account)

    response = account.leader.client.get(path)

    assert response.status == 200
    assert len(response.json()) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/v2",
        "/v2/",
        "/v2/nothing",
        "/v2/projects/1/nothing",
        "/v2/projects/0",
        "/v2/projects/-1",
        "/v2/projects/1.0",
        "/v2/projects/+1",
        "/v2/projects/%20",
        "/v2/projects/one",
        "/v2/projects/2147483648",
        "/v2/projects/99999999999999999999999999",
        "/v2/projects/%D9%A1",
        "/v2/projects/1%00",
        "/v2/projects/1%0d%0aX-Injected:1",
        "/v2/projects/..%2f..%2faccount",
        "/v2/projects/%ff%fe",
        "/v2/projects/1;DROP TABLE projects".replace(" ", "%20"),
        "/v2/projects.json",
        "/V2/projects",
        "/v2/project_groups/1/invoices",
    ],
)
def test_an_unknown_path_of_the_api_is_an_empty_404(account: Account, path: str) -> None:
    response = account.leader.client.get(path)

    assert response.status == 404
    assert response.body == b""
    assert "x-injected" not in response.headers


def test_an_unknown_path_outside_of_the_api_is_a_404(server: Server) -> None:
    assert server.client.get("/nothing", User_Agent=None).status == 404


def test_an_unknown_page_is_an_html_404_outside_of_the_api_only(server: Server) -> None:
    page = server.client.get("/nothing", Accept="text/html")

    assert page.status == 404
    assert page.headers["content-type"].startswith("text/html")
    assert server.client.get("/v2/nothing", Accept="text/html").status == 401


def test_a_bulk_action_takes_precedence_over_an_id(account: Account) -> None:
    assert account.leader.client.put("/v2/projects/archive", {"project_ids": []}).status == 204
    assert account.leader.client.get("/v2/projects/archive").status == 405


@pytest.mark.parametrize("method", ["PATCH", "OPTIONS", "TRACE", "POST"])
def test_a_method_that_is_not_allowed_is_a_405_with_allow(account: Account, method: str) -> None:
    response = account.leader.client.request(method, "/v2/current_user")

    assert response.status == 405
    assert response.json() == {"message": "Method not allowed"}
    assert response.headers["allow"] == "GET, HEAD, PUT"


def test_a_method_cannot_be_overridden(account: Account) -> None:
    project = make_project(account)

    response = account.leader.client.get(
        f"/v2/projects/{project['id']}", {"_method": "DELETE"}, X_HTTP_Method_Override="DELETE"
    )

    assert response.status == 200
    assert account.leader.client.get(f"/v2/projects/{project['id']}").status == 200


@pytest.mark.parametrize("path", ["/v2/account", "/v2/projects", "/v2/projects/999", "/v2/current_user?per_page=1"])
def test_head_is_get_without_its_body(account: Account, path: str) -> None:
    varying = ("date", "x-request-id")
    get = account.leader.client.get(path)

    head = account.leader.client.request("HEAD", path)

    assert head.status == get.status
    assert head.body == b""
    assert {name: value for name, value in head.headers.items() if name not in varying} == {
        name: value for name, value in get.headers.items() if name not in varying
    }


def test_every_response_has_the_documented_headers(account: Account) -> None:
    response = account.leader.client.get("/v2/account")

    assert {name: response.headers[name] for name in DOCUMENTED} == DOCUMENTED
    assert response.headers["status"] == "200 OK"


def test_an_error_response_has_the_documented_headers(account: Account) -> None:
    response = account.client.get("/v2/account")

    assert {name: response.headers[name] for name in DOCUMENTED} == DOCUMENTED
    assert response.headers["status"] == "401 Unauthorized"


def test_a_created_object_has_its_location(account: Account) -> None:
    response = account.leader.client.post("/v2/projects", {"name": "Relaunch"})

    assert response.status == 201
    assert response.headers["location"] == response.json()["url"]
    assert response.headers["status"] == "201 Created"


def test_a_204_has_neither_body_nor_content_length(account: Account) -> None:
    response = account.leader.client.put("/v2/projects/archive", {"project_ids": []})

    assert response.status == 204
    assert response.body == b""
    assert "content-length" not in response.headers
    assert "content-type" not in response.headers


def test_urls_begin_with_the_base_url_and_not_with_the_host_of_the_request(make_server: MakeServer) -> None:
    server = make_server(base_url="https://time.example.com/noko")
    account = make_account(server.database, server.client)

    response = account.leader.client.get("/v2/account", Host="evil.example.org", X_Forwarded_Host="evil.example.org")

    assert response.json()["url"] == "https://time.example.com/noko/v2/account"


@pytest.mark.parametrize("agent", [None, "", "   "])
def test_a_request_without_user_agent_is_refused_before_anything_else(account: Account, agent: str | None) -> None:
    response = account.client.get("/v2/nothing", User_Agent=agent)

    assert response.status == 400
    assert response.json() == {"message": "User-Agent header is required"}


class TestTheOrderOfChecks:
    """Each check comes before all later ones (``docs/api/conventions.md#order-of-checks``)."""

    def test_rate_before_credential(self, make_server: MakeServer) -> None:
        server = make_server(rate_limit=RateLimit(1, 1))
        server.client.get("/v2/account")

        assert server.client.get("/v2/account").status == 429
        assert server.client.get("/v2/account", User_Agent=None).status == 400

    def test_credential_before_lock_and_route(self, account: Account) -> None:
        account.change_settings(locked="on")

        assert account.client.get("/v2/nothing").status == 401
        assert account.client.with_token("wrong").get("/v2/nothing").status == 401
        assert account.client.with_token("wrong").request("PATCH", "/v2/account").status == 401
        assert account.client.with_token("wrong").post("/v2/projects", b"[").status == 401

    def test_lock_before_route_and_body(self, account: Account) -> None:
        account.change_settings(locked="on")
        client = account.leader.client

        for response in (
            client.get("/v2/account"),
            client.get("/v2/nothing"),
            client.request("PATCH", "/v2/account"),
            client.post("/v2/projects", b"["),
        ):
            assert response.status == 503
            assert response.json() == {"message": "Account is locked for maintenance"}

    def test_route_before_body(self, account: Account) -> None:
        assert account.leader.client.post("/v2/nothing", b"[").status == 404
        assert account.leader.client.post("/v2/account", b"[").status == 405

    def test_body_before_feature(self, account: Account) -> None:
        account.change_settings(approvals="off")

        assert account.supervisor.client.put("/v2/entries/1/approved", b"[").status == 400

    @pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", ""), ("PUT", "/1"), ("PUT", "/1/paid")])
    def test_feature_before_object_and_role_of_invoices(self, account: Account, method: str, path: str) -> None:
        account.change_settings(invoicing="off")

        response = account.contractor.client.request(method, f"/v2/invoices{path}")

        assert (response.status, response.json()) == (403, {"message": "Account does not include this feature"})

    def test_feature_before_object_and_role(self, account: Account) -> None:
        account.change_settings(approvals="off")

        response = account.contractor.client.put("/v2/entries/1/approved")

        assert response.status == 403
        assert response.json() == {"message": "Account does not include this feature"}

    def test_object_before_role(self, account: Account) -> None:
        assert account.coworker.client.put("/v2/projects/999", {"name": 1}).status == 404

    def test_role_before_fields(self, account: Account) -> None:
        project = make_project(account, "Relaunch", account.coworker)

        response = account.coworker.client.put(f"/v2/projects/{project['id']}", {"name": 1})

        assert response.status == 403
        assert response.json() == {"message": "Forbidden"}

    def test_state_before_fields(self, account: Account) -> None:
        project = make_project(account)
        account.leader.client.post("/v2/entries", {"date": "2024-05-21", "minutes": 5, "project_id": project["id"]})
        account.leader.client.put(f"/v2/projects/{project['id']}/archive")

        response = account.leader.client.put(f"/v2/projects/{project['id']}", {"name": 1})

        assert response.codes == [("base", "archived_project")]


def test_a_caller_is_authenticated_again_under_the_account_lock(account: Account) -> None:
    # The token is valid before the body arrives; the user is disabled while it is in flight.
    request = (
        b"PUT /v2/current_user HTTP/1.1\r\nhost: x\r\nuser-agent: t\r\nx-nokotoken: %b\r\ncontent-length: 20\r\n"
        b"connection: close\r\n\r\n" % account.leader.token.encode()
    )
    with account.client.connect() as connection:
        connection.sendall(request + b'{"first_na')
        account.leader.client.get("/v2/account")
        account.set_state(account.leader, "disabled")
        connection.sendall(b'me":"New"}')

        assert b" 401 " in read_until_closed(connection).split(b"\r\n")[0]


def test_all_failing_fields_are_reported_together(account: Account) -> None:
    response = account.leader.client.post("/v2/entries", {"minutes": "many", "source_url": 1, "project_id": 1.5})

    assert response.status == 400
    assert response.json()["message"] == "Validation Failed"
    assert response.codes == [
        ("date", "missing_field"),
        ("minutes", "invalid"),
        ("project_id", "invalid"),
        ("source_url", "invalid"),
    ]
    assert {error["resource"] for error in response.json()["errors"]} == {"Entry"}


@pytest.mark.parametrize("id", [0, -1, "0", 2**31, 10**30])
def test_an_id_that_cannot_exist_is_missing(account: Account, id: int | str) -> None:
    client = account.supervisor.client
    project, other = make_project(account), make_project(account, "Other")
    tag, entry = make_tag(account, "planning"), make_entry(account.supervisor)
    time = {"date": "2024-05-21", "minutes": 5, "price": 5}
    rates = {
        "calculation_method": "custom_hourly_rates",
        "standard_hourly_rate": 80,
        "custom_hourly_rates": [{"user_id": id, "hourly_rate": 90}],
    }

    for response, fields in (
        (client.post("/v2/entries", {**time, "user_id": id, "project_id": id}), ["user_id", "project_id"]),
        (client.put(entry["url"], {"user_id": id, "project_id": id}), ["user_id", "project_id"]),
        (client.post("/v2/expenses", {**time, "user_id": id, "project_id": id}), ["project_id", "user_id"]),
        (client.post("/v2/projects", {"name": "New", "project_group_id": id}), ["project_group_id"]),
        (client.put(project["url"], {"project_group_id": id}), ["project_group_id"]),
        (client.put(other["merge_url"], {"project_id": id}), ["project_id"]),
        (client.put(tag["merge_url"], {"tag_id": id}), ["tag_id"]),
        (
            client.post("/v2/invoices", {"invoice_date": "2024-06-01", "rate_calculation": rates}),
            ["rate_calculation.custom_hourly_rates[0].user_id"],
        ),
    ):
        assert (response.status, response.codes) == (400, [(field, "missing") for field in fields])


def test_an_internal_error_is_a_500_without_details_and_is_logged(make_server: MakeServer, logged: Logged) -> None:
    async def broken(scope: object, receive: object, send: object) -> None:
        raise RuntimeError("planted secret")

    server = make_server({"extra_routes": {"/broken": broken}})

    response = server.client.get("/broken")

    assert response.status == 500
    assert response.json() == {"message": "Server Error"}
    [event] = [event for event in logged if event["log_level"] == "error"]
    assert "planted secret" in str(event["exc_info"])


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_unavailable_database_is_a_503_whose_reason_is_logged(
    account: Account, database_url: str, logged: Logged
) -> None:
    name = urlsplit(database_url).path[1:]
    with psycopg.connect(database_url.replace(f"/{name}", "/postgres"), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
        try:
            responses = [
                account.leader.client.get("/v2/account"),
                account.leader.client.get("/v2/nothing"),
                account.leader.client.put("/v2/current_user", {}),
            ]
        finally:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    for response in responses:
        assert response.status == 503
        reason = "PostgreSQL cannot be reached"
        assert response.json() == {"message": f"The database is not available at the moment: {reason}"}
        assert response.headers["retry-after"] == "1"
    assert all("PostgreSQL cannot be reached: " in line["reason"] for line in logged if line["event"] == "request")
    assert account.leader.client.get("/v2/account").status == 200
