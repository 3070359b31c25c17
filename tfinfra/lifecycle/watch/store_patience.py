"""How long a client waits for a store that does not answer, and what it says meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tfinfra.errors import ProvisioningError, first_line, full_disk
from tfinfra.store import store_errors
from tfinfra.system.progress import Progress

PATIENCE = 120.0
"""Seconds that the run's store may be out of this client's reach."""
T = TypeVar("T")


class StorePatience:
    """`away` is the sentence that `say` hears once where `what` does not answer; the reason comes after it."""

    def __init__(self, clock: Callable[[], float], say: Progress, what: str, away: str) -> None:
        self._clock = clock
        self._say = say
        self._what = what
        self._away = away
        self._since: float | None = None
        self._failed = 0.0

    def of(self, look: Callable[[], T], otherwise: T) -> T:
        """What a look into the store gives, `otherwise` where it does not answer. Raises ProvisioningError once it has
        not for PATIENCE."""
        try:
            seen = look()
        except store_errors() as error:
            now, full = self._clock(), full_disk(error)
            why = full or first_line(error)
            if self._since is None or now - self._failed > PATIENCE / 2:  # this machine slept in between
                self._since = now
                self._say(f"{self._away}: {why}")
            self._failed = now
            if now - self._since > PATIENCE:
                message = f"{self._what} has not answered for {PATIENCE:.0f} s: {why}"
                hint = "free some space on it" if full else "is there a way to the store's account?"
                raise ProvisioningError(message, hint=hint) from error
            return otherwise
        self._since = None
        return seen
