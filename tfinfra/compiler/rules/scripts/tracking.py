"""Calls by which a script logs its metrics past the run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.source.script import aliases_of, dotted, nodes_of, parse, position_of_node, spelt
from tfinfra.errors import Diagnostic, Severity

_CALL = "mlflow.set_tracking_uri"


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


RULES: tuple[Rule, ...] = (servers_of_the_scripts_own,)
