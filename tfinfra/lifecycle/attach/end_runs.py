"""`tfinfra down RUN` and `down --all`: ends each of the runs that are named, whatever becomes of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfinfra.errors import Cancelled, TfinfraError, UsageError, first_line
from tfinfra.lifecycle.attach.attached_run import end_run
from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
from tfinfra.lifecycle.attach.find_run import find_run
from tfinfra.lifecycle.end.stacks import forced_stacks
from tfinfra.lifecycle.record.run_record import RunPhase
from tfinfra.system.progress import Progress


@dataclass(frozen=True)
class EndedRun:
    """`stacks_left`: the Pulumi stacks that remain in a backend of the user's own, each with the reason."""

    run: str
    stacks_left: Mapping[str, str]


def end_runs(
    names: Sequence[str], options: CloudOptions, progress: Progress, *, force: bool = False, discard: bool = False
) -> list[EndedRun]:
    """Ends the runs of these ids or names, in this order; one that fails does not keep the others from their end.

    Raises, after all of them, one TfinfraError with every message: its class and hint are those of the error with the
    highest exit code. A fault of tfinfra itself counts as an error of its run, but where that is the only one. An
    interruption is raised at once, as Cancelled with what is deleted and what is left.
    """
    ended: list[EndedRun] = []
    failed: list[TfinfraError] = []
    for name in names:
        try:
            ended.append(end_named_run(name, options, progress, force=force, discard=discard))
        except TfinfraError as error:
            failed.append(error)
        except KeyboardInterrupt as raised:
            deleted = [each.run for each in ended]
            raise interrupted(raised, deleted, name, [n for n in names if n not in deleted]) from None
        except Exception as error:
            if len(names) == 1:
                raise
            failed.append(TfinfraError(f"{name}: tfinfra itself failed: {type(error).__name__}: {first_line(error)}"))
    if failed:
        worst = max(failed, key=lambda error: error.exit_code)
        all_of_them = type(worst)("\n".join(error.message for error in failed), worst.hint)
        raise all_of_them.detailed(deleted=[each.run for each in ended]) if len(names) > 1 else all_of_them
    return ended


def interrupted(raised: KeyboardInterrupt, deleted: Sequence[str], at: str, left: Sequence[str]) -> Cancelled:
    """What an interruption leaves of runs that were to be ended: those `deleted` whole, and those `left`, of which the
    one that it came `at` may be deleted in part."""
    told = [f"deleted are {', '.join(deleted)}"] if deleted else []
    hint = None
    if left:
        told.append(f"left {'is' if len(left) == 1 else 'are'} {', '.join(left)}; {at} may be deleted in part")
        again = f"`tfinfra down {left[0]}`" if len(left) == 1 else "the same command"
        hint = f"{again} goes on; at last its deadline does"
    signal = str(raised) or "Ctrl-C"
    error = Cancelled(f"cancelled by {signal}: {'; '.join(told or ['nothing is left'])}", hint)
    error.details = {"deleted": list(deleted), "left": list(left)}
    return error


def end_named_run(
    name: str, options: CloudOptions, progress: Progress, *, force: bool = False, discard: bool = False
) -> EndedRun:
    """Ends the run of this id or name. `force` takes the locks of its stacks away, and drops the stacks also of a run
    that no cloud knows any more; `discard` gives up outputs that are not at home. Raises TfinfraError."""
    try:
        found = find_run(name, options, progress)
    except UsageError:
        left = forced_stacks(name, progress) if force else None
        if left is None:
            raise
        return EndedRun(name, left)
    record = found.record
    if record is not None and record.phase == RunPhase.DELETED and not (found.exists or record.stacks_left):
        progress(f"{found.run}: everything was deleted before")
        return EndedRun(found.run, {})
    left = end_run(found, progress, force=force, discard=discard)
    others = f"nothing of it is left on the nodes of {record.on}" if record and record.on else None
    progress(f"{found.run}: {others or 'everything is deleted'} (verified)")
    return EndedRun(found.run, left)
