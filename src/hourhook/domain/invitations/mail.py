"""The text of invitation mails."""

from dataclasses import dataclass

from hourhook.clock import to_datetime


@dataclass(frozen=True, slots=True)
class InvitationMail:
    """The mail of an invitation; ``inviter`` is None if it was issued on the command line."""

    account: str
    first_name: str | None
    inviter: str | None
    link: str
    expires_at: int

    @property
    def subject(self) -> str:
        if self.inviter is None:
            return f"You are invited to {self.account}"
        return f"{self.inviter} invites you to {self.account}"

    @property
    def text(self) -> str:
        greeting = f"Hello {self.first_name}," if self.first_name else "Hello,"
        invites = "You are invited" if self.inviter is None else f"{self.inviter} invites you"
        contact = "the person who invited you" if self.inviter is None else self.inviter
        return f"""\
{greeting}

{invites} to join {self.account}, which tracks time with Hourhook.

To join, open this page and choose a password:

{self.link}

The link is for you only. It works once, until {format_date_time(self.expires_at)}.
After that, ask {contact} for a new one.

If you weren't expecting this invitation, you can ignore this message.
"""


def display_name(first_name: str | None, last_name: str | None, email: str | None) -> str | None:
    """Return the name with the e-mail address, the address alone, or None without an address."""
    name = " ".join(part for part in (first_name, last_name) if part)
    return f"{name} ({email})" if name and email else email


def format_date_time(timestamp: int) -> str:
    """Format a timestamp to the minute: ``4 June 2024, 10:05 UTC``."""
    time = to_datetime(timestamp)
    return f"{time.day} {time:%B %Y, %H:%M} UTC"
