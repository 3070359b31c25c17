"""Ends many runs at once: all of a caller's, or all that have outlived their time in a cloud, as the timers would."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tfinfra.azure.deletion.group_names import part_of_group
from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.errors import TeardownIncomplete, TfinfraError, first_line
from tfinfra.lifecycle.attach.attached_run import end_run, stop_client
from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
from tfinfra.lifecycle.attach.end_runs import interrupted
from tfinfra.lifecycle.attach.find_run import HERE, find_run, reach_scope
from tfinfra.lifecycle.attach.overview import all_statuses
from tfinfra.lifecycle.end import teardown
from tfinfra.lifecycle.record.in_store.published import BorrowedFolder
from tfinfra.lifecycle.record.run_record import RunFolder, all_records, run_folder
from tfinfra.lifecycle.record.run_status import RunState
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.system.clock import right_now, unix_time
from tfinfra.system.paths import state_folder
from tfinfra.system.progress import Progress
from tfinfra.text.wording import count


@dataclass(frozen=True)
class Due:
    """A run of which something has expired: the groups `gone` are to be deleted, `kept` have time left."""

    run: str
    gone: tuple[str, ...]
    kept: tuple[RunGroup, ...]


def due(groups: Iterable[RunGroup], now: float) -> list[Due]:
    """What has outlived its tfinfra-expires-at at `now` (Unix seconds), by run. A keep group stays as long as another
    group of its run does: the timer in it deletes that. A time that cannot be read never comes here: the run's own
    timer holds a latest one that no tag changes."""
    by_run: dict[str, list[RunGroup]] = {}
    for group in groups:
        by_run.setdefault(group.run, []).append(group)
    found: list[Due] = []
    for run, of_run in sorted(by_run.items()):
        expired = [group for group in of_run if _is_time(group.expires) and unix_time(group.expires) <= now]
        if any(part_of_group(group.name) != "keep" for group in of_run if group not in expired):
            expired = [group for group in expired if part_of_group(group.name) != "keep"]
        if expired:
            kept = tuple(group for group in of_run if group not in expired)
            found.append(Due(run, tuple(group.name for group in expired), kept))
    return found


def _is_time(text: str) -> bool:
    try:
        unix_time(text)
    except (ValueError, OverflowError):
        return False
    return True


@dataclass(frozen=True)
class Doomed:
    """A run that a sweep would end, by what ARM says of it: the groups that would go, the oldest of their times.
    `charged`: it is in a cloud that others may share, and pay for."""

    run: str
    groups: tuple[str, ...]
    owner: str
    expires: str
    charged: bool

    def line(self) -> str:
        """For a person, before anything is deleted."""
        whose = f", {self.owner}'s" if self.owner else ""
        until = f", expires {self.expires}" if self.expires else ""
        return f"  {self.run}{whose}{until}: {', '.join(self.groups) or 'no group that is known here'}"


Agree = Callable[[Sequence[Doomed]], None]
"""Is shown what a sweep would delete, where some of it is in a cloud that charges; raises what keeps it from that."""


def agreed(doomed: Sequence[Doomed]) -> None:
    """Agrees without a question."""
    del doomed


def down_expired(
    options: CloudOptions, tell: Progress, clock: Callable[[], float] = right_now, agree: Agree = agreed
) -> list[Due]:
    """Deletes what has expired in the cloud that `options` name, else in this machine's; whose it is does not matter.
    It goes by ARM alone, and one run that cannot be ended keeps no other from its end. Raises TeardownIncomplete, after
    all others are deleted, for what is left, and what `agree` raises."""
    reach = reach_scope(options, tell)
    if reach is None:
        return []
    ports = reach()
    groups = ports.arm.groups()
    found = due(groups, clock())
    for name in ports.arm.untagged_groups():
        tell(f"{name} is left alone: its name and its tag tfinfra-run do not both say whose it is")
    for group in groups:
        if not _is_time(group.expires):
            tell(f"{group.name} is left to its timer: its tag tfinfra-expires-at is no time, '{group.expires}'")
    doomed: list[Doomed] = []
    for one in found:
        going = [group for group in groups if group.name in one.gone]
        first = min(group.expires for group in going)
        doomed.append(Doomed(one.run, one.gone, going[0].owner, first, ports.cloud.charges))
    _show(doomed, tell, agree)
    left: dict[str, str] = {}
    for one in found:
        try:
            left |= _delete(ports, one, options, tell)
        except KeyboardInterrupt as raised:
            runs = [each.run for each in found]
            here = runs.index(one.run)
            raise interrupted(raised, [run for run in runs[:here] if run not in left], one.run, runs[here:]) from None
        except TfinfraError as error:
            left[one.run] = error.message
        except Exception as error:  # noqa: BLE001 - one run's fault stops no other's turn, and is named
            left[one.run] = f"{type(error).__name__}: {first_line(error)}"
    if left:
        lines = [f"  {group}: {reason}" for group, reason in left.items()]
        raise TeardownIncomplete("\n".join(["not everything that expired could be deleted; left are", *lines]))
    return found


def _show(doomed: Sequence[Doomed], tell: Progress, agree: Agree) -> None:
    if not doomed:
        return
    tell(f"to be deleted ({count(len(doomed), 'run')}):")
    for one in doomed:
        tell(one.line())
    if any(one.charged for one in doomed):
        agree(doomed)


def _delete(ports: Ports, one: Due, options: CloudOptions, tell: Progress) -> dict[str, str]:
    """What is left, with the reason. A run that this machine knows is ended with its record; another by its groups
    alone, whatever its store says. Raises what keeps the run from its end, of any kind."""
    folder = _folder(one.run)
    if not one.kept:
        if isinstance(folder, BorrowedFolder):
            teardown.down(ports, folder, one.run, tell, stop_client)
        else:
            end_run(find_run(one.run, options), tell, discard=True)  # the time of its outputs is over
        tell(f"{one.run}: expired, its outputs' time is over; everything is deleted (verified)")
        return {}
    left = teardown.Teardown(ports, folder, one.run, tell).delete(one.gone)
    for group in one.gone:
        if group not in left:
            tell(f"{one.run}: {group} has expired and is deleted (verified)")
    for kept in one.kept:
        tell(f"{one.run}: {kept.name} stays until {kept.expires}")
    return left


def _folder(run: str) -> RunFolder:
    """The run's folder here; of a run that this machine does not know, one that keeps nothing."""
    folder = run_folder(state_folder(), run)
    return folder if folder.path.exists() else BorrowedFolder(folder.path)


def everybody(options: CloudOptions, tell: Progress, agree: Agree = agreed) -> list[str]:
    """The runs that `down --all` ends: all that this machine or its cloud knows; of a cloud that `options` name, the
    caller's own by ARM's tags, because others may share it. They are shown first. Raises what `agree` does."""
    if options.nothing:
        here = {record.run: HERE.holds(record.target, record.rehearse) for record in all_records(state_folder())}
        live = [each for each in all_statuses() if each.state != RunState.DELETED and (each.groups or each.started)]
        doomed = [Doomed(s.run, s.groups, s.owner, s.deadline, not here.get(s.run, True)) for s in live]
    else:
        doomed = _own(options, tell)
    _show(doomed, tell, agree)
    return [one.run for one in doomed]


def _own(options: CloudOptions, tell: Progress) -> list[Doomed]:
    reach = reach_scope(options, tell)
    if reach is None:
        return []
    ports = reach()
    by_run: dict[str, list[RunGroup]] = {}
    for group in ports.arm.groups():
        by_run.setdefault(group.run, []).append(group)
    found: list[Doomed] = []
    for run, groups in sorted(by_run.items()):
        owners = {group.owner for group in groups}
        if owners != {ports.cloud.owner}:
            tell(f"{run} is left alone: it is {' and '.join(sorted(owners - {''})) or 'nobody'}'s; name it to end it")
            continue
        expires = min(group.expires for group in groups)
        names = tuple(group.name for group in groups)
        found.append(Doomed(run, names, ports.cloud.owner, expires, ports.cloud.charges))
    return found
