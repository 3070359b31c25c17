"""Finds a run that another client began, or this one before it died: by its record here, else by its cloud's tags, and
then by what its client left in its store."""

from __future__ import annotations

import os
from collections.abc import Sequence, Set
from functools import cache, partial
from pathlib import Path

from tfinfra.azure.deletion.group_names import RUN_ID, name_of_run, run_of_group
from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.cloud import Cloud
from tfinfra.errors import UsageError
from tfinfra.lifecycle.attach.cloud_scope import CloudOptions, CloudScope, KnownTarget, guesses, known_targets, scope_of
from tfinfra.lifecycle.attach.found_run import FoundRun, Reach, opened
from tfinfra.lifecycle.record.driver import is_alive
from tfinfra.lifecycle.record.run_record import RunFolder, RunPhase, RunRecord, all_records, run_folder
from tfinfra.lifecycle.record.run_status import matching_run
from tfinfra.lifecycle.record.trials import tune_of
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.lifecycle.wiring import real_ports
from tfinfra.system.clock import right_now
from tfinfra.system.paths import state_folder
from tfinfra.system.progress import Progress, say_nothing

ANYWHERE = CloudOptions()
HERE = CloudScope(None, "here")


# One run


def find_run(
    name: str,
    options: CloudOptions = ANYWHERE,
    tell: Progress = say_nothing,
    *,
    ended: bool = False,
    nodes: bool = False,
) -> FoundRun:
    """The run of this id or name, in the cloud that `options` name, else wherever it is known; `tell` hears which
    subscription was used. With `ended` a name may also mean the newest run that has ended, where none is live, which
    `tell` hears too; with `nodes` it means the run whose nodes these are, where all live runs of the name are on the
    same. Raises UsageError."""
    found = _find_run(name, options, tell, ended=ended, nodes=nodes)
    if found.run != name and found.record is not None and found.record.phase == RunPhase.DELETED:
        tell(f"no run '{name}' is live: this is the newest that has ended, {found.run}")
    return found


def _find_run(name: str, options: CloudOptions, tell: Progress, *, ended: bool, nodes: bool) -> FoundRun:
    state = state_folder()
    is_id = options.nothing and RUN_ID.fullmatch(name)
    if (tune_of(name) or is_id) and (own := run_folder(state, name)).read() is not None:
        return _recorded(own, state)  # without a look at the thousands of others that a machine may remember
    records = all_records(state)
    if not options.nothing:
        scope = _named_scope(options, tell)
        within = [record for record in records if scope.holds(record.target, record.rehearse)]
        return _found_in(name, within, _reached(scope, state), state, ended=ended, nodes=nodes)
    run = _by_record(name, records, state, ended=ended, nodes=nodes)
    if run is not None:
        return _recorded(run_folder(state, run), state)
    return _found_in(name, records, _likely_clouds(name, state, tell), state, ended=ended, nodes=nodes)


def _by_record(name: str, records: Sequence[RunRecord], state: Path, *, ended: bool, nodes: bool = False) -> str | None:
    """The run's id, where the records alone can say it. A name is looked up in this machine's cloud besides, which
    knows which of its runs still exist, also one whose record was lost."""
    if not any(name in (r.run, r.name) for r in records):
        return None
    here: tuple[RunGroup, ...] = ()
    if any(r.name == name and HERE.holds(r.target, r.rehearse) for r in records):
        here = tuple(group for reach in _reached(HERE, state) for group in reach().arm.groups())
    unasked = {r.run for r in records if is_alive(r.client) or not HERE.holds(r.target, r.rehearse)}
    known = _uncontradicted(name, records, unasked | {group.run for group in here})
    try:
        run = matching_run(name, known, here, ended=ended, nodes=nodes)
    except UsageError:
        if any(r.name == name and r.phase != RunPhase.DELETED for r in known):
            raise
        return None
    return run if any(r.run == run for r in records) else None


def _recorded(folder: RunFolder, state: Path) -> FoundRun:
    """A run that has a record here. Its cloud is not asked for one that is verified deleted."""
    record = folder.read()
    assert record is not None  # noqa: S101 - it was read to find the run
    reach = cache(lambda: real_ports(cloud_of(record), right_now))
    local = HERE.holds(record.target, record.rehearse) and local_cloud_used(state)
    if record.phase == RunPhase.DELETED and not local:
        return FoundRun(record.run, folder, record, reach, (), None, None)
    groups = tuple(g for g in reach().arm.groups() if g.run == record.host)
    return opened(FoundRun(record.run, folder, record, reach, groups, None, None))


def _found_in(
    name: str, records: Sequence[RunRecord], clouds: Sequence[Reach], state: Path, *, ended: bool, nodes: bool
) -> FoundRun:
    """The run by the tags in these clouds. Raises UsageError."""
    tagged = {group: reach for reach in clouds for group in reach().arm.groups()}
    known = _uncontradicted(name, records, {group.run for group in tagged})
    run = matching_run(name, known, tagged, ended=ended, nodes=nodes)
    groups = tuple(group for group in tagged if group.run == run)
    folder = run_folder(state, run)
    if groups:
        return opened(FoundRun(run, folder, folder.read(), tagged[groups[0]], groups, None, None))
    odd = folder.unreadable()
    if odd is None and folder.read() is not None:
        return _recorded(folder, state)
    untagged = [each for reach in clouds for each in reach().arm.untagged_groups() if run_of_group(each) == run]
    alone = f"; {', '.join(untagged)} is not tagged as its, and left alone" if untagged else ""
    if odd is not None:
        hint = f"remove {folder.path} where nothing of it is left in any cloud"
        raise UsageError(f"no cloud that was asked knows '{run}'{alone}; {odd}", hint=hint)
    raise UsageError(f"there is no run '{run}'{alone}", hint="`tfinfra runs` lists all runs")


def _uncontradicted(name: str, records: Sequence[RunRecord], tagged: Set[str]) -> Sequence[RunRecord]:
    """The records that the cloud does not contradict: a run whose groups are gone is not live, whatever its record
    says. All of them where `name` is no other run's."""
    kept = [record for record in records if record.phase == RunPhase.DELETED or record.host in tagged]
    known = {*tagged, *(record.run for record in kept)}
    return kept if any(name in (run, name_of_run(run)) for run in known) else records


# Clouds


def reach_scope(options: CloudOptions, tell: Progress) -> Reach | None:
    """The cloud that the options name, else this machine's; None where that holds nothing. Raises UsageError."""
    scope = HERE if options.nothing else _named_scope(options, tell)
    return next(iter(_reached(scope, state_folder())), None)


def _reached(scope: CloudScope, state: Path) -> list[Reach]:
    """What asks the cloud; nothing where that is this machine's, holds nothing and would have to be started."""
    return [] if scope.subscription is None and not local_cloud_used(state) else [reach_at(scope)]


def _named_scope(options: CloudOptions, tell: Progress) -> CloudScope:
    """The cloud that the options name, which `tell` hears. Raises UsageError."""
    scope = scope_of(options, os.environ, _targets())
    tell(f"looking at {scope} ({scope.why})")
    return scope


def _likely_clouds(name: str, state: Path, tell: Progress) -> list[Reach]:
    """Where a run may be that no record of this machine names: this machine's cloud, else the subscriptions that the
    environment or the target files name."""
    for here in _reached(HERE, state):
        if any(name in (g.run, name_of_run(g.run)) for g in here().arm.groups()):
            return [here]
    scopes = guesses(os.environ, _targets())
    for scope in scopes:
        tell(f"this machine knows no '{name}': looking at {scope} ({scope.why})")
    return [reach_at(scope) for scope in scopes]


def _targets() -> tuple[KnownTarget, ...]:
    from tfinfra.compiler.load import load_targets

    return known_targets([(document.file, document.data) for document in load_targets(Path.cwd())])


def reach_at(scope: CloudScope) -> Reach:
    """What asks the cloud, once it is called for."""
    return cache(partial(ports_at, scope))


def named_ports(options: CloudOptions, tell: Progress) -> Ports:
    """The cloud that the options name, whatever it holds. Raises UsageError."""
    return ports_at(_named_scope(options, tell))


def ports_at(scope: CloudScope) -> Ports:
    """A cloud that no record names, with all that a run's phases ask of it."""
    from tfinfra.clouds import azure_subscription, local_cloud

    cloud = azure_subscription(scope.subscription) if scope.subscription else local_cloud()
    return real_ports(cloud, right_now)


def local_cloud_used(state: Path) -> bool:
    """Whether this machine's cloud holds any group, by its folder: asking the cloud would start it."""
    groups = state / "cloud" / "groups"
    return groups.is_dir() and any(groups.iterdir())


def cloud_of(record: RunRecord) -> Cloud:
    """The cloud that a run is on."""
    from tfinfra.clouds import cloud_for

    return cloud_for(record.target, record.rehearse, record.machines)
