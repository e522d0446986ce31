"""``hourhook backup``: a copy of an SQLite database in use."""

import shutil
import sqlite3
from contextlib import closing

from tests.support.commands import CliRunner


def test_a_backup_of_a_running_server_is_restored_as_the_database(unconfigured_cli: CliRunner) -> None:
    token = unconfigured_cli.create_account()["token"]
    folder = unconfigured_cli.folder
    with unconfigured_cli.serving() as server:
        assert server.client(token).post("/v2/tags", {"names": ["kept"]}).status == 201
        made = unconfigured_cli.run("backup", "copy.db", "--json").json()
        assert server.client(token).post("/v2/tags", {"names": ["lost"]}).status == 201

    assert made == {"file": "copy.db", "bytes": (folder / "copy.db").stat().st_size, "key_file": "hourhook.db.key"}
    assert (folder / "copy.db").stat().st_mode & 0o777 == 0o600
    shutil.copy(folder / "hourhook.db.key", folder / "copy.db.key")
    with unconfigured_cli.serving("--database", "sqlite:///copy.db") as server:
        assert [tag["name"] for tag in server.client(token).get("/v2/tags").json()] == ["kept"]


def test_a_backup_contains_no_part_of_a_write_in_progress(unconfigured_cli: CliRunner) -> None:
    unconfigured_cli.create_account()
    with closing(sqlite3.connect(unconfigured_cli.folder / "hourhook.db", isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM tokens")
        assert unconfigured_cli.run("backup", "copy.db").status == 0

    with closing(sqlite3.connect(unconfigured_cli.folder / "copy.db")) as copy:
        assert copy.execute("SELECT count(*) FROM tokens").fetchone() == (1,)


def test_a_backup_replaces_no_file(unconfigured_cli: CliRunner) -> None:
    unconfigured_cli.create_account()
    (unconfigured_cli.folder / "copy.db").write_text("precious")

    result = unconfigured_cli.run("backup", "copy.db")

    assert (result.status, result.stderr) == (
        1,
        "hourhook: copy.db exists already: choose another name, or move it away\n",
    )
    assert (unconfigured_cli.folder / "copy.db").read_text() == "precious"


def test_on_postgresql_the_command_to_run_is_named(unconfigured_cli: CliRunner) -> None:
    result = unconfigured_cli.run("backup", "copy.db", "--database", "postgresql://127.0.0.1:1/x")

    assert (result.status, result.stderr.count("\n")) == (1, 1)
    assert "`pg_dump --format=custom" in result.stderr
