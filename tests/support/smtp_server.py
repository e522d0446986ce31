"""An SMTP server for tests, whose reply to each command a test can set."""

import asyncio
import email
import queue
import socket
import ssl
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default

from tests.support.servers import EventLoopThread
from tests.support.webhook_receiver import WAIT_TIMEOUT_SECONDS


@dataclass(frozen=True)
class ReceivedMail:
    """One mail that the server accepted."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    raw: bytes
    # Whether the connection used TLS, and the credentials of the client.
    is_encrypted: bool
    credentials: str | None

    @property
    def text(self) -> str:
        """The text, with normalized line ends."""
        return str(self.message.get_content()).replace("\r\n", "\n")

    @property
    def link(self) -> str:
        """The only line that is a URL."""
        [link] = [line for line in self.text.splitlines() if line.startswith(("http://", "https://"))]
        return link


@dataclass
class FakeSmtpServer:
    """A running mail server. A test may change its extensions and replies at any time."""

    loop: EventLoopThread
    port: int = 0
    extensions: list[str] = field(default_factory=lambda: ["8BITMIME"])
    tls: ssl.SSLContext | None = None
    # Replies by command verb; ``DATA-END`` is the end of a mail, ``CONNECT`` the greeting.
    replies: dict[str, str] = field(default_factory=dict)
    # The verbs of the commands received, in capitals.
    commands: list[str] = field(default_factory=list)
    # Whether it sends its greeting one character at a time and never completes it.
    trickles: bool = False
    _accepted: "queue.Queue[ReceivedMail]" = field(default_factory=queue.Queue)
    # If set, greetings wait for this event.
    _held: asyncio.Event | None = None

    @property
    def url(self) -> str:
        """The URL for ``HOURHOOK_SMTP_URL``."""
        return f"smtp://localhost:{self.port}"

    def next(self) -> ReceivedMail:
        """Wait for the next mail that the server accepts."""
        return self._accepted.get(timeout=WAIT_TIMEOUT_SECONDS)

    def is_empty(self) -> bool:
        """Return whether the test has taken all accepted mails."""
        return self._accepted.empty()

    def pause(self) -> None:
        """Send no greeting to new clients from now on."""
        self._held = asyncio.Event()

    def resume(self) -> None:
        """Greet the clients that wait, and all further ones."""
        held, self._held = self._held, None

        async def resume() -> None:
            if held is not None:
                held.set()

        self.loop.run(resume())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client until it quits or disconnects."""
        try:
            await _Session(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()


@dataclass
class _Session:
    """The SMTP session of one client."""

    smtp_server: FakeSmtpServer
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    is_encrypted: bool = False
    credentials: str | None = None
    sender: str = ""
    recipients: list[str] = field(default_factory=list)

    async def run(self) -> None:
        if self.smtp_server._held is not None:
            await self.smtp_server._held.wait()
        while self.smtp_server.trickles and not await _is_closed_by_client(self.reader):
            self.writer.write(b"2")
        self.is_encrypted = self.writer.get_extra_info("ssl_object") is not None
        await self._reply(self.smtp_server.replies.get("CONNECT", "220 mail.test ready"))
        while line := await self.reader.readline():
            command = line.decode().strip()
            verb = command.split(" ")[0].upper()
            self.smtp_server.commands.append(verb)
            reply = self.smtp_server.replies.get(verb)
            if reply is not None:
                await self._reply(reply)
            elif verb == "QUIT":
                await self._reply("221 Bye")
                return
            else:
                await self._handle(verb, command)

    async def _handle(self, verb: str, command: str) -> None:
        match verb:
            case "EHLO":
                lines = ["mail.test", *self.smtp_server.extensions]
                await self._reply("\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"]))
            case "STARTTLS":
                await self._reply("220 Go on")
                assert self.smtp_server.tls is not None
                await self.writer.start_tls(self.smtp_server.tls)
                self.is_encrypted = True
            case "AUTH":
                self.credentials = b64decode(command.split(" ")[2]).decode()
                await self._reply("235 Welcome")
            case "MAIL":
                self.sender, self.recipients = _address(command), []
                await self._reply("250 Yes")
            case "RCPT":
                self.recipients.append(_address(command))
                await self._reply("250 Yes")
            case "DATA":
                await self._reply("354 Go on")
                await self._receive_mail(await self.reader.readuntil(b"\r\n.\r\n"))
            case _:
                await self._reply("250 Yes")

    async def _receive_mail(self, data: bytes) -> None:
        reply = self.smtp_server.replies.get("DATA-END", "250 Accepted")
        if reply.startswith("2"):
            raw = data.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
            message = email.message_from_bytes(raw, policy=default)
            self.smtp_server._accepted.put(
                ReceivedMail(self.sender, self.recipients, message, raw, self.is_encrypted, self.credentials)
            )
        await self._reply(reply)

    async def _reply(self, reply: str) -> None:
        self.writer.write(reply.encode() + b"\r\n")
        await self.writer.drain()


@contextmanager
def running_smtp_server(
    loop: EventLoopThread, *, tls: ssl.SSLContext | None = None, is_implicit_tls: bool = False
) -> Iterator[FakeSmtpServer]:
    """Run a mail server in an event loop; with ``tls`` it offers STARTTLS, or uses implicit TLS."""
    smtp_server = FakeSmtpServer(loop, tls=tls)
    if tls is not None and not is_implicit_tls:
        smtp_server.extensions.append("STARTTLS")
    server = loop.run(_start(smtp_server, tls if is_implicit_tls else None))
    smtp_server.port = server.sockets[0].getsockname()[1]
    try:
        yield smtp_server
    finally:
        smtp_server.resume()
        loop.run(_stop(server))


async def _start(smtp_server: FakeSmtpServer, tls: ssl.SSLContext | None) -> asyncio.Server:
    return await asyncio.start_server(smtp_server.serve, "localhost", 0, ssl=tls, family=socket.AF_INET)


async def _stop(server: asyncio.Server) -> None:
    server.close()


async def _is_closed_by_client(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(1), 0.02) == b""
    except TimeoutError:
        return False


def _address(command: str) -> str:
    return command.partition("<")[2].partition(">")[0]
