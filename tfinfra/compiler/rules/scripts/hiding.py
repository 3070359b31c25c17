"""Modules of one's own that hide others: Python looks in the script's folder first, whoever imports."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.catalog.modules.hidden_modules import needed
from tfinfra.catalog.modules.python_modules import brings
from tfinfra.catalog.tensorflow import minor_of
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.project import Sure
from tfinfra.compiler.source.script import Use, position_of
from tfinfra.errors import Diagnostic, Severity

_IMPORT_TENSORFLOW = ("tensorflow", "keras", "horovod.tensorflow", "horovod.keras")


def hidden_modules(facts: Facts) -> Iterator[Diagnostic]:
    """At the line that imports TensorFlow, for each of one's own modules that TensorFlow gets instead of another's."""
    source = facts.project.source
    if not source.hiding or "PYTHONSAFEPATH" in facts.manifest.environment_variables:
        return
    uses = [use for use in facts.script.uses if use.sure is not Sure.GUARDED and _imports_tensorflow(use)]
    if not uses:
        return
    first = next((use for use in uses if use.sure is Sure.ALWAYS), uses[0])
    position = position_of(first, source.file(first.module), source.modules)
    severity = Severity.ERROR if first.sure is Sure.ALWAYS else Severity.WARNING
    for one in (one for one in source.hiding if _is_meant(facts, one.name, uses)):
        whose = "Python's own" if brings(one.name, facts.manifest.python_version) else "the package"
        what = "Horovod" if one.name == "horovod" else "TensorFlow"
        message = f"{what} cannot be imported: {one.path} hides {whose} {one.name}, and has no {one.lacks}"
        hint = f"rename {one.path}: Python looks in its folder first, whoever imports {one.name}"
        yield Diagnostic("TFI513", severity, message, "entry_script", position, hint)


def _is_meant(facts: Facts, name: str, uses: list[Use]) -> bool:
    """Whether the namesake is what is wanted: a package may be called as one of these, and the script means its own."""
    if name not in ("tensorflow", "keras", "horovod"):
        return True
    if name == "keras" and minor_of(facts.manifest.framework_version) == "2.15":
        return True  # its `import tensorflow` imports Keras; a newer one imports it where it is used
    wanted = [f"{whole}.{inner}" for whole in (name, f"tensorflow.{name}") for inner in needed()[name]]
    return any(f"{use.name}.".startswith(f"{one}.") for use in uses for one in wanted)


def _imports_tensorflow(use: Use) -> bool:
    return any(f"{use.name}.".startswith(f"{name}.") for name in _IMPORT_TENSORFLOW)


RULES: tuple[Rule, ...] = (hidden_modules,)
