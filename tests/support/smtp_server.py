"""A mail server for tests, which takes mails in by SMTP and answers each command as a test has it."""

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
    """One mail that was taken in."""

    sender: str
    recipients: list[str]
    message: EmailMessage
    raw: bytes
    # What it was sent over, and by whom.
    is_encrypted: bool
    credentials: str | None

    @property
    def text(self) -> str:
        """What it says."""
        return str(self.message.get_content()).replace("\r\n", "\n")

    @property
    def link(self) -> str:
        """The one line of it that is an address."""
        [link] = [line for line in self.text.splitlines() if line.startswith(("http://", "https://"))]
        return link


@dataclass
class FakeSmtpServer:
    """A running mail server. A test may change at any time what it offers and how it answers."""

    loop: EventLoopThread
    port: int = 0
    extensions: list[str] = field(default_factory=lambda: ["8BITMIME"])
    tls: ssl.SSLContext | None = None
    # Answers by the word that a command begins with; ``DATA-END`` is the end of a mail, ``CONNECT`` the greeting.
    replies: dict[str, str] = field(default_factory=dict)
    # The word of each command that has come, in capitals.
    commands: list[str] = field(default_factory=list)
    # Whether it says a letter now and then, and never comes to the end of its greeting.
    trickles: bool = False
    _taken: "queue.Queue[ReceivedMail]" = field(default_factory=queue.Queue)
    # While there is one, greetings wait for it.
    _held: asyncio.Event | None = None

    @property
    def url(self) -> str:
        """Where it is, as the setting has it."""
        return f"smtp://localhost:{self.port}"

    def next(self) -> ReceivedMail:
        """The mail that was taken in next; waits for it."""
        return self._taken.get(timeout=WAIT_TIMEOUT_SECONDS)

    def is_empty(self) -> bool:
        """Whether every mail was looked at."""
        return self._taken.empty()

    def pause(self) -> None:
        """Say nothing from now on."""
        self._held = asyncio.Event()

    def resume(self) -> None:
        """Go on with what was held, and hold nothing more."""
        held, self._held = self._held, None

        async def resume() -> None:
            if held is not None:
                held.set()

        self.loop.run(resume())

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk with one client to the end."""
        try:
            await _Talk(self, reader, writer).go_on()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()


@dataclass
class _Talk:
    """One client's visit."""

    smtp_server: FakeSmtpServer
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    is_encrypted: bool = False
    credentials: str | None = None
    sender: str = ""
    recipients: list[str] = field(default_factory=list)

    async def go_on(self) -> None:
        if self.smtp_server._held is not None:
            await self.smtp_server._held.wait()
        while self.smtp_server.trickles and not await _leaves(self.reader):
            self.writer.write(b"2")
        self.is_encrypted = self.writer.get_extra_info("ssl_object") is not None
        await self._say(self.smtp_server.replies.get("CONNECT", "220 mail.test ready"))
        while line := await self.reader.readline():
            command = line.decode().strip()
            word = command.split(" ")[0].upper()
            self.smtp_server.commands.append(word)
            answer = self.smtp_server.replies.get(word)
            if answer is not None:
                await self._say(answer)
            elif word == "QUIT":
                await self._say("221 Bye")
                return
            else:
                await self._obey(word, command)

    async def _obey(self, word: str, command: str) -> None:
        match word:
            case "EHLO":
                lines = ["mail.test", *self.smtp_server.extensions]
                await self._say("\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"]))
            case "STARTTLS":
                await self._say("220 Go on")
                assert self.smtp_server.tls is not None
                await self.writer.start_tls(self.smtp_server.tls)
                self.is_encrypted = True
            case "AUTH":
                self.credentials = b64decode(command.split(" ")[2]).decode()
                await self._say("235 Welcome")
            case "MAIL":
                self.sender, self.recipients = _address(command), []
                await self._say("250 Yes")
            case "RCPT":
                self.recipients.append(_address(command))
                await self._say("250 Yes")
            case "DATA":
                await self._say("354 Go on")
                await self._take(await self.reader.readuntil(b"\r\n.\r\n"))
            case _:
                await self._say("250 Yes")

    async def _take(self, data: bytes) -> None:
        answer = self.smtp_server.replies.get("DATA-END", "250 ReceivedMail")
        if answer.startswith("2"):
            raw = data.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
            message = email.message_from_bytes(raw, policy=default)
            self.smtp_server._taken.put(
                ReceivedMail(self.sender, self.recipients, message, raw, self.is_encrypted, self.credentials)
            )
        await self._say(answer)

    async def _say(self, answer: str) -> None:
        self.writer.write(answer.encode() + b"\r\n")
        await self.writer.drain()


@contextmanager
def running_smtp_server(
    loop: EventLoopThread, *, tls: ssl.SSLContext | None = None, is_implicit_tls: bool = False
) -> Iterator[FakeSmtpServer]:
    """Run a mail server in an event loop; with ``tls`` it offers STARTTLS, or is wrapped in it from the start."""
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


async def _leaves(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(1), 0.02) == b""
    except TimeoutError:
        return False


def _address(command: str) -> str:
    return command.partition("<")[2].partition(">")[0]
