"""Ends many runs at once: all of somebody's, or whatever has outlived its time in a cloud, as the timers would."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tfinfra.azure.names import part_of_group
from tfinfra.clock import right_now, unix_time
from tfinfra.errors import TeardownIncomplete, TfinfraError, first_line
from tfinfra.lifecycle import down
from tfinfra.lifecycle.access import ANYWHERE, find_run, reach_place
from tfinfra.lifecycle.overview import all_states, states_at
from tfinfra.lifecycle.places import Asked
from tfinfra.lifecycle.ports import Ports, Progress
from tfinfra.lifecycle.record import all_records
from tfinfra.lifecycle.resume import end_run
from tfinfra.lifecycle.runs import RunGroup
from tfinfra.paths import state_folder


@dataclass(frozen=True)
class Due:
    """A run of which something has expired: the groups `gone` are to be deleted, `kept` have time left."""

    run: str
    gone: tuple[str, ...]
    kept: tuple[RunGroup, ...]


def due(groups: Iterable[RunGroup], now: float) -> list[Due]:
    """What has outlived its tfinfra-expires-at at `now` (Unix seconds), by run. A keep group stays as long as another
    group of its run does: the timer in it deletes that. A time that cannot be read never comes."""
    by_run: dict[str, list[RunGroup]] = {}
    for group in groups:
        by_run.setdefault(group.run, []).append(group)
    found = [_due(run, of_run, now) for run, of_run in sorted(by_run.items())]
    return [one for one in found if one.gone]


def _due(run: str, groups: Sequence[RunGroup], now: float) -> Due:
    expired = [group for group in groups if _expired(group, now)]
    if any(part_of_group(group.name) != "keep" for group in groups if group not in expired):
        expired = [group for group in expired if part_of_group(group.name) != "keep"]
    kept = tuple(group for group in groups if group not in expired)
    return Due(run, tuple(group.name for group in expired), kept)


def _expired(group: RunGroup, now: float) -> bool:
    try:
        return unix_time(group.expires) <= now
    except ValueError:
        return False


def down_expired(asked: Asked, tell: Progress, clock: Callable[[], float] = right_now) -> list[Due]:
    """Deletes what has expired in the cloud that is asked for, else in this machine's; whose it is does not matter.
    Raises TeardownIncomplete, after all others are deleted, for what is left."""
    reach = reach_place(asked, tell)
    if reach is None:
        return []
    ports = reach()
    found = due(ports.groups(), clock())
    left: dict[str, str] = {}
    for one in found:
        left |= _delete(ports, one, asked, tell)
    for name in ports.strangers():
        tell(f"{name} is left alone: it is named as a run's and not tagged so")
    if left:
        lines = [f"  {group}: {reason}" for group, reason in left.items()]
        raise TeardownIncomplete("\n".join(["not everything that expired could be deleted; left are", *lines]))
    return found


def _delete(ports: Ports, one: Due, asked: Asked, tell: Progress) -> dict[str, str]:
    if not one.kept:
        try:
            end_run(find_run(one.run, asked), tell, discard=True)  # outputs whose time is over are nobody's to fetch
        except TfinfraError as error:
            return {one.run: error.message}
        except Exception as error:  # noqa: BLE001 - one run's fault stops no other's turn, and is named
            return {one.run: f"{type(error).__name__}: {first_line(error)}"}
        tell(f"{one.run}: expired, its outputs' time is over; everything is deleted (verified)")
        return {}
    left = down.delete_run(ports, one.run, one.gone, tell)
    for group in one.gone:
        if group not in left:
            tell(f"{one.run}: {group} has expired and is deleted (verified)")
    for kept in one.kept:
        tell(f"{one.run}: {kept.name} stays until {kept.expires}")
    return left


def everybody(asked: Asked, tell: Progress) -> list[str]:
    """The runs that `down --all` ends: all that this machine or its cloud knows; of a cloud that is asked for, the
    caller's own, because others may share it."""
    if asked == ANYWHERE:
        return [state.run for state in all_states() if state.state != "deleted" and (state.groups or state.started)]
    reach = reach_place(asked, tell)
    if reach is None:
        return []
    owner, states = reach().cloud.owner, states_at(reach, all_records(state_folder()))
    for state in states:
        if state.owner != owner:
            tell(f"{state.run} is left alone: it is {state.owner or 'nobody'}'s; name it to end it")
    return [state.run for state in states if state.owner == owner]
