"""What the compiler starts from: everything that it needs of the disk and the machine, read before it runs."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING

from tfinfra.errors import Diagnostic
from tfinfra.guardrails.values import NO_GUARDRAILS, Guardrails
from tfinfra.manifest.document import Document
from tfinfra.system.local_tree import LeftOut
from tfinfra.travel.survey import Reason, Survey

if TYPE_CHECKING:
    from tfinfra.catalog.prices import PriceBook
    from tfinfra.compiler.environment_modules import EnvironmentModules
    from tfinfra.model import Requirements


class Sure(IntEnum):
    """Whether a line of a module is reached when the script runs."""

    GUARDED = 0
    """A `try` or a condition stands around it: the script may be ready for its failure."""
    LATER = 1
    """It is in a function."""
    ALWAYS = 2


@dataclass(frozen=True)
class Reach:
    """How surely a module is reached, and whether `__name__` is "__main__" in it."""

    sure: Sure
    as_program: bool = False


@dataclass(frozen=True)
class Undecodable:
    """Why Python does not take the bytes of a file, and where: 1-based, the column in bytes. `always`: no version does;
    else a few old ones may."""

    message: str
    hint: str
    line: int
    column: int
    always: bool = True


@dataclass(frozen=True)
class LostAs:
    """Why the module `name`, dotted, is not found: "no package" (a relative import in a file that belongs to none),
    "beyond" (one that leads out of its package), "elsewhere" (`found` is the file of that module, in a folder where
    Python does not look) or "missing" (its package is there without it; `found` is a module of a similar name)."""

    name: str
    why: str
    found: str | None = None


@dataclass(frozen=True)
class LostImport:
    """An import of the source directory's own code that a task's Python will not find. `statement` as the file `module`
    has it. `certain`: it is reached whenever the script runs, so that it ends it."""

    module: str
    statement: str
    line: int
    column: int
    length: int
    how: LostAs
    certain: bool


@dataclass(frozen=True)
class OutsideImport:
    """An import of what the source directory does not have: `name`, dotted, and the `members` that are taken from it,
    each a module or not. It was seen in `folder`, "../.." or "src" from the source directory, where Python does not
    look; "" where it was not. `alike` is a module there whose name differs in the case of its letters alone, "" where
    there is none. The rest is as in LostImport."""

    module: str
    statement: str
    line: int
    column: int
    length: int
    name: str
    members: tuple[str, ...]
    certain: bool
    folder: str = ""
    alike: str = ""

    @property
    def is_given(self) -> bool:
        """Whether it is what a training script has of tfinfra (tfinfra/script)."""
        return self.name == "tfinfra" and {*self.members} <= {"Run", "__version__"}


@dataclass(frozen=True)
class OddBytes:
    """What is odd about a file's bytes, at a 1-based `line` and `column`; with `is_error` it cannot be read."""

    message: str
    hint: str
    line: int = 1
    column: int = 1
    is_error: bool = True


@dataclass(frozen=True)
class Hiding:
    """A file of the source directory, `path`, that Python takes for the module `name`, and what it `lacks` of it."""

    name: str
    path: str
    lacks: str


@dataclass(frozen=True)
class SourceDirectory:
    """The source directory as found. `root` is absolute, `shown` the same as messages write it; `modules` holds the
    text of the entry script and of the modules it imports from there, by path relative to `root`, `skimmed` that of
    those beyond a bound, whose imports alone count, and `unread` how many there are beyond that. `entry` is the path
    of the entry script's file, "" where it cannot be read, `lost` are the imports that will fail in a task, and
    `outside` those that the environment must meet. `reach` says of each module how it is reached, `undecodable` of some
    why Python refuses their bytes. `programs` has the text of the setup script, and
    `hiding` are modules that hide what TensorFlow imports.
    `requirements` has the texts of the requirements and environment files, with those that they name, `odd_bytes` what
    is odd about their bytes; `problems` has the reason for each file that was named and cannot be read. A `foreign` one
    lies outside of the manifest's folder: none of its lines is quoted. `package` is the dotted name of the package that
    the source directory itself is, by the __init__.py in it and above it; "" where it is none. `relative` leads to it
    from the manifest's folder. `hollow` says of modules that are not there what is in their place."""

    root: Path
    shown: str = "."
    exists: bool = True
    modules: Mapping[str, str] = field(default_factory=dict)
    skimmed: Mapping[str, str] = field(default_factory=dict)
    unread: int = 0
    requirements: Mapping[str, str] = field(default_factory=dict)
    odd_bytes: Mapping[str, OddBytes] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    foreign: bool = False
    entry: str = ""
    lost: tuple[LostImport, ...] = ()
    outside: tuple[OutsideImport, ...] = ()
    reach: Mapping[str, Reach] = field(default_factory=dict)
    undecodable: Mapping[str, Undecodable] = field(default_factory=dict)
    programs: Mapping[str, str] = field(default_factory=dict)
    hiding: tuple[Hiding, ...] = ()
    package: str = ""
    relative: str = "."
    hollow: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> frozenset[str]:
        """All files that were read, as messages write them."""
        return frozenset(
            map(self.file, (*self.modules, *self.skimmed, *self.requirements, *self.odd_bytes, *self.programs))
        )

    def text(self, module: str) -> str:
        """The text of a module that was read."""
        return self.modules[module] if module in self.modules else self.skimmed[module]

    def names(self, *words: str) -> bool:
        """Whether one of these words stands in a module whose imports alone count, or may in one that was not read."""
        return self.unread > 0 or any(word in text for text in self.skimmed.values() for word in words)

    def file(self, name: str) -> str:
        """A file of the source directory as messages write it."""
        return name if self.shown in ("", ".") else f"{self.shown}/{name}"

    def from_above(self, top: str, module: str) -> str | None:
        """What to write for a source directory that is the package `top` itself, or lies in it, to run its `module`
        (dotted, of the source directory) by its whole name. None where it is no such package."""
        parts = (self.package or self.root.name).split(".")
        inside = parts[parts.index(top) :] if top in parts else []
        whole = ".".join([*inside, module])
        if not inside or not all(part.isidentifier() for part in whole.split(".")):
            return None
        return f"`source_directory: {self.above(len(inside))}` and `entry_script: -m {whole}`"

    def above(self, steps: int) -> str:
        """The folder so many above it, as a manifest writes it."""
        return posixpath.normpath(posixpath.join(self.relative, *[".."] * steps))


@dataclass(frozen=True)
class KnownPrices:
    """What things cost as far as this machine knows, and what was wrong with what it knew."""

    book: PriceBook
    diagnostics: tuple[Diagnostic, ...] = ()


def shipped_prices() -> KnownPrices:
    from tfinfra.catalog.prices import shipped_book

    return KnownPrices(shipped_book())


def not_made_yet(wanted: Requirements, platform: str) -> EnvironmentModules | None:  # noqa: ARG001  as `environment`
    """Nothing is known of an environment before it has a lock."""
    return None


@dataclass(frozen=True)
class DataPath:
    """The local path of an input as found: absolute, whether it is a file and no folder, and why it cannot be used,
    with the way out. `left` is what in it cannot be copied, and `pointers` those of its files that only stand for
    others, as far as it was looked through."""

    path: Path
    is_file: bool = False
    problem: str = ""
    hint: str = "a path is relative to the manifest"
    left: tuple[LeftOut, ...] = ()
    pointers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Project:
    """A manifest with all that belongs to it, as load.py found it, and how the caller asked for it.

    `document` is the manifest, or the arguments from Python; `stem` is the default of `name`; `target` replaces the
    manifest's own; `targets` are the compute_targets.yaml files, nearest first; `machine_gpus` the GPUs of this
    machine; `data` the local inputs by name. With `rehearse` a size without GPUs is a notice, no error. `prices` reads
    the prices when they are needed: most passes need none. `environment` finds what an environment that was locked or
    built before has, by its requirements and the nodes' platform ("": this machine's). `diagnostics` are errors after
    which the reader could go on. `travels` says which files of the source directory go to the nodes, `pointers` which
    of these only stand for others, `absent` which absolute paths that the script or a parameter names are not on this
    machine, and `stays` why others do not that are there and that the script or a parameter
    names. `own_cloud`: ARM is not one of Azure's known clouds, so the hosts of its storage are not known either.
    `guardrails` hold for it, `unlocked` is why it does not count as locked, where they ask ("" where it does);
    `repository_targets` are the files of `targets` that its own repository has."""

    document: Document
    stem: str
    source: SourceDirectory
    target: str | None = None
    targets: tuple[Document, ...] = ()
    machine_gpus: int = 0
    data: Mapping[str, DataPath] = field(default_factory=dict)
    rehearse: bool = False
    prices: Callable[[], KnownPrices] = shipped_prices
    environment: Callable[[Requirements, str], EnvironmentModules | None] = not_made_yet
    diagnostics: tuple[Diagnostic, ...] = ()
    own_cloud: bool = False
    travels: Survey = field(default_factory=Survey)
    pointers: tuple[str, ...] = ()
    absent: frozenset[str] = frozenset()
    stays: Mapping[str, Reason] = field(default_factory=dict)
    guardrails: Guardrails = NO_GUARDRAILS
    unlocked: str = "this manifest is not locked"
    repository_targets: frozenset[str] = frozenset()
