"""A run that somebody else began, or this client before it died: found by its record here, else by its cloud's tags,
and then told by what its client left in its store."""

from __future__ import annotations

import os
from collections.abc import Sequence, Set
from functools import cache, partial
from pathlib import Path

from tfinfra.azure.deletion.group_names import name_of_run, run_of_group
from tfinfra.azure.deletion.groups import RunGroup
from tfinfra.cloud import Cloud
from tfinfra.errors import UsageError
from tfinfra.lifecycle.attach.cloud_scope import CloudOptions, CloudScope, KnownTarget, guesses, known_targets, scope_of
from tfinfra.lifecycle.attach.found_run import FoundRun, Reach, opened
from tfinfra.lifecycle.record.driver import is_alive
from tfinfra.lifecycle.record.run_record import RunFolder, RunPhase, RunRecord, all_records, run_folder
from tfinfra.lifecycle.record.run_status import matching_run
from tfinfra.lifecycle.run.effects import Ports
from tfinfra.lifecycle.wiring import real_ports
from tfinfra.system.clock import right_now
from tfinfra.system.paths import state_folder
from tfinfra.system.progress import Progress, say_nothing

ANYWHERE = CloudOptions()
HERE = CloudScope(None, "here")


# One run


def find_run(wanted: str, asked: CloudOptions = ANYWHERE, tell: Progress = say_nothing) -> FoundRun:
    """The run that `wanted` (an id or a name) means, in the cloud that was asked for, else wherever it is known; `tell`
    hears which subscription was used. Raises UsageError."""
    state = state_folder()
    records = all_records(state)
    if not asked.nothing:
        place = _named_place(asked, tell)
        there = [record for record in records if place.holds(record.target, record.rehearse)]
        return _found_at(wanted, there, _reached(place, state), state)
    run = _by_record(wanted, records, state)
    if run is not None:
        return _recorded(run_folder(state, run), state)
    return _found_at(wanted, records, _places_around(wanted, state, tell), state)


def _by_record(wanted: str, records: Sequence[RunRecord], state: Path) -> str | None:
    """What the records alone can say. For a name this machine's cloud is asked besides: it knows which of its runs are
    still there, also one whose record was lost."""
    if not any(wanted in (r.run, r.name) for r in records):
        return None
    here = _here(state) if any(r.name == wanted and HERE.holds(r.target, r.rehearse) for r in records) else ()
    unasked = {r.run for r in records if is_alive(r.client) or not HERE.holds(r.target, r.rehearse)}
    known = _standing(wanted, records, unasked | {group.run for group in here})
    try:
        run = matching_run(wanted, known, here)
    except UsageError:
        if any(r.name == wanted and r.phase != RunPhase.DELETED for r in known):
            raise
        return None
    return run if any(r.run == run for r in records) else None


def _here(state: Path) -> tuple[RunGroup, ...]:
    """The groups of this machine's cloud."""
    return tuple(group for reach in _reached(HERE, state) for group in reach().arm.groups())


def _recorded(folder: RunFolder, state: Path) -> FoundRun:
    """A run of this machine's own. One that is verified deleted is not asked for again."""
    record = folder.read()
    assert record is not None  # noqa: S101 - it was read to find the run
    reach = cache(lambda: real_ports(cloud_of(record), right_now))
    local = HERE.holds(record.target, record.rehearse) and local_cloud_used(state)
    if record.phase == RunPhase.DELETED and not local:
        return FoundRun(record.run, folder, record, reach, (), None, None)
    groups = tuple(g for g in reach().arm.groups() if g.run == record.run)
    return opened(FoundRun(record.run, folder, record, reach, groups, None, None))


def _found_at(wanted: str, records: Sequence[RunRecord], places: Sequence[Reach], state: Path) -> FoundRun:
    """The run by the tags of these places."""
    at = {group: reach for reach in places for group in reach().arm.groups()}
    run = matching_run(wanted, _standing(wanted, records, {group.run for group in at}), at)
    groups = tuple(group for group in at if group.run == run)
    folder = run_folder(state, run)
    if not groups:
        if (odd := folder.unreadable()) is not None:
            hint = f"remove {folder.path} where nothing of it is left in any cloud"
            raise UsageError(f"no cloud that was asked knows '{run}'{_alone(places, run)}; {odd}", hint=hint)
        if folder.read() is None:
            raise UsageError(f"there is no run '{run}'{_alone(places, run)}", hint="`tfinfra runs` lists all runs")
        return _recorded(folder, state)
    return opened(FoundRun(run, folder, folder.read(), at[groups[0]], groups, None, None))


def _standing(wanted: str, records: Sequence[RunRecord], tagged: Set[str]) -> Sequence[RunRecord]:
    """The records that the cloud does not contradict: one whose groups are gone is no live run, whatever it says. All
    of them where `wanted` is nothing else."""
    standing = [record for record in records if record.phase == RunPhase.DELETED or record.run in tagged]
    known = {*tagged, *(record.run for record in standing)}
    return standing if any(wanted in (run, name_of_run(run)) for run in known) else records


def _alone(places: Sequence[Reach], run: str) -> str:
    """What is only named as the run's, to be told."""
    named = [name for reach in places for name in reach().arm.untagged_groups() if run_of_group(name) == run]
    return f"; {', '.join(named)} is not tagged as its, and left alone" if named else ""


# Places


def reach_scope(asked: CloudOptions, tell: Progress) -> Reach | None:
    """The cloud that is asked for, else this machine's; None where that holds nothing. Raises UsageError."""
    place = HERE if asked.nothing else _named_place(asked, tell)
    return next(iter(_reached(place, state_folder())), None)


def _reached(place: CloudScope, state: Path) -> list[Reach]:
    """What asks the place; nothing, where that is a cloud of this machine that holds nothing and would be started."""
    return [] if place.subscription is None and not local_cloud_used(state) else [reach_at(place)]


def _named_place(asked: CloudOptions, tell: Progress) -> CloudScope:
    """The place that the options name, which `tell` hears. Raises UsageError."""
    place = scope_of(asked, os.environ, _targets())
    tell(f"looking at {place} ({place.why})")
    return place


def _places_around(wanted: str, state: Path, tell: Progress) -> list[Reach]:
    """Where a run may be that no record of this machine names: this machine's cloud, else the subscriptions that the
    environment or the target files name."""
    for here in _reached(HERE, state):
        if any(wanted in (g.run, name_of_run(g.run)) for g in here().arm.groups()):
            return [here]
    found = guesses(os.environ, _targets())
    for place in found:
        tell(f"this machine knows no '{wanted}': looking at {place} ({place.why})")
    return [reach_at(place) for place in found]


def _targets() -> tuple[KnownTarget, ...]:
    from tfinfra.compiler.load import load_targets

    return known_targets([(document.file, document.data) for document in load_targets(Path.cwd())])


def reach_at(place: CloudScope) -> Reach:
    """What asks the place's cloud, once it is called for."""
    return cache(partial(_ports_at, place))


def _ports_at(place: CloudScope) -> Ports:
    from tfinfra.clouds import azure_subscription, local_cloud

    cloud = azure_subscription(place.subscription) if place.subscription else local_cloud()
    return real_ports(cloud, right_now)


def local_cloud_used(state: Path) -> bool:
    """Whether this machine's cloud holds any group, by its folder: asking the cloud would start it."""
    groups = state / "cloud" / "groups"
    return groups.is_dir() and any(groups.iterdir())


def cloud_of(record: RunRecord) -> Cloud:
    """The cloud that a run is on."""
    from tfinfra.clouds import cloud_for

    return cloud_for(record.target, record.rehearse, record.machines)
