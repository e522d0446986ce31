"""Print the introduction and the final summary of a demo."""

from collections.abc import Sequence

from hourhook.cli.demo.lanes import Lane
from hourhook.cli.demo.receivers import Receiver
from hourhook.cli.demo.seed_data import PASSWORD, DemoAccount, utc_today
from hourhook.cli.options import program_name
from hourhook.cli.terminal import Span, Terminal


def show_intro(
    terminal: Terminal, address: str, page: str, account: DemoAccount, receivers: Sequence[Receiver]
) -> None:
    """Print what this is, the ``page`` that shows it in a browser, how to sign in, and what to try."""
    owner = account.owner
    terminal.print_paragraph(
        "Hourhook is a time-tracking server. Every change to your data is delivered to your webhooks, in order, "
        "signed, at least once. This demo uses a throw-away account of a small agency.",
        "bold",
        indent="",
    )
    terminal.print_line()
    rows: list[tuple[str, list[Span]]] = [
        ("Address", [(address, "cyan")]),
        ("Sign in", [(owner.email, "cyan"), ("  password ", ""), (PASSWORD, "cyan")]),
        ("Token", [(owner.token, "cyan")]),
    ]
    for name, value in rows:
        terminal.print_line([(f"  {name:10}", "dim"), *value])
    terminal.print_line()
    terminal.print_line([("Watch the deliveries in a browser too; this link signs you in:", "")])
    terminal.print_line([(page, "cyan")])
    terminal.print_line()
    terminal.print_line([("Try it from another terminal, and watch the payloads arrive here:", "")])
    body = f'{{"date":"{utc_today()}","minutes":45,"description":"Hello #demo"}}'
    for line in (f"curl -H 'X-NokoToken: {owner.token}' \\", f"     -d '{body}' \\", f"     {address}/v2/entries"):
        terminal.print_line([("  " + line, "dim")])
    terminal.print_line()
    names = " and ".join(f"{receiver.name} (port {receiver.port})" for receiver in receivers)
    terminal.print_paragraph(f"Two programs receive webhooks: {names}.", indent="")
    terminal.print_line()


def show_summary(terminal: Terminal, requests_count: int, kills_count: int, lanes: Sequence[Lane]) -> None:
    """Print the totals, receiver by receiver."""
    # Each webhook subscribes to all events, so its lane counts all of them.
    raised = max((lane.receiver.last_sequence + lane.waiting_count for lane in lanes), default=0)
    killed = f"; the server was killed {_times(kills_count)}" if kills_count else ""
    terminal.print_line()
    if not any(lane.receiver.counters.delivered for lane in lanes):
        text = f"Summary: {requests_count} requests; the demo ended before a payload was delivered{killed}."
        terminal.print_paragraph(text, "bold", indent="")
        lanes = ()
    else:
        terminal.print_line([(f"Summary: {requests_count} requests raised {raised} events{killed}.", "bold")])
    for lane in lanes:
        for number, text in enumerate(_results(lane)):
            style = "green" if lane.receiver.is_healthy else "red"
            name = lane.receiver.name if number == 0 else ""
            terminal.print_line([(f"  {name:11}", lane.receiver.style), (text, style)])
    terminal.print_paragraph("The demo's data is deleted. Next, for data of your own:", "dim", indent="")
    terminal.print_line([(f"  {program_name()} serve", "dim")])


def _results(lane: Lane) -> list[str]:
    counters = lane.receiver.counters
    verified = "all" if counters.verified == counters.delivered else str(counters.verified)
    counts = [
        f"{counters.delivered} delivered",
        f"{verified} verified",
        f"{counters.duplicates} duplicate{'s' * (counters.duplicates != 1)}",
    ]
    counts.append(f"{counters.out_of_order} out of order")
    more = []
    if lane.waiting_count:
        more.append(f"{lane.waiting_count} still waiting")
    if counters.rejected:
        more.append(f"{counters.rejected} answered with 500")
    if counters.longest_catch_up is not None:
        catch_up = counters.longest_catch_up
        more.append(f"longest catch-up {catch_up.count} payloads in {catch_up.milliseconds} ms")
    return [", ".join(part) for part in (counts, more) if part]


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
