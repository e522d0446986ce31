"""The engine's invariants, checked after every commit and on every request (``docs/promises.md``).

The checks do not trust the engine: they derive the expected state from the actions of users, the responses of receivers
and the deaths of workers, and read the database over a separate connection, without the production code.
"""

import base64
import hashlib
import hmac
import json
from collections import Counter, deque
from collections.abc import Callable
from typing import Any
from zlib import crc32

from hourhook.clock import SECOND, format_timestamp
from hourhook.crypto import Keyring
from hourhook.delivery.transports.outcomes import Outcome
from hourhook.delivery.worker import batches
from tests.simulator import transitions
from tests.simulator.connections import Operation
from tests.simulator.journal import Attempt, Event, Log, Snapshot, Target, WebhookState
from tests.simulator.stores import Store
from tests.simulator.virtual_time import VirtualTime

EVERYTHING = "*"
ALERT_PREFIX = "webhook."
# The retry window of the simulated workers, and their longest delay: the cap and the jitter.
WINDOW_SECONDS = 10
LONGEST_DELAY_SECONDS = 2.2
# How long a lane fails until that is reported.
ALERT_AFTER_SECONDS = 2
# A request may be on its way to the network while its lease is revoked, and durations are rounded.
RATE_TOLERANCE_SECONDS = 0.025
# The longest time that a lane or one-off delivery may be due, or leased without a request in flight.
MAX_SECONDS_WITHOUT_PROGRESS = 7


class InvariantViolation(AssertionError):
    """An invariant was violated; the message names it, and ends with the trace of the run."""


class Invariants:
    """Check the invariants at every step of one run."""

    def __init__(
        self, store: Store, virtual_time: VirtualTime, keyring: Keyring, on_violation: Callable[[], None]
    ) -> None:
        self.violation: InvariantViolation | None = None
        self.counts: Counter[str] = Counter()
        self.hooks: dict[int, WebhookState] = {}
        self.logs: dict[int, Log] = {}
        self.lanes: dict[int, Any] = {}
        self.targets: dict[int, Target] = {}
        self.fingerprint = 0
        self._store = store
        self._virtual_time = virtual_time
        self._keyring = keyring
        self._on_violation = on_violation
        self._trace: deque[str] = deque(maxlen=120)
        self._snapshots: dict[int, Snapshot] = {}
        self._subscriptions: dict[int, set[str]] = {}
        self._one_offs: dict[int, Any] = {}
        self._seconds_without_progress: Counter[tuple[str, int]] = Counter()
        # Workers that are dead or lost their liveness lock, and workers whose leases may have expired.
        # When the clocks were last set, and what they said before that.
        self._shifted_seconds, self._time_before_shift = 0.0, 0
        self._dead_workers: set[int] = set()
        self._expired_workers: set[int] = set()

    def trace(self, text: str) -> None:
        """Add a line to the trace, which a violation shows."""
        line = f"{self._virtual_time.elapsed_seconds:10.4f}  {text}"
        self.fingerprint = crc32(line.encode(), self.fingerprint)
        self._trace.append(line)

    def fail(self, text: str) -> None:
        """Report a violation; only the first one is raised."""
        if self.violation is None:
            self.trace(f"VIOLATED: {text}")
            self.violation = InvariantViolation("\n".join((text, *self._trace)))
            self._on_violation()

    def expect(self, condition: bool, text: str) -> bool:
        """Fail unless the condition holds; return the condition."""
        if not condition:
            self.fail(text)
        return condition

    # Workers

    def mark_worker_dead(self, worker: int) -> None:
        """Record that a worker was killed, ended, or lost its liveness lock."""
        self._dead_workers.add(worker)

    def expire_all_leases(self) -> None:
        """Record that the clocks passed the end of every lease, so that live workers may lose theirs too."""
        leasable = (*self.lanes.values(), *self._one_offs.values())
        self._expired_workers |= {row.lease_worker for row in leasable if row.lease_token is not None}

    def on_clock_shift(self, seconds: float) -> None:
        """Record that all clocks are set, so that no rate holds until the next requests."""
        self.trace(f"clocks shift by {seconds} s")
        self._shifted_seconds, self._time_before_shift = self._virtual_time.elapsed_seconds, self._virtual_time.now()
        for hook in self.hooks.values():
            hook.paced_until_seconds = 0.0
            # A clock that is set forward shortens at most one wait.
            hook.skipped_seconds += min(max(0.0, seconds), LONGEST_DELAY_SECONDS)

    # Commits

    def on_commit(self, operation: Operation) -> None:
        """Check the changes of a writing transaction, right after its commit."""
        self.counts["commits"] += 1
        before, after = self.lanes, self._read_lanes()
        worker = operation.arguments[0].worker if operation.name == "run_cycle" else 0
        self.trace(f"commit {operation.name} {worker or _format(operation.arguments)}")
        for id in before.keys() | after.keys():
            self._check_lane(operation, before.get(id), after.get(id))
        if operation.account_id:
            self._check_log(operation, before, after)
            self._read_targets()
        self._check_one_offs(operation)
        self.lanes = after
        if worker:
            leased = Counter(
                (one_off.webhook_id, one_off.payload_id)
                for one_off in self._one_offs.values()
                if one_off.lease_worker == worker and one_off.lease_token is not None
            )
            self._snapshots[worker] = Snapshot(after, self.targets, leased)

    def _read_lanes(self) -> dict[int, Any]:
        return {lane.webhook_id: lane for lane in self._store.rows("SELECT * FROM lanes")}

    def _read_targets(self) -> None:
        self.targets = {
            row.id: Target(
                row.name,
                row.payload_uri,
                bytes(row.secret),
                row.batch_limit,
                row.max_per_second,
                row.previous_secret and bytes(row.previous_secret),
                row.previous_secret_expires_at,
            )
            for row in self._store.rows(
                "SELECT id, name, payload_uri, secret, batch_limit, max_per_second, previous_secret, "
                "previous_secret_expires_at FROM webhooks"
            )
        }
        for id, target in self.targets.items():
            hook = self.hooks.get(id)
            if hook is not None and target not in hook.targets:
                hook.targets.append(target)
        self._subscriptions = {}
        for row in self._store.rows("SELECT webhook_id, event FROM subscriptions"):
            self._subscriptions.setdefault(row.webhook_id, set()).add(row.event)

    def _check_lane(self, operation: Operation, before: Any, after: Any) -> None:
        if before is None:
            self.expect(operation.name == "create_webhook", f"{operation.name} created a lane")
            self.hooks[after.webhook_id] = WebhookState(after.account_id, after.webhook_id)
        elif after is None:
            self.expect(operation.name == "delete_webhook", f"{operation.name} deleted a lane")
            self.hooks[before.webhook_id].is_deleted = True
            self._revoke_lease(operation, before, "deleted")
        elif before != after or (operation.account_id and operation.arguments[:1] == (after.webhook_id,)):
            hook = self.hooks[after.webhook_id]
            self._check_transition(operation, hook, before, after)
        if after is not None:
            for inconsistency in transitions.find_inconsistent_fields(after):
                self.fail(f"lane {after.webhook_id} after {operation.name}: {inconsistency}: {after}")

    def _check_transition(self, operation: Operation, hook: WebhookState, before: Any, after: Any) -> None:
        where = f"lane {after.webhook_id}"
        changed = {name for name in before._fields if getattr(before, name) != getattr(after, name)}
        forbidden = changed - transitions.ALLOWED_CHANGES.get(operation.name, set())
        self.expect(not forbidden, f"{where}: {operation.name} changed {forbidden}: {before} -> {after}")
        if before.head_sequence != after.head_sequence:
            hook.failed_head = None
        if operation.name == "run_cycle":
            self._check_cycle(operation.arguments[0], hook, before, after)
            return
        expected = transitions.expected_fields(operation, before, hook, self.logs.setdefault(hook.account_id, Log()))
        found = {name: getattr(after, name) for name in expected}
        self.expect(found == expected, f"{where}: {operation.name} left {found}, not {expected}; before: {before}")
        if operation.name == "skip" and after.head_sequence > before.head_sequence:
            hook.done_sequences.add(before.head_sequence)
            hook.is_over = hook.reported is not None
        if operation.name == "enable" and (before.stalled or not before.enabled) and hook.reported == "stalled":
            # If it stalls again, that is a new trouble.
            hook.reported = "failing"
        if operation.name == "set_rate":
            hook.paced_until_seconds = 0.0
        if operation.name == "disable_gone" and before.enabled and not after.enabled:
            uri = self.targets[after.webhook_id].payload_uri
            self.expect(
                (before.head_sequence, uri) in hook.gone_responses,
                f"{where}: disabled without a 410 response to {before.head_sequence} from {uri}",
            )
        if before.lease_token is not None and after.lease_token != before.lease_token:
            self._revoke_lease(operation, before, operation.name)

    def _revoke_lease(self, operation: Operation, before: Any, reason: str) -> None:
        """Record that the lease of a lane was revoked, so that requests in flight under it settle nothing."""
        hook = self.hooks[before.webhook_id]
        if operation.name in transitions.LEASE_REVOKING:
            self._expect_dead(before.lease_worker, f"lane {before.webhook_id}: {reason}")
            self.expect(len(hook.in_flight) <= 1, f"lane {before.webhook_id}: more than one request would be repeated")
            # After a crash the request may be repeated early.
            hook.paced_until_seconds = 0.0
            self.counts["repeats"] += any(a.outcome is not None and a.outcome.is_success for a in hook.in_flight)
        hook.in_flight.clear()

    def _expect_dead(self, holder: int, subject: str) -> None:
        may_lose_lease = holder in self._dead_workers or holder in self._expired_workers
        self.expect(may_lose_lease, f"{subject} revoked the lease of a live worker")

    def _check_cycle(self, cycle: Any, hook: WebhookState, before: Any, after: Any) -> None:
        where = f"lane {after.webhook_id}"
        settled = False
        if (before.head_sequence, before.attempts_count) != (after.head_sequence, after.attempts_count):
            attempt = next((a for a in hook.in_flight if a.worker == cycle.worker and a.outcome is not None), None)
            is_leased = before.lease_token is not None and before.lease_worker == cycle.worker
            if not self.expect(
                is_leased and attempt is not None and attempt.sequence == before.head_sequence,
                f"{where}: settled {before.head_sequence} without its outcome: {before} -> {after}",
            ):
                return
            assert attempt is not None
            assert attempt.outcome is not None
            settled = True
            hook.in_flight.remove(attempt)
            hook.attempt_numbers |= zip(attempt.sequences, attempt.numbers, strict=True)
            self._check_logged_attempts(attempt)
            moved = after.head_sequence - before.head_sequence
            self.expect(
                moved == (len(attempt.numbers) if attempt.outcome.is_success else 0),
                f"{where}: the outcome of {before.head_sequence} was {attempt.outcome}, and the head moved by {moved}",
            )
            if attempt.outcome.is_success:
                hook.is_over = hook.reported is not None
            else:
                hook.failed_head = before.head_sequence
            self._check_window(hook, before, after, attempt.outcome)
            if attempt.outcome.is_gone:
                hook.gone_responses.add((before.head_sequence, attempt.uri))
            self.counts["settled"] += 1
        if after.lease_token != before.lease_token:
            if before.lease_token is not None:
                self.expect(settled, f"{where}: a cycle changed the lease of {before.lease_worker} without a result")
            if after.lease_token is not None:
                self.expect(after.lease_worker == cycle.worker, f"{where}: leased for another worker")
                self.expect(
                    bool(after.enabled) and (settled or before.due_at <= self._latest_start()),
                    f"{where}: leased, but not due",
                )

    def _latest_start(self) -> int:
        """Return the latest time by which a transaction may have gone that commits now."""
        now = self._virtual_time.now()
        is_recent = self._virtual_time.elapsed_seconds - self._shifted_seconds < MAX_SECONDS_WITHOUT_PROGRESS
        return max(now, self._time_before_shift) if is_recent else now

    def _check_logged_attempts(self, attempt: Attempt) -> None:
        """Check that the attempt is logged under each payload of its request."""
        count = len(attempt.numbers)
        logged = {
            (row.sequence, row.number): row.batch
            for row in self._store.rows(
                "SELECT sequence, number, batch FROM attempts "
                "WHERE webhook_id = ? AND errand_id = 0 AND sequence BETWEEN ? AND ?",
                attempt.webhook_id,
                attempt.sequences[0],
                attempt.sequences[-1],
            )
        }
        for key in zip(attempt.sequences, attempt.numbers, strict=True):
            batch = json.loads(logged.get(key) or "null") and json.loads(logged[key])
            found = batch and (batch["first_sequence"], batch["count"])
            self.expect(
                key in logged and found == ((attempt.sequence, count) if count > 1 else None),
                f"webhook {attempt.webhook_id}: the attempt {key} of {attempt} is logged as {logged.get(key)}",
            )
        self.counts["batches"] += count > 1

    def _check_window(self, hook: WebhookState, before: Any, after: Any, outcome: Outcome) -> None:
        """Check that a lane stalls only at the end of its retry window, whatever the clocks say."""
        elapsed = self._virtual_time.elapsed_seconds
        if before.window_started_at is None:
            hook.window_began_seconds = elapsed - outcome.duration_ms / 1000
            hook.skipped_seconds = 0.0
        if after.stalled and not before.stalled:
            assert hook.window_began_seconds is not None
            passed = elapsed - hook.window_began_seconds
            self.expect(
                passed + hook.skipped_seconds + LONGEST_DELAY_SECONDS >= WINDOW_SECONDS,
                f"lane {after.webhook_id}: stalled {passed:.1f} s after the first failure of its window",
            )

    def _check_log(self, operation: Operation, before: dict[int, Any], after: dict[int, Any]) -> None:
        log = self.logs.setdefault(operation.account_id, Log())
        if operation.name == "delete_old_events":
            self._check_retention(operation, log, before, after)
        first = log.last_position + 1
        new = self._store.rows(
            "SELECT position, type, created_at, changes, object FROM events "
            "WHERE account_id = ? AND position > ? ORDER BY position",
            operation.account_id,
            log.last_position,
        )
        for row in new:
            event = Event(row.position, row.type, row.created_at, bytes(row.changes), bytes(row.object))
            self.expect(
                event.position == log.last_position + 1,
                f"event {event.position} was committed directly after event {log.last_position}",
            )
            self.expect(event.created_at >= log.last_event_at, f"event {event.position} is older than the one before")
            log.last_position, log.last_event_at = event.position, event.created_at
            log.events[event.position] = event
            transitions.apply_tag_event(log.tags, event)
            if event.type.startswith(ALERT_PREFIX):
                self._check_alert(operation, event, before)
        self.counts["events"] += len(new)
        tags = {
            row.id: row.name
            for row in self._store.rows("SELECT id, name FROM tags WHERE account_id = ?", operation.account_id)
        }
        self.expect(tags == log.tags, f"the tags are {tags}, but their events result in {log.tags}")
        self._check_payloads(operation, log, first, before, after)

    def _check_payloads(
        self, operation: Operation, log: Log, first: int, before: dict[int, Any], after: dict[int, Any]
    ) -> None:
        new: dict[int, list[Any]] = {}
        for row in self._store.rows(
            "SELECT webhook_id, sequence, payload_id, position FROM payloads "
            "WHERE account_id = ? AND position >= ? ORDER BY webhook_id, sequence",
            operation.account_id,
            first,
        ):
            new.setdefault(row.webhook_id, []).append(row)
        for id, lane in after.items():
            if lane.account_id != operation.account_id:
                continue
            hook, last_sequence, positions = self.hooks[id], 0, range(first, log.last_position + 1)
            names: set[str] = set()
            if id in before:
                last_sequence = before[id].last_sequence
                names = self._subscriptions.get(id, set()) if before[id].enabled else names
            elif (position := operation.arguments[4]) is not None and position <= log.last_position:
                names = {*operation.arguments[1]}
                hook.next_position = max(position, log.first_retained_position)
            found = new.pop(id, [])
            if hook.next_position is not None:
                # What it has not caught up with waits in the log.
                positions = range(hook.next_position, lane.catching_up_from or log.last_position + 1)
                found = self._store.rows(
                    "SELECT sequence, payload_id, position FROM payloads "
                    "WHERE webhook_id = ? AND sequence > ? ORDER BY sequence",
                    id,
                    last_sequence,
                )
                self.counts["past_events"] += len(found)
                hook.next_position = lane.catching_up_from
            self.expect(
                lane.catching_up_from == hook.next_position, f"lane {id} catches up, but did not begin in the past"
            )
            matching = [position for position in positions if _selects(names, id, log.events[position])]
            expected = [(last_sequence + index, position) for index, position in enumerate(matching, 1)]
            self.expect(
                [(row.sequence, row.position) for row in found] == expected,
                f"lane {id}: payloads {found}, but expected (sequence, position) {expected}",
            )
            self.expect(
                lane.last_sequence == last_sequence + len(matching),
                f"lane {id}: {len(matching)} new payloads, and last_sequence went from {last_sequence} "
                f"to {lane.last_sequence}",
            )
            hook.payloads |= {row.sequence: (row.payload_id, row.position) for row in found}
        self.expect(not new, f"payloads of lanes that are not subscribed: {new}")

    def _check_alert(self, operation: Operation, event: Event, before: dict[int, Any]) -> None:
        """Check that a trouble is reported once, when it is one, and once when it is over."""
        id, state = json.loads(event.object)["id"], event.type.removeprefix(ALERT_PREFIX)
        hook, lane = self.hooks[id], before[id]
        where = f"webhook {id}: reported as {state} by {operation.name}, after {hook.reported}: {lane}"
        self.counts[event.type] += 1
        match state:
            case "failing":
                self.expect(hook.reported is None and self._fails_for_long(lane), where)
                hook.reported = state
            case "stalled":
                self.expect(hook.reported != "stalled" and bool(lane.enabled and lane.stalled), where)
                hook.reported = state
            case "recovered":
                self.expect(hook.reported is not None and hook.is_over, where)
                hook.reported, hook.is_over = None, False
            case _:
                self.expect(operation.name == "disable_gone", where)

    def _fails_for_long(self, lane: Any) -> bool:
        now = self._virtual_time.now()
        # Later than now only if a clock was ahead.
        return bool(lane.enabled and lane.failing_since is not None) and not (
            now - ALERT_AFTER_SECONDS * SECOND < lane.failing_since <= now
        )

    def _is_report_due(self, id: int, lane: Any) -> bool:
        hook = self.hooks[id]
        if hook.is_over:
            return True
        if lane.enabled and lane.stalled:
            return hook.reported != "stalled"
        return hook.reported is None and self._fails_for_long(lane)

    def _check_retention(self, operation: Operation, log: Log, before: dict[int, Any], after: dict[int, Any]) -> None:
        (horizon,) = operation.arguments
        retained = self._store.rows(
            "SELECT min(position) AS first FROM events WHERE account_id = ?", operation.account_id
        )
        first_retained_position = retained[0].first or log.last_position + 1
        for position in range(log.first_retained_position, first_retained_position):
            self.expect(log.events[position].created_at < horizon, f"event {position} was deleted too early")
        for id, lane in before.items():
            if lane.account_id != operation.account_id:
                continue
            hook, now = self.hooks[id], after[id]
            if hook.next_position is not None:
                self.expect(
                    first_retained_position <= max(hook.next_position, log.first_retained_position),
                    f"lane {id}: events from {hook.next_position} on were deleted before it caught up with them",
                )
            waiting = [
                sequence
                for sequence in range(lane.head_sequence, lane.last_sequence + 1)
                if hook.payloads[sequence][1] < first_retained_position
            ]
            if lane.enabled and not lane.stalled:
                self.expect(not waiting, f"lane {id}: {waiting} were deleted before they were sent")
            self.expect(now.lost_count == lane.lost_count + len(waiting), f"lane {id}: lost_count is {now.lost_count}")
            self.expect(
                now.head_sequence == lane.head_sequence + len(waiting), f"lane {id}: wrong head after a loss: {now}"
            )
            if waiting:
                lost_until = log.events[hook.payloads[waiting[-1]][1]].created_at
                self.expect(now.lost_until == lost_until, f"lane {id}: lost_until is {now.lost_until}")
                hook.done_sequences.update(waiting)
                hook.lost_through = waiting[-1]
                self.counts["lost"] += len(waiting)
        log.first_retained_position = max(log.first_retained_position, first_retained_position)

    def _check_one_offs(self, operation: Operation) -> None:
        before = self._one_offs
        self._one_offs = {row.id: row for row in self._store.rows("SELECT * FROM errands WHERE due_at IS NOT NULL")}
        for id, one_off in before.items():
            hook = self.hooks[one_off.webhook_id]
            now = self._one_offs.get(id)
            if now is not None:
                if one_off.lease_token is not None and now.lease_token != one_off.lease_token:
                    self._expect_dead(one_off.lease_worker, f"one-off delivery {id}: {operation.name}")
                    hook.one_offs_in_flight = [
                        a
                        for a in hook.one_offs_in_flight
                        if (a.payload_id, a.worker) != (one_off.payload_id, one_off.lease_worker)
                    ]
                continue
            log = self.logs[hook.account_id]
            if hook.is_deleted or (
                one_off.sequence and hook.position_of(one_off.sequence) < log.first_retained_position
            ):
                continue
            worker = operation.arguments[0].worker if operation.name == "run_cycle" else 0
            attempt = next(
                (
                    a
                    for a in hook.one_offs_in_flight
                    if a.payload_id == one_off.payload_id and a.worker == worker and a.outcome is not None
                ),
                None,
            )
            if self.expect(
                attempt is not None, f"one-off delivery {id}: completed by {operation.name} without an attempt"
            ):
                assert attempt is not None
                hook.one_offs_in_flight.remove(attempt)
                self.counts["one_offs"] += 1

        first = self._first_one_offs()
        for id, one_off in self._one_offs.items():
            self.expect(
                one_off.lease_token is None or id in first,
                f"one-off delivery {id}: leased while an older one of webhook {one_off.webhook_id} is not settled",
            )

    def _first_one_offs(self) -> set[int]:
        """Return the ids of the oldest unsettled one-off delivery of each webhook."""
        return {*{one_off.webhook_id: id for id, one_off in sorted(self._one_offs.items(), reverse=True)}.values()}

    # Requests

    def on_send(self, worker: int, uri: str, headers: dict[str, str], body: bytes, *, is_one_off: bool) -> Attempt:
        """Check a request that a worker starts to send."""
        parsed = json.loads(body)
        is_batch = parsed["type"] == "batch"
        webhook_id = parsed["webhook_id"] if is_batch else int(parsed["webhook"]["id"])
        number_text = headers.get("X-Hourhook-Sequence")
        numbers = [int(headers["X-Hourhook-Attempt"])]
        if is_batch:
            numbers += [element["attempt"] for element in parsed["payloads"][1:]]
        attempt = Attempt(
            worker=worker,
            webhook_id=webhook_id,
            sequence=None if number_text is None else int(number_text),
            payload_id=headers["X-Noko-Delivery"],
            numbers=numbers,
            is_one_off=is_one_off,
            uri=uri,
            started_seconds=self._virtual_time.elapsed_seconds,
        )
        self.counts["sends"] += 1
        kind = "one-off " if is_one_off else ""
        self.trace(f"send {kind}{webhook_id}/{attempt.sequence} {numbers} to {uri} by {worker}")
        snapshot = self._snapshots[worker]
        hook = self.hooks[webhook_id]
        if is_one_off:
            allowed_targets = hook.targets
            in_flight = [
                a for a in hook.one_offs_in_flight if a.payload_id == attempt.payload_id and a.worker == worker
            ]
            self.expect(
                len(in_flight) < snapshot.one_offs[webhook_id, attempt.payload_id],
                f"one-off delivery {webhook_id}/{attempt.payload_id}: sent without a lease",
            )
            hook.one_offs_in_flight.append(attempt)
        else:
            allowed_targets = [snapshot.targets[webhook_id]]
            self._check_order(attempt, hook, snapshot)
        self._check_request(attempt, hook, allowed_targets, headers, body)
        return attempt

    def _check_order(self, attempt: Attempt, hook: WebhookState, snapshot: Snapshot) -> None:
        where = f"lane {attempt.webhook_id}"
        lane = snapshot.lanes[attempt.webhook_id]
        early_seconds = hook.paced_until_seconds - attempt.started_seconds
        self.expect(
            early_seconds <= RATE_TOLERANCE_SECONDS,
            f"{where}: {attempt.sequence} was sent {early_seconds:.3f} s earlier than the rate allows",
        )
        pace_seconds = snapshot.targets[attempt.webhook_id].seconds_between_requests
        self.counts["paced"] += pace_seconds > 0
        hook.paced_until_seconds = attempt.started_seconds + pace_seconds
        self.expect(
            lane.lease_token is not None
            and lane.lease_worker == attempt.worker
            and lane.head_sequence == attempt.sequence,
            f"{where}: {attempt.sequence} was sent, but was not the head of a lane leased by the sender: {lane}",
        )
        lane_now = self.lanes.get(attempt.webhook_id)
        if lane_now is None or lane_now.lease_token != lane.lease_token:
            # The lease was revoked between the cycle and the request, which counted as in flight already. It settles
            # nothing, and is the one allowed repeat, together with or after the request of the new holder.
            self.counts["late"] += 1
            return
        self.expect(not hook.in_flight, f"{where}: {attempt.sequence} sent before {hook.in_flight} was settled")
        hook.in_flight.append(attempt)
        for sequence, number in zip(attempt.sequences, attempt.numbers, strict=True):
            last = hook.attempt_numbers.get(sequence, 0)
            self.expect(number > last, f"{where}: attempt {number} of {sequence} after {last}")

    def _check_request(
        self, attempt: Attempt, hook: WebhookState, allowed_targets: list[Target], headers: dict[str, str], body: bytes
    ) -> None:
        where = f"request {attempt.webhook_id}/{attempt.sequence}"
        signatures = {name: headers[name] for name in _SIGNATURES if name in headers}
        now = self._virtual_time.now()
        target = next(
            (t for t in allowed_targets if _expected_signatures(self._keyring, t, headers, body, now) == signatures),
            None,
        )
        self.counts["signed_twice"] += len(signatures) > 2
        if not self.expect(target is not None, f"{where}: not signed with the secrets that are good"):
            return
        assert target is not None
        self.expect(any(t.payload_uri == attempt.uri for t in allowed_targets), f"{where}: sent to {attempt.uri}")
        if attempt.sequence is None:
            return
        payload_id, _ = hook.payloads[attempt.sequence]
        self.expect(attempt.payload_id == payload_id, f"{where}: payload id {attempt.payload_id}, not {payload_id}")
        count = len(attempt.numbers)
        self.expect(headers.get("X-Hourhook-Batch") == (str(count) if count > 1 else None), f"{where}: {headers}")
        if count > 1:
            self.expect(
                attempt.sequence != hook.failed_head, f"{where}: a batch after a failure, before the head was accepted"
            )
            self.expect(any(count <= t.batch_limit for t in allowed_targets), f"{where}: a batch of {count}")
            self.expect(len(body) <= batches.MAX_BATCH_BYTES, f"{where}: a batch of {len(body)} bytes")
        bodies = [self._expected_body(attempt, hook, target) for target in allowed_targets]
        self.expect(body in bodies, f"{where}: the body {body!r} is not one of {bodies}")

    def _expected_body(self, attempt: Attempt, hook: WebhookState, target: Target) -> bytes:
        elements = []
        for sequence, number in zip(attempt.sequences, attempt.numbers, strict=True):
            payload_id, position = hook.payloads[sequence]
            event = self.logs[hook.account_id].events[position]
            envelope = b'"webhook":{"id":%d,"name":"%b"},"type":"%b","created_at":"%b","changes":%b,"object":%b}' % (
                attempt.webhook_id,
                target.name.encode(),
                event.type.encode(),
                format_timestamp(event.created_at).encode(),
                event.changes,
                event.object,
            )
            if len(attempt.numbers) == 1:
                return b"{" + envelope
            identity = b'{"payload_id":"%b","sequence":%d,"attempt":%d,' % (payload_id.encode(), sequence, number)
            elements.append(identity + envelope)
        return b'{"type":"batch","webhook_id":%d,"webhook_name":"%b","payloads":[%b]}' % (
            attempt.webhook_id,
            target.name.encode(),
            b",".join(elements),
        )

    def on_arrival(self, attempt: Attempt) -> None:
        """Check a request that arrives at its receiver."""
        hook = self.hooks[attempt.webhook_id]
        if attempt.sequence is not None and not hook.is_deleted:
            missing = {*range(1, attempt.sequence)} - hook.done_sequences
            self.expect(
                not missing, f"receiver of {attempt.webhook_id} got {attempt.sequence} before it accepted {missing}"
            )

    def on_response(self, attempt: Attempt, outcome: Outcome) -> None:
        """Record the outcome that a worker receives."""
        attempt.outcome = outcome
        self.trace(f"response {attempt.webhook_id}/{attempt.sequence} {outcome.status or outcome.error}")
        hook = self.hooks[attempt.webhook_id]
        if outcome.is_success and attempt.sequence is not None:
            hook.done_sequences.update(attempt.sequences)

    # Progress and the final state

    def check_progress(self, *, is_any_worker_running: bool) -> None:
        """Check, once per second, that nothing stays due, or leased without a request, for too long.

        Leases of dead workers must be released as quickly, not only when they expire.
        """
        now = self._virtual_time.now()
        without_progress: set[tuple[str, int]] = set()
        for id, lane in self.lanes.items():
            is_in_flight = any(a.worker == lane.lease_worker for a in self.hooks[id].in_flight)
            if self._makes_no_progress(lane, now, is_in_flight=is_in_flight):
                without_progress.add(("lane", id))
            if lane.catching_up_from is not None:
                without_progress.add(("past", id))
            if self._is_report_due(id, lane):
                without_progress.add(("alert", id))
        for id in self._first_one_offs():
            # The others of its webhook wait for it.
            one_off = self._one_offs[id]
            is_in_flight = any(
                a.worker == one_off.lease_worker for a in self.hooks[one_off.webhook_id].one_offs_in_flight
            )
            # A webhook's one-offs are sent one after the other, and the first one's request may hang.
            is_first = not any(
                other.webhook_id == one_off.webhook_id and other.due_at is not None and other_id < id
                for other_id, other in self._one_offs.items()
            )
            if is_first and self._makes_no_progress(one_off, now, is_in_flight=is_in_flight):
                without_progress.add(("one_off", id))
        if not is_any_worker_running:
            without_progress.clear()
        before = self._seconds_without_progress
        self._seconds_without_progress = Counter({key: before[key] + 1 for key in without_progress})
        for (kind, id), seconds in self._seconds_without_progress.items():
            row = self._one_offs[id] if kind == "one_off" else self.lanes[id]
            is_alive = row.lease_worker not in self._dead_workers
            self.expect(
                seconds <= MAX_SECONDS_WITHOUT_PROGRESS,
                f"{kind} {id}: no progress for {seconds} s (its worker is {'alive' if is_alive else 'dead'}): {row}",
            )

    def _makes_no_progress(self, row: Any, now: int, *, is_in_flight: bool) -> bool:
        if row.lease_token is None:
            # A clock that was ahead must not delay it by more than the longest delay.
            return row.due_at is not None and not now < row.due_at <= now + LONGEST_DELAY_SECONDS * SECOND
        return not (is_in_flight and row.lease_worker not in self._dead_workers)

    def is_idle(self) -> bool:
        """Return whether nothing is due or leased; stalled and disabled lanes may have payloads left."""
        return not self._one_offs and not any(
            lane.lease_token is not None
            or lane.due_at is not None
            or lane.catching_up_from is not None
            or self._is_report_due(id, lane)
            for id, lane in self.lanes.items()
        )

    def check_final_state(self) -> None:
        """Check that every payload was delivered, and that payloads and events are as they were committed."""
        for id, lane in self.lanes.items():
            self.expect(
                lane.head_sequence == lane.last_sequence + 1 and lane.due_at is None and lane.lease_token is None,
                f"lane {id} did not become idle: {lane}",
            )
            hook = self.hooks[id]
            missing = {*range(1, lane.last_sequence + 1)} - hook.done_sequences
            self.expect(not missing, f"lane {id}: {missing} were never delivered")
            retained = {
                row.sequence: (row.payload_id, row.position)
                for row in self._store.rows("SELECT * FROM payloads WHERE webhook_id = ?", id)
            }
            first_retained_position = self.logs[hook.account_id].first_retained_position
            expected = {s: payload for s, payload in hook.payloads.items() if payload[1] >= first_retained_position}
            self.expect(retained == expected, f"lane {id}: payloads {retained} are left, not {expected}")
        self.expect(not self._one_offs, f"one-off deliveries left: {self._one_offs}")
        for account_id, log in self.logs.items():
            stored = [
                Event(row.position, row.type, row.created_at, bytes(row.changes), bytes(row.object))
                for row in self._store.rows("SELECT * FROM events WHERE account_id = ? ORDER BY position", account_id)
            ]
            self.expect(
                stored == [log.events[p] for p in range(log.first_retained_position, log.last_position + 1)],
                f"the event log of account {account_id} differs from the committed events",
            )


_SIGNATURES = ("X-Noko-Signature", "webhook-signature", "X-Hourhook-Next-Signature")


def _expected_signatures(
    keyring: Keyring, target: Target, headers: dict[str, str], body: bytes, now: int
) -> dict[str, str]:
    """Return the signature headers of a request: while the old secret is good, a receiver may know either."""
    secrets = [keyring.decrypt(target.secret)]
    if target.previous_secret is not None and now < (target.previous_secret_expires_at or 0):
        secrets.append(keyring.decrypt(target.previous_secret))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    simple = [hmac.digest(secret.encode(), body, hashlib.sha256).hex() for secret in secrets]
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]
    standard = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys]
    expected = {"X-Noko-Signature": simple[-1], "webhook-signature": " ".join(f"v1,{each}" for each in standard)}
    return expected if len(secrets) == 1 else expected | {"X-Hourhook-Next-Signature": simple[0]}


def _selects(names: set[str], webhook_id: int, event: Event) -> bool:
    """Return whether a webhook with these subscriptions gets an event; none hears of itself."""
    if not event.type.startswith(ALERT_PREFIX):
        return event.type in names or EVERYTHING in names
    return event.type in names and json.loads(event.object)["id"] != webhook_id


def _format(arguments: tuple[Any, ...]) -> str:
    return " ".join(str(argument) for argument in arguments if isinstance(argument, int | str | list))
