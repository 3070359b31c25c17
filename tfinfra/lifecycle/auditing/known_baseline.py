"""What is known of how a run's resources were made: by its record on this machine, else by its store, which the run's
nodes may write to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.auditing.baseline import SUFFIX, PartBaseline
from tfinfra.evidence.sums import sha256
from tfinfra.lifecycle.attach.found_run import FoundRun
from tfinfra.lifecycle.record.names import part_of
from tfinfra.model import Unfit, decode
from tfinfra.store import LARGE, keys, readable, store_errors

_ID = re.compile(r"[\w./()'-]+")
_VERSION = re.compile(r"\d{4}-\d\d-\d\d[a-z-]*")


@dataclass(frozen=True)
class KnownBaseline:
    """Of one group; `hearsay`: it is from the store; `replaced`: the file on this machine is another one than the event
    log has, and is not taken; `unlogged`: the log has nothing of it. None is a baseline that nobody noted, or that is
    none."""

    part: PartBaseline | None
    hearsay: bool = False
    replaced: bool = False
    unlogged: bool = False


def known_baseline(
    found: FoundRun, group: str, subscription: str, events: Iterable[Mapping[str, Any]]
) -> KnownBaseline:
    """`events` are those of the run's own log."""
    part = part_of(group, found.run)
    data, noted = _written(found, part), _noted(events, part)
    replaced = data is not None and noted is not None and noted != sha256(data)
    own = None if data is None or replaced else _decoded(data)
    if own is not None:
        return KnownBaseline(own if _fits(own, group, subscription) else None, unlogged=noted is None)
    stored = _stored(found, part)
    if stored is None or not _fits(stored, group, subscription):
        return KnownBaseline(None, replaced=replaced)
    return KnownBaseline(stored, hearsay=True, replaced=replaced)


def _written(found: FoundRun, part: str) -> bytes | None:
    """The file of this machine, None where there is none."""
    try:
        return (found.folder.audit_folder / f"{part}{SUFFIX}").read_bytes()
    except OSError:
        return None


def _noted(events: Iterable[Mapping[str, Any]], part: str) -> str | None:
    """The digest that the event log has of that file, None where it tells of none."""
    noted = [event for event in events if event.get("event") == "baseline" and event.get("part") == part]
    return str(noted[-1].get("sha256")) if noted else None


def _decoded(data: bytes) -> PartBaseline | None:
    try:
        return decode(PartBaseline, data, LARGE)
    except Unfit:
        return None


def _stored(found: FoundRun, part: str) -> PartBaseline | None:
    if found.store is None:
        return None
    try:
        return readable(found.store, keys.baseline_key(part), PartBaseline, LARGE)
    except store_errors():
        return None


def _fits(part: PartBaseline, group: str, subscription: str) -> bool:
    """Whether it is of this group, and names nothing that ARM would not be asked for: what it holds becomes paths."""
    below = f"/subscriptions/{subscription}/".lower()
    return part.group == group and all(
        one.id.lower().startswith(below)
        and _ID.fullmatch(one.id) is not None
        and ".." not in one.id
        and _VERSION.fullmatch(one.api_version) is not None
        for one in part.resources
    )
