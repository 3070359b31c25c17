"""Whether all records are of one run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.loosely import mapping, mappings
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.run_files import in_run
from tfinfra.auditing.signed.signer import model_run
from tfinfra.evidence import names
from tfinfra.evidence.bill import serial_number
from tfinfra.text.wording import apart

_COPIED = ("name", "cloud", "rehearse", "result", "message", "exit_code", "task", "exit_status")
"""What run.json beside the outputs says as the one in audit/ does; the rest goes on after the evidence was written."""
_OF_A_TASK = ("node", "state", "exit_status", "started", "ended", "attempt")
_CENT = 0.01
_OUTRANKS = 10
"""The exit code of a run of which something could not be deleted: that may show, or be mended, later."""


def one_run(evidence: Evidence) -> Iterator[Finding]:
    """Each record that names a run names the statement's."""
    run = evidence.run_id
    if run is None:
        return
    for file, other in _named(evidence):
        if other != run:
            sentence = f"{file} is about the run {other}, and the statement about {run}"
            yield Finding("TFA205", Verdict.FOREIGN, file, sentence, file, was=run, now=other)
    serial = evidence.bill.get("serialNumber")
    if evidence.bill and serial != serial_number(run):
        file = in_run(names.BILL)
        sentence = f"{file} has the serial number of another run than {run}"
        yield Finding("TFA205", Verdict.FOREIGN, file, sentence, file, was=serial_number(run), now=str(serial))


def the_one_asked_for(evidence: Evidence) -> Iterator[Finding]:
    """The statement is about the run that was asked for, and about the one that its folder is called by: whole evidence
    of another run, by the same signer, would be good in itself."""
    run, asked = evidence.run_id, evidence.files.asked
    if run is not None and asked is not None and run != asked:
        file = in_run(names.STATEMENT)
        sentence = f"{file} is about the run {run}, and this is to be {asked}"
        hint = f"the evidence of {run} lies here; a folder that you called so yourself needs another name"
        yield Finding("TFA205", Verdict.FOREIGN, file, sentence, file, hint=hint)


def _named(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """(file, the run that it names) of each record that names one."""
    if evidence.run:
        yield in_run(names.RUN), evidence.run["run"]
    for node in evidence.nodes:
        if node.evidence is not None:
            yield in_run(node.file), node.evidence.run
    if (signed := model_run(evidence)) is not None:
        yield in_run(names.MODEL_SIGNATURE), signed
    component = mapping(mapping(evidence.bill.get("metadata")).get("component"))
    if isinstance(component.get("name"), str):
        yield in_run(names.BILL), component["name"]
    beside = evidence.run_beside
    if isinstance(beside.get("run"), str):
        yield names.RUN, beside["run"]


def copy_beside(evidence: Evidence) -> Iterator[Finding]:
    """run.json beside the outputs, which people read, says of the run's end what the one in audit/ says."""
    beside, own = evidence.run_beside, evidence.run
    if beside.get("run") != own.get("run"):
        return
    if own.get("result") is None:
        if isinstance(beside.get("result"), str):
            sentence = f"the run has ended by {names.RUN} beside the outputs, and the evidence is of before"
            yield Finding("TFA206", Verdict.UNVERIFIABLE, names.RUN, sentence, names.RUN)
        return
    for key in _COPIED:
        if key in beside and key in own and beside[key] != own[key] and _OUTRANKS not in (beside[key], own[key]):
            yield _other(key, own[key], beside[key])
    yield from _of_its_parts(beside, own)
    tasks = _tasks(own)
    for task, said in _tasks(beside).items():
        for key in _OF_A_TASK if task in tasks else ():
            if key in said and key in tasks[task] and said[key] != tasks[task][key]:
                yield _other(f"{key} of {task}", tasks[task][key], said[key])


def _of_its_parts(beside: Mapping[str, Any], own: Mapping[str, Any]) -> Iterator[Finding]:
    """What no later fetch or deletion changes of parts: begin, environment, the nodes where they are known still, and
    what it cost, once nothing is billed any more."""
    for part, keys in (("times", ("started",)), ("environment", tuple(mapping(own.get("environment"))))):
        was, now = mapping(own.get(part)), mapping(beside.get(part))
        for key in keys:
            if was.get(key) is not None and now.get(key) is not None and was[key] != now[key]:
                yield _other(f"{part}.{key}", was[key], now[key])
    if own.get("nodes") and beside.get("nodes") and own["nodes"] != beside["nodes"]:
        yield _other("nodes", *_first_other(own["nodes"], beside["nodes"]))
    cost, told = own.get("usd"), beside.get("usd")
    if _is_billed(own) or not isinstance(cost, (int, float)) or not isinstance(told, (int, float)):
        return
    if abs(cost - told) >= _CENT:
        yield _other("usd", cost, told)


def _first_other(own: Any, beside: Any) -> tuple[Any, Any]:
    """The first two of these lists that differ; the lists themselves where one begins with the other, or is none."""
    pairs = zip(own, beside, strict=False) if isinstance(own, list) and isinstance(beside, list) else ()
    return next(((was, now) for was, now in pairs if was != now), (own, beside))


def _is_billed(run: Mapping[str, Any]) -> bool:
    """Whether something of it may cost something yet."""
    return any(each.get("end") is None for each in mappings(run.get("ledger")))


def _other(what: str, was: Any, now: Any) -> Finding:
    sentence = f"{names.RUN} beside the outputs says something else of {what} than {in_run(names.RUN)}"
    before, there = apart(str(was), str(now), 80)
    return Finding("TFA206", Verdict.CHANGED, what, sentence, names.RUN, was=before, now=there)


def _tasks(run: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Those that have ended, by their names."""
    return {str(task.get("task")): task for task in mappings(run.get("tasks")) if task.get("ended") is not None}


CHECKS: tuple[Check, ...] = (one_run, the_one_asked_for, copy_beside)
