"""A run's page, put together: what is known of the run → the values of its page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from tfinfra.evidence import names
from tfinfra.evidence.material import Origin as MadeFrom
from tfinfra.lifecycle.record.evidence_state import EvidenceState
from tfinfra.lifecycle.record.in_store.left_files import sentences
from tfinfra.lifecycle.record.run_record import RunRecord
from tfinfra.lifecycle.record.times.phase_times import phase_times
from tfinfra.lifecycle.reporting import event_log
from tfinfra.lifecycle.reporting.again import again
from tfinfra.lifecycle.reporting.home_files import HomeFiles
from tfinfra.lifecycle.reporting.patience import Patience
from tfinfra.lifecycle.watch.home_points import is_of_node
from tfinfra.model import LeftFiles, Logged, Plan, Point, Unfit, from_json
from tfinfra.model.shapes import is_time
from tfinfra.reporting.curves import curves_of
from tfinfra.reporting.logs import MOST as MOST_LOGS
from tfinfra.reporting.values import (
    Billed,
    Cost,
    Fact,
    Log,
    NodeLine,
    Phase,
    Proof,
    RunPage,
    Search,
    TaskLine,
)
from tfinfra.system.clock import unix_time
from tfinfra.text.credentials import MASK, gives_secret


@dataclass(frozen=True)
class Known:
    """What is known of a run: its record, its document (times in Unix seconds), the plan and what it was made from
    where these can be read, its events, what it has logged and a function for the last lines of a task's
    log, now or at home, and what a tune has found; what was logged is read as long as there is `patience`."""

    record: RunRecord
    document: Mapping[str, Any]
    plan: Plan | None
    origin: MadeFrom | None
    events: Sequence[event_log.Event]
    logged: Iterator[Logged]
    log: Callable[[str], Log | None]
    home: HomeFiles
    now: float
    state: str
    patience: Patience
    search: Search | None = None


def run_page(known: Known) -> RunPage:
    """The values of the page."""
    record, document, home = known.record, known.document, known.home
    points = _Reading(known.logged, known.patience)
    curves = curves_of(points)
    machines, packages = home.bill()
    times = record.times
    return RunPage(
        run=record.run,
        name=record.name,
        at=known.now,
        state=known.state,
        result=str(document.get("result") or ""),
        message=str(document.get("message") or ""),
        hint=str(document.get("hint") or ""),
        exit_code=document.get("exit_code"),
        failed_task=str(document.get("task") or ""),
        where=_where(record),
        rehearsal=record.rehearse,
        started=times.get("started"),
        ended=times.get("ended"),
        leader=record.leader,
        primary=(known.plan.metrics.primary or "") if known.plan and known.plan.metrics else "",
        cost=_cost(record, known.now),
        phases=tuple(
            Phase(each.phase, each.began, each.seconds, each.failed) for each in phase_times(record, known.events)
        ),
        tasks=tuple(map(_task, document.get("tasks", ()))),
        nodes=tuple(_node(number, node) for number, node in enumerate(document.get("nodes", ()))),
        curves=tuple(curve for curve in curves if not is_of_node(curve.task)),
        figures=tuple(curve for curve in curves if is_of_node(curve.task)),
        unread_points=points.unread,
        resources=event_log.made(known.events) or event_log.made_by_stacks(home.evidence(names.STACKS)),
        deletion=event_log.deletion(known.events, record.left),
        parameters=(*_parameters(known.plan), *points.parameters()),
        environment=(*_environment(known), *machines),
        packages=packages,
        warnings=tuple(_warnings(known)),
        logs=tuple(_logs(known)),
        files=home.files(),
        origin=again(
            record, known.origin, verb="up" if known.search is None else "tune", locked=home.evidence(names.LOCK)
        ),
        proof=_proof(record, document.get("evidence")),
        search=known.search,
        version=str(document.get("tfinfra") or ""),
    )


class _Reading:
    """Points as far as there is time for them; `unread` says where there was not. What the run's scripts said of it in
    words is taken aside."""

    def __init__(self, logged: Iterator[Logged], patience: Patience) -> None:
        self.unread = ""
        self._logged = logged
        self._remarks: dict[str, str] = {}
        self._patience = patience

    def __iter__(self) -> Iterator[Point]:
        points = 0
        for number, each in enumerate(self._logged):
            if isinstance(each, Point):
                points += 1
                yield each
            elif each.kind == "parameter" and not each.run and each.text is not None:
                self._remarks.setdefault(each.name, each.text)  # the leader's comes first
            if number % 1000 == 999 and self._patience.late():
                break
        if self._patience.over:
            self.unread = (
                f"There is more than could be read at the run's end: the first {points:,} points are here. "
                "`tfinfra report` reads all of it."
            )

    def parameters(self) -> Iterator[Fact]:
        """The parameters that were logged."""
        return (shown_value(name, text) for name, text in self._remarks.items())


def _where(record: RunRecord) -> str:
    """The place of the nodes."""
    newest = record.attempts[-1] if record.attempts else record.target
    place = f"{newest.vm_size} in {newest.location}"
    return place if record.machines is None else f"this machine as {place}"


def _cost(record: RunRecord, now: float) -> Cost:
    return Cost(
        usd=record.ledger.usd(now),
        usd_per_hour=record.usd_per_hour,
        most=record.max_cost_usd,
        limit=record.limit,
        deadline=unix_time(record.deadline) if is_time(record.deadline) else None,
        billed=tuple(
            Billed(each.group, each.usd_per_hour, each.start, each.end, each.usd(now))
            for each in record.ledger.intervals
        ),
        on=record.on,
    )


def _task(task: Mapping[str, Any]) -> TaskLine:
    wanted = ("node", "state", "exit_status", "started", "ended")
    return TaskLine(task["task"], **{name: task[name] for name in wanted}, message=task["message"] or "")


def _node(number: int, node: Mapping[str, Any]) -> NodeLine:
    return NodeLine(number, node["hostname"], node["address"], node["cores"], node["gpus"])


def _parameters(plan: Plan | None) -> tuple[Fact, ...]:
    """What the script was given: its arguments, each flag with the value after it, and variables."""
    if plan is None:
        return ()
    given = chain(given_arguments(plan.arguments), (Fact(*each) for each in plan.environment_variables.items()))
    return (Fact("entry_script", plan.entry_script), *(shown_value(fact.name, fact.value) for fact in given))


def shown_value(name: str, value: str) -> Fact:
    """A parameter as it may be shown: a page is sent to others, and the manifest's rule on secrets only warns."""
    return Fact(name, MASK if gives_secret(name, value) else value)


def given_arguments(arguments: Sequence[str]) -> Iterator[Fact]:
    """A command line's words: a flag with the value after it, and what belongs to none."""
    waiting: str | None = None
    for word in arguments:
        if word.startswith("--") and "=" in word:
            name, _, value = word.partition("=")
            yield from (Fact(each, "") for each in (waiting,) if each is not None)
            yield Fact(name, value)
            waiting = None
        elif word.startswith("-") and not word[1:2].isdigit() and word[1:2] != ".":
            yield from (Fact(each, "") for each in (waiting,) if each is not None)
            waiting = word
        else:
            yield Fact(waiting or "", word)
            waiting = None
    if waiting is not None:
        yield Fact(waiting, "")


def _environment(known: Known) -> Iterable[Fact]:
    plan, record = known.plan, known.record
    if plan is not None:
        wanted = plan.requirements
        backend = f", {plan.backend}" if plan.backend else ""
        yield Fact("TensorFlow", wanted.framework_version)
        yield Fact("Python", wanted.python_version)
        yield Fact("Nodes", f"{plan.node_count} of {plan.infrastructure.vm_size}{backend}")
        yield Fact("Image", plan.infrastructure.image.name)
        if wanted.pip or wanted.conda:
            yield Fact("Asked for", " ".join((*wanted.pip, *wanted.conda)))
    if record.environment:
        yield Fact("Environment", record.environment)


def _warnings(known: Known) -> Iterator[str]:
    record = known.record
    found = chain(
        (f"refused: {each.vm_size} in {each.location}: {each.refused}" for each in record.attempts if each.refused),
        event_log.warnings(known.events),
        (f"not collected: {record.not_collected}" for _ in range(record.not_collected is not None)),
        *(_left_sentences(left) for left in known.document.get("left_files", ())),
        map(str, known.document.get("unreadable", ())),
        (f"{group} is not deleted" for group in record.left),
    )
    yield from dict.fromkeys(found)


def _left_sentences(left: Any) -> Iterator[str]:
    try:
        yield from sentences(from_json(LeftFiles, left))
    except Unfit:
        return


def _logs(known: Known) -> Iterator[Log]:
    """Those of the task that failed first, of the leader, and of the others."""
    record = known.record
    first = [known.document.get("task"), record.leader]
    tasks = dict.fromkeys([*(task for task in first if task in record.plan_tasks), *record.plan_tasks])
    for task in list(tasks)[:MOST_LOGS]:
        log = known.log(task)
        if log is not None:
            yield log


def _proof(record: RunRecord, evidence: Any) -> Proof | None:
    state = record.evidence
    if state is None:
        return None
    told = replace(EvidenceState(state.signature), key=state.key, why=state.why, copies=state.copies)
    return Proof(state.signature, str(told).capitalize(), (f"tfinfra audit {record.run}",)) if evidence else None
