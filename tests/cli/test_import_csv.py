"""``hourhook import --csv``: entries from the files of other products."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.accounts import Account
from tests.support.commands import CliRunner

EXPORTS = Path(__file__).with_name("exports")


def import_csv(cli: CliRunner, text: str | bytes, *options: str, format: str = "generic") -> tuple[int, str, str]:
    (cli.folder / "file.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    result = cli.run("import", "--csv", "file.csv", "--format", format, *options)
    return result.status, result.stdout, result.stderr


def read_entries(account: Account) -> list[dict[str, Any]]:
    """Return the entries of the owner's list, oldest first, by what the files contain."""
    keys = ("date", "minutes", "description", "source_url")
    return [
        {key: entry[key] for key in keys}
        | {
            "user": entry["user"]["email"],
            "project": entry["project"] and entry["project"]["name"],
            "tags": [tag["formatted_name"] for tag in entry["tags"]],
        }
        for entry in reversed(account.owner.client.get("/v2/entries").json())
    ]


def entry(**values: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "description": "",
        "source_url": None,
        "user": "owner@northwind.test",
        "project": None,
        "tags": [],
    }
    return {**defaults, **values}


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        (
            "toggl",
            [
                entry(
                    date="2026-03-16",
                    minutes=150,
                    description="Design: Checkout, totals #dev #client-call",
                    project="Harbour map",
                    tags=["#dev", "#client-call"],
                ),
                entry(date="2026-03-16", minutes=76),
            ],
        ),
        (
            "clockify",
            [entry(date="2026-03-16", minutes=90, description="Two\nlines #dev", project="Harbour map", tags=["#dev"])],
        ),
        (
            "harvest",
            [
                entry(
                    date="2026-03-16",
                    minutes=450,
                    description="Design: Cover",
                    project="Harbour map",
                    source_url="https://git.example.com/1",
                )
            ],
        ),
        (
            "noko",
            [
                entry(
                    date="2015-08-09",
                    minutes=30,
                    description="Work on #dev #planning*",
                    project="Harbour map",
                    tags=["#dev", "#planning*"],
                )
            ],
        ),
    ],
)
def test_the_export_of_a_product_is_imported(
    hourhook: CliRunner, account: Account, format: str, expected: list[dict[str, Any]]
) -> None:
    status, _, stderr = import_csv(hourhook, (EXPORTS / f"{format}.csv").read_bytes(), format=format)

    assert (status, stderr) == (0, "")
    assert read_entries(account) == expected


def test_a_generic_file_is_imported_once(hourhook: CliRunner, account: Account) -> None:
    text = (
        "date,hours,minutes,project,description,tags,email,source_url\n"
        "2026-03-16,1:30,,Harbour map,Same,,,\n"
        "2026-03-16,1:30,,harbour MAP,Same,,,\n"
        "2026-03-16,1.5,,Harbour map,Same,,,\n"
        '2026-03-17,,7,,Hello #dev,"dev,holiday*",OWNER@northwind.test,https://x.test/\n'
    )

    first = import_csv(hourhook, text)
    again = import_csv(hourhook, text + "2026-03-18,,5,,New,,,\n")

    assert first[1].splitlines() == ["4 lines read, 277 minutes in those that can be imported", "4 entries made"]
    assert again[1].splitlines()[1:] == ["1 entry made", "4 imported before"]
    same = entry(date="2026-03-16", minutes=90, description="Same", project="Harbour map")
    assert read_entries(account) == [
        same,
        same,
        same,
        entry(
            date="2026-03-17",
            minutes=7,
            description="Hello #dev #holiday*",
            tags=["#dev", "#holiday*"],
            source_url="https://x.test/",
        ),
        entry(date="2026-03-18", minutes=5, description="New"),
    ]


def test_nothing_is_imported_if_a_line_is_bad(hourhook: CliRunner, account: Account) -> None:
    text = (
        "date,minutes,tags,email\n"
        "2026-03-16,30,,\n"
        '2026-02-30,30,"a\nb",\n'
        "2026-03-16,,,\n"
        "2026-03-16,-1,,\n"
        "2026-03-16,30,a!,\n"
        "2026-03-16,30,,nobody@northwind.test\n"
        "2026-03-16,30,,,,more\n"
        "03/04/2026,30,,\n"
    )

    status, stdout, stderr = import_csv(hourhook, text)

    assert (status, stdout) == (1, "")
    assert [line.partition(":")[0] for line in stderr.splitlines()] == [
        *(f"line {number}" for number in (3, 5, 6, 7, 8, 9, 10)),
        "hourhook",
    ]
    assert "there is no user with the e-mail address nobody@northwind.test" in stderr
    assert stderr.splitlines()[-1] == (
        "hourhook: 7 lines of file.csv cannot be imported, so nothing was: correct them, or leave them out with "
        "--skip-bad"
    )
    assert import_csv(hourhook, text, "--skip-bad", "--dry-run")[1].splitlines()[1:] == [
        "1 entry would be made",
        "7 bad lines left out",
    ]
    assert import_csv(hourhook, text, "--skip-bad")[1].splitlines()[1:] == [
        "1 entry made",
        "7 bad lines left out",
    ]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (b"date,minutes,x,y\n", (), "file.csv has columns that are not imported (x, y): remove them, or add"),
        (b"", (), "file.csv is empty: the first line must name the columns"),
        (b"minutes\n1\n", (), "file.csv has no column for the date (date): check --format"),
        (b"date\n1\n", (), "file.csv has no column for the time (minutes or hours): check --format"),
        (b"date,minutes,date\n", (), "file.csv has several columns named date: keep one of each"),
        (b"date,minutes\n\xff,1\n", (), "file.csv is not UTF-8: export or save it as CSV in UTF-8"),
        (
            b"Start date;Duration\n03/04/2026;1:00\n",
            ("toggl",),
            "file.csv has dates such as 03/04/2026, in which day and month cannot be told apart: add --date-order",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(
    cli_with_account: CliRunner, text: bytes, options: tuple[str, ...], message: str
) -> None:
    status, _, stderr = import_csv(cli_with_account, text, format=options[0] if options else "generic")

    assert (status, stderr.count("\n")) == (1, 1)
    assert stderr.startswith(f"hourhook: {message}")


def test_options_decide_what_a_file_leaves_open(hourhook: CliRunner, account: Account) -> None:
    text = "Start date;Duration;User;Mood\n03/04/2026;0:30;Grace Hopper;fine\n"

    unknown = import_csv(hourhook, text, "--ignore-columns", "--date-order", "dmy", format="toggl")
    known = import_csv(
        hourhook,
        text,
        *("--ignore-columns", "--date-order", "dmy", "--email", "owner@northwind.test"),
        format="toggl",
    )

    assert "line 2: there is not exactly one user with the name Grace Hopper: create the user, or" in unknown[2]
    assert known[0] == 0
    assert read_entries(account) == [entry(date="2026-04-03", minutes=30)]
