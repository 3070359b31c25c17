"""The nodes of one attempt of a run, as its client sees them."""

from __future__ import annotations

from collections.abc import Callable

from tfinfra.lifecycle.watch.watcher import Watch
from tfinfra.model import Outcome
from tfinfra.store import ObjectStore


class Nodes:
    """They meet their client in `store`, and nowhere else. `watch` is None where they are not watched: before they are
    made, in a detached run, and once their attempt was given up. `deliver` goes on with what is handed to them.
    `outcome` is how their training ended, None while it goes on."""

    def __init__(
        self, store: ObjectStore, watch: Watch | None = None, deliver: Callable[[], object] = lambda: None
    ) -> None:
        self.store = store
        self.watch = watch
        self.outcome: Outcome | None = None
        self._deliver = deliver

    def look(self) -> Outcome | None:
        """One look, to be repeated a few times a second: they may be quicker than Pulumi's update, and they delete
        themselves where no client looks. Raises ProvisioningError, and Cancelled where another client ends the run."""
        if self.outcome is not None:
            self.be_seen()
            return self.outcome
        self._deliver()
        if self.watch is not None:
            self.outcome = self.watch.poll()
        return self.outcome

    def be_seen(self) -> None:
        """Tells them that somebody watches still."""
        if self.watch is not None:
            self.watch.collected()
