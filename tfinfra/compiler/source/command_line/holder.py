"""The one module of a script that reads the command line by a certain library."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from tfinfra.compiler.project import Reach, Sure
from tfinfra.compiler.source.command_line.calls import called_name
from tfinfra.compiler.source.command_line.changed_arguments import changes_arguments
from tfinfra.compiler.source.reached import reached
from tfinfra.compiler.source.script import nodes_of, parse


@dataclass(frozen=True)
class Holder:
    """`module` is its path; it is surely reached, and `how` says whether as the program."""

    module: str
    tree: ast.Module
    how: Reach

    def is_reached(self, node: ast.AST) -> bool:
        """Whether the script comes by whatever happens."""
        found = reached(self.tree, as_program=self.how.as_program)
        return any(one is node and sure is Sure.ALWAYS for one, sure in found)

    def only_call(self, name: str) -> ast.Call | None:
        """The one call of a plain name, where the script comes by for certain."""
        calls = [node for node in nodes_of(self.tree) if isinstance(node, ast.Call) and called_name(node) == name]
        return calls[0] if len(calls) == 1 and self.is_reached(calls[0]) else None


def only_holder(word: str, modules: Mapping[str, str], reach: Mapping[str, Reach]) -> Holder | None:
    """The only module with `word` in it. None where there are more, where it may not be reached, and where the script
    changes its command line before anybody reads it."""
    holders = [name for name, text in modules.items() if word in text]
    how = reach.get(holders[0], Reach(Sure.LATER)) if len(holders) == 1 else Reach(Sure.LATER)
    if how.sure is not Sure.ALWAYS or changes_arguments(modules.values()):
        return None
    tree = parse(modules[holders[0]])
    return Holder(holders[0], tree, how) if isinstance(tree, ast.Module) else None
