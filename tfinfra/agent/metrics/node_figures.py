"""What a node measures of itself every 10 seconds, as points under a name of its own: how busy it is, and which of the
others is slower than the rest. Where machines are processes, all of them measure the one machine."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tfinfra.agent.metrics.gpu_figures import GpuFigures
from tfinfra.model import Point
from tfinfra.system.clock import Clock

EVERY = 10.0
"""Seconds."""
_SECTOR = 512  # bytes of /proc/diskstats's unit, whatever the disk's own (Documentation/admin-guide/iostats.rst)
Figures = dict[str, float]
_log = logging.getLogger(__name__)


class NodeFigures:
    """Measures from a thread of its own, which ends with the agent; the first figures come after `EVERY`. `disk` is a
    folder on the disk that is meant, `keep` takes the points."""

    def __init__(
        self, name: str, disk: Path, keep: Callable[[Sequence[Point]], None], clock: Clock, proc: Path = Path("/proc")
    ) -> None:
        self._name, self._disk, self._keep, self._clock, self._proc = name, disk, keep, clock, proc
        self._gpus = GpuFigures()
        self._step = 0
        self._before: tuple[float, Figures] | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="figures", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()

    def look(self) -> None:
        """Measures once, and keeps what there is to say since the last time."""
        moment, counters = self._clock.monotonic(), read_counters(self._proc)
        before, self._before = self._before, (moment, counters)
        found = {**read_levels(self._proc, self._disk), **self._gpus.read()}
        if before is None:
            return
        found |= rates(before[1], counters, moment - before[0])
        time, self._step = self._clock.time(), self._step + 1
        self._keep([Point(self._name, name, value, self._step, time) for name, value in found.items()])

    def _run(self) -> None:
        failed = False
        while not self._ended.is_set():
            try:
                self.look()
                failed = False
            except Exception:  # noqa: BLE001  a node that cannot be measured trains all the same
                if not failed:
                    _log.exception("could not measure this node")
                failed = True
            self._ended.wait(EVERY)


def read_counters(proc: Path) -> Figures:
    """What only rises: jiffies of all cores (busy, all), bytes of the network without loopback, bytes of the disks."""
    return {**_cpu(_text(proc / "stat")), **_network(_text(proc / "net/dev")), **_disks(_text(proc / "diskstats"))}


def read_levels(proc: Path, disk: Path) -> Figures:
    """What is used now, in bytes."""
    rows = [line.split() for line in _text(proc / "meminfo").splitlines()]
    memory = {row[0].rstrip(":"): float(row[1]) * 1024 for row in rows if len(row) > 1}
    found = {}
    if {"MemTotal", "MemAvailable"} <= memory.keys():
        found = {"memory_used_bytes": memory["MemTotal"] - memory["MemAvailable"]}
        found["memory_total_bytes"] = memory["MemTotal"]
    space = os.statvfs(disk)
    found["disk_used_bytes"] = float((space.f_blocks - space.f_bfree) * space.f_frsize)
    found["disk_total_bytes"] = float(space.f_blocks * space.f_frsize)
    return found


def rates(before: Mapping[str, float], now: Mapping[str, float], seconds: float) -> Figures:
    """The counters' rise: the share of the cores' time in percent, bytes a second of all else. A counter that has
    fallen, as of a device that is new, says nothing."""
    rise = {name: now[name] - before[name] for name in now if name in before and now[name] >= before[name]}
    found = {}
    if rise.get("cpu_all"):
        found["cpu_percent"] = 100 * rise.get("cpu_busy", 0.0) / rise["cpu_all"]
    if seconds > 0:
        found |= {f"{name}_per_s": rise[name] / seconds for name in rise if name.endswith("_bytes")}
    return found


def _cpu(text: str) -> Figures:
    """proc(5): user, nice, system, idle, iowait, irq, softirq, steal; the guests' are in user and nice already."""
    for line in text.splitlines():
        if line.startswith("cpu "):
            times = [float(word) for word in line.split()[1:9]]
            return {"cpu_all": sum(times), "cpu_busy": sum(times) - sum(times[3:5])}
    return {}


def _network(text: str) -> Figures:
    rows = [line.replace(":", " ").split() for line in text.splitlines()[2:]]
    rows = [row for row in rows if len(row) > 9 and row[0] != "lo"]
    sums = {"network_in_bytes": sum(float(r[1]) for r in rows), "network_out_bytes": sum(float(r[9]) for r in rows)}
    return sums if rows else {}


def _disks(text: str) -> Figures:
    """Of whole disks: their partitions are counted in them."""
    rows = [row for row in map(str.split, text.splitlines()) if len(row) > 9 and _is_disk(row[2])]
    sums = {"disk_read_bytes": sum(float(row[5]) for row in rows), "disk_written_bytes": sum(float(r[9]) for r in rows)}
    return {name: value * _SECTOR for name, value in sums.items()} if rows else {}


def _is_disk(name: str) -> bool:
    return Path("/sys/block", name, "device").exists()


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:  # a system without it
        return ""
