"""``hourhook app``: registered, listed without a secret, and revoked."""

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


def test_an_application_made_beside_a_server_lets_its_users_in_until_it_is_revoked(hourhook: CliRunner) -> None:
    with hourhook.serving() as server:
        hourhook.create_account()
        made = hourhook.run(*CREATE, "--json").json()
        app = App(made["client_id"], made["client_secret"], server.client())
        browser = Browser(server.client())
        assert browser.sign_in("ada@northwind.test", "secret").status == 303
        page = browser.get(app.authorize_url())
        location = browser.submit(page, decision="allow").headers["location"]
        token = app.exchange(location.partition("code=")[2]).json()["access_token"]
        assert is_token_valid(server.client(), token)

        assert listed_tokens(hourhook)[-1].startswith("OAuth: Planner")
        assert hourhook.run("app", "list").stdout.splitlines()[1].endswith("  1")
        assert hourhook.run("app", "revoke", app.client_id).status == 0
        assert not is_token_valid(server.client(), token)

    assert hourhook.run("app", "list").stdout.count("\n") == 1
    assert (
        f"there is no application with the client id '{app.client_id}'"
        in hourhook.run("app", "revoke", app.client_id).stderr
    )


def test_json_is_one_object_with_id_and_secret(unconfigured_cli: CliRunner) -> None:
    unconfigured_cli.create_account()
    made = unconfigured_cli.run(*CREATE, "--json").json()
    public = unconfigured_cli.run(*CREATE, "--public", "--json").json()

    assert [*made] == [*public] == ["client_id", "client_secret"]
    assert len(bytes.fromhex(made["client_secret"])) == 32
    assert public["client_secret"] is None


def test_scopes_may_be_chosen_which_what_is_made_with_a_password_has(hourhook: CliRunner) -> None:
    with hourhook.serving() as server:
        hourhook.create_account()
        made = hourhook.run(*CREATE, "--scope", "project", "--scope", "entry", "--json").json()
        who = BasicAuthClient(server.client(), basic_auth("ada@northwind.test", "secret"))

        assert who.post("/authorizations/northwind", made).json()["scopes"] == ["project", "entry"]
        assert listed_tokens(hourhook)[-1].startswith("OAuth: Planner")
    complaint = hourhook.run(*CREATE, "--scope", "everything").stderr
    assert "there is no scope 'everything': choose from current_user, " in complaint


def test_for_people_id_and_secret_stand_on_lines_of_their_own(unconfigured_cli: CliRunner) -> None:
    unconfigured_cli.create_account()
    confidential, public = unconfigured_cli.run(*CREATE), unconfigured_cli.run(*CREATE, "--public")

    assert [line.split()[0] for line in confidential.stdout.splitlines()] == ["client_id", "client_secret"]
    assert [line.split()[0] for line in public.stdout.splitlines()] == ["client_id"]
    assert (confidential.stderr, public.stderr) == ("", "")


def test_the_list_says_all_of_an_application_but_its_secret(hourhook: CliRunner) -> None:
    hourhook.create_account()
    made = hourhook.run(*CREATE, "--json").json()
    hourhook.run(*CREATE, "--public")
    output = hourhook.run("app", "list").stdout

    head, *rows = output.splitlines()
    assert head.split() == ["client", "id", "name", "kind", "site", "callback", "created", "authorizations"]
    assert [row.split()[2] for row in rows] == ["confidential", "public"]
    assert rows[0].split()[:2] == [made["client_id"], "Planner"]
    assert rows[0].split()[3:5] == ["https://planner.test", "https://planner.test/cb"]
    assert made["client_secret"] not in output


@pytest.mark.parametrize(
    ("option", "value", "complaint"),
    [
        ("--name", "", "1 to 100 characters"),
        ("--name", "x" * 101, "1 to 100 characters"),
        ("--name", "a\nb", "1 to 100 characters"),
        ("--site", "planner.test", "cannot be the site URL"),
        ("--site", "javascript:alert(1)", "cannot be the site URL"),
        ("--callback", "/cb", "cannot be the callback URL"),
        ("--callback", "planner://cb", "cannot be the callback URL"),
        ("--callback", "https://planner.test/cb#a", "cannot be the callback URL"),
        ("--callback", "https://me@planner.test/cb", "cannot be the callback URL"),
        ("--callback", "https://plänner.test/cb", "cannot be the callback URL"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_do(
    cli_with_account: CliRunner, option: str, value: str, complaint: str
) -> None:
    words = [*CREATE]
    words[words.index(option) + 1] = value
    result = cli_with_account.run(*words)

    assert (result.status, result.stdout) == (1, "")
    assert complaint in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("client_id", ["nobody", "0" * 32, "ü"])
def test_an_unknown_application_is_a_line_that_says_so(cli_with_account: CliRunner, client_id: str) -> None:
    result = cli_with_account.run("app", "revoke", client_id)

    assert result.status == 1
    assert "list them with `hourhook app list`" in result.stderr


def listed_tokens(commands: CliRunner) -> list[str]:
    """The rows of the list of tokens, from the name on."""
    return [row.split(maxsplit=1)[1] for row in commands.run("token", "list").stdout.splitlines()[1:]]
