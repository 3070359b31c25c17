"""HyperDrive's configuration in a program that submits by Azure ML's SDK v1, as a search. Names: learn.microsoft.com,
azureml.train.hyperdrive."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from tfinfra.converting.constants import Program, Unknown, arguments, called
from tfinfra.converting.draft import Draft
from tfinfra.converting.search import Search, expression_of, policy_of, put_search
from tfinfra.errors import Position
from tfinfra.manifest.tuning.keys import word_of
from tfinfra.model.tuning import EXPRESSIONS, GOALS, SAMPLINGS, Expression, Policy

CONFIGURATIONS = ("HyperDriveConfig", "HyperDriveRunConfig")
_ORDER = (
    *("hyperparameter_sampling", "primary_metric_name", "primary_metric_goal", "max_total_runs"),
    *("max_concurrent_runs", "max_duration_minutes", "policy", "estimator", "run_config", "resume_from"),
)
_POLICIES = {
    "BanditPolicy": ("evaluation_interval", "slack_factor", "slack_amount", "delay_evaluation"),
    "MedianStoppingPolicy": ("evaluation_interval", "delay_evaluation"),
    "TruncationSelectionPolicy": ("truncation_percentage", "evaluation_interval", "delay_evaluation"),
}
_BY_HAND = "write it under tune"


def put_configuration(program: Program, call: ast.Call, at: Position, draft: Draft) -> None:
    """The key `tune` of a HyperDriveConfig(…); what is not written out in the program is said."""
    given = arguments(call, _ORDER)
    sampling, space = _sampling(program, given.get("hyperparameter_sampling"), at, draft)
    metric, goal = program.value(given.get("primary_metric_name")), _goal(program, given.get("primary_metric_goal"))
    if not space or not isinstance(metric, str) or goal not in GOALS:
        missing = "space" if not space else "primary metric" if not isinstance(metric, str) else "goal"
        draft.note(f"the search is not kept: its {missing} is not written out", at, "write tune by hand")
        return
    if "resume_from" in given or "resume_child_runs" in given:
        draft.note("runs of Azure ML are nothing to resume from here", at, "tune.resume_from names tunes of tfinfra")
    policy = _policy(program, given.get("policy") or given.get("early_termination_policy"), at, draft)
    numbers = {name: _number(program, given.get(name)) for name in _ORDER}
    search = Search(
        sampling,
        space,
        metric,
        goal,
        numbers["max_total_runs"],
        numbers["max_concurrent_runs"],
        numbers["max_duration_minutes"],
        policy,
    )
    put_search(draft, search, at)


def _sampling(program: Program, node: ast.expr | None, at: Position, draft: Draft) -> tuple[str, dict[str, Expression]]:
    """The sampling's word, and the space by name."""
    call = program.written(node) if node is not None else None
    word = word_of(called(call), "ParameterSampling") if isinstance(call, ast.Call) else ""
    if not isinstance(call, ast.Call) or word not in SAMPLINGS:
        return "", {}
    written = program.written(arguments(call, ("parameter_space",)).get("parameter_space", call))
    space = {}
    for name, value in _items(program, written):
        found = _expression(program, value)
        if isinstance(found, str):
            draft.note(f"the search over '{name}' is not kept: {found}", at, _BY_HAND)
        else:
            space[name] = found
    return word, space


def _items(program: Program, node: ast.expr) -> list[tuple[str, ast.expr]]:
    if isinstance(node, ast.Call) and called(node) == "dict":
        return [(each.arg, each.value) for each in node.keywords if each.arg]
    pairs = zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ()
    return [(str(program.value(key)), value) for key, value in pairs if key is not None]


def _expression(program: Program, node: ast.expr) -> Expression | str:
    call = program.written(node)
    if not isinstance(call, ast.Call):
        return "its distribution is not written out"
    kind = called(call)
    if kind == "choice":
        return expression_of(kind, {"options": _options(program, call)})
    given = arguments(call, EXPRESSIONS.get(kind, ()))
    return expression_of(kind, {name: program.value(each) for name, each in given.items()})


def _options(program: Program, call: ast.Call) -> list[Any]:
    """choice(1, 2), choice([1, 2]), choice(*[1, 2]) and choice(range(1, 3)) mean the same."""
    nodes = [each.value if isinstance(each, ast.Starred) else each for each in call.args]
    if len(nodes) != 1:
        return [program.value(each) for each in nodes]
    one = program.written(nodes[0])
    if isinstance(one, ast.Call) and called(one) == "range":
        bounds = [program.value(each) for each in one.args]
        plain = all(isinstance(each, int) for each in bounds) and 0 < len(bounds) <= 3 and bounds[2:] != [0]
        return list(range(*bounds)[:1000]) if plain else [Unknown(one)]
    value = program.value(one)
    return value if isinstance(value, list) else [value]


def _policy(program: Program, node: ast.expr | None, at: Position, draft: Draft) -> Policy | None:
    call = program.written(node) if node is not None else None
    name = called(call) if isinstance(call, ast.Call) else ""
    if name == "NoTerminationPolicy" or call is None or (isinstance(call, ast.Constant) and call.value is None):
        return None
    found: Policy | str = "it is not written out"
    if isinstance(call, ast.Call) and name in _POLICIES:
        given: Mapping[str, Any] = {key: program.value(each) for key, each in arguments(call, _POLICIES[name]).items()}
        found = policy_of(word_of(name, "Policy"), given)
    if isinstance(found, str):
        draft.note(f"the policy is not kept: {found}", at, "write tune.policy")
        return None
    return found


def _goal(program: Program, node: ast.expr | None) -> str:
    """`PrimaryMetricGoal.MAXIMIZE`, its like, or text."""
    written = program.written(node) if node is not None else None
    if isinstance(written, ast.Attribute):
        return written.attr.lower()
    value = program.value(written)
    return value.lower() if isinstance(value, str) else ""


def _number(program: Program, node: ast.expr | None) -> int | None:
    value = program.value(node)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
