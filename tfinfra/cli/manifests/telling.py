"""How several manifests ended, for a person and as one document."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tfinfra.cli.manifests.options import Asked
from tfinfra.cli.manifests.outcome import Outcome
from tfinfra.cli.output import error_document, print_document, result_line
from tfinfra.documents.heading import headed
from tfinfra.text.wording import count


def tell_one(outcome: Outcome, asked: Asked) -> None:
    """The error that ended one of several manifests, as soon as it is known."""
    if outcome.error is None:
        return
    if not any(each.position for each in outcome.error.diagnostics):
        result_line(f"{outcome.manifest}:")
    from tfinfra.cli.ending import tell

    tell(outcome.error, asked.arguments)


def tell_all(verb: str, outcomes: Sequence[Outcome], exit_code: int, asked: Asked) -> None:
    """The end: which of them failed, each with its exit code, or the document of all."""
    if asked.as_json:
        print_document("manifests", manifests_document(verb, outcomes, exit_code))
    manifests = [outcome for outcome in outcomes if outcome.is_manifest]
    failed = [outcome for outcome in manifests if outcome.error is not None]
    if failed:
        _tell_exits(f"{len(failed)} of {count(len(manifests), 'manifest')} failed:", failed)
    without = [outcome for outcome in outcomes if not outcome.is_manifest]
    if without and len(outcomes) > 1:  # of a folder that was named alone its error has said it
        _tell_exits(f"{count(len(without), 'folder')} gave no manifest:", without)


def _tell_exits(line: str, outcomes: Sequence[Outcome]) -> None:
    result_line(line)
    for outcome in outcomes:
        result_line(f"  {outcome.manifest} (exit {outcome.exit_code})")


def manifests_document(verb: str, outcomes: Sequence[Outcome], exit_code: int) -> dict[str, Any]:
    """What `--json` prints of several manifests: of each the verb's own document, or that of its error."""
    return {
        "verb": verb,
        "exit_code": exit_code,
        "manifests": [
            {"manifest": outcome.manifest, "exit_code": outcome.exit_code, **_document(verb, outcome)}
            for outcome in outcomes
        ],
    }


def _document(verb: str, outcome: Outcome) -> dict[str, Any]:
    return headed("error", error_document(outcome.error)) if outcome.error else headed(verb, outcome.document or {})
