"""Cookies with what a browser prefers, and with the message after a redirect. None of them is a credential.

- ``hourhook-zone``: the IANA name of the time zone, stored by a script or chosen in the preferences.
- ``hourhook-theme`` (``light``, ``dark``) and ``hourhook-keys`` (``off``): chosen in the preferences.
- ``hourhook-account``: the id of the current account, of those of the session.
- ``hourhook-message``: the message that the page after a redirect shows once, signed.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from hourhook import time_zones
from hourhook.crypto import Keyring
from hourhook.web.display import Display, find_zone

ZONE, THEME, KEYS, ACCOUNT, MESSAGE = (f"hourhook-{name}" for name in ("zone", "theme", "keys", "account", "message"))
THEMES = ("system", "light", "dark")
_YEAR_SECONDS = 365 * 86_400
# A redirect is followed at once; a message that no page has shown by then is out of date.
_MESSAGE_SECONDS = 60
_MAX_MESSAGE_LENGTH = 1_000


class Message(msgspec.Struct, frozen=True):
    """A sentence about what was done, and what it made.

    That is an entry, which can be undone, or a secret, which is shown once and is encrypted on the way.
    """

    text: str
    entry_id: int | None = None
    secret: bytes | None = None


@dataclass(frozen=True, slots=True)
class BrowserCookies:
    """Reads and writes these cookies."""

    keyring: Keyring
    is_secure: bool

    def display(
        self, cookies: Mapping[str, str], now: int, time_zone: str = "UTC", time_format: str = "", week_start: str = ""
    ) -> Display:
        """Return how to show things in this browser, to a user with these settings."""
        name = cookies.get(ZONE, "").replace("%2F", "/")
        zone, theme = find_zone(name), cookies.get(THEME, "")
        return Display(
            now=now,
            zone=zone or time_zones.find_zone(time_zone),
            zone_name=name if zone else _iana_name(time_zone),
            time_format=time_format or "hours_minutes",
            week_start=week_start or "Monday",
            theme=theme if theme in THEMES else "system",
            has_keys=cookies.get(KEYS) != "off",
        )

    def message(self, cookies: Mapping[str, str]) -> Message | None:
        """Return the message for this page, if there is one."""
        signature, _, encoded = cookies.get(MESSAGE, "").partition(".")
        if not encoded or not secrets.compare_digest(signature.encode(), self._sign(encoded).encode()):
            return None
        return msgspec.json.decode(urlsafe_b64decode(encoded), type=Message)

    def secret(self, cookies: Mapping[str, str]) -> str | None:
        """Return the secret that the last action made, for the page that shows it once."""
        message = self.message(cookies)
        return None if message is None or message.secret is None else self.keyring.decrypt_uncached(message.secret)

    def encrypt(self, secret: str | None) -> bytes | None:
        return None if secret is None else self.keyring.encrypt(secret)

    def set_message_header(self, message: Message) -> tuple[str, str]:
        shortened = msgspec.structs.replace(message, text=message.text[:_MAX_MESSAGE_LENGTH])
        encoded = urlsafe_b64encode(msgspec.json.encode(shortened)).decode()
        return self._header(MESSAGE, f"{self._sign(encoded)}.{encoded}", _MESSAGE_SECONDS, is_private=True)

    def clear_message_header(self) -> tuple[str, str]:
        return self._header(MESSAGE, "", 0, is_private=True)

    def set_header(self, name: str, value: str) -> tuple[str, str]:
        """Return the header that stores a preference for a year; an empty value deletes it."""
        return self._header(name, value, _YEAR_SECONDS if value else 0)

    def _sign(self, encoded: str) -> str:
        return self.keyring.sign("message", encoded)

    def _header(self, name: str, value: str, seconds: int, *, is_private: bool = False) -> tuple[str, str]:
        private, secure = "; HttpOnly" * is_private, "; Secure" * self.is_secure
        return "set-cookie", f"{name}={value}; Max-Age={seconds}; Path=/; SameSite=Lax{private}{secure}"


def _iana_name(time_zone: str) -> str | None:
    """Return the name of a user's zone, or None if it is only an offset."""
    return time_zone if time_zone != "UTC" and find_zone(time_zone) else None
