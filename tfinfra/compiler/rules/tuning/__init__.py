"""Rules on the key `tune`: what HyperDrive refuses too, and what no search would come to anything with."""

from __future__ import annotations

from tfinfra.compiler.facts import Rule
from tfinfra.compiler.rules.tuning import metric, space, trials

RULES: tuple[Rule, ...] = (*space.RULES, *trials.RULES, *metric.RULES)
