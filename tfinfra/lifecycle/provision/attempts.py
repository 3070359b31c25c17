"""Getting a run's nodes: one place of the plan after the other, each in a compute group of its own, until one has them.
What each of ARM's refusals means is in azure/refusals/."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from tfinfra.azure.deletion.group_names import group_of
from tfinfra.azure.refusals import reaction_to
from tfinfra.azure.refusals.capacity import ELSEWHERE
from tfinfra.azure.refusals.refusal import Reaction, RefusalRule
from tfinfra.errors import (
    LimitReached,
    NotFeasible,
    ProvisioningError,
    Result,
    TeardownIncomplete,
    TfinfraError,
    first_line,
)
from tfinfra.lifecycle.end.stacks import export_state
from tfinfra.lifecycle.record import names, published, spending
from tfinfra.lifecycle.record.run_record import Attempt
from tfinfra.lifecycle.run.context import ActiveRun
from tfinfra.lifecycle.run.phases import TICK
from tfinfra.model import Infrastructure, StopRequest
from tfinfra.store import encode, keys, store_errors
from tfinfra.store.waiting import granted
from tfinfra.system.threads import spawn
from tfinfra.text.wording import spell_seconds

if TYPE_CHECKING:
    from tfinfra.bundle import Bundle


T = TypeVar("T")
PAUSES = (5.0, 20.0, 60.0)
"""Seconds before each further try in the same place; the provider has had a patience of its own before."""
SILENCE = 600.0
"""Seconds for which an ARM that does not answer is asked; the provider gives up by itself after about 200."""
_ID = re.compile(r"/subscriptions/\S+")
_LACKING = RefusalRule(
    (), Reaction.NEXT, "it is known not to have them", ELSEWHERE, "Microsoft.Compute usages and skus"
)


@dataclass(frozen=True)
class RefusedPlace:
    """A place that did not become the run's, and what ARM's error means. `seconds` is how long it was tried, None where
    it was known beforehand."""

    place: Infrastructure
    error: ProvisioningError
    rule: RefusalRule
    seconds: float | None = 0.0

    @property
    def tried(self) -> bool:
        return self.seconds is not None

    @property
    def silent(self) -> bool:
        """Whether ARM did not answer at all."""
        return self.error.status == 0

    @property
    def words(self) -> str:
        """ARM's code and the first line of its message."""
        said = first_line(self.error.said)
        return f"{self.error.code}: {said}" if self.error.code else said


def provision(active: ActiveRun, make: Callable[[], object], bundle: Bundle) -> None:
    """Gets the nodes: `make` makes the compute group that the record names. A later place that ARM says has no room for
    them is left out. Raises NotFeasible with every place, ProvisioningError with what ARM's refusal means, LimitReached
    where the limits leave no time for another."""
    refused: list[RefusedPlace] = []
    for choice, place in enumerate(active.plan.choices):
        if choice:
            lacking = _lacking(active, place, refused)
            if lacking is not None:
                refused.append(lacking)
                continue
            _begin(active, choice, refused, bundle)
        group = active.record().compute_group
        active.session.audit.append("attempt", group=group, location=place.location, vm_size=place.vm_size)
        found = persevere(active, place, make)
        if not isinstance(found, RefusedPlace):
            return
        refused.append(found)
        _note(active, found)
        if found.rule.reaction not in (Reaction.NEXT, Reaction.CLEAR):
            break
    raise explained(refused)


def persevere(active: ActiveRun, place: Infrastructure, work: Callable[[], T]) -> T | RefusedPlace:
    """What `work` gives, tried again where ARM's error passes by itself, or once what is in the way was removed; else
    why not. Raises what is no answer of ARM's."""
    began = active.ports.clock()
    for pause in (*PAUSES, None):
        try:
            return work()
        except ProvisioningError as error:
            rule = reaction_to(error.code, error.said, error.status)
            if error.status is None or _trained(active):
                raise
            found = RefusedPlace(place, error, rule, active.ports.clock() - began)
        _audit(active, found)
        if pause is None or active.outcome is not None or not _worth_another(active, found):
            return found
        text = f"{found.words} ({rule.says}): trying again in {spell_seconds(pause)}"
        active.session.observer.say(text)
        _rest(active, pause)
    raise AssertionError("the last pause is none")


def _worth_another(active: ActiveRun, found: RefusedPlace) -> bool:
    """Whether the same place may be tried once more."""
    if found.rule.reaction is Reaction.CLEAR:
        return _cleared(active, found)
    return found.rule.reaction is Reaction.RETRY and not (found.silent and (found.seconds or 0.0) > SILENCE)


def _cleared(active: ActiveRun, found: RefusedPlace) -> bool:
    """Removes the resource that is in the way: it lies in a group of the run, so an earlier try made it. Nodes that it
    brought up go with it, and what they wrote must not be taken for the next ones'."""
    named = _ID.search(found.error.said)
    id_ = named[0] if named else ""
    record, run, its_group = active.record(), active.run, (group_of(id_) or "").lower()
    group = next((g for g in (record.compute_group, record.keep_group) if g.lower() == its_group), None)
    if group is None:
        return False
    active.session.observer.say(f"removing {id_.rpartition('/providers/')[2]}, which an earlier try has made")
    try:
        active.session.wait(spawn(lambda: active.ports.arm.remove(id_, group, run), "remove"))
    except (ProvisioningError, TeardownIncomplete) as error:
        active.session.observer.say(f"it is still in the way: {error.message}")
        return False
    active.session.audit.append("removed", id=id_)
    if group == record.compute_group:
        _forget_nodes(active)
    return True


def _forget_nodes(active: ActiveRun) -> None:
    store = active.store
    if store is None:
        return
    for folder in keys.NODES_FOLDERS:
        for key in store.list(folder):
            store.delete(key)
    for key in keys.NODES_KEYS:
        store.delete(key)


def _trained(active: ActiveRun) -> bool:
    """Whether all nodes were there, and trained, before the update failed."""
    return active.outcome is not None and active.outcome.result != Result.FAILED


def _rest(active: ActiveRun, seconds: float) -> None:
    until = active.ports.clock() + seconds
    while active.ports.clock() < until:
        active.session.check()
        time.sleep(TICK)


def _audit(active: ActiveRun, found: RefusedPlace) -> None:
    active.session.audit.append(
        "refused",
        code=found.error.code,
        status=found.error.status,
        reaction=found.rule.reaction.value,
        location=found.place.location,
        vm_size=found.place.vm_size,
        message=found.error.said,
    )


def _note(active: ActiveRun, found: RefusedPlace) -> None:
    """Writes into the record why the newest attempt came to nothing."""
    *before, last = active.record().attempts
    active.folder.update(attempts=(*before, replace(last, refused=found.words)))


# The next place


def _lacking(active: ActiveRun, place: Infrastructure, refused: Sequence[RefusedPlace]) -> RefusedPlace | None:
    """The place as one that ARM says has no room, None where it is worth a try."""
    session, target = active.session, active.record().target
    tried = any(r.place.location == place.location and r.tried for r in refused)
    asked = spawn(lambda: active.ports.arm.known_lack(active.plan, target, place, tried=tried), "place")
    why = session.wait(asked)
    if why is None:
        return None
    session.observer.say(f"{_nodes(place)} in {place.location} are not tried: {why}")
    session.audit.append("skipped", location=place.location, vm_size=place.vm_size, reason=why)
    return RefusedPlace(place, ProvisioningError(why, said=why), _LACKING, seconds=None)


def _begin(active: ActiveRun, choice: int, refused: Sequence[RefusedPlace], bundle: Bundle) -> None:
    """Leaves the place that was tried last to its deletion, and turns record, deadline and store to the next."""
    place, run = active.plan.choices[choice], active.run
    last = next(r for r in reversed(refused) if r.tried)
    next_name = place.location if place.vm_size == last.place.vm_size else f"{place.vm_size} in {place.location}"
    code = last.error.code or f"HTTP status {last.error.status}"
    active.session.observer.say(f"{code} in {last.place.location} ({last.rule.says}): trying {next_name}")
    _leave(active)
    spending.note_gone(active.folder, dict(active.gone))
    group = names.group_name(run, names.compute_part(choice))
    attempts = (*active.record().attempts, Attempt(group, place.location, place.vm_size))
    try:
        limits, burn, now = active.plan.limits, active.options.burn, active.ports.clock()
        active.session.deadline = spending.note_attempt(active.folder, group, limits, burn, now)
    except LimitReached as error:
        raise LimitReached(f"{error.message}\n{_tried(refused)}", hint=last.rule.way_out) from error
    active.folder.update(attempts=attempts)
    _move(active, bundle)


def _leave(active: ActiveRun) -> None:
    """Ends what has come up of an attempt: its nodes are told to stop, its group is deleted while the next is tried."""
    group = active.record().compute_group
    if active.engine is not None:
        with suppress(TfinfraError, OSError):  # the audit's copy of a state that is worth nothing any more
            export_state(active.engine, active.folder, names.part_of(group, active.run))
    if active.store is not None:
        with suppress(*store_errors()):  # they cannot become a run: there are too few of them
            stop = StopRequest(Result.CANCELLED, "the run goes on in another place")
            active.store.put(keys.STOP, encode(stop))
    active.watch = active.outcome = None

    def delete() -> None:
        active.ports.arm.delete_group(group, active.run, active.session.observer.say)
        active.gone[group] = active.ports.clock()

    active.leaving.append(spawn(delete, f"delete {group}"))


def _move(active: ActiveRun, bundle: Bundle) -> None:
    """Opens the attempt's own store, with what the client had left for the nodes in the run's."""
    record, root = active.record(), active.root
    url = names.record_store(record)
    if url is None or root is None:
        raise ProvisioningError("a phase ran before the one that it needs")
    active.store = active.ports.open_store(url)
    register = active.ports.cloud.timeouts.register
    old, young = granted(root, register), granted(active.store, register)

    def fill() -> None:
        for key in keys.FOR_NODES:
            data = old.get(key)
            if data is not None:
                young.put(key, data)
        young.put_file(bundle.key, bundle.path)
        published.publish(old, record, active.plan)

    active.session.wait(spawn(fill, "upload"))


# How it ends


def explained(refused: Sequence[RefusedPlace]) -> TfinfraError:
    """The error of a run that no place took: what the last refusal means, and all that were tried."""
    last = refused[-1]
    if last.rule.reaction is Reaction.NEXT:
        return NotFeasible(f"no place has the nodes that are asked for; {_tried(refused)}", hint=last.rule.way_out)
    message = f"{last.error.message}\n  {last.rule.says}" if last.rule.says else last.error.message
    if last.silent:
        message += f", though ARM was asked for {spell_seconds(last.seconds or 0.0)}"
    if len(refused) > 1:
        message += f"\n{_tried(refused)}"
    if last.rule.reaction is Reaction.REFUSE:
        return NotFeasible(message, hint=last.rule.way_out)
    error = last.error
    return ProvisioningError(message, last.rule.way_out, status=error.status, code=error.code, said=error.said)


def without_store(refused: RefusedPlace) -> TfinfraError:
    """The error of a run whose keep group was refused: that is in the first location, and nowhere else."""
    if refused.rule.reaction is not Reaction.NEXT:
        return explained([refused])
    place = refused.place.location
    message = f"{place} does not take the run's store, which is in the first location: {refused.words}"
    return NotFeasible(f"{message}\n  {refused.rule.says}", hint="name another location first")


def _nodes(place: Infrastructure) -> str:
    return f"{place.node_count} node{'' if place.node_count == 1 else 's'} of {place.vm_size}"


def _tried(refused: Sequence[RefusedPlace]) -> str:
    lines = [f"  {_nodes(r.place)} in {r.place.location}: {'' if r.tried else 'not tried: '}{r.words}" for r in refused]
    return "\n".join(["tried were:", *lines])
