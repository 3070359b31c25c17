"""Calls as they were written for an earlier Keras, which this one refuses, or takes as something else: an argument or
a method that is gone, a file's name. Each was tried with Keras 2.15.0 and 3.15.1."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from tfinfra.catalog.modules.keras_names import tree_of
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.rules.scripts.of_keras.in_use import keras_in_use
from tfinfra.compiler.source.command_line.calls import literal
from tfinfra.compiler.source.keras import Module, made_by
from tfinfra.compiler.source.script import position_of
from tfinfra.errors import Diagnostic, Severity

_OPTIMIZERS = ("SGD", "RMSprop", "Adam", "Adadelta", "Adagrad", "Adamax", "Nadam", "Ftrl")
_ARGUMENTS: dict[str, Mapping[str, str]] = {
    **{f"optimizers.{name}": {"lr": "write learning_rate"} for name in _OPTIMIZERS},
    "callbacks.ModelCheckpoint": {"period": "write save_freq, in batches, or leave it out: 'epoch'"},
    "callbacks.TensorBoard": {"write_grads": "leave it out", "batch_size": "leave it out"},
    "layers.BatchNormalization": {"fused": "leave it out"},
    "layers.LSTM": {"time_major": "transpose the first two axes"},
    "layers.GRU": {"time_major": "transpose the first two axes"},
}
"""{what is called, inside of Keras: {an argument that it took: what to write}}"""
_OF_KERAS_2 = {
    "lr": ("ignores lr, and trains with its default", "write learning_rate"),
    "decay": ("takes no decay", "give learning_rate a schedule of keras.optimizers.schedules"),
}
"""{an argument of an optimizer before Keras 2.11: (what Keras 2.11 to 2.15 does, what to write)}; those of
`optimizers.legacy` still take both."""
_METHODS = {"fit_generator": "fit", "evaluate_generator": "evaluate", "predict_generator": "predict"}
"""{a method of Keras 2's models: the one that does the same}"""
_NEVER_AGAIN = {"predict_classes": "predict(…).argmax(axis=-1)", "predict_proba": "predict"}
"""{a method that models had before TensorFlow 2.6: what does the same}"""
_MODELS = (".Sequential", ".Model", ".load_model")
_SAVED = (".keras", ".h5", ".hdf5")
_FEEDING = ("workers", "use_multiprocessing", "max_queue_size")
"""What fit took, and a keras.utils.PyDataset takes since."""


def calls_of_an_earlier_keras(facts: Facts) -> Iterator[Diagnostic]:
    """Those of Keras's own names, and of methods that nothing else has."""
    keras = keras_in_use(facts)
    for module, call, name in keras.calls():
        tree = tree_of(name)
        if tree is not None and keras.is_3(tree):
            for what, way_out in _refusals(name.removeprefix(f"{tree}."), call):
                yield _at(facts, module, call.func, f"with {keras.named} {what}", way_out)
        elif tree is not None:
            for what, way_out in _odd_for_keras_2(name.removeprefix(f"{tree}."), call):
                yield _at(facts, module, call.func, f"with Keras 2 {what}", way_out)
    for module in keras.modules:
        for call in module.calls:
            if isinstance(call.func, ast.Attribute):
                found = _of_a_model(call, call.func.attr) if keras.models else None
                if not found and _is_model(module, call.func.value):
                    found = _of_a_known_model(call, call.func.attr, is_3=keras.models)
                if found:
                    yield _at(facts, module, call.func, f"with {keras.named} {found[0]}", found[1])


def _refusals(name: str, call: ast.Call) -> Iterator[tuple[str, str]]:
    given = {word.arg for word in call.keywords}
    last = name.rpartition(".")[2]
    for argument, way_out in _ARGUMENTS.get(name, {}).items():
        if argument in given:
            yield f"{last} takes no {argument}", way_out
    if name == "callbacks.ModelCheckpoint" and (ending := _ending_wanted(call)):
        yield f"ModelCheckpoint takes names that end in {ending}", f"write such a name, with {ending}"


def _odd_for_keras_2(name: str, call: ast.Call) -> Iterator[tuple[str, str]]:
    room, _, optimizer = name.rpartition(".")
    if room == "optimizers" and optimizer in _OPTIMIZERS:
        for word in call.keywords:
            if found := _OF_KERAS_2.get(word.arg or ""):
                yield f"{optimizer} {found[0]}", f"{found[1]}, or take keras.optimizers.legacy.{optimizer}"


def _ending_wanted(call: ast.Call) -> str:
    """What Keras 3 wants the file to end in, "" where it does, or its name is not a literal."""
    words = {word.arg: word.value for word in call.keywords}
    name = next(iter(literal(call.args[0] if call.args else words.get("filepath"))), None)
    weights_only = literal(words.get("save_weights_only")) or ((False,) if "save_weights_only" not in words else ())
    if not isinstance(name, str) or not weights_only:
        return ""
    if weights_only[0]:
        return "" if name.endswith(".weights.h5") else ".weights.h5"
    return "" if name.endswith((".keras", ".h5")) else ".keras"


def _of_a_model(call: ast.Call, method: str) -> tuple[str, str] | None:
    if instead := _METHODS.get(method):
        return f"a model has no {method}", f"write {instead}, which takes generators too"
    name = next(iter(literal(call.args[0])), None) if call.args else None
    others = any(word.arg == "max_shard_size" for word in call.keywords)
    if method == "save_weights" and isinstance(name, str) and not name.endswith(".weights.h5") and not others:
        return "save_weights takes names that end in .weights.h5", "write such a name, with .weights.h5"
    if method == "save" and any(word.arg == "save_format" for word in call.keywords):
        return "save takes no save_format", "leave it out: the file's ending says it, .keras or .h5"
    gone = [word.arg for word in call.keywords if word.arg in _FEEDING]
    if method == "fit" and gone:
        return f"fit takes no {gone[0]}", "give it to the keras.utils.PyDataset that fit reads, or leave it out"
    return None


def _is_model(module: Module, node: ast.expr) -> bool:
    """Whether all that may have made it are Keras's models."""
    names = [name or "" for name in made_by(module, node)]
    return bool(names) and all(tree_of(name) and name.endswith(_MODELS) for name in names)


def _of_a_known_model(call: ast.Call, method: str, *, is_3: bool) -> tuple[str, str] | None:
    """What other objects have too: nothing is said of theirs."""
    if instead := _NEVER_AGAIN.get(method):
        return f"a model has no {method}", f"write {instead}"
    name = next(iter(literal(call.args[0])), None) if call.args else None
    others = {word.arg for word in call.keywords} & {"zipped", "save_format"}
    if method == "save" and is_3 and isinstance(name, str) and not name.endswith(_SAVED) and not others:
        return "save takes names that end in .keras or .h5", "write such a name, or model.export(…) for a SavedModel"
    return None


def _at(facts: Facts, module: Module, node: ast.expr, message: str, hint: str) -> Diagnostic:
    use, source = module.use(node, ""), facts.project.source
    position = position_of(use, source.file(use.module), source.modules)
    return Diagnostic("TFI534", Severity.WARNING, message, "entry_script", position, hint)


RULES: tuple[Rule, ...] = (calls_of_an_earlier_keras,)
