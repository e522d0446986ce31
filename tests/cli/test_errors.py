"""Errors that a user can cause: one line on stderr, an exit status for scripts, and no traceback."""

import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

from hourhook.cli import main
from tests.support.commands import CliRunner

GROUP_COMMANDS = [
    f"{name} {command}" for name, group in main.commands.items() for command in getattr(group, "commands", ())
]
OWNER = ("--email", "ada@northwind.test", "--first-name", "Ada", "--last-name", "Byron", "--password", "secret")


@pytest.mark.parametrize(
    ("url", "message"),
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
def test_an_unusable_database_url_is_reported(unconfigured_cli: CliRunner, url: str, message: str) -> None:
    for command in (["token", "list"], ["serve", "--port", "0"]):
        check_failure(unconfigured_cli, *command, "--database", url, message=message)


def test_a_command_for_one_kind_of_database_reports_a_wrong_url(unconfigured_cli: CliRunner) -> None:
    for command in (["worker"], ["backup", "copy.db"]):
        check_failure(
            unconfigured_cli, *command, "--database", "mysql://h/x", message="the database URL is not supported"
        )


def test_the_password_in_a_database_url_is_not_printed(unconfigured_cli: CliRunner) -> None:
    for url in ("mysql://root:hunter2@localhost/x", "postgres:/root:hunter2@localhost/x", "root:hunter2@localhost/x"):
        for command in (["token", "list"], ["serve", "--port", "0"], ["worker"]):
            assert "hunter2" not in unconfigured_cli.run(*command, "--database", url).stderr


def test_a_password_in_a_misplaced_url_is_not_printed(unconfigured_cli: CliRunner) -> None:
    for url in (
        "postgresql://root:hunter2@h/x",
        "postgresql://root:2/@hunter2@h/x",
        "postgresql://h/x?password=hunter2",
    ):
        result = unconfigured_cli.run("migrate", url)
        assert (result.status, "hunter2" in result.stderr) == (2, False)
    for setting in ("base_url", "allowed_origins", "egress_proxy", "smtp_url"):
        result = unconfigured_cli.with_settings(**{setting: "ftp://root:hunter2@h"}).run("serve", "--port", "0")
        assert (result.status, "hunter2" in result.stderr) == (1, False), setting


def test_a_missing_database_folder_is_reported_and_not_created(unconfigured_cli: CliRunner) -> None:
    for arguments in (("account", "create", "--name", "northwind", *OWNER), ("serve", "--port", "0"), ("migrate",)):
        check_failure(
            unconfigured_cli,
            *arguments,
            "--database",
            "sqlite:///nowhere/x.db",
            message="the database folder nowhere does not exist",
        )

    assert [*unconfigured_cli.folder.iterdir()] == []


def test_a_command_that_only_reads_does_not_create_the_database(unconfigured_cli: CliRunner) -> None:
    check_failure(
        unconfigured_cli,
        "token",
        "list",
        message="there is no database hourhook.db yet: create it and an account with `hourhook account create`",
    )

    assert [*unconfigured_cli.folder.iterdir()] == []


def test_a_command_in_a_message_starts_with_the_program_that_was_run(unconfigured_cli: CliRunner) -> None:
    checkout = unconfigured_cli.with_settings(program="./bin/hourhook")

    check_failure(
        checkout,
        "token",
        "list",
        message="hourhook.db yet: create it and an account with `./bin/hourhook account create`",
    )
    check_failure(checkout, "serve", "--prt", "1", message="see ./bin/hourhook serve --help", status=2)
    check_failure(checkout, "worker", message="`./bin/hourhook serve` delivers by itself")
    assert "`./bin/hourhook account create`" in checkout.run("check").stdout


def test_a_program_with_a_space_in_its_path_is_quoted(unconfigured_cli: CliRunner) -> None:
    checkout = unconfigured_cli.with_settings(program="/srv/my tools/bin/hourhook")

    check_failure(checkout, "token", "list", message="with `'/srv/my tools/bin/hourhook' account create`")


@pytest.mark.parametrize("command", ["", *main.commands, *GROUP_COMMANDS])
def test_help_fits_eighty_columns(command: str) -> None:
    words = command.split()
    found: Any = main
    context = click.Context(main, info_name="hourhook", terminal_width=80)
    for word in words:
        found = found.commands[word]
        context = click.Context(found, info_name=word, parent=context, terminal_width=80)

    assert [line for line in found.get_help(context).splitlines() if len(line) > 80] == []


def test_a_file_that_is_not_a_database_is_reported(unconfigured_cli: CliRunner) -> None:
    (unconfigured_cli.folder / "hourhook.db").write_bytes(b"not a database " * 100)

    for arguments in (
        ("token", "list"),
        ("serve", "--port", "0"),
        ("account", "create", "--name", "northwind", *OWNER),
    ):
        check_failure(unconfigured_cli, *arguments, message="file is not a database")


def test_a_locked_database_is_reported(unconfigured_cli: CliRunner) -> None:
    unconfigured_cli.create_account()
    with sqlite3.connect(unconfigured_cli.folder / "hourhook.db", isolation_level=None) as holder:
        holder.execute("BEGIN IMMEDIATE")
        check_failure(
            unconfigured_cli,
            "token",
            "create",
            "--email",
            "ada@northwind.test",
            message="database is locked; check that it",
        )
    holder.close()


def test_an_empty_database_file_is_filled(unconfigured_cli: CliRunner) -> None:
    (unconfigured_cli.folder / "hourhook.db").touch()

    assert unconfigured_cli.create_account()["account_id"] == 1


def test_an_empty_database_file_locked_by_another_process_is_reported(unconfigured_cli: CliRunner) -> None:
    (unconfigured_cli.folder / "hourhook.db").touch()
    owner = os.open(unconfigured_cli.folder / "hourhook.db.lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(owner, fcntl.LOCK_EX)

    check_failure(
        unconfigured_cli,
        "account",
        "create",
        "--name",
        "northwind",
        *OWNER,
        message="is in use by another hourhook process",
    )
    os.close(owner)


@pytest.mark.parametrize("content", [b"", b"\xc3\x28 no text \xff"], ids=["empty", "no text"])
def test_an_invalid_key_file_is_reported(unconfigured_cli: CliRunner, content: bytes) -> None:
    (unconfigured_cli.folder / "hourhook.db.key").write_bytes(content)

    check_failure(
        unconfigured_cli,
        "serve",
        "--port",
        "0",
        message="hourhook.db.key is empty or not text: restore it from a backup",
    )


def test_a_key_file_that_is_a_folder_is_reported(unconfigured_cli: CliRunner) -> None:
    (unconfigured_cli.folder / "hourhook.db.key").mkdir()

    check_failure(unconfigured_cli, "serve", "--port", "0", message="hourhook.db.key: Is a directory: check the path")


@pytest.mark.parametrize(
    ("setting", "value", "message"),
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
def test_an_invalid_setting_is_reported_by_name(
    unconfigured_cli: CliRunner, setting: str, value: str, message: str
) -> None:
    check_failure(unconfigured_cli.with_settings(**{setting: value}), "serve", "--port", "0", message=message)


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ("192.0.2.1", "cannot serve on 192.0.2.1:0: Cannot assign requested address; choose another address"),
        ("", "no host was given"),
    ],
)
def test_an_unusable_host_is_reported(unconfigured_cli: CliRunner, host: str, message: str) -> None:
    check_failure(unconfigured_cli, "serve", "--port", "0", "--host", host, message=message)


@pytest.mark.parametrize(
    ("arguments", "message"),
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
def test_a_usage_error_exits_with_status_2(unconfigured_cli: CliRunner, arguments: list[str], message: str) -> None:
    check_failure(unconfigured_cli, *arguments, message=message, status=2)


def test_an_argument_that_is_not_utf8_exits_with_status_2(unconfigured_cli: CliRunner) -> None:
    command: list[str | bytes] = [*unconfigured_cli.line("token", "list", "--database"), b"sqlite:///\xff.db"]
    completed = subprocess.run(
        command, cwd=unconfigured_cli.folder, env=unconfigured_cli.environment(), capture_output=True
    )

    assert completed.returncode == 2
    assert b"is not valid UTF-8: type it again" in completed.stderr
    assert completed.stderr.count(b"\n") == 1


def test_a_closed_output_pipe_causes_no_error_message(cli_with_account: CliRunner) -> None:
    with cli_with_account.start("openapi") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait() == 1
        assert process.stderr.read() == ""


def check_failure(runner: CliRunner, *arguments: str, message: str, status: int = 1) -> None:
    """Run a command; check that it fails with a one-line message on stderr and prints nothing else."""
    result = runner.run(*arguments)
    assert message in result.stderr
    assert result.stderr.startswith("hourhook: ")
    assert result.stderr.count("\n") == 1
    assert (result.status, result.stdout) == (status, "")


def test_help_and_version_are_shown_without_a_database(unconfigured_cli: CliRunner) -> None:
    for arguments in ((), ("--help",), ("account",), ("serve", "--help"), ("--version",)):
        result = unconfigured_cli.run_fresh(*arguments)
        assert (result.status, result.stderr) == (0, "")
        assert result.stdout.startswith(("Usage: hourhook", "hourhook 0.")), arguments
    assert not Path(unconfigured_cli.folder, "hourhook.db").exists()


def test_an_interrupt_while_python_starts_ends_the_process_without_a_traceback() -> None:
    def interrupt() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        os.kill(os.getpid(), signal.SIGINT)

    command = [sys.executable, "-m", "hourhook", "--version"]
    done = subprocess.run(command, preexec_fn=interrupt, capture_output=True, text=True)

    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")
