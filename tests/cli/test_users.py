"""``hourhook user password``: the password is prompted for on a terminal, otherwise read from standard input."""

import os
import pty

import pytest
from sqlalchemy import select

from hourhook.domain import passwords
from hourhook.store.schema import users
from hourhook.store.statements import Statement
from hourhook.store.urls import open_database
from tests.support.commands import CliRunner

SET = ("user", "password", "--email", "ada@northwind.test")


def test_the_password_is_read_from_a_line_of_standard_input(hourhook: CliRunner) -> None:
    hourhook.create_account()
    result = hourhook.run(*SET, stdin=b"correct horse\n")

    assert (result.status, result.stdout) == (0, "")
    assert is_password(hourhook, "correct horse")


def test_on_a_terminal_the_password_is_prompted_twice_and_hidden(unconfigured_cli: CliRunner) -> None:
    unconfigured_cli.create_account()
    status, output = answer_prompts(
        unconfigured_cli, *SET, answers=[("Password: ", "correct horse"), ("Repeat the password: ", "correct horse")]
    )

    assert status == 0, output
    assert "correct horse" not in output
    assert is_password(unconfigured_cli, "correct horse")


@pytest.mark.parametrize(
    ("stdin", "message"),
    [
        (b"", "no password was given: write it to standard input as one line"),
        (b"\n", "a password must have 1 to 1024 characters: choose another"),
        (b"\xff\n", "the password on standard input is not valid UTF-8: type it again"),
        (b"x" * 1025, "a password must have 1 to 1024 characters: choose another"),
    ],
)
def test_an_invalid_password_is_rejected(cli_with_account: CliRunner, stdin: bytes, message: str) -> None:
    assert cli_with_account.run(*SET, stdin=stdin).stderr == f"hourhook: {message}\n"


def test_an_unknown_user_is_reported_without_a_password_prompt(cli_with_account: CliRunner) -> None:
    result = cli_with_account.run("user", "password", "--email", "eve@northwind.test")

    assert result.status == 1
    assert "there is no user with the e-mail address 'eve@northwind.test'" in result.stderr


def is_password(runner: CliRunner, password: str) -> bool:
    database = open_database(runner.database_url)
    try:
        return passwords.verify_password(password, database.read_now(lambda tx: tx.value(HASH)))
    finally:
        database.close()


def answer_prompts(runner: CliRunner, *arguments: str, answers: list[tuple[str, str]]) -> tuple[int, str]:
    """Run a command on a terminal and answer its prompts; return its exit status and output."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(runner.folder)
        command = runner.line(*arguments)
        os.execve(command[0], command, runner.environment())
    output = ""
    for prompt, answer in answers:
        while not output.endswith(prompt):
            output += os.read(terminal, 1024).decode()
        os.write(terminal, f"{answer}\n".encode())
    while chunk := read_rest(terminal):
        output += chunk
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), output


def read_rest(terminal: int) -> str:
    try:
        return os.read(terminal, 1024).decode()
    except OSError:  # Linux reports EIO once the command has exited
        return ""


HASH = Statement(select(users.c.password_hash))
