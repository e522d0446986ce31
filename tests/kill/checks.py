"""Check the delivery guarantees: compare the event log with the API's responses and with the receivers' requests."""

from bisect import bisect
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import text

from hourhook.clock import format_timestamp
from hourhook.store.database import Database
from hourhook.store.statements import Row, Statement
from hourhook.store.transaction import Transaction
from tests.kill.changes import ChangeResults
from tests.kill.verifying_receivers import Arrival, fingerprint


@dataclass(frozen=True)
class Log:
    """The events and objects in the database at the end, read from its tables without the engine."""

    # For each event, in order: its type, its object's id, and the fingerprint that its payloads must have.
    events: list[tuple[str, int, str]]
    # The entries and tags that exist, as type and object id of the events that must have been raised.
    existing_objects: set[tuple[str, int]]


@dataclass(frozen=True)
class CheckResult:
    """The counts of a scenario."""

    acknowledged: int
    interrupted: int
    unavailable: int
    events: int
    delivered: int
    # Acknowledged changes and existing objects without an event, and events without an object.
    acknowledged_without_event: int
    objects_without_event: int
    events_without_object: int
    # Payloads that never arrived, that arrived out of order, that match no event, that have an invalid signature.
    lost: int
    out_of_order: int
    unknown: int
    unverified: int
    # Repeated payloads, those among them with another id or sequence, and the maximum per lane and kill.
    duplicates: int
    changed_duplicates: int
    max_duplicates: int
    rejected_requests: list[str] = field(default_factory=list)

    @property
    def violations(self) -> list[str]:
        """A description of each violated guarantee."""
        counts = {
            "acknowledged changes without an event": self.acknowledged_without_event,
            "entries and tags without an event": self.objects_without_event,
            "events without an object": self.events_without_object,
            "payloads lost": self.lost,
            "payloads out of order": self.out_of_order,
            "payloads without an event": self.unknown,
            "signatures that do not verify": self.unverified,
            "repeats under another id or sequence": self.changed_duplicates,
            "repeats of a lane at one kill": self.max_duplicates if self.max_duplicates > 1 else 0,
            f"requests refused, such as {self.rejected_requests[:1]}": len(self.rejected_requests),
        }
        return [f"{count:,} {name}" for name, count in counts.items() if count]


def read_log(database: Database) -> Log:
    return database.read_now(_read_log)


def check(
    log: Log, results: ChangeResults, arrivals: list[Arrival], webhook_ids: list[int], kills_at: list[int]
) -> CheckResult:
    """Compare them; every webhook must have been subscribed to all events before the first change."""
    raised = {(type, id) for type, id, _ in log.events}
    lanes: dict[int, list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        lanes[arrival.webhook_id].append(arrival)
    indexes = {fingerprint: index for index, (_, _, fingerprint) in enumerate(log.events)}
    checked = [_check_lane(lanes[webhook_id], indexes, kills_at) for webhook_id in webhook_ids]
    return CheckResult(
        acknowledged=len(results.changes),
        interrupted=results.interrupted_count,
        unavailable=results.unavailable_count,
        events=len(log.events),
        delivered=sum(lane.delivered for lane in checked),
        acknowledged_without_event=len({*results.changes} - raised),
        objects_without_event=len(log.existing_objects - raised),
        events_without_object=len(raised - log.existing_objects) + len(log.events) - len(raised),
        lost=sum(len(indexes) - lane.delivered for lane in checked),
        out_of_order=sum(lane.out_of_order for lane in checked),
        unknown=sum(lane.unknown for lane in checked),
        unverified=sum(not arrival.is_signed for arrival in arrivals),
        duplicates=sum(lane.duplicates.total() for lane in checked),
        changed_duplicates=sum(lane.changed_duplicates for lane in checked),
        max_duplicates=max(max(lane.duplicates.values(), default=0) for lane in checked),
        rejected_requests=results.rejected_requests,
    )


@dataclass
class _Lane:
    delivered: int = 0
    out_of_order: int = 0
    unknown: int = 0
    changed_duplicates: int = 0
    # By the number of kills before.
    duplicates: Counter[int] = field(default_factory=Counter)


def _check_lane(arrivals: list[Arrival], indexes: dict[str, int], kills_at: list[int]) -> _Lane:
    lane = _Lane()
    first: dict[int, Arrival] = {}
    latest = -1
    for arrival in arrivals:
        index = indexes.get(arrival.fingerprint)
        if index is None:
            lane.unknown += 1
        elif index in first:
            before = first[index]
            lane.duplicates[bisect(kills_at, arrival.at)] += 1
            lane.changed_duplicates += (arrival.payload_id, arrival.sequence) != (before.payload_id, before.sequence)
            # Only the payload that was not settled yet, the last one, may be repeated.
            lane.out_of_order += index != latest
        else:
            first[index] = arrival
            lane.out_of_order += index != latest + 1
            latest = max(latest, index)
    lane.delivered = len(first)
    return lane


def _read_log(tx: Transaction) -> Log:
    events = [
        (row.type, msgspec.json.decode(row.object)["id"], fingerprint(_from_type_on(row))) for row in tx.all(_EVENTS)
    ]
    existing_objects = {("entry.created", row.id) for row in tx.all(_ENTRIES)} | {
        ("tag.created", row.id) for row in tx.all(_TAGS)
    }
    return Log(events, existing_objects)


def _from_type_on(event: Row) -> bytes:
    return b'"type":"%b","created_at":"%b","changes":%b,"object":%b}' % (
        event.type.encode(),
        format_timestamp(event.created_at).encode(),
        bytes(event.changes),
        bytes(event.object),
    )


_EVENTS = Statement(text("SELECT type, created_at, changes, object FROM events ORDER BY position"))
_ENTRIES = Statement(text("SELECT id FROM entries"))
_TAGS = Statement(text("SELECT id FROM tags"))
