"""Whether the kernel killed a process for lack of memory: it counts that, for each control group and for all of it.

cgroup v2 counts `oom_kill` in memory.events of a group and of all above it, v1 in memory.oom_control of the group alone
(docs.kernel.org/admin-guide/cgroup-v2.html, cgroup-v1/memory.html); /proc/vmstat has the count of the whole machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_COUNT = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)


class MemoryKills:
    """Counts from its making on. `proc` and `cgroups` are where the system shows these file systems."""

    def __init__(self, proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> None:
        self._counters = [*_of_groups(proc, cgroups), proc / "vmstat"]
        self._before = [_count(file) for file in self._counters]

    def any(self) -> bool:
        """Whether there was one. What others share this machine with us may have been what was killed."""
        return any(_count(file) > before for file, before in zip(self._counters, self._before, strict=True))


def _of_groups(proc: Path, cgroups: Path) -> Iterator[Path]:
    """The counters of this process's own groups, as far as they are shown here."""
    try:
        lines = (proc / "self/cgroup").read_text("utf-8").splitlines()
    except OSError:  # no Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        below = path.strip("/")
        if controllers == "":
            yield cgroups / below / "memory.events"
            yield cgroups / "unified" / below / "memory.events"
        elif "memory" in controllers.split(","):
            yield cgroups / "memory" / below / "memory.oom_control"


def _count(file: Path) -> int:
    """0 where there is no such counter."""
    try:
        found = _COUNT.search(file.read_text("utf-8"))
    except OSError:
        return 0
    return int(found[1]) if found else 0
