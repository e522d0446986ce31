"""Account settings that the API does not expose: features, limits, defaults, and the migration lock.

Users read them in ``docs/api/account.md#settings``.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import bindparam, select, update

from hourhook.clock import format_timestamp, truncate_to_second
from hourhook.domain.accounts import find_user
from hourhook.domain.audit.recording import record_edit
from hourhook.domain.callers import ROLES
from hourhook.domain.projects.reading import INCREMENTS
from hourhook.domain.users import storing
from hourhook.errors import OperatorError
from hourhook.store.schema import accounts, users
from hourhook.store.statements import Statement
from hourhook.store.transaction import Transaction
from hourhook.time_zones import MAX_OFFSET, MIN_OFFSET, name_of_offset, parse_zone

MAX_LIMIT = 1_000_000
_UTC_OFFSET = "utc_offset"
_EVENT_TIME = "event_time"


def update_settings(tx: Transaction, values: Mapping[str, str]) -> None:
    """Change settings of the transaction's account, each given as a string.

    Keys: ``invoicing``, ``approvals`` and ``locked`` (on or off), ``max_users`` and ``max_projects`` (a number or
    none), ``tag_creation_role``, ``default_billing_increment``, and ``utc_offset:EMAIL`` (seconds east of UTC, or the
    name of a time zone) for one user. ``event_time=now`` lets the times of new events go back to the clock's. Raises
    ``OperatorError`` for an unknown key or an invalid value.
    """
    account = tx.one(_ACCOUNT, account=tx.account_id)
    assert account is not None
    before: dict[str, object] = {}
    after: dict[str, object] = {}
    for key, text in values.items():
        name, colon, email = key.partition(":")
        if name == _UTC_OFFSET and colon:
            user = find_user(tx, email, account.name)
            set_time_zone(tx, user.id, _parse(key, text, _parse_time_zone))
        elif key == _EVENT_TIME:
            _parse(key, text, _parse_now)
            now = truncate_to_second(tx.started_at)
            if tx.execute(_RESET_EVENT_TIME, account=tx.account_id, now=now):
                before[key], after[key] = format_timestamp(account.last_event_at), format_timestamp(now)
        elif key in _SETTINGS:
            column, parser = _SETTINGS[key]
            before[key], after[key] = getattr(account, column), _parse(key, text, parser)
            tx.execute(_SET[column], account=tx.account_id, value=after[key], now=tx.event_time)
        else:
            raise OperatorError(
                f"there is no setting {key!r}: use one of {', '.join(_SETTINGS)}, {_EVENT_TIME}, {_UTC_OFFSET}:EMAIL"
            )
    record_edit(tx, None, "Account", tx.account_id, before, after)


def set_time_zone(tx: Transaction, user_id: int, time_zone: str) -> None:
    """Set the time zone of a user of the transaction's account, by a name that ``parse_zone`` returned."""
    before = tx.value(_TIME_ZONE, account=tx.account_id, user=user_id)
    storing.set_time_zone(tx, user_id, time_zone)
    record_edit(tx, None, "User", user_id, {"time_zone": before}, {"time_zone": time_zone})


def _parse(key: str, text: str, parser: Callable[[str], Any]) -> Any:
    try:
        return parser(text.strip().lower())
    except ValueError as error:
        raise OperatorError(f"{key}={text} is invalid: {error}") from None


def _parse_switch(text: str) -> bool:
    if text in ("on", "true", "yes"):
        return True
    if text in ("off", "false", "no"):
        return False
    raise ValueError("must be on or off")


def _parse_now(text: str) -> None:
    if text != "now":
        raise ValueError("must be now")


def _parse_limit(text: str) -> int | None:
    if text in ("", "none"):
        return None
    if not text.isascii() or not text.isdigit() or int(text) > MAX_LIMIT:
        raise ValueError(f"must be a number up to {MAX_LIMIT}, or none")
    return int(text)


def _parse_role(text: str) -> str:
    if text not in ROLES:
        raise ValueError(f"must be one of {', '.join(ROLES)}")
    return text


def _parse_increment(text: str) -> int:
    if text not in map(str, INCREMENTS):
        raise ValueError(f"must be one of {', '.join(map(str, INCREMENTS))} minutes")
    return int(text)


def _parse_time_zone(text: str) -> str:
    try:
        seconds = int(text)
    except ValueError:
        return parse_zone(text)
    lowest, highest = (int(limit.total_seconds()) for limit in (MIN_OFFSET, MAX_OFFSET))
    if not lowest <= seconds <= highest:
        raise ValueError(f"must be seconds east of UTC, from {lowest} to {highest}, or the name of a time zone")
    return name_of_offset(seconds)


_SETTINGS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "invoicing": ("invoicing_enabled", _parse_switch),
    "approvals": ("approvals_enabled", _parse_switch),
    "max_users": ("max_users", _parse_limit),
    "max_projects": ("max_projects", _parse_limit),
    "tag_creation_role": ("tag_creation_role", _parse_role),
    "default_billing_increment": ("default_billing_increment", _parse_increment),
    "locked": ("is_locked", _parse_switch),
}

_SET = {
    column: Statement(
        update(accounts)
        .where(accounts.c.id == bindparam("account"))
        .values({column: bindparam("value"), "updated_at": bindparam("now")})
    )
    for column, _ in _SETTINGS.values()
}

# The one case in which event times go back: a person asked for it, after a clock that was ahead.
_RESET_EVENT_TIME = Statement(
    update(accounts)
    .where(accounts.c.id == bindparam("account"), accounts.c.last_event_at > bindparam("now"))
    .values(last_event_at=bindparam("now"))
)

_ACCOUNT = Statement(
    select(accounts.c.name, accounts.c.last_event_at, *(accounts.c[column] for column, _ in _SETTINGS.values())).where(
        accounts.c.id == bindparam("account")
    )
)
_TIME_ZONE = Statement(
    select(users.c.time_zone).where(users.c.account_id == bindparam("account"), users.c.id == bindparam("user"))
)
