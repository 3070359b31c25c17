"""A sweep of Azure ML's job YAML as a search. Keys: learn.microsoft.com, "CLI (v2) sweep job YAML schema"."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tfinfra.converting.draft import Draft, Taken
from tfinfra.converting.search import Search, expression_of, policy_of, put_search
from tfinfra.manifest.words.written import duration
from tfinfra.model.tuning import GOALS, SAMPLINGS, Expression, Policy

_LARGEST_EXPONENT = 700
"""What a float still holds."""
_BY_HAND = "write tune, with sampling, parameter_space, primary_metric_name and the others"


class Sweep:
    """What a sweep searches over. While its command is read, a mark of this class stands for each parameter; then a
    flag whose value is a mark is one of the search, and any other mark becomes the parameter's first value."""

    def __init__(self, job: Taken, draft: Draft) -> None:
        self._job, self._draft = job, draft
        self._names = {str(name): f"tfinfra-search-{number}" for number, name in enumerate(job.mapping("search_space"))}

    @property
    def values(self) -> dict[str, str | None]:
        """The marks, by what the command calls each parameter."""
        return {f"search_space.{name}": mark for name, mark in self._names.items()}

    def finish(self) -> bool:
        """The key `tune`, once the command is in the draft. Whether there is one: a job that is no sweep has none, and
        one whose search is not kept trains once, with the first value of each parameter."""
        if not self._names:
            return False
        metric, goal = self._job.text("objective", "primary_metric"), self._job.text("objective", "goal")
        space = self._space() if metric and str(goal).lower() in GOALS else {}
        self._settle()
        if not (metric and goal and space):
            what = "the search is not kept, and the first values stand for it: it has no objective, or no flag"
            self._draft.note(what, self._at("objective"), _BY_HAND)
            return False
        sampling, seed = self._sampling()
        total = self._job.number("limits", "max_total_trials")
        at_once = self._job.number("limits", "max_concurrent_trials")
        search = Search(
            sampling, space, metric, goal.lower(), total, at_once, self._minutes("timeout"), self._policy(), seed
        )
        self._trial_timeout()
        put_search(self._draft, search, self._at("limits"))
        return True

    def _at(self, *path: str) -> Any:
        return self._job.at(*path) or self._job.at("search_space")

    def _space(self) -> dict[str, Expression]:
        """Each parameter that is the value of a flag."""
        parameters: dict[str, Any] = self._draft.keys.get("script_params", {})
        flags = {value: flag for flag, value in parameters.items() if isinstance(value, str)}
        found = {}
        for name, mark in self._names.items():
            expression = self._expression(name)
            flag = flags.get(mark)
            if isinstance(expression, str):
                self._draft.note(f"the search over '{name}' is not kept: {expression}", self._space_at(name), _BY_HAND)
            elif flag is None or not flag.startswith("-"):
                what = f"the search over '{name}' is not kept: the command has it, but not as the value of a flag"
                self._draft.note(what, self._space_at(name), "tune varies flags of the script")
            else:
                found[flag] = expression
        return found

    def _space_at(self, name: str) -> Any:
        return self._job.at("search_space", name)

    def _expression(self, name: str) -> Expression | str:
        given = self._job.take("search_space", name)
        if not isinstance(given, Mapping):
            return "it is no distribution"
        named = {"options": given.get("values"), "upper": given.get("upper"), **given}
        return expression_of(str(given.get("type", "")).lower(), named)

    def _settle(self) -> None:
        """The first value of each parameter where its mark is left."""
        for name, mark in self._names.items():
            given = self._job.take("search_space", name)
            first = _first(given if isinstance(given, Mapping) else {"values": [given]})
            self._draft.keys = _replaced(self._draft.keys, mark, first)
            self._draft.comments = _replaced(self._draft.comments, mark, first)

    def _sampling(self) -> tuple[str, int | None]:
        written = self._job.take("sampling_algorithm")
        more = written if isinstance(written, Mapping) else {"type": written or "random"}
        if more.get("rule", "random") != "random" or "logbase" in more:
            what = "the rule of the sampling is not kept: values are drawn independently"
            self._draft.note(what, self._at("sampling_algorithm"))
        kind, seed = str(more.get("type", "random")).lower(), more.get("seed")
        if kind not in SAMPLINGS:
            self._draft.note(f"the sampling '{kind}' is not known: random", self._at("sampling_algorithm"))
        return kind if kind in SAMPLINGS else "random", seed if isinstance(seed, int) and seed >= 0 else None

    def _policy(self) -> Policy | None:
        given = self._job.mapping("early_termination")
        if not given:
            return None
        self._job.take("early_termination")
        found = policy_of(str(given.get("type", "")).lower(), given)
        if isinstance(found, str):
            self._draft.note(f"the policy is not kept: {found}", self._at("early_termination"), "write tune.policy")
            return None
        if given.get("exclude_finished_jobs"):
            at = self._job.at("early_termination", "exclude_finished_jobs")
            self._draft.note("trials that have ended are compared with as well", at)
        return found

    def _minutes(self, key: str) -> int | None:
        """A time of Azure ML is in seconds."""
        seconds = self._job.number("limits", key)
        return math.ceil(seconds / 60) if seconds else None

    def _trial_timeout(self) -> None:
        if limit := duration(self._job.take("limits", "trial_timeout")):
            self._draft.put("limits", {"max_run_duration": limit})


def _first(space: Mapping[str, Any]) -> Any:
    """The first value of a distribution. Those in logarithms give the exponent; `q` is the step that is rounded to."""
    listed = space.get("values")
    if isinstance(listed, list) and listed:
        return listed[0]
    lowest = space.get("min_value", space.get("lower", space.get("mu", 0)))
    kind, step = str(space.get("type", "")), space.get("q")
    if not isinstance(lowest, (int, float)):
        return lowest
    if kind.lstrip("q") in ("loguniform", "lognormal"):
        lowest = float(f"{math.exp(min(lowest, _LARGEST_EXPONENT)):.6g}")
    if kind.startswith("q") and isinstance(step, (int, float)) and step:
        lowest = float(f"{round(lowest / step) * step:.6g}")
    return lowest


def _replaced(value: Any, mark: str, first: Any) -> Any:
    """The same with `first` for each mark."""
    if isinstance(value, str):
        return first if value == mark else value.replace(mark, str(first))
    if isinstance(value, dict):
        return {_replaced(key, mark, str(first)): _replaced(each, mark, first) for key, each in value.items()}
    return [_replaced(each, mark, first) for each in value] if isinstance(value, list) else value
