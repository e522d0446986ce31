"""The beginning and the end of a demo: what there is to try, and what it came to."""

from collections.abc import Sequence

from hourhook.cli.demo.agencies import PASSWORD, Agency, today_here
from hourhook.cli.demo.lanes import Lane
from hourhook.cli.demo.receivers import Receiver
from hourhook.cli.demo.screens import Screen, Span


def show_beginning(screen: Screen, address: str, agency: Agency, receivers: Sequence[Receiver]) -> None:
    """Say what this is, how to get in, and what to try."""
    owner = agency.owner
    screen.tell(
        "Hourhook keeps the time that people log, and tells your other programs of every change: in order, signed, and "
        "never lost. This is a throw-away account of a small agency.",
        "bold",
        indent="",
    )
    screen.show()
    rows: list[tuple[str, list[Span]]] = [
        ("Address", [(address, "cyan")]),
        ("Sign in", [(owner.email, "cyan"), ("  password ", ""), (PASSWORD, "cyan")]),
        ("Token", [(owner.token, "cyan")]),
    ]
    for name, value in rows:
        screen.show([(f"  {name:10}", "dim"), *value])
    screen.show()
    screen.show([("Try it from another terminal, and see it arrive here:", "")])
    body = f'{{"date":"{today_here()}","minutes":45,"description":"Hello #demo"}}'
    for line in (f"curl -H 'X-NokoToken: {owner.token}' \\", f"     -d '{body}' \\", f"     {address}/v2/entries"):
        screen.show([("  " + line, "dim")])
    screen.show()
    names = " and ".join(f"{receiver.name} (port {receiver.port})" for receiver in receivers)
    screen.tell(f"Two other programs have a webhook each: {names}.", indent="")
    screen.show()


def show_end(screen: Screen, deeds_count: int, kills_count: int, lanes: Sequence[Lane]) -> None:
    """Say what it came to, receiver by receiver."""
    # Each webhook listens to everything, so its lane has counted everything.
    raised = max((lane.receiver.last_sequence + lane.waiting_count for lane in lanes), default=0)
    killed = f"; the server was killed {_times(kills_count)}" if kills_count else ""
    screen.show()
    screen.show([(f"That was Hourhook: {deeds_count} requests raised {raised} events{killed}.", "bold")])
    for lane in lanes:
        tally = lane.receiver.tally
        is_well = not tally.out_of_order and not tally.forged
        verified = "all" if tally.verified == tally.delivered else str(tally.verified)
        counts = [f"{tally.delivered} delivered", f"{verified} verified", f"{tally.repeats} repeated"]
        if lane.waiting_count:
            counts.insert(1, f"{lane.waiting_count} still waiting")
        if tally.turned_away:
            counts.append(f"{tally.turned_away} answered 500")
        counts.append(f"{tally.out_of_order} out of order")
        screen.show(
            [(f"  {lane.receiver.name:11}", lane.receiver.style), (", ".join(counts), "green" if is_well else "red")]
        )
        if tally.longest is not None:
            text = f"longest catch-up: {tally.longest.count} payloads in {tally.longest.milliseconds} ms"
            screen.show([(f"  {'':11}", ""), (text, "green")])
    screen.show([("Its database is gone. Next: hourhook serve, hourhook account create", "dim")])


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
