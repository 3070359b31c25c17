"""What a run has cost so far: the intervals in which its groups were billed. All attempts of a run share one ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tfinfra.model.shapes import Group, Moment, Name, Usd

HOUR = 3600.0


@dataclass(frozen=True)
class Interval:
    """A group is billed `usd_per_hour` at list price from `start` until `end` (None: it still is). The budget reckons
    with its end at `due`: whatever comes later is late. All are Unix seconds.

    The whole price counts from the first to the last moment: an eviction makes an interval no cheaper.
    """

    group: Group
    part: str
    usd_per_hour: Usd
    start: Moment
    due: Moment
    end: Moment | None = None

    def is_late(self, now: float) -> bool:
        """Whether it costs something, and is or was billed after its due time."""
        return self.usd_per_hour > 0 and (now if self.end is None else self.end) > self.due

    def usd(self, now: float) -> float:
        return self.usd_per_hour * max(0.0, (now if self.end is None else self.end) - self.start) / HOUR


@dataclass(frozen=True)
class Use:
    """The time in which a run's nodes were those of another run, which is on them: from `start` until `end` (None: they
    still are), in Unix seconds. What it cost is in the intervals."""

    run: Name
    start: Moment
    end: Moment | None = None


@dataclass(frozen=True)
class Ledger:
    """Intervals in the order in which they were opened; `uses` say whose hours of them were not the run's own."""

    intervals: tuple[Interval, ...] = ()
    uses: tuple[Use, ...] = ()

    def opened(self, interval: Interval) -> Ledger:
        return replace(self, intervals=(*self.intervals, interval))

    def ending(self, due: float) -> Ledger:
        """With `due` for the compute groups that are billed still: their deletion has begun, as another attempt
        begins."""
        running = {i.group for i in self.running() if i.part == "compute"}
        ending = (replace(i, due=min(i.due, due)) if i.group in running else i for i in self.intervals)
        return replace(self, intervals=tuple(ending))

    def put_off(self, group: str, seconds: float) -> Ledger:
        """With so much more time until the group is due."""
        later = (replace(i, due=i.due + seconds) if i.group == group else i for i in self.intervals)
        return replace(self, intervals=tuple(later))

    def closed(self, ends: Mapping[str, float]) -> Ledger:
        """With an end for the open intervals of these groups: Unix seconds by group."""
        return replace(self, intervals=tuple(_closed(i, ends.get(i.group)) for i in self.intervals))

    def used(self, run: str, now: float) -> Ledger:
        """With the nodes as those of `run` from `now` on."""
        return replace(self, uses=(*self.uses, Use(run, now)))

    def unused(self, run: str, now: float) -> Ledger:
        """With the end of what `run` used."""
        uses = (replace(u, end=max(u.start, now)) if u.run == run and u.end is None else u for u in self.uses)
        return replace(self, uses=tuple(uses))

    def running(self) -> tuple[Interval, ...]:
        """Those that are billed still."""
        return tuple(i for i in self.intervals if i.end is None)

    def usd(self, now: float) -> float:
        """US dollars at list price until `now`."""
        return sum(i.usd(now) for i in self.intervals)

    def usd_per_hour(self, group: str) -> float:
        """What `group` costs an hour, 0 where it is not billed any more."""
        return sum(i.usd_per_hour for i in self.running() if i.group == group)


def _closed(interval: Interval, end: float | None) -> Interval:
    if end is None or interval.end is not None:
        return interval
    return replace(interval, end=max(interval.start, end))
