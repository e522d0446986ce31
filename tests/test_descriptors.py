"""File descriptors and memory: the limit is raised at start, and what is open at once stays within both."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hourhook.delivery.worker.slots import BROADCAST_SLOTS, LANE_SLOTS, ONE_OFF_SLOTS
from hourhook.process.descriptors import CONNECTION_BYTES, MAX_IDLE_CONNECTIONS, RESERVED, UNBOUNDED_BYTES, share
from hourhook.process.memory import memory_limit

GIBIBYTE = 2**30
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

    assert figures == [4096, share(4096, memory_limit()).lanes.total]
    assert "file descriptors" in logged
    assert "few file descriptors" not in logged


def test_a_low_hard_limit_is_warned_about() -> None:
    figures, logged = report(256, 256)

    assert figures == [256, share(256, UNBOUNDED_BYTES).lanes.total]
    assert "few file descriptors" in logged


@given(limit=st.integers(RESERVED + 40, 200_000))
def test_what_is_open_at_once_stays_within_the_limit(limit: int) -> None:
    assert RESERVED + share(limit, UNBOUNDED_BYTES).total <= limit


@pytest.mark.parametrize("limit", [0, 10, RESERVED, RESERVED + 1])
def test_every_kind_of_delivery_keeps_a_slot_however_low_the_limit(limit: int) -> None:
    shares = share(limit, UNBOUNDED_BYTES)

    for limits in (shares.lanes, shares.one_offs, shares.broadcasts):
        assert min(limits.ordinary, limits.slow, limits.failing, limits.per_destination) >= 1


def test_a_high_limit_reduces_nothing() -> None:
    shares = share(65_536, 8 * GIBIBYTE)

    assert (shares.lanes, shares.one_offs, shares.broadcasts) == (LANE_SLOTS, ONE_OFF_SLOTS, BROADCAST_SLOTS)
    assert shares.max_idle_connections == MAX_IDLE_CONNECTIONS


@pytest.mark.parametrize("memory_bytes", [0, GIBIBYTE // 4, GIBIBYTE, 4 * GIBIBYTE, 64 * GIBIBYTE])
def test_requests_and_idle_connections_take_a_third_of_the_memory(memory_bytes: int) -> None:
    shares = share(1_000_000, memory_bytes)

    # Each kind keeps a slot whatever there is.
    assert (shares.lanes.total - 2 + shares.max_idle_connections) * CONNECTION_BYTES <= memory_bytes / 3
    assert shares.max_clients == share(1_000_000, UNBOUNDED_BYTES).max_clients


def test_ten_thousand_webhooks_of_200_ms_fit_a_common_machine() -> None:
    lanes = share(20_000, 4 * GIBIBYTE).lanes

    assert lanes.ordinary >= 8_000 * 0.2
    assert lanes.per_destination >= 1_000


def test_the_memory_limit_of_any_surrounding_control_group_counts(tmp_path: Path) -> None:
    membership, groups = tmp_path / "membership", tmp_path / "groups"
    unit = groups / "system.slice" / "hourhook.service"
    unit.mkdir(parents=True)
    membership.write_text("1:name=systemd:/\n0::/system.slice/hourhook.service\n")
    (unit / "memory.max").write_text("max\n")
    unlimited = memory_limit(membership, groups)
    (unit.parent / "memory.max").write_text("1000000\n")

    assert memory_limit(membership, groups) == 1_000_000 < unlimited
    (unit / "memory.max").write_text("900000\n")
    assert memory_limit(membership, groups) == 900_000


def test_the_memory_limit_of_a_group_of_version_1_counts(tmp_path: Path) -> None:
    membership, groups = tmp_path / "membership", tmp_path / "groups"
    (groups / "memory" / "docker").mkdir(parents=True)
    membership.write_text("4:cpu,memory:/docker\n0::/\n")
    (groups / "memory" / "docker" / "memory.limit_in_bytes").write_text("700000\n")

    assert memory_limit(membership, groups) == 700_000


def test_without_control_groups_the_memory_of_the_machine_counts(tmp_path: Path) -> None:
    assert memory_limit(tmp_path / "none", tmp_path) > GIBIBYTE // 8
