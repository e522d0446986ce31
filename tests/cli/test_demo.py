"""``hourhook demo``: the whole scenario, as printed to a pipe."""

import re
import signal
import subprocess
from collections.abc import Iterator

import pytest

from hourhook.cli.demo.receivers import has_valid_signatures
from hourhook.cli.formatting import format_duration, summarize_payload
from hourhook.clock import SECOND, SystemClock
from hourhook.delivery import envelope, signing
from tests.support.browsers import Browser
from tests.support.clients import Client
from tests.support.commands import CliRunner

# Lines of the output, in this order.
SCENARIO_LINES = (
    r"^  Address +http://127\.0\.0\.1:\d+$",
    r"^  Sign in +ada@northwind\.test  password \S+$",
    r"^  Token +[0-9a-z]+-[0-9a-z]+$",
    r"^http://127\.0\.0\.1:\d+/sign_in/link/\S+\?next=/integrations/webhooks/\d+$",
    r"^  curl -H 'X-NokoToken: ",
    r"✓ \w+ +ping +webhook\.ping .* verified$",
    r"^\d:\d\d \w+ logs .* POST /v2/entries 201$",
    r"✓ \w+ +#1 +entry\.created .* verified$",
    r"✗ Dashboard +#\d+ .* answered 500$",
    r"✗ Dashboard +#\d+ .* retry after \d s: answered 500$",
    r"✗ Dashboard +#\d+ +\S+ +\S.* retry after \d+ s: no connection$",
    r"Dashboard is up again",
    r"Caught up: \d+ payloads in \d+ ms, in order, none lost\.$",
    r"kill -9 \d+: the server is dead",
    r"The server is restarting",
    r"Nothing was lost\.",
    r"^From here on, the demo repeats\.$",
)


@pytest.fixture
def demo(unconfigured_cli: CliRunner) -> Iterator["subprocess.Popen[str]"]:
    """A running demo, whose temporary files are in a folder of the test."""
    (unconfigured_cli.folder / "temporary").mkdir()
    # The demo must ignore the settings of a real server.
    settings = {
        "TMPDIR": str(unconfigured_cli.folder / "temporary"),
        "HOURHOOK_DATABASE_URL": "postgresql://nowhere.invalid/x",
    }
    with CliRunner(unconfigured_cli.folder, settings).start("demo", "--port", "0") as process:
        yield process


def test_the_demo_plays_its_scenario_and_prints_a_summary(
    demo: "subprocess.Popen[str]", unconfigured_cli: CliRunner
) -> None:
    lines = [find_line(demo, pattern) for pattern in SCENARIO_LINES]

    # The demo is a real server: it also shows the requests of other clients.
    address, token = lines[0].split()[-1], lines[2].split()[-1]
    entry = {"date": "2024-05-21", "minutes": 45, "description": "Hello #demo"}
    assert Client(address, token).post("/v2/entries", entry).status == 201
    find_line(demo, r"Invoicing +#\d+ +tag\.created +#demo +verified$")

    # The link signs in and leads to the page of the receiver that fails.
    browser = Browser(Client(address))
    page = browser.follow_redirects(browser.get(lines[3].removeprefix(address)))
    assert (page.status, b"Dashboard" in page.body) == (200, True)
    find_line(demo, r"Dashboard +#\d+ +entry\.created +45m no project +verified$")

    demo.send_signal(signal.SIGINT)
    find_line(demo, r"^Summary: \d+ requests raised \d+ events; the server was killed once\.$")
    for name in ("Invoicing", "Dashboard"):
        counts = find_line(demo, rf"^  {name} +\d+ delivered, all verified, \d duplicates?, 0 out of order$")
        assert int(re.findall(r"\d+", counts)[0]) > 15
    find_line(demo, r"answered with 500, longest catch-up \d+ payloads in \d+ ms$")
    assert_has_ended(demo, unconfigured_cli, address)


def test_sigterm_shuts_the_demo_down_gracefully(demo: "subprocess.Popen[str]", unconfigured_cli: CliRunner) -> None:
    address = find_line(demo, SCENARIO_LINES[0]).split()[-1]
    find_line(demo, r"#2 ")
    demo.send_signal(signal.SIGTERM)

    find_line(demo, r"^Summary: ")
    assert_has_ended(demo, unconfigured_cli, address)


def test_a_closed_output_pipe_ends_the_demo_without_an_error_message(
    demo: "subprocess.Popen[str]", unconfigured_cli: CliRunner
) -> None:
    find_line(demo, r"#1 ")
    assert demo.stdout is not None
    assert demo.stderr is not None
    demo.stdout.close()

    assert demo.wait() == 1
    assert demo.stderr.read() == ""
    assert [*(unconfigured_cli.folder / "temporary").iterdir()] == []


def test_demo_receivers_reject_invalid_and_expired_signatures() -> None:
    secret, now = signing.new_secret(), SystemClock().now()
    body = b'{"type":"webhook.ping"}'
    headers = signed_at(now, body, secret)

    assert has_valid_signatures(secret, headers, body)
    assert not has_valid_signatures(secret, headers, body + b" ")
    assert not has_valid_signatures(signing.new_secret(), headers, body)
    for name in ("x-noko-signature", "webhook-signature"):
        assert not has_valid_signatures(secret, {**headers, name: headers[name][:-2]}, body)
    assert not has_valid_signatures(secret, signed_at(now - 600 * SECOND, body, secret), body)


@pytest.mark.parametrize(("minutes", "text"), [(0, "0m"), (45, "45m"), (60, "1h"), (90, "1h 30m"), (6000, "100h")])
def test_durations_are_abbreviated(minutes: int, text: str) -> None:
    assert format_duration(minutes) == text


@pytest.mark.parametrize(
    ("type", "changes", "object", "text"),
    [
        ("entry.created", {}, {"minutes": 60, "project": {"name": "Office"}}, "1h Office"),
        ("entry.deleted", {}, {"minutes": 60, "project": None}, "1h no project"),
        ("tag.created", {}, {"formatted_name": "#design"}, "#design"),
        ("entry.updated", {"minutes": [60, 90]}, {}, "minutes 1h → 1h 30m"),
        ("entry.updated", {"invoiced_at": [None, "2024-05-21T00:00:00Z"]}, {}, "invoiced 2024-05-21"),
        (
            "entry.updated.approved",
            {"approved_at": [None, "2024-05-21T10:05:00Z"], "approved_by": [None, {"first_name": "Ada"}]},
            {},
            "approved by Ada",
        ),
    ],
)
def test_a_payload_is_summarized_by_its_changes(type: str, changes: object, object: object, text: str) -> None:
    assert summarize_payload({"type": type, "changes": changes, "object": object}) == text


def signed_at(timestamp: int, body: bytes, secret: str) -> dict[str, str]:
    headers = envelope.headers("an-id", "webhook.ping", None, 1, timestamp, body, secret)
    return {name.lower(): value for name, value in headers}


def find_line(process: "subprocess.Popen[str]", pattern: str) -> str:
    """Read the output up to a line that matches; return the line."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if re.search(pattern, line.rstrip("\n")):
            return line.rstrip("\n")
    assert process.stderr is not None
    raise AssertionError(f"no {pattern!r} in:\n{''.join(lines)}\n{process.stderr.read()}")


def assert_has_ended(process: "subprocess.Popen[str]", runner: CliRunner, address: str) -> None:
    """Check that the demo has exited without errors, and left no files and no server."""
    assert process.stderr is not None
    assert (process.wait(), process.stderr.read()) == (0, "")
    assert [*(runner.folder / "temporary").iterdir()] == []
    with pytest.raises(ConnectionError):
        Client(address).get("/health")
