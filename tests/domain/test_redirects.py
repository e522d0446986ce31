"""The redirect URIs that an OAuth application may use (``docs/api/oauth.md#authorization-request``)."""

from urllib.parse import urljoin

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hourhook.domain.oauth.redirects import (
    MAX_LENGTH,
    add_query_parameters,
    is_allowed_redirect,
    is_private_use,
    parse,
)

CALLBACK = "http://app.test/cb"


@pytest.mark.parametrize(
    "uri",
    [
        # The documented examples.
        "https://app.test/cb",
        "http://app.test/cb/a/b",
        # Other spellings of the same.
        CALLBACK,
        "http://app.test/cb/",
        "http://APP.test/cb",
        "HTTP://app.test/cb",
        "http://app.test:80/cb",
        "http://app.test:/cb",
        "https://app.test:443/cb",
        "https://app.test:80/cb",
        "http://app.test/a/../cb",
        "http://app.test/./cb/./a",
        "http://app.test/cb/a/../b",
        "http://app.test/a/%2e%2E/cb",
        # Queries and encoded paths are not compared.
        "http://app.test/cb?from=time&back=http://app.example/",
        "http://app.test/cb/a%2Fb",
        "http://app.test/cb/%C3%BC",
    ],
)
def test_a_redirect_below_the_callback_is_allowed(uri: str) -> None:
    assert is_allowed_redirect(uri, CALLBACK)


@pytest.mark.parametrize(
    "uri",
    [
        # The documented examples.
        "http://app.test/other",
        "http://app.test/",
        "http://app.test:8080/cb",
        "http://sub.app.test:8080/cb",
        "http://app.example",
        # Hosts and ports.
        "http://sub.app.test/cb",
        "http://app.test.example/cb",
        "http://app.test./cb",
        "http://test/cb",
        "http://app.test:443/cb",
        "https://app.test:8443/cb",
        "http://app.test:0/cb",
        "http://app.test:99999/cb",
        "http://app.test:http/cb",
        # Paths.
        "http://app.test",
        "http://app.test/cbx",
        "http://app.test/CB",
        "http://app.test//cb",
        "http://app.test/cb;a",
        "http://app.test/cb/..",
        "http://app.test/cb/../other",
        "http://app.test/cb/a/../../other",
        "http://app.test/cb/%2e%2e/other",
        "http://app.test/cb/.%2E/other",
        "http://app.test/cb/..%2fother",
        "http://app.test/cb/%2e%2e%2fother",
        "http://app.test/cb/..%5cother",
        "http://app.test/cb%2F..%2Fother",
        # URIs that browsers read differently.
        "http://app.test\\@app.example/cb",
        "http://app.example\\@app.test/cb",
        "http:\\\\app.test\\cb",
        "http://app.test/cb\\..\\other",
        "http://app.example@app.test/cb",
        "http://app.test@app.example/cb",
        "http://app.test:80@app.example/cb",
        "http://app.test/cb#",
        "http://app.test/cb#code",
        "http://app.test/\tcb",
        "http://app.test/cb\r\nSet-Cookie: a=b",
        "http://app.test/cb\0",
        " http://app.test/cb",
        "http://app.test/cb ",
        "http://app.test/cb/ü",
        "http://app.te\u017ft/cb",
        "http://app\u3002test/cb",
        "http://app.test/cb/\ud800",
        # Not an http or https URL.
        "",
        "app.test/cb",
        "/cb",
        "//app.test/cb",
        "http:app.test/cb",
        "http:/app.test/cb",
        "http:///app.test/cb",
        "ftp://app.test/cb",
        "javascript://app.test/cb",
        "javascript:alert(1)",
        "http://[app.test/cb",
        "http://app.test/cb/" + "a" * MAX_LENGTH,
    ],
)
def test_a_redirect_outside_of_the_callback_is_refused(uri: str) -> None:
    assert not is_allowed_redirect(uri, CALLBACK)


@pytest.mark.parametrize(
    ("callback", "uri", "is_allowed"),
    [
        ("http://app.test", "http://app.test/anything", True),
        ("http://app.test/", "https://app.test", True),
        ("http://app.test/cb/", "http://app.test/cb", True),
        ("https://app.test/cb", "http://app.test/cb", True),
        ("https://app.test/cb", "http://app.test:443/cb", True),
        ("https://app.test:8443/cb", "http://app.test:8443/cb/a", True),
        ("https://app.test:8443/cb", "https://app.test/cb", False),
        ("http://app.test:443/cb", "https://app.test:80/cb", False),
        ("http://app.test:80/cb", "http://app.test:443/cb", False),
        ("http://app.test/a%2Fb", "http://app.test/a/b", False),
        ("http://app.test/a%2Fb", "http://app.test/a%2Fb/c", True),
        ("http://127.0.0.1:3000/cb", "http://127.0.0.1:3000/cb", True),
        ("http://127.0.0.1:3000/cb", "http://localhost:3000/cb", False),
        ("http://[::1]:3000/cb", "http://[::1]:3000/cb/a", True),
        # RFC 8252, section 7.3: any port of a loopback host, and nothing else of it differs.
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/cb", True),
        ("http://127.0.0.1:3000/cb", "http://127.0.0.1:51004/cb/a", True),
        ("http://[::1]/cb", "http://[::1]:51004/cb", True),
        ("http://localhost/cb", "http://localhost:51004/cb", True),
        ("http://127.0.0.1/cb", "http://127.0.0.1:51004/other", False),
        ("http://127.0.0.1/cb", "http://127.0.0.2:51004/cb", False),
        ("http://localhost/cb", "http://localhost.app.test:51004/cb", False),
        ("http://localhost.app.test/cb", "http://localhost.app.test:51004/cb", False),
        # RFC 8252, section 7.1: private-use schemes, compared as a whole.
        ("com.example.app:/cb", "com.example.app:/cb", True),
        ("com.example.app:/cb", "com.example.app:/cb/a", False),
        ("com.example.app:/cb", "com.example.app:/cb?a=1", False),
        ("com.example.app:/cb", "com.example.app://cb", False),
        ("com.example.app:/cb", "http://com.example.app/cb", False),
        ("http://com.example.app/cb", "com.example.app:/cb", False),
    ],
)
def test_a_redirect_is_compared_with_its_own_callback(callback: str, uri: str, is_allowed: bool) -> None:
    assert is_allowed_redirect(uri, callback) is is_allowed


@pytest.mark.parametrize(
    ("uri", "is_private"),
    [
        ("com.example.app:/cb", True),
        ("com.example.app://cb", True),
        ("com.example.my-app:/", True),
        ("com.example.app:cb", False),
        ("com.example.app:/cb#code", False),
        ("com.example.app:/\\cb", False),
        ("com.example.app", False),
        ("com..app:/cb", False),
        ("com.example.:/cb", False),
        (".example:/cb", False),
        ("planner:/cb", False),
        ("javascript:/cb", False),
        ("http://app.test/cb", False),
        ("com.example.app:/" + "a" * MAX_LENGTH, False),
    ],
)
def test_a_private_use_scheme_has_a_dot_and_a_path(uri: str, is_private: bool) -> None:
    assert is_private_use(uri) is is_private


segments = st.lists(st.sampled_from(["cb", "a", "..", ".", "", "%2e%2e", ".%2E", "%2E", "%20"]), min_size=1)


@given(segments)
def test_a_browser_resolves_an_allowed_redirect_below_the_callback(parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    assume(not path.startswith("//"))

    if is_allowed_redirect(f"http://app.test{path}", CALLBACK):
        resolved = urljoin(CALLBACK, path.replace("%2e", ".").replace("%2E", "."))
        assert resolved == CALLBACK or resolved.startswith(f"{CALLBACK}/")


@given(st.text(), st.text())
def test_any_string_as_a_redirect_is_checked_without_an_exception(uri: str, callback: str) -> None:
    assert is_allowed_redirect(uri, callback) in (True, False)
    assert is_allowed_redirect(f"http://app.test/cb{uri}", CALLBACK) in (True, False)


@given(st.text(st.characters(codec="ascii")))
def test_an_allowed_redirect_has_the_host_and_port_of_the_callback(rest: str) -> None:
    target = parse(f"http://app.test{rest}")

    if target is not None and is_allowed_redirect(f"http://app.test{rest}", CALLBACK):
        assert (target.host, target.port) == ("app.test", 80)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (CALLBACK, "http://app.test/cb?code=c%26d&state=%20"),
        ("http://app.test/cb?a=%7e&a", "http://app.test/cb?a=%7e&a&code=c%26d&state=%20"),
        ("http://app.test/cb?", "http://app.test/cb?code=c%26d&state=%20"),
    ],
)
def test_adding_query_parameters_changes_nothing_else_in_the_uri(uri: str, expected: str) -> None:
    assert add_query_parameters(uri, [("code", "c&d"), ("state", " ")]) == expected
