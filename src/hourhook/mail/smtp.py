"""SMTP: hand mails over to a mail server (``docs/operating/mail.md#how-mail-is-sent``).

``SmtpClient.send`` returns an ``SmtpResult`` within a deadline, whatever the network or the server does. Of the
server's replies only the codes are kept: some servers repeat the links of a mail, and those grant access.
"""

import asyncio
import contextlib
import os
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import aiosmtplib

from hourhook.clock import to_datetime
from hourhook.settings import SmtpServer

# The timeouts of one step (a connection, a command and its reply) and of handing over a mail.
STEP_SECONDS = 20.0
TOTAL_SECONDS = 60.0
# ASCII only, whatever the server supports and whatever the mail contains.
_POLICY = SMTP.clone(cte_type="7bit")
_DETAIL = re.compile(r"[245]\.\d{1,3}\.\d{1,3}\b", re.ASCII)

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Resolves a host and a port to addresses, as text; raises ``OSError`` or ``UnicodeError`` if it cannot."""


@dataclass(frozen=True, slots=True)
class SmtpResult:
    """The result of sending a mail: accepted (``error`` is None), refused permanently, or to be retried."""

    error: str | None = None
    is_permanent: bool = False


class SmtpClient:
    """Send mails from one sender through one mail server."""

    def __init__(
        self,
        settings: SmtpServer,
        mail_from: str,
        resolver: Resolver,
        ca_file: str | None = None,
        *,
        step_seconds: float = STEP_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._settings = settings
        self._from: Address = _POLICY.header_factory("From", mail_from).addresses[0]
        self._resolver = resolver
        self._step_seconds = step_seconds
        self._total_seconds = total_seconds
        self._tls = ssl.create_default_context()
        if ca_file is not None:
            self._tls.load_verify_locations(ca_file)

    def compose(self, recipient: str, subject: str, text: str, *, sent_at: int, id: str) -> EmailMessage:
        """Return a plain-text mail; its Message-ID is made from ``id``, so it is the same in every attempt.

        Raises ``ValueError`` for an invalid recipient.
        """
        message = EmailMessage(_POLICY)
        message["From"] = self._from
        message["To"] = _address(recipient)
        # On one line: names may contain Unicode line separators, which validation does not exclude.
        message["Subject"] = " ".join(subject.split())
        message["Date"] = format_datetime(to_datetime(sent_at))
        message["Message-ID"] = f"<{id}@{self._from.domain}>"
        # Prevents automatic replies, such as out-of-office notes.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        return message

    async def send(self, message: EmailMessage) -> SmtpResult:
        """Hand a mail over to the server; raises for nothing that the network or the server can do."""
        smtp: aiosmtplib.SMTP | None = None
        try:
            async with asyncio.timeout(self._total_seconds):
                smtp = self._client(await self._connect())
                await smtp.connect()
                refusal = await self._prepare(smtp) or await self._hand_over(smtp, message)
            if refusal is None:
                # The mail has been accepted, whatever happens to the rest of the session.
                with contextlib.suppress(aiosmtplib.SMTPException, OSError):
                    await smtp.quit()
        except (aiosmtplib.SMTPException, OSError, UnicodeError) as error:
            return _failure(error)
        else:
            return refusal or SmtpResult()
        finally:
            if smtp is not None:
                smtp.close()

    async def check(self) -> SmtpResult:
        """Connect, upgrade to TLS and authenticate as for a mail, and send none."""
        smtp: aiosmtplib.SMTP | None = None
        try:
            async with asyncio.timeout(self._step_seconds):
                smtp = self._client(await self._connect())
                await smtp.connect()
                return await self._prepare(smtp) or SmtpResult()
        except (aiosmtplib.SMTPException, OSError, UnicodeError) as error:
            return _failure(error)
        finally:
            if smtp is not None:
                smtp.close()

    async def _connect(self) -> socket.socket:
        """Connect to the first address of the server that accepts a connection."""
        loop = asyncio.get_running_loop()
        failure: OSError = OSError("the name has no address")
        for address in await self._resolver(self._settings.host, self._settings.port):
            connection = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
            connection.setblocking(False)
            try:
                async with asyncio.timeout(self._step_seconds):
                    await loop.sock_connect(connection, (address, self._settings.port))
            except OSError as error:
                connection.close()
                failure = error
            except BaseException:
                connection.close()
                raise
            else:
                return connection
        raise failure

    def _client(self, connection: socket.socket) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            # The name that the certificate must contain.
            hostname=self._settings.host,
            sock=connection,
            local_hostname=self._from.domain,
            timeout=self._step_seconds,
            use_tls=self._settings.encryption == "tls",
            start_tls=False,
            tls_context=self._tls,
        )

    async def _prepare(self, smtp: aiosmtplib.SMTP) -> SmtpResult | None:
        """Upgrade to TLS and authenticate as configured; return why that is impossible, or None."""
        await _greet(smtp)
        if self._settings.encryption == "starttls":
            if not smtp.supports_extension("starttls"):
                return SmtpResult("the server does not support STARTTLS")
            await smtp.starttls()
            await _greet(smtp)
        if self._settings.user is not None and self._settings.password is not None:
            if not smtp.supported_auth_methods:
                return SmtpResult("the server does not support authentication")
            await smtp.login(self._settings.user, self._settings.password)
        return None

    async def _hand_over(self, smtp: aiosmtplib.SMTP, message: EmailMessage) -> SmtpResult | None:
        recipient: str = message["To"].addresses[0].addr_spec
        is_international = not recipient.isascii()
        if is_international and not smtp.supports_extension("smtputf8"):
            return SmtpResult("the server does not support SMTPUTF8, which this address needs", is_permanent=True)
        options = ("SMTPUTF8", "BODY=8BITMIME") if is_international else ()
        encoding = "utf-8" if is_international else "ascii"
        await smtp.mail(self._from.addr_spec, options=options, encoding=encoding)
        await smtp.rcpt(recipient, encoding=encoding)
        await smtp.data(message.as_bytes(policy=_POLICY.clone(utf8=is_international)))
        return None


async def _greet(smtp: aiosmtplib.SMTP) -> None:
    try:
        await smtp.ehlo()
    except aiosmtplib.SMTPHeloError:
        if not smtp.is_connected:
            raise
        await smtp.helo()


def _address(recipient: str) -> Address:
    """Return the recipient with its domain in ASCII, which every server accepts."""
    username, _, domain = recipient.rpartition("@")
    if not (username and domain):
        raise ValueError("no name or no domain")
    try:
        return Address(username=username, domain=domain.encode("idna").decode())
    except UnicodeError as error:
        raise ValueError("no domain") from error


def _failure(error: Exception) -> SmtpResult:
    if type(error) is aiosmtplib.SMTPConnectError and isinstance(error.__cause__, Exception):
        # It wraps the errors of TLS and of the network.
        error = error.__cause__
    match error:
        case aiosmtplib.SMTPRecipientRefused():
            return SmtpResult(f"the recipient is refused: {_codes(error)}", is_permanent=_is_permanent(error))
        case aiosmtplib.SMTPDataError():
            return SmtpResult(f"the mail is refused: {_codes(error)}", is_permanent=_is_permanent(error))
        # The others concern our side, and can be fixed without changing the mail.
        case aiosmtplib.SMTPSenderRefused():
            return SmtpResult(f"the sender is refused: {_codes(error)}")
        case aiosmtplib.SMTPAuthenticationError():
            return SmtpResult(f"user or password is refused: {_codes(error)}")
        case aiosmtplib.SMTPResponseException() if error.code > 0:
            return SmtpResult(f"the connection is refused: {_codes(error)}")
        case TimeoutError():
            return SmtpResult("the server does not respond in time")
        case aiosmtplib.SMTPException():
            return SmtpResult("the server disconnected, or does not speak SMTP")
        case ssl.SSLCertVerificationError():
            return SmtpResult(f"the server's certificate is not trusted: {error.verify_message}")
        case ssl.SSLError():
            return SmtpResult(f"no TLS connection to the server: {error.reason or 'it does not speak TLS'}")
    return SmtpResult(f"the server cannot be reached: {_reason(error)}")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno and not isinstance(error, socket.gaierror):
        # The text of an event loop's error contains the address.
        return os.strerror(error.errno)
    return (isinstance(error, OSError) and error.strerror) or str(error) or type(error).__name__


def _is_permanent(error: aiosmtplib.SMTPResponseException) -> bool:
    return 500 <= error.code < 600


def _codes(error: aiosmtplib.SMTPResponseException) -> str:
    detail = _DETAIL.match(error.message)
    return f"{error.code} {detail[0]}" if detail else str(error.code)
