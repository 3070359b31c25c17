"""What is known of a manifest: each pass of the pipeline adds to it, and a rule looks at nothing else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from tfinfra.compiler.environment_modules import EnvironmentModules
from tfinfra.compiler.project import Project
from tfinfra.compiler.source.dialect import Dialect
from tfinfra.compiler.source.script import Script
from tfinfra.compiler.target.chosen import ChosenTarget
from tfinfra.errors import Diagnostic
from tfinfra.manifest.document import Document
from tfinfra.manifest.manifest import Manifest
from tfinfra.model import Plan, Spec, Task


@dataclass(frozen=True)
class AtLaunch:
    """What only `up` knows, just before it goes to a cloud. `secrets` are the names that are set, and `checkpoints`
    whether the run to resume from has any: both None until they were looked up. `unmountable` are the inputs that
    cannot be mounted, {name: the file at fault}. `provisions`: resources are about to be made, or validated by ARM.
    `modules` is what the environment has, once it is locked. `unattended`: no client stays with the run, from its
    first node on. `unlocked`: a run is about to begin that is held against no lock."""

    provisions: bool = False
    secrets: Collection[str] | None = None
    checkpoints: bool | None = None
    unmountable: Mapping[str, str] = field(default_factory=dict)
    modules: EnvironmentModules | None = None
    unattended: bool = False
    unlocked: bool = False


@dataclass(frozen=True)
class Facts:
    """`shape` are the errors of the manifest's shape. `spec`, `tasks` and `plan` are None where errors make them
    impossible. `gpus` is how many GPUs of each node tasks may use. `found` is all that the rules have said."""

    project: Project
    manifest: Manifest
    shape: tuple[Diagnostic, ...]
    script: Script
    dialect: Dialect | None
    chosen: ChosenTarget
    spec: Spec | None = None
    gpus: int = 0
    tasks: tuple[Task, ...] | None = None
    plan: Plan | None = None
    found: tuple[Diagnostic, ...] = ()
    launch: AtLaunch = field(default_factory=AtLaunch)

    @property
    def document(self) -> Document:
        """The manifest as it is written."""
        return self.manifest.document

    @property
    def is_refused(self) -> bool:
        return any(d.is_error for d in self.found)


Rule = Callable[[Facts], Iterator[Diagnostic]]
"""Says what is wrong with the facts; every one is named in the RULES of its file in compiler/rules/."""
