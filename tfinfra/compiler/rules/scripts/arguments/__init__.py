"""Rules on script_params, by the library that reads the script's command line."""

from __future__ import annotations

from tfinfra.compiler.facts import Rule
from tfinfra.compiler.rules.scripts.arguments import (
    absl_arguments,
    argparse_arguments,
    click_arguments,
    contrary,
    fire_arguments,
    hydra_arguments,
    plain_arguments,
)

RULES: tuple[Rule, ...] = (
    *argparse_arguments.RULES,
    *click_arguments.RULES,
    *absl_arguments.RULES,
    *fire_arguments.RULES,
    *hydra_arguments.RULES,
    *plain_arguments.RULES,
    *contrary.RULES,
)
