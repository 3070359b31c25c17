"""What happens by itself: workflows run when they are due. Nothing else deletes what has expired: a rehearsal that had
help which Azure does not give would prove nothing."""

from __future__ import annotations

import logging
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tfinfra.localcloud.arm.app import ArmApp
from tfinfra.localcloud.arm.workflows import logic
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.state import ArmResource
from tfinfra.system.clock import iso_time

KEPT_RUNS = 5
log = logging.getLogger("tfinfra.localcloud.daemon.workflow_timer")


async def tick(app: ArmApp, now: float) -> None:
    """One look at every workflow."""
    for workflow in app.core.context.state.of_type(logic.WORKFLOWS):
        if logic.is_due(workflow, now):
            await _run(app, workflow, now)


async def _run(app: ArmApp, workflow: ArmResource, now: float) -> None:
    """Runs a workflow once and records what became of each action. It may delete its own group."""

    async def send(request: logic.Request) -> logic.Reply:
        return await _send(app, workflow, request)

    results = await logic.perform(workflow, now, send)
    status = run_status((workflow.properties.get("definition") or {}).get("actions") or {}, results)
    run = {
        "name": uuid.uuid4().hex,
        "type": f"{logic.WORKFLOWS}/runs",
        "properties": {"status": status, "startTime": iso_time(now), "actions": results},
    }
    current = app.core.context.state.get(workflow.id)
    if current is not None:
        runs = [run, *current.internal.get("runs", [])][:KEPT_RUNS]
        app.core.context.state.put(current.with_internal(last=now, runs=runs, asked=False))


def run_status(actions: dict[str, Any], results: dict[str, str]) -> str:
    """A run's status: Failed where a branch ends so; a branch that ends Skipped ended as what came before it.

    A failure that a later action accepts is none of the run's.
    Source: learn.microsoft.com/azure/logic-apps/error-exception-handling
    """

    def failed(name: str) -> bool:
        before = actions[name].get("runAfter") or {}
        return results[name] == "Failed" or (results[name] == "Skipped" and any(map(failed, before)))

    followed = {name for action in actions.values() for name in action.get("runAfter") or {}}
    return "Failed" if any(failed(name) for name in actions if name not in followed) else "Succeeded"


async def _send(app: ArmApp, workflow: ArmResource, request: logic.Request) -> logic.Reply:
    """The answer to a workflow's request, made in the name of its identity, whatever ARM's host is."""
    url = urlsplit(request.uri)
    version = parse_qs(url.query).get("api-version", [""])[0]
    try:
        answer = await app.dispatch(_signer(app, workflow, request), request.method.upper(), url.path, version)
    except ArmRefusal as error:
        log.info("%s: %s %s: %s", workflow.name, request.method, url.path, error)
        return logic.Reply(error.status, error.document())
    return logic.Reply(answer.status, answer.body)


def _signer(app: ArmApp, workflow: ArmResource, request: logic.Request) -> str:
    """The principal that signs; "" where the identity is gone, which may then do nothing."""
    named = (workflow.body.get("identity") or {}).get("userAssignedIdentities") or {}
    found = app.core.context.state.get(request.identity)
    return str(found.properties["principalId"]) if found and found.id.lower() in map(str.lower, named) else ""
