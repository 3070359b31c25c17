"""TensorFlow 1 names that no TensorFlow 2 has: `tf.contrib`, whatever `tf` was imported from."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tfinfra.catalog.tensorflow1_names import without_replacement
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.project import Sure
from tfinfra.compiler.source.script import Use, position_of
from tfinfra.errors import Diagnostic, Severity

_MADE = re.compile(r"\.contrib\s*=[^=]|sys\.modules\[")
"""A script that makes the name itself, for code that wants it."""


def names_of_tensorflow_1(facts: Facts) -> Iterator[Diagnostic]:
    """Each part once, where it is reached most surely. Under a `try` or a condition the script may be ready for it."""
    source = facts.project.source
    if any(map(_MADE.search, source.modules.values())):
        return
    uses: dict[str, tuple[Use, str]] = {}
    for use in facts.script.uses:
        if use.sure is Sure.GUARDED or not (gone := without_replacement(use.name)):
            continue
        part, instead = gone
        if part not in uses or use.sure > uses[part][0].sure:
            uses[part] = use, instead
    for part, (use, instead) in uses.items():
        position = position_of(use, source.file(use.module), source.modules)
        severity = Severity.ERROR if use.sure is Sure.ALWAYS else Severity.WARNING
        message = f"TensorFlow 2 has no tf.{part}, tf.compat.v1 neither"
        yield Diagnostic("TFI512", severity, message, "entry_script", position, instead)


RULES: tuple[Rule, ...] = (names_of_tensorflow_1,)
