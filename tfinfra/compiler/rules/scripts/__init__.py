"""Rules on the files of the training script itself, and on what they import."""

from __future__ import annotations

from tfinfra.compiler.facts import Rule
from tfinfra.compiler.rules.scripts import (
    arguments,
    doing,
    elsewhere,
    environment,
    hiding,
    imports,
    lost_files,
    names,
    of_keras,
    questions,
    readable,
    staying,
    tensorflow1,
    tracking,
    variables,
)

RULES: tuple[Rule, ...] = (
    *readable.RULES,
    *doing.RULES,
    *elsewhere.RULES,
    *imports.RULES,
    *staying.RULES,
    *environment.RULES,
    *hiding.RULES,
    *arguments.RULES,
    *tensorflow1.RULES,
    *of_keras.RULES,
    *lost_files.RULES,
    *names.RULES,
    *questions.RULES,
    *tracking.RULES,
    *variables.RULES,
)
