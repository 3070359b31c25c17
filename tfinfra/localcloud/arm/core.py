"""What ARM does with a resource: create, read, change and delete it, and the long-running operations behind that.

Runs on the daemon's event loop; slow work (booting and ending machines) runs in threads, one at a time per resource.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from tfinfra.localcloud.arm.checks.references import references
from tfinfra.localcloud.arm.checks.types import body_type, catalogue, check_body
from tfinfra.localcloud.arm.operations import Operation, Operations
from tfinfra.localcloud.arm.provider_registry import provider_of
from tfinfra.localcloud.arm.providers import policy, registrations, tags
from tfinfra.localcloud.arm.providers.authorization import ASSIGNMENTS
from tfinfra.localcloud.arm.providers.inline import write_members
from tfinfra.localcloud.arm.providers.resource_provider import CloudContext, require
from tfinfra.localcloud.arm.strict import acceptance, following, locks
from tfinfra.localcloud.arm.strict.blocked import blocked
from tfinfra.localcloud.arm.strict.canonical_ids import canonical
from tfinfra.localcloud.arm.strict.lagging_lists import LaggingLists
from tfinfra.localcloud.arm.strict.not_found import not_found
from tfinfra.localcloud.common import ids
from tfinfra.localcloud.common.arm_marks import with_marks
from tfinfra.localcloud.common.arm_refusal import ArmRefusal, resource_not_found
from tfinfra.localcloud.common.merge_patch import merge_patched
from tfinfra.localcloud.common.state import ArmResource, empty_trash

MakerHints = Mapping[str, str]
"""What a resource's maker says beside ARM, by the names in MAKER_HINTS."""
NO_HINTS: MakerHints = {}
MAKER_HINTS = ("machines", "blobs", "image", "environments")
LINGER_STEP = 0.05
_FIXED = ("id", "name", "type", "location")
"""What no PATCH changes."""
_OBJECTS = ("properties", "identity", "sku", "tags")
"""What every resource has as an object, whatever its type."""
log = logging.getLogger("tfinfra.localcloud")


@dataclass(frozen=True)
class ArmResponse:
    """`operation` is set where the work goes on behind the answer."""

    status: int
    body: Any = None
    operation: Operation | None = None
    headers: dict[str, str] = field(default_factory=dict)


class Core:
    def __init__(self, context: CloudContext, operations: Operations) -> None:
        self.context, self.operations = context, operations
        self.lists = LaggingLists(context.now, lambda: self.context.subscription.lists)
        context.state.noted = self.lists.note
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._tasks: set[asyncio.Task[None]] = set()

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────

    def get(self, address: ids.Address) -> ArmResource:
        """The resource. Raises ArmRefusal (404)."""
        found = self.context.state.get(address.path)
        if found is None:
            raise not_found(self.context.state, address)
        return found

    def view(self, resource: ArmResource) -> dict[str, Any]:
        """The body as ARM answers it: without what it never gives back."""
        body = resource.body
        for path in provider_of(resource.type).hidden:
            body = _without(body, path.split("."))
        return body

    # ── writing ──────────────────────────────────────────────────────────────────────────────────────────────────

    def put(
        self, address: ids.Address, api_version: str, body: dict[str, Any], hints: MakerHints = NO_HINTS
    ) -> ArmResponse:
        """Creates or replaces a resource. `hints` say what ARM has no word for: the kind of "machines" that a scale
        set boots, the folder of the files that its "image" brings, the folder of the training "environments" that its
        machines mount, and what serves an account's "blobs". Raises ArmRefusal."""
        before = self.context.state.get(address.path)
        resource = self._accepted(address, api_version, body, before, hints)
        status = 200 if before else 201
        provider = provider_of(resource.type)
        if not provider.is_slow(resource):
            provider.provision(self.context, resource)
            self.context.state.put(resource)
            write_members(self.context, resource)
            if not following.is_announced(resource.type):
                return ArmResponse(status, self.view(resource))
            # many providers announce an operation for a write that is done already
            operation = self.operations.finish(self._begin("put", resource))
            return self._accepted_only(status, resource.with_properties(provisioningState="Updating"), operation)
        resource = resource.with_properties(provisioningState="Updating" if before else "Creating")
        self.context.state.put(resource)
        write_members(self.context, resource)
        operation = self._begin("put", resource)
        self._spawn(self._provision(operation))
        return self._accepted_only(status, resource, operation)

    def _accepted_only(self, status: int, resource: ArmResource, operation: Operation) -> ArmResponse:
        if status == 201 and following.accepts_only(resource.type):
            return ArmResponse(202, None, operation)
        return ArmResponse(status, self.view(resource), operation)

    def _begin(self, verb: str, resource: ArmResource) -> Operation:
        location = str(resource.body.get("location") or "").replace(" ", "").lower()
        return self.operations.begin(verb, resource.id, self.context.now(), location)

    def patch(self, address: ids.Address, body: dict[str, Any]) -> ArmResponse:
        """Merges what is sent into a resource, tags as a whole. Raises ArmRefusal."""
        before = self.get(address)
        acceptance.check_group(self.context.state, address)
        locks.check(self.context.state, "write", before.id, before.type)
        sent = {name: value for name, value in body.items() if name not in _FIXED}
        for name in _OBJECTS:
            if not isinstance(sent.get(name) or {}, dict):
                raise ArmRefusal(400, "InvalidRequestContent", f"The request content was invalid: {name} is no object.")
        merged = {"properties": {}, **merge_patched(before.body, sent)}
        merged |= {"tags": sent["tags"]} if sent.get("tags") is not None else {}
        if (sent.get("identity") or {}).get("type") == "None":  # it takes all of them away
            merged["identity"] = sent["identity"]
        merged = policy.modified(self.context.subscription, before.type, merged)
        tags.check_count(merged)
        policy.check(self.context.subscription, before.type, before.name, merged)
        written = ArmResource(before.id, before.type, before.api_version, merged, before.internal)
        resource = with_marks(written, before, self.context.now())
        self.context.state.put(resource)
        write_members(self.context, resource)
        return ArmResponse(200, self.view(resource))

    def delete(self, address: ids.Address) -> ArmResponse:
        """Deletes a group or a resource with what lies below it. Raises ArmRefusal."""
        try:
            resource = self.get(address)
        except ArmRefusal:
            if address.type.lower() == ids.GROUP_TYPE.lower():
                raise
            return ArmResponse(204)
        locks.check(self.context.state, "delete", resource.id, resource.type)
        slow = [r for r in self.context.state.below(resource.id) if provider_of(r.type).is_slow(r)]
        if not slow and resource.type != ids.GROUP_TYPE:
            provider_of(resource.type).release(self.context, resource)
            self.context.state.remove(resource.id)
            return ArmResponse(200, self.view(resource) if resource.type == ASSIGNMENTS else None)
        under_way = resource.provisioning_state == "Deleting"
        operation = self._begin("delete", resource)
        if not under_way:
            self.context.state.put(resource.with_properties(provisioningState="Deleting"))
            self._spawn(self._remove(operation))
        return ArmResponse(202, None, operation)

    def _accepted(
        self,
        address: ids.Address,
        api_version: str,
        body: dict[str, Any],
        before: ArmResource | None,
        hints: MakerHints,
    ) -> ArmResource:
        state, subscription = self.context.state, self.context.subscription
        type_ = catalogue().spelling(address.type)
        body = policy.modified(subscription, type_, body)
        tags.check_count(body)
        index = body_type(type_, api_version, body.get("location"))
        acceptance.check_location(type_, index, before, address.name, body)
        violations = check_body(type_, api_version, body)
        if violations:
            raise ArmRefusal(400, violations[0].code, " ".join(f.message for f in violations))
        registrations.check(self.context, type_)
        policy.check(subscription, type_, address.name, body)
        acceptance.check_group(state, address, creates=type_ == ids.GROUP_TYPE)
        if before and self._is_going(before.id):
            raise _being_deleted(before.id)
        id_ = before.id if before else canonical(state, address.path)
        locks.check(state, "write", id_, type_)
        acceptance.check_parent(state, address)
        content = {**body, "id": id_, "name": address.name, "type": type_}
        internal = dict(hints) if hints else (before.internal if before else {})
        made = ArmResource(id_, type_, api_version, content, internal).with_properties(provisioningState="Succeeded")
        for reference in references(id_, body):
            require(self.context, made, reference)
        return with_marks(provider_of(type_).accept(self.context, made, before), before, self.context.now())

    # ── behind the answers ───────────────────────────────────────────────────────────────────────────────────────

    def resume(self) -> None:
        """Goes on with what an earlier daemon began and did not finish. What is to be deleted is marked first, so that
        nothing is made in it."""
        for resource in self.context.state.below(""):
            if resource.provisioning_state == "Deleting":
                self._begin("delete", resource)
        for operation in self.operations.unfinished():
            # the earlier daemon may have died between noting a deletion and marking its target
            target = self.context.state.get(operation.resource)
            if operation.verb == "delete" and target:
                self.context.state.put(target.with_properties(provisioningState="Deleting"))
        for operation in self.operations.unfinished():
            self._spawn(self._provision(operation) if operation.verb == "put" else self._remove(operation))

    def _is_going(self, id_: str) -> bool:
        """Whether the deletion of the resource, or of what it lies in, was asked for."""
        return any(r.provisioning_state == "Deleting" and ids.within(r.id, id_) for r in self.context.state.below(""))

    async def until_idle(self) -> None:
        """Waits until nothing is under way."""
        while self._tasks:
            await asyncio.wait(set(self._tasks))

    @property
    def busy(self) -> bool:
        return bool(self._tasks)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _provision(self, operation: Operation) -> None:
        async with self._locks[operation.resource.lower()]:
            resource = self.context.state.get(operation.resource)
            if resource is None:
                self.operations.finish(operation, resource_not_found("", operation.resource, None))
                return
            if self._is_going(resource.id):  # booted after its release, machines would outlive the group
                self.operations.finish(operation, _being_deleted(resource.id))
                return
            error = await _attempt(provider_of(resource.type).provision, self.context, resource)
        current = self.context.state.get(operation.resource)
        if current is not None and current.provisioning_state != "Deleting":
            self.context.state.put(current.with_properties(provisioningState="Failed" if error else "Succeeded"))
        self.operations.finish(operation, error)
        log.info("%s %s", resource.id, error or "provisioned")

    async def _remove(self, operation: Operation) -> None:
        # what is not slow has folders at most, which go with the group's
        inside = [r for r in self.context.state.below(operation.resource) if provider_of(r.type).is_slow(r)]
        errors = await asyncio.gather(*map(self._release, inside))
        failed = [(resource, error) for resource, error in zip(inside, errors, strict=True) if error]
        target = self.context.state.get(operation.resource)
        if failed and target is not None:
            self.context.state.put(target.with_properties(provisioningState="Succeeded"))
            self.operations.finish(operation, refusal := blocked(target, failed))
            log.error("%s %s", refusal, [error.message for _, error in failed])
            return
        if target is not None and target.type == ids.GROUP_TYPE:  # which may be empty and refuse writes for a while
            until = self.context.now() + self.context.subscription.deleting
            while self.context.now() < until:
                await asyncio.sleep(LINGER_STEP)
        self.context.state.remove(operation.resource)
        self.operations.finish(operation)
        log.info("%s deleted", operation.resource)
        self._spawn(self.empty_trash())

    async def _release(self, resource: ArmResource) -> ArmRefusal | None:
        async with self._locks[resource.id.lower()]:
            return await _attempt(provider_of(resource.type).release, self.context, resource)

    async def empty_trash(self) -> None:
        """Frees the space of what was discarded, one at a time: two would delete each other's files."""
        async with self._locks["the trash"]:
            complaints = await asyncio.to_thread(lambda: list(empty_trash(self.context.layout)))
        for complaint in complaints:
            log.error("not deleted: %s", complaint)


def _being_deleted(id_: str) -> ArmRefusal:
    """As ARM answers it while a deletion is under way."""
    return ArmRefusal(409, "ResourceBeingDeleted", f"The resource '{id_}' is being deleted. Try again once it is gone.")


async def _attempt(work: Any, context: CloudContext, resource: ArmResource) -> ArmRefusal | None:
    """Runs `work` in a thread; its failure as ARM reports it."""
    try:
        await asyncio.to_thread(work, context, resource)
    except ArmRefusal as error:
        return error
    except Exception as error:  # the outermost edge of a background task: it must end as a failed operation
        log.exception("%s", resource.id)
        return ArmRefusal(500, "InternalExecutionError", f"{type(error).__name__}: {error}")
    return None


def _without(body: dict[str, Any], path: list[str]) -> dict[str, Any]:
    if path[0] not in body:
        return body
    if len(path) == 1:
        return {k: v for k, v in body.items() if k != path[0]}
    inner = body[path[0]]
    return {**body, path[0]: _without(inner, path[1:])} if isinstance(inner, dict) else body
