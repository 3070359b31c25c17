"""Every rule on a manifest, a subject a file. A rule looks at the facts and says what is wrong; none knows of another.

A new rule is a function of its subject's file, with a code of that subject's range (manifest/codes.py). The steps are
in CONTRIBUTING.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tfinfra.compiler.facts import Facts
from tfinfra.compiler.rules.access import access_rules
from tfinfra.compiler.rules.compute import compute_rules
from tfinfra.compiler.rules.conda import conda_rules
from tfinfra.compiler.rules.credentials import credential_rules
from tfinfra.compiler.rules.data import data_rules
from tfinfra.compiler.rules.framework import framework_rules
from tfinfra.compiler.rules.gpus import gpu_rules
from tfinfra.compiler.rules.keys import key_rules
from tfinfra.compiler.rules.launch import launch_rules
from tfinfra.compiler.rules.money import money_rules
from tfinfra.compiler.rules.packages import package_rules
from tfinfra.compiler.rules.script import script_rules
from tfinfra.compiler.rules.source import source_rules
from tfinfra.compiler.rules.target import target_rules
from tfinfra.compiler.rules.tasks import task_rules
from tfinfra.errors import Diagnostic

__all__ = ["RULES", "Rule"]

Rule = Callable[[Facts], Iterator[Diagnostic]]

RULES: tuple[Rule, ...] = (
    key_rules,
    target_rules,
    access_rules,
    compute_rules,
    gpu_rules,
    source_rules,
    data_rules,
    package_rules,
    conda_rules,
    credential_rules,
    framework_rules,
    script_rules,
    task_rules,
    money_rules,
    launch_rules,
)
