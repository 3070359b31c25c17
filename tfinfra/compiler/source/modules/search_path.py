"""Where Python, in a task, finds the source directory's own modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from glob import glob
from itertools import islice, takewhile
from pathlib import Path

from tfinfra.compiler.user_paths import is_file, is_folder, real

_MOST_FILES = 2_000
_MOST_STEPS_UP, _MOST_FOLDERS = 3, 100
_COMPILED = (".so", ".pyc", ".pyd", ".pyx")
"""Beside a module's text, what may be one."""


@dataclass(frozen=True)
class SearchPath:
    """The folders of the source directory `root` in which Python looks, in its order, each absolute."""

    root: Path
    folders: tuple[Path, ...]

    def find(self, name: str) -> str | None:
        """The file of the module or package `name`, relative to `root`; None where there is none inside of it."""
        for folder in self._holders(name.partition(".")[0]) if is_dotted(name) else ():
            path = folder / Path(*name.split("."))
            for candidate in (path / "__init__.py", path.with_name(f"{path.name}.py")):
                if is_file(candidate) and real(candidate).is_relative_to(self.root):
                    return real(candidate).relative_to(self.root).as_posix()
        return None

    def find_program(self, name: str) -> str | None:
        """The file that `python -m name` runs: of a package its __main__.py."""
        found = self.find(name)
        if found is None or found.endswith("/__init__.py") or found == "__init__.py":
            return self.find(f"{name}.__main__")
        return found

    def owns(self, name: str) -> bool:
        """Whether `name`, which begins with a package's name, can be in the source directory alone: there is a package
        of it, with an __init__.py."""
        return any(is_file(folder / name.partition(".")[0] / "__init__.py") for folder in self.folders)

    def has_anything(self, name: str) -> bool:
        """Whether there is a folder of that name, or a file that may be a module: compiled ones are not read here."""
        holders = self._holders(name.partition(".")[0]) if is_dotted(name) else ()
        for folder in holders or self.folders:
            path = folder / Path(*name.split("."))
            files = path.parent.glob(f"{path.name}.*") if is_folder(path.parent) and is_dotted(name) else ()
            if is_folder(path) or any(file.suffix in _COMPILED for file in files):
                return True
        return False

    def named_alike(self, name: str) -> str:
        """The module whose name differs from `name` in the case of its letters alone, "" for none: a disk of macOS or
        Windows takes one for the other."""
        return next((one for one in self._by_small_letters.get(name.lower(), ()) if one != name), "")

    @cached_property
    def _by_small_letters(self) -> Mapping[str, Sequence[str]]:
        """{a name in small letters: the modules that are called so, folder by folder}; the folders are listed once."""
        named: dict[str, list[str]] = {}
        for folder in self.folders:
            files = (file for pattern in ("*.py", "*/") for file in glob(pattern, root_dir=folder))  # noqa: PTH207  Path.glob raises
            for one in sorted({file.removesuffix(".py").rstrip("/") for file in files}):
                named.setdefault(one.lower(), []).append(one)
        return named

    def _holders(self, top: str) -> tuple[Path, ...]:
        """The folders in which the package or module `top` is: the first, or all that have a part of a namespace."""
        for folder in self.folders:
            if is_file(folder / top / "__init__.py") or is_file(folder / f"{top}.py"):
                return (folder,)
        return tuple(folder for folder in self.folders if is_folder(folder / top))


def is_dotted(name: str) -> bool:
    """Whether a module may be called so."""
    return all(part.isidentifier() for part in name.split("."))


def package_of(folder: Path) -> tuple[str, ...]:
    """The names of the packages that end with `folder`, the outermost first; () where it is none."""
    names = tuple(one.name for one in takewhile(lambda one: is_file(one / "__init__.py"), (folder, *folder.parents)))
    return names[::-1]


def folder_near(root: Path, name: str, members: tuple[str, ...]) -> str:
    """Where the module `name` is, or one of the `members` that are taken from it: in one of the nearest folders above
    `root`, "../..", or in one of its own, "src". "" where it is in none."""
    above = {"/".join([".."] * steps): folder for steps, folder in enumerate(root.parents[:_MOST_STEPS_UP], start=1)}
    own = {name: root / name for name in islice(sorted(glob("*/", root_dir=root)), _MOST_FOLDERS)}  # noqa: PTH207  Path.glob raises
    for shown, folder in {**above, **own}.items():
        search = SearchPath(folder, (folder,))
        if any(search.find(one) for one in (name, *(f"{name}.{member}" for member in members))):
            return shown.rstrip("/")
    return ""


def modules_in(folder: Path) -> frozenset[str]:
    """The top-level modules of `folder` that Python takes before another folder's: files, and packages with an
    __init__.py."""
    try:
        paths = list(folder.iterdir())
    except OSError:
        return frozenset()
    files = {path.stem for path in paths if path.suffix == ".py" and is_file(path)}
    return frozenset({*files, *(path.name for path in paths if is_file(path / "__init__.py"))})


def modules_below(folder: Path) -> Iterator[str]:
    """The dotted names that `-m` could run from `folder`, of files at most three folders deep."""
    patterns = ("*.py", "*/*.py", "*/*/*.py")
    for path in islice((path for pattern in patterns for path in sorted(glob(pattern, root_dir=folder))), _MOST_FILES):  # noqa: PTH207  Path.glob raises
        parts = path.removesuffix(".py").split("/")
        if parts[-1] == "__main__" and len(parts) > 1:
            parts = parts[:-1]
        if parts[-1] not in ("__init__", "__main__", "setup") and all(part.isidentifier() for part in parts):
            yield ".".join(parts)
