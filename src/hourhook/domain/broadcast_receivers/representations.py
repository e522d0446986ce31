"""The representation of a broadcast receiver; the order of its keys is part of the API."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import bindparam, select

from hourhook.domain.enums import ReceiverState
from hourhook.domain.links import Links
from hourhook.domain.summaries import Url
from hourhook.store.schema import broadcast_receivers, broadcast_subjects
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction


class BroadcastReceiver(msgspec.Struct, frozen=True):
    """A broadcast receiver."""

    id: int
    name: str
    state: ReceiverState
    subjects: list[str]
    payload_uri: Url
    url: Url
    add_subjects_url: Url
    remove_subjects_url: Url
    reroll_secret_url: Url
    enable_url: Url
    disable_url: Url


class BroadcastReceiverWithSecret(BroadcastReceiver, frozen=True):
    """A new broadcast receiver, with its secret, which is not shown again."""

    secret: str


class BroadcastReceiverSecret(msgspec.Struct, frozen=True):
    """A new secret, which is not shown again."""

    secret: str


# The columns that ``represent`` needs.
COLUMNS = tuple(broadcast_receivers.c[name] for name in ("account_id", "id", "name", "payload_uri", "enabled"))


def represent(tx: Transaction, links: Links, rows: Sequence[Row]) -> list[BroadcastReceiver]:
    """Represent rows of ``COLUMNS``, all of one account."""
    if not rows:
        return []
    subjects_of: dict[int, list[str]] = {row.id: [] for row in rows}
    for subscription in tx.all(_SUBJECTS, account=rows[0].account_id, ids=[*subjects_of]):
        subjects_of[subscription.broadcast_receiver_id].append(subscription.subject)
    return [_represent(links, row, subjects_of[row.id]) for row in rows]


def _represent(links: Links, row: Row, subjects: list[str]) -> BroadcastReceiver:
    url = links.broadcast_receiver(row.id)
    return BroadcastReceiver(
        id=row.id,
        name=row.name,
        state="enabled" if row.enabled else "disabled",
        subjects=subjects,
        payload_uri=row.payload_uri,
        url=url,
        add_subjects_url=f"{url}/add_subjects",
        remove_subjects_url=f"{url}/remove_subjects",
        reroll_secret_url=f"{url}/reroll_secret",
        enable_url=f"{url}/enable",
        disable_url=f"{url}/disable",
    )


_SUBJECTS = Statement(
    select(broadcast_subjects.c.broadcast_receiver_id, broadcast_subjects.c.subject)
    .where(
        broadcast_subjects.c.account_id == bindparam("account"),
        any_of(broadcast_subjects.c.broadcast_receiver_id, "ids"),
    )
    .order_by(broadcast_subjects.c.broadcast_receiver_id, broadcast_subjects.c.place)
)
