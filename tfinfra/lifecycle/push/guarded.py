"""What holds for a run that is pushed to as for one that `tfinfra up` makes: policy packs, and guardrails on the runs
that live together."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tfinfra.cloud import Cloud
from tfinfra.compiler.deploy.write import differences
from tfinfra.compiler.lines.file_order import in_file_order
from tfinfra.compiler.pipeline import Compiled
from tfinfra.errors import Diagnostic, Severity
from tfinfra.lifecycle.live_guardrails import live_breaches
from tfinfra.lifecycle.previews.policy import check_policy
from tfinfra.manifest.codes import refusal
from tfinfra.system.progress import Progress


def heed_policy(compiled: Compiled, deploy: Path, tell: Progress) -> None:
    """Has the packs judge what the manifest compiles to, and the deploy folder too where that is another program: it is
    what makes the resources. Raises ManifestError with what they forbid; `tell` hears what they advise."""
    tell_of(check_policy(compiled, tell, deploy if differences(compiled.tree, deploy) else None), tell)


def heed_live_runs(compiled: Compiled, cloud: Cloud, tell: Progress) -> None:
    """Asks what lives beside the run, where it is on Azure or rehearses that. Raises ManifestError where there is no
    room for it, CredentialsError."""
    if compiled.spec.target.cloud == "local":
        return
    answer = live_breaches(compiled, cloud)
    if answer.found:
        raise refusal(in_file_order(compiled.facts.project, answer.found))
    for line in answer.told:
        tell(line)


def tell_of(found: Iterable[Diagnostic], tell: Progress) -> None:
    """Tells of warnings and notices, a line each."""
    for one in found:
        tell(f"warning: {one.in_a_line}" if one.severity is Severity.WARNING else one.in_a_line)
