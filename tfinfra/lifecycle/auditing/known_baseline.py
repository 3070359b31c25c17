"""What is known of how a run's resources were made: by its record on this machine, else by its store, which the run's
nodes may write to."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tfinfra.audit.log import read_events
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
    """Of one group; `hearsay`: it is from the store. None is a baseline that nobody noted, or that is none."""

    part: PartBaseline | None
    hearsay: bool = False


def known_baseline(found: FoundRun, group: str, subscription: str) -> KnownBaseline:
    part = part_of(group, found.run)
    own = _own(found, part)
    if own is not None:
        return KnownBaseline(own if _fits(own, group, subscription) else None)
    stored = _stored(found, part)
    if stored is None or not _fits(stored, group, subscription):
        return KnownBaseline(None)
    return KnownBaseline(stored, hearsay=True)


def _own(found: FoundRun, part: str) -> PartBaseline | None:
    """The one of this machine, as the event log has its digest."""
    try:
        data = (found.folder.audit_folder / f"{part}{SUFFIX}").read_bytes()
        noted = [
            e for e in read_events(found.folder.audit.path) if e.get("event") == "baseline" and e.get("part") == part
        ]
        if noted and noted[-1].get("sha256") != sha256(data):
            return None
        return decode(PartBaseline, data, LARGE)
    except (OSError, Unfit):
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
