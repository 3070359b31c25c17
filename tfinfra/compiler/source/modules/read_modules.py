"""Follows the training script's imports through the source directory as Python will in a task: from the entry script's
own folder or, with `-m`, from the source directory, and then from PYTHONPATH's folders."""

from __future__ import annotations

import ast
import os
import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

from tfinfra.compiler.project import Hiding, LostAs, LostImport, OutsideImport, Reach, Sure
from tfinfra.compiler.source.modules.hiding import hiding_modules
from tfinfra.compiler.source.modules.imports import Import, imports_of, skimmed_imports
from tfinfra.compiler.source.modules.search_changes import SearchChanges, search_changes
from tfinfra.compiler.source.modules.search_path import SearchPath, folder_near, is_dotted
from tfinfra.compiler.source.script import parse
from tfinfra.compiler.user_paths import is_folder, real
from tfinfra.manifest.words.spelling_hints import nearest
from tfinfra.model.entry import Entry, leads_outside, python_path

_MOST_MODULES, _MOST_BYTES = 100, 2_000_000
"""Modules that are looked into, and bytes of all of them. Each takes a dozen rules' time."""
_MOST_SKIMMED, _MOST_SKIMMED_BYTES = 3_000, 15_000_000
"""Of the others the imports are read; of what comes after that, nothing."""
_MOST_FOLDERS = 2_000


@dataclass(frozen=True)
class _Module:
    """A module that was reached. `package` is what its relative imports start from, "" for one of no package."""

    path: str
    package: str
    sure: Sure
    as_program: bool


@dataclass(frozen=True)
class _Skim:
    """What is read of a module of which only the imports count."""

    text: str
    imports: tuple[Import, ...]
    changes: SearchChanges


@dataclass
class ReadModules:
    """The text of each module that was reached, by path, and how it is; the imports that lead nowhere, and outside. Of
    the `skimmed` ones only the imports were read, of the `unread` nothing."""

    texts: dict[str, str] = field(default_factory=dict)
    skimmed: dict[str, str] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)
    reach: dict[str, Reach] = field(default_factory=dict)
    lost: list[LostImport] = field(default_factory=list)
    outside: list[OutsideImport] = field(default_factory=list)
    hiding: tuple[Hiding, ...] = ()


def read_modules(
    root: Path, entry: Entry, path: str, variables: Mapping[str, str], read: Callable[[str], str | None]
) -> ReadModules:
    """The modules of the entry script, whose file is `path`, itself the first. `variables` are the manifest's own
    environment variables; `read` gives a file's text, None where it cannot be read."""
    beside = real(root / path).parent
    package = entry.name if path.endswith("/__main__.py") else entry.name.rpartition(".")[0]
    first = _Module(path, package if entry.module else "", Sure.ALWAYS, as_program=True)
    more = [real(root / folder) for folder in python_path(variables)]
    strict = SearchPath(root, tuple(dict.fromkeys([root if entry.module else beside, *more])))
    everywhere = SearchPath(root, tuple(dict.fromkeys([*strict.folders, beside, root])))
    skims: dict[str, _Skim] = {}
    found = _Following(strict, everywhere, read, skims).follow(first)
    changes = _changes(found, skims)
    if changes.path or leads_outside(variables):
        found = _Following(everywhere, everywhere, read, skims).follow(
            first
        )  # it may be found in any folder, or outside
        changes = _changes(found, skims)
        found.lost = [one for one in found.lost if one.how.why in ("no package", "beyond")]
        hidden = _names_anywhere(root) if found.outside else set()
        found.outside = [one for one in found.outside if one.name.partition(".")[0] not in hidden]
    elsewhere = leads_outside(variables) or not all(map(is_folder, more))  # an archive, or what a setup script makes
    if elsewhere or changes.more or found.unread:
        found.outside = []
    elif not changes.path:
        found.hiding = hiding_modules(strict, read)
    return found


def _changes(found: ReadModules, skims: Mapping[str, _Skim]) -> SearchChanges:
    """What all modules together do to the search for modules."""
    all_of_them = [search_changes(text, parse(text)) for text in found.texts.values()]
    all_of_them += [skims[path].changes for path in found.skimmed]
    return SearchChanges(any(one.path for one in all_of_them), any(one.more for one in all_of_them))


def _names_anywhere(root: Path) -> set[str]:
    """What modules may be called whose folder is any one below `root`."""
    names: set[str] = set()
    for number, (_, folders, files) in enumerate(os.walk(root)):
        if number > _MOST_FOLDERS:
            break
        folders[:] = [name for name in folders if not name.startswith(".")]
        names.update(folders, (name.partition(".")[0] for name in files))
    return names


class _Following:
    """One walk along all imports, each module once, and again where it turns out to be more surely imported."""

    def __init__(
        self,
        search: SearchPath,
        everywhere: SearchPath,
        read: Callable[[str], str | None],
        skims: dict[str, _Skim],
    ) -> None:
        self._search = search
        self._everywhere = everywhere
        self._read = read
        self._found = ReadModules()
        self._find = cache(search.find)  # a thousand modules import the same few
        self._has_anything = cache(search.has_anything)
        self._folder_near = cache(partial(folder_near, search.root))
        self._skims = skims
        self._left, self._left_to_skim = _MOST_BYTES, _MOST_SKIMMED_BYTES
        self._waiting: list[_Module] = []

    def follow(self, first: _Module) -> ReadModules:
        self._reach(first)
        for prefix in _prefixes(first.package):
            self._reach_module(prefix, Sure.ALWAYS, as_program=False)
        while self._waiting:
            module = self._waiting.pop(0)
            for one in self._imports_of(module):
                self._import(module, one, min(module.sure, one.sure))
        lost = {
            (one.module, one.line, one.column, one.how.name): one for one in self._found.lost
        }  # the surest is the last
        self._found.lost = list(lost.values())
        outside = {(one.module, one.line, one.column, one.name): one for one in self._found.outside}
        self._found.outside = list(outside.values())
        return self._found

    def _import(self, module: _Module, one: Import, sure: Sure) -> None:
        if one.is_path:
            self._reach(_Module(posixpath.normpath(one.name), "", sure, as_program=True))
            return
        name = _absolute(one, module.package)
        if name is None:
            if "__package__" not in self._text(module.path):
                self._lose(module, one, sure, LostAs(one.name or ".", "beyond" if module.package else "no package"))
            return
        if not is_dotted(name):
            return
        for prefix in _prefixes(name):
            self._reach_module(prefix, sure, as_program=False)
        if one.runs and (program := self._search.find_program(name)):
            package = name if program.endswith("__main__.py") else name.rpartition(".")[0]
            self._reach(_Module(program, package, sure, as_program=True))
        for member in one.members:
            self._reach_module(f"{name}.{member}", sure, as_program=False)
        lacking = (p for p in _prefixes(name) if self._find(p) is None and not self._has_anything(p))
        if missing := next(lacking, None):
            self._look_elsewhere(module, one, sure, name, missing)

    def _look_elsewhere(self, module: _Module, one: Import, sure: Sure, name: str, missing: str) -> None:
        """Notes an import that is not found, where it is one of the source directory's own: else a package has it."""
        parent, _, last = missing.rpartition(".")
        if found := self._everywhere.find(name):
            self._lose(module, one, sure, LostAs(name, "elsewhere", found))
        elif parent and self._search.owns(name):
            holder = self._find(parent) or ""
            if any(word in self._text(holder) for word in ("__path__", "sys.modules")):
                return
            files = (self._search.root / holder).parent.glob("*.py") if holder.endswith("__init__.py") else ()
            near = nearest(last, sorted(path.stem for path in files))
            self._lose(module, one, sure, LostAs(missing, "missing", f"{parent}.{near}" if near else None))
        elif sure is not Sure.GUARDED:
            where, certain = (one.line, one.column, one.length), sure is Sure.ALWAYS
            seen = self._folder_near(name, one.members)
            alike = self._search.named_alike(name.partition(".")[0])
            outside = OutsideImport(module.path, one.statement, *where, name, one.members, certain, seen, alike)
            self._found.outside.append(outside)

    def _lose(self, module: _Module, one: Import, sure: Sure, how: LostAs) -> None:
        if sure is not Sure.GUARDED:
            where = (one.line, one.column, one.length)
            self._found.lost.append(LostImport(module.path, one.statement, *where, how, certain=sure is Sure.ALWAYS))

    def _reach_module(self, name: str, sure: Sure, *, as_program: bool) -> None:
        path = self._find(name)
        if path is not None:
            package = name if path.rpartition("/")[2] == "__init__.py" else name.rpartition(".")[0]
            self._reach(_Module(path, package, sure, as_program))

    def _reach(self, module: _Module) -> None:
        path, reach = module.path, self._found.reach
        if path in self._found.unread or (path in reach and module.sure <= reach[path].sure):
            return
        if path not in reach:
            text = self._read(path)
            if text is None or not self._takes(path, text):
                return
        if path not in self._found.skimmed or path not in reach:  # once is enough for a skimmed one
            self._waiting.append(module)
        reach[path] = Reach(module.sure, module.as_program)

    def _takes(self, path: str, text: str) -> bool:
        """Whether a module is looked into or skimmed."""
        found = self._found
        if not found.texts or (len(found.texts) < _MOST_MODULES and len(text) <= self._left):
            self._left -= len(text) if found.texts else 0
            found.texts[path] = text
            return True
        if len(found.skimmed) >= _MOST_SKIMMED or len(text) > self._left_to_skim:
            found.unread.add(path)
            return False
        self._left_to_skim -= len(text)
        found.skimmed[path] = text
        if path not in self._skims:
            tree = parse.__wrapped__(text)  # the cache is for what the rules look at again and again
            imports = skimmed_imports(tree) if isinstance(tree, ast.Module) else ()
            self._skims[path] = _Skim(text, imports, search_changes(text, tree))
        return True

    def _imports_of(self, module: _Module) -> tuple[Import, ...]:
        if module.path in self._found.skimmed:
            return self._skims[module.path].imports
        return imports_of(self._found.texts[module.path], as_program=module.as_program)

    def _text(self, path: str) -> str:
        """The text of a module that was reached, "" of any other."""
        return self._found.texts.get(path) or self._found.skimmed.get(path, "")


def _absolute(one: Import, package: str) -> str | None:
    """The dotted name of the module that is imported, None for a relative one that leads out of every package."""
    if not one.level:
        return one.name
    parts = package.split(".") if package else []
    if one.level > len(parts):
        return None
    return ".".join([*parts[: len(parts) - one.level + 1], *([one.name] if one.name else [])])


def _prefixes(name: str) -> list[str]:
    """Of "a.b.c": "a", "a.b", "a.b.c"; of "" nothing."""
    parts = name.split(".") if name else []
    return [".".join(parts[: count + 1]) for count in range(len(parts))]
