"""``examples/project_management``: each project is made once, and the hours are those of the API."""

from typing import Any

import pytest

from tests.support.clients import Client
from tests.support.example_programs import MakeProgram, Program, RestartableServer, free_port, wait_until

DAY = "2026-11-23"


@pytest.fixture
def ports() -> tuple[int, int]:
    return free_port(), free_port()


@pytest.fixture
def webhook(live: RestartableServer, ports: tuple[int, int]) -> dict[str, Any]:
    return live.create_webhook(ports[0], "entry.created,entry.updated,entry.deleted")


@pytest.fixture
def tracker(make_program: MakeProgram, ports: tuple[int, int]) -> Program:
    notify = f"http://127.0.0.1:{ports[0]}/tracker"
    return make_program("project_management/tracker.py", PORT=str(ports[1]), NOTIFY=notify)


@pytest.fixture
def bridge(make_program: MakeProgram, ports: tuple[int, int], webhook: dict[str, Any]) -> Program:
    tracker = f"http://127.0.0.1:{ports[1]}"
    settings = {"SECRET": webhook["secret"], "PORT": str(ports[0]), "TRACKER": tracker}
    return make_program("project_management/bridge.py", **settings)


def test_projects_are_made_once_and_hours_flow_back_through_restarts_and_replays(
    live: RestartableServer, tracker: Program, bridge: Program, webhook: dict[str, Any]
) -> None:
    there = Client(f"http://127.0.0.1:{tracker.settings['PORT']}")

    def names_here() -> list[str]:
        return [each["name"] for each in live.send("GET", "/v2/projects")]

    def hours_there() -> dict[str, int]:
        return {each["name"]: each["spent_minutes"] for each in there.get("/projects").json()}

    def wait_for(expected: dict[str, int]) -> None:
        wait_until(
            lambda: hours_there() == expected, lambda: f"{hours_there()} instead of {expected}:\n{bridge.output}"
        )

    tracker.start()
    there.post("/projects", {"name": "Harbour map"})
    # As if the bridge had been killed when it had made the project, but had not kept its id.
    key = f"tracker-{bridge.settings['TRACKER']}-1"
    live.send("POST", "/v2/projects", {"name": "Harbour map"}, Idempotency_Key=key)
    existing = live.send("POST", "/v2/projects", {"name": "depths", "billing_increment": 1})
    live.log(DAY, 20, project_id=existing["id"])
    there.post("/projects", {"name": "Depths"})
    there.post("/projects", {"name": ""})
    bridge.start()
    wait_for({"Harbour map": 0, "Depths": 20, "": 0})
    assert names_here() == ["depths", "Harbour map"]

    there.post("/projects", {"name": "Lights"})
    wait_until(lambda: "Lights" in names_here(), "no project is made")
    harbour, lights = (live.send("GET", f"/v2/projects?name={name}")[0]["id"] for name in ("Harbour", "Lights"))
    first = live.log(DAY, 60, project_id=harbour)
    wait_for({"Harbour map": 60, "Depths": 20, "": 0, "Lights": 0})

    bridge.kill()
    live.send("PUT", first["url"], {"project_id": lights})
    there.put("/projects/1", {"name": "Harbour"})
    live.restart()
    tracker.kill()
    bridge.start()
    live.log(DAY, 5, project_id=existing["id"])
    wait_until(lambda: "Will try again" in bridge.output, "the tracker is not missed")
    tracker.start()
    there = Client(there.base_url)
    wait_for({"Harbour": 0, "Depths": 25, "": 0, "Lights": 60})
    live.wait_until_delivered(webhook)

    live.send("PUT", f"/v2/webhooks/{webhook['id']}/replay", {"sequence": 1})
    live.send("PUT", f"/v2/projects/{existing['id']}/merge", {"project_id": lights})
    wait_for({"Harbour": 0, "Depths": 85, "": 0, "Lights": 0})
    live.wait_until_delivered(webhook)
    bridge.restart()
    wait_until(lambda: sorted(names_here()) == ["Harbour", "depths"], "it is not renamed")
    assert hours_there() == {"Harbour": 0, "Depths": 85, "": 0, "Lights": 0}
