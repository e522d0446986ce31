"""The beginning and the end of a demo: what there is to try, and what it came to."""

from collections.abc import Sequence

from hourhook.cli.demo.lanes import Lane
from hourhook.cli.demo.receivers import Receiver
from hourhook.cli.demo.seed_data import PASSWORD, Agency, today_here
from hourhook.cli.demo.terminal import Screen, Span
from hourhook.cli.options import program


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
        for number, text in enumerate(_results(lane)):
            style = "green" if lane.receiver.is_well else "red"
            name = lane.receiver.name if number == 0 else ""
            screen.show([(f"  {name:11}", lane.receiver.style), (text, style)])
    screen.show([(f"Its database is gone. Next: {program()} serve, {program()} account create", "dim")])


def _results(lane: Lane) -> list[str]:
    tally = lane.receiver.tally
    verified = "all" if tally.verified == tally.delivered else str(tally.verified)
    counts = [f"{tally.delivered} delivered", f"{verified} verified", f"{tally.repeats} repeated"]
    counts.append(f"{tally.out_of_order} out of order")
    more = []
    if lane.waiting_count:
        more.append(f"{lane.waiting_count} still waiting")
    if tally.turned_away:
        more.append(f"{tally.turned_away} answered 500 at first")
    if tally.longest is not None:
        more.append(f"longest catch-up {tally.longest.count} payloads in {tally.longest.milliseconds} ms")
    return [", ".join(part) for part in (counts, more) if part]


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
