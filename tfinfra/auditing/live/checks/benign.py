"""Changes of a run's resources that are nobody's doing, or that the run's own log explains."""

from __future__ import annotations

from typing import Any

from tfinfra.auditing.live.baseline import MadeResource
from tfinfra.auditing.live.comparison.same import ABSENT, Difference
from tfinfra.auditing.live.comparison.scalars import same_scalar
from tfinfra.auditing.live.live_run import LiveRun
from tfinfra.auditing.live.questions import SETS
from tfinfra.auditing.live.wording import member

_OWN_TAGS = "tfinfra-"


def is_benign(live: LiveRun, made: MadeResource, one: Difference) -> bool:
    place = tuple(name.lower() for name in one.path)
    if place[0] == "tags" and len(place) == 2:
        return _is_benign_tag(live, made, place[1], one)
    if made.type.lower() == SETS.lower() and place == ("sku", "capacity"):
        return _was_evicted(made, one)
    return False


def _is_benign_tag(live: LiveRun, made: MadeResource, name: str, one: Difference) -> bool:
    """Others may add tags (Azure Policy does) but ours; an expiry may move where the run's log says so."""
    if one.was is ABSENT:
        return not name.startswith(_OWN_TAGS)
    if name != "tfinfra-expires-at":
        return False
    group = _group_of(made).lower()
    told = [e for e in live.extended if e.group.lower() in ("", group)]
    return any(same_scalar(None, ("expires",), extension.expires, one.now) for extension in told)


def _group_of(made: MadeResource) -> str:
    parts = made.id.split("/")
    return parts[4] if len(parts) > 4 else ""


def _was_evicted(made: MadeResource, one: Difference) -> bool:
    """A spot machine that is taken back is deleted, and its set is smaller then (learn.microsoft.com/azure
    /virtual-machine-scale-sets/use-spot)."""
    priority: Any = member(made.sent, "properties", "virtualMachineProfile", "priority")
    fewer = isinstance(one.now, int) and isinstance(one.was, int) and one.now < one.was
    return fewer and str(priority).lower() in ("spot", "low")
