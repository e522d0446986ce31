"""``POST /v2/users``: how the invitation link is passed on."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import func, select

from hourhook.api.app import openapi_text
from hourhook.domain.dependencies import Dependencies
from hourhook.mail.outbox import Outbox
from hourhook.process.bootstrap import Runtime
from hourhook.process.delivering import run_mail_worker
from hourhook.settings import Settings, SmtpServer
from hourhook.store.database import Database
from hourhook.store.schema import invitations, mails
from hourhook.store.statements import Statement
from tests.api.test_statements import cost_of
from tests.api.test_users import KEYS
from tests.conftest import Logged, MakeServer, Server
from tests.support.accounts import Account, make_account
from tests.support.dependencies import DEPENDENCIES
from tests.support.invited_users import INVITATION_HEADER, accept_invitation, invite
from tests.support.smtp_server import FakeSmtpServer
from tests.support.webhook_receiver import eventually

GRACE = {"email": "grace@northwind.test", "first_name": "Grace"}
# Lock, caller; whether the address is free, the user's id and row, the invitation; the representation of the
# user, and their teams; the record in the audit trail, whose id SQLite reserves first; the event, the log, and its
# subscribers.
COST = {"sqlite": 13, "postgresql": 11}
COST_OF_A_MAIL = {"sqlite": 3, "postgresql": 2}


@pytest.fixture
def mailing_server(make_server: MakeServer, database: Database, smtp_server: FakeSmtpServer) -> Server:
    """A server with a mail worker in its process."""
    smtp = SmtpServer("127.0.0.1", smtp_server.port, "none")
    settings = Settings(smtp_url=smtp, mail_from="Hourhook <hourhook@example.com>")
    outbox = Outbox(DEPENDENCIES.keyring)
    running = Runtime(settings, database, DEPENDENCIES.keyring, DEPENDENCIES.guard, outbox)

    @asynccontextmanager
    async def mailing() -> AsyncIterator[None]:
        failures: list[str] = []
        async with run_mail_worker(running, on_failure=lambda: failures.append("failed")):
            yield
        assert not failures

    dependencies = Dependencies(DEPENDENCIES.guard, DEPENDENCIES.keyring, outbox)
    return make_server(site_options={"dependencies": dependencies, "lifespans": [mailing]})


@pytest.fixture
def mailing_account(mailing_server: Server) -> Account:
    return make_account(mailing_server.database, mailing_server.client)


def test_without_a_mail_server_the_inviter_gets_the_link(account: Account) -> None:
    response = account.supervisor.client.post("/v2/users", GRACE)

    assert response.status == 201
    assert list(response.json()) == KEYS
    link = response.headers[INVITATION_HEADER]
    assert link.startswith(f"{account.base_url}/invitations/")
    assert account.database.read_now(lambda tx: tx.value(MAILS)) == 0
    assert account.client.get(link).status == 200
    # The link is shown only once: a later GET of the user does not have it.
    assert INVITATION_HEADER not in account.supervisor.client.get(response.json()["url"]).headers


def test_with_a_mail_server_only_the_invited_user_gets_the_link(
    mailing_account: Account, smtp_server: FakeSmtpServer
) -> None:
    account = mailing_account
    response = account.supervisor.client.post("/v2/users", GRACE)

    assert response.status == 201
    assert list(response.json()) == KEYS
    assert INVITATION_HEADER not in response.headers
    mail = smtp_server.next()
    assert (mail.recipients, mail.sender) == (["grace@northwind.test"], "hourhook@example.com")
    assert mail.message["Subject"] == "Supervisor (supervisor@northwind.test) invites you to northwind"
    assert (
        mail.text
        == f"""\
Hello Grace,

Supervisor (supervisor@northwind.test) invites you to join northwind, which tracks time with Hourhook.

To join, open this page and choose a password:

{mail.link}

The link is for you only. It works once, until 4 June 2024, 10:05 UTC.
After that, ask Supervisor (supervisor@northwind.test) for a new one.

If you weren't expecting this invitation, you can ignore this message.
"""
    )
    assert mail.link.startswith(f"{account.base_url}/invitations/")
    assert accept_invitation(account, mail.link).status == 303
    assert account.supervisor.client.get(response.json()["url"]).json()["state"] == "active"
    eventually(lambda: account.database.read_now(lambda tx: tx.value(MAILS)), 0)


def test_a_rejected_invitation_sends_and_stores_nothing(mailing_account: Account, smtp_server: FakeSmtpServer) -> None:
    account = mailing_account
    for body in ({"email": account.leader.email}, {"email": "x"}, {**GRACE, "role": "boss"}):
        response = account.supervisor.client.post("/v2/users", body)
        assert (response.status, INVITATION_HEADER in response.headers) == (400, False)
    assert account.leader.client.post("/v2/users", GRACE).status == 403
    account.supervisor.client.post("/v2/users", GRACE)

    assert smtp_server.next().recipients == ["grace@northwind.test"]
    assert smtp_server.is_empty()
    assert account.database.read_now(lambda tx: tx.value(INVITATIONS)) == 1


def test_a_user_deleted_at_once_gets_no_mail(database: Database, make_server: MakeServer) -> None:
    # A server without a mail worker: the mail stays in the outbox.
    server = make_server(
        site_options={
            "dependencies": Dependencies(DEPENDENCIES.guard, DEPENDENCIES.keyring, Outbox(DEPENDENCIES.keyring))
        }
    )
    account = make_account(database, server.client)
    user = account.supervisor.client.post("/v2/users", GRACE).json()
    assert database.read_now(lambda tx: tx.value(MAILS)) == 1

    assert account.supervisor.client.delete(user["url"]).status == 204

    assert database.read_now(lambda tx: tx.value(MAILS)) == 0
    assert database.read_now(lambda tx: tx.value(INVITATIONS)) == 0


def test_names_cannot_inject_mail_headers(mailing_account: Account, smtp_server: FakeSmtpServer) -> None:
    account = mailing_account
    name = "Zoë\u2028Bcc: eve@example.net <b>&amp;"
    account.supervisor.client.put("/v2/current_user", {"first_name": name})

    account.supervisor.client.post("/v2/users", {**GRACE, "first_name": name})

    mail = smtp_server.next()
    assert mail.recipients == ["grace@northwind.test"]
    assert mail.message["Bcc"] is None
    assert "Zoë Bcc: eve@example.net <b>&amp;" in mail.message["Subject"]


def test_links_and_texts_of_mails_are_not_logged(
    mailing_account: Account, smtp_server: FakeSmtpServer, logged: Logged
) -> None:
    mailing_account.supervisor.client.post("/v2/users", GRACE)
    mail = smtp_server.next()
    eventually(lambda: mailing_account.database.read_now(lambda tx: tx.value(MAILS)), 0)
    eventually(lambda: [line["event"] for line in logged if line["event"].startswith("mail")], ["mail sent"])

    assert mail.link.rpartition("/")[2] not in str(logged)


def test_inviting_takes_a_fixed_number_of_statements(account: Account) -> None:
    assert cost_of_inviting(account) == COST[account.database.dialect]


def test_a_mail_takes_a_few_more_statements(database: Database, make_server: MakeServer) -> None:
    server = make_server(
        site_options={
            "dependencies": Dependencies(DEPENDENCIES.guard, DEPENDENCIES.keyring, Outbox(DEPENDENCIES.keyring))
        }
    )
    account = make_account(database, server.client)

    assert cost_of_inviting(account) == COST[database.dialect] + COST_OF_A_MAIL[database.dialect]


def cost_of_inviting(account: Account) -> int:
    cost_of(account, "POST", "/v2/users", {"email": "first@northwind.test"})
    return len(cost_of(account, "POST", "/v2/users", GRACE))


def test_cors_exposes_the_invitation_header(make_server: MakeServer) -> None:
    origin = "https://app.example.com"
    server = make_server(allowed_origins=(origin,))
    account = make_account(server.database, server.client)

    response = account.supervisor.client.post("/v2/users", GRACE, Origin=origin)

    assert "X-Hourhook-Invitation" in response.headers["access-control-expose-headers"]


def test_the_openapi_document_describes_the_invitation_header() -> None:
    document = json.loads(openapi_text())
    created = document["paths"]["/v2/users"]["post"]["responses"]["201"]

    assert created["headers"].keys() > {"Location", "X-Hourhook-Invitation"}
    assert "description" in document["components"]["headers"]["X-Hourhook-Invitation"]


def test_an_invitation_link_does_not_authenticate_at_the_api(account: Account) -> None:
    invited = invite(account)

    assert account.client.with_token(invited.token).get("/v2/current_user").status == 401


MAILS = Statement(select(func.count()).select_from(mails))
INVITATIONS = Statement(select(func.count()).select_from(invitations))
