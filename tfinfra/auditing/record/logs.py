"""The logs of tasks and agents at home, as logs.sha256 has them."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.run_files import in_run
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
        if name not in logs and (name in files.unread or name in files.odd):
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
    if evidence.plan is None or evidence.log_sums is None:
        return
    known = {task.name for task in evidence.plan.tasks}
    for name in sorted(evidence.log_sums):
        folder, _, file = name.removeprefix("../").partition("/")
        task, _, kind = file.rpartition(".")
        if folder == "tasks" and kind == "log" and task not in known:
            sentence = f"logs.sha256 lists {name}, the log of a task that the plan does not have"
            yield Finding("TFA243", Verdict.FOREIGN, name, sentence, in_run(names.LOG_SUMS))


def as_timed(evidence: Evidence) -> Iterator[Finding]:
    """A log has as many bytes as had come when its last piece came, by the times beside it."""
    for name, data in evidence.files.log_times.items():
        log = f"{name.removesuffix('.times')}.log"
        last = data.splitlines()[-1].split()[:1] if data.strip() else []
        size = evidence.files.sizes.get(log)
        if size is None or not last or not last[0].isdigit() or len(last[0]) > 18:
            continue
        if int(last[0]) > size:
            sentence = f"the log {log} has {size} bytes, and had {int(last[0])} by the times beside it"
            yield Finding("TFA244", Verdict.CHANGED, log, sentence, log, was=str(int(last[0])), now=str(size))


CHECKS: tuple[Check, ...] = (as_listed, of_each_task, as_timed)
