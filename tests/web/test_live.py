"""``/live``: streams that say that something changed, and the live regions of a page."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from hourhook.web.live import MAX_STREAMS_PER_SESSION
from tests.support.accounts import Account
from tests.support.browsers import Browser
from tests.support.factories import make_entry
from tests.support.oauth_clients import signed_in_browser
from tests.support.statements import capture_statements

EVENT = b"event: changed\ndata: \n\n"


class Stream:
    """The bytes of one stream."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.received = b""

    def read_until(self, part: bytes) -> bytes:
        """Read until the part has come; return everything up to it."""
        while part not in self.received:
            more = self._connection.recv(65_536)
            assert more, self.received
            self.received += more
        before, _, self.received = self.received.partition(part)
        return before + part

    def read_to_end(self) -> bytes:
        while more := self._connection.recv(65_536):
            self.received += more
        return self.received


@contextmanager
def open_stream(browser: Browser, account: Account) -> Iterator[Stream]:
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    with account.client.connect() as connection:
        connection.sendall(f"GET /live HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\nConnection: close\r\n\r\n".encode())
        yield Stream(connection)


def test_a_stream_says_at_once_and_after_each_change_that_something_changed(account: Account) -> None:
    with open_stream(signed_in_browser(account, account.owner), account) as stream:
        head = stream.read_until(EVENT)
        assert b"content-type: text/event-stream" in head
        assert b"x-accel-buffering: no" in head
        assert b"cache-control: no-store" in head
        make_entry(account.owner)
        stream.read_until(EVENT)


def test_a_stream_says_that_attempts_were_stored(account: Account) -> None:
    with open_stream(signed_in_browser(account, account.owner), account) as stream:
        stream.read_until(EVENT)
        for subscriber in account.database.after_attempts:
            subscriber(account.id)
        stream.read_until(EVENT)


def test_a_stream_says_nothing_of_other_accounts_and_nothing_about_the_change(
    account: Account, other_account: Account
) -> None:
    with open_stream(signed_in_browser(account, account.owner), account) as stream:
        stream.read_until(EVENT)
        make_entry(other_account.owner, "secret")
        make_entry(account.owner, "secret")
        assert b"secret" not in stream.read_until(EVENT)
        assert EVENT not in stream.received


def test_twenty_open_streams_take_no_statement_at_rest(account: Account) -> None:
    browsers = [signed_in_browser(account, account.owner) for _ in range(20 // MAX_STREAMS_PER_SESSION)]
    with ExitStack() as opened:
        streams = [
            opened.enter_context(open_stream(browser, account))
            for browser in browsers
            for _ in range(MAX_STREAMS_PER_SESSION)
        ]
        for stream in streams:
            stream.read_until(EVENT)
        with capture_statements(account.database) as statements:
            account.database.write_now(account.id, lambda tx: None)
            for stream in streams:
                stream.read_until(EVENT)
            [locking_the_account] = statements
            assert "FROM accounts" in locking_the_account


def test_a_session_has_a_limited_number_of_streams(account: Account) -> None:
    browser = signed_in_browser(account, account.owner)
    with ExitStack() as streams:
        for _ in range(MAX_STREAMS_PER_SESSION):
            streams.enter_context(open_stream(browser, account)).read_until(EVENT)
        one_more = streams.enter_context(open_stream(browser, account))

        assert one_more.read_until(b"\r\n") == b"HTTP/1.1 429 Too Many Requests\r\n"


def test_signing_out_ends_the_streams_of_the_session(account: Account) -> None:
    browser = signed_in_browser(account, account.owner)
    with open_stream(browser, account) as stream:
        stream.read_until(EVENT)
        browser.submit_to(browser.get("/"), "/sign_out")

        assert stream.read_to_end().endswith(b"0\r\n\r\n")


def test_a_stream_without_a_session_tells_the_browser_not_to_come_again(account: Account) -> None:
    assert account.client.with_token(None).get("/live").status == 204
