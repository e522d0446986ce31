"""``hourhook invoice set``: change the state of an invoice while a server runs."""

import pytest

from tests.support.commands import CliRunner


def test_an_invoice_state_that_is_set_applies_to_a_running_server(hourhook: CliRunner) -> None:
    with hourhook.serving() as server:
        client = server.client(hourhook.create_account()["token"])
        invoice = client.post("/v2/invoices", {"invoice_date": "2024-06-01"}).json()
        arguments = ("invoice", "set", "--account", "NorthWind", "--invoice", str(invoice["id"]))

        result = hourhook.run(*arguments, "in_progress")

        assert (result.status, result.stdout, result.stderr) == (
            0,
            "",
            f"Invoice {invoice['id']} is now in_progress.\n",
        )
        assert client.get(invoice["url"]).json()["state"] == "in_progress"
        assert client.put(invoice["url"], {"footer": "Thanks"}).codes == [("base", "locked")]
        assert hourhook.run(*arguments, "unpaid").status == 0
        assert client.put(invoice["url"], {"footer": "Thanks"}).status == 200


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("--account", "northwind", "--invoice", "5150", "paid"), 1, "the account has no invoice with the id 5150"),
        (("--account", "southwind", "--invoice", "5150", "paid"), 1, "there is no account named 'southwind'"),
        (("--account", "northwind", "--invoice", "5150", "lost"), 2, "'lost' is not one of"),
        (("--account", "northwind", "--invoice", "0", "paid"), 2, "'0' is not a whole number between 1 and 2147483647"),
        (("--account", "northwind", "paid"), 2, "missing option '--invoice'"),
    ],
)
def test_invoice_set_rejects_invalid_arguments(
    cli_with_account: CliRunner, arguments: tuple[str, ...], status: int, message: str
) -> None:
    result = cli_with_account.run("invoice", "set", *arguments)

    assert (result.status, result.stdout) == (status, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
