"""Whether the kernel killed a process for lack of memory, by its counters as the kernel writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfinfra.agent.node.memory_kills import MemoryKills

COUNTERS = {
    "cgroup v2": ("0::/system.slice/tfinfra.service", "system.slice/tfinfra.service/memory.events", "low 0\noom 3\n"),
    "cgroup v2 of a container": ("0::/", "memory.events", "low 0\noom 3\n"),
    "both versions at once": ("0::/a", "unified/a/memory.events", ""),
    "cgroup v1": ("5:cpu:/x\n4:memory:/x/y", "memory/x/y/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\n"),
    "the machine's own count": ("", "../vmstat", "nr_free_pages 9\n"),
}


@pytest.mark.parametrize(("groups", "file", "before"), COUNTERS.values(), ids=COUNTERS.keys())
def test_a_kill_is_seen(groups: str, file: str, before: str, tmp_path: Path) -> None:
    cgroups, counter = tmp_path / "cgroup", tmp_path / "cgroup" / file
    (tmp_path / "self").mkdir()
    (tmp_path / "self/cgroup").write_text(f"{groups}\n" if groups else "")
    cgroups.mkdir()
    counter.parent.mkdir(parents=True, exist_ok=True)
    counter.write_text(f"{before}oom_kill 2\n")
    kills = MemoryKills(tmp_path, cgroups)
    assert not kills.any()
    counter.write_text(f"{before}oom_kill 3\n")
    assert kills.any()


def test_a_system_that_counts_nothing_knows_of_none(tmp_path: Path) -> None:
    assert not MemoryKills(tmp_path, tmp_path).any()
