"""Calls by which a script logs its metrics past the run, or that its run has not."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.source.script import aliases_of, dotted, nodes_of, parse, position_of_node, spelt
from tfinfra.errors import Diagnostic, Severity
from tfinfra.script.script_run import HAS, ScriptRun

_CALL = "mlflow.set_tracking_uri"
_CONTEXT = "tfinfra.Run.get_context"


def servers_of_the_scripts_own(facts: Facts) -> Iterator[Diagnostic]:
    """Calls that name another MLflow server than the one of the task's variables."""
    source = facts.project.source
    for module, text in source.modules.items():
        tree = parse(text) if "set_tracking_uri" in text else None
        if not isinstance(tree, ast.Module):
            continue
        for call in (node for node in nodes_of(tree) if isinstance(node, ast.Call)):
            if dotted(call.func, aliases_of(tree)) == _CALL and "MLFLOW_TRACKING_URI" not in spelt(call):
                position = position_of_node(call, source.file(module), text)
                message = f"`{_CALL}` leads past the run: `tfinfra metrics` shows nothing of what is logged after it"
                hint = "leave it out, and write `metrics: {tracking_uri: …}`: that server gets all points too"
                yield Diagnostic("TFI538", Severity.WARNING, message, "entry_script", position, hint)


def calls_that_a_run_has_not(facts: Facts) -> Iterator[Diagnostic]:
    """What Azure ML's Run has and `from tfinfra import Run` has not: often the last line of a training."""
    source = facts.project.source
    there = frozenset(dir(ScriptRun()))
    for module, text in source.modules.items():
        tree = parse(text) if "get_context" in text else None
        if not isinstance(tree, ast.Module):
            continue
        for name, node in _absent(tree, there).items():
            position = position_of_node(node, source.file(module), text)
            message = f"a script's run has no `{name}`: the script ends there"
            yield Diagnostic("TFI539", Severity.WARNING, message, "entry_script", position, f"it has {HAS}")


def _absent(tree: ast.Module, there: frozenset[str]) -> dict[str, ast.Attribute]:
    """Where each of the names stands first that are asked of the run and are not there."""
    aliases = aliases_of(tree)
    found: dict[str, ast.Attribute] = {}
    runs = _names_of_the_run(tree, aliases)
    for node in nodes_of(tree):
        if isinstance(node, ast.Attribute) and node.attr not in there:
            of = node.value
            if _is_the_run(of, aliases) or (isinstance(of, ast.Name) and of.id in runs):
                found.setdefault(node.attr, node)
    return found


def _names_of_the_run(tree: ast.Module, aliases: Mapping[str, str]) -> set[str]:
    """The variables that hold the run and never anything else."""
    assigned = [node for node in nodes_of(tree) if isinstance(node, ast.Assign) and _is_the_run(node.value, aliases)]
    given = Counter(target.id for node in assigned for target in node.targets if isinstance(target, ast.Name))
    stored = Counter(
        node.id for node in nodes_of(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )
    arguments = {node.arg for node in nodes_of(tree) if isinstance(node, ast.arg)}
    return {name for name, count in given.items() if stored[name] == count and name not in arguments}


def _is_the_run(node: ast.expr, aliases: Mapping[str, str]) -> bool:
    return isinstance(node, ast.Call) and dotted(node.func, aliases) == _CONTEXT


RULES: tuple[Rule, ...] = (servers_of_the_scripts_own, calls_that_a_run_has_not)
