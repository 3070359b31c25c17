"""Every rule on a manifest, a subject a file. A rule looks at the facts and says what is wrong; none knows of another.

A new rule is a function of its subject's file, named in that file's RULES, with a code of that subject's range
(manifest/codes.py). The steps are in CONTRIBUTING.md.
"""

from __future__ import annotations

from tfinfra.compiler.facts import Rule
from tfinfra.compiler.rules import (
    compute,
    data,
    framework,
    gpus,
    guardrails,
    keys,
    launch,
    money,
    packages,
    script,
    scripts,
    setup_script,
    source,
    target,
    tasks,
    travel,
    tuning,
)

RULES: tuple[Rule, ...] = (
    *keys.RULES,
    *target.RULES,
    *compute.RULES,
    *gpus.RULES,
    *source.RULES,
    *travel.RULES,
    *data.RULES,
    *packages.RULES,
    *framework.RULES,
    *script.RULES,
    *scripts.RULES,
    *setup_script.RULES,
    *tasks.RULES,
    *money.RULES,
    *tuning.RULES,
    *launch.RULES,
    *guardrails.RULES,
)
