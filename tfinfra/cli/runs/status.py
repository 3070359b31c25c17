"""`tfinfra status`: how a run stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tfinfra.cli.options import cloud_options

if TYPE_CHECKING:
    from tfinfra.lifecycle.attach.cloud_scope import CloudOptions


@click.command(short_help="Show how a run stands.")
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
@cloud_options
def command(*, asked: CloudOptions, run: str, as_json: bool) -> int:
    """Show the state of RUN (its id, or its name where one run of it is live), its tasks and nodes."""
    from tfinfra.cli.output import print_document, progress, show
    from tfinfra.lifecycle.attach.find_run import find_run
    from tfinfra.lifecycle.attach.status import status_document

    document = status_document(find_run(run, asked, progress, ended=True))
    if as_json:
        print_document(document)
    else:
        show(*status_lines(document))
    return 0


def status_lines(document: dict[str, Any]) -> list[str]:
    """The document for a person."""
    state = document["state"]
    lines = [f"{document['run']}: {state['state']}" + (f", {state['result']}" if state["result"] else "")]
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
    for task in document.get("tasks", []):
        status = "" if task["exit_status"] is None else f", exit status {task['exit_status']}"
        lines.append(f"  {task['task']} on node {task['node']}: {task['state']}{status}")
    for rank, node in enumerate(document.get("nodes", [])):
        lines.append(f"  node {rank}: {node['hostname']} {node['address']}")
    lines += [f"  {odd}" for odd in document.get("unreadable", []) if odd not in state["message"]]
    if document.get("not_collected"):
        from tfinfra.lifecycle.record.not_collected import NotCollected

        lines.append(f"  not collected: {NotCollected(**document['not_collected'])}")
    if state["results"]:
        lines.append(f"  results: {state['results']}")
    return lines
