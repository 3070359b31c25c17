"""Modules and names of an earlier Keras, against the Keras that comes with framework_version."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.catalog.modules.keras_names import Gone, gone_from_keras
from tfinfra.catalog.tensorflow import framework_or_newest, full_version
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.project import Sure
from tfinfra.compiler.rules.scripts.of_keras.in_use import keras_in_use
from tfinfra.compiler.source.script import Use, position_of
from tfinfra.errors import Diagnostic, Severity

_LAST_2 = "2.15"
"""tf-keras, which TF_USE_LEGACY_KERAS asks for, has the modules and names of the last Keras 2."""
_MOST = 10


def names_that_keras_lost(facts: Facts) -> Iterator[Diagnostic]:
    """Each part once, where it is reached most surely, the first ones of many. Under a `try` or a condition the script
    may be ready for it."""
    found: dict[str, tuple[Use, Gone, str]] = {}
    for use, name, version in _uses_of_keras(facts):
        gone = gone_from_keras(name, version)
        if gone and (gone.part not in found or use.sure > found[gone.part][0].sure):
            found[gone.part] = (use, gone, name.removeprefix(gone.part).lstrip("."))
    source, manifest = facts.project.source, facts.manifest
    for number, (use, gone, member) in enumerate([*found.values()][:_MOST]):
        severity = Severity.ERROR if use.sure is Sure.ALWAYS else Severity.WARNING
        message = f"the Keras of TensorFlow {full_version(manifest.framework_version)} has no {gone.part}"
        if number == _MOST - 1 and len(found) > _MOST:
            message += f", nor {len(found) - _MOST} more names of the script's"
        position = position_of(use, source.file(use.module), source.modules)
        yield Diagnostic("TFI531", severity, message, "entry_script", position, _way_out(gone, member))


def _uses_of_keras(facts: Facts) -> Iterator[tuple[Use, str, str]]:
    """Uses that mean Keras, with the whole name, and the Keras that it is looked for in."""
    known, keras = framework_or_newest(facts.manifest.framework_version), keras_in_use(facts)
    own = any(module.partition("/")[0] in ("keras", "keras.py") for module in facts.project.source.modules)
    if known is None or not keras.named or own:
        return
    current = known.minor if known.keras < 3 else "3"
    for use in facts.script.uses:
        name = use.name.replace("tensorflow.compat.v2.", "tensorflow.", 1)
        is_tf = name.startswith("tensorflow.keras.")
        if use.sure is not Sure.GUARDED and (is_tf or not keras.is_replaced):
            yield use, name, _LAST_2 if is_tf and current == "3" and not keras.tf_keras_3 else current


def _way_out(gone: Gone, member: str) -> str:
    if not gone.instead:
        last_2 = f"write framework_version: {full_version(_LAST_2)}, whose Keras has it"
        return last_2 if gone.since == "3" else "it was never documented: write what Keras documents, or copy it"
    if ":" in gone.instead or not member.isidentifier():
        return f"write {gone.instead}"
    return f"write {gone.instead}.{member}"


RULES: tuple[Rule, ...] = (names_that_keras_lost,)
