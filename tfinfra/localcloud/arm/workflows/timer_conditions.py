"""The conditions of a timer's deletions. They are compared and not tried: however many moments one were tried at, it
could give another answer at the next."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tfinfra.localcloud.arm.workflows.timer_model import EXPIRES_TAG, GroupCall
from tfinfra.system.clock import unix_time

_NEVER = "9999-12-31T23:59:59Z"
_LITERAL = re.compile(r"@ticks\('([^']+)'\)")


def timely_condition(
    expression: Any, looks: Mapping[str, GroupCall], others: Sequence[str]
) -> tuple[GroupCall, tuple[str, ...]] | None:
    """The look whose group's tag a condition is about, and the literal times that it asks for as well; None for any
    other condition.

    A group without the tag has no time of its own. The keep group is not deleted before the latest time of what its
    timer is for."""
    for look in looks.values():
        wanted = [_has_passed(f"coalesce(body('{look.action}')?['tags']?['{EXPIRES_TAG}'], '{_NEVER}')")]
        times: tuple[str, ...] = ()
        if look.is_of_keep and others:
            time = _literal_time(expression, 1)
            if time is None:
                continue
            times = (time,)
        wanted += [_has_passed(f"'{time}'") for time in times]
        if _is_same(expression, [*wanted, *_only(look, others)]):
            return look, times
    return None


def latest_time(expression: Any, look: GroupCall, others: Sequence[str]) -> str | None:
    """The literal time that is all that a condition asks for, besides what `_only` says; None for any other one."""
    time = _literal_time(expression, 0)
    if time and _is_same(expression, [_has_passed(f"'{time}'"), *_only(look, others)]):
        return time
    return None


def _is_same(expression: Any, wanted: Sequence[Any]) -> bool:
    """Whether a condition asks for all of `wanted`, the first of them first, and for nothing else."""
    if not isinstance(expression, dict) or expression.keys() != {"and"} or not isinstance(expression["and"], list):
        return False
    parts = expression["and"]
    return bool(
        len(parts) == len(wanted) and parts[:1] == list(wanted[:1]) and all(one in parts[1:] for one in wanted[1:])
    )


def _has_passed(time: str) -> dict[str, Any]:
    return {"greater": ["@ticks(utcNow())", f"@ticks({time})"]}


def _only(look: GroupCall, others: Sequence[str]) -> list[Any]:
    """That all others are gone, of the keep group; that it exists, of another."""
    codes = {name: f"@outputs('{name}')?['statusCode']" for name in others}
    gone = [{"or": [{"equals": [code, status]} for status in (404, 403)]} for code in codes.values()]
    return gone if look.is_of_keep else [{"not": gone[others.index(look.action)]}]


def _literal_time(expression: Any, position: int) -> str | None:
    """The time that is written in a condition's part, None where none is."""
    try:
        found = _LITERAL.fullmatch(expression["and"][position]["greater"][1])
        unix_time(found[1] if found else "")
    except (LookupError, TypeError, ValueError):
        return None
    return found[1] if found else None
