"""Whether a run's nodes still take commands, by what this machine records of the run: its store is gone a moment after
that says so, and an error of the store would tell another story."""

from __future__ import annotations

from tfinfra.errors import Cancelled
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.record.run_record import RunPhase
from tfinfra.store import holds, keys, store_errors

_OVER = {
    RunPhase.DELETING: "is being deleted",
    RunPhase.DELETED: "has ended and its nodes are deleted",
    RunPhase.INCOMPLETE: "has ended, and its nodes are deleted as far as that went",
}
_ENDED = "has ended and its nodes are being deleted"


class RunOver(Cancelled):
    """The run ended under a command: nobody is to ask its nodes, or its store, anything more."""


def must_live_on(found: FoundRun) -> None:
    """Raises RunOver where the run's nodes go, or have gone."""
    record = found.folder.read()
    phase = record.phase if record is not None else RunPhase.RUNNING
    why = _OVER.get(phase) or (_ENDED if phase == RunPhase.ENDED and not _may_be_kept(found) else "")
    if why:
        hint = "`tfinfra up --keep` keeps the nodes for commands after the training"
        raise RunOver(f"{found.run} {why}: a command on them ends with them", hint=hint)


def _may_be_kept(found: FoundRun) -> bool:
    """Whether the nodes may stay for `--keep`, which the record says only once the outputs are at home."""
    try:
        return found.store is not None and holds(found.store, keys.KEEP)
    except store_errors():
        return False
