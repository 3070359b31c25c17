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
_LIKELY = 8
"""What has less is a part of a script, where another file has as much."""
_NAMES = {"train": 3, "main": 2, "task": 2, "trainer": 2, "run": 1, "__main__": 1}


def training_scripts(modules: Mapping[str, str]) -> tuple[str, ...]:
    """The files (path → text) that train with TensorFlow, the likeliest first."""
    trees = {path: tree for path, text in modules.items() if isinstance(tree := parse(text), ast.Module)}
    imported = {name for path, tree in trees.items() for name in _imports(tree) if name != PurePosixPath(path).stem}
    rated = {path: _rate(path, tree, imported) for path, tree in trees.items() if not _NEVER.search(path)}
    likely = [path for path, rate in rated.items() if rate >= _LIKELY] or [p for p, rate in rated.items() if rate > 0]
    return tuple(sorted(likely, key=lambda path: (-rated[path], path.count("/"), path)))


def _rate(path: str, tree: ast.Module, imported: set[str]) -> int:
    """0 for a file that has nothing of TensorFlow, and trains nothing."""
    calls = {method_of(node) or called_name(node) for node in nodes_of(tree) if isinstance(node, ast.Call)}
    tops = {name.partition(".")[0] for name in _imports(tree)}
    uses, trains = bool(tops & {*_LIBRARIES}), bool(calls & {*_TRAINING})
    if not uses and not trains:
        return 0
    stem = PurePosixPath(path).stem
    begins = bool(calls & {*_STARTING}) or _has_main(tree)
    name = _NAMES.get(stem, 2 if "train" in stem else 0)
    beneath = 8 if stem in imported else 0
    return max(1, 4 * uses + 6 * trains + 4 * begins + name - beneath - path.count("/"))


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
