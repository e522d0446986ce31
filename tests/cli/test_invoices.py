"""``hourhook invoice set``: what the API refuses or shows afterwards, beside a running server."""

import pytest

from tests.support.commands import CliRunner


def test_the_state_that_is_set_holds_for_a_running_server(hourhook: CliRunner) -> None:
    with hourhook.serving() as server:
        client = server.client(hourhook.create_account()["token"])
        made = client.post("/v2/invoices", {"invoice_date": "2024-06-01"}).json()
        words = ("invoice", "set", "--account", "NorthWind", "--invoice", str(made["id"]))

        done = hourhook.run(*words, "in_progress")

        assert (done.status, done.stdout, done.stderr) == (0, "", f"Invoice {made['id']} is now in_progress.\n")
        assert client.get(made["url"]).json()["state"] == "in_progress"
        assert client.put(made["url"], {"footer": "Thanks"}).codes == [("base", "locked")]
        assert hourhook.run(*words, "unpaid").status == 0
        assert client.put(made["url"], {"footer": "Thanks"}).status == 200


@pytest.mark.parametrize(
    ("words", "status", "complaint"),
    [
        (("--account", "northwind", "--invoice", "5150", "paid"), 1, "the account has no invoice with the id 5150"),
        (("--account", "southwind", "--invoice", "5150", "paid"), 1, "there is no account named 'southwind'"),
        (("--account", "northwind", "--invoice", "5150", "lost"), 2, "'lost' is not one of"),
        (("--account", "northwind", "--invoice", "0", "paid"), 2, "'0' is not a whole number between 1 and 2147483647"),
        (("--account", "northwind", "paid"), 2, "missing option '--invoice'"),
    ],
)
def test_what_cannot_be_set_is_refused(
    cli_with_account: CliRunner, words: tuple[str, ...], status: int, complaint: str
) -> None:
    done = cli_with_account.run("invoice", "set", *words)

    assert (done.status, done.stdout) == (status, "")
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1
