"""The command of a task: the environment's Python, the entry script and its arguments."""

from __future__ import annotations

from collections.abc import Mapping

from tfinfra.agent.assignment import Assignment
from tfinfra.model.entry import entry_of
from tfinfra.model.script_variables import expanded


def argv_of(assignment: Assignment, variables: Mapping[str, str]) -> tuple[str, ...]:
    """What a task with these variables is started as. A rank's arguments are expanded by its own shell, to the same."""
    plan = assignment.plan
    arguments = (expanded(argument, variables) for argument in plan.arguments)
    return (str(assignment.folders.python), *entry_of(plan.entry_script).words, *arguments)
