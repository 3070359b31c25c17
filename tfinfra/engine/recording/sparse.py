"""azure-native's modules without what nobody asks them for: each imports hundreds of resources of its own, of which a
run's program makes a dozen. That is over half of what the imports take (CPU seconds: 2.0 to 0.9)."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any

_SDK = "pulumi_azure_native"
_PART = re.compile(r"^from \.(\w+) import \*$", re.MULTILINE)


def make_sparse(modules: Sequence[str]) -> None:
    """From here on these modules of azure-native ("network", "compute") import what is asked of them. Those that have
    been imported already stay as they are."""
    if not any(isinstance(finder, _SparseFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _SparseFinder(frozenset(f"{_SDK}.{module}" for module in modules)))


class _SparseFinder(MetaPathFinder):
    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(self, fullname: str, path: Any, target: ModuleType | None = None) -> ModuleSpec | None:
        if fullname not in self._names:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and spec.origin and type(spec.loader) is SourceFileLoader:
            spec.loader = _Sparse(fullname, spec.origin)
        return spec


class _Sparse(SourceFileLoader):
    """Finds a name in the part that a whole import would have had it from: that imports part after part with `*`, so
    the last that has the name counts, and `_inputs` is the last of all. Where it is in none of the three parts that it
    should be in, the whole module is imported."""

    def exec_module(self, module: ModuleType) -> None:
        parts = _PART.findall(self.get_data(self.path).decode())
        by_name = {part.replace("_", ""): part for part in parts if not part.startswith("_")}

        def find(name: str) -> Any:
            if name.startswith("_") or name == "outputs":  # a part itself: the import system finds it
                raise AttributeError(f"module '{module.__name__}' has no attribute '{name}'")
            for part in ("_inputs", by_name.get(name.lower().replace("_", "")), "_enums"):
                if part in parts and hasattr(found := import_module(f"{module.__name__}.{part}"), name):
                    value = getattr(found, name)
                    break
            else:
                vars(module).pop("__getattr__", None)
                super(_Sparse, self).exec_module(module)
                return getattr(module, name)
            setattr(module, name, value)  # the import has put the part there under a function's name
            return value

        module.__dict__["__getattr__"] = find
