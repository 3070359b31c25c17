"""The search of another tool's file as a manifest's key `tune`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfinfra.converting.draft import Draft
from tfinfra.errors import Position
from tfinfra.manifest.tuning.keys import space_as_written
from tfinfra.model import to_json
from tfinfra.model.tuning import EXPRESSIONS, POLICIES, Expression, Policy, Scalar
from tfinfra.tuning import policies
from tfinfra.tuning.arguments import same_flag
from tfinfra.tuning.expressions import fault

_TOTAL = 20
_AT_ONCE = 4


@dataclass(frozen=True)
class Search:
    """`space` is by the flags of the script; None is what the file does not say."""

    sampling: str
    space: Mapping[str, Expression]
    metric: str
    goal: str
    total: int | None = None
    at_once: int | None = None
    minutes: int | None = None
    policy: Policy | None = None
    seed: int | None = None


def put_search(draft: Draft, search: Search, at: Position | None) -> None:
    """The key `tune`, which takes its flags out of script_params. How many trials there are, and how many at a time, is
    money: what the file leaves open is small here, and said."""
    if search.total is None:
        draft.note(f"the file does not say how many trials there are: {_TOTAL} at most", at, "write max_total_runs")
    if search.at_once is None:
        draft.note(f"the file does not say how many trials live at a time: {_AT_ONCE}", at, "write max_concurrent_runs")
    total = search.total or _TOTAL
    tune = {
        "sampling": search.sampling,
        "parameter_space": space_as_written(search.space),
        "primary_metric_name": search.metric,
        "primary_metric_goal": search.goal,
        "max_total_runs": total,
        "max_concurrent_runs": min(search.at_once or _AT_ONCE, total),
        "max_duration_minutes": search.minutes,
        "policy": _policy(search.policy),
        "seed": search.seed,
    }
    draft.put("tune", {key: value for key, value in tune.items() if value is not None})
    fixed = draft.keys.pop("script_params", {})
    draft.put("script_params", {key: each for key, each in fixed.items() if not _is_varied(key, search.space)})


def _is_varied(key: str, space: Mapping[str, Expression]) -> bool:
    return any(same_flag(key, name) for name in space)


def _policy(policy: Policy | None) -> dict[str, Any] | None:
    """Its settings that are no defaults."""
    if policy is None:
        return None
    plain = to_json(Policy(policy.kind))
    return {policy.kind: {k: v for k, v in to_json(policy).items() if v != plain[k]} or None}


def expression_of(kind: str, given: Mapping[str, Any]) -> Expression | str:
    """The expression with these arguments, which have HyperDrive's names; or why there is none, for a sentence."""
    if kind not in EXPRESSIONS:
        return f"{kind or 'it'} is no distribution that is known"
    if kind == "choice":
        options = given.get("options")
        values: list[Any] = options if isinstance(options, list) else []
    else:
        values = [given.get(name) for name in EXPRESSIONS[kind]]
    if not all(isinstance(each, (str, int, float)) for each in values):
        return "its values are no plain text or numbers"
    found = Expression(kind, tuple(_as_number(each) for each in values) if kind != "choice" else tuple(values))
    return fault(found) or found


def _as_number(value: Scalar) -> Scalar:
    """YAML reads 1e-3 as text."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def policy_of(kind: str, given: Mapping[str, Any]) -> Policy | str:
    """The policy with these settings, which have HyperDrive's names; or why there is none. 0 of a slack, and of an
    interval, is Azure ML's word for none."""
    if kind not in POLICIES:
        return f"{kind or 'it'} is no policy that is known"
    names = ("evaluation_interval", "delay_evaluation", "slack_factor", "slack_amount", "truncation_percentage")
    settings = {name: given[name] for name in names if given.get(name) not in (None, 0)}
    if not all(isinstance(value, (int, float)) for value in settings.values()):
        return "its settings are no plain numbers"
    found = Policy(kind, **settings)
    wrong = policies.fault(found)
    return f"it {wrong}" if wrong else found
