"""The programs of docs/guides/receiving.md work as described, with payloads that were really sent."""

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from hourhook.clock import SECOND, SystemClock, midnight, truncate_to_second
from hourhook.delivery import envelope
from tests.conftest import Delivering, MakeServer, Server
from tests.support.accounts import Account
from tests.support.clocks import FakeClock
from tests.support.factories import make_tag
from tests.support.servers import free_socket
from tests.support.webhook_receiver import WAIT_TIMEOUT_SECONDS, Delivery, WebhookReceiver, eventually
from tests.support.webhooks import get_status, make_webhook, request_action

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "receiving.md"
PassTime = Callable[[float], None]


@pytest.fixture
def server(make_server: MakeServer, delivering: Delivering, clock: FakeClock) -> Server:
    """A server with a worker in its process, on real time, since receivers use the machine's clock."""
    clock.moment = truncate_to_second(SystemClock().now())
    return make_server(site_options={"lifespans": [delivering]})


def program(name: str) -> str:
    """Return a program of the guide by the file name in its first line."""
    for block in re.findall(r"^```\w+\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL):
        if block.startswith((f"# {name}\n", f"// {name}\n")):
            return str(block)
    raise AssertionError(f"the guide has no {name}")


def forged(genuine: Delivery) -> list[Delivery]:
    """Return copies of a delivery with another body, and without signatures."""
    other_body = genuine.body.replace(b"webhook", b"w3bhook")
    unsigned = {name: value for name, value in genuine.headers.items() if "signature" not in name}
    return [Delivery(genuine.headers, other_body), Delivery(unsigned, genuine.body)]


def other_than(secret: str) -> str:
    """Return another secret."""
    return secret.replace("whsec_", "whsec_AAAA")


@pytest.fixture
def ping(account: Account, webhook_receiver: WebhookReceiver) -> tuple[Delivery, str]:
    """A fresh ping, and the secret that signed it."""
    secret = make_webhook(account, webhook_receiver.uri, name="Bücher")["secret"]
    return webhook_receiver.next(), secret


@pytest.mark.parametrize("name", ["verify.py", "verify_with_library.py"])
def test_python_verifies_genuine_and_rejects_forged_payloads(ping: tuple[Delivery, str], name: str) -> None:
    genuine, secret = ping
    created: dict[str, Any] = {}
    exec(program(name), created)
    checks = [function for name, function in created.items() if name.startswith("is_genuine")]
    # Most servers capitalise header names.
    headers = {name.title(): value for name, value in genuine.headers.items()}

    assert checks
    for is_genuine in checks:
        assert is_genuine(secret, CaseInsensitive(headers), genuine.body)
        assert not is_genuine(other_than(secret), CaseInsensitive(headers), genuine.body)
        for other in forged(genuine):
            assert not is_genuine(secret, CaseInsensitive(other.headers), other.body)


@pytest.mark.parametrize("name", ["verify.py", "verify_with_library.py"])
def test_python_rejects_a_replayed_recording(ping: tuple[Delivery, str], name: str) -> None:
    genuine, secret = ping
    created: dict[str, Any] = {}
    exec(program(name), created)
    sent_at = int(genuine.headers["webhook-timestamp"]) - 3600
    type = genuine.type
    headers = dict(envelope.headers(genuine.id, type, None, 1, sent_at * SECOND, genuine.body, secret))

    assert not created["is_genuine_and_fresh"](secret, CaseInsensitive(headers), genuine.body)


def test_openssl_computes_both_signatures(ping: tuple[Delivery, str], tmp_path: Path) -> None:
    genuine, secret = ping
    (tmp_path / "body").write_bytes(genuine.body)
    timestamp = genuine.headers["webhook-timestamp"]

    created = run_shell(tmp_path, SECRET=secret, ID=genuine.id, TIMESTAMP=timestamp)

    assert created == [genuine.headers["x-noko-signature"], genuine.headers["webhook-signature"]]


def test_the_documented_test_vector_is_correct(tmp_path: Path) -> None:
    vector = GUIDE.read_text().partition("### Test vector")[2].partition("\n## ")[0]
    secret, id, timestamp = re.findall(r"`([^`\n]+)`", vector)[:3]
    body, signatures = re.findall(r"^```\w*\n(.*?)\n```", vector, re.MULTILINE | re.DOTALL)
    (tmp_path / "body").write_text(body)
    documented = dict(line.split(": ") for line in signatures.splitlines())
    headers = dict(envelope.headers(id, "tag.updated", 3, 1, int(timestamp) * SECOND, body.encode(), secret))

    assert int(timestamp) * SECOND == midnight("2024-05-01") + 30_600 * SECOND
    assert documented == {name: headers[name] for name in documented}
    assert run_shell(tmp_path, SECRET=secret, ID=id, TIMESTAMP=timestamp) == [*documented.values()]


def test_the_full_receiver_ignores_duplicates_and_reports_gaps(
    account: Account, tmp_path: Path, advance_time: PassTime
) -> None:
    with closing(free_socket()) as reserved:
        port = reserved.getsockname()[1]
    webhook = make_webhook(account, f"http://127.0.0.1:{port}/", events=["tag.created"])
    (tmp_path / "receiver.py").write_text(program("receiver.py"))

    with receiving(tmp_path, port, "whsec_b2xk " + webhook["secret"]) as receiver:
        a = make_tag(account, "a")
        assert receiver.readline() == f"tag.created {a['id']}\n"
        eventually(lambda: get_status(account, webhook)["waiting_count"], 0)

    b = make_tag(account, "b")
    eventually(lambda: get_status(account, webhook)["failing_since"] is not None, True)
    request_action(account, webhook, "skip", get_status(account, webhook)["failing_payload_id"])
    c = make_tag(account, "c")

    with receiving(tmp_path, port, webhook["secret"]) as receiver:
        account.leader.client.put(webhook["disable_url"])
        account.leader.client.put(webhook["enable_url"])
        assert receiver.readline() == f"tag.created {c['id']}\n"
        assert receiver.readline() == f"webhook {webhook['id']}: missed 2 to 2\n"
        eventually(lambda: get_status(account, webhook)["waiting_count"], 0)

        account.leader.client.put(f"{webhook['url']}/replay", {"sequence": 1})
        d = make_tag(account, "d")
        assert receiver.readline() == f"tag.created {b['id']}\n"
        assert receiver.readline() == f"tag.created {d['id']}\n"

    assert get_status(account, webhook)["lost_count"] == 0


def test_the_full_receiver_rejects_another_secret(account: Account, tmp_path: Path) -> None:
    with closing(free_socket()) as reserved:
        port = reserved.getsockname()[1]
    (tmp_path / "receiver.py").write_text(program("receiver.py"))

    with receiving(tmp_path, port, "whsec_b2xk"):
        webhook = make_webhook(account, f"http://127.0.0.1:{port}/", events=["tag.created"])
        make_tag(account, "a")
        eventually(lambda: get_status(account, webhook)["failing_since"] is not None, True)
        payload_id = get_status(account, webhook)["failing_payload_id"]

    shown = account.leader.client.get(f"{webhook['url']}/payloads/{payload_id}").json()
    assert shown["attempts"][0]["status"] == 403


class CaseInsensitive(dict[str, str]):
    """Case-insensitive headers, as servers provide them."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__(headers)
        self._lower = {name.lower(): value for name, value in headers.items()}

    def get(self, name: str, default: Any = None) -> Any:
        return self._lower.get(name.lower(), default)


def run_shell(folder: Path, **variables: str) -> list[str]:
    """Run the shell program of the guide; returns the words that it prints."""
    shell = shutil.which("sh")
    assert shell is not None
    path = {"PATH": "/usr/bin:/bin:/usr/local/bin"}
    completed = subprocess.run(
        [shell, "-euc", program("verify.sh")], cwd=folder, env={**path, **variables}, capture_output=True, check=True
    )
    return completed.stdout.decode().split()


@contextmanager
def receiving(folder: Path, port: int, secrets: str) -> Iterator[Any]:
    """Run the receiver of the guide; yields its output."""
    environment = {"SECRETS": secrets, "PORT": str(port), "DATABASE": str(folder / "receiver.db")}
    with subprocess.Popen(
        [sys.executable, folder / "receiver.py"], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            end = monotonic() + WAIT_TIMEOUT_SECONDS
            while not is_listening(port):
                assert process.poll() is None
                assert monotonic() < end
            yield process.stdout
        finally:
            process.terminate()


def is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionError:
        return False
    return True
