"""What an invitation says in a mail."""

from dataclasses import dataclass

from hourhook.clock import to_datetime


@dataclass(frozen=True, slots=True)
class InvitationMail:
    """The mail of one invitation; ``inviter`` is None where nobody in particular invites."""

    account: str
    first_name: str | None
    inviter: str | None
    link: str
    expires_at: int

    @property
    def subject(self) -> str:
        """What it is about."""
        if self.inviter is None:
            return f"You are invited to {self.account}"
        return f"{self.inviter} invites you to {self.account}"

    @property
    def text(self) -> str:
        """What it says."""
        greeting = f"Hello {self.first_name}," if self.first_name else "Hello,"
        invites = "You are invited" if self.inviter is None else f"{self.inviter} invites you"
        asked = "whoever invited you" if self.inviter is None else self.inviter
        return f"""\
{greeting}

{invites} to {self.account}, where time is tracked with Hourhook.

To join, open this page and choose a password:

{self.link}

The link is yours alone: it works once, until {format_date_time(self.expires_at)}.
After that, ask {asked} for a new one.

If you expect no invitation, leave it: nothing happens until the page is used.
"""


def display_name(first_name: str | None, last_name: str | None, email: str | None) -> str | None:
    """What to call somebody: by name and address, by the address alone, or not at all."""
    name = " ".join(part for part in (first_name, last_name) if part)
    return f"{name} ({email})" if name and email else email


def format_date_time(moment: int) -> str:
    """A moment as people read it, to the minute: ``4 June 2024, 10:05 UTC``."""
    at = to_datetime(moment)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"
