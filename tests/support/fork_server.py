"""Run ``hourhook`` commands in processes forked from one that has imported everything already.

Each command still runs in a process of its own, with its own arguments, environment, folder and standard streams; only
the second that imports take is shared by all of them.
"""

import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO


class ForkServer:
    """The process that forks, and the connection to it; it ends with this process."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        code = f"from tests.support.fork_server import serve; serve({theirs.fileno()})"
        folder = Path(__file__).parents[2]
        self._process = subprocess.Popen([sys.executable, "-c", code], cwd=folder, pass_fds=[theirs.fileno()])
        theirs.close()
        self._connection = ours

    def run(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], streams: Sequence[IO[bytes]]
    ) -> int:
        """Run a command to its end; returns its exit status. ``streams`` are its input, output and errors."""
        request = {"arguments": [*arguments], "folder": str(folder), "environment": {**environment}}
        reading, writing = os.pipe()
        socket.send_fds(
            self._connection, [json.dumps(request).encode()], [*(stream.fileno() for stream in streams), writing]
        )
        os.close(writing)
        with open(reading, "rb") as statuses:
            return int(statuses.read())


@cache
def fork_server() -> ForkServer:
    """Return the server of this process."""
    return ForkServer()


def serve(number: int) -> None:
    """Fork a process for each request on a socket, until it is closed."""
    _import_everything()
    connection = socket.socket(fileno=number)
    # The processes that wait for a command are not waited for.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        request, files, _, _ = socket.recv_fds(connection, 1 << 20, 4)
        if not request:
            return
        if os.fork() == 0:
            connection.close()
            _run(json.loads(request), *files)
            return
        for file in files:
            os.close(file)


def _import_everything() -> None:
    import hourhook

    for module in pkgutil.walk_packages(hourhook.__path__, "hourhook."):
        if "__main__" not in module.name and ".migrations" not in module.name:
            __import__(module.name)


def _run(request: dict[str, object], stdin: int, stdout: int, stderr: int, statuses: int) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    command = os.fork()
    if command != 0:
        _, status = os.waitpid(command, 0)
        os.write(statuses, str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    os.close(statuses)
    for number, file in enumerate((stdin, stdout, stderr)):
        os.dup2(file, number)
        os.close(file)
    os.chdir(str(request["folder"]))
    os.environ.clear()
    os.environ.update(request["environment"])  # type: ignore[call-overload]
    sys.argv = ["hourhook", *request["arguments"]]  # type: ignore[misc]
    runpy.run_module("hourhook", run_name="__main__", alter_sys=True)
