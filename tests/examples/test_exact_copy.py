"""``examples/exact_copy``: byte for byte what the API answers, although both sides are killed while it copies.

``HOURHOOK_TEST_STEPS=2000 bin/test tests/examples/test_exact_copy.py`` makes more requests.
"""

import json
import os
import random
import re

from tests.support.accounts import ROLES, Account, Person
from tests.support.clients import Client
from tests.support.event_replica import read_account
from tests.support.example_programs import MakeProgram, Program, RestartableServer, wait_until
from tests.support.random_actions import ALL_ACTIONS, Chooser

STEPS = int(os.environ.get("HOURHOOK_TEST_STEPS", "80"))


def account_of(live: RestartableServer) -> Account:
    """Return the account of a server, with a user of each role."""
    # Nothing here reaches into the database of another process.
    account = Account(1, "northwind", None, Client(live.address))  # type: ignore[arg-type]
    account.people["owner"] = Person(live.user_id, "", "supervisor", live.token, account.client)
    for role in ROLES:
        email = f"{role}@northwind.test"
        id = live.send("POST", "/v2/users", {"email": email, "first_name": role.title(), "role": role})["id"]
        token = live.cli.run("token", "create", "--email", email, "--json").json()["token"]
        account.people[role] = Person(id, email, role, token, account.client)
    return account


def read_lists(live: RestartableServer) -> bytes:
    """Return all lists as the API sends them, in the form in which the program prints its copy."""
    paths = ("entries", "expenses", "invoices", "projects", "project_groups", "tags", "teams", "users")
    found = [live.request("GET", f"/v2/{path}?after_id=0&per_page=1000") for path in paths]
    assert all("link" not in response.headers for response in found), "more than a page"
    lists = [b'"%s":%s' % (path.encode(), response.body) for path, response in zip(paths, found, strict=True)]
    return b"{%s}" % b",".join(lists)


def without_changes_of_preferences(lists: bytes) -> bytes:
    """Leave out when users were updated: preferences, which are in no list, set it without an event."""
    before, key, users = lists.rpartition(b'"users":')
    return before + key + re.sub(rb'"updated_at":"[^"]*"', b'"updated_at":""', users)


def print_copy(program: Program) -> bytes:
    completed = program.run("--print")
    assert completed.returncode == 0, completed.stderr
    return completed.stdout.rstrip("\n").encode()


def test_the_copy_equals_the_lists_of_the_api_after_a_random_walk_with_kills(
    live: RestartableServer, make_program: MakeProgram
) -> None:
    account = account_of(live)
    choose = Chooser(account, 0, ALL_ACTIONS)
    moments = random.Random(0)
    copy = make_program("exact_copy/exact_copy.py")
    kills = 0

    for step in range(STEPS):
        if moments.random() < max(0.01, 4 / STEPS):
            live.restart()
            account.client = Client(live.address)
            kills += 1
        if step > STEPS // 4 and moments.random() < max(0.01, 8 / STEPS):
            copy.kill()
            copy.start_at_once()
            kills += 1
        request = choose.next(read_account(account))
        headers = {"X-NokoToken": request.person.token}
        account.client.request(request.method, request.path, body=request.body, headers=headers)
    account.client.close()

    copy.kill()
    copy.start_at_once()
    position = live.request("GET", "/v2/tags").headers["x-hourhook-position"]
    wait_until(lambda: f"as of position {position}\n" in copy.output, lambda: copy.output)
    expected = json.loads(lists := without_changes_of_preferences(read_lists(live)))
    found = without_changes_of_preferences(print_copy(copy))
    differences = [
        (each, other)
        for path, objects in expected.items()
        for each, other in zip(objects, json.loads(found)[path], strict=False)
        if each != other
    ]

    assert kills > 3
    assert differences[:2] == []
    assert found == lists
