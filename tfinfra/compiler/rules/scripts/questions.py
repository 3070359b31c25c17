"""Questions that the script asks at a terminal: nobody is there on a node, and they end it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.project import Reach, Sure
from tfinfra.compiler.source.bound_names import bound_names
from tfinfra.compiler.source.reached import reached
from tfinfra.compiler.source.script import aliases_of, dotted, nodes_of, parse, position_of_node
from tfinfra.errors import Diagnostic, Severity

_ANSWERS = "take it as an argument (script_params), a password as a secret (secrets)"
_QUESTIONS = {
    "input": _ANSWERS,
    "getpass.getpass": _ANSWERS,
    "breakpoint": "leave it out",
    "pdb.set_trace": "leave it out",
}
"""{a function that waits for somebody at the terminal: what to do instead}"""

_SETS_THE_DEBUGGER = ("PYTHONBREAKPOINT", "breakpointhook")


def questions_that_nobody_answers(facts: Facts) -> Iterator[Diagnostic]:
    """Calls that the script is sure to come by: each function once in a module. A script that puts something in place
    of the terminal, or of the debugger, answers itself."""
    source = facts.project.source
    texts = [*source.modules.values(), *source.skimmed.values()]
    debugger_is_set = any(word in text for text in texts for word in _SETS_THE_DEBUGGER)
    debugger_is_set = debugger_is_set or "PYTHONBREAKPOINT" in facts.manifest.environment_variables
    if any("stdin" in text and _replaces_the_terminal(text) for text in texts):
        return
    for module, text in source.modules.items():
        tree, how = parse(text), source.reach.get(module, Reach(Sure.LATER))
        if how.sure is not Sure.ALWAYS or not isinstance(tree, ast.Module):
            continue
        calls = _calls(tree, text, as_program=how.as_program).items()
        for name, call in sorted(calls, key=lambda one: one[1].lineno):
            if name == "breakpoint" and debugger_is_set:
                continue
            position = position_of_node(call, source.file(module), text)
            message = f"`{name}()` ends the script on a node: nobody is there to answer"
            yield Diagnostic("TFI528", Severity.ERROR, message, "entry_script", position, _QUESTIONS[name])


def _replaces_the_terminal(text: str) -> bool:
    """Whether a module stores to sys.stdin."""
    tree = parse(text)
    if not isinstance(tree, ast.Module):
        return False
    aliases = aliases_of(tree)
    stored = (node for node in nodes_of(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store))
    return any(dotted(node, aliases) == "sys.stdin" for node in stored)


def _calls(tree: ast.Module, text: str, *, as_program: bool) -> dict[str, ast.Call]:
    """The first call of each of these functions that nothing can keep from being reached."""
    bound = bound_names(text, tree) if any(name.rpartition(".")[2] in text for name in _QUESTIONS) else None
    if bound is None:
        return {}
    aliases = aliases_of(tree)
    found: dict[str, ast.Call] = {}
    for node, sure in reached(tree, as_program=as_program):
        if isinstance(node, ast.Call) and sure is Sure.ALWAYS:
            plain = node.func.id if isinstance(node.func, ast.Name) and node.func.id not in bound else ""
            name = dotted(node.func, aliases) or plain
            if name in _QUESTIONS:
                found[name] = min(node, found.get(name, node), key=lambda call: call.lineno)
    return found


RULES: tuple[Rule, ...] = (questions_that_nobody_answers,)
