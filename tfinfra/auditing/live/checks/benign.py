"""Changes of a run's resources that are nobody's doing, or that the run's own log explains."""

from __future__ import annotations

import re
from typing import Any

from tfinfra.auditing.baseline import MadeResource
from tfinfra.auditing.live.comparison.same import ABSENT, Difference
from tfinfra.auditing.live.comparison.scalars import same_scalar
from tfinfra.auditing.live.live_run import LiveRun
from tfinfra.auditing.live.members import member
from tfinfra.auditing.live.questions import SETS, WORKFLOWS
from tfinfra.azure.deletion.group_names import group_of

_OWN_TAGS = "tfinfra-"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")


def is_benign(live: LiveRun, made: MadeResource, one: Difference) -> bool:
    place = tuple(name.lower() for name in one.path)
    if place[0] == "tags" and len(place) == 2:
        return _is_benign_tag(live, made, place[1], one)
    if made.type.lower() == SETS.lower() and place == ("sku", "capacity"):
        return _was_evicted(made, one)
    return made.type.lower() == WORKFLOWS.lower() and _is_extended_timer(live, one)


def _is_benign_tag(live: LiveRun, made: MadeResource, name: str, one: Difference) -> bool:
    """Others may add tags (Azure Policy does) but ours; an expiry may move where the run's log says so."""
    if one.was is ABSENT:
        return not name.startswith(_OWN_TAGS)
    return name == "tfinfra-expires-at" and _is_told(live, str(one.now), group_of(made.id) or "")


def _is_told(live: LiveRun, moment: str, group: str | None = None) -> bool:
    """Whether the run's own log has that time, for a group or for any."""
    told = [e.expires for e in live.extended if group is None or e.group.lower() in ("", group.lower())]
    return any(same_scalar(None, ("expires",), known, moment) for known in told)


def _is_extended_timer(live: LiveRun, one: Difference) -> bool:
    """The timer has the latest times in it: one that only these have changed in goes with the extension."""
    if not isinstance(one.was, str) or not isinstance(one.now, str):
        return False
    same = _MOMENT.sub("", one.was) == _MOMENT.sub("", one.now)
    new = set(_MOMENT.findall(one.now)) - set(_MOMENT.findall(one.was))
    return same and bool(new) and all(_is_told(live, moment) for moment in new)


def _was_evicted(made: MadeResource, one: Difference) -> bool:
    """A spot machine that is taken back is deleted, and its set is smaller then (learn.microsoft.com/azure
    /virtual-machine-scale-sets/use-spot)."""
    priority: Any = member(made.sent, "properties", "virtualMachineProfile", "priority")
    fewer = isinstance(one.now, int) and isinstance(one.was, int) and one.now < one.was
    return fewer and str(priority).lower() in ("spot", "low")
