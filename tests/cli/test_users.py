"""``hourhook user password``: asked for on a terminal, read from standard input elsewhere."""

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


def test_a_line_of_standard_input_is_the_password(hourhook: CliRunner) -> None:
    hourhook.create_account()
    result = hourhook.run(*SET, stdin=b"correct horse\n")

    assert (result.status, result.stdout) == (0, "")
    assert is_password(hourhook, "correct horse")


def test_on_a_terminal_it_is_asked_for_twice_and_not_shown(unconfigured_cli: CliRunner) -> None:
    unconfigured_cli.create_account()
    status, shown = answer_questions(
        unconfigured_cli, *SET, answers=[("Password: ", "correct horse"), ("Repeat the password: ", "correct horse")]
    )

    assert status == 0, shown
    assert "correct horse" not in shown
    assert is_password(unconfigured_cli, "correct horse")


@pytest.mark.parametrize(
    ("typed", "complaint"),
    [
        (b"", "no password was given: write it to standard input as one line"),
        (b"\n", "a password must have 1 to 1024 characters: choose another"),
        (b"\xff\n", "the password on standard input is not valid UTF-8: type it again"),
        (b"x" * 1025, "a password must have 1 to 1024 characters: choose another"),
    ],
)
def test_what_is_no_password_is_refused(cli_with_account: CliRunner, typed: bytes, complaint: str) -> None:
    assert cli_with_account.run(*SET, stdin=typed).stderr == f"hourhook: {complaint}\n"


def test_nobody_is_asked_for_the_password_of_somebody_unknown(cli_with_account: CliRunner) -> None:
    result = cli_with_account.run("user", "password", "--email", "eve@northwind.test")

    assert result.status == 1
    assert "there is no user with the e-mail address 'eve@northwind.test'" in result.stderr


def is_password(commands: CliRunner, password: str) -> bool:
    database = open_database(commands.database_url)
    try:
        return passwords.verify_password(password, database.read_now(lambda tx: tx.value(HASH)))
    finally:
        database.close()


def answer_questions(commands: CliRunner, *words: str, answers: list[tuple[str, str]]) -> tuple[int, str]:
    """Run a command on a terminal and answer what it asks; returns its exit status and all that was shown."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(commands.folder)
        line = commands.line(*words)
        os.execve(line[0], line, commands.environment())
    shown = ""
    for question, answer in answers:
        while not shown.endswith(question):
            shown += os.read(terminal, 1024).decode()
        os.write(terminal, f"{answer}\n".encode())
    while part := read_rest(terminal):
        shown += part
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown


def read_rest(terminal: int) -> str:
    try:
        return os.read(terminal, 1024).decode()
    except OSError:  # the other side has closed
        return ""


HASH = Statement(select(users.c.password_hash))
