"""Which file of a folder is the training script, by what stands in each."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from tfinfra.compiler.source.command_line.calls import called_name, method_of
from tfinfra.compiler.source.script import nodes_of, parse

_LIBRARIES = ("tensorflow", "keras", "horovod", "tf_keras")
_TRAINING = ("fit", "fit_generator", "train_on_batch", "train_and_evaluate", "minimize", "apply_gradients", "train")
_STARTING = ("ArgumentParser", "parse_args", "run", "main", "cli")
_NEVER = re.compile(r"(^|/)(test_[^/]*|[^/]*_test|conftest|setup|__init__|noxfile)\.py$|(^|/)(tests?|docs?|build)/")
_TRAINS, _USES, _BEGINS = 18, 8, 1
"""What a file has at least that trains and begins, that has TensorFlow in it, that begins something."""
_NAMES = {"train": 3, "main": 2, "task": 2, "trainer": 2, "run": 1, "__main__": 1}


def training_scripts(modules: Mapping[str, str]) -> tuple[str, ...]:
    """The files (path → text) that train with TensorFlow, the likeliest first. Where none does, those that begin
    something, and where none does that either, the only file there is."""
    trees = {path: tree for path, text in modules.items() if isinstance(tree := parse(text), ast.Module)}
    imported = {name for path, tree in trees.items() for name in _imports(tree) if name != PurePosixPath(path).stem}
    rated = {path: _rate(path, tree, imported) for path, tree in trees.items() if not _NEVER.search(path)}
    tiers = [[path for path, rate in rated.items() if rate >= least] for least in (_TRAINS, _USES, _BEGINS)]
    likely = next(filter(None, tiers), [*rated] if len(rated) == 1 else [])
    return tuple(sorted(likely, key=lambda path: (-rated[path], path.count("/"), path)))


def _rate(path: str, tree: ast.Module, imported: set[str]) -> int:
    """How much speaks for it: what it calls and imports, its name, and that no other file imports it."""
    calls = {method_of(node) or called_name(node) for node in nodes_of(tree) if isinstance(node, ast.Call)}
    tops = {name.partition(".")[0] for name in _imports(tree)}
    stem = PurePosixPath(path).stem
    name = _NAMES.get(stem, 2 if "train" in stem else 0)
    uses, trains = bool(tops & {*_LIBRARIES}), bool(calls & {*_TRAINING})
    begins = bool(calls & {*_STARTING}) or _has_main(tree)
    own = 6 * begins + name - (16 if stem in imported else 0) - path.count("/")
    return own + 12 * uses + 12 * trains


def _imports(tree: ast.Module) -> set[str]:
    """The modules that it imports; of `from . import a` and `from package import a` also a."""
    found: set[str] = set()
    for node in nodes_of(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} | {alias.name.rpartition(".")[2] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {node.module or "", (node.module or "").rpartition(".")[2]}
            found |= {alias.name for alias in node.names} if node.level or not node.module else set()
    return found


def _has_main(tree: ast.Module) -> bool:
    tests = (node.test for node in tree.body if isinstance(node, ast.If))
    return any(isinstance(one, ast.Constant) and one.value == "__main__" for test in tests for one in ast.walk(test))
