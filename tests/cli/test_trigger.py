"""``hourhook trigger``."""

import pytest

from tests.support.commands import CliRunner

WEBHOOK = ("--name", "Books", "--url", "http://127.0.0.1:9/hook")


def test_a_test_event_goes_to_a_webhook_or_to_those_that_subscribe(hourhook: CliRunner) -> None:
    hourhook.create_account()
    tags = hourhook.run("webhook", "create", *WEBHOOK, "--events", "tag.created", "--json").json()["id"]
    all = hourhook.run("webhook", "create", *WEBHOOK, "--events", "*", "--json").json()["id"]

    assert hourhook.run("trigger", "tag.created", "--json").json() == {
        "type": "tag.created",
        "webhook_ids": [tags, all],
    }
    assert hourhook.run("trigger", "tag.deleted", "--json").json()["webhook_ids"] == [all]
    assert hourhook.run("trigger", "tag.deleted", "--webhook", str(tags), "--json").json()["webhook_ids"] == [tags]
    assert f"A test event tag.deleted to webhook {all} is queued" in hourhook.run("trigger", "tag.deleted").stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tag.create",), "there is no event named 'tag.create': did you mean tag.created?"),
        (("nonsense",), "docs/api/events.md lists all names"),
        (("tag.created",), "no enabled webhook subscribes to tag.created: choose a webhook with --webhook ID"),
        (("tag.created", "--webhook", "7"), "there is no webhook with the id 7"),
        (("tag.created", "--account", "nobody"), "there is no account named 'nobody'"),
    ],
)
def test_what_cannot_be_sent_is_refused_in_one_line(
    cli_with_account: CliRunner, arguments: tuple[str, ...], message: str
) -> None:
    result = cli_with_account.run("trigger", *arguments)

    assert (result.status, result.stdout) == (1, "")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
