"""What happens by itself: workflows run when they are due. Nothing else deletes what has expired: a rehearsal that had
help which Azure does not give would prove nothing."""

from __future__ import annotations

import logging
import uuid
from urllib.parse import parse_qs, urlsplit

from tfinfra.localcloud.arm.arm_app import ArmApp
from tfinfra.localcloud.arm.workflows import logic
from tfinfra.localcloud.arm.workflows.timer_definition import stored_timer
from tfinfra.localcloud.arm.workflows.timer_model import GroupCall
from tfinfra.localcloud.common.arm_refusal import ArmRefusal
from tfinfra.localcloud.common.state import ArmResource
from tfinfra.system.clock import iso_time

KEPT_RUNS = 5
log = logging.getLogger(__name__)


async def tick(app: ArmApp, now: float) -> None:
    """One look at every workflow. One that cannot be run keeps no other from running; why is in the log."""
    for workflow in app.core.context.state.of_type(logic.WORKFLOWS):
        try:
            await _run_if_due(app, workflow, now)
        except Exception:  # the edge of the daemon: its server goes on
            log.exception("%s", workflow.id)


async def _run_if_due(app: ArmApp, workflow: ArmResource, now: float) -> None:
    """Runs a workflow once and records what became of each action. It may delete its own group."""
    if not logic.is_due(workflow, now):
        return
    timer = stored_timer(workflow)

    async def send(call: GroupCall) -> logic.CallAnswer:
        return await _send(app, workflow, call)

    status, results = await logic.run(timer, now, send)
    properties = {"status": status, "startTime": iso_time(now), "actions": results}
    made = {"name": uuid.uuid4().hex, "type": f"{logic.WORKFLOWS}/runs", "properties": properties}
    state = app.core.context.state
    current = state.get(workflow.id)
    if current is not None:
        runs = [made, *current.internal.get("runs", [])][:KEPT_RUNS]
        state.put(current.with_internal(last=now, runs=runs, asked=False))


async def _send(app: ArmApp, workflow: ArmResource, call: GroupCall) -> logic.CallAnswer:
    """The answer to a workflow's call, made in the name of its identity, whatever ARM's host is. An identity that is
    gone may do nothing."""
    url = urlsplit(call.uri)
    version = parse_qs(url.query).get("api-version", [""])[0]
    named = (workflow.body.get("identity") or {}).get("userAssignedIdentities") or {}
    identity = app.core.context.state.get(call.signer)
    is_signed = identity is not None and identity.id.lower() in map(str.lower, named)
    signer = str(identity.properties["principalId"]) if identity and is_signed else ""
    try:
        answer = await app.dispatch(signer, call.method, url.path, version)
    except ArmRefusal as error:
        log.info("%s: %s %s: %s", workflow.name, call.method, url.path, error)
        return logic.CallAnswer(error.status, error.document())
    return logic.CallAnswer(answer.status, answer.body)
