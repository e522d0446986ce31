"""Run ``hourhook`` commands in processes forked from one that has already imported all modules.

Each command still runs in a process of its own, with its own arguments, environment, folder and standard streams. Only
the imports, which take a second, are shared.
"""

import atexit
import gc
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO


class ForkedProcess:
    """A command in a process of its own, with pipes for stdout and stderr; it has the interface of ``Popen``."""

    def __init__(self, stdout: IO[str], stderr: IO[str], status_pipe: IO[str]) -> None:
        self.stdout, self.stderr, self._status_pipe = stdout, stderr, status_pipe
        self.pid = int(status_pipe.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None and select.select([self._status_pipe], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self) -> int:
        if self.returncode is None:
            self.returncode = int(self._status_pipe.read())
            self._status_pipe.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def close(self) -> None:
        """Kill the process, wait for its end, and close its pipes."""
        self.kill()
        self.wait()
        self.stdout.close()
        self.stderr.close()


class ForkServer:
    """The process that forks, and the connection to it; it exits when this process does."""

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
        """Run a command to its end; return its exit status. ``streams`` are its stdin, stdout and stderr."""
        with self._fork(arguments, folder, environment, [stream.fileno() for stream in streams]) as status_pipe:
            status_pipe.readline()
            return int(status_pipe.read())

    def start(self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> ForkedProcess:
        """Start a command with an empty stdin."""
        stdout, stderr = os.pipe(), os.pipe()
        stdin = os.open(os.devnull, os.O_RDONLY)
        status_pipe = self._fork(arguments, folder, environment, [stdin, stdout[1], stderr[1]])
        for file in (stdin, stdout[1], stderr[1]):
            os.close(file)
        return ForkedProcess(open(stdout[0]), open(stderr[0]), status_pipe)

    def _fork(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], files: Sequence[int]
    ) -> IO[str]:
        request = {"arguments": [*arguments], "folder": str(folder), "environment": {**environment}}
        reading, writing = os.pipe()
        socket.send_fds(self._connection, [json.dumps(request).encode()], [*files, writing])
        os.close(writing)
        return open(reading)


@cache
def fork_server() -> ForkServer:
    """Return the fork server of this process."""
    return ForkServer()


def serve(number: int) -> None:
    """Fork a process for each request on a socket, until the socket is closed."""
    _import_all_modules()
    connection = socket.socket(fileno=number)
    # Reap the processes that wait for commands automatically.
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


def _import_all_modules() -> None:
    import hourhook

    for module in pkgutil.walk_packages(hourhook.__path__, "hourhook."):
        if "__main__" not in module.name and ".migrations" not in module.name:
            __import__(module.name)
    # A garbage collection in a child would copy the memory pages that the processes share.
    gc.collect()
    gc.freeze()


def _run(request: dict[str, object], stdin: int, stdout: int, stderr: int, status_pipe: int) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    command = os.fork()
    if command != 0:
        for file in (stdin, stdout, stderr):
            os.close(file)
        os.write(status_pipe, f"{command}\n".encode())
        _, status = os.waitpid(command, 0)
        os.write(status_pipe, str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    os.close(status_pipe)
    for number, file in enumerate((stdin, stdout, stderr)):
        os.dup2(file, number)
        os.close(file)
    # The stream of the server was opened for another file, perhaps one that can seek.
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    os.chdir(str(request["folder"]))
    os.environ.clear()
    os.environ.update(request["environment"])  # type: ignore[call-overload]
    sys.argv = ["hourhook", *request["arguments"]]  # type: ignore[misc]
    status = 0
    try:
        runpy.run_module("hourhook", run_name="__main__", alter_sys=True)
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        status = 1
    # Exit as the interpreter does, but without freeing every module, which takes longer than most commands.
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
