"""One run while this process drives it: what its phases hand on to each other."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tfinfra.errors import ProvisioningError
from tfinfra.lifecycle.record.run_record import RunFolder, RunRecord
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.lifecycle.run.options import UpOptions
from tfinfra.lifecycle.run.phases import Session
from tfinfra.lifecycle.watch.watcher import Watch
from tfinfra.model import Outcome, Plan
from tfinfra.store import ObjectStore

if TYPE_CHECKING:
    from tfinfra.engine.client import EngineProcess


@dataclass
class ActiveRun:
    """`engine`, `update` and `exported` (under way or done), `root` (the run's store), `store` (where the nodes of the
    newest attempt and their client meet: there, or in a folder of it), `watch`, `outcome`: None until there is one.
    `leaving` are the deletions of earlier attempts' groups, `gone` those that are verified deleted, with the time (Unix
    seconds) of that."""

    plan: Plan
    run: str
    folder: RunFolder
    ports: Ports
    session: Session
    options: UpOptions
    engine: EngineProcess | None = None
    update: Future[dict[str, Any]] | None = None
    exported: Future[Any] | None = None
    root: ObjectStore | None = None
    store: ObjectStore | None = None
    watch: Watch | None = None
    outcome: Outcome | None = None
    leaving: list[Future[Any]] = field(default_factory=list)
    gone: dict[str, float] = field(default_factory=dict)

    def record(self) -> RunRecord:
        """The run's record as it is on disk now. Raises ProvisioningError where somebody removed it."""
        record = self.folder.read()
        if record is None:
            raise ProvisioningError(f"the run's record in {self.folder.path} has gone")
        return record

    def times(self, *, over: bool) -> dict[str, float]:
        """All times that are known so far: Unix seconds for moments, seconds for phases ("<phase>_seconds"). `over`:
        the run ends now."""
        times = {**self.record().times, **{f"{k}_seconds": v for k, v in self.session.times.items()}}
        if self.watch is not None and self.watch.first_line is not None:
            times["first_line"] = self.watch.first_line
        if self.outcome is not None:
            times["training_ended"] = self.outcome.ended
        return {**times, "ended": self.ports.clock()} if over else times


def there(value: Any) -> Any:
    """`value`, made by an earlier phase."""
    if value is None:
        raise ProvisioningError("a phase ran before the one that it needs")
    return value
