"""File descriptors: the limit is raised at start, and what is open at once stays within it."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hourhook.delivery.worker.slots import BROADCAST_SLOTS, LANE_SLOTS, ONE_OFF_SLOTS
from hourhook.process.descriptors import MAX_IDLE_CONNECTIONS, RESERVED, share

REPORT = """
import resource, sys
from hourhook.process.descriptors import prepare_descriptors
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
shares = prepare_descriptors()
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], shares.lanes.total)
"""


def report(soft: int, hard: int) -> tuple[list[int], str]:
    command = [sys.executable, "-c", REPORT, str(soft), str(hard)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    return [int(word) for word in lines[-1].split()], "\n".join(lines[:-1])


def test_the_soft_limit_is_raised_to_the_hard_limit_and_logged() -> None:
    figures, logged = report(256, 4096)

    assert figures == [4096, LANE_SLOTS.total]
    assert "file descriptors" in logged
    assert "few file descriptors" not in logged


def test_a_low_hard_limit_is_warned_about() -> None:
    figures, logged = report(256, 256)

    assert figures == [256, share(256).lanes.total]
    assert "few file descriptors" in logged


@given(limit=st.integers(RESERVED + 40, 200_000))
def test_what_is_open_at_once_stays_within_the_limit(limit: int) -> None:
    assert RESERVED + share(limit).total <= limit


@pytest.mark.parametrize("limit", [0, 10, RESERVED, RESERVED + 1])
def test_every_kind_of_delivery_keeps_a_slot_however_low_the_limit(limit: int) -> None:
    shares = share(limit)

    for limits in (shares.lanes, shares.one_offs, shares.broadcasts):
        assert min(limits.ordinary, limits.slow, limits.failing, limits.per_destination) >= 1


def test_a_high_limit_reduces_nothing() -> None:
    shares = share(65_536)

    assert (shares.lanes, shares.one_offs, shares.broadcasts) == (LANE_SLOTS, ONE_OFF_SLOTS, BROADCAST_SLOTS)
    assert shares.max_idle_connections == MAX_IDLE_CONNECTIONS
