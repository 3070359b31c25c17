"""The clocks of a run: the seam of all that waits, and what time it is whatever happens to this machine's clock; and
times as documents and tags carry them: ISO 8601 in UTC."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Protocol

from tfinfra.errors import UsageError
from tfinfra.text.wording import spell_seconds

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
TOLERATED = 60.0
"""Seconds that this machine's clock may be apart from the cloud's."""


class Clock(Protocol):
    """What a loop that waits needs of time. Tests move it by hand (tests/clocks.py)."""

    def time(self) -> float:
        """Unix seconds."""

    def monotonic(self) -> float:
        """Seconds that never jump."""

    def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """This machine's own. The nodes of a cloud keep its time; a client's limits go by SteadyClock."""

    def time(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def _since_boot() -> float:
    """Seconds that never jump, and that go on while the machine is suspended: Linux has a clock of that name
    (clock_gettime(2)), macOS's CLOCK_MONOTONIC is one (its man page), and time.monotonic() is neither."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class SteadyClock:
    """Unix seconds. This machine's clock is read once; from then on only the time since its boot counts, so that no
    change of the clock ends a run or keeps it. The first answer of the cloud corrects what was read, where the two are
    far apart: limits, tags and timers are the cloud's. `corrected` is by how many seconds, 0 where they agree."""

    def __init__(self, wall: Callable[[], float] = time.time, since_boot: Callable[[], float] = _since_boot) -> None:
        self.corrected = 0.0
        self._since_boot = since_boot
        self._offset = wall() - since_boot()
        self._heard = False

    def time(self) -> float:
        return self._since_boot() + self._offset

    def hear(self, cloud: float) -> None:
        """The cloud says that it is `cloud` (Unix seconds) now."""
        apart = cloud - self.time()
        if not self._heard and abs(apart) > TOLERATED:
            self._offset += apart
            self.corrected = apart
        self._heard = True

    def complaint(self) -> str | None:
        """What to say to a person about a clock that is wrong; None for a good one."""
        if not self.corrected:
            return None
        way = "behind" if self.corrected > 0 else "ahead of"
        return (
            f"this machine's clock is {spell_seconds(abs(self.corrected))} {way} the cloud's: the cloud's time counts"
        )


STEADY = SteadyClock()
"""This process's."""


def right_now() -> float:
    """Unix seconds, as this process counts them."""
    return STEADY.time()


def iso_time(seconds: float | None = None) -> str:
    """`seconds` (Unix; None: now) as "2026-11-23T10:00:00Z"."""
    moment = datetime.fromtimestamp(right_now() if seconds is None else seconds, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def unix_time(text: str) -> float:
    """Unix seconds of an ISO 8601 time. Raises ValueError where it is none."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def seconds_of(text: str) -> int | None:
    """What a person writes for a time span ("90s", "30m", "2h", "7d", "2w") in seconds, None where it is none."""
    span = re.fullmatch(r"([0-9]{1,9}) ?([smhdw])", text.strip())
    return int(span[1]) * _SECONDS[span[2]] if span else None


def moment_of(text: str, now: float) -> float:
    """Unix seconds of what a person writes for a moment of the past: so long before `now` ("90s", "30m", "2h", "7d",
    "2w"), or an ISO 8601 date or time, UTC unless it says otherwise. Raises UsageError."""
    before = seconds_of(text)
    if before is not None:
        return now - before
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, OverflowError):
        hint = "write how long ago, as 2h or 7d, or a date, as 2026-11-24 or 2026-11-24T10:00"
        raise UsageError(f"'{text}' is no moment", hint=hint) from None
