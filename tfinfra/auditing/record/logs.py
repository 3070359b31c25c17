"""The logs of tasks and agents at home, as logs.sha256 has them."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.loosely import mapping, mappings
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.evidence import names


def as_listed(evidence: Evidence) -> Iterator[Finding]:
    """Each log has its digest. One that came later is no fault, and is said."""
    listed, files = evidence.log_sums, evidence.files
    if listed is None:
        return
    logs = {name: digest for name, digest in files.digests.items() if name.partition("/")[0] in names.LOGS}
    if files.alone and not logs:
        return  # that nothing lies beside the evidence is said of the outputs
    for name, digest in sorted((name.removeprefix("../"), digest) for name, digest in listed.items()):
        if name in files.unread or name in files.odd:
            continue
        if name not in logs:
            yield Finding("TFA241", Verdict.MISSING, name, f"the log {name} is gone", name, was=digest)
        elif logs[name] != digest:
            sentence = f"the log {name} was changed: lines were removed, added or replaced"
            yield Finding("TFA240", Verdict.CHANGED, name, sentence, name, was=digest, now=logs[name])
    for name in sorted(logs.keys() - {each.removeprefix("../") for each in listed}):
        sentence = f"the log {name} came after the evidence was written: nothing is known of it"
        yield Finding("TFA242", Verdict.UNVERIFIABLE, name, sentence, name)


def of_each_task(evidence: Evidence) -> Iterator[Finding]:
    """No log is of a task that the plan does not have."""
    tasks = mappings(mapping(evidence.statement.plan if evidence.statement is not None else None).get("tasks"))
    if not tasks or evidence.log_sums is None:
        return
    known = {str(task.get("name")) for task in tasks}
    for name in sorted(evidence.log_sums):
        folder, _, file = name.removeprefix("../").partition("/")
        task, _, kind = file.rpartition(".")
        if folder == "tasks" and kind == "log" and task not in known:
            sentence = f"logs.sha256 lists {name}, the log of a task that the plan does not have"
            yield Finding("TFA243", Verdict.FOREIGN, name, sentence, f"{names.FOLDER}/{names.LOG_SUMS}")


CHECKS: tuple[Check, ...] = (as_listed, of_each_task)
