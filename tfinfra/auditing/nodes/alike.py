"""What all nodes of a run have alike, and what was sent to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tfinfra.agent.evidence.node_checks import LOADING, same_image
from tfinfra.agent.evidence.variable_digests import OWN_SEARCH_PATH, different
from tfinfra.auditing.findings import Finding
from tfinfra.auditing.loosely import text
from tfinfra.auditing.read_evidence import Check, Evidence
from tfinfra.auditing.told import changed, foreign
from tfinfra.model import NodeEvidence

Recorded = tuple[str, NodeEvidence]
"""A node's file, and what it recorded."""
ALIKE: tuple[tuple[str, str, Callable[[NodeEvidence], Any]], ...] = (
    ("TFA405", "environment", lambda record: record.environment.key),
    ("TFA406", "Python", lambda record: (record.environment.python, record.environment.interpreter)),
    ("TFA407", "wheels, built and not fetched,", lambda record: record.environment.wheels),
    ("TFA408", "agent", lambda record: record.agent),
    ("TFA409", "settings", lambda record: record.settings),
    ("TFA410", "image", lambda record: record.machine.image),
    ("TFA411", "GPUs", lambda record: [gpu.model for gpu in record.machine.gpus]),
    ("TFA411", "driver", lambda record: record.machine.driver),
)
"""(rule, what it is, how it is found) of what is the same on all nodes."""


def are_alike(evidence: Evidence) -> Iterator[Finding]:
    """Each against the first."""
    recorded = [*_recorded(evidence)]
    for rule, what, of in ALIKE:
        for file, record in recorded[1:]:
            if of(record) != of(recorded[0][1]):
                was, now = str(of(recorded[0][1])), str(of(record))
                sentence = f"differs from that of {recorded[0][0]}"
                yield changed(rule, file, f"the {what}", sentence, was=was, now=now)


def have_one_set_of_variables(evidence: Evidence) -> Iterator[Finding]:
    """But for a task's own."""
    for name, files in different({file: record.variables for file, record in _recorded(evidence)}).items():
        for file in files:
            yield changed("TFA412", file, f"the variable {name} of its tasks", "is not that of the first node")


def load_nothing(evidence: Evidence) -> Iterator[Finding]:
    """No variable that loads code into each task, but those that the manifest names, and tfinfra's own PYTHONPATH."""
    plan = evidence.plan
    given = {*plan.environment_variables, *plan.secrets} if plan is not None else set[str]()
    for file, record in _recorded(evidence):
        loading = LOADING & {*record.variables}
        if record.variables.get("PYTHONPATH") == OWN_SEARCH_PATH:
            loading -= {"PYTHONPATH"}
        for name in sorted(loading - given):
            yield foreign("TFA413", file, f"the variable {name}", "has code loaded into tasks, and no manifest sets it")


def run_the_agent_that_was_sent(evidence: Evidence) -> Iterator[Finding]:
    """The client packed it, and noted the digest of its files in the event log."""
    sent = {text(event.fields.get("agent")) for event in evidence.called("bundle.begin")} - {""}
    for file, record in _recorded(evidence):
        if sent and record.agent not in sent:
            sentence = "ran another agent than the one that the client packed, by the event log"
            yield changed("TFA408", file, "", sentence, was=", ".join(sorted(sent)), now=record.agent)


def have_the_settings_that_were_sent(evidence: Evidence) -> Iterator[Finding]:
    """What a node booted with is what the client rendered: its digest stands in the event log."""
    sent = {text(event.fields.get("digest")) for event in evidence.called("settings")}
    for file, record in _recorded(evidence):
        if sent and record.settings not in sent:
            sentence = "booted with other settings (customData) than those that the event log has"
            yield changed("TFA409", file, "", sentence, was=", ".join(sorted(sent)), now=record.settings)


def run_the_plans_image(evidence: Evidence) -> Iterator[Finding]:
    """No image is held against the newest one, and a metadata service may not say which version runs."""
    plan = evidence.plan
    asked = [place.image for place in plan.choices] if plan is not None else []
    if not asked or any(image.newest for image in asked):
        return
    for file, record in _recorded(evidence):
        booted = record.machine.image
        known = booted.id or booted.version not in (None, "", "latest")
        if known and not any(same_image(booted, image) for image in asked):
            yield changed("TFA410", file, "", "ran another image than the plan's", was=asked[0].name, now=booted.name)


def _recorded(evidence: Evidence) -> Iterator[Recorded]:
    yield from ((node.file, node.evidence) for node in evidence.nodes if node.evidence is not None)


CHECKS: tuple[Check, ...] = (
    are_alike,
    have_one_set_of_variables,
    load_nothing,
    run_the_agent_that_was_sent,
    have_the_settings_that_were_sent,
    run_the_plans_image,
)
