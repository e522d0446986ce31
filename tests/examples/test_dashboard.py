"""``examples/dashboard``: its sums are those of the API, live and after both sides were killed."""

import json
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

from hourhook.clock import DAY, SystemClock, format_timestamp
from tests.support.clients import Client
from tests.support.example_programs import MakeProgram, RestartableServer, free_port, wait_until


def day_before(days: int) -> str:
    return format_timestamp(SystemClock().now() - days * DAY)[:10]


def test_the_dashboard_follows_entries_exactly_through_restarts_of_both_sides(
    live: RestartableServer, make_program: MakeProgram
) -> None:
    port = free_port()
    dashboard = make_program("dashboard/dashboard.py", PORT=str(port))
    client = Client(f"http://127.0.0.1:{port}")

    def wait_until_right() -> None:
        expected = [
            (each["date"], each["project"] and each["project"]["name"], each["minutes"])
            for each in live.send("GET", "/v2/entries?per_page=1000")
            if each["date"] >= day_before(6)
        ]

        def is_right() -> bool:
            state = client.get("/state.json").json()
            shown = [(each["date"], each["project"], each["minutes"]) for each in state["sums"]]
            return state["problem"] is None and sorted(shown, key=str) == sorted(summed(expected), key=str)

        wait_until(is_right, "the sums differ")
        # They stay right: nothing comes twice.
        position = live.request("GET", "/v2/entries").headers["x-hourhook-position"]
        wait_until(lambda: client.get("/state.json").json()["position"] <= int(position), "it is ahead")
        assert is_right()

    entries = [live.log(day_before(age), 30, project_name="Harbour map") for age in (0, 0, 1, 6, 8)]
    dashboard.start()
    wait_until_right()

    with closing(HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("GET", "/states")
        states = read_states(connection)
        next(states)
        live.log(day_before(0), 7, description="<b>live</b>")
        assert next(states)["latest"][0]["description"] == "<b>live</b>"
    wait_until_right()

    # The server is killed while the dashboard follows, and changes before the dashboard is back.
    live.restart()
    live.send("DELETE", entries[0]["url"])
    wait_until_right()

    dashboard.kill()
    live.send("PUT", entries[1]["url"], {"minutes": 90, "date": day_before(8)})
    live.send("PUT", entries[4]["url"], {"minutes": 45, "date": day_before(2)})
    live.kill()
    dashboard.start()
    wait_until(lambda: client.get("/state.json").json()["problem"] == "The server does not answer.", "no problem")
    live.start()
    wait_until_right()


def read_states(connection: HTTPConnection) -> Iterator[dict[str, Any]]:
    """Yield the states that an open page is sent."""
    for line in connection.getresponse():
        if line.startswith(b"data: "):
            yield json.loads(line[6:])


def summed(entries: list[tuple[str, str | None, int]]) -> list[tuple[str, str | None, int]]:
    sums: dict[tuple[str, str | None], int] = {}
    for date, project, minutes in entries:
        sums[date, project] = sums.get((date, project), 0) + minutes
    return [(*key, minutes) for key, minutes in sums.items()]
