"""Which Keras a script trains with and what it hands to Horovod, by the syntax trees of its modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from tfinfra.compiler.source.script import Use, aliases_of, dotted, nodes_of, parse, span, spelt

LEGACY_VARIABLE = "TF_USE_LEGACY_KERAS"
LEGACY_VALUES = ("true", "True", "1")
"""What TensorFlow takes for a yes (tensorflow/python/util/lazy_loader.py)."""
_VARIABLES = ("trainable_variables", "trainable_weights", "variables", "weights")
_OF_MODELS = ("Model", "Sequential", "layers", "models", "applications", "Input")
_FITS = ("fit", "fit_generator", "train_on_batch")
_STEPS_BACK, _MOST_VALUES = 4, 20


@dataclass(frozen=True)
class Module:
    """A module that Python can read. `values`: {a name, or "self.name": what is assigned to it anywhere in it}."""

    path: str
    tree: ast.Module
    aliases: Mapping[str, str]
    values: Mapping[str, tuple[ast.expr, ...]]

    def use(self, node: ast.expr, name: str) -> Use:
        return Use(name, self.path, node.lineno, *span(node))

    def name_of(self, node: ast.expr) -> str | None:
        """The dotted name of an expression as the script reaches it, compat.v2 looked through."""
        name = dotted(node, self.aliases)
        return name.replace("tensorflow.compat.v2.", "tensorflow.", 1) if name else None

    def values_of(self, node: ast.expr) -> tuple[ast.expr, ...]:
        """What is assigned to the name that an expression is, () for any other."""
        return self.values.get(spelt(node), ()) if isinstance(node, (ast.Name, ast.Attribute)) else ()

    @cached_property
    def calls(self) -> list[ast.Call]:
        """All calls, by line."""
        found = [node for node in nodes_of(self.tree) if isinstance(node, ast.Call)]
        return sorted(found, key=lambda call: (call.lineno, call.col_offset))


def modules_of(modules: Mapping[str, str]) -> tuple[Module, ...]:
    """Those of `modules` (path → text) that Python can read."""
    return tuple(module for path, text in modules.items() if (module := _module(path, text)))


@lru_cache(maxsize=128)
def _module(path: str, text: str) -> Module | None:
    tree = parse(text)
    return Module(path, tree, aliases_of(tree), _values(tree)) if isinstance(tree, ast.Module) else None


def _values(tree: ast.Module) -> dict[str, tuple[ast.expr, ...]]:
    values: dict[str, tuple[ast.expr, ...]] = {}
    for node in nodes_of(tree):
        bound: list[tuple[ast.expr | None, ast.expr | None]] = []
        if isinstance(node, ast.Assign):
            bound = [(target, node.value) for target in node.targets]
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)):
            bound = [(node.target, node.value)]
        elif isinstance(node, ast.With):
            bound = [(item.optional_vars, item.context_expr) for item in node.items]
        for target, value in bound:
            if isinstance(target, (ast.Name, ast.Attribute)) and value is not None:
                name = spelt(target)
                values[name] = (*values.get(name, ()), value)
    return values


def legacy_setting(modules: tuple[Module, ...]) -> str | None:
    """What the script itself writes into TF_USE_LEGACY_KERAS, "" for what is no literal; None where it does not."""
    settings = (pair for module in modules for node in nodes_of(module.tree) for pair in _settings(node, module))
    for key, value in settings:
        if isinstance(key, ast.Constant) and key.value == LEGACY_VARIABLE:
            return str(value.value) if isinstance(value, ast.Constant) else ""
    return None


def _settings(node: ast.AST, module: Module) -> Iterator[tuple[ast.expr | None, ast.expr]]:
    """(name, value) of each environment variable that a node sets."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and module.name_of(target.value) == "os.environ":
                yield target.slice, node.value
    elif isinstance(node, ast.Call):
        name = module.name_of(node.func)
        if name in ("os.environ.setdefault", "os.putenv") and len(node.args) == 2:
            yield node.args[0], node.args[1]
        elif name == "os.environ.update":
            for given in node.args:
                yield from zip(given.keys, given.values, strict=True) if isinstance(given, ast.Dict) else ()
            yield from ((ast.Constant(word.arg), word.value) for word in node.keywords)


def replaces_keras(modules: tuple[Module, ...]) -> bool:
    """Whether the script puts another module in Keras's place: `sys.modules["keras"] = tf_keras`."""
    assigned = (node for module in modules for node in nodes_of(module.tree) if isinstance(node, ast.Assign))
    targets = (target for node in assigned for target in node.targets if isinstance(target, ast.Subscript))
    return any(spelt(target) in ("sys.modules['keras']", "modules['keras']") for target in targets)


def trains_models(modules: tuple[Module, ...]) -> bool:
    """Whether a model's fit is called, or its like: on anything that is not scikit-learn's."""
    calls = ((module, call.func) for module in modules for call in module.calls)
    fits = ((m, function) for m, function in calls if isinstance(function, ast.Attribute) and function.attr in _FITS)
    return any(not _is_of_sklearn(module, function.value) for module, function in fits)


def _is_of_sklearn(module: Module, node: ast.expr) -> bool:
    return all(name and name.startswith("sklearn.") for name in made_by(module, node))


def keras_of_optimizer(module: Module, call: ast.Call) -> str:
    """Whose optimizer a call of hvd.DistributedOptimizer is given: "tensorflow.keras", "keras", "tf_keras",
    "tensorflow.train" for one of TensorFlow 1; "" where the module does not say, or says several."""
    given = [*call.args[:1], *(word.value for word in call.keywords if word.arg == "optimizer")]
    kinds = {_kind_of(name) for one in given for name in made_by(module, one)}
    return kinds.pop() if len(kinds) == 1 else ""


def _kind_of(name: str | None) -> str:
    name = f"{name}.".replace("tensorflow.compat.v1.", "tensorflow.", 1)
    kinds = ("tensorflow.keras", "keras", "tf_keras", "tensorflow.train")
    return next((kind for kind in kinds if name.startswith(f"{kind}.")), "")


def made_by(module: Module, node: ast.expr, steps: int = _STEPS_BACK) -> Iterator[str | None]:
    """The dotted names of the calls that may have made the value of an expression, None for what cannot be told."""
    if isinstance(node, ast.Call):
        yield module.name_of(node.func)
    elif isinstance(node, ast.IfExp):
        yield from made_by(module, node.body, steps)
        yield from made_by(module, node.orelse, steps)
    elif steps and 0 < len(values := {ast.dump(value): value for value in module.values_of(node)}) <= _MOST_VALUES:
        own = ast.dump(node)
        for text, value in values.items():
            if own not in text:  # not `opt = hvd.DistributedOptimizer(opt)`
                yield from made_by(module, value, steps - 1)
    else:
        yield None


def variables_of_models(
    module: Module, tapes: tuple[str, ...], functions: tuple[str, ...]
) -> Iterator[tuple[str, Use]]:
    """Where a model's variables go to one of `functions`, or to the `gradient` of one of `tapes` (dotted names), with
    that name: `tape.gradient(loss, model.trainable_variables)`. Their values, `[v.value for v in …]`, are none. A use's
    name is what the script writes."""
    for call in module.calls:
        name = module.name_of(call.func)
        tape = _tape_of(module, call.func, tapes)
        if tape:
            given = [*call.args[1:2], *(word.value for word in call.keywords if word.arg == "sources")]
        else:
            given = [*call.args[:1], *(word.value for word in call.keywords if word.arg == "variables")]
        for one in given if tape or name in functions else ():
            if any(_is_variables(value) for value in (one, *module.values_of(one))):
                yield tape or str(name), module.use(one, spelt(one).removesuffix("()"))


def _tape_of(module: Module, function: ast.expr, tapes: tuple[str, ...]) -> str | None:
    """Which of `tapes` the function is the `gradient` of."""
    if not (isinstance(function, ast.Attribute) and function.attr == "gradient"):
        return None
    made = module.values_of(function.value) or (function.value,)
    names = (module.name_of(one.func) for one in made if isinstance(one, ast.Call))
    return next((name for name in names if name in tapes), None)


def _is_variables(node: ast.expr) -> bool:
    """`model.trainable_variables`, a sum or a list of such; not what a comprehension takes out of them."""
    if isinstance(node, ast.Attribute):
        return node.attr in _VARIABLES
    if isinstance(node, ast.BinOp):
        return _is_variables(node.left) or _is_variables(node.right)
    if isinstance(node, (ast.List, ast.Tuple)):
        return any(_is_variables(one.value if isinstance(one, ast.Starred) else one) for one in node.elts)
    if isinstance(node, (ast.ListComp, ast.GeneratorExp)):
        return isinstance(node.elt, ast.Name) and _is_variables(node.generators[0].iter)
    if isinstance(node, ast.Call):  # `list(model.variables)`, `optimizer.variables()`
        return any(_is_variables(one) for one in (node.func, *node.args))
    return False


def makes_models(name: str) -> bool:
    """Whether a dotted name of Keras makes a model or a layer."""
    return any(part in _OF_MODELS for part in name.split("."))
