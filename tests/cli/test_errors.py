"""What a user can cause is said in one line, with the status that scripts go by; never with a traceback."""

import fcntl
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.support.commands import CliRunner

OWNER = ("--email", "ada@northwind.test", "--first-name", "Ada", "--last-name", "Byron", "--password", "secret")


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("mysql://root@localhost/x", "is not supported: write sqlite:///path, with three slashes, or postgresql://…"),
        ("sqlite:///", "is not supported: write sqlite:///path, with three slashes, or postgresql://…"),
        ("sqlite:///nowhere/x.db", "the database folder nowhere does not exist: create it, or choose another"),
        ("sqlite:///.", "the database . is a folder: name a file in it"),
        ("sqlite:///:memory:", "an in-memory database is lost with each connection: name a file"),
        ("postgresql://[bad/x", "the database URL cannot be read"),
        ("postgresql://127.0.0.1:1/x", "Connection refused; check that it is reachable and writable, then try again"),
    ],
)
def test_a_url_that_leads_to_no_database_is_said(unconfigured_cli: CliRunner, url: str, complaint: str) -> None:
    check(unconfigured_cli, "token", "list", "--database", url, says=complaint)


def test_the_password_of_a_url_is_not_said(unconfigured_cli: CliRunner) -> None:
    for url in ("mysql://root:hunter2@localhost/x", "postgres:/root:hunter2@localhost/x", "root:hunter2@localhost/x"):
        assert "hunter2" not in unconfigured_cli.run("token", "list", "--database", url).stderr


def test_a_missing_folder_is_said_and_nothing_is_made(unconfigured_cli: CliRunner) -> None:
    for words in (("account", "create", "--name", "northwind", *OWNER), ("serve", "--port", "0"), ("migrate",)):
        check(
            unconfigured_cli,
            *words,
            "--database",
            "sqlite:///nowhere/x.db",
            says="the database folder nowhere does not exist",
        )

    assert [*unconfigured_cli.folder.iterdir()] == []


def test_a_missing_database_is_not_made_by_asking_for_what_is_in_it(unconfigured_cli: CliRunner) -> None:
    check(
        unconfigured_cli,
        "token",
        "list",
        says="there is no database hourhook.db yet: create it and an account with `hourhook account create`",
    )

    assert [*unconfigured_cli.folder.iterdir()] == []


def test_what_is_to_be_typed_is_said_as_a_checkout_has_it(unconfigured_cli: CliRunner) -> None:
    checkout = unconfigured_cli.with_settings(program="./bin/hourhook")

    check(
        checkout, "token", "list", says="hourhook.db yet: create it and an account with `./bin/hourhook account create`"
    )


def test_a_file_that_is_no_database_is_said(unconfigured_cli: CliRunner) -> None:
    (unconfigured_cli.folder / "hourhook.db").write_bytes(b"an old letter " * 100)

    for words in (("token", "list"), ("serve", "--port", "0"), ("account", "create", "--name", "northwind", *OWNER)):
        check(unconfigured_cli, *words, says="file is not a database")


def test_a_database_that_somebody_holds_is_said(unconfigured_cli: CliRunner) -> None:
    unconfigured_cli.create_account()
    with sqlite3.connect(unconfigured_cli.folder / "hourhook.db", isolation_level=None) as holder:
        holder.execute("BEGIN IMMEDIATE")
        check(
            unconfigured_cli,
            "token",
            "create",
            "--email",
            "ada@northwind.test",
            says="database is locked; check that it",
        )
    holder.close()


def test_a_file_that_was_left_empty_is_filled(unconfigured_cli: CliRunner) -> None:
    (unconfigured_cli.folder / "hourhook.db").touch()

    assert unconfigured_cli.create_account()["account_id"] == 1


def test_a_file_that_somebody_has_begun_and_not_filled_is_said(unconfigured_cli: CliRunner) -> None:
    (unconfigured_cli.folder / "hourhook.db").touch()
    owner = os.open(unconfigured_cli.folder / "hourhook.db.lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(owner, fcntl.LOCK_EX)

    check(
        unconfigured_cli,
        "account",
        "create",
        "--name",
        "northwind",
        *OWNER,
        says="is in use by another hourhook process",
    )
    os.close(owner)


@pytest.mark.parametrize("content", [b"", b"\xc3\x28 no text \xff"], ids=["empty", "no text"])
def test_a_broken_key_file_is_said(unconfigured_cli: CliRunner, content: bytes) -> None:
    (unconfigured_cli.folder / "hourhook.db.key").write_bytes(content)

    check(
        unconfigured_cli, "serve", "--port", "0", says="hourhook.db.key is empty or not text: restore it from a backup"
    )


def test_a_key_file_that_is_a_folder_is_said(unconfigured_cli: CliRunner) -> None:
    (unconfigured_cli.folder / "hourhook.db.key").mkdir()

    check(unconfigured_cli, "serve", "--port", "0", says="hourhook.db.key: Is a directory: check the path")


@pytest.mark.parametrize(
    ("setting", "value", "complaint"),
    [
        (
            "retry_base_seconds",
            "-1",
            "HOURHOOK_RETRY_BASE_SECONDS='-1' cannot be used: it must be a number above 0 and below",
        ),
        ("lease_seconds", "5", "HOURHOOK_SEND_TIMEOUT_SECONDS (10) must be at most half of HOURHOOK_LEASE_SECONDS (5)"),
        ("secret_key", "short", "HOURHOOK_SECRET_KEY must have at least 32 characters"),
        ("ca_file", "nowhere.pem", "HOURHOOK_CA_FILE='nowhere.pem' cannot be used: No such file or directory"),
        ("egress_proxy", "nowhere", "HOURHOOK_EGRESS_PROXY cannot be used"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    unconfigured_cli: CliRunner, setting: str, value: str, complaint: str
) -> None:
    check(unconfigured_cli.with_settings(**{setting: value}), "serve", "--port", "0", says=complaint)


@pytest.mark.parametrize(
    ("host", "complaint"),
    [
        ("192.0.2.1", "cannot serve on 192.0.2.1:0: Cannot assign requested address; choose another address"),
        ("", "no host was given"),
    ],
)
def test_an_address_that_is_not_ours_is_said(unconfigured_cli: CliRunner, host: str, complaint: str) -> None:
    check(unconfigured_cli, "serve", "--port", "0", "--host", host, says=complaint)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["srve"], "no such command 'srve' (did you mean 'serve'?); see hourhook --help"),
        (["serve", "--prot", "80"], "(did you mean one of '--host', '--port'?); see hourhook serve --help"),
        (["serve", "--port", "65536"], "'65536' is not a whole number between 0 and 65535; see hourhook serve --help"),
        (["demo", "--port", "http"], "'http' is not a whole number between 0 and 65535; see hourhook demo --help"),
        (["token", "create"], "missing option '--email'; see hourhook token create --help"),
        (["token", "revoke", "99999999999999999999"], "is not a whole number between 1 and 2147483647"),
        (["openapi", "please"], "got unexpected extra argument (please); see hourhook openapi --help"),
    ],
)
def test_a_command_that_is_written_wrongly_is_status_2(
    unconfigured_cli: CliRunner, words: list[str], complaint: str
) -> None:
    check(unconfigured_cli, *words, says=complaint, status=2)


def test_an_argument_that_is_no_text_is_status_2(unconfigured_cli: CliRunner) -> None:
    line: list[str | bytes] = [*unconfigured_cli.line("token", "list", "--database"), b"sqlite:///\xff.db"]
    done = subprocess.run(line, cwd=unconfigured_cli.folder, env=unconfigured_cli.environment(), capture_output=True)

    assert done.returncode == 2
    assert b"is not valid UTF-8: type it again" in done.stderr
    assert done.stderr.count(b"\n") == 1


def test_a_reader_that_leaves_early_is_left_in_peace(cli_with_account: CliRunner) -> None:
    with cli_with_account.start("openapi") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait() == 1
        assert process.stderr.read() == ""


def check(commands: CliRunner, *words: str, says: str, status: int = 1) -> None:
    """Run a command and see it complain."""
    result = commands.run(*words)
    assert says in result.stderr
    assert result.stderr.startswith("hourhook: ")
    assert result.stderr.count("\n") == 1
    assert (result.status, result.stdout) == (status, "")


def test_pages_and_version_are_shown_at_once_and_without_a_database(unconfigured_cli: CliRunner) -> None:
    for words in ((), ("--help",), ("account",), ("serve", "--help"), ("--version",)):
        result = unconfigured_cli.run_fresh(*words)
        assert (result.status, result.stderr) == (0, "")
        assert result.stdout.startswith(("Usage: hourhook", "hourhook 0.")), words
    assert not Path(unconfigured_cli.folder, "hourhook.db").exists()
