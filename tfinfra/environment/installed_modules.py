"""Which modules a folder of installed packages holds, read from their RECORD files: no interpreter is started."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path

_MODULE_ENDS = (".py", ".so", ".pyc")
_TOP_PACKAGE = re.compile(r"[^/]+/__init__\.(?:py|so|pyc)")
_KNOWN_HOOKS = ("_distutils_hack", "_virtualenv", "namespace_packages", "importlib.machinery, os")
"""What lines of code in .pth files do that adds no module: setuptools', uv's, and old namespace packages' own."""

_MAKES_MODULES = re.compile(r"__path__|sys\.modules|meta_path|path_hooks|extend_path|import_hook")
"""What an __init__ says whose package may have modules beside its files."""


@dataclass(frozen=True)
class ListedModules:
    """`names` are all modules and folders of them, dotted; `packages` those among them that are files or have an
    __init__: what is inside of these, they may make themselves, and need not be among `names`."""

    names: frozenset[str] = frozenset()
    packages: frozenset[str] = frozenset()


@dataclass(frozen=True)
class InstalledModules:
    """`folders` are looked into first, and for what no RECORD lists. `sealed`: nothing there adds modules by running
    code. `listed` reads the RECORDs: TensorFlow's environment has tens of thousands of files in them."""

    listed: Callable[[], ListedModules]
    folders: tuple[Path, ...] = ()
    sealed: bool = True

    @cached_property
    def _listed(self) -> ListedModules:
        return self.listed()

    @property
    def packages(self) -> frozenset[str]:
        return self._listed.packages

    def read(self) -> InstalledModules:
        """The same, with all RECORDs read: the folders may go."""
        listed = self._listed
        return replace(self, listed=lambda: listed)

    def has(self, name: str) -> bool | None:
        """Whether `import name` finds something; None where that cannot be told."""
        parts = name.split(".")
        if any(_kind(folder, parts[:1]) == "module" for folder in self.folders):
            return True
        for count in range(1, len(parts) + 1):
            prefix = ".".join(parts[:count])
            if prefix in self.packages:
                return True
            if prefix not in self._listed.names:
                found = {_kind(folder, parts[:count]) for folder in self.folders}
                if "module" in found:
                    return True
                if "folder" not in found:
                    return False if self.sealed else None
        return True

    def lacks(self, name: str) -> str | None:
        """The part of `import name` that certainly is in no package there: the dotted name of the first module that the
        files of an ordinary package do not have. None where it may be there, or be made by what the package runs."""
        parts = name.split(".")
        places = [site / parts[0] for site in self.folders if (site / parts[0] / "__init__.py").is_file()]
        if not self.sealed or len(places) != 1 or parts[0] not in self.packages:
            return None
        folder = places[0]
        for count in range(1, len(parts)):
            try:
                makes_modules = _MAKES_MODULES.search((folder / "__init__.py").read_text("utf-8", "replace"))
                inside = {path.name.partition(".")[0] for path in folder.iterdir()}
            except OSError:
                return None
            if makes_modules or parts[count].startswith("_"):
                return None
            if parts[count] not in inside:
                return None if _is_made(places[0], parts[count]) else ".".join(parts[: count + 1])
            folder /= parts[count]
        return None


def installed_modules(environment: Path) -> InstalledModules | None:
    """Those of an environment that was built, None where it has no folder of packages."""
    sites = sorted(environment.glob("lib/python3*/site-packages"))
    return modules_of(sites) if sites else None


def modules_of(sites: Iterable[Path]) -> InstalledModules:
    """Those of all packages in the folders `sites`, and of the folders that their .pth files name."""
    folders = list(sites)
    sealed = True
    for site in tuple(folders):
        for path in sorted(site.glob("*.pth")):
            for line in path.read_text("utf-8", "replace").splitlines():
                if line.startswith(("import ", "import\t")):
                    sealed = sealed and any(known in line for known in _KNOWN_HOOKS)
                elif line.strip() and not line.startswith("#") and (site / line.strip()).is_dir():
                    folders.append(site / line.strip())
    return InstalledModules(partial(_listed_in, tuple(folders)), tuple(folders), sealed)


def _listed_in(folders: Sequence[Path]) -> ListedModules:
    files = [name for site in folders for record in site.glob("*.dist-info/RECORD") for name in _files(record)]
    tops = {file.partition("/")[0] for file in files if _TOP_PACKAGE.fullmatch(file)}
    others = [file for file in files if file.partition("/")[0] not in tops]  # of some ten thousands a few hundred
    names = {prefix for name in others for prefix in _modules(name)} | tops
    packages = {_module(name) for name in others} | tops
    return ListedModules(frozenset(names), frozenset(packages))


def _files(record: Path) -> Iterator[str]:
    """The files of one package that may be modules, relative to the folder of packages."""
    text = record.read_text("utf-8", "replace")
    for row in text.split("\n"):  # TensorFlow's has twenty thousand, and next to none needs a parser of CSV
        name = next(csv.reader([row]))[0] if row.startswith('"') else row.partition(",")[0]
        if name.endswith(_MODULE_ENDS) and not name.startswith(("..", "/")):
            yield name


def _modules(name: str) -> Iterator[str]:
    """The module that a file is, and the packages around it."""
    parents = name.split("/")[:-1]
    for count in range(1, len(parents) + 1):
        yield ".".join(parents[:count])
    yield _module(name)


def _module(name: str) -> str:
    """The dotted name of a file; of an __init__ that of its package."""
    *parents, last = name.split("/")
    stem = last.partition(".")[0]
    return ".".join(parents if stem == "__init__" and parents else [*parents, stem])


def _kind(folder: Path, parts: list[str]) -> str:
    """Whether `folder` has the "module", or a "folder" that may hold modules; never raises, whatever the name is."""
    *parents, last = parts
    try:
        names = {path.name for path in folder.joinpath(*parents).iterdir()}
        inner = {path.name for path in folder.joinpath(*parts).iterdir()} if last in names else set()
    except OSError:
        inner = names = set()
    if any(name.partition(".")[0] == last and name.endswith(_MODULE_ENDS) for name in names):
        return "module"
    return "module" if "__init__.py" in inner else "folder" if last in names else ""


def _is_made(package: Path, word: str) -> bool:
    """Whether anything in a package that touches sys.modules names it."""
    for path in package.rglob("*.py"):
        text = path.read_text("utf-8", "replace")
        if "sys.modules" in text and re.search(rf"\b{re.escape(word)}\b", text):
            return True
    return False
