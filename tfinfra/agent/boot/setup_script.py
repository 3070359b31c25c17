"""The user's own preparation of a node: setup_script runs once, before the node registers for the training."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tfinfra.agent.node.agent_context import AgentContext
from tfinfra.agent.node.processes import Command, Process
from tfinfra.agent.node_errors import NodeFault
from tfinfra.store import store_errors
from tfinfra.text.redrawing import collapse

LONGEST = 1800.0
"""Seconds that a setup script may take."""
_LOOK, _ASK = 0.1, 2.0
"""Seconds between two looks at its process, and between two questions whether the run goes on."""
_TAIL_LINES, _TAIL_BYTES = 8, 8192
_LONGEST_LINE, _ELF = 255, b"\x7fELF"
_log = logging.getLogger(__name__)


def run_setup(
    context: AgentContext,
    environment: Path,
    longest: float = LONGEST,
    must_go_on: Callable[[], object] = lambda: None,
) -> None:
    """Runs the script in the node's copy of the source directory, as the node's user, with the environment's programs
    first on PATH; what it prints goes into the agent's log, and what it leaves in the folder comes to every task.

    Raises NodeFault that names the node and the last lines, where it fails or takes longer than `longest` seconds, and
    what `must_go_on` raises meanwhile, which also ends it.
    """
    name = context.plan.setup_script
    if name is None:
        return
    context.heartbeats.say("setup")
    _log.info("running %s", name)
    source, log = context.paths.bundle / "source", context.paths.agent_log
    start = log.stat().st_size if log.exists() else 0
    try:
        argv = _words(source / name, environment)
        process = Process(Command(argv, source, _variables(context, environment), log))
    except OSError as error:
        raise NodeFault(f"{name} on node {context.identity.address} cannot be started: {error}") from error
    began = asked = context.clock.monotonic()
    try:
        while (status := process.poll()) is None and (now := context.clock.monotonic()) < began + longest:
            if now >= asked + _ASK:
                asked = now
                with suppress(*store_errors()):  # a store that is away is no end
                    must_go_on()
            context.clock.sleep(_LOOK)
    finally:
        process.end_rest()
    if status == 0:
        _log.info("%s ended with 0", name)
        return
    with log.open("rb") as file:
        file.seek(max(start, log.stat().st_size - _TAIL_BYTES))
        lines = collapse(file.read()).decode(errors="replace").splitlines()[-_TAIL_LINES:]
    tail = " / ".join(line.strip() for line in lines if line.strip()) or "it printed nothing"
    how = f"took longer than {longest:.0f} s" if status is None else f"ended with exit status {status}"
    raise NodeFault(f"{name} on node {context.identity.address} {how}: {tail}")


def _words(script: Path, environment: Path) -> list[str]:
    """The command: the script itself where the kernel starts it, else its program by its name or its first line. A
    checkout on Windows, an archive and many a share lose the mark of a program."""
    with script.open("rb") as file:
        first = file.readline(_LONGEST_LINE)
    if os.access(script, os.X_OK) and first.startswith((b"#!", _ELF)):
        return [str(script)]
    if script.suffix == ".py":
        return [str(environment / "bin/python"), str(script)]
    words = first[2:].decode(errors="replace").strip().split(None, 1) if first.startswith(b"#!") else []
    return [*(words or ["sh"]), str(script)]


def _variables(context: AgentContext, environment: Path) -> dict[str, str]:
    path = f"{environment}/bin:{context.inherited.get('PATH', os.defpath)}"
    ours = {"PATH": path, "TFINFRA_RUN_ID": context.settings.run, "PYTHONUNBUFFERED": "1"}
    machines = {name: value for name, value in context.inherited.items() if name != "PYTHONPATH"}  # the agent's own
    return {"HOME": str(Path("~").expanduser()), **machines, **context.plan.environment_variables, **ours}
