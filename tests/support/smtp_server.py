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

from tests.support.servers import Loop
from tests.support.webhook_receiver import PATIENCE_SECONDS


@dataclass(frozen=True)
class Taken:
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
class Mailbox:
    """A running mail server. A test may change at any time what it offers and how it answers."""

    loop: Loop
    port: int = 0
    extensions: list[str] = field(default_factory=lambda: ["8BITMIME"])
    tls: ssl.SSLContext | None = None
    # Answers by the word that a command begins with; ``DATA-END`` is the end of a mail, ``CONNECT`` the greeting.
    answers: dict[str, str] = field(default_factory=dict)
    # The word of each command that has come, in capitals.
    commands: list[str] = field(default_factory=list)
    # Whether it says a letter now and then, and never comes to the end of its greeting.
    drips: bool = False
    _taken: "queue.Queue[Taken]" = field(default_factory=queue.Queue)
    # While there is one, greetings wait for it.
    _held: asyncio.Event | None = None

    @property
    def url(self) -> str:
        """Where it is, as the setting has it."""
        return f"smtp://localhost:{self.port}"

    def next(self) -> Taken:
        """The mail that was taken in next; waits for it."""
        return self._taken.get(timeout=PATIENCE_SECONDS)

    def is_empty(self) -> bool:
        """Whether every mail was looked at."""
        return self._taken.empty()

    def hold(self) -> None:
        """Say nothing from now on."""
        self._held = asyncio.Event()

    def release(self) -> None:
        """Go on with what was held, and hold nothing more."""
        held, self._held = self._held, None

        async def release() -> None:
            if held is not None:
                held.set()

        self.loop.run(release())

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

    mailbox: Mailbox
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    is_encrypted: bool = False
    credentials: str | None = None
    sender: str = ""
    recipients: list[str] = field(default_factory=list)

    async def go_on(self) -> None:
        if self.mailbox._held is not None:
            await self.mailbox._held.wait()
        while self.mailbox.drips and not await _leaves(self.reader):
            self.writer.write(b"2")
        self.is_encrypted = self.writer.get_extra_info("ssl_object") is not None
        await self._say(self.mailbox.answers.get("CONNECT", "220 mail.test ready"))
        while line := await self.reader.readline():
            command = line.decode().strip()
            word = command.split(" ")[0].upper()
            self.mailbox.commands.append(word)
            answer = self.mailbox.answers.get(word)
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
                lines = ["mail.test", *self.mailbox.extensions]
                await self._say("\r\n".join([*(f"250-{line}" for line in lines[:-1]), f"250 {lines[-1]}"]))
            case "STARTTLS":
                await self._say("220 Go on")
                assert self.mailbox.tls is not None
                await self.writer.start_tls(self.mailbox.tls)
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
        answer = self.mailbox.answers.get("DATA-END", "250 Taken")
        if answer.startswith("2"):
            raw = data.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
            message = email.message_from_bytes(raw, policy=default)
            self.mailbox._taken.put(
                Taken(self.sender, self.recipients, message, raw, self.is_encrypted, self.credentials)
            )
        await self._say(answer)

    async def _say(self, answer: str) -> None:
        self.writer.write(answer.encode() + b"\r\n")
        await self.writer.drain()


@contextmanager
def opened(loop: Loop, *, tls: ssl.SSLContext | None = None, is_wrapped: bool = False) -> Iterator[Mailbox]:
    """Run a mail server in an event loop; with ``tls`` it offers STARTTLS, or is wrapped in it from the start."""
    mailbox = Mailbox(loop, tls=tls)
    if tls is not None and not is_wrapped:
        mailbox.extensions.append("STARTTLS")
    server = loop.run(_start(mailbox, tls if is_wrapped else None))
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        mailbox.release()
        loop.run(_stop(server))


async def _start(mailbox: Mailbox, tls: ssl.SSLContext | None) -> asyncio.Server:
    return await asyncio.start_server(mailbox.serve, "localhost", 0, ssl=tls, family=socket.AF_INET)


async def _stop(server: asyncio.Server) -> None:
    server.close()


async def _leaves(reader: asyncio.StreamReader) -> bool:
    try:
        return await asyncio.wait_for(reader.read(1), 0.02) == b""
    except TimeoutError:
        return False


def _address(command: str) -> str:
    return command.partition("<")[2].partition(">")[0]
