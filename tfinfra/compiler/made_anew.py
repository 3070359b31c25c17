"""A deploy folder made anew out of a manifest that somebody else resolved, by the passes alone: no source directory, no
file of targets and no price is looked at, and no rule is asked whether the run may be."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tfinfra.compiler.deploy.render import render
from tfinfra.compiler.facts import Facts
from tfinfra.compiler.pipeline import placed, planned, read, resolved
from tfinfra.compiler.project import Project, SourceDirectory
from tfinfra.compiler.resolved import resolved_text
from tfinfra.errors import Diagnostic, ManifestError, NotFeasible
from tfinfra.locking.as_manifest import with_sources
from tfinfra.locking.read import EXAMPLE, LIMITS
from tfinfra.manifest.codes import refusal
from tfinfra.manifest.key_schema import LOCK
from tfinfra.manifest.reading.reader import read_document
from tfinfra.model import PackageSources, Requirements


@dataclass(frozen=True)
class OfItsMaker:
    """What a resolved manifest does not say, of the machine that compiled it: where packages come from, the GPUs of a
    local target, and what a file of requirements asks for."""

    sources: PackageSources
    gpus: int
    requirements: Requirements


@dataclass(frozen=True)
class MadeAnew:
    """The deploy folder, {path: text}, and what of it nobody could make anew: a sentence's rest each."""

    tree: dict[str, str]
    taken: tuple[str, ...] = ()


def made_anew(data: bytes, file: str, maker: OfItsMaker) -> MadeAnew:
    """What the resolved manifest, or the lock, in `data` makes; messages call it `file`. Raises ManifestError where it
    is neither."""
    document, faults = read_document(data, file, EXAMPLE, LIMITS)
    document = with_sources(document, maker.sources)
    document = replace(document, data={key: value for key, value in document.data.items() if key != LOCK})
    nowhere = SourceDirectory(Path(os.devnull), exists=False)
    facts = resolved(read(Project(document, stem="", source=nowhere, machine_gpus=maker.gpus)))
    if facts.spec is None or faults:
        raise _refused((*faults, *facts.shape, *facts.chosen.diagnostics), "it makes no deploy folder")
    if _asks_by_file(facts):
        facts = replace(facts, spec=replace(facts.spec, requirements=maker.requirements))
    facts = planned(placed(facts))
    if facts.spec is None or facts.plan is None:
        raise _refused((), "it has more tasks than a run coordinates")
    return MadeAnew(render(facts.plan, resolved_text(facts.manifest, facts.spec)), tuple(_taken(facts)))


def _refused(found: tuple[Diagnostic, ...], otherwise: str) -> ManifestError | NotFeasible:
    wrong = tuple(each for each in found if each.is_error)
    return refusal(wrong) if wrong else ManifestError(otherwise)


def _asks_by_file(facts: Facts) -> str | None:
    return facts.manifest.pip_requirements_file or facts.manifest.conda_dependencies_file


def _taken(facts: Facts) -> Iterator[str]:
    if file := _asks_by_file(facts):
        yield f"the packages that '{file}' asks for, whose text is no evidence"
    spec, size = facts.spec, facts.chosen.size
    if spec and size and spec.use_gpu and spec.target.cloud == "local" and not size.gpus:
        yield "the GPUs of the machine that compiled it"
