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
    keras,
    keras_in_use,
    keras_names,
    lost_files,
    names,
    questions,
    readable,
    staying,
    tensorflow1,
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
    *keras.RULES,
    *keras_in_use.RULES,
    *keras_names.RULES,
    *lost_files.RULES,
    *names.RULES,
    *questions.RULES,
)
