"""The memory that this process may use: that of the machine, or less in a container or a unit with a limit."""

import os
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


def memory_limit(membership: Path = _MEMBERSHIP, cgroups: Path = _CGROUPS) -> int:
    """Return the bytes of memory that this process may use at most.

    The control groups of this process are looked at with all that they are in (versions 1 and 2; cgroups(7)).
    """
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([total, *_limits_of_groups(membership, cgroups)])


def _limits_of_groups(membership: Path, cgroups: Path) -> list[int]:
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return []
    limits = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            root, name = cgroups, "memory.max"
        elif "memory" in controllers.split(","):
            root, name = cgroups / "memory", "memory.limit_in_bytes"
        else:
            continue
        folder = root / path.lstrip("/")
        limits += [limit for place in (folder, *folder.parents) if (limit := _read_limit(place / name)) is not None]
    return limits


def _read_limit(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    # "max" if there is none.
    return int(text) if text.isdigit() else None
