"""Where a user may be sent back to (contract, oauth.md)."""

from urllib.parse import urljoin

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hourhook.domain.oauth.redirects import MAX_LENGTH, add_query_parameters, is_allowed_redirect, parse

CALLBACK = "http://app.test/cb"


@pytest.mark.parametrize(
    "uri",
    [
        # The contract's own.
        "https://app.test/cb",
        "http://app.test/cb/a/b",
        # The same, written otherwise.
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
        # What is said besides does not matter.
        "http://app.test/cb?from=time&back=http://app.example/",
        "http://app.test/cb/a%2Fb",
        "http://app.test/cb/%C3%BC",
    ],
)
def test_a_good_redirect(uri: str) -> None:
    assert is_allowed_redirect(uri, CALLBACK)


@pytest.mark.parametrize(
    "uri",
    [
        # The contract's own.
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
        # What a browser reads otherwise.
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
        # No address of the web, or no address at all.
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
def test_a_bad_redirect(uri: str) -> None:
    assert not is_allowed_redirect(uri, CALLBACK)


@pytest.mark.parametrize(
    ("callback", "uri", "is_good"),
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
    ],
)
def test_it_is_the_callback_that_decides(callback: str, uri: str, is_good: bool) -> None:
    assert is_allowed_redirect(uri, callback) is is_good


segments = st.lists(st.sampled_from(["cb", "a", "..", ".", "", "%2e%2e", ".%2E", "%2E", "%20"]), min_size=1)


@given(segments)
def test_what_is_good_is_below_the_callback_wherever_a_browser_resolves_it(parts: list[str]) -> None:
    path = "/" + "/".join(parts)
    assume(not path.startswith("//"))

    if is_allowed_redirect(f"http://app.test{path}", CALLBACK):
        resolved = urljoin(CALLBACK, path.replace("%2e", ".").replace("%2E", "."))
        assert resolved == CALLBACK or resolved.startswith(f"{CALLBACK}/")


@given(st.text(), st.text())
def test_nothing_that_is_sent_is_an_error(uri: str, callback: str) -> None:
    assert is_allowed_redirect(uri, callback) in (True, False)
    assert is_allowed_redirect(f"http://app.test/cb{uri}", CALLBACK) in (True, False)


@given(st.text(st.characters(codec="ascii")))
def test_only_a_host_and_port_that_are_the_callback_s_are_good(rest: str) -> None:
    place = parse(f"http://app.test{rest}")

    if place is not None and is_allowed_redirect(f"http://app.test{rest}", CALLBACK):
        assert (place.host, place.port) == ("app.test", 80)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (CALLBACK, "http://app.test/cb?code=c%26d&state=%20"),
        ("http://app.test/cb?a=%7e&a", "http://app.test/cb?a=%7e&a&code=c%26d&state=%20"),
        ("http://app.test/cb?", "http://app.test/cb?code=c%26d&state=%20"),
    ],
)
def test_parameters_are_added_and_nothing_else_is_changed(uri: str, expected: str) -> None:
    assert add_query_parameters(uri, [("code", "c&d"), ("state", " ")]) == expected
