"""Which Keras the script's names mean: the package keras, what tf.keras is, or tf-keras in the place of either, which
a requirement must bring."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tfinfra.catalog.tensorflow import framework_or_newest, full_version
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.packages.requirements import all_requirements, conda_specs, requirement_name
from tfinfra.compiler.source.keras import (
    LEGACY_VALUES,
    LEGACY_VARIABLE,
    Module,
    legacy_setting,
    makes_models,
    modules_of,
    replaces_keras,
)
from tfinfra.compiler.source.script import position_of
from tfinfra.errors import Diagnostic, Severity

_BRINGS_TF_KERAS = ("tensorflow-", "tf-", "ktrain", "transformers", "deepface", "retina-face", "gpflow")


@dataclass(frozen=True)
class KerasInUse:
    """`named` is "TensorFlow 2.21.0 (Keras 3)". Which Keras the names mean: `tf_keras_3` that of tf.keras, `keras_3`
    that of keras; `models`: the script makes a model or a layer of Keras 3. `missing`: TF_USE_LEGACY_KERAS asks for the
    package tf-keras, and nothing brings it. `is_replaced`: the script puts another package in the place of keras."""

    named: str
    modules: tuple[Module, ...]
    tf_keras_3: bool
    keras_3: bool
    models: bool
    missing: bool
    is_replaced: bool = False

    def is_3(self, kind: str) -> bool:
        """Of "tensorflow.keras", "keras", and "" for what the script does not say."""
        return {"tensorflow.keras": self.tf_keras_3, "keras": self.keras_3, "": self.models}.get(kind, False)

    def calls(self) -> Iterator[tuple[Module, ast.Call, str]]:
        """All calls with the dotted name of what is called."""
        calls = ((module, call, module.name_of(call.func)) for module in self.modules for call in module.calls)
        return ((module, call, name) for module, call, name in calls if name)


def keras_in_use(facts: Facts) -> KerasInUse:
    """What Keras is in the script. Nothing is Keras 3, and nothing `named`, where the manifest is wrong, or TensorFlow
    older than what is supported."""
    manifest = facts.manifest
    known = framework_or_newest(manifest.framework_version) if manifest.sound("framework_version") else None
    if known is None or not manifest.sound("environment_variables", "pip_packages"):
        return KerasInUse("", (), tf_keras_3=False, keras_3=False, models=False, missing=False)
    modules = modules_of(facts.project.source.modules)
    texts = facts.project.source.modules.values()
    written = legacy_setting(modules) if any(LEGACY_VARIABLE in text for text in texts) else None
    legacy = manifest.environment_variables.get(LEGACY_VARIABLE) if written is None else written
    missing = legacy in LEGACY_VALUES and not _brings_tf_keras(facts)
    tf_keras_3 = known.keras >= 3 and legacy not in (*LEGACY_VALUES, "")
    is_replaced = replaces_keras(modules)
    keras_3 = known.keras >= 3 and not is_replaced
    names = (*(["tensorflow.keras."] if tf_keras_3 else []), *(["keras."] if keras_3 else []))
    uses = [use.name.replace("tensorflow.compat.v2.", "tensorflow.", 1) for use in facts.script.uses]
    models = any(name.startswith(names) and makes_models(name) for name in uses)
    named = f"TensorFlow {full_version(manifest.framework_version)} (Keras {known.keras})"
    return KerasInUse(named, modules, tf_keras_3, keras_3, models, missing, is_replaced)


def _brings_tf_keras(facts: Facts) -> bool:
    """Whether a requirement may bring the package tf-keras, by itself or as what it needs; a setup script may too."""
    specs = (spec.rpartition("::")[2] for spec in conda_specs(facts.manifest, facts.project))
    names = (*map(requirement_name, all_requirements(facts.manifest, facts.project)), *specs)
    return bool(facts.manifest.setup_script) or any(name.startswith(_BRINGS_TF_KERAS) for name in names)


def tf_keras_that_nobody_brings(facts: Facts) -> Iterator[Diagnostic]:
    """TF_USE_LEGACY_KERAS makes tf.keras the package tf-keras, and its first use ends the script without it."""
    if keras_in_use(facts).missing and (use := facts.script.find("tensorflow.keras")):
        source = facts.project.source
        position = position_of(use, source.file(use.module), source.modules)
        message = f"{LEGACY_VARIABLE} makes tf.keras the package tf-keras, and no requirement brings it"
        hint = "pip_packages: [tf-keras]"
        yield Diagnostic("TFI521", Severity.WARNING, message, "entry_script", position, hint)


RULES: tuple[Rule, ...] = (tf_keras_that_nobody_brings,)
