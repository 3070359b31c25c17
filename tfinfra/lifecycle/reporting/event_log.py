"""What a run's event log says of what was made, of its deletion, and of what went wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tfinfra.auditing.loosely import mapping, mappings
from tfinfra.model import Unfit, parse
from tfinfra.model.shapes import is_time
from tfinfra.reporting.values import Deletion, Resource
from tfinfra.system.clock import unix_time

Event = Mapping[str, Any]


def made(events: Sequence[Event]) -> tuple[Resource, ...]:
    """The resources, each with its time, in their order."""
    found, part = [], ""
    for event in events:
        name = str(event.get("event", ""))
        if name.endswith(".begin") and "group" in event:
            part = name.removesuffix(".begin")
        elif name == "resource":
            kind, _, own = str(event.get("text", "")).partition(" ")
            found.append(Resource(part, kind, own, time_of(event)))
    return tuple(found)


def made_by_stacks(data: bytes | None) -> tuple[Resource, ...]:
    """The same by the evidence of the stacks, which has no times."""
    try:
        stacks = mapping(parse(data or b"{}"))
    except Unfit:
        return ()
    return tuple(
        Resource(part, str(each.get("type", "")).rpartition(":")[2], str(each.get("urn", "")).rpartition("::")[2])
        for part, stack in stacks.items()
        for each in mappings(mapping(stack).get("resources"))
        if "id" in each and not str(each.get("type", "")).startswith("pulumi:")
    )


def deletion(events: Sequence[Event], left: Sequence[str]) -> Deletion:
    """What became of the groups, by the last that was said of them."""
    said = [event for event in events if event.get("event") == "teardown.verified"]
    if not said or left:
        return Deletion(left=tuple(left))
    return Deletion(tuple(map(str, _listed(said[-1].get("groups")))), time_of(said[-1]))


def warnings(events: Sequence[Event]) -> Iterator[str]:
    """What the nodes warned of, and where a place was refused."""
    for event in events:
        name = event.get("event")
        if name == "outcome":
            yield from map(str, _listed(event.get("warnings")))
        elif name == "skipped":
            place = f"{event.get('location')}, {event.get('vm_size')}"
            yield f"not tried: {place}: {event.get('reason')}"
        elif name == "teardown.late":
            yield str(event.get("message"))


def time_of(event: Event) -> float | None:
    """When it was, in Unix seconds."""
    time = event.get("time")
    return unix_time(time) if isinstance(time, str) and is_time(time) else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
