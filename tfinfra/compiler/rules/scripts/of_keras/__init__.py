"""Rules on what a script does with Keras, against the Keras that it will get."""

from __future__ import annotations

from tfinfra.compiler.facts import Rule
from tfinfra.compiler.rules.scripts.of_keras import calls, in_use, keras_3, names

RULES: tuple[Rule, ...] = (*keras_3.RULES, *in_use.RULES, *names.RULES, *calls.RULES)
