"""``examples/estimates``: the sums are those of the API, whatever is killed, repeated or skipped."""

import json
from typing import Any

import pytest

from tests.support.clients import Client
from tests.support.example_programs import MakeProgram, Program, RestartableServer, free_port, wait_until

EVENTS = "entry.created,entry.updated,entry.deleted,project.created,project.updated,project.deleted"


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def webhook(live: RestartableServer, port: int) -> dict[str, Any]:
    return live.create_webhook(port, EVENTS)


@pytest.fixture
def estimates(make_program: MakeProgram, webhook: dict[str, Any], port: int) -> Program:
    return make_program("estimates/estimates.py", SECRET=webhook["secret"], PORT=str(port))


def shown(port: int) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(Client(f"http://127.0.0.1:{port}").get("/estimates.json").body)
    return found


def wait_until_right(live: RestartableServer, webhook: dict[str, Any], port: int) -> None:
    live.wait_until_delivered(webhook)
    keys = ("id", "name", "budgeted_minutes", "minutes")
    expected = [[each[key] for key in keys] for each in live.send("GET", "/v2/projects")]

    assert [[each["project_id"], *(each[key] for key in keys[1:])] for each in shown(port)] == expected


def test_estimates_are_exact_after_restarts_replays_and_skipped_payloads(
    live: RestartableServer, webhook: dict[str, Any], estimates: Program, port: int
) -> None:
    day = "2026-11-23"
    harbour = live.send("POST", "/v2/projects", {"name": "Harbour map", "budgeted_minutes": 600})
    depths = live.send("POST", "/v2/projects", {"name": "<Depths>"})
    entries = [live.log(day, 30, project_id=harbour["id"]) for _ in range(3)]
    estimates.start()
    wait_until_right(live, webhook, port)

    live.send("PUT", entries[0]["url"], {"project_id": depths["id"]})
    live.send("DELETE", entries[1]["url"])
    estimates.kill()
    live.log(day, 15)
    live.log(day, 60, project_name="New")
    live.restart()
    live.send("PUT", harbour["url"], {"name": "Harbour", "budgeted_minutes": 30})
    estimates.start()
    wait_until_right(live, webhook, port)

    live.send("PUT", f"{webhook_path(webhook)}/replay", {"sequence": 1})
    wait_until_right(live, webhook, port)
    assert "reading everything" not in estimates.output

    estimates.kill()
    live.send("PUT", f"{harbour['url']}/merge", {"project_id": depths["id"]})
    live.skip_failing(webhook)
    estimates.start()
    wait_until_right(live, webhook, port)
    wait_until(lambda: "reading everything" in estimates.output, "it noticed no gap")

    # The copy is lost, and then what was sent before it was made is sent again.
    estimates.kill()
    (estimates.folder / "estimates.db").unlink()
    estimates.start()
    live.send("PUT", f"{webhook_path(webhook)}/replay", {"sequence": 2})
    wait_until_right(live, webhook, port)


def test_estimates_refuse_what_is_not_signed_show_a_table_and_name_errors(
    live: RestartableServer, webhook: dict[str, Any], estimates: Program, port: int
) -> None:
    live.send("POST", "/v2/projects", {"name": "Harbour map", "budgeted_minutes": 600})
    estimates.start()
    client = Client(f"http://127.0.0.1:{port}")

    assert client.post("/", {"type": "entry.created"}).status == 403
    assert b"Harbour map                        10:00      0:00     10:00\n" in client.get("/").body
    estimates.kill()
    (estimates.folder / "estimates.db").unlink()
    estimates.settings["TOKEN"] = "wrong"
    assert estimates.run().stderr.startswith("Could not start: 401 Client Error")


def webhook_path(webhook: dict[str, Any]) -> str:
    return f"/v2/webhooks/{webhook['id']}"
