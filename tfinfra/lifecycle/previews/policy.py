"""What policy packs say of a manifest: its stacks previewed, each finding at the line that caused the resource."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from tfinfra.compiler.deploy.write import write_tree
from tfinfra.compiler.lines.causes import cause_of
from tfinfra.compiler.lines.file_order import in_file_order
from tfinfra.compiler.lines.plan_lines import plan_diagnostic
from tfinfra.compiler.pipeline import Compiled
from tfinfra.engine.policy.made_ready import made_ready
from tfinfra.engine.policy.pack import FAILED
from tfinfra.engine.policy.preview import ADVISORY, MANDATORY, REMEDIATE, UNKNOWN, PackFailure, Violation
from tfinfra.errors import Diagnostic, Position, Severity
from tfinfra.lifecycle.previews.stacks import StackPreview, preview_engine, preview_stacks
from tfinfra.manifest.codes import refusal
from tfinfra.system.progress import Progress

_CODES = {MANDATORY: "TFI464", ADVISORY: "TFI465", UNKNOWN: "TFI466", REMEDIATE: "TFI467"}


def packs_of(compiled: Compiled) -> dict[Path, str]:
    """The folders of policy packs that the guardrails name, each with who names it."""
    found: dict[Path, str] = {}
    for file in compiled.facts.project.guardrails.files:
        named = file.at("policy")
        found |= {folder.resolve(): f"guardrail {named.name} ({named.file}:{named.line})" for folder in file.policy}
    return found


def check_policy(compiled: Compiled, progress: Progress, by_hand: Path | None = None) -> tuple[Diagnostic, ...]:
    """The warnings of the guardrails' policy packs on the stacks of the manifest, as they are compiled: a deploy folder
    may lie in a repository, and hold what others put there. Those of `by_hand`, a deploy folder that somebody has
    changed, are judged besides. Raises ManifestError with all that they forbid, and where one cannot be run."""
    packs = packs_of(compiled)
    if not packs:
        return ()
    from tfinfra.engine.tool.toolchain import ensure_cli

    ensure_cli(progress)
    progress("the policy packs look at both stacks")
    with ExitStack() as ending:
        engine = ending.enter_context(closing(preview_engine()))
        staged = ending.enter_context(made_ready(packs, progress))
        own = Path(ending.enter_context(TemporaryDirectory(prefix="tfinfra-")))
        write_tree(compiled.tree, own)
        folders = [own] if by_hand is None else [own, by_hand]
        previews = [one for each in folders for one in preview_stacks(compiled, each, engine, packs=staged)]
        return policy_warnings(compiled, previews)


def policy_warnings(compiled: Compiled, previews: Iterable[StackPreview]) -> tuple[Diagnostic, ...]:
    """The warnings of the packs that judged these previews. Raises ManifestError with all that they forbid."""
    found = policy_diagnostics(compiled, previews, packs_of(compiled))
    if any(d.is_error for d in found):
        raise refusal(found)
    return found


def policy_diagnostics(
    compiled: Compiled, previews: Iterable[StackPreview], packs: Mapping[Path, str]
) -> tuple[Diagnostic, ...]:
    """What the packs have said in these previews, in file order, each once."""
    said: dict[Diagnostic, None] = {}
    seen: set[tuple[str, Violation]] = set()
    for stack in previews:
        for violation in stack.preview.violations:
            if (stack.part, violation) not in seen:  # another choice of the same plan breaks the same rule
                seen.add((stack.part, violation))
                said[_of_violation(compiled, stack, violation, packs)] = None
        for failure in stack.preview.failures:
            said[_of_failure(failure, packs)] = None
    return in_file_order(compiled.facts.project, said)


def _of_violation(
    compiled: Compiled, stack: StackPreview, violation: Violation, packs: Mapping[Path, str]
) -> Diagnostic:
    what = f"{violation.type.rpartition(':')[2]} '{violation.name}' of the" if violation.name else "the whole"
    choice = ""
    if stack.choice:
        other = compiled.plan.alternatives[stack.choice - 1]
        choice = f" that is tried with {other.vm_size} in {other.location}"
    message = f"policy '{violation.policy}' of pack '{violation.pack}': {violation.message}"
    if violation.level == REMEDIATE:
        message = f"policy '{violation.policy}' of pack '{violation.pack}' would change it: {violation.message}"
    message = f"{message} ({what} {stack.part} stack{choice})"
    hint = f"the pack is of {', '.join(dict.fromkeys(packs.values()))}"
    if violation.level == REMEDIATE:
        hint = f"write into the manifest what it asks for: tfinfra changes no resource by policy; {hint}"
    severity = Severity.ERROR if violation.level in (MANDATORY, REMEDIATE) else Severity.WARNING
    key = cause_of(stack.part, violation.name, f"{violation.policy} {violation.message}")
    found = plan_diagnostic(
        compiled.facts,
        _CODES[violation.level],
        key,
        message,
        hint,
        severity=severity,
    )
    return found if found.position else _at_the_script(compiled, found)


def _at_the_script(compiled: Compiled, found: Diagnostic) -> Diagnostic:
    """Where the manifest names neither target nor size, it is the run as a whole: the one key that it must have."""
    return replace(found, path="entry_script", position=compiled.facts.document.value(("entry_script",)))


def _of_failure(failure: PackFailure, packs: Mapping[Path, str]) -> Diagnostic:
    """At the pack's own line: there is no fault of the manifest's."""
    folder = Path(failure.folder)
    named = packs.get(folder) or packs.get(folder.parent) or ", ".join(dict.fromkeys(packs.values()))
    position = Position(failure.file, failure.line, 1) if failure.file and failure.line else None
    what = f"the policy pack {folder}" if failure.folder else "one of the policy packs"
    message = f"{what} could not judge: {failure.why}"
    hint = f"what a pack does not judge is refused: mend the pack ({named})"
    return Diagnostic(FAILED, Severity.ERROR, message, "policy", position, hint)
