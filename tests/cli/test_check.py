"""``hourhook check``: one line for each check, and status 1 if something needs attention."""

import json
from contextlib import closing
from typing import Any

from sqlalchemy import text

from hourhook.store.statements import Statement
from hourhook.store.urls import open_database
from tests.conftest import MakeSmtpServer
from tests.support.commands import CliRunner, Result

ADD_SUM = Statement(text("INSERT INTO expense_sums VALUES (1, 1, 1, 1)"))
ADD_TEXT = Statement(text("INSERT INTO entries_trigrams (rowid, description_key) VALUES (1, 'kick')"))
STALL = Statement(text("UPDATE lanes SET stalled = :stalled"))


def problems_of(result: Result) -> dict[str, Any]:
    return {check["name"]: check["message"] for check in json.loads(result.stdout)["checks"] if not check["ok"]}


def test_a_working_installation_has_no_problems(hourhook: CliRunner) -> None:
    hourhook.create_account()
    with hourhook.serving():
        result = hourhook.run("check")

    assert result.status == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["ok"] * 10


def test_a_missing_database_is_a_problem(unconfigured_cli: CliRunner) -> None:
    result = unconfigured_cli.run("check", "--json")

    assert result.status == 1
    assert "there is no database hourhook.db yet" in problems_of(result)["database"]
    assert [*unconfigured_cli.folder.iterdir()] == []


def test_a_wrong_key_is_a_problem(hourhook: CliRunner) -> None:
    with hourhook.serving():
        pass

    result = hourhook.with_settings(secret_key="y" * 32).run("check", "--json")

    assert result.status == 1
    assert "encrypted with another key" in problems_of(result)["key"]


def test_a_misspelt_setting_is_a_problem_with_its_nearest_name(hourhook: CliRunner) -> None:
    result = hourhook.with_settings(rate_limitt="off").run("check", "--json")

    assert problems_of(result) == {
        "settings": "HOURHOOK_RATE_LIMITT is not a setting and has no effect: did you mean HOURHOOK_RATE_LIMIT?"
    }


def test_a_stalled_webhook_is_a_problem(hourhook: CliRunner) -> None:
    hourhook.create_account()
    hourhook.run("webhook", "create", "--name", "Books", "--url", "http://127.0.0.1:9/", "--events", "*")
    with closing(open_database(hourhook.database_url)) as database:
        database.run_now(lambda tx: tx.execute(STALL, stalled=True))

    assert problems_of(hourhook.run("check", "--json"))["webhooks"].startswith("1 stalled")


def test_sums_that_differ_from_a_recount_are_a_problem_until_counted_again(hourhook: CliRunner) -> None:
    hourhook.create_account()
    with closing(open_database(hourhook.database_url)) as database:
        database.run_now(lambda tx: tx.execute(ADD_SUM))
        # PostgreSQL keeps its index by itself.
        has_text_table = database.dialect == "sqlite"
        if has_text_table:
            database.run_now(lambda tx: tx.execute(ADD_TEXT))

    problems = problems_of(hourhook.run("check", "--json"))
    recounted = hourhook.run("migrate", "--recount")

    assert problems.pop("text index", None) == (
        "it differs from the texts (trigrams: 2 of entries): "
        "stop all hourhook processes and run `hourhook migrate --recount`"
        if has_text_table
        else None
    )
    assert problems == {
        "kept sums": "they differ from a recount (1 of expense_sums): "
        "stop all hourhook processes and run `hourhook migrate --recount`",
    }
    assert recounted.stdout.splitlines()[1:] == ["The kept sums have been counted again, and the texts indexed."]
    assert problems_of(hourhook.run("check", "--json")) == {}


def test_an_unreachable_mail_server_and_proxy_are_problems(hourhook: CliRunner) -> None:
    unreachable = {"smtp_url": "smtp://127.0.0.1:1", "mail_from": "a@example.com", "egress_proxy": "http://127.0.0.1:1"}

    problems = problems_of(hourhook.with_settings(**unreachable).run("check", "--json"))

    assert problems.keys() == {"mail server", "outgoing"}
    assert "check HOURHOOK_SMTP_URL and the mail server" in problems["mail server"]
    assert "the proxy 127.0.0.1:1 cannot be reached" in problems["outgoing"]


def test_a_mail_server_is_asked_and_gets_no_mail(unconfigured_cli: CliRunner, make_smtp_server: MakeSmtpServer) -> None:
    unconfigured_cli.create_account()
    mail_server = make_smtp_server()

    result = unconfigured_cli.with_settings(smtp_url=mail_server.url, mail_from="a@example.com").run("check")

    assert result.status == 0, result.stdout
    assert "accepts the connection and the credentials" in result.stdout
    assert "MAIL" not in mail_server.commands
