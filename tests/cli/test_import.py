"""``hourhook import --from``: one server into another, through the API alone."""

import json
from pathlib import Path
from typing import Any

import pytest

from hourhook.errors import OperatorError
from hourhook.settings import RateLimit
from tests.conftest import MakeServer
from tests.support.accounts import Account
from tests.support.commands import CliRunner
from tests.support.factories import make_entry, make_project
from tests.support.imports import InterruptedTerminal, fill_account, import_account, make_target, read_lists
from tests.support.public_service import PublicService, running_public_service


def test_every_list_of_an_imported_account_is_equal(account: Account) -> None:
    fill_account(account)
    target = make_target(account)
    terminal = InterruptedTerminal()

    import_account(account.base_url, account.owner.token, target, terminal=terminal)

    expected, found = read_lists(account), read_lists(target)
    for name in expected:
        assert found[name] == expected[name], name
    assert [*found] == [*expected]
    assert target.owner.client.get("/v2/events").json() == []
    assert "Skipped" not in terminal.output.getvalue()


def test_an_import_that_is_interrupted_ten_times_makes_nothing_twice(account: Account) -> None:
    fill_account(account)
    target = make_target(account)
    for number in range(10):
        with pytest.raises(KeyboardInterrupt):
            import_account(account.base_url, account.owner.token, target, terminal=InterruptedTerminal(2 * number + 1))

    import_account(account.base_url, account.owner.token, target)

    assert read_lists(target) == read_lists(account)


def test_a_repeated_import_brings_only_what_is_new(account: Account) -> None:
    make_entry(account.leader, "First")
    target = make_target(account)
    import_account(account.base_url, account.owner.token, target)
    deleted = target.owner.client.get("/v2/entries").json()[0]["id"]
    make_entry(account.leader, "Second")
    assert target.owner.client.delete(f"/v2/entries/{deleted}").status == 204

    with pytest.raises(OperatorError, match="the sides differ in entries"):
        import_account(account.base_url, account.owner.token, target)

    assert [entry["description"] for entry in target.owner.client.get("/v2/entries").json()] == ["Second"]


def test_two_imports_of_one_source_at_once_make_nothing_twice(account: Account) -> None:
    fill_account(account)
    target = make_target(account)
    requests = []

    def run_another(_: float) -> None:
        requests.append(1)
        # Once the first import has read what was imported before.
        if len(requests) == 2:
            import_account(account.base_url, account.owner.token, target)

    with pytest.raises(OperatorError, match="another import of the same source is running"):
        import_account(account.base_url, account.owner.token, target, on_sleep=run_another)

    assert read_lists(target) == read_lists(account)


def test_a_dry_run_changes_nothing(account: Account) -> None:
    fill_account(account)
    target = make_target(account)
    before = read_lists(target)

    import_account(account.base_url, account.owner.token, target, is_dry_run=True)

    assert read_lists(target) == before


def test_events_are_raised_on_request(account: Account) -> None:
    fill_account(account)
    target = make_target(account)

    import_account(account.base_url, account.owner.token, target, raises_events=True)

    events = target.owner.client.get("/v2/events", {"limit": 1000}).json()
    created = {event["type"] for event in events}
    assert {f"{kind}.created" for kind in ("user", "team", "project", "tag", "entry", "expense", "invoice")} <= created
    invoiced = [event for event in events if event["type"] == "entry.updated.invoiced"]
    assert len(invoiced) == 3
    assert read_lists(target) == read_lists(account)


def test_what_exists_here_under_the_same_name_is_used(account: Account, other_account: Account) -> None:
    make_entry(account.leader, "#zebra", project_id=make_project(account, "Harbour map")["id"])
    project = make_project(other_account, "HARBOUR MAP", billing_increment=60)

    import_account(account.base_url, account.owner.token, other_account)

    [entry] = other_account.owner.client.get("/v2/entries").json()
    assert (entry["project"]["id"], entry["minutes"]) == (project["id"], 60)
    assert len(other_account.owner.client.get("/v2/projects").json()) == 1


def test_a_token_brings_what_it_may_see(account: Account) -> None:
    fill_account(account)
    target = make_target(account)
    terminal = InterruptedTerminal()

    with pytest.raises(OperatorError, match="lists that were not read"):
        import_account(account.base_url, account.coworker.token, target, terminal=terminal)

    assert "Not read: /v2/invoices was refused with 403: Forbidden" in terminal.output.getvalue()
    assert target.owner.client.get("/v2/invoices").json() == []


def test_the_rate_limit_of_the_source_is_respected(account: Account, make_server: MakeServer) -> None:
    limited = make_server(rate_limit=RateLimit(0.0001, 3))
    target = make_target(account)
    slept: list[float] = []
    terminal = InterruptedTerminal()

    with pytest.raises(OperatorError, match="answered 429: repeat the command later; it continues where it was"):
        import_account(limited.base_url, account.owner.token, target, terminal=terminal, on_sleep=slept.append)

    waits = [seconds for seconds in slept if seconds >= 0.5]
    assert waits[-7:] == [1, 2, 4, 8, 16, 32, 60]
    assert "answered 429; the next attempt is in 1 s" in terminal.output.getvalue()


def test_a_connection_that_breaks_is_tried_again(account: Account) -> None:
    with pytest.raises(OperatorError, match=r"cannot be reached .*: repeat the command later"):
        import_account("http://127.0.0.1:1", "token", account)


def test_the_own_account_cannot_be_imported(account: Account) -> None:
    with pytest.raises(OperatorError, match="the account into which to import"):
        import_account(account.base_url, account.owner.token, account)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ((), 2, "give either --from, with --token, or --csv, with --format"),
        (("--from", "http://127.0.0.1:1"), 2, "--from needs --token"),
        (("--csv", "x.csv"), 2, "--csv needs --format"),
        (("--from", "ftp://x", "--token", "x"), 1, "--from 'ftp://x' is not an absolute http or https URI"),
        (("--csv", "none.csv", "--format", "toggl"), 1, "none.csv: No such file or directory"),
        (("--from", "http://127.0.0.1:1", "--token", "x", "--account", "no"), 1, "there is no account named 'no'"),
    ],
)
def test_what_cannot_work_is_one_line(
    cli_with_account: CliRunner, arguments: tuple[str, ...], status: int, message: str
) -> None:
    result = cli_with_account.run("import", *arguments)

    assert (result.status, result.stderr.count("\n")) == (status, 1)
    assert result.stderr.startswith(f"hourhook: {message}")


def test_the_command_ends_with_a_table_and_a_recount(hourhook: CliRunner, account: Account, database_url: str) -> None:
    fill_account(account)
    target = make_target(account)
    arguments = ("--from", account.base_url, "--token", "-", "--account", target.name)

    result = hourhook.run("import", *arguments, stdin=account.owner.token.encode())
    wrong = hourhook.run("import", *arguments, stdin=b"wrong")

    assert result.status == 0, result.stderr
    rows: dict[str, Any] = {line.split("  ")[0]: line.split() for line in result.stdout.splitlines() if line}
    assert rows["entries"][-1] == "equal"
    assert rows["invoices"][-1] == "equal"
    assert wrong.stderr == f"hourhook: {account.base_url} does not know this token: check --token\n"


def test_what_the_public_service_answers_is_imported(account: Account) -> None:
    target = make_target(account)
    lists = json.loads(Path(__file__).with_name("public_service.json").read_text())
    terminal = InterruptedTerminal()
    slept: list[float] = []
    with running_public_service(PublicService(lists)) as service:
        service.broken = [None, 429, 503]
        import_account(f"{service.url}/v2/", "token", target, terminal=terminal, on_sleep=slept.append)
        import_account(service.url, "token", target, on_sleep=slept.append)
    client = target.owner.client

    assert "answered 429; the next attempt is in 3 s" in terminal.output.getvalue()
    # At the public rate of two requests per second, whatever the answers.
    assert len([seconds for seconds in slept if 0.4 < seconds <= 0.5]) >= 10
    entries = client.get("/v2/entries").json()
    assert [entry["minutes"] for entry in entries] == [entry["minutes"] for entry in lists["/v2/entries"]]
    [invoice] = client.get("/v2/invoices").json()
    [expected] = lists["/v2/invoices"]
    same = (
        "state",
        "reference",
        "payment",
        "payment_transactions",
        "total_amount",
        "taxable_amount",
        "company_details",
    )
    assert {key: invoice[key] for key in same} == {key: expected[key] for key in same}
    assert (invoice["entries"], invoice["expenses"]) == (1, 1)
    assert invoice["rate_calculation"]["custom_hourly_rates"][0]["hourly_rate"] == 95.5
    assert [project["name"] for project in client.get("/v2/projects").json()] == ["Website relaunch"]


def test_what_cannot_be_taken_over_is_skipped_and_told(account: Account) -> None:
    target = make_target(account)
    lists = json.loads(Path(__file__).with_name("public_service.json").read_text())
    [entry, other], [invoice] = lists["/v2/entries"], lists["/v2/invoices"]
    entry["minutes"] = "many"
    other["description"] = "a\u0000b"
    lists["/v2/users"].append({"id": 9, "email": "nobody", "role": "leader", "state": "active"})
    lists["/v2/tags"].append({"id": 8, "name": "two words"})
    lists["/v2/project_groups"] *= 2
    [expense] = lists["/v2/expenses"]
    lists["/v2/expenses"] += [{**expense, "id": 6078, "price": "NaN"}, {**expense, "id": 6079, "price": "1E+999999999"}]
    expense["price"] = 0.001
    invoice["customization"]["currency_code"] = "XXX"
    del lists["/v2/teams"]
    public_service = PublicService(lists)
    public_service.endless = "/v2/project_groups"
    terminal = InterruptedTerminal()
    with (
        running_public_service(public_service) as service,
        pytest.raises(OperatorError, match="the sides differ"),
    ):
        import_account(service.url, "token", target, terminal=terminal)

    told = [line for line in terminal.output.getvalue().splitlines() if line.startswith(("Skipped", "Not read"))]
    assert told == [
        "Skipped user 9: 'nobody' is not an e-mail address",
        "Skipped tag 8: 'two words' cannot be the name of a tag here",
        "Skipped entry 914420: it is not as the API documents it: Expected `int`, got `str` - at `$.minutes`",
        f"Skipped entry {other['id']}: it contains the character U+0000, which cannot be stored",
        "Skipped expense 6077: 0.001 has too many digits after the decimal point",
        "Skipped expense 6078: NaN is not an amount that can be stored",
        "Skipped expense 6079: 1E+999999999 is not an amount that can be stored",
        "Skipped invoice 5150: its currency 'XXX' does not exist here",
        "Not read: /v2/teams was refused with 404",
        "Not read: /v2/project_groups leads from one of its pages back to an earlier one",
    ]


def test_a_running_server_counts_pages_anew_after_an_import(account: Account) -> None:
    target = make_target(account)
    for count in (2, 3):
        while len(account.owner.client.get("/v2/entries").json()) < count:
            make_entry(account.owner)
        import_account(account.base_url, account.owner.token, target)

        assert f"page={count}&" in target.owner.client.get("/v2/entries", {"per_page": 1}).links["last"]
