"""What Pulumi made, by its states and by the event log, which its engine told while it made it."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.loosely import text
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.run_files import in_run
from tfinfra.evidence import names

_FILE = in_run(names.STACKS)
_OF_AZURE = "azure-native:"


def told_of(evidence: Evidence) -> Iterator[Finding]:
    """The event log has each resource of the states."""
    told = {text(event.fields.get("text")) for event in evidence.called("resource")}
    if not told:
        return  # the log of another machine, or of a run that came to nothing
    for stack in (evidence.stacks or {}).values():
        for resource in stack.resources:
            name = f"{resource.type.rpartition(':')[2]} {resource.urn.rpartition('::')[2]}"
            if resource.type.startswith(_OF_AZURE) and name not in told:
                sentence = f"{_FILE} has the resource '{name}', and the event log does not tell that it was made"
                yield Finding("TFA257", Verdict.FOREIGN, name, sentence, _FILE)


def of_this_run(evidence: Evidence) -> Iterator[Finding]:
    """Each resource is of a stack of this run."""
    begin = f"urn:pulumi:{evidence.run_id}-"
    for part, stack in (evidence.stacks or {}).items() if evidence.run_id is not None else ():
        odd = next((each.urn for each in stack.resources if not each.urn.startswith(begin)), None)
        if odd is not None:
            sentence = f"{_FILE}: {part} has resources of another stack than one of {evidence.run_id}"
            yield Finding("TFA257", Verdict.FOREIGN, part, sentence, _FILE, was=begin, now=odd[:80])


CHECKS: tuple[Check, ...] = (told_of, of_this_run)
