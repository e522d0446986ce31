"""The rate limit of each client address (``docs/api/conventions.md#rate-limits``)."""

import ipaddress

import pytest

from hourhook.rate_limits import MAX_BUCKETS, TokenBuckets
from hourhook.settings import RateLimit
from tests.conftest import MakeServer
from tests.support.clocks import FakeClock

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_requests_beyond_the_burst_are_refused_until_time_has_passed(make_server: MakeServer, clock: FakeClock) -> None:
    client = make_server(rate_limit=RateLimit(2, 3)).client
    statuses = [client.get("/v2/account").status for _ in range(5)]
    assert statuses == [401, 401, 401, 429, 429]

    clock.advance(0.5)

    assert [client.get("/v2/account").status for _ in range(2)] == [401, 429]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_429_has_retry_after_and_no_body(make_server: MakeServer) -> None:
    client = make_server(rate_limit=RateLimit(1, 1)).client
    client.get("/v2/account")

    response = client.get("/v2/account")

    assert (response.status, response.body) == (429, b"")
    assert response.headers["retry-after"] == "1"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_paths_outside_of_the_api_are_not_limited(make_server: MakeServer) -> None:
    client = make_server(rate_limit=RateLimit(1, 1)).client

    assert {client.get("/health").status for _ in range(5)} == {200}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_clients_behind_a_trusted_proxy_are_distinguished(make_server: MakeServer) -> None:
    client = make_server(rate_limit=RateLimit(1, 1), trusted_proxies=LOOPBACK).client

    def status(address: str) -> int:
        return client.get("/v2/account", X_Forwarded_For=address).status

    assert [status("203.0.113.1"), status("203.0.113.2"), status("203.0.113.1")] == [401, 401, 429]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_untrusted_peer_cannot_state_the_client_address(make_server: MakeServer) -> None:
    client = make_server(rate_limit=RateLimit(1, 1)).client
    responses = [client.get("/v2/account", X_Forwarded_For=f"203.0.113.{number}") for number in range(3)]

    assert [response.status for response in responses] == [401, 429, 429]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_addresses_of_one_ipv6_network_share_a_bucket(make_server: MakeServer) -> None:
    client = make_server(rate_limit=RateLimit(1, 2), trusted_proxies=LOOPBACK).client

    def status(address: str) -> int:
        return client.get("/v2/account", X_Forwarded_For=address).status

    same = [status(f"2001:db8:1:2:{number}::9") for number in range(3)]
    assert [*same, status("2001:db8:1:3::9")] == [401, 401, 429, 401]


def test_a_bucket_fills_up_to_the_burst_and_no_further() -> None:
    clock = FakeClock()
    buckets = TokenBuckets(RateLimit(10, 5), clock)
    assert [buckets.try_acquire("a") for _ in range(6)] == [True] * 5 + [False]

    clock.advance(3600)

    assert [buckets.try_acquire("a") for _ in range(6)] == [True] * 5 + [False]


def test_a_clock_that_is_set_back_removes_no_tokens() -> None:
    clock = FakeClock()
    buckets = TokenBuckets(RateLimit(1, 2), clock)
    buckets.try_acquire("a")

    clock.advance(-3600)

    assert buckets.try_acquire("a")
    assert not buckets.try_acquire("a")


def test_the_number_of_remembered_clients_is_bounded() -> None:
    buckets = TokenBuckets(RateLimit(1, 1), FakeClock())
    for number in range(MAX_BUCKETS + 10):
        buckets.try_acquire(str(number))

    assert len(buckets._buckets) == MAX_BUCKETS
    assert not buckets.try_acquire(str(MAX_BUCKETS + 9))


def test_many_new_clients_do_not_refill_an_empty_bucket() -> None:
    buckets = TokenBuckets(RateLimit(0.001, 2), FakeClock())
    assert [buckets.try_acquire("guesser") for _ in range(3)] == [True, True, False]

    for number in range(MAX_BUCKETS + 10):
        buckets.try_acquire(str(number))

    assert not buckets.try_acquire("guesser")
