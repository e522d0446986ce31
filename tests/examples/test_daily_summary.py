"""``examples/daily_summary``: a day is summed up once, when it is over everywhere, and again when it has changed."""

from email.message import EmailMessage

from tests.support.example_programs import MakeProgram, Program, RestartableServer
from tests.support.smtp_server import FakeSmtpServer

ZONES = ("--zone", "Pacific/Auckland", "--zone", "Pacific/Honolulu")
SUMMARY = """\
# Monday, 23 November 2026

| person | project | time |
|---|---|--:|
| Ada Byron | Harbour \\| map | 1:30 |
| Ada Byron | no project | 0:20 |
| **Ada Byron** | | **1:50** |
| Ole | Harbour \\| map | 0:45 |
| **all** | | **2:35** |
"""


def run(program: Program, now: str, *words: str) -> list[str]:
    """Run the program as if it were at a time; return the lines that it prints."""
    completed = program.run(*ZONES, "--now", now, *words)
    assert completed.returncode == 0, completed.stderr
    return completed.stdout.splitlines()


def log_a_day(live: RestartableServer) -> None:
    ole = live.send("POST", "/v2/users", {"email": "ole@northwind.test", "first_name": "Ole"})
    project = live.send("POST", "/v2/projects", {"name": "Harbour | map", "billing_increment": 1})
    live.log("2026-11-23", 60, project_id=project["id"])
    live.log("2026-11-23", 30, project_id=project["id"])
    live.log("2026-11-23", 20)
    live.log("2026-11-23", 45, project_id=project["id"], user_id=ole["id"])
    live.log("2026-11-24", 99)


def test_a_day_is_summed_up_when_it_is_over_in_all_time_zones(
    live: RestartableServer, make_program: MakeProgram
) -> None:
    program = make_program("daily_summary/daily_summary.py")
    log_a_day(live)
    monday = program.folder / "summaries" / "2026-11-23.md"

    # In Auckland it is Tuesday already; in Honolulu, Monday ends at 10:00 UTC.
    assert run(program, "2026-11-24T09:59:59+00:00") == ["wrote summaries/2026-11-22.md"]
    assert run(program, "2026-11-24T10:00:00+00:00") == ["wrote summaries/2026-11-23.md"]
    assert monday.read_text() == SUMMARY
    assert "Nobody has logged time." in (monday.with_name("2026-11-22.md")).read_text()
    assert run(program, "2026-11-24T10:00:01+00:00") == []

    # Time is logged late, and moved from one day to another, while the server and the program are away.
    late = live.log("2026-11-23", 5)
    live.restart()
    live.send("PUT", late["url"], {"date": "2026-11-22", "minutes": 15})
    live.kill()
    assert "does not answer" in program.run(*ZONES).stderr
    live.start()
    assert run(program, "2026-11-26T12:00:00+00:00") == [
        "corrected summaries/2026-11-22.md",
        "wrote summaries/2026-11-24.md",
        "wrote summaries/2026-11-25.md",
    ]
    assert monday.read_text() == SUMMARY
    assert "| Ada Byron | no project | 0:15 |" in (monday.with_name("2026-11-22.md")).read_text()


def test_a_summary_that_the_mail_server_refused_is_mailed_later_and_corrected(
    live: RestartableServer, make_program: MakeProgram, smtp_server: FakeSmtpServer
) -> None:
    program = make_program("daily_summary/daily_summary.py", SMTP=f"127.0.0.1:{smtp_server.port}")
    log_a_day(live)
    to = ("--mail-to", "team@northwind.test")

    smtp_server.replies["DATA"] = "451 later"
    assert "451" in program.run(*ZONES, "--now", "2026-11-24T12:00:00+00:00", *to).stderr
    del smtp_server.replies["DATA"]
    assert run(program, "2026-11-24T12:00:00+00:00", *to) == ["sent Time of 2026-11-23"]
    assert run(program, "2026-11-24T13:00:00+00:00", *to) == []
    live.log("2026-11-23", 10)
    assert run(program, "2026-11-24T14:00:00+00:00", *to) == ["sent Time of 2026-11-23 (corrected)"]

    first, second = (smtp_server.next() for _ in range(2))
    assert first.text.strip() == SUMMARY.strip()
    assert message_id(first.message) != message_id(second.message)
    assert "0:30" in second.text


def message_id(message: EmailMessage) -> str:
    return str(message["Message-ID"])
