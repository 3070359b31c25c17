"""`tfinfra audit --live`: the runs that live, held against how they were made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tfinfra.errors import UsageError

if TYPE_CHECKING:
    from tfinfra.auditing.audit import Audited
    from tfinfra.lifecycle.attach.cloud_scope import CloudOptions
    from tfinfra.lifecycle.auditing.audit_run import AuditOptions


_OF_EVIDENCE = {
    "public_keys": "--public-key",
    "require_signature": "--require-signature",
    "full": "--full",
    "rebuild": "--rebuild",
    "allow_builds": "--allow-builds",
}


@dataclass(frozen=True)
class LiveOptions:
    """What the command line says of live runs; `every` is --all."""

    run: str | None
    live: bool
    every: bool
    asked: CloudOptions

    def require(self, evidence: AuditOptions) -> None:
        """Raises UsageError for options that contradict each other, or those of evidence."""
        if not self.live:
            if self.every or not self.asked.nothing:
                option = "--all" if self.every else "--cloud, --target and --subscription"
                raise UsageError(f"{option}: of live runs only", "add --live")
            if self.run is None:
                raise UsageError("there is no RUN or FOLDER to look at", "with --live --all all runs that live are")
            return
        if (self.run is None) != self.every:
            raise UsageError("--live looks at one RUN, or with --all at all that live", "name one of the two")
        if given := [option for name, option in _OF_EVIDENCE.items() if getattr(evidence, name)]:
            raise UsageError(f"{', '.join(given)}: of evidence only", "audit it without --live")


def audits_of(options: LiveOptions) -> list[Audited]:
    """The audit of each run that is meant. Raises UsageError, CredentialsError, ProvisioningError."""
    from tfinfra.auditing.audit import live_audited
    from tfinfra.cli.output import progress
    from tfinfra.lifecycle.auditing.live import all_live, one_live

    found = (
        all_live(options.asked, progress) if options.run is None else [one_live(options.run, options.asked, progress)]
    )
    return [live_audited(one.run, one.found) for one in found]
