"""Published clients of the Noko v2 API, unchanged but for the address, against a real server."""

from importlib import import_module
from inspect import getsource
from pathlib import Path
from types import MethodType, ModuleType
from typing import Any

import pytest
import requests

from tests.support.certificates import make_certificate_authority
from tests.support.commands import CliRunner
from tests.support.factories import DAY
from tests.support.proxies import running_tls_proxy
from tests.support.servers import EventLoopThread

# The address in the client's source.
ADDRESS = "https://api.nokotime.com"


@pytest.fixture
def commands(tmp_path: Path) -> CliRunner:
    """The commands, in a directory of their own."""
    return CliRunner(tmp_path)


@pytest.fixture
def loop(request: pytest.FixtureRequest) -> EventLoopThread:
    """The event loop of all servers of the tests."""
    running: EventLoopThread = request.getfixturevalue("_loop")
    return running


def test_the_python_client_works(commands: CliRunner) -> None:
    created = commands.create_account()
    with commands.serving() as server:
        use(python_client(server.address, created["token"]), created["user_id"], server.address)


def test_the_python_client_works_behind_a_tls_proxy(
    commands: CliRunner, tmp_path: Path, loop: EventLoopThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = make_certificate_authority()
    (tmp_path / "authority.pem").write_bytes(authority.pem)
    # How ``requests`` is told to trust a private certificate authority.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    created = commands.create_account()
    with (
        running_tls_proxy(loop, authority.make_server_context(tmp_path, "localhost")) as proxy,
        commands.with_settings(base_url=proxy.address).serving() as server,
    ):
        proxy.upstream_url = server.address
        use(python_client(proxy.address, created["token"]), created["user_id"], proxy.address)


def use(client: Any, user_id: int, address: str) -> None:
    """List, create, edit, approve, invoice and delete entries, like a user's script."""
    assert client.list_entries() == []
    [created] = client.create_entry(
        date=DAY, user_id=user_id, minutes=50, description="Kick-off #planning", project_name="Website relaunch"
    )
    assert (created["url"], created["minutes"]) == (f"{address}/v2/entries/{created['id']}", 60)
    [edited] = client.edit_entry(created["id"], minutes=70, source_url="https://git.northwind.test/c/8f3a")
    assert (edited["minutes"], edited["description"]) == (75, "Kick-off #planning")
    client.mark_as_approved(created["id"], approved_at="2024-05-31T17:00:00Z")
    with pytest.raises(requests.HTTPError, match="400 Client Error"):
        client.edit_entry(created["id"], minutes=5)
    client.mark_as_unapproved([created["id"]])
    [other] = client.create_entry(date=DAY, user_id=str(user_id), minutes=5)
    client.mark_as_approved([created["id"], str(other["id"])])
    client.mark_as_invoiced(created["id"], "2024-06-01")
    client.mark_as_invoiced([created["id"], str(other["id"])], "2024-06-02")
    [shown] = client.get_single_entry(created["id"])
    assert (shown["approved_at"] is None, shown["invoiced_at"]) == (False, "2024-06-02T00:00:00Z")

    # More than one page: the client follows the links, which have the address that it used.
    more = [client.create_entry(date=DAY, user_id=user_id, minutes=5)[0]["id"] for _ in range(31)]
    assert {entry["id"] for entry in client.list_entries()} == {created["id"], other["id"], *more}
    assert len(client.list_entries(invoiced=False, from_=DAY, user_ids=[user_id, 99])) == 31
    assert [entry["id"] for entry in client.list_entries(description="kick", billable=True)] == [created["id"]]
    for id in more:
        client.delete_entry(id)
    assert len(client.list_entries()) == 2

    use_other_resources(client, created)


def use_other_resources(client: Any, entry: dict[str, Any]) -> None:
    """Use the other resources that the client supports, with at least one call of each kind."""
    [tag] = client.create_tags(["planning", "holiday*"])
    assert client.edit_tag(tag["id"], "vacation*")[0]["formatted_name"] == "#vacation*"
    assert [each["name"] for each in client.list_tags(billable=False)] == ["vacation"]
    client.delete_single_tag(tag["id"])

    [project] = client.create_project(name="Support", billable=False, billing_increment=5)
    assert client.edit_project(project["id"], name="Helpdesk")[0]["billing_increment"] == 5
    [group] = client.create_project_group(name="Contoso", project_ids=[project["id"]])
    assert [each["name"] for each in client.list_projects(project_group_ids=[group["id"]])] == ["Helpdesk"]
    client.delete_project_group(group["id"])

    project_id = entry["project"]["id"]
    [expense] = client.create_expense(date=DAY, project_id=project_id, price=49.9, taxable=False)
    assert client.list_expenses(price_from=49.9, taxable=False) == [expense]
    client.merge_project_into_this_project(project_id, project["id"])
    client.delete_expense(expense["id"])
    client.archive_projects([project_id])
    assert client.list_projects(enabled=False)[0]["entries"] == 1

    [user] = client.create_user(email="grace@northwind.test", first_name="Grace", role="coworker")
    [team] = client.create_team(name="Platform", user_ids=[user["id"]])
    assert client.get_users_in_team(team["id"])[0]["teams"][0]["name"] == "Platform"
    client.give_user_access_to_projects(user["id"], [project_id])
    client.delete_team(team["id"])
    client.delete_user(user["id"])
    assert client.get_account_details()[0]["name"] == "northwind"


def python_client(address: str, token: str) -> Any:
    """Return the client of the package ``python-freckle-client``, with the address in its source replaced."""
    original = import_module("noko_client.base_client.base_client")
    source = getsource(original)
    assert source.count(ADDRESS) == 1
    module = ModuleType(original.__name__)
    exec(compile(source.replace(ADDRESS, address), original.__name__, "exec"), module.__dict__)
    client = import_module("noko_client.client").NokoClient(token)
    client.fetch_json = MethodType(module.__dict__["BaseClient"].fetch_json, client)
    return client
