"""Remove the processes and folders of a test run when it ends, however it ends (SIGKILL included).

A second process holds the reading end of a pipe whose writing end only this process has, so the pipe closes when this
process dies. It then kills every process that was started with this run's mark in its environment, including
PostgreSQL servers, and deletes the folders of the run. It runs in a session of its own, so it receives no Ctrl-C and no
signal to the process group of the run.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil

# The environment variable that marks every process of a run; child processes inherit it.
MARK = "TEST_RUN_OF_HOURHOOK"
# How long a PostgreSQL server may take to shut down before it is killed.
GRACE_SECONDS = 10

_pipe: int | None = None
_cleaner: "subprocess.Popen[bytes] | None" = None


def clean_up_at_the_end() -> None:
    """Remove at exit the processes and folders that this process creates from now on; later calls do nothing."""
    global _pipe, _cleaner
    if _pipe is not None:
        return
    is_part_of_a_run = MARK in os.environ
    mark = f"hourhook-tests-{secrets.token_hex(4)}"
    reading, _pipe = os.pipe()
    environment = {name: value for name, value in os.environ.items() if name != MARK}
    root = Path(__file__).parents[2]
    line = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(root)!r}); {_RUN}", mark]
    _cleaner = subprocess.Popen(line, stdin=reading, env=environment, cwd="/", start_new_session=True)
    os.close(reading)
    os.environ[MARK] = mark
    if not is_part_of_a_run:
        folder = temporary_folder(f"{mark}-")
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder)


def temporary_folder(prefix: str, parent: Path | None = None) -> Path:
    """Create a folder that is deleted at exit, if ``clean_up_at_the_end`` was called."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    if _pipe is not None:
        os.write(_pipe, f"{folder}\n".encode())
    return folder


def clean_up() -> None:
    """Clean up now, and wait until it is done."""
    global _pipe
    if _pipe is not None and _cleaner is not None:
        os.close(_pipe)
        _cleaner.wait()
        _pipe = None


_RUN = "from tests.support.leftovers import _wait_and_clean_up; _wait_and_clean_up(sys.argv[1])"


def _wait_and_clean_up(mark: str) -> None:
    folders = sys.stdin.read().splitlines()
    _end([process for process in psutil.process_iter() if _mark_of(process) == mark])
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _mark_of(process: psutil.Process) -> str | None:
    try:
        return str(process.environ().get(MARK))
    except psutil.Error:
        return None


def _end(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.Error):
            if process.name() != "postgres":
                process.kill()
            elif process.parent() not in processes:
                # Unlike SIGKILL, this lets the server end its processes and free its shared memory.
                process.send_signal(signal.SIGQUIT)
    for process in psutil.wait_procs(processes, GRACE_SECONDS)[1]:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes, GRACE_SECONDS)
