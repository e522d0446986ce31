"""Handing mails over to a mail server, by SMTP and on a thread of its own.

The network and the server may do what they like: the end is a ``SmtpResult``, within a deadline. What a server says to a
refused mail is kept to its codes, since some repeat the links of a mail, and those open something.
"""

import contextlib
import re
import smtplib
import socket
import ssl
import threading
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from hourhook.clock import to_datetime
from hourhook.settings import SmtpServer

# Of one step (a connection, a command and its answer), and of all of them together.
STEP_SECONDS = 20.0
TOTAL_SECONDS = 60.0
# Only ASCII on its way, whatever the server can do, and whatever the mail holds.
_POLICY = SMTP.clone(cte_type="7bit")
_DETAIL = re.compile(rb"[245]\.\d{1,3}\.\d{1,3}\b")


@dataclass(frozen=True, slots=True)
class SmtpResult:
    """What came of a mail: taken in (``error`` is None), refused for good, or to be tried again."""

    error: str | None = None
    is_permanent: bool = False


class SmtpClient:
    """A mail server that mails are handed over to, all from one sender."""

    def __init__(
        self,
        settings: SmtpServer,
        mail_from: str,
        ca_file: str | None = None,
        *,
        step_seconds: float = STEP_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._settings = settings
        self._from: Address = _POLICY.header_factory("From", mail_from).addresses[0]
        self._step_seconds = step_seconds
        self._total_seconds = total_seconds
        self._tls = ssl.create_default_context()
        if ca_file is not None:
            self._tls.load_verify_locations(ca_file)

    def compose(self, recipient: str, subject: str, text: str, *, sent_at: int, id: str) -> EmailMessage:
        """A mail of plain text; ``id`` makes its Message-ID, the same at every attempt.

        Raises ``ValueError`` for a recipient that no mail can be addressed to.
        """
        message = EmailMessage(_POLICY)
        message["From"] = self._from
        message["To"] = _address(recipient)
        # On one line: there are more ends of a line than names are kept from holding.
        message["Subject"] = " ".join(subject.split())
        message["Date"] = format_datetime(to_datetime(sent_at))
        message["Message-ID"] = f"<{id}@{self._from.domain}>"
        # So that no machine answers with a note of absence.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        return message

    def send(self, message: EmailMessage) -> SmtpResult:
        """Hand a mail over, here and now in the calling thread; raises for nothing the network or the server can do."""
        smtp = self._smtp()
        is_late = threading.Event()
        deadline = threading.Timer(self._total_seconds, _cut, [smtp, is_late])
        deadline.daemon = True
        deadline.start()
        try:
            self._open(smtp)
            smtp.send_message(message, self._from.addr_spec, [message["To"].addresses[0].addr_spec])
        except (smtplib.SMTPException, OSError) as error:
            return _refusal(TimeoutError() if is_late.is_set() else error)
        else:
            # Taken in is taken in, however we part.
            with contextlib.suppress(smtplib.SMTPException, OSError):
                smtp.quit()
            return SmtpResult()
        finally:
            deadline.cancel()
            smtp.close()

    def _smtp(self) -> smtplib.SMTP:
        name, timeout = self._from.domain, self._step_seconds
        smtp: Any = (
            smtplib.SMTP_SSL(local_hostname=name, timeout=timeout, context=self._tls)
            if self._settings.encryption == "tls"
            else smtplib.SMTP(local_hostname=name, timeout=timeout)
        )
        # Whom the certificate must name. Given to the constructor the host would be connected to there and then,
        # where no deadline could reach it.
        smtp._host = self._settings.host
        made: smtplib.SMTP = smtp
        return made

    def _open(self, smtp: smtplib.SMTP) -> None:
        settings = self._settings
        code, _ = smtp.connect(settings.host, settings.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, b"")
        if settings.encryption == "starttls":
            smtp.ehlo()
            # Raises where the server does not offer it: what follows is for nobody else's eyes.
            smtp.starttls(context=self._tls)
        smtp.ehlo_or_helo_if_needed()
        if settings.user is not None and settings.password is not None:
            smtp.login(settings.user, settings.password)


def _address(recipient: str) -> Address:
    """The recipient, the domain in the letters that every server takes."""
    username, _, domain = recipient.rpartition("@")
    if not (username and domain):
        raise ValueError("no name or no domain")
    try:
        return Address(username=username, domain=domain.encode("idna").decode())
    except UnicodeError as error:
        raise ValueError("no domain") from error


def _cut(smtp: smtplib.SMTP, is_late: threading.Event) -> None:
    # Whatever waits for the server just now ends with an error.
    is_late.set()
    with contextlib.suppress(OSError):
        if smtp.sock is not None:
            smtp.sock.shutdown(socket.SHUT_RDWR)


def _refusal(error: smtplib.SMTPException | OSError) -> SmtpResult:
    match error:
        case smtplib.SMTPRecipientsRefused():
            code, reply = next(iter(error.recipients.values()))
            return SmtpResult(f"the recipient is refused: {_codes(code, reply)}", is_permanent=_is_final(code))
        case smtplib.SMTPDataError():
            return SmtpResult(
                f"the mail is refused: {_codes(error.smtp_code, error.smtp_error)}",
                is_permanent=_is_final(error.smtp_code),
            )
        # The rest is about us, and can be mended without the mail being another one.
        case smtplib.SMTPSenderRefused():
            return SmtpResult(f"the sender is refused: {_codes(error.smtp_code, error.smtp_error)}")
        case smtplib.SMTPAuthenticationError():
            return SmtpResult(f"user or password is refused: {_codes(error.smtp_code, error.smtp_error)}")
        case smtplib.SMTPResponseException() if error.smtp_code > 0:
            return SmtpResult(f"the server refuses us: {_codes(error.smtp_code, error.smtp_error)}")
        case smtplib.SMTPNotSupportedError():
            # Ours to say, not the server's: that it lacks STARTTLS, AUTH or SMTPUTF8.
            return SmtpResult(str(error), is_permanent="SMTPUTF8" in str(error))
        case smtplib.SMTPServerDisconnected() if isinstance(error.__context__, TimeoutError):
            return SmtpResult("the server takes too long")
        case smtplib.SMTPException():
            return SmtpResult("the server hung up, or speaks no SMTP")
        case ssl.SSLCertVerificationError():
            return SmtpResult(f"the server's certificate is no good: {error.verify_message}")
        case ssl.SSLError():
            return SmtpResult(f"no TLS with the server: {error.reason or 'it speaks something else'}")
        case TimeoutError():
            return SmtpResult("the server takes too long")
    return SmtpResult(f"the server cannot be reached: {error.strerror or type(error).__name__}")


def _is_final(code: int) -> bool:
    return 500 <= code < 600


def _codes(code: int, reply: bytes | str) -> str:
    detail = _DETAIL.match(reply.encode() if isinstance(reply, str) else reply)
    return f"{code} {detail[0].decode()}" if detail else str(code)
