"""A broadcast receiver as the API shows it, in the key order of the contract (broadcast_receivers.md)."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import bindparam, select

from hourhook.domain.links import Links
from hourhook.domain.summaries import Url
from hourhook.store.schema import broadcast_receivers, broadcast_subjects
from hourhook.store.statements import Row, Statement, any_of
from hourhook.store.transaction import Transaction


class BroadcastReceiver(msgspec.Struct, frozen=True):
    """A broadcast receiver."""

    id: int
    name: str
    state: str
    subjects: list[str]
    payload_uri: Url
    url: Url
    add_subjects_url: Url
    remove_subjects_url: Url
    reroll_secret_url: Url
    enable_url: Url
    disable_url: Url


class BroadcastReceiverWithSecret(BroadcastReceiver, frozen=True):
    """A broadcast receiver just made, with the secret that is shown this once."""

    secret: str


class BroadcastReceiverSecret(msgspec.Struct, frozen=True):
    """A new secret, which is shown this once."""

    secret: str


# What ``represent`` wants to know of a receiver.
COLUMNS = tuple(broadcast_receivers.c[name] for name in ("account_id", "id", "name", "payload_uri", "enabled"))


def represent(tx: Transaction, links: Links, rows: Sequence[Row]) -> list[BroadcastReceiver]:
    """The representations of rows of ``COLUMNS``, all of one account."""
    if not rows:
        return []
    subjects: dict[int, list[str]] = {row.id: [] for row in rows}
    for found in tx.all(_SUBJECTS, account=rows[0].account_id, ids=[*subjects]):
        subjects[found.broadcast_receiver_id].append(found.subject)
    return [_represent(links, row, subjects[row.id]) for row in rows]


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
