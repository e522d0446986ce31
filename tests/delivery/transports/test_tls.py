"""TLS of the HTTP transport: which certificates are trusted, and for which names."""

import asyncio
import socket
import ssl
from pathlib import Path

import pytest

from hourhook.delivery.transports.outcomes import Outcome
from hourhook.errors import OperatorError
from tests.support.certificates import CertificateAuthority, make_self_signed_context
from tests.support.http_sends import BODY, HEADERS, ScriptedResolver, failure_of, transport
from tests.support.receivers import responding, running_receiver, sending_before_request, sending_raw

pytestmark = pytest.mark.anyio


async def send_over_tls(tls: ssl.SSLContext, ca_file: str | None) -> Outcome:
    async with running_receiver(responding(200, b"ok"), tls) as receiver:
        # The TLS error is reported, not that of the other address, which is a closed port.
        its = transport(ca_file=ca_file, resolver=ScriptedResolver(["127.0.0.1", "::1"]), timeout_seconds=5)
        return await its.send(receiver.uri("hooks.invalid"), HEADERS, BODY)


async def test_a_certificate_of_the_ca_file_is_trusted(
    authority: CertificateAuthority, ca_file: str, tmp_path: Path
) -> None:
    assert (await send_over_tls(authority.make_server_context(tmp_path, "hooks.invalid"), ca_file)).body == b"ok"


async def test_a_certificate_of_an_unknown_authority_is_refused(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    assert failure_of(await send_over_tls(authority.make_server_context(tmp_path, "hooks.invalid"), None)) == "tls"


async def test_a_certificate_for_another_name_is_refused(
    authority: CertificateAuthority, ca_file: str, tmp_path: Path
) -> None:
    assert failure_of(await send_over_tls(authority.make_server_context(tmp_path, "other.invalid"), ca_file)) == "tls"


async def test_an_expired_certificate_is_refused(authority: CertificateAuthority, ca_file: str, tmp_path: Path) -> None:
    tls = authority.make_server_context(tmp_path, "hooks.invalid", valid_days=-2)
    assert failure_of(await send_over_tls(tls, ca_file)) == "tls"


async def test_a_response_without_tls_is_a_tls_error() -> None:
    async with sending_before_request(b"HTTP/1.1 400 Bad Request\r\n\r\n") as receiver:
        uri = receiver.uri().replace("http:", "https:")
        assert failure_of(await transport(timeout_seconds=5).send(uri, HEADERS, BODY)) == "tls"


@pytest.mark.parametrize("content", [None, b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAA\n"])
def test_a_ca_file_without_certificates_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "authorities.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(OperatorError, match="HOURHOOK_CA_FILE"):
        transport(ca_file=str(path))


async def test_a_self_signed_certificate_of_the_ca_file_is_trusted(tmp_path: Path) -> None:
    tls, certificate = make_self_signed_context(tmp_path, "hooks.invalid")
    path = tmp_path / "trusted.pem"
    path.write_bytes(certificate)
    assert (await send_over_tls(tls, str(path))).body == b"ok"


async def test_a_certificate_issued_by_an_authority_is_trusted_by_itself(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    tls = authority.make_server_context(tmp_path, "hooks.invalid")
    assert (await send_over_tls(tls, str(tmp_path / "hooks.invalid.pem"))).body == b"ok"


async def test_comments_and_a_byte_order_mark_in_the_ca_file_are_ignored(
    authority: CertificateAuthority, tmp_path: Path
) -> None:
    path = tmp_path / "authorities.pem"
    comments = "\ufeff# Behörde für Prüfungen\n-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n".encode()
    path.write_bytes(comments.replace(b"\n", b"\r\n") + authority.pem + b"\xff")
    assert (await send_over_tls(authority.make_server_context(tmp_path, "hooks.invalid"), str(path))).body == b"ok"


async def test_a_receiver_that_demands_a_client_certificate_is_a_tls_error(
    authority: CertificateAuthority, ca_file: str, tmp_path: Path
) -> None:
    tls = authority.make_server_context(tmp_path, "hooks.invalid")
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(cadata=authority.pem.decode())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        uri = f"https://hooks.invalid:{listener.getsockname()[1]}/"
        its = transport(ca_file=ca_file, resolver=ScriptedResolver(["127.0.0.1"]), timeout_seconds=5)
        # On a thread: the servers of the event loops close the connection without the alert that says why.
        refusing = asyncio.create_task(asyncio.to_thread(refuse_handshake, listener, tls))
        assert failure_of(await its.send(uri, HEADERS, BODY)) == "tls"
        await refusing


def refuse_handshake(listener: socket.socket, tls: ssl.SSLContext) -> None:
    connection, _ = listener.accept()
    with connection, pytest.raises(ssl.SSLError):
        tls.wrap_socket(connection, server_side=True)


async def test_the_certificate_of_an_absolute_name_has_no_dot(
    authority: CertificateAuthority, ca_file: str, tmp_path: Path
) -> None:
    tls = authority.make_server_context(tmp_path, "hooks.invalid")
    async with running_receiver(responding(), tls) as receiver:
        its = transport(ca_file=ca_file, resolver=ScriptedResolver(["127.0.0.1"]), timeout_seconds=5)
        assert (await its.send(receiver.uri("hooks.invalid."), HEADERS, BODY)).is_success


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_tls_session_is_resumed(
    authority: CertificateAuthority, ca_file: str, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    tls = authority.make_server_context(tmp_path, "hooks.invalid")
    tls.maximum_version = version
    last = sending_raw(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
    async with running_receiver(last, tls) as receiver:
        its = transport(ca_file=ca_file, resolver=ScriptedResolver(["127.0.0.1"]), timeout_seconds=5)
        for _ in range(3):
            assert (await its.send(receiver.uri("hooks.invalid"), HEADERS, BODY)).is_success
    assert receiver.connections_count == 3
    assert tls.session_stats()["hits"] == 2


async def test_a_session_does_not_replace_the_certificate_of_another_name(
    authority: CertificateAuthority, ca_file: str, tmp_path: Path
) -> None:
    async with running_receiver(responding(), authority.make_server_context(tmp_path, "hooks.invalid")) as receiver:
        its = transport(ca_file=ca_file, resolver=ScriptedResolver(["127.0.0.1"]), timeout_seconds=5)
        assert (await its.send(receiver.uri("hooks.invalid"), HEADERS, BODY)).is_success
        assert failure_of(await its.send(receiver.uri("other.invalid"), HEADERS, BODY)) == "tls"
