"""Rules on the files of the training script itself, and on what they import."""

from __future__ import annotations

from tfinfra.compiler.facts import Rule
from tfinfra.compiler.rules.scripts import (
    absl_arguments,
    arguments,
    click_arguments,
    contrary,
    environment,
    fire_arguments,
    hiding,
    imports,
    keras,
    lost_files,
    notebooks,
    readable,
    staying,
    tensorflow1,
)

RULES: tuple[Rule, ...] = (
    *readable.RULES,
    *imports.RULES,
    *staying.RULES,
    *environment.RULES,
    *hiding.RULES,
    *arguments.RULES,
    *click_arguments.RULES,
    *absl_arguments.RULES,
    *fire_arguments.RULES,
    *contrary.RULES,
    *tensorflow1.RULES,
    *keras.RULES,
    *lost_files.RULES,
    *notebooks.RULES,
)
