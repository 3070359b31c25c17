"""Warnings about Keras 3, which tf.keras is from TensorFlow 2.16 on: what of Horovod, of the strategies and of
TensorFlow 1 does not work with it. `python -m bench versions` runs what they claim, and each way out that they name."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tfinfra.backends.registry import BACKENDS
from tfinfra.catalog.tensorflow import framework_or_newest, full_version
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.project import Sure
from tfinfra.compiler.rules.scripts.of_keras.in_use import keras_in_use
from tfinfra.compiler.source.keras import LEGACY_VARIABLE, keras_of_optimizer, trains_models, variables_of_models
from tfinfra.compiler.source.script import Use, is_within, position_of
from tfinfra.errors import Diagnostic, Severity

_OPTIMIZERS = {
    "horovod.tensorflow.DistributedOptimizer": "",
    "horovod.tensorflow.keras.DistributedOptimizer": "tensorflow.keras",
    "horovod.keras.DistributedOptimizer": "keras",
}
"""{what makes a Keras optimizer Horovod's: whose optimizers it takes, "" for any}"""
_TAPES = ("horovod.tensorflow.DistributedGradientTape", "horovod.tensorflow.PartialDistributedGradientTape")
_BROADCASTS = ("horovod.tensorflow.broadcast_variables",)
_PARTS = {
    "BroadcastGlobalVariablesCallback": False,
    "MetricAverageCallback": True,
    "LearningRateWarmupCallback": True,
    "LearningRateScheduleCallback": True,
    "KerasState": False,
    "TensorFlowKerasState": False,
    "load_model": False,
    "SyncBatchNormalization": False,
}
"""{what Horovod has for Keras: whether it takes functions from the package keras, whatever tf.keras is}"""
_WARMUPS = ("LearningRateWarmupCallback", "LearningRateScheduleCallback")
_WITH_MOMENTUM = ("SGD", "RMSprop")
_HOOK = "horovod.tensorflow.BroadcastGlobalVariablesHook"
_V1_LAYERS = ("layers", "nn.rnn_cell")
"""Parts of tf.compat.v1 that Keras 3 took with it (tensorflow/python/util/lazy_loader.py)."""
_ESTIMATOR = ("tensorflow.estimator", "tensorflow_estimator")
_KERAS_2 = "write framework_version: 2.15.1"
_TF_KERAS = f"pip_packages: [tf-keras] and environment_variables: {{{LEGACY_VARIABLE}: 1}}"
_IN_ITS_PLACE = "`import sys, tf_keras; sys.modules['keras'] = tf_keras` before Horovod's import"


def horovods_keras_optimizer(facts: Facts) -> Iterator[Diagnostic]:
    """Keras 3 calls none of the methods that Horovod's optimizer overrides (horovod 0.28.1, _keras/__init__.py)."""
    keras = keras_in_use(facts)
    for module, call, name in keras.calls():
        if name in _OPTIMIZERS and keras.is_3(keras_of_optimizer(module, call) or _OPTIMIZERS[name]):
            message = f"with {keras.named} Horovod's Keras optimizer silently does not average gradients"
            way_out = f"pip_packages: [tf-keras] and {_IN_ITS_PLACE}" if name.startswith("horovod.keras") else _TF_KERAS
            yield _at(facts, module.use(call.func, name), "TFI502", message, f"{_KERAS_2}, or {way_out}")


def keras_variables_for_horovod(facts: Facts) -> Iterator[Diagnostic]:
    """Horovod wants variables of TensorFlow; one of Keras 3 holds such a one as its value."""
    keras = keras_in_use(facts)
    for module in keras.modules if keras.models else ():
        for name, use in variables_of_models(module, _TAPES, _BROADCASTS):
            message = f"with {keras.named} hvd.{_last(name)} fails over the variables of a Keras model"
            yield _at(facts, use, "TFI518", message, f"give it their values: `[v.value for v in {use.name}]`")


def horovods_parts_for_keras(facts: Facts) -> Iterator[Diagnostic]:
    """Horovod's callbacks and helpers for Keras call functions that Keras 3 does not have. Some take them from the
    package keras, whatever tf.keras is."""
    keras = keras_in_use(facts)
    for module, call, name in keras.calls():
        part = next((part for part in _PARTS if f".{part}." in f"{name}."), None)
        if part is None or not name.startswith("horovod."):
            continue
        if keras.keras_3 if _PARTS[part] or name.startswith("horovod.keras") else keras.tf_keras_3:
            message = f"with {keras.named} Horovod's {_last(name)} does not work"
            way_out = f"{_KERAS_2}, or {_TF_KERAS}{f' and {_IN_ITS_PLACE}' if _PARTS[part] else ''}"
            yield _at(facts, module.use(call.func, name), "TFI519", message, way_out)


def momentum_that_is_no_variable(facts: Facts) -> Iterator[Diagnostic]:
    """Since Keras 2.11 an optimizer's momentum is a number, and Horovod's schedules read a variable's value."""
    keras = keras_in_use(facts)
    names = [name for _, _, name in keras.calls()]
    momentum = any(
        ".legacy." not in name and ".optimizers." in name and _last(name) in _WITH_MOMENTUM for name in names
    )
    for module, call, name in keras.calls() if momentum and not keras.models else ():
        asked = [word.value for word in call.keywords if word.arg == "momentum_correction"]
        off = any(isinstance(one, ast.Constant) and one.value is False for one in asked)
        if name.startswith("horovod.") and _last(name) in _WARMUPS and not off:
            message = f"Horovod's {_last(name)} fails with Keras's SGD and RMSprop, whose momentum is a plain number"
            hint = "write momentum_correction=False, or tf.keras.optimizers.legacy.SGD"
            yield _at(facts, module.use(call.func, name), "TFI523", message, hint)


def horovods_hook_without_estimator(facts: Facts) -> Iterator[Diagnostic]:
    """Horovod 0.28.1 makes this hook out of a class of tf.estimator, and has none where that is gone."""
    known = framework_or_newest(facts.manifest.framework_version) if facts.manifest.sound("framework_version") else None
    if known and not known.estimator and (use := _surest(facts, _HOOK)):
        version = full_version(facts.manifest.framework_version)
        message = f"with TensorFlow {version}, which has no tf.estimator, Horovod has no {_last(_HOOK)}"
        instead = "`op = hvd.broadcast_global_variables(0)` before the session, and `session.run(op)` first in it"
        yield _at(facts, use, "TFI520", message, f"{_KERAS_2}, or {instead}", sure=True)


def fit_under_a_strategy(facts: Facts) -> Iterator[Diagnostic]:
    """Keras 3's fit does not know strategies over several processes."""
    keras = keras_in_use(facts)
    alone = facts.tasks is not None and len(facts.tasks) == 1
    if alone or not keras.models or not trains_models(keras.modules):
        return
    for sign in (sign for one in BACKENDS.values() for sign in one.signs if not sign.keras3):
        if use := facts.script.use_of(sign):
            message = f"with {keras.named} model.fit fails under {sign.what}"
            yield _at(facts, use, "TFI507", message, f"{_KERAS_2}, or {_TF_KERAS}")


def estimator_after_its_end(facts: Facts) -> Iterator[Diagnostic]:
    """tf.estimator ended with TensorFlow 2.15."""
    known = framework_or_newest(facts.manifest.framework_version) if facts.manifest.sound("framework_version") else None
    if known and not known.estimator and (use := _surest(facts, *_ESTIMATOR)):
        version = full_version(facts.manifest.framework_version)
        message = f"tf.estimator ended with TensorFlow 2.15, and framework_version is {version}"
        yield _at(facts, use, "TFI505", message, _KERAS_2, sure=True)


def layers_of_tensorflow_1(facts: Facts) -> Iterator[Diagnostic]:
    """Each part once: tf.compat.v1 still has its name, and no layer in it."""
    keras = keras_in_use(facts)
    for part in _V1_LAYERS if keras.tf_keras_3 else ():
        places = (f"tensorflow.compat.v1.{part}.", f"tensorflow.{part}.")
        if use := next((use for use in facts.script.uses if use.name.startswith(places)), None):
            message = f"with {keras.named} tf.compat.v1.{part} has no {_last(use.name)}"
            yield _at(
                facts, use, "TFI522", message, f"write tf.keras.layers, or framework_version: 2.15.1, or {_TF_KERAS}"
            )


def _surest(facts: Facts, *names: str) -> Use | None:
    """The first of those uses that are reached most surely."""
    uses = [use for use in facts.script.uses if is_within(use.name, names)]
    return max(uses, key=lambda use: use.sure, default=None)


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _at(facts: Facts, use: Use, code: str, message: str, hint: str, *, sure: bool = False) -> Diagnostic:
    """A warning; an error where it is `sure` that the name is missing and the script reaches it whatever happens."""
    source = facts.project.source
    position = position_of(use, source.file(use.module), source.modules)
    severity = Severity.ERROR if sure and use.sure is Sure.ALWAYS else Severity.WARNING
    return Diagnostic(code, severity, message, "entry_script", position, hint)


RULES: tuple[Rule, ...] = (
    horovods_keras_optimizer,
    keras_variables_for_horovod,
    horovods_parts_for_keras,
    momentum_that_is_no_variable,
    horovods_hook_without_estimator,
    fit_under_a_strategy,
    estimator_after_its_end,
    layers_of_tensorflow_1,
)
