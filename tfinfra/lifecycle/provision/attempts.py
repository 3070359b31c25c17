"""Getting a run's nodes: one place of the plan after the other, each in a compute group of its own, until one has them.
What each of ARM's refusals means is in azure/refusals/."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
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
from tfinfra.lifecycle.provision.phase_values import Kept
from tfinfra.lifecycle.record import names, spending
from tfinfra.lifecycle.record.in_store import published
from tfinfra.lifecycle.record.run_record import Attempt
from tfinfra.lifecycle.run.context import RunContext
from tfinfra.lifecycle.run.nodes import Nodes
from tfinfra.lifecycle.run.phases import TICK
from tfinfra.model import Infrastructure, StopRequest
from tfinfra.store import ObjectStore, encode, keys, store_errors
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


def in_one_place(context: RunContext, make: Callable[[ObjectStore], T], kept: Kept, bundle: Bundle) -> T:
    """What `make` gives, which makes the nodes in the compute group that the record names, to meet their client in the
    store that it is given: the run's, or a folder of it. A later place that ARM says has no room for them is
    left out. Raises NotFeasible with every place, ProvisioningError with what ARM's refusal means, LimitReached where
    the limits leave no time for another."""
    refused: list[RefusedPlace] = []
    store = kept.store
    for choice, place in enumerate(context.plan.choices):
        if choice:
            lacking = _lacking(context, place, refused)
            if lacking is not None:
                refused.append(lacking)
                continue
            _turn_to(context, choice, refused)
            store = _next_store(context, kept, choice, bundle)
        record = context.record()
        where = {"location": place.location, "vm_size": place.vm_size}
        context.session.audit.append("attempt", group=record.compute_group, **where)
        found = persevere(context, place, partial(make, store))
        if not isinstance(found, RefusedPlace):
            return found
        refused.append(found)
        *before, last = context.record().attempts
        context.folder.update(attempts=(*before, replace(last, refused=found.words)))
        if found.rule.reaction not in (Reaction.NEXT, Reaction.CLEAR):
            break
    raise explained(refused)


def persevere(context: RunContext, place: Infrastructure, work: Callable[[], T]) -> T | RefusedPlace:
    """What `work` gives, tried again where ARM's error passes by itself, or once what is in the way was removed; else
    why not. Raises what is no answer of ARM's, and what came after all nodes were there and had trained."""
    session, clock = context.session, context.ports.clock
    began = clock()
    for pause in (*PAUSES, None):
        try:
            return work()
        except ProvisioningError as error:
            rule, outcome = reaction_to(error.code, error.said, error.status), context.undo.outcome
            if error.status is None or (outcome is not None and outcome.result != Result.FAILED):
                raise
            found = RefusedPlace(place, error, rule, clock() - began)
        session.audit.append(
            "refused",
            code=found.error.code,
            status=found.error.status,
            reaction=rule.reaction.value,
            location=place.location,
            vm_size=place.vm_size,
            message=found.error.said,
        )
        if pause is None or outcome is not None:
            return found
        lasting = found.silent and (found.seconds or 0.0) > SILENCE
        may_pass = rule.reaction is Reaction.RETRY and not lasting
        if not may_pass and not (rule.reaction is Reaction.CLEAR and _cleared(context, found)):
            return found
        session.observer.say(f"{found.words} ({rule.says}): trying again in {spell_seconds(pause)}")
        until = clock() + pause
        while clock() < until:
            session.check()
            time.sleep(TICK)
    raise AssertionError("the last pause is none")


def _cleared(context: RunContext, found: RefusedPlace) -> bool:
    """Removes the resource that is in the way: it lies in a group of the run, so an earlier try made it. Nodes that it
    brought up go with it, and what they wrote must not be taken for the next ones'."""
    named = _ID.search(found.error.said)
    id_ = named[0] if named else ""
    record, run, its_group = context.record(), context.run, (group_of(id_) or "").lower()
    group = next((g for g in (record.compute_group, record.keep_group) if g.lower() == its_group), None)
    if group is None:
        return False
    context.session.observer.say(f"removing {id_.rpartition('/providers/')[2]}, which an earlier try has made")
    try:
        context.session.wait(spawn(lambda: context.ports.arm.remove(id_, group, run), "remove"))
    except (ProvisioningError, TeardownIncomplete) as error:
        context.session.observer.say(f"it is still in the way: {error.message}")
        return False
    context.session.audit.append("removed", id=id_)
    if group == record.compute_group and context.undo.nodes is not None:
        store = context.undo.nodes.store
        written = [key for folder in keys.NODES_FOLDERS for key in store.list(folder)]
        for key in (*written, *keys.NODES_KEYS):
            store.delete(key)
    return True


# The next place


def _lacking(context: RunContext, place: Infrastructure, refused: Sequence[RefusedPlace]) -> RefusedPlace | None:
    """The place as one that ARM says has no room, None where it is worth a try."""
    session, target = context.session, context.record().target
    tried = any(r.place.location == place.location and r.tried for r in refused)
    asked = spawn(lambda: context.ports.arm.known_shortage(context.plan, target, place, tried=tried), "place")
    why = session.wait(asked)
    if why is None:
        return None
    session.observer.say(f"{_nodes(place)} in {place.location} are not tried: {why}")
    session.audit.append("skipped", location=place.location, vm_size=place.vm_size, reason=why)
    return RefusedPlace(place, ProvisioningError(why, said=why), _LACKING, seconds=None)


def _turn_to(context: RunContext, choice: int, refused: Sequence[RefusedPlace]) -> None:
    """Leaves the place that was tried last to its deletion, and turns record and deadline to the next."""
    place, run = context.plan.choices[choice], context.run
    last = next(r for r in reversed(refused) if r.tried)
    next_name = place.location if place.vm_size == last.place.vm_size else f"{place.vm_size} in {place.location}"
    code = last.error.code or f"HTTP status {last.error.status}"
    context.session.observer.say(f"{code} in {last.place.location} ({last.rule.says}): trying {next_name}")
    _give_up(context)
    spending.note_gone(context.folder, dict(context.undo.gone))
    group = names.group_name(run, names.compute_part(choice))
    attempts = (*context.record().attempts, Attempt(group, place.location, place.vm_size))
    try:
        limits, burn, now = context.plan.limits, context.options.burn, context.ports.clock()
        context.session.deadline = spending.note_attempt(context.folder, group, limits, burn, now)
    except LimitReached as error:
        raise LimitReached(f"{error.message}\n{_tried(refused)}", hint=last.rule.way_out) from error
    context.folder.update(attempts=attempts)


def _give_up(context: RunContext) -> None:
    """Ends what has come up of an attempt: its nodes are told to stop, its group is deleted while the next is tried."""
    group, undo = context.record().compute_group, context.undo
    if undo.engine is not None:
        with suppress(TfinfraError, OSError):  # the audit's copy of a state that is worth nothing any more
            export_state(undo.engine, context.folder, names.part_of(group, context.run))
    if undo.nodes is not None:
        store = undo.nodes.store
        undo.nodes = Nodes(store)
        with suppress(*store_errors()):  # they cannot become a run: there are too few of them
            store.put(keys.STOP, encode(StopRequest(Result.CANCELLED, "the run goes on in another place")))

    def delete() -> None:
        context.ports.arm.delete_group(group, context.run, context.session.observer.say)
        undo.gone[group] = context.ports.clock()

    undo.leaving.append(spawn(delete, f"delete {group}"))


def _next_store(context: RunContext, kept: Kept, choice: int, bundle: Bundle) -> ObjectStore:
    """The new attempt's own store, with what the client had left for the nodes in the run's."""
    record = context.record()
    store = context.ports.open_store(names.attempt_url(kept.url, choice))
    context.undo.nodes = Nodes(store)
    register = context.ports.cloud.timeouts.register
    old, young = granted(kept.store, register), granted(store, register)

    def fill() -> None:
        for key in keys.FOR_NODES:
            data = old.get(key)
            if data is not None:
                young.put(key, data)
        young.put_file(bundle.key, bundle.path)
        published.publish(old, record, context.plan)

    context.session.wait(spawn(fill, "upload"))
    return store


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
