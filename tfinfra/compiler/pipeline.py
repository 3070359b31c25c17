"""The compiler's passes in order: read this first.

read (compiler/load.py, manifest/) → check the shape → choose the target → resolve → check the rules → plan → render.
All passes but the first are pure, and none stops at its first error: what is wrong is said at once, in file order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tfinfra.backends.registry import backend
from tfinfra.compiler.access_rules import access_findings
from tfinfra.compiler.compute_rules import compute_findings
from tfinfra.compiler.conda_rules import conda_findings
from tfinfra.compiler.credential_rules import credential_findings
from tfinfra.compiler.data_rules import data_findings
from tfinfra.compiler.discreet import discreet
from tfinfra.compiler.gpu_rules import gpu_rule_findings
from tfinfra.compiler.inputs import Inputs, KnownPrices, shipped_prices
from tfinfra.compiler.order import in_file_order
from tfinfra.compiler.places import Places
from tfinfra.compiler.plan import make_plan
from tfinfra.compiler.requirements import framework_findings, requirement_findings, source_build_findings
from tfinfra.compiler.resolve import resolve
from tfinfra.compiler.resolved import resolved_text
from tfinfra.compiler.rules import manifest_findings
from tfinfra.compiler.script import Script, read_script
from tfinfra.compiler.script_rules import Dialect, ScriptRules, choose_dialect
from tfinfra.compiler.source_rules import source_findings
from tfinfra.compiler.targets import Chosen, capacity_errors, choose_target, gpu_findings, gpus_per_node
from tfinfra.compiler.task_rules import task_findings, too_many
from tfinfra.errors import Diagnostic, ManifestError, NotFeasible, Severity
from tfinfra.manifest.document import error_at
from tfinfra.manifest.manifest import Manifest, manifest_of
from tfinfra.manifest.shape import manifest_errors, top_key
from tfinfra.model import Plan, Spec

__all__ = ["Checked", "Compiled", "Inputs", "check_manifest", "compile_manifest"]

_NOT_FEASIBLE = {"TFI403", "TFI405", "TFI413", "TFI630", "TFI631"}


@dataclass(frozen=True)
class Checked:
    """A manifest without errors and its plan; `diagnostics` are its warnings and notices, in file order."""

    manifest: Manifest
    spec: Spec
    plan: Plan
    diagnostics: tuple[Diagnostic, ...]
    places: Places


@dataclass(frozen=True)
class Compiled:
    """What `plan` shows and `up` runs. `tree` is the deploy folder, {path: text}; `source_root` is absolute, and so are
    the local inputs' paths in `data`, by name; `places` tells the lines of what is found later; `prices` gives what its
    rules went by."""

    manifest: Manifest
    spec: Spec
    plan: Plan
    tree: dict[str, str]
    diagnostics: tuple[Diagnostic, ...]
    source_root: Path
    places: Places
    data: Mapping[str, Path] = field(default_factory=dict)
    prices: Callable[[], KnownPrices] = shipped_prices


def check_manifest(inputs: Inputs) -> Checked:
    """The passes up to the plan. Raises ManifestError (NotFeasible, where no more than that is wrong) with all errors
    and warnings at once, in file order."""
    shape = manifest_errors(inputs.document)
    manifest = manifest_of(inputs.document, frozenset(top_key(d, inputs.document) for d in shape))
    script = read_script(inputs.source.modules)
    dialect = choose_dialect(manifest, script)
    chosen = choose_target(manifest, inputs)
    found = [*inputs.diagnostics, *shape, *_check(manifest, inputs, script, dialect, chosen)]
    if chosen.target is None or chosen.size is None or any(d.is_error for d in found if d.code not in _PLANNABLE):
        raise _error(inputs, found)
    spec = resolve(manifest, inputs, chosen.target, dialect)
    found += too_many(manifest, spec)
    _refuse(inputs, [d for d in found if d.code not in _PLANNABLE])
    gpus = gpus_per_node(manifest, chosen, inputs)
    tasks = backend(spec.backend).tasks(spec, gpus)
    found += task_findings(manifest, chosen, spec, tasks, gpus)
    plan = make_plan(spec, tasks, gpus)
    found += _money(manifest, inputs, spec, plan)
    _refuse(inputs, found)
    return Checked(manifest, spec, plan, _told(inputs, found), Places(manifest.document, chosen))


def compile_manifest(inputs: Inputs) -> Compiled:
    """All passes. Raises as `check_manifest` does."""
    from tfinfra.compiler.render import render

    checked = check_manifest(inputs)
    tree = render(checked.plan, resolved_text(checked.manifest, checked.spec))
    root = inputs.source.root
    return Compiled(
        manifest=checked.manifest,
        spec=checked.spec,
        plan=checked.plan,
        tree=tree,
        diagnostics=checked.diagnostics,
        source_root=root,
        places=checked.places,
        data={name: found.path for name, found in inputs.data.items()},
        prices=inputs.prices,
    )


_PLANNABLE = {
    *("TFI302", "TFI304", "TFI305", "TFI306", "TFI307", "TFI308", "TFI309", "TFI313", "TFI318"),
    *("TFI319", "TFI320", "TFI321"),
    *("TFI405", "TFI406", "TFI416", "TFI501", "TFI650", "TFI660"),
    *("TFI670", "TFI672", "TFI673", "TFI674", "TFI675", "TFI678", "TFI679"),
    *("TFI700", "TFI701", "TFI702", "TFI703", "TFI704", "TFI705", "TFI706", "TFI707", "TFI708"),
    *("TFI720", "TFI721", "TFI723", "TFI724", "TFI725", "TFI726"),
}
"""Errors that leave the tasks as they are: those are looked at too, so that all errors come at once."""


def _check(
    manifest: Manifest, inputs: Inputs, script: Script, dialect: Dialect | None, chosen: Chosen
) -> Iterable[Diagnostic]:
    yield from manifest_findings(manifest, inputs.stem)
    yield from chosen.diagnostics
    yield from access_findings(chosen, own_cloud=inputs.own_cloud)
    yield from capacity_errors(manifest, chosen)
    yield from gpu_findings(manifest, chosen, inputs)
    yield from compute_findings(manifest, chosen)
    yield from gpu_rule_findings(manifest, chosen)
    yield from source_findings(manifest, inputs)
    yield from data_findings(manifest, inputs, chosen.target)
    yield from requirement_findings(manifest, inputs)
    yield from source_build_findings(manifest)
    yield from conda_findings(manifest, inputs)
    yield from credential_findings(manifest, inputs)
    yield from framework_findings(manifest)
    if manifest.sound("distributed_backend", "tf_config", "framework_version"):
        yield from ScriptRules(manifest, inputs.source, script, dialect).findings()
    if dialect and dialect.reason:
        path = ("tf_config",) if "tf_config" in manifest.given else ("distributed_backend",)
        message = f"tf_config is {dialect.name}: {dialect.reason}"
        yield error_at(manifest.document, "TFI310", path, message, severity=Severity.NOTICE)


def _money(manifest: Manifest, inputs: Inputs, spec: Spec, plan: Plan) -> Iterable[Diagnostic]:
    if manifest.limits.max_cost_usd is None:
        return ()
    from tfinfra.compiler.money_rules import money_findings

    return money_findings(manifest, spec.target, plan, inputs.prices(), rehearse=inputs.rehearse)


def _refuse(inputs: Inputs, found: list[Diagnostic]) -> None:
    if any(d.is_error for d in found):
        raise _error(inputs, found)


def _told(inputs: Inputs, found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """`found` in file order, without a word of files that lie outside of the manifest's folder."""
    return tuple(discreet(d, inputs.source) for d in in_file_order(inputs, found))


def _error(inputs: Inputs, found: list[Diagnostic]) -> ManifestError | NotFeasible:
    """The exception for `found`; which kind decides the exit code."""
    ordered = _told(inputs, found)
    errors = [d for d in ordered if d.is_error]
    kind = NotFeasible if all(d.code in _NOT_FEASIBLE for d in errors) else ManifestError
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return kind(f"{errors[0].message}{more}", errors[0].hint, ordered)
