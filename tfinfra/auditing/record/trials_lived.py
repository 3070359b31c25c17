"""The commands that nodes started for a tune's trials, against the parameters that its journal has of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tfinfra.auditing.findings import Finding, Verdict
from tfinfra.auditing.loosely import mapping, mappings, text
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.evidence import names
from tfinfra.model import Plan, Unfit, decode, parse
from tfinfra.model.entry import entry_of
from tfinfra.model.trials import trial_id
from tfinfra.tuning.arguments import trial_arguments
from tfinfra.tuning.journal import Entry, replay

_RECORD = re.compile(rf"{names.TRIALS}/(?P<number>[1-9][0-9]{{0,4}})/evidence/.+\.json")


def were_lived_as_asked(evidence: Evidence) -> Iterator[Finding]:
    """Each task of a trial got the parameters with which the journal asked it. One that a tune has lived that this one
    goes on with may have had other arguments before them."""
    plan = evidence.plan
    if plan is None or plan.tune is None or evidence.journal is None:
        return
    trials = replay(decode(Entry, line) for line in evidence.journal).trials
    for name, data in sorted(evidence.files.trial_records.items()):
        number = int(found["number"]) if (found := _RECORD.fullmatch(name)) else 0
        if number not in trials:
            continue
        record, parameters = _record(data), trial_arguments((), trials[number].parameters)
        is_own = record.get("run") == trial_id(str(evidence.run_id), number)
        for task in mappings(record.get("tasks")):
            argv = [str(word) for word in task["argv"]] if isinstance(task.get("argv"), list) else []
            wanted = _command(plan, parameters) if is_own else parameters
            ran = argv[1:] if is_own else argv[len(argv) - len(parameters) :]
            if not _alike(wanted, ran):
                sentence = f"{name}: {text(task.get('task'))} was not started as the journal asked trial {number}"
                was, now = " ".join(wanted), " ".join(ran)
                yield Finding("TFA262", Verdict.CHANGED, name, sentence, name, was=was, now=now)


def _record(data: bytes) -> Mapping[str, Any]:
    """What a node wrote of a trial, which may be of any form: its bytes are held by their digest."""
    try:
        return mapping(parse(data))
    except Unfit:
        return {}


def _command(plan: Plan, parameters: tuple[str, ...]) -> tuple[str, ...]:
    return (*entry_of(plan.entry_script).words, *plan.arguments, *parameters)


def _alike(wanted: tuple[str, ...], ran: list[str]) -> bool:
    same = (one == other or "$" in one for one, other in zip(wanted, ran, strict=False))
    return len(wanted) == len(ran) and all(same)


CHECKS: tuple[Check, ...] = (were_lived_as_asked,)
