"""What was kept of the promises: the log of the database compared with what was answered, and with what arrived."""

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
    """What the database says happened, once all is over; read from its tables, and not by the engine."""

    # Of each event, in order: its type, the id of its object, and the fingerprint of what every payload of it says.
    events: list[tuple[str, int, str]]
    # What there is, as the events that must have told of it.
    existing_objects: set[tuple[str, int]]


@dataclass(frozen=True)
class CheckResult:
    """The counts of a scenario."""

    acknowledged: int
    interrupted: int
    events: int
    delivered: int
    # Answered changes without their event, things without theirs, and events of what is not there.
    acknowledged_without_event: int
    objects_without_event: int
    events_without_object: int
    # Payloads that never arrived; that came before the one ahead of them; that no event stands for; badly signed ones.
    lost: int
    out_of_order: int
    unknown: int
    unverified: int
    # Payloads that came again, those that said otherwise or under another id then, and the most of a lane at one kill.
    duplicates: int
    changed_duplicates: int
    max_duplicates: int
    rejected_requests: list[str] = field(default_factory=list)

    @property
    def violations(self) -> list[str]:
        """The promises that were not kept."""
        found = {
            "answered changes without an event": self.acknowledged_without_event,
            "entries and tags without an event": self.objects_without_event,
            "events of what does not exist": self.events_without_object,
            "payloads lost": self.lost,
            "payloads out of order": self.out_of_order,
            "payloads of no event": self.unknown,
            "signatures that do not verify": self.unverified,
            "repeats under another id or sequence": self.changed_duplicates,
            "repeats of a lane at one kill": self.max_duplicates if self.max_duplicates > 1 else 0,
            f"requests refused, as {self.rejected_requests[:1]}": len(self.rejected_requests),
        }
        return [f"{count:,} {what}" for what, count in found.items() if count]


def read_log(database: Database) -> Log:
    """Read what happened."""
    return database.read_now(_read_log)


def check(
    log: Log, results: ChangeResults, arrivals: list[Arrival], webhook_ids: list[int], kills_at: list[int]
) -> CheckResult:
    """Compare; the webhooks hear everything, and since before the first event."""
    told = {(type, id) for type, id, _ in log.events}
    lanes: dict[int, list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        lanes[arrival.webhook_id].append(arrival)
    places = {fingerprint: place for place, (_, _, fingerprint) in enumerate(log.events)}
    judged = [_judge_lane(lanes[webhook_id], places, kills_at) for webhook_id in webhook_ids]
    return CheckResult(
        acknowledged=len(results.changes),
        interrupted=results.interrupted_count,
        events=len(log.events),
        delivered=sum(lane.delivered for lane in judged),
        acknowledged_without_event=len({*results.changes} - told),
        objects_without_event=len(log.existing_objects - told),
        events_without_object=len(told - log.existing_objects) + len(log.events) - len(told),
        lost=sum(len(places) - lane.delivered for lane in judged),
        out_of_order=sum(lane.out_of_order for lane in judged),
        unknown=sum(lane.unknown for lane in judged),
        unverified=sum(not arrival.is_signed for arrival in arrivals),
        duplicates=sum(lane.duplicates.total() for lane in judged),
        changed_duplicates=sum(lane.changed_duplicates for lane in judged),
        max_duplicates=max(max(lane.duplicates.values(), default=0) for lane in judged),
        rejected_requests=results.rejected_requests,
    )


@dataclass
class _Lane:
    delivered: int = 0
    out_of_order: int = 0
    unknown: int = 0
    changed_duplicates: int = 0
    # By how many kills there had been.
    duplicates: Counter[int] = field(default_factory=Counter)


def _judge_lane(arrivals: list[Arrival], places: dict[str, int], kills_at: list[int]) -> _Lane:
    lane = _Lane()
    first: dict[int, Arrival] = {}
    latest = -1
    for arrival in arrivals:
        place = places.get(arrival.fingerprint)
        if place is None:
            lane.unknown += 1
        elif place in first:
            before = first[place]
            lane.duplicates[bisect(kills_at, arrival.at)] += 1
            lane.changed_duplicates += (arrival.payload_id, arrival.sequence) != (before.payload_id, before.sequence)
            # Only what was not settled yet may come again: the last one.
            lane.out_of_order += place != latest
        else:
            first[place] = arrival
            lane.out_of_order += place != latest + 1
            latest = max(latest, place)
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
