"""``hourhook user set``."""

import pytest

from tests.support.commands import CliRunner

SET = ("user", "set", "--email", "ada@northwind.test")


def test_the_time_zone_of_a_user_applies_to_a_running_server(hourhook: CliRunner) -> None:
    with hourhook.serving() as server:
        client = server.client(hourhook.create_account()["token"])

        result = hourhook.run("user", "set", "--email", "ADA@northwind.test", "--time-zone", "asia/kathmandu")

        assert (result.status, result.stdout) == (0, "")
        assert result.stderr == "The time zone of ADA@northwind.test is Asia/Kathmandu.\n"
        assert client.get("/v2/current_user").json()["utc_offset"] == 20_700
        assert hourhook.run(*SET, "--time-zone", "-03:30", "--json").json() == {"id": 1, "time_zone": "-03:30"}
        assert client.get("/v2/current_user").json()["utc_offset"] == -12_600


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ((*SET, "--time-zone", "Mars/Olympus"), 2, "write an IANA name such as Europe/Berlin, or an offset such as"),
        (SET, 2, "missing option '--time-zone'"),
        (("user", "set", "--email", "eve@northwind.test", "--time-zone", "UTC"), 1, "there is no user with the e-mail"),
    ],
)
def test_what_cannot_be_set_is_refused_with_advice(
    cli_with_account: CliRunner, arguments: tuple[str, ...], status: int, message: str
) -> None:
    result = cli_with_account.run(*arguments)

    assert result.status == status
    assert message in result.stderr
