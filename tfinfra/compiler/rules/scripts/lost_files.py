"""Warnings about literal paths that the script writes to and that are not among the outputs: what is there when the
tasks have ended comes home in left/<task>/ within a bound, and nothing else does."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.source.script import line_of, nodes_of, parse, spelt
from tfinfra.errors import Diagnostic, Position, Severity
from tfinfra.manifest.document import error_at
from tfinfra.text.written_paths import WrittenPath, WrittenPaths, is_kept, kept_instead, writes_by_name, written_paths

_MOST = 10
_COMES_HOME = "what is there at the end comes home in left/, 1 GB or 1,000 files of a task at most"
_FROM_ITS_OWN = f"{_COMES_HOME}, but nothing from a machine that is a process: there it is anybody's"


def written_elsewhere(facts: Facts) -> Iterator[Diagnostic]:
    """Calls that write to a literal path outside of the outputs, and arguments whose default is one. Files that the
    script itself reads again are its own affair, and so are functions that nothing calls; after os.chdir a relative
    path may be anywhere."""
    manifest, source = facts.manifest, facts.project.source
    given = dict.fromkeys(manifest.wrong_items("script_params"))
    if not given and not manifest.sound("script_params"):
        return
    given |= {flag: next(iter(values), None) for flag, values in manifest.script_params.items()}
    trees = {name: tree for name, text in source.modules.items() if isinstance(tree := parse(text), ast.Module)}
    found = {name: written_paths(tree, given) for name, tree in trees.items()}
    read = frozenset[str]().union(*(one.read for one in found.values()))
    moved = any(one.changes_folder for one in found.values())
    called = _names(trees)
    lost = list[tuple[str, WrittenPath]]()
    for name, one in found.items():
        skipped = _not_reached(trees[name], called, as_program=name == source.entry)
        all_of_it = _lost(one, read, moved=moved)
        lost += [(name, path) for path in all_of_it if not any(path.line in lines for lines in skipped)]
    for number, (name, path) in enumerate(lost[:_MOST], 1):
        text = line_of(source.modules[name], path.line)
        column = len(text.encode()[: path.column].decode(errors="replace")) + 1  # a syntax tree counts bytes
        position = Position(source.file(name), path.line, column, path.length, text)
        message = _message(path, _fate(path, facts))
        if number == _MOST and (more := len(lost) - _MOST):
            message += f"; so {'does' if more == 1 else 'do'} {more} more of the script's"
        yield Diagnostic("TFI525", Severity.WARNING, message, "entry_script", position, _way_out(path))


def given_elsewhere(facts: Facts) -> Iterator[Diagnostic]:
    """Arguments that name where the script writes, with an absolute path outside of the outputs."""
    manifest = facts.manifest
    for flag, values in manifest.script_params.items():
        for value in values:
            if writes_by_name(flag) and value.startswith(("/", "~/")) and not is_kept(value):
                message = f"{value} is not among the outputs: {_COMES_HOME}"
                hint = f"write ${{TFINFRA_OUTPUTS}}{kept_instead(value).removeprefix('outputs')}"
                path = ("script_params", flag)
                yield error_at(facts.document, "TFI526", path, message, hint, severity=Severity.WARNING)


def _lost(found: WrittenPaths, read: frozenset[str], *, moved: bool) -> Iterator[WrittenPath]:
    seen = set[str]()
    for path in found.written:
        relative = not path.path.startswith(("/", "~/"))
        begins = (
            not path.whole and "/" not in path.path and any(one.startswith(path.path) for one in ("outputs", "logs"))
        )
        if is_kept(path.path) or path.path in read or path.path in seen or (relative and moved) or begins:
            continue
        seen.add(path.path)
        yield path


def _fate(path: WrittenPath, facts: Facts) -> str:
    """What becomes of it. This machine's cloud may boot machines that are processes, which share their files with all
    that its user runs."""
    here = facts.project.rehearse or facts.spec is None or facts.spec.target.cloud == "local"
    return _FROM_ITS_OWN if here and path.is_anybodys else _COMES_HOME


def _message(path: WrittenPath, fate: str) -> str:
    verb = "has the default" if path.call.startswith("-") else "is" if path.call == "model_dir" else "writes to"
    return f"{path.call} {verb} {path.shown!r}, which is not among the outputs: {fate}"


def _way_out(path: WrittenPath) -> str:
    if path.call.startswith("-"):
        return f"write script_params: {{{path.call}: ${{TFINFRA_OUTPUTS}}}}, or the default {path.instead!r}"
    return f"write {path.instead!r}"


def _names(trees: Mapping[str, ast.Module]) -> frozenset[str]:
    """All names that are used anywhere, whatever they are."""
    nodes = [node for tree in trees.values() for node in nodes_of(tree)]
    plain = {node.id for node in nodes if isinstance(node, ast.Name)}
    imported = {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
    return frozenset(plain | imported | {node.attr for node in nodes if isinstance(node, ast.Attribute)})


def _not_reached(tree: ast.Module, called: frozenset[str], *, as_program: bool) -> list[range]:
    """The lines of functions that nothing names, and of what a module does only as the program itself. Methods are
    called by Keras and others, decorated functions by whom nobody knows."""
    skipped = list[range]()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            skips = node.name not in called and not node.decorator_list
        else:
            skips = isinstance(node, ast.If) and "__main__" in spelt(node.test) and not as_program
        if skips:
            skipped.append(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return skipped


RULES: tuple[Rule, ...] = (written_elsewhere, given_elsewhere)
