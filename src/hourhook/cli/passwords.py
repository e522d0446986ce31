"""Read a password: prompted for twice on a terminal, otherwise one line of standard input."""

import sys

import click

from hourhook.errors import OperatorError


def read_password(*, may_prompt: bool = True) -> str:
    """Read a password; ``may_prompt`` prompts for it if standard input is a terminal. Raises ``OperatorError``."""
    if may_prompt and sys.stdin is not None and sys.stdin.isatty():
        password: str = click.prompt("Password", hide_input=True, confirmation_prompt="Repeat the password", err=True)
        return password
    line = b"" if sys.stdin is None else sys.stdin.buffer.readline()
    if not line:
        raise OperatorError("no password was given: write it to standard input as one line")
    try:
        return line.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise OperatorError("the password on standard input is not valid UTF-8: type it again") from None
