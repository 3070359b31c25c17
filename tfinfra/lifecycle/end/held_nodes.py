"""The end of a run with `--keep`: its outputs and its evidence come home, and its nodes stay until the deadline, with
all that deletes them but this client."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.errors import TfinfraError, TrainingFailed, first_line
from tfinfra.lifecycle.end.ending import RunResult, close_engine, result_fields, write_home
from tfinfra.lifecycle.end.run_home import RunHome
from tfinfra.lifecycle.record import spending
from tfinfra.lifecycle.record.in_store import published
from tfinfra.lifecycle.record.run_record import RunPhase, RunRecord
from tfinfra.lifecycle.run.context import RunContext
from tfinfra.store import store_errors
from tfinfra.system.clock import unix_time


def stays_held(context: RunContext, error: BaseException | None) -> bool:
    """Whether the run has ended in a way after which `--keep` keeps its nodes: it has trained, well or not."""
    trained = error is None or isinstance(error, TrainingFailed)
    return context.options.keep and trained and not context.session.interrupt.requested


def leave_held(context: RunContext, error: BaseException | None) -> RunResult:
    """Brings home what the run made, and leaves its nodes. The result carries `error`, where the training failed."""
    folder, outcome = context.folder, context.undo.outcome
    assert error is None or isinstance(error, TfinfraError)  # noqa: S101 - stays_held has looked
    folder.update(phase=RunPhase.ENDED, times=context.times(over=True), **result_fields(error, outcome))
    home = RunHome(context)
    home.bring_while_held()
    close_engine(context)
    spending.note_gone(folder, dict(context.undo.gone))
    record = folder.update(phase=RunPhase.HELD)
    context.session.audit.append("hold", until=record.deadline)
    _publish(context, record)
    record, document = write_home(context, home)
    return RunResult(record, document, error, held=record)


def _publish(context: RunContext, record: RunRecord) -> None:
    """For other machines, which then know that it is held; where its store does not take that, they see its outcome."""
    if record.store is None:
        return
    try:
        published.publish(context.ports.open_store(record.store), record, context.plan)
    except store_errors() as failed:
        context.session.observer.say(f"warning: the run's store does not take its record: {first_line(failed)}")


def held_lines(record: RunRecord) -> Iterator[str]:
    """What a person must know of held nodes: until when, for how much, and the ways on."""
    usd = sum(each.usd_per_hour for each in record.ledger.running() if each.part == "compute")
    cost = f"{usd:.2f} USD an hour at list price" if usd else "they cost nothing here"
    yield f"  the nodes of {record.run} are held until {record.deadline} at most: {cost}"
    ways = {f"tfinfra down {record.run}": "deletes them now"}
    if record.requests is not None:
        ways = {
            f"tfinfra up MANIFEST --on {record.run}": "the next try on them, in seconds",
            f"tfinfra exec {record.run} -- COMMAND": "runs a command on one of them",
            **ways,
        }
    if record.latest is not None and unix_time(record.latest) > unix_time(record.deadline):
        ways = {f"tfinfra extend {record.run} 2h": f"holds them longer, until {record.latest} at most", **ways}
    widest = max(map(len, ways))
    yield from (f"  {way.ljust(widest)}    {what}" for way, what in ways.items())
