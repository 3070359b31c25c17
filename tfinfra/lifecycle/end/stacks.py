"""A run's stacks once their groups are gone: their states stay in the audit folder, they themselves are dropped."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from tfinfra.azure.deletion.group_names import RUN_ID
from tfinfra.lifecycle.record.names import begun_groups, stack_of_group
from tfinfra.lifecycle.record.run_record import RunFolder, write_json
from tfinfra.system.progress import Progress

if TYPE_CHECKING:
    from tfinfra.engine.client import EngineProcess


def export_state(engine: EngineProcess, folder: RunFolder, part: str) -> dict[str, Any]:
    """Keeps the stack's state, which it gives, in the audit folder: what was there outlives the stack."""
    folder.audit_folder.mkdir(parents=True, exist_ok=True)
    state = engine.export(part)
    write_json(folder.audit_folder / f"{part}.state.json", state)
    return state


def users_backend() -> str | None:
    """Where the stacks lie in a backend of the user's own: its URL without credentials."""
    url = os.environ.get("PULUMI_BACKEND_URL")
    if not url:
        return None
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=""))


def forget_stacks(folder: RunFolder, groups: Sequence[str], *, force: bool, backend: str | None) -> dict[str, str]:
    """Drops the stacks of groups that are gone. What remains in a backend of the user's own, each with the reason; it
    costs nothing and is complained of. `backend` is the one that the run was made with."""
    stacks = [stack_of_group(group) for group in groups]
    here = users_backend()
    remain = _drop(stacks, force=force) if here else {}
    remain = {stack: reason for stack, reason in remain.items() if _may_be_there(folder, stack)}
    if backend and here != backend:
        remain = {**remain, **dict.fromkeys(stacks, f"PULUMI_BACKEND_URL is not {backend}, where it was made")}
    for stack, reason in remain.items():
        folder.complain(f"Pulumi's stack {stack} remains, with nothing in it: {reason}")
    folder.forget_stacks()
    return remain


def _may_be_there(folder: RunFolder, stack: str) -> bool:
    """False where the run's own project never got the stack's settings, which Pulumi writes as it makes the stack: one
    that could not be made, for a backend that does not answer, does not remain there."""
    project = folder.pulumi / "project"
    return not project.is_dir() or (project / f"Pulumi.{stack}.yaml").exists()


def _drop(stacks: Sequence[str], *, force: bool) -> dict[str, str]:
    from tfinfra.engine.stack_removal import drop_stacks

    return drop_stacks(stacks, force=force)


def forced_stacks(run: str, progress: Progress) -> dict[str, str] | None:
    """Drops the stacks of a run of which no cloud knows anything more, whoever has locked them. What remains, each with
    the reason; None where `run` is no run's id, or there is no backend of the user's own."""
    if not RUN_ID.fullmatch(run) or users_backend() is None:
        return None
    stacks = [stack_of_group(group) for group in begun_groups(None, run)]
    remain = _drop(stacks, force=True)
    for stack in stacks:
        progress(f"Pulumi's stack {stack} " + (f"remains: {remain[stack]}" if stack in remain else "is gone"))
    return remain
