"""The programs that verify signatures, as the page of a new webhook shows them, run by their interpreters."""

import hashlib
import hmac
import http.client
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest

from hourhook.web.webhooks import creating
from tests.support.servers import free_socket

SECRET = "whsec_dGhlIGtleSBvZiB0aGUgdGVzdHM"
BODY = '{"type":"entry.created","object":{"description":"Überfahrt"}}'.encode()
# Go compiles the program and what it imports.
START_SECONDS = 120
# The command that runs a program of a language, where its interpreter is installed, and what else it needs.
COMMANDS = {
    "Python": ([sys.executable], ()),
    "Ruby": (["ruby"], ()),
    "Node": (["node"], ()),
    "PHP": (["php", "-S", "127.0.0.1:{port}"], ()),
    "Go": (["go", "run"], ()),
    "Shell": (["bash"], ("socat", "openssl")),
}


@pytest.mark.parametrize("language", [name for name, _ in creating.LANGUAGES])
def test_a_program_accepts_right_signatures_and_no_others(language: str, tmp_path: Path) -> None:
    command, needed = COMMANDS[language]
    missing = [name for name in (command[0], *needed) if shutil.which(name) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    file = dict(creating.LANGUAGES)[language]
    program = tmp_path / file.replace(".txt", ".py")
    program.write_text(creating.read_program(file))

    with running(command, program, tmp_path) as port:
        assert post(port, hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()) == 204
        assert post(port, hmac.new(b"another", BODY, hashlib.sha256).hexdigest()) == 403
        assert post(port, "") == 403
        assert post(port, None) == 403


@contextmanager
def running(command: list[str], program: Path, folder: Path) -> Iterator[int]:
    """Run a program and yield its port as soon as it listens."""
    with free_socket() as bound:
        port = bound.getsockname()[1]
    environment = {**os.environ, "SECRET": SECRET, "PORT": str(port)}
    words = [word.format(port=port) for word in command]
    process = subprocess.Popen([*words, program], env=environment, cwd=folder, start_new_session=True)
    try:
        end = monotonic() + START_SECONDS
        while not listens(port):
            assert process.poll() is None, "the program has ended"
            assert monotonic() < end, "the program does not listen"
        yield port
    finally:
        os.killpg(process.pid, 15)
        process.wait()


def listens(port: int) -> bool:
    try:
        http.client.HTTPConnection("127.0.0.1", port, timeout=5).connect()
    except OSError:
        return False
    return True


def post(port: int, signature: str | None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Content-Type": "application/json"} | ({} if signature is None else {"X-Noko-Signature": signature})
    connection.request("POST", "/hooks", BODY, headers)
    return connection.getresponse().status
