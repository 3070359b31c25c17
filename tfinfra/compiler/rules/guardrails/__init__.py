"""Rules on what no manifest may exceed: the guardrails that its project has, each file by itself.

A default counts as its value. On the local cloud nothing is bought: there a size, a priority, an image and a price
count only where they are written.
"""

from __future__ import annotations

from tfinfra.compiler.facts import Rule
from tfinfra.compiler.rules.guardrails import limits, metrics, required, target

RULES: tuple[Rule, ...] = (*target.RULES, *limits.RULES, *metrics.RULES, *required.RULES)
