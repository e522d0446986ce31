"""``hourhook demo``: the whole story, as whoever reads it from a pipe sees it."""

import re
import signal
import subprocess
from collections.abc import Iterator

import pytest

from hourhook.cli.demo.formatting import format_duration, summarize_payload
from hourhook.cli.demo.receivers import has_valid_signatures
from hourhook.clock import SECOND, SystemClock
from hourhook.delivery import envelope, signing
from tests.support.clients import Client
from tests.support.commands import CliRunner

# What is seen of the story, in this order.
STORY = (
    r"^  Address +http://127\.0\.0\.1:\d+$",
    r"^  Sign in +ada@northwind\.test  password \S+$",
    r"^  Token +[0-9a-z]+-[0-9a-z]+$",
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
def shown(unconfigured_cli: CliRunner) -> Iterator["subprocess.Popen[str]"]:
    """A demo, whose temporary files are in a folder of the test."""
    (unconfigured_cli.folder / "temporary").mkdir()
    # A setting of somebody's real server, which the demo leaves aside.
    settings = {
        "TMPDIR": str(unconfigured_cli.folder / "temporary"),
        "HOURHOOK_DATABASE_URL": "postgresql://nowhere.invalid/x",
    }
    with CliRunner(unconfigured_cli.folder, settings).start("demo", "--port", "0") as process:
        yield process


def test_the_story_is_told_and_summed_up(shown: "subprocess.Popen[str]", unconfigured_cli: CliRunner) -> None:
    lines = [find(shown, pattern) for pattern in STORY]

    # It is real: what somebody else does shows up too.
    address, token = lines[0].split()[-1], lines[2].split()[-1]
    entry = {"date": "2024-05-21", "minutes": 45, "description": "Hello #demo"}
    assert Client(address, token).post("/v2/entries", entry).status == 201
    find(shown, r"Invoicing +#\d+ +tag\.created +#demo +verified$")
    find(shown, r"Dashboard +#\d+ +entry\.created +45m no project +verified$")

    shown.send_signal(signal.SIGINT)
    find(shown, r"^Summary: \d+ requests raised \d+ events; the server was killed once\.$")
    for name in ("Invoicing", "Dashboard"):
        counts = find(shown, rf"^  {name} +\d+ delivered, all verified, \d duplicates?, 0 out of order$")
        assert int(re.findall(r"\d+", counts)[0]) > 15
    find(shown, r"answered with 500, longest catch-up \d+ payloads in \d+ ms$")
    assert_has_ended(shown, unconfigured_cli, address)


def test_sigterm_ends_it_in_good_order(shown: "subprocess.Popen[str]", unconfigured_cli: CliRunner) -> None:
    address = find(shown, STORY[0]).split()[-1]
    find(shown, r"#2 ")
    shown.send_signal(signal.SIGTERM)

    find(shown, r"^Summary: ")
    assert_has_ended(shown, unconfigured_cli, address)


def test_a_reader_that_leaves_ends_it_in_silence(shown: "subprocess.Popen[str]", unconfigured_cli: CliRunner) -> None:
    find(shown, r"#1 ")
    assert shown.stdout is not None
    assert shown.stderr is not None
    shown.stdout.close()

    assert shown.wait() == 1
    assert shown.stderr.read() == ""
    assert [*(unconfigured_cli.folder / "temporary").iterdir()] == []


def test_its_receivers_tell_a_right_signature_from_a_wrong_one() -> None:
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
def test_durations_are_short(minutes: int, text: str) -> None:
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
def test_a_payload_is_told_by_what_changed(type: str, changes: object, object: object, text: str) -> None:
    assert summarize_payload({"type": type, "changes": changes, "object": object}) == text


def signed_at(moment: int, body: bytes, secret: str) -> dict[str, str]:
    headers = envelope.headers("an-id", "webhook.ping", None, 1, moment, body, secret)
    return {name.lower(): value for name, value in headers}


def find(process: "subprocess.Popen[str]", pattern: str) -> str:
    """Read on until a line that fits."""
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if re.search(pattern, line.rstrip("\n")):
            return line.rstrip("\n")
    assert process.stderr is not None
    raise AssertionError(f"no {pattern!r} in:\n{''.join(seen)}\n{process.stderr.read()}")


def assert_has_ended(process: "subprocess.Popen[str]", commands: CliRunner, address: str) -> None:
    """See that nothing is left of a demo."""
    assert process.stderr is not None
    assert (process.wait(), process.stderr.read()) == (0, "")
    assert [*(commands.folder / "temporary").iterdir()] == []
    with pytest.raises(ConnectionError):
        Client(address).get("/health")
