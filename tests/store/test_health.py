"""The check that a database accepts writes."""

import asyncio
import resource
from pathlib import Path

import pytest

from hourhook.errors import DatabaseUnavailable
from hourhook.store.database import Database
from hourhook.store.postgres import PostgresDatabase
from tests.support.commands import KEY, CliRunner


def check(database: Database) -> None:
    database._health.forget()
    asyncio.run(database.require_writable())


def test_a_database_that_accepts_writes_passes(database: Database) -> None:
    for _ in range(3):
        check(database)


def test_a_result_is_used_again_until_something_fails(database: Database) -> None:
    probes: list[None] = []
    probe = database._probe
    database._probe = lambda: probes.append(probe())  # type: ignore[method-assign]

    async def fail() -> None:
        with pytest.raises(DatabaseUnavailable):
            await database.read(broken)

    def broken(_: object) -> None:
        raise DatabaseUnavailable("the disk is full")

    async def scenario() -> None:
        await asyncio.gather(*(database.require_writable() for _ in range(5)))
        await database.require_writable()
        assert len(probes) == 1
        await fail()
        await database.require_writable()
        assert len(probes) == 2

    asyncio.run(scenario())


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_without_space_for_files_fails(database: Database) -> None:
    assert isinstance(database, PostgresDatabase)
    check(database)
    assert database._probe_connection is not None
    database._probe_connection.execute("SET temp_file_limit = 0")

    with pytest.raises(DatabaseUnavailable, match="no resources left: temporary file size exceeds"):
        check(database)
    # A new connection has no such limit.
    check(database)


def test_a_server_whose_disk_is_full_is_unhealthy_until_there_is_space(tmp_path: Path) -> None:
    hourhook = CliRunner(tmp_path).with_settings(secret_key=KEY)
    token = hourhook.create_account()["token"]
    with hourhook.serving() as server:
        client = server.client(token)
        assert client.get("/health").status == 200
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

        written, health = client.post("/v2/tags", {"names": ["x"]}), client.get("/health")
        assert (written.status, health.status) == (503, 503)
        assert "disk" in written.json()["message"]
        assert "disk" in health.json()["message"]

        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        assert client.post("/v2/tags", {"names": ["x"]}).status == 201
