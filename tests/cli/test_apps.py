"""``hourhook app``: register, list and revoke OAuth applications."""

import pytest

from tests.support.browsers import Browser
from tests.support.clients import basic_auth
from tests.support.commands import CliRunner
from tests.support.oauth_clients import App, BasicAuthClient, is_token_valid

CREATE = (
    "app",
    "create",
    "--name",
    "Planner",
    "--site",
    "https://planner.test",
    "--callback",
    "https://planner.test/cb",
)


def test_a_new_application_can_sign_users_in_until_it_is_revoked(hourhook: CliRunner) -> None:
    with hourhook.serving() as server:
        hourhook.create_account()
        created = hourhook.run(*CREATE, "--json").json()
        app = App(created["client_id"], created["client_secret"], server.client())
        browser = Browser(server.client())
        assert browser.sign_in("ada@northwind.test", "secret").status == 303
        page = browser.get(app.authorize_url())
        location = browser.submit(page, decision="allow").headers["location"]
        token = app.exchange(location.partition("code=")[2]).json()["access_token"]
        assert is_token_valid(server.client(), token)

        assert list_tokens(hourhook)[-1].startswith("OAuth: Planner")
        assert hourhook.run("app", "list").stdout.splitlines()[1].endswith("  1")
        assert hourhook.run("app", "revoke", app.client_id).status == 0
        assert not is_token_valid(server.client(), token)

    assert hourhook.run("app", "list").stdout.count("\n") == 1
    assert (
        f"there is no application with the client id '{app.client_id}'"
        in hourhook.run("app", "revoke", app.client_id).stderr
    )


def test_app_create_with_json_prints_client_id_and_secret(unconfigured_cli: CliRunner) -> None:
    unconfigured_cli.create_account()
    created = unconfigured_cli.run(*CREATE, "--json").json()
    public = unconfigured_cli.run(*CREATE, "--public", "--json").json()

    assert [*created] == [*public] == ["client_id", "client_secret"]
    assert len(bytes.fromhex(created["client_secret"])) == 32
    assert public["client_secret"] is None


def test_a_token_created_with_a_password_has_the_scopes_of_its_application(hourhook: CliRunner) -> None:
    with hourhook.serving() as server:
        hourhook.create_account()
        created = hourhook.run(*CREATE, "--scope", "project", "--scope", "entry", "--json").json()
        user = BasicAuthClient(server.client(), basic_auth("ada@northwind.test", "secret"))

        assert user.post("/authorizations/northwind", created).json()["scopes"] == ["project", "entry"]
        assert list_tokens(hourhook)[-1].startswith("OAuth: Planner")
    message = hourhook.run(*CREATE, "--scope", "everything").stderr
    assert "there is no scope 'everything': choose from current_user, " in message


def test_app_create_prints_client_id_and_secret_on_separate_lines(unconfigured_cli: CliRunner) -> None:
    unconfigured_cli.create_account()
    confidential, public = unconfigured_cli.run(*CREATE), unconfigured_cli.run(*CREATE, "--public")

    assert [line.split()[0] for line in confidential.stdout.splitlines()] == ["client_id", "client_secret"]
    assert [line.split()[0] for line in public.stdout.splitlines()] == ["client_id"]
    assert (confidential.stderr, public.stderr) == ("", "")


def test_app_list_shows_applications_without_their_secrets(hourhook: CliRunner) -> None:
    hourhook.create_account()
    created = hourhook.run(*CREATE, "--json").json()
    hourhook.run(*CREATE, "--public")
    output = hourhook.run("app", "list").stdout

    header, *rows = output.splitlines()
    assert header.split() == [
        "client",
        "id",
        "name",
        "kind",
        "account",
        "site",
        "callback",
        "created",
        "authorizations",
    ]
    assert [row.split()[2] for row in rows] == ["confidential", "public"]
    assert rows[0].split()[:2] == [created["client_id"], "Planner"]
    assert rows[0].split()[3:6] == ["all", "https://planner.test", "https://planner.test/cb"]
    assert created["client_secret"] not in output


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--name", "", "1 to 100 characters"),
        ("--name", "x" * 101, "1 to 100 characters"),
        ("--name", "a\nb", "1 to 100 characters"),
        ("--site", "planner.test", "cannot be the site URL"),
        ("--site", "javascript:alert(1)", "cannot be the site URL"),
        ("--callback", "/cb", "cannot be the callback URL"),
        ("--callback", "planner://cb", "cannot be the callback URL"),
        ("--callback", "com.example.planner:/cb", "of a confidential application"),
        ("--site", "com.example.planner:/", "cannot be the site URL"),
        ("--callback", "https://planner.test/cb#a", "cannot be the callback URL"),
        ("--callback", "https://me@planner.test/cb", "cannot be the callback URL"),
        ("--callback", "https://plänner.test/cb", "cannot be the callback URL"),
    ],
)
def test_app_create_rejects_an_invalid_name_or_url(
    cli_with_account: CliRunner, option: str, value: str, message: str
) -> None:
    arguments = [*CREATE]
    arguments[arguments.index(option) + 1] = value
    result = cli_with_account.run(*arguments)

    assert (result.status, result.stdout) == (1, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("client_id", ["unknown", "0" * 32, "ü"])
def test_app_revoke_reports_an_unknown_client_id(cli_with_account: CliRunner, client_id: str) -> None:
    result = cli_with_account.run("app", "revoke", client_id)

    assert result.status == 1
    assert "list them with `hourhook app list`" in result.stderr


def list_tokens(runner: CliRunner) -> list[str]:
    """Return the rows of ``hourhook token list``, from the name on."""
    return [row.split(maxsplit=1)[1] for row in runner.run("token", "list").stdout.splitlines()[1:]]
