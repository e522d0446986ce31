"""The invitation page."""

import html
import re
from typing import Any

import pytest
from sqlalchemy import bindparam, select, update

from hourhook.clock import DAY
from hourhook.domain import passwords, tokens
from hourhook.domain.invitations import accepting, issuing
from hourhook.domain.links import Links
from hourhook.mail import outbox
from hourhook.mail.outbox import Outbox
from hourhook.store.schema import invitations, users
from hourhook.store.statements import Statement
from hourhook.web.auth.invitations import INVITATION_RATE_LIMIT
from tests.conftest import Logged, MakeServer
from tests.support.accounts import Account, make_account
from tests.support.clients import Response
from tests.support.clocks import FakeClock
from tests.support.dependencies import DEPENDENCIES
from tests.support.events_of import EventReader
from tests.support.invited_users import NewInvitation, accept_invitation, invite, send_form
from tests.support.webhook_receiver import eventually

DAY_SECONDS = 86_400


def text_of(response: Response) -> str:
    """Return the text of a page, without its tags."""
    body = re.sub(r"<style>.*?</style>", "", response.body.decode(), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def fields_of(response: Response) -> dict[str, str]:
    """Return the inputs of a page, by name."""
    return {
        name: html.unescape(re.search(r'value="([^"]*)"', rest)[1] if 'value="' in rest else "")  # type: ignore[index]
        for name, rest in re.findall(r'<input id="(\w+)"([^>]*)>', response.body.decode())
    }


def state_of(account: Account, invited: NewInvitation) -> Any:
    return account.supervisor.client.get(invited.user["url"]).json()["state"]


def password_of(account: Account, invited: NewInvitation) -> Any:
    return account.database.read_now(lambda tx: tx.value(PASSWORD, id=invited.user["id"]))


def test_the_page_names_inviter_user_and_account(account: Account) -> None:
    invited = invite(account, first_name="Grace", last_name="Murray")

    response = account.client.get(invited.link)

    assert (response.status, response.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "Supervisor (supervisor@northwind.test) invites you to the account northwind ." in text_of(response)
    assert "works once, until 4 June 2024, 10:05 UTC" in text_of(response)
    assert "At least 8 characters" in text_of(response)
    assert fields_of(response) == {
        "email": "grace@northwind.test",
        "first_name": "Grace",
        "last_name": "Murray",
        "password": "",
    }
    assert response.headers["referrer-policy"] == "same-origin"
    assert "form-action 'self'" in response.headers["content-security-policy"]
    assert response.headers["cache-control"] == "no-store"


def test_an_invited_user_chooses_name_and_password_and_is_active(account: Account, clock: FakeClock) -> None:
    invited = invite(account, first_name="Grace")
    log = EventReader(account)
    clock.advance(60)

    response = accept_invitation(account, invited.link, first_name=" Grace ", last_name="Hopper")

    assert (response.status, response.headers["location"]) == (303, f"/invitations/{invited.token}")
    assert response.body == b""
    user = account.supervisor.client.get(invited.user["url"])
    assert user.json() == {
        **invited.user,
        "last_name": "Hopper",
        "state": "active",
        "updated_at": "2024-05-21T10:06:00Z",
    }
    [event] = log.read_new()
    assert (event.type, event.text) == ("user.updated", user.body)
    assert event.changes == {"last_name": [None, "Hopper"], "state": ["pending", "active"]}
    assert passwords.verify_password("correct horse", password_of(account, invited))
    found = account.supervisor.client.get("/v2/users", {"name": "grace hop"}).json()
    assert [each["id"] for each in found] == [invited.user["id"]]


def test_after_accepting_a_page_shows_the_next_steps(account: Account) -> None:
    invited = invite(account)
    accept_invitation(account, invited.link)

    response = account.client.get(invited.link)

    assert response.status == 200
    assert "You have joined" in text_of(response)
    assert f'href="{account.base_url}/sign_in"' in response.body.decode()
    assert f'href="{account.base_url}/docs"' in response.body.decode()
    # The link keeps working, so the page shows no personal data.
    assert "grace" not in text_of(response)
    assert "northwind" not in text_of(response)


def test_a_link_works_once(account: Account) -> None:
    invited = invite(account, first_name="Grace")
    accept_invitation(account, invited.link, first_name="Grace")
    log = EventReader(account)

    response = accept_invitation(account, invited.link, password="another one", first_name="Eve")

    assert response.status == 200
    assert "You have joined" in text_of(response)
    assert passwords.verify_password("correct horse", password_of(account, invited))
    assert log.read_new() == []


def test_only_one_of_two_concurrent_acceptances_succeeds(account: Account) -> None:
    invited = invite(account)
    acceptance = accepting.Acceptance(first_name="Grace")
    results = [
        account.database.write_now(account.id, accepting.accept, invited.token, acceptance, hash, Links("http://x"))
        for hash in ("first hash", "second hash")
    ]

    assert results == [True, False]
    assert password_of(account, invited) == "first hash"


def test_blank_names_are_stored_as_missing(account: Account) -> None:
    invited = invite(account, first_name="Grace", last_name="Hopper")
    log = EventReader(account)

    assert accept_invitation(account, invited.link, first_name="", last_name=" ").status == 303

    [event] = log.read_new()
    assert event.changes == {
        "first_name": ["Grace", None],
        "last_name": ["Hopper", None],
        "state": ["pending", "active"],
    }


def test_showing_the_page_changes_nothing(account: Account) -> None:
    invited = invite(account)
    log = EventReader(account)

    for method in ("GET", "HEAD", "GET"):
        assert account.client.request(method, invited.link).status == 200

    assert log.read_new() == []
    assert state_of(account, invited) == "pending"
    assert accept_invitation(account, invited.link).status == 303


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "This password cannot be used. It must have 8 to 1024 characters, of any kind."),
        ({"password": ""}, "This password cannot be used"),
        ({"password": "short"}, "This password cannot be used"),
        ({"password": "x" * 1025}, "This password cannot be used"),
        ({"password": "nul\0nul\0nul"}, "This password cannot be used"),
        ({"password": "correct horse", "first_name": "x" * 256}, "A name can have up to 255 characters, on one line."),
        ({"password": "correct horse", "last_name": "a\nb"}, "A name can have up to 255 characters, on one line."),
    ],
)
def test_invalid_fields_are_marked_and_can_be_corrected(account: Account, fields: dict[str, str], message: str) -> None:
    invited = invite(account)

    response = send_form(account, invited.link, {"first_name": "Gräce", **fields})

    assert response.status == 400
    assert message in text_of(response)
    assert fields_of(response)["first_name"] == {"first_name": "Gräce", **fields}["first_name"]
    assert fields_of(response)["password"] == ""
    assert state_of(account, invited) == "pending"
    assert accept_invitation(account, invited.link).status == 303


@pytest.mark.parametrize("password", ["12345678", "x" * 1024, "pässwörd", "  spaces  ", "日本語日本語日本"])
def test_a_password_is_not_trimmed_or_normalized(account: Account, password: str) -> None:
    invited = invite(account)

    assert accept_invitation(account, invited.link, password=password).status == 303
    assert passwords.verify_password(password, password_of(account, invited))


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"password": "correct horse"}', {"Content-Type": "application/json"}),
        (b"password=correct+horse", {"Content-Type": "text/plain"}),
        (b"password=correct+horse", {"Content-Type": None}),
        (b"--x\r\n", {"Content-Type": "multipart/form-data; boundary=x"}),
        (b"password=%ff%ff%ff%ff%ff%ff%ff%ff", {}),
        (b"password=\xff\xff\xff\xff\xff\xff\xff\xff", {}),
        (b"&".join(b"a%d=1" % n for n in range(40)), {}),
        (b"password=" + b"x" * 70_000, {}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_body_that_is_not_a_form_is_refused(account: Account, body: bytes, headers: dict[str, str | None]) -> None:
    invited = invite(account, first_name="Grace")

    response = send_form(account, invited.link, body, **headers)

    assert response.status == 400
    assert "could not be read" in text_of(response)
    assert fields_of(response)["first_name"] == "Grace"
    assert state_of(account, invited) == "pending"


def test_names_are_escaped(account: Account) -> None:
    script = '"><script>alert(1)</script>'
    account.supervisor.client.put("/v2/current_user", {"first_name": script, "last_name": "{{ 7 * 7 }}"})
    invited = invite(account, first_name=script)

    for response in (account.client.get(invited.link), send_form(account, invited.link, {"last_name": script})):
        assert b"<script" not in response.body
        assert script in html.unescape(response.body.decode())
        assert b"49" not in response.body


@pytest.mark.parametrize(
    "token",
    ["x", "x" * 43, "x" * 129, "%00", "%ff", "%F0%9F%98%80", "..%2f..", "'%20OR%201=1", "%3Cscript%3E", "a%20b"],
)
def test_an_invitation_link_that_was_never_issued_is_a_404(account: Account, token: str) -> None:
    for response in (
        account.client.get(f"/invitations/{token}", Accept="text/html"),
        send_form(account, f"/invitations/{token}", {"password": "correct horse"}),
    ):
        assert response.status == 404
        assert b"<script" not in response.body


def test_an_unknown_invitation_link_explains_what_to_do(account: Account) -> None:
    response = account.client.get("/invitations/unknown")

    assert response.status == 404
    assert "ask the person who invited you for a new one" in text_of(response)


def test_an_invitation_expires_after_two_weeks(account: Account, clock: FakeClock) -> None:
    invited = invite(account)
    clock.advance(14 * DAY_SECONDS - 1)
    assert account.client.get(invited.link).status == 200
    clock.advance(1)

    for response in (account.client.get(invited.link), accept_invitation(account, invited.link)):
        assert response.status == 410
        assert "Ask Supervisor (supervisor@northwind.test) for a new one." in text_of(response)
    assert state_of(account, invited) == "pending"


def test_a_newer_invitation_invalidates_the_older_link(account: Account) -> None:
    old = invite(account)
    links = Links(account.base_url)
    new = account.database.write_now(account.id, issuing.reissue, old.user["id"], links=links, outbox=None)

    assert account.client.get(old.link).status == 404
    assert accept_invitation(account, old.link).status == 404
    response = account.client.get(new.link)
    assert "You have been invited to the account northwind" in text_of(response)
    assert accept_invitation(account, new.link).status == 303


def test_the_invitation_of_a_deleted_user_is_a_404(account: Account) -> None:
    invited = invite(account)
    assert account.supervisor.client.delete(invited.user["url"]).status == 204

    assert account.client.get(invited.link).status == 404
    assert accept_invitation(account, invited.link).status == 404


@pytest.mark.parametrize("state", ["disabled", "suspended"])
def test_the_invitation_of_a_disabled_or_suspended_user_is_a_404(account: Account, state: str) -> None:
    invited = invite(account)
    set_state(account, invited, state)

    assert account.client.get(invited.link).status == 404
    assert accept_invitation(account, invited.link).status == 404
    assert password_of(account, invited) is None


def test_the_invitation_of_a_user_once_deactivated_is_a_404(account: Account) -> None:
    invited = invite(account)
    entry = {"date": "2024-05-21", "minutes": 5, "user_id": invited.user["id"]}
    assert account.supervisor.client.post("/v2/entries", entry).status == 201
    assert account.supervisor.client.put(invited.user["deactivate_url"]).status == 204
    assert account.supervisor.client.put(invited.user["activate_url"]).status == 204

    assert account.client.get(invited.link).status == 404


def test_the_invitation_of_a_user_who_has_signed_in_is_accepted(account: Account) -> None:
    invited = invite(account)
    set_state(account, invited, "active")

    assert "You have joined" in text_of(account.client.get(invited.link))
    assert accept_invitation(account, invited.link).status == 200
    assert password_of(account, invited) is None


def test_a_deleted_inviter_is_not_named(account: Account) -> None:
    inviter = account.add("heidi", "supervisor")
    response = inviter.client.post("/v2/users", {"email": "grace@northwind.test"})
    assert account.supervisor.client.delete(f"/v2/users/{inviter.id}").status == 204

    page = account.client.get(response.headers["x-hourhook-invitation"])

    assert "You have been invited to the account northwind" in text_of(page)


def test_an_invitation_to_a_locked_account_can_be_accepted_later(account: Account) -> None:
    invited = invite(account)
    account.change_settings(locked="on")
    for response in (account.client.get(invited.link), accept_invitation(account, invited.link)):
        assert response.status == 503
        assert "locked for maintenance" in text_of(response)
    account.change_settings(locked="off")

    assert accept_invitation(account, invited.link).status == 303


@pytest.mark.parametrize(
    "origin", ["https://evil.example.org", "null", "http://127.0.0.1", "file://", "http://", "x", "http://127.0.0.1.x"]
)
def test_an_invitation_form_of_another_origin_is_refused(account: Account, origin: str) -> None:
    invited = invite(account)

    response = send_form(account, invited.link, {"password": "correct horse"}, Origin=origin)

    assert response.status == 403
    assert "not sent from this server" in text_of(response)
    assert state_of(account, invited) == "pending"


def test_a_form_may_come_from_the_base_url_or_the_host_of_the_request(make_server: MakeServer) -> None:
    server = make_server(base_url="https://time.example.com/hours")
    account = make_account(server.database, server.client)
    for number, origin in enumerate(["https://time.example.com", server.client.base_url, None]):
        invited = invite(account, f"grace{number}@northwind.test")
        assert invited.link.startswith("https://time.example.com/hours/invitations/")

        response = send_form(account, f"/invitations/{invited.token}", {"password": "correct horse"}, Origin=origin)

        assert (response.status, response.headers["location"]) == (303, f"/hours/invitations/{invited.token}")


def test_invitation_attempts_are_rate_limited(account: Account, clock: FakeClock, logged: Logged) -> None:
    invited = invite(account)
    for _ in range(INVITATION_RATE_LIMIT.burst):
        assert account.client.get("/invitations/wrong").status == 404

    for response in (account.client.get(invited.link), accept_invitation(account, invited.link)):
        assert (response.status, response.headers["retry-after"]) == (429, "60")
        assert "Too many attempts" in text_of(response)
    assert state_of(account, invited) == "pending"
    clock.advance(60)
    assert accept_invitation(account, invited.link).status == 303


def test_the_log_has_no_token(account: Account, logged: Logged) -> None:
    invited = invite(account)
    account.client.get(invited.link)
    account.client.get(f"//invitations//{invited.token}/")
    account.client.get(f"/invitations/{invited.token}/more")
    accept_invitation(account, invited.link)

    # A request is logged after its response.
    eventually(
        lambda: [line["path"] for line in logged if line["event"] == "request"],
        ["/v2/users", *["/invitations/…"] * 4],
    )
    assert invited.token not in str(logged)
    [line] = [line for line in logged if line["event"] == "invitation accepted"]
    assert (line["account"], line["user"]) == (account.id, invited.user["id"])


def test_the_database_has_no_token(account: Account) -> None:
    invited = invite(account)

    [row] = account.database.read_now(lambda tx: tx.all(INVITATIONS))

    assert invited.token not in str(row)
    assert len(invited.token) >= 43
    assert (row.account_id, row.user_id, row.invited_by_id) == (
        account.id,
        invited.user["id"],
        account.supervisor.id,
    )


def test_an_earlier_api_token_keeps_working(account: Account) -> None:
    invited = invite(account)
    token = account.database.write_now(account.id, tokens.create, invited.user["id"])
    client = account.client.with_token(token)
    assert client.get("/v2/current_user").json()["state"] == "pending"

    accept_invitation(account, invited.link)

    assert client.get("/v2/current_user").json()["state"] == "active"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_a_405(account: Account, method: str) -> None:
    invited = invite(account)

    assert account.client.request(method, invited.link).status == 405


@pytest.mark.parametrize("path", ["/invitations", "/invitations/", "/invitations/a/b"])
def test_other_paths_are_a_404(account: Account, path: str) -> None:
    assert account.client.get(path).status == 404


def test_accepting_removes_the_invitation_mail_from_the_outbox(account: Account) -> None:
    invited = invite(account)
    issued = account.database.write_now(
        account.id,
        issuing.reissue,
        invited.user["id"],
        links=Links(account.base_url),
        outbox=Outbox(DEPENDENCIES.keyring),
    )
    assert account.database.read_now(outbox.is_any_due, DAY)

    accept_invitation(account, issued.link)

    assert not account.database.read_now(outbox.is_any_due, DAY)


def set_state(account: Account, invited: NewInvitation, state: str) -> None:
    change = Statement(update(users).where(users.c.id == invited.user["id"]).values(state=state))
    account.database.write_now(account.id, lambda tx: tx.execute(change))


PASSWORD = Statement(select(users.c.password_hash).where(users.c.id == bindparam("id")))
INVITATIONS = Statement(select(invitations))
