"""Hostile and broken input: never a 5xx, never an injection."""

import base64
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hourhook.api.app import all_endpoints
from hourhook.api.endpoints import Endpoint
from hourhook.domain.inputs import fields_of
from tests.support.accounts import Account
from tests.support.factories import DAY, make_invoice, make_project
from tests.support.full_account import populate_account, resolve_path

SQL = [
    "' OR '1'='1",
    "'; DROP TABLE entries; --",
    '" OR ""="',
    "1) OR (1=1",
    "%' --",
    "\\'; --",
    "$$; SELECT pg_sleep(5); $$",
    "{0}",
    "%s %(account)s :account ?",
    "\u02bc OR 1=1",
]
HUGE = [2**31, 2**63, 10**30, 1e308]
WRONG: list[Any] = [{}, [], {"a": 1}, [[[]]], 0.1, -1, "\u0000", "a" * 100_000, True, *HUGE]


@pytest.mark.parametrize("text", SQL)
def test_text_is_never_interpreted_as_sql(account: Account, text: str) -> None:
    made = account.leader.client.post("/v2/projects", {"name": text})
    assert made.json()["name"] == text.strip()
    make_project(account, "Another")

    found = account.leader.client.get("/v2/projects", {"name": text.strip()}).json()

    assert [project["name"] for project in found] == [text.strip()]


@pytest.mark.parametrize("text", ["%", "_", "100%", "a_b", "\\", "*", "?", "[a-z]"])
def test_search_text_has_no_wildcards(account: Account, text: str) -> None:
    make_project(account, "Website relaunch")
    make_project(account, f"about {text} this")

    found = account.leader.client.get("/v2/projects", {"name": text}).json()

    assert [project["name"] for project in found] == [f"about {text} this"]


@pytest.mark.parametrize("value", WRONG, ids=lambda value: repr(value)[:30])
def test_values_of_the_wrong_type_never_cause_a_5xx(account: Account, value: Any) -> None:
    client, path_ids = account.supervisor.client, populate_account(account)
    for endpoint in one_for_each_inputs("POST", "PUT"):
        path = resolve_path(endpoint, path_ids)
        for field in fields_of(endpoint.inputs):
            response = client.request(endpoint.method, path, body={"date": DAY, "minutes": 5, field.name: value})
            assert response.status < 500, (path, field.name)


@pytest.mark.parametrize("value", WRONG, ids=lambda value: repr(value)[:30])
def test_nested_values_of_the_wrong_type_never_cause_a_5xx(account: Account, value: Any) -> None:
    made = make_invoice(account)
    rates = {
        "calculation_method": "custom_hourly_rates",
        "standard_hourly_rate": 1,
        "custom_hourly_rates": [{"user_id": account.leader.id, "hourly_rate": 1}],
    }
    rate = {"user_id": account.leader.id, "hourly_rate": 1}
    bodies: list[Any] = [
        *({"rate_calculation": rates | {name: value}} for name in (*rates, "flat_rate")),
        *({"rate_calculation": rates | {"custom_hourly_rates": [rate | {name: value}]}} for name in rate),
        {"rate_calculation": rates | {"custom_hourly_rates": [value]}},
        *({"customization": {name: value}} for name in made["customization"]),
        {"customization": {"paypal_invoice": value, "stripe_connect_payment": value}},
        *(
            {"customization": {"paypal_invoice": {name: value}}}
            for name in ("paypal_address", "paypal_invoice_title", "paypal_currency_code")
        ),
        *(
            {"customization": {"stripe_connect_payment": {name: value}}}
            for name in ("payment_description", "currency_code")
        ),
        *({"taxes": [each]} for each in (value, {"percentage": value}, {"percentage": 1, "name": value})),
    ]
    for body in bodies:
        for method, path in (("POST", "/v2/invoices"), ("PUT", made["url"]), ("PUT", f"{made['url']}/add_taxes")):
            response = account.leader.client.request(method, path, body={"invoice_date": "2024-05-21", **body})
            assert response.status < 500, (path, body)


@pytest.mark.parametrize(
    "text",
    ["x", "-1", "1.5", "true", "TRUE", "2024-13-01", "0000-00-00", "9" * 5000, "\0", "\ud83d", "%", "1,2,x", ","],
)
def test_filters_of_the_wrong_type_never_cause_a_5xx(account: Account, text: str) -> None:
    client, path_ids = account.supervisor.client, populate_account(account)
    value = text.encode("utf-8", "surrogatepass")
    for endpoint in one_for_each_inputs("GET"):
        path = resolve_path(endpoint, path_ids)
        for name in [*(field.name for field in fields_of(endpoint.inputs)), "page", "per_page"]:
            assert client.get(path, {name: value}).status in (200, 400), (path, name)


@pytest.mark.parametrize("query", ["%", "%zz=%zz", "=", "&&&", "a=b=c", "ids[]", "ids[][]=1", "%00=%00", "name=%ff%fe"])
def test_a_malformed_query_string_never_causes_a_5xx(account: Account, query: str) -> None:
    assert account.leader.client.get("/v2/projects", query).status in (200, 400)


def test_a_query_with_many_parameters_is_accepted(account: Account) -> None:
    query = "&".join(f"user_ids[]={number}" for number in range(3_000))

    assert account.leader.client.get("/v2/entries", query).status == 200


def test_oversized_request_headers_are_rejected_with_json(account: Account) -> None:
    request = b"GET /v2/account HTTP/1.1\r\nhost: x\r\nx-long: " + b"a" * 200_000 + b"\r\n\r\n"

    answer = account.client.send_raw(request)

    assert b" 400 " in answer.split(b"\r\n")[0]
    assert b"application/json" in answer


def test_endless_request_headers_are_rejected(account: Account) -> None:
    with account.client.connect() as connection:
        connection.sendall(b"GET /v2/account HTTP/1.1\r\n")
        refused = b""
        try:
            for number in range(100_000):
                connection.sendall(b"x-%d: %b\r\n" % (number, b"a" * 1000))
        except OSError:
            refused = b"hung up"
        assert refused


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GARBAGE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"GET /v2/account\r\n\r\n",
        b"GET /v2/account HTTP/9.9\r\n\r\n",
        b"GET /v2/acc\x00ount HTTP/1.1\r\nhost: x\r\n\r\n",
        b"GET /v2/account HTTP/1.1\r\nhost: x\r\ncontent-length: many\r\n\r\n",
        b"POST /v2/projects HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\nhost: x\r\n\r\n",
    ],
    ids=lambda request_bytes: repr(request_bytes[:30]),
)
def test_invalid_http_is_rejected_with_json(account: Account, request_bytes: bytes) -> None:
    answer = account.client.send_raw(request_bytes)

    assert b" 400 " in answer.split(b"\r\n")[0], answer
    assert b"content-type: application/json" in answer.lower()


@pytest.mark.parametrize("host", ["", "evil.example.org\x01", "a b", "x" * 5000, "[::1", "localhost:99999"])
def test_a_malformed_host_header_never_causes_a_5xx(account: Account, host: str) -> None:
    token = account.leader.token.encode()
    request = b"GET /v2/account HTTP/1.1\r\nhost: %b\r\nuser-agent: t\r\nx-nokotoken: %b\r\nconnection: close\r\n\r\n"

    answer = account.client.send_raw(request % (host.encode(), token))

    assert answer.split(b" ")[1] in (b"200", b"400")


def test_request_input_is_never_reflected_in_response_headers(account: Account) -> None:
    evil = "x%0d%0aX-Injected:%201"
    for path in (f"/v2/projects?name={evil}&per_page=1", f"/v2/users?per_page=1&{evil}={evil}"):
        response = account.leader.client.get(path)
        assert "x-injected" not in response.headers
        assert "\r" not in str(response.headers)


def test_no_credential_reaches_the_log(account: Account, logged: Any) -> None:
    token = account.leader.token
    account.client.get("/v2/account", {"noko_token": token, "access_token": token, "token": token})
    account.client.get("/v2/account", Authorization="Basic " + base64.b64encode(f"{token}:".encode()).decode())
    account.client.get("/v2/account", Authorization=f"Bearer {token}")
    account.client.get("/v2/account", X_NokoToken=token)
    account.client.get("/v2/nothing", {"password": "hunter2"}, X_NokoToken=token)

    written = repr(logged)
    assert len([event for event in logged if event["event"] == "request"]) == 5
    assert token not in written
    assert "hunter2" not in written
    assert base64.b64encode(token.encode()).decode()[:20] not in written


def one_for_each_inputs(*methods: str) -> list[Endpoint]:
    """One endpoint for each declaration of inputs that these methods accept."""
    found = {endpoint.inputs: endpoint for endpoint in all_endpoints() if endpoint.method in methods}
    return [endpoint for inputs, endpoint in found.items() if inputs is not None]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["/v2/entries", "/v2/projects", "/v2/tags", "/v2/users", "/v2/invoices"]),
    st.dictionaries(
        st.sampled_from(
            [
                "date",
                "minutes",
                "name",
                "names",
                "email",
                "description",
                "project_name",
                "color",
                "role",
                "invoice_date",
                "rate_calculation",
                "customization",
                "taxes",
            ]
        ),
        json_values,
        max_size=4,
    ),
)
def test_any_json_object_is_answered_below_500(account: Account, path: str, body: dict[str, Any]) -> None:
    assert account.supervisor.client.post(path, body).status < 500
