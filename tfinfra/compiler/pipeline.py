"""The compiler's passes in order: read this first.

load.py reads before them and write.py writes after them; everything between is pure. A pass takes what is known of a
manifest and returns it with more. None stops at an error: a pass makes what can still be made, every rule looks at the
result, and all errors are reported at once, in file order.

    read → resolved → placed → planned → ruled → render
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tfinfra.compiler.facts import AtLaunch, Facts
from tfinfra.compiler.lines.file_order import in_file_order
from tfinfra.compiler.make_plan import make_plan, place_tasks
from tfinfra.compiler.project import KnownPrices, Project, shipped_prices
from tfinfra.compiler.resolve import resolve
from tfinfra.compiler.resolved import resolved_text
from tfinfra.compiler.rules import RULES, launch
from tfinfra.compiler.rules.scripts import environment
from tfinfra.compiler.source.dialect import choose_dialect
from tfinfra.compiler.source.foreign_files import without_foreign_text
from tfinfra.compiler.source.script import read_script
from tfinfra.compiler.target.chosen import choose_target, gpus_per_node
from tfinfra.errors import Diagnostic
from tfinfra.manifest.codes import refusal
from tfinfra.manifest.manifest import Manifest, manifest_of
from tfinfra.manifest.shape import manifest_errors, top_key, wrong_places
from tfinfra.manifest.words.odd_values import odd_values, with_odd_named
from tfinfra.model import Plan, Spec
from tfinfra.travel.survey import Survey

__all__ = ["PASSES", "CheckedManifest", "Compiled", "Project", "check_launch", "check_manifest", "compile_manifest"]

Pass = Callable[[Facts], Facts]


def read(project: Project) -> Facts:
    """Text → Manifest, and which target and which dialect it means."""
    shape = manifest_errors(project.document)
    document = replace(project.document, wrong=wrong_places(project.document, shape))
    manifest = manifest_of(document, frozenset(top_key(d, document) for d in shape))
    script = read_script(project.source.modules, project.source.reach)
    chosen = choose_target(manifest, project)
    return Facts(project, manifest, shape, script, choose_dialect(manifest, script), chosen)


def resolved(facts: Facts) -> Facts:
    """Manifest + target → Spec. Skipped where the shape is wrong: too little is known then."""
    target = facts.chosen.target
    if facts.shape or target is None or facts.chosen.size is None:
        return facts
    return replace(facts, spec=resolve(facts.manifest, facts.project, target, facts.dialect))


def placed(facts: Facts) -> Facts:
    """Spec → tasks."""
    if facts.spec is None:
        return facts
    gpus = gpus_per_node(facts.manifest, facts.chosen, facts.project)
    return replace(facts, gpus=gpus, tasks=place_tasks(facts.spec, gpus))


def planned(facts: Facts) -> Facts:
    """Spec + tasks → Plan."""
    if facts.spec is None or facts.tasks is None:
        return facts
    return replace(facts, plan=make_plan(facts.spec, facts.tasks, facts.gpus))


def ruled(facts: Facts) -> Facts:
    """What the reader, the schema and every rule say."""
    found = [*facts.project.diagnostics, *facts.shape, *(d for rule in RULES for d in rule(facts))]
    warned = (odd for odd in odd_values(facts.manifest.document, facts.shape) if not odd.is_error)
    named = with_odd_named(facts.manifest.document, [*found, *warned])
    return replace(facts, found=_shown(facts.project, [*named]))


PASSES: tuple[Pass, ...] = (resolved, placed, planned, ruled)
"""What happens between `read` and `render`."""


@dataclass(frozen=True)
class CheckedManifest:
    """A manifest without errors and its plan; `diagnostics` are its warnings and notices, in file order."""

    facts: Facts
    spec: Spec
    plan: Plan
    diagnostics: tuple[Diagnostic, ...]

    @property
    def manifest(self) -> Manifest:
        return self.facts.manifest


@dataclass(frozen=True)
class Compiled:
    """What `plan` shows and `up` runs. `tree` is the deploy folder, {path: text}; `source_root` is absolute, `travels`
    says which files of it go to the nodes; the local inputs' paths in `data`, by name, are absolute too; `prices` gives
    the prices that its rules used."""

    facts: Facts
    spec: Spec
    plan: Plan
    tree: dict[str, str]
    diagnostics: tuple[Diagnostic, ...]
    source_root: Path
    data: Mapping[str, Path] = field(default_factory=dict)
    travels: Survey = field(default_factory=Survey)
    prices: Callable[[], KnownPrices] = shipped_prices

    @property
    def manifest(self) -> Manifest:
        return self.facts.manifest


def check_manifest(project: Project) -> CheckedManifest:
    """The passes up to the rules. Raises ManifestError (NotFeasible, where no more than that is wrong) with all errors
    and warnings at once, in file order."""
    facts = read(project)
    for step in PASSES:
        facts = step(facts)
    if facts.is_refused or facts.spec is None or facts.plan is None:
        raise refusal(facts.found)
    return CheckedManifest(facts, facts.spec, facts.plan, facts.found)


def compile_manifest(project: Project) -> Compiled:
    """All passes. Raises as `check_manifest` does."""
    from tfinfra.compiler.deploy.render import render

    checked = check_manifest(project)
    return Compiled(
        facts=checked.facts,
        spec=checked.spec,
        plan=checked.plan,
        tree=render(checked.plan, resolved_text(checked.manifest, checked.spec)),
        diagnostics=checked.diagnostics,
        source_root=project.source.root,
        data={name: found.path for name, found in project.data.items()},
        travels=project.travels,
        prices=project.prices,
    )


def draft(project: Project) -> tuple[Manifest, Spec, Plan] | None:
    """What a manifest means, whatever the rules say of it: to compare another one with. None where it means nothing."""
    facts = read(project)
    for step in (resolved, placed, planned):
        facts = step(facts)
    return None if facts.spec is None or facts.plan is None else (facts.manifest, facts.spec, facts.plan)


def check_launch(facts: Facts, at_launch: AtLaunch) -> tuple[Diagnostic, ...]:
    """What the rules on what only `up` knows say. Raises ManifestError with all that is wrong."""
    facts = replace(facts, launch=at_launch)
    rules = launch.RULES if at_launch.modules is None else environment.RULES
    found = _shown(facts.project, (d for rule in rules for d in rule(facts)))
    if any(d.is_error for d in found):
        raise refusal(found)
    return found


def _shown(project: Project, found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """`found` in file order, quoting no file outside of the manifest's folder."""
    return tuple(without_foreign_text(d, project.source) for d in in_file_order(project, found))
