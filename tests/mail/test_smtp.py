"""SMTP, with a real mail server on loopback."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

from hourhook.delivery.transports.http.resolvers import SystemResolver
from hourhook.mail.smtp import SmtpClient, SmtpResult
from hourhook.settings import Settings, SmtpServer
from tests.conftest import MakeSmtpServer
from tests.support.certificates import CertificateAuthority, make_certificate_authority
from tests.support.clocks import START
from tests.support.servers import free_socket
from tests.support.smtp_server import FakeSmtpServer

FROM = "Hourhook <hourhook@example.com>"
TEXT = "Hello Grace,\n\nhttps://time.example.com/invitations/x\n"


@pytest.fixture(scope="module")
def authority() -> CertificateAuthority:
    return make_certificate_authority()


@pytest.fixture
def ca_file(authority: CertificateAuthority, tmp_path: Path) -> str:
    path = tmp_path / "authority.pem"
    path.write_bytes(authority.pem)
    return str(path)


def server_of(url: str, ca_file: str | None = None, **seconds: float) -> SmtpClient:
    return SmtpClient(smtp_of(url), FROM, SystemResolver(), ca_file, **seconds)


def smtp_of(url: str) -> SmtpServer:
    settings = Settings.from_environment({"HOURHOOK_SMTP_URL": url, "HOURHOOK_MAIL_FROM": FROM})
    assert settings.smtp_url is not None
    return settings.smtp_url


def send(server: SmtpClient, recipient: str = "grace@northwind.test", **values: Any) -> SmtpResult:
    message = {"subject": "You are invited", "text": TEXT, "sent_at": START, "id": "1.2.hourhook", **values}
    return asyncio.run(server.send(server.compose(recipient, **message)))


def test_a_mail_arrives_with_its_headers_and_text(smtp_server: FakeSmtpServer) -> None:
    assert send(server_of(smtp_server.url)) == SmtpResult()

    taken = smtp_server.next()
    assert (taken.sender, taken.recipients) == ("hourhook@example.com", ["grace@northwind.test"])
    assert taken.text == TEXT
    assert dict(taken.message.items()) == {
        "From": "Hourhook <hourhook@example.com>",
        "To": "grace@northwind.test",
        "Subject": "You are invited",
        "Date": "Tue, 21 May 2024 10:05:00 +0000",
        "Message-ID": "<1.2.hourhook@example.com>",
        "Auto-Submitted": "auto-generated",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "7bit",
        "MIME-Version": "1.0",
    }
    assert smtp_server.commands == ["EHLO", "MAIL", "RCPT", "DATA", "QUIT"]


def test_non_ascii_text_arrives_encoded_as_ascii(smtp_server: FakeSmtpServer) -> None:
    text = "Hello Zoë,\n\n" + "— 日本 " * 40 + "\n.\n..\n"

    assert send(server_of(smtp_server.url), subject="Zoë — 日本", text=text) == SmtpResult()

    taken = smtp_server.next()
    assert taken.raw.isascii()
    assert max(map(len, taken.raw.split(b"\r\n"))) <= 998
    assert (taken.message["Subject"], taken.text) == ("Zoë — 日本", text)


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028", "\x85", "\x0b"])
def test_a_subject_cannot_inject_a_header(smtp_server: FakeSmtpServer, end: str) -> None:
    assert send(server_of(smtp_server.url), subject=f"Grace{end}Bcc: eve@example.net") == SmtpResult()

    taken = smtp_server.next()
    assert taken.recipients == ["grace@northwind.test"]
    assert taken.message["Subject"] == "Grace Bcc: eve@example.net"
    assert taken.message["Bcc"] is None


@pytest.mark.parametrize(
    "recipient", ["grace@north..wind.test", "@northwind.test\n", "grace@x\r\nBcc: eve@y.test", "a@"]
)
def test_an_invalid_recipient_is_refused(smtp_server: FakeSmtpServer, recipient: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        send(server_of(smtp_server.url), recipient)

    assert smtp_server.is_empty()


def test_a_non_ascii_domain_is_written_in_punycode(smtp_server: FakeSmtpServer) -> None:
    assert send(server_of(smtp_server.url), "grace@müller.test") == SmtpResult()

    assert smtp_server.next().recipients == ["grace@xn--mller-kva.test"]


def test_a_non_ascii_local_part_needs_a_server_with_smtputf8(smtp_server: FakeSmtpServer) -> None:
    refused = send(server_of(smtp_server.url), "zoë@northwind.test")
    smtp_server.extensions.append("SMTPUTF8")

    assert refused.is_permanent
    assert "SMTPUTF8" in (refused.error or "")
    assert send(server_of(smtp_server.url), "zoë@northwind.test") == SmtpResult()
    assert smtp_server.next().recipients == ["zoë@northwind.test"]


def test_starttls_encrypts_credentials_and_mail(
    make_smtp_server: MakeSmtpServer, authority: CertificateAuthority, ca_file: str, tmp_path: Path
) -> None:
    smtp_server = make_smtp_server(tls=authority.make_server_context(tmp_path, "localhost"))
    smtp_server.extensions.append("AUTH PLAIN")
    url = f"smtp://ada%40x:pa%2Fss@localhost:{smtp_server.port}?starttls=required"

    assert send(server_of(url, ca_file)) == SmtpResult()

    taken = smtp_server.next()
    assert taken.is_encrypted
    assert taken.credentials == "\0ada@x\0pa/ss"
    assert smtp_server.commands == ["EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]


def test_smtps_uses_tls_from_the_start(
    make_smtp_server: MakeSmtpServer, authority: CertificateAuthority, ca_file: str, tmp_path: Path
) -> None:
    smtp_server = make_smtp_server(tls=authority.make_server_context(tmp_path, "localhost"), is_implicit_tls=True)

    assert send(server_of(f"smtps://localhost:{smtp_server.port}", ca_file)) == SmtpResult()
    assert smtp_server.next().is_encrypted


def test_a_server_without_required_starttls_gets_no_mail(smtp_server: FakeSmtpServer, ca_file: str) -> None:
    url = f"smtp://ada:secret@localhost:{smtp_server.port}?starttls=required"

    result = send(server_of(url, ca_file))

    assert result == SmtpResult("the server does not support STARTTLS")
    assert not {"AUTH", "MAIL"} & {*smtp_server.commands}


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
@pytest.mark.parametrize(("host", "is_known"), [("localhost", False), ("mail.example.com", True)])
def test_a_server_with_an_untrusted_certificate_gets_no_mail(
    make_smtp_server: MakeSmtpServer,
    authority: CertificateAuthority,
    ca_file: str,
    tmp_path: Path,
    scheme: str,
    host: str,
    is_known: bool,
) -> None:
    smtp_server = make_smtp_server(tls=authority.make_server_context(tmp_path, host), is_implicit_tls=scheme == "smtps")
    query = "?starttls=required" if scheme == "smtp" else ""
    url = f"{scheme}://ada:secret@localhost:{smtp_server.port}{query}"

    result = send(server_of(url, ca_file if is_known else None))

    assert not result.is_permanent
    assert (result.error or "").startswith("the server's certificate is not trusted: ")
    assert not {"AUTH", "MAIL"} & {*smtp_server.commands}


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"RCPT": "450 4.2.1 Busy"}, SmtpResult("the recipient is refused: 450 4.2.1")),
        ({"RCPT": "550 5.1.1 Nobody here"}, SmtpResult("the recipient is refused: 550 5.1.1", is_permanent=True)),
        ({"RCPT": "550 Nobody"}, SmtpResult("the recipient is refused: 550", is_permanent=True)),
        ({"DATA": "451 Later"}, SmtpResult("the mail is refused: 451")),
        ({"DATA-END": "452 4.3.1 Full"}, SmtpResult("the mail is refused: 452 4.3.1")),
        ({"DATA-END": "554 5.7.1 Spam"}, SmtpResult("the mail is refused: 554 5.7.1", is_permanent=True)),
        ({"MAIL": "530 5.7.0 Sign in"}, SmtpResult("the sender is refused: 530 5.7.0")),
        ({"CONNECT": "554 Go away"}, SmtpResult("the connection is refused: 554")),
        ({"CONNECT": "421 Busy"}, SmtpResult("the connection is refused: 421")),
        ({"CONNECT": "HTTP/1.1 400 Bad Request"}, SmtpResult("the server disconnected, or does not speak SMTP")),
        ({"QUIT": "500 What?"}, SmtpResult()),
    ],
)
def test_the_servers_reply_decides_the_result(
    smtp_server: FakeSmtpServer, answers: dict[str, str], expected: SmtpResult
) -> None:
    smtp_server.replies = answers

    assert send(server_of(smtp_server.url)) == expected


def test_a_refused_password_is_a_temporary_failure(smtp_server: FakeSmtpServer) -> None:
    smtp_server.extensions.append("AUTH PLAIN")
    smtp_server.replies = {"AUTH": "535 5.7.8 No"}

    result = send(server_of(f"smtp://ada:secret@localhost:{smtp_server.port}"))

    assert result == SmtpResult("user or password is refused: 535 5.7.8")


def test_the_text_of_a_refusal_is_not_repeated(smtp_server: FakeSmtpServer) -> None:
    smtp_server.replies = {"DATA-END": "554 5.7.1 https://time.example.com/invitations/x is spam"}

    assert "invitations" not in (send(server_of(smtp_server.url)).error or "")


def test_an_unreachable_server_is_a_temporary_failure() -> None:
    with free_socket() as unused:
        port = unused.getsockname()[1]
    result = send(server_of(f"smtp://localhost:{port}"))

    assert not result.is_permanent
    assert re.match("the server cannot be reached: ", result.error or "")


def test_an_unresolvable_server_is_a_temporary_failure() -> None:
    result = send(server_of("smtp://mail.invalid:25?starttls=off"))

    assert not result.is_permanent
    assert (result.error or "").startswith("the server cannot be reached: ")


def test_a_silent_server_times_out(smtp_server: FakeSmtpServer) -> None:
    smtp_server.pause()

    assert send(server_of(smtp_server.url, step_seconds=0.2)) == SmtpResult("the server does not respond in time")


def test_a_slow_server_times_out(smtp_server: FakeSmtpServer) -> None:
    smtp_server.trickles = True

    assert send(server_of(smtp_server.url, total_seconds=0.3)) == SmtpResult("the server does not respond in time")
