"""Rules on packages: what is asked for, by pip and by conda, what tfinfra brings itself, and passwords in URLs."""

from __future__ import annotations

from tfinfra.compiler.facts import Rule
from tfinfra.compiler.rules.packages import conda, credentials, provided, requirements

RULES: tuple[Rule, ...] = (*requirements.RULES, *provided.RULES, *conda.RULES, *credentials.RULES)
