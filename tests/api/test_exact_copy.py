"""A copy made by crawling with ``after_id`` and following the feed (``docs/guides/keep-a-copy.md``)."""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.accounts import Account
from tests.support.clients import Response
from tests.support.clocks import FakeClock
from tests.support.event_replica import PATHS, own_fields, read_account
from tests.support.random_actions import ALL_ACTIONS, Chooser
from tests.support.seeds import chosen_seeds

STEPS = int(os.environ.get("HOURHOOK_TEST_STEPS", "60"))


class Copy:
    """A copy of an account, which knows nothing but the responses of the API."""

    def __init__(self, account: Account) -> None:
        self._client = account.supervisor.client
        self.resources: dict[str, dict[int, Any]] = {kind: {} for kind in PATHS}
        self._positions: dict[tuple[str, int], int] = {}
        self._followed = self._position(self._get("/v2/projects"))

    def crawl(self) -> Iterator[None]:
        """Read every list, and yield after each page."""
        for kind, path in PATHS.items():
            url: str | None = f"/v2/{path}?after_id=0&per_page=3"
            while url is not None:
                response = self._get(url)
                for resource in response.json():
                    self.resources[kind][resource["id"]] = resource
                    self._positions[kind, resource["id"]] = self._position(response)
                url = response.links.get("next")
                yield

    def follow(self) -> None:
        """Apply all events up to now; the later position wins."""
        while events := (response := self._get(f"/v2/events?after={self._followed}&limit=7")).json():
            for event in events:
                self._apply(event)
            self._followed = self._position(response)

    def _apply(self, event: Any) -> None:
        kind, _, action = event["type"].partition(".")
        id = event["object"]["id"]
        if event["position"] <= self._positions.get((kind, id), 0):
            return
        if action.startswith("deleted"):
            self.resources[kind].pop(id, None)
            if kind == "user":
                # A deleted user is in no team, which raises no event of the team.
                for team in self.resources["team"].values():
                    team["users"] = [user for user in team["users"] if user["id"] != id]
        else:
            self.resources[kind][id] = event["object"]

    def _get(self, path: str) -> Response:
        response = self._client.get(path)
        assert response.status == 200, response.body
        return response

    @staticmethod
    def _position(response: Response) -> int:
        return int(response.headers["x-hourhook-position"])


@pytest.mark.parametrize("seed", chosen_seeds("0"))
def test_a_copy_is_exact_although_the_account_changes_meanwhile(account: Account, clock: FakeClock, seed: int) -> None:
    choose = Chooser(account, seed, ALL_ACTIONS)

    def change(steps: int) -> None:
        for _ in range(steps):
            clock.advance(60)
            request = choose.next(read_account(account))
            headers = {"X-NokoToken": request.person.token}
            account.client.request(request.method, request.path, body=request.body, headers=headers)

    change(STEPS)
    copy = Copy(account)
    for _ in copy.crawl():
        change(1)
    copy.follow()
    change(10)
    copy.follow()

    assert own_fields(copy.resources) == own_fields(read_account(account))
