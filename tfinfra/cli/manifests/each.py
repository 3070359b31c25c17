"""A verb's work on each manifest that it was given: one after the other, and none hides another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tfinfra.cli.manifests.given import Chosen, Given, chosen_manifests
from tfinfra.cli.manifests.options import Asked
from tfinfra.cli.manifests.outcome import Outcome, exit_code_of
from tfinfra.cli.manifests.reports import refuse_overwriting, write_reports
from tfinfra.cli.manifests.telling import tell_all, tell_one
from tfinfra.cli.output import print_diagnostics, print_document, reader_has_gone
from tfinfra.errors import Diagnostic, DifferenceFound, ManifestError, NotFeasible, TfinfraError
from tfinfra.system.process.interruption import is_behind

if TYPE_CHECKING:
    from tfinfra.cli.manifests.change import Change
    from tfinfra.compiler.pipeline import CheckedManifest, Compiled
    from tfinfra.compiler.project import Project


@dataclass
class One:
    """The manifest that a verb works on, and what it has said of it so far."""

    given: Given
    asked: Asked
    said: list[Diagnostic] = field(default_factory=list)
    change: Change | None = None

    def load(self, *, target: str | None = None, rehearse: bool = False) -> Project:
        """The manifest with all that belongs to it. Raises ManifestError where it cannot be read, and its fault."""
        return self.given.load(target=target, rehearse=rehearse, guardrails=self.asked.guardrails)

    def judge(self, found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
        """Tells of what was found, as the command line has it, and returns it. Raises ManifestError for what is
        denied: there is no result of such a manifest."""
        from tfinfra.manifest.codes import refusal

        found = tuple(found)
        judged = self.asked.levels.applied(found)
        if any(map(self.asked.levels.denies, found)):
            refused = refusal(judged)
            raise ManifestError(refused.message, refused.hint, judged)
        print_diagnostics(judged)
        self.said += judged
        return judged

    def note(self, checked: CheckedManifest | Compiled) -> None:
        """Compares the manifest with what it was, where a report tells of that: before anything is written."""
        if self.asked.reports.markdown:
            from tfinfra.cli.manifests.change import change_of

            self.change = change_of(self.given, checked, self.asked.reports.base, self.asked.target)

    def show(self, *lines: str) -> None:
        """Lines for a person, where stdout is theirs."""
        if not self.asked.as_json and not self.asked.reports.take_stdout:
            from tfinfra.cli.output import show

            show(*lines)


Work = Callable[[One], dict[str, Any]]
"""What a verb does with one manifest; its document of it."""


def each_manifest(verb: str, asked: Asked, work: Work, chosen: Chosen | None = None) -> int:
    """Does the work for each of them, tells how each ended, and returns the verb's exit code. Of a manifest that was
    named alone it prints the verb's own document, and raises the error that ended it. `chosen` are the manifests, where
    they were looked for already."""
    chosen = chosen or chosen_manifests(asked.words)
    refuse_overwriting(asked.reports, chosen.manifests)
    outcomes = []
    for given in chosen.manifests:
        outcome = _outcome(One(given, asked), work)
        outcomes.append(outcome)
        if not chosen.alone:
            tell_one(outcome, asked)
    code = exit_code_of(outcomes)
    try:
        write_reports(verb, asked.reports, outcomes, code, _gone(asked, chosen.manifests))
    except Exception:  # a report that cannot be written hides no error
        if chosen.alone:
            tell_one(outcomes[0], asked)
        raise
    if not chosen.alone:
        tell_all(verb, outcomes, code, asked)
        return code
    (only,) = outcomes
    if only.error is not None:
        raise only.error
    if asked.as_json:
        print_document(verb, only.document)
    return 0


def _gone(asked: Asked, manifests: Iterable[Given]) -> dict[str, Change]:
    """What the base has and the folders that were named have not, where a report tells of it."""
    if asked.reports.base is None:
        return {}
    from tfinfra.cli.manifests.change import gone_manifests

    return gone_manifests(asked.words, manifests, asked.reports.base, asked.target)


def _outcome(one: One, work: Work) -> Outcome:
    """How the work on one manifest ended. An interruption, and a reader that has gone, end the verb."""
    began = time.monotonic()
    document, error = None, None
    try:
        document = work(one)
    except Exception as raised:
        if is_behind(raised) or reader_has_gone(raised):
            raise
        from tfinfra.cli.ending import known_error

        error = _judged(known_error(raised, one.asked.arguments), one.asked)
    found = tuple(dict.fromkeys([*one.said, *(error.diagnostics if error else ())]))
    change = None if error is not None and error.exit_code != DifferenceFound.exit_code else one.change
    seconds, is_manifest = time.monotonic() - began, one.given.fault is None
    return Outcome(one.given.shown, found, document, error, change, seconds, is_manifest)


def _judged(error: TfinfraError, asked: Asked) -> TfinfraError:
    """The error, with its diagnostics as the command line has them. What is denied is a fault of the manifest, which
    goes before what the cloud lacks."""
    found = asked.levels.applied(error.diagnostics)
    if isinstance(error, NotFeasible) and any(map(asked.levels.denies, error.diagnostics)):
        return ManifestError(error.message, error.hint, found).detailed(**error.details)
    error.diagnostics = found
    return error
