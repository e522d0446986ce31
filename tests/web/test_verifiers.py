"""The programs that verify signatures, as the page of a new webhook and the guide show them, run by their interpreters.

``bin/test`` installs nothing for Node: ``HOURHOOK_TEST_NODE_MODULES`` names a ``node_modules`` folder with ``express``
and ``standardwebhooks``.
"""

import base64
import hashlib
import hmac
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import pytest

from hourhook.clock import SECOND, SystemClock
from hourhook.web.webhooks import creating
from tests.support.servers import free_socket

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "receivers.md"
NODE_MODULES = os.environ.get("HOURHOOK_TEST_NODE_MODULES")
SECRET = "whsec_dGhlIGtleSBvZiB0aGUgdGVzdHMsIDMyIGJ5dGVzIQ=="
OTHER_SECRET = "whsec_YW5vdGhlciBrZXkgb2YgdGhlIHRlc3RzLCAzMiBieXRl"
BODY = '{"type":"entry.created","object":{"description":"Überfahrt"}}'.encode()
# Go compiles the program and what it imports.
START_SECONDS = 120


@dataclass(frozen=True)
class Program:
    """How a program of the guide is run, and the programs and Python packages that it needs."""

    file: str
    name: str
    command: tuple[str, ...]
    needs: tuple[str, ...] = ()


PYTHON = (sys.executable, "receiver.py")
PROGRAMS = [
    Program("python.txt", "receiver.py", PYTHON),
    Program("flask.txt", "receiver.py", PYTHON),
    Program("fastapi.txt", "receiver.py", PYTHON),
    Program("django.txt", "receiver.py", PYTHON),
    Program("node.mjs", "receiver.mjs", ("node", "receiver.mjs")),
    Program("express.mjs", "receiver.mjs", ("node", "receiver.mjs")),
    Program("ruby.rb", "receiver.rb", ("ruby", "receiver.rb")),
    Program("php.php", "receiver.php", ("php", "-S", "127.0.0.1:{port}", "receiver.php")),
    Program("go.go", "receiver.go", ("go", "run", "receiver.go")),
    Program("Receiver.java", "Receiver.java", ("java", "Receiver.java")),
    Program("shell.sh", "receiver.sh", ("bash", "receiver.sh"), ("socat", "openssl")),
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.file)
def test_a_program_accepts_fresh_payloads_with_the_right_signature_only(program: Program, tmp_path: Path) -> None:
    if missing := [name for name in (program.command[0], *program.needs) if shutil.which(name) is None]:
        pytest.skip(f"needs {', '.join(missing)}")
    if program.file == "express.mjs":
        if NODE_MODULES is None:
            pytest.skip("needs express and standardwebhooks: name their node_modules in HOURHOOK_TEST_NODE_MODULES")
        (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    (tmp_path / program.name).write_text(creating.read_program(program.file))
    genuine = sign(SECRET)
    both = f"{sign(OTHER_SECRET)['webhook-signature']} {genuine['webhook-signature']}"

    with running(program.command, tmp_path) as port:
        assert post(port, genuine) == 204
        # While a secret is being changed.
        assert post(port, genuine | {"webhook-signature": both}) == 204
        assert post(port, genuine, BODY.replace(b"created", b"deleted")) == 403
        assert post(port, sign(OTHER_SECRET)) == 403
        assert post(port, sign(SECRET, age_seconds=3600)) == 403
        assert post(port, sign(SECRET, age_seconds=-3600)) == 403
        assert post(port, {}) == 403
        for name in genuine:
            assert post(port, genuine | {name: ""}) == 403
            assert post(port, genuine | {name: "ünexpected, *"}) == 403
        assert post(port, genuine) == 204


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.file)
def test_the_guide_shows_a_program_as_it_is_tested(program: Program) -> None:
    shown = re.findall(r"^```\w+\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)

    assert creating.read_program(program.file) in shown


def test_the_page_of_a_new_webhook_shows_programs_of_the_guide() -> None:
    assert {file for _, file in creating.LANGUAGES} <= {program.file for program in PROGRAMS}


def sign(secret: str, age_seconds: int = 0) -> dict[str, str]:
    """Return the headers of Standard Webhooks for the body, computed without the code of the server."""
    timestamp = SystemClock().now() // SECOND - age_seconds
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, f"a-payload.{timestamp}.".encode() + BODY, hashlib.sha256)
    signature = f"v1,{base64.b64encode(digest).decode()}"
    return {"webhook-id": "a-payload", "webhook-timestamp": str(timestamp), "webhook-signature": signature}


@contextmanager
def running(command: tuple[str, ...], folder: Path) -> Iterator[int]:
    """Run a program and yield its port as soon as it listens."""
    with free_socket() as bound:
        port = bound.getsockname()[1]
    # Without cgo, Go compiles in half the time.
    environment = {**os.environ, "SECRET": SECRET, "PORT": str(port), "CGO_ENABLED": "0"}
    words = [word.format(port=port) for word in command]
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            words, env=environment, cwd=folder, stdout=output, stderr=output, start_new_session=True
        )
    try:
        end = monotonic() + START_SECONDS
        while not listens(port):
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=0.02)
                raise AssertionError((folder / "output").read_text())
            assert monotonic() < end, "the program does not listen"
        yield port
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def post(port: int, headers: Mapping[str, str], body: bytes = BODY) -> int:
    sent = {"Content-Type": "application/json"} | {name: value.encode() for name, value in headers.items()}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        connection.request("POST", "/", body, sent)
        return connection.getresponse().status
