"""Imports the marked code of modules (bench.marking) in place of their own. A copy of this file starts with every
interpreter of the environment, by a .pth file, so it imports next to nothing.

The bytes are those of a file that all processes map. So nothing is lost where one is killed, forks, or has threads, and
no process does anything that it would not do otherwise, but for some 30 ns at each statement of a marked module.
"""

from __future__ import annotations

import builtins
import marshal
import mmap
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import CodeType, ModuleType

NAME = "__ran__"


def install(folder: str) -> None:
    """Modules with code in `folder`/code are taken from there. Nothing where it has gone or is not ours."""
    if hasattr(builtins, NAME):  # a .pth file may be read twice
        return
    try:
        finder = _Finder(f"{folder}/code")
        file = os.open(f"{folder}/ran", os.O_RDWR)
    except OSError:
        return
    setattr(builtins, NAME, mmap.mmap(file, 0))
    os.close(file)
    sys.meta_path.insert(0, finder)


class _Finder:
    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.names = frozenset(os.listdir(folder))  # noqa: PTH208 (pathlib takes 5 ms)

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in self.names:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec and spec.origin and type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(name, spec.origin, f"{self.folder}/{name}")
        return spec


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, code: str) -> None:
        super().__init__(name, path)
        self.code = code

    def get_code(self, fullname: str) -> CodeType | None:
        """The code that marks; the module's own where its source is another, or the counting is over."""
        try:
            source, code = marshal.loads(self.get_data(self.code))
        except OSError:
            return super().get_code(fullname)
        marks: CodeType = code
        return marks if source == self.get_data(self.path) else super().get_code(fullname)
