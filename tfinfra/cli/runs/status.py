"""`tfinfra status`: how a run stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from tfinfra.cli.options import cloud_options, run_argument
from tfinfra.cli.tables import Bold

if TYPE_CHECKING:
    from tfinfra.lifecycle.attach.cloud_scope import CloudOptions


@click.command(short_help="Show how a run stands.")
@run_argument
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@cloud_options
def command(*, asked: CloudOptions, run: str, as_json: bool) -> int:
    """Show the state of RUN (its id, or its name where one run of it is live), its tasks and nodes."""
    from tfinfra.cli.output import print_document, progress, show
    from tfinfra.lifecycle.attach.find_run import find_run
    from tfinfra.lifecycle.attach.run_logs import last_line
    from tfinfra.lifecycle.attach.status import status_document
    from tfinfra.system.clock import right_now

    found = find_run(run, asked, progress, ended=True)
    document = {**status_document(found), "last_line": last_line(found)}
    if as_json:
        print_document("status", document)
    else:
        show(*status_lines(document, right_now()))
    return 0


def status_lines(document: dict[str, Any], now: float) -> list[str]:
    """The document for a person, at `now` (Unix seconds)."""
    state = document["state"]
    lines: list[str] = [
        Bold(f"{document['run']}: {state['state']}" + (f", {state['result']}" if state["result"] else ""))
    ]
    lines += _time_lines(document, now)
    lines += _whose_nodes(document)
    if state["message"]:
        lines += [f"  {line}" for line in state["message"].splitlines()]
    if document.get("waiting"):
        lines.append(f"  {document['waiting']['text']}")
    if document.get("hint"):
        lines.append(f"  hint: {document['hint']}")
    if state["groups"]:
        lines.append(f"  groups: {', '.join(state['groups'])} (deadline {state['deadline']})")
    for attempt in document.get("attempts", []):
        refused = f": {attempt['refused']}" if attempt["refused"] else ""
        lines.append(f"  {attempt['vm_size']} in {attempt['location']}{refused}")
    if state["usd"]:
        cap = "" if state["max_cost_usd"] is None else f" of at most {state['max_cost_usd']:.2f}"
        rate = f"{state['usd_per_hour']:.2f} an hour now"
        lines.append(f"  cost: {state['usd']:.2f} USD{cap} so far at list price, {rate}")
    lines += _tune_lines(document)
    lines += _work_lines(document)
    lines += [f"  {odd}" for odd in document.get("unreadable", []) if odd not in state["message"]]
    if document.get("not_collected"):
        from tfinfra.lifecycle.record.not_collected import NotCollected

        lines.append(f"  not collected: {NotCollected(**document['not_collected'])}")
    if state["results"]:
        lines.append(f"  results: {state['results']}")
    if document.get("evidence"):
        lines.append(f"  evidence {document['evidence']['text']}")
    if (last := document.get("last_line")) is not None:
        lines.append(f"  last line: {last.task} | {last.text}")
    return lines


def _work_lines(document: dict[str, Any]) -> Iterator[str]:
    """What the tasks are at, the last value of the metric that is shown, and the nodes."""
    from tfinfra.lifecycle.watch.latest_metric import metric_text

    for task in document.get("tasks", []):
        status = "" if task["exit_status"] is None else f", exit status {task['exit_status']}"
        yield f"  {task['task']} on node {task['node']}: {task['state']}{status}"
    if (metric := document.get("metric")) is not None:
        yield f"  metric: {metric_text(metric['name'], float(metric['value']), metric['step'])}"
    for rank, node in enumerate(document.get("nodes", [])):
        yield f"  node {rank}: {node['hostname']} {node['address']}"


def _tune_lines(document: dict[str, Any]) -> Iterator[str]:
    """Of a tune that goes on: how its trials stand, and the best so far. Of one that has ended its message says it."""
    from tfinfra.lifecycle.watch.trial_lines import counted

    tune = document.get("tune")
    if tune is None or not tune["trials"] or document["state"]["message"]:
        return
    text = f"  trials: {counted(trial['state'] for trial in tune['trials'])}, of at most {tune['total']}"
    if (best := next((trial for trial in tune["trials"] if trial["number"] == tune["best"]), None)) is not None:
        text += f"; the best so far is {best['run']}: {tune['metric']} {float(best['best']):.6g}"
    yield text


def _whose_nodes(document: dict[str, Any]) -> Iterator[str]:
    """Of a run that is on another's nodes, or has another on its own."""
    if document.get("on"):
        yield f"  on the nodes of {document['on']}"
    for use in document.get("uses", []):
        if use["end"] is None:
            yield f"  {use['run']} is on its nodes"


def _time_lines(document: dict[str, Any], now: float) -> Iterator[str]:
    """When it began, how long it took or goes on, and how long its phases did."""
    from tfinfra.lifecycle.watch.plain_view import as_last_time
    from tfinfra.system.clock import iso_time
    from tfinfra.text.wording import spell_seconds

    state = document["state"]
    started, ended = state.get("started"), state.get("ended")
    if started:
        since = f"took {spell_seconds(ended - started)}" if ended else f"{spell_seconds(max(0.0, now - started))} ago"
        if ended or state["state"] != "deleted":
            yield f"  started {iso_time(started)}, {since}"
    usual, over = document.get("usual_seconds", {}), list[str]()
    for phase in document.get("phases", []):
        if phase["seconds"] is not None:
            over.append(
                f"{phase['phase']} {spell_seconds(phase['seconds'])}" + (" (failed)" if phase["failed"] else "")
            )
        elif not ended:
            seconds = max(0.0, now - phase["began"])
            told = as_last_time(usual.get(phase["phase"]), seconds)
            yield f"  {phase['phase']}: {spell_seconds(seconds)}" + (f", {told}" if told else "")
    if over:
        yield f"  phases: {', '.join(over)}"
