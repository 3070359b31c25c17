"""The key `tune` as a typed value, and how it is read. Its words are HyperDrive's; the names of its classes are taken
for them too."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tfinfra.manifest.document import Document, KeyPath
from tfinfra.model import to_json
from tfinfra.model.tuning import MAX_DURATION_MINUTES, Expression, Policy, Scalar
from tfinfra.tuning.arguments import value_text

NO_POLICY = "no_termination"


@dataclass(frozen=True)
class TuneKeys:
    """A search as written; "", 0 and {} stand where a required key has a wrong shape. An expression without arguments
    has some of a wrong number or kind."""

    sampling: str = ""
    parameter_space: Mapping[str, tuple[Expression, ...]] = field(default_factory=dict)
    primary_metric_name: str = ""
    primary_metric_goal: str = ""
    max_total_runs: int = 0
    max_concurrent_runs: int | None = None
    max_duration_minutes: int = MAX_DURATION_MINUTES
    policy: Policy | None = None
    resume_from: tuple[str, ...] = ()
    seed: int = 0


def tune_keys(document: Document, path: KeyPath, given: Mapping[str, Any]) -> TuneKeys:
    """What is `given` in the mapping at `path`, each of a right shape."""
    values = dict(given)
    for key in ("sampling", "primary_metric_name", "primary_metric_goal"):
        if key in values:
            values[key] = document.text((*path, key))
    if "sampling" in values:
        values["sampling"] = word_of(values["sampling"], "ParameterSampling")
    if "primary_metric_goal" in values:
        values["primary_metric_goal"] = values["primary_metric_goal"].lower()
    if "parameter_space" in values:
        values["parameter_space"] = {
            name: tuple(
                _expression(document, (*path, "parameter_space", name, kind), kind, value)
                for kind, value in kinds.items()
            )
            for name, kinds in values["parameter_space"].items()
        }
    if "policy" in values:
        values["policy"] = _policy(values["policy"])
    if "resume_from" in values:
        values["resume_from"] = tuple(text for _, text in document.items((*path, "resume_from")))
    return TuneKeys(**values)


def _expression(document: Document, path: KeyPath, kind: str, value: Any) -> Expression:
    """`randint: 10` is short for `randint: [10]`."""
    items = value if isinstance(value, (list, tuple)) else [value]
    if kind != "choice":
        return Expression(kind, tuple(items))
    return Expression(kind, tuple(option_of(document.text((*path, index))) for index in range(len(items))))


def option_of(text: str) -> Scalar:
    """An option of a choice as it is written, so `1e-3` and `no` reach the script as they stand here; a number where
    the script will get the number in just this form."""
    kinds: tuple[Callable[[str], int | float], ...] = (int, float)
    for kind in kinds:
        try:
            number = kind(text)
        except ValueError:
            continue
        if value_text(number) == text and math.isfinite(number):
            return number
    return text


def space_as_written(space: Mapping[str, Expression]) -> dict[str, Any]:
    """The value of parameter_space that is read as `space`. Options stand as they reach the script."""
    return {name: {one.kind: _arguments_as_written(one)} for name, one in space.items()}


def policy_as_written(policy: Policy) -> dict[str, Any]:
    """The value of policy that is read as `policy`."""
    return {policy.kind: {k: v for k, v in to_json(policy).items() if k != "kind" and v is not None}}


def _arguments_as_written(one: Expression) -> list[Scalar]:
    return [_option_as_written(option) for option in one.arguments] if one.kind == "choice" else list(one.arguments)


def _option_as_written(option: Scalar) -> Scalar:
    """What YAML writes so that the script gets the same: it has forms of its own for True, and for numbers like
    1e-05."""
    text = value_text(option)
    return text if isinstance(option, bool) or (isinstance(option, float) and "e" in text) else option


def _policy(value: Any) -> Policy | None:
    """A policy alone, or with its settings; null among these is a default."""
    if isinstance(value, str):
        kind = word_of(value, "Policy")
        return None if kind == NO_POLICY else Policy(kind)
    kind, settings = next(iter(value.items()))
    return Policy(kind, **{key: each for key, each in (settings or {}).items() if each is not None})


def word_of(name: str, ending: str) -> str:
    """HyperDrive's name of a class as the manifest's word: BanditPolicy is bandit."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.removesuffix(ending)).lower()
