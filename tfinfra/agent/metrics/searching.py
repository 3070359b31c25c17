"""MLflow's filters of runs, as far as scripts search their own: equal or not, on tags, params, attributes, joined by
AND (https://mlflow.org/docs/latest/ml/search/search-runs)."""

from __future__ import annotations

import re

from tfinfra.agent.metrics.answers import Refused
from tfinfra.agent.metrics.tracked import TrackedRun

_TERM = re.compile(
    r"""\s*(?:(tags?|params?|parameters?|attributes?|attr)\.)?[`"]?([\w./-]+?)[`"]?\s*(!?=)\s*(?:'([^']*)'|"([^"]*)")\s*"""
)
_AND = re.compile(r"\s+and\s+", re.IGNORECASE)


def fits(run: TrackedRun, text: str) -> bool:
    """Whether the run is meant by the filter `text`; all are by "". Raises Refused for one of another form."""
    return all(_fits(run, term) for term in _AND.split(text.strip()) if term)


def _fits(run: TrackedRun, term: str) -> bool:
    found = _TERM.fullmatch(term)
    if found is None:
        form = "tfinfra's tracking understands filters such as tags.x = 'a' and params.y != 'b'"
        raise Refused("INVALID_PARAMETER_VALUE", f"{form}, not {ascii(term)[:80]}")
    of, name, operator, single, double = found.groups()
    value = _value(run, (of or "attribute")[0], name)
    wanted = single if single is not None else double
    return (value == wanted) if operator == "=" else (value is not None and value != wanted)


def _value(run: TrackedRun, of: str, name: str) -> str | None:
    if of in "tp":
        return (run.tags if of == "t" else run.params).get(name)
    own = {"status": run.status, "run_id": run.id, "run_name": run.name, "user_id": run.user}
    return own.get(name)
