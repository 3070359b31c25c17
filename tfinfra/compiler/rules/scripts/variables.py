"""Variables of a task's environment that the script asks for or sets itself, against those that a task has."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from tfinfra.backends.registry import BACKENDS
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.project import Reach, SourceDirectory, Sure
from tfinfra.compiler.source.command_line.calls import literal, texts
from tfinfra.compiler.source.reached import reached
from tfinfra.compiler.source.script import aliases_of, dotted, nodes_of, parse, position_of_node
from tfinfra.errors import Diagnostic, Position, Severity
from tfinfra.model.script_variables import may_be_set

_SERVICES_OWN = re.compile(
    r"(SM|AIP|KAGGLE|COLAB|DATABRICKS|SLURM)_\w+|AZUREML_\w+|RANK|LOCAL_RANK|WORLD_SIZE|MASTER_(ADDR|PORT)"
)
"""Variables of SageMaker, Vertex AI, Kaggle, Colab, Databricks, Slurm, Azure ML and torchrun."""
_INSTEAD = (
    (r"SM_CHANNEL_(\w+)", "os.environ['TFINFRA_INPUT_{}'], with such a name in `inputs`"),
    (r"(SM_MODEL_DIR|SM_OUTPUT_\w+|AIP_MODEL_DIR|AIP_TENSORBOARD_LOG_DIR)", "os.environ['TFINFRA_OUTPUTS']"),
    (r"AIP_CHECKPOINT_DIR", "os.environ['TFINFRA_CHECKPOINTS']"),
    (r"(RANK|WORLD_SIZE|LOCAL_RANK)", "hvd.rank(), hvd.size() or hvd.local_rank()"),
)
_ASKS_FIRST = ("in os.environ", "load_dotenv", ".setdefault", "environ.update")
_TF_CONFIG = "TF_CONFIG"
_WITH_TF_CONFIG = [name for name, one in BACKENDS.items() if one.gives_tf_config]
_STEPS = 4
"""From a variable's value to the dictionary behind it: a name, a call, a name."""
_WITH_ADDRESSES = f"distributed_backend: {', or '.join(_WITH_TF_CONFIG)}, gives each task its own"


def variables_that_nothing_sets(facts: Facts) -> Iterator[Diagnostic]:
    """`os.environ["SM_MODEL_DIR"]`, which nothing sets here, is a KeyError: each once, where the script comes by for
    certain. One of no service that is known may be set by a package."""
    source, manifest = facts.project.source, facts.manifest
    given = {*manifest.environment_variables, *manifest.secrets}
    set_somewhere = {name for text in source.modules.values() for name in _set_in(text)}
    for module, text in source.modules.items():
        found = dict[str, ast.Subscript]()
        for node in _surely(source, module, text) if not any(word in text for word in _ASKS_FIRST) else ():
            for name in _asked(node, text, ast.Load):
                if name not in given | set_somewhere and isinstance(node, ast.Subscript):
                    found.setdefault(name, node)
        for name, node in found.items():
            yield from _lacking(name, manifest.distributed_backend, position_of_node(node, source.file(module), text))


def _lacking(name: str, backend: str | None, position: Position) -> Iterator[Diagnostic]:
    code, severity = "TFI537", Severity.ERROR
    if _SERVICES_OWN.fullmatch(name):
        code, why, hint = "TFI533", ": it is a variable of another service", _instead(name)
    elif name == _TF_CONFIG and backend not in _WITH_TF_CONFIG:
        why, hint = f" of distributed_backend {backend or 'null'}", _WITH_ADDRESSES
    elif not may_be_set(name):
        severity, why = Severity.WARNING, ", which has none of this machine's variables"
        hint = f"write `environment_variables: {{{name}: …}}`, or name it in `secrets`"
    else:
        return
    yield Diagnostic(code, severity, f"nothing sets {name} in a task{why}", "entry_script", position, hint)


def a_tf_config_of_the_scripts_own(facts: Facts) -> Iterator[Diagnostic]:
    """The addresses of an example, which the script writes over those of the run: its workers wait for one another
    until a limit ends them."""
    source, manifest = facts.project.source, facts.manifest
    for module, text in source.modules.items():
        for node in _surely(source, module, text) if _TF_CONFIG in text else ():
            if not isinstance(node, ast.Assign) or _TF_CONFIG not in _asked(node.targets[0], text, ast.Store):
                continue
            if _has_addresses(node.value, _values(text)):
                message = "the script sets TF_CONFIG to addresses of its own, which are none of this run's tasks"
                has_one = manifest.distributed_backend in _WITH_TF_CONFIG
                hint = "leave it out: each task has one of its own" if has_one else f"leave it out: {_WITH_ADDRESSES}"
                position = position_of_node(node.targets[0], source.file(module), text)
                yield Diagnostic("TFI536", Severity.WARNING, message, "entry_script", position, hint)


def _has_addresses(value: ast.expr, values: Mapping[str, ast.expr]) -> bool:
    """Whether it is a text with a cluster of more than one address, or a dictionary that becomes one."""
    for _ in range(_STEPS):
        if isinstance(value, ast.Name):
            value = values.get(value.id, value)
        elif isinstance(value, ast.Call) and value.args:  # json.dumps(…)
            value = value.args[0]
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return '"cluster"' in value.value and len(re.findall(r":\d+\"", value.value)) > 1
    if not isinstance(value, ast.Dict):
        return False
    parts = [part for key, part in zip(value.keys, value.values, strict=True) if key and literal(key) == ("cluster",)]
    cluster = next((one for part in parts for one in literal(part)), None)
    groups = [group for group in cluster.values() if isinstance(group, list)] if isinstance(cluster, dict) else []
    return sum(map(len, groups)) > 1


def _values(text: str) -> Mapping[str, ast.expr]:
    """{a name: what is assigned to it} of those that are assigned once."""
    tree, found, again = parse(text), dict[str, ast.expr](), set[str]()
    for node in nodes_of(tree) if isinstance(tree, ast.Module) else ():
        for target in node.targets if isinstance(node, ast.Assign) else ():
            if isinstance(target, ast.Name) and isinstance(node, ast.Assign):
                again |= {target.id} & found.keys()
                found[target.id] = node.value
    return {name: value for name, value in found.items() if name not in again}


def _surely(source: SourceDirectory, module: str, text: str) -> Iterator[ast.AST]:
    """What of a module is reached for certain, where it touches the environment."""
    tree, how = parse(text), source.reach.get(module, Reach(Sure.LATER))
    if "environ" in text and isinstance(tree, ast.Module):
        for node, sure in reached(tree, as_program=how.as_program):
            if min(sure, how.sure) is Sure.ALWAYS:
                yield node


def _set_in(text: str) -> Iterator[str]:
    tree = parse(text) if "environ" in text else None
    for node in nodes_of(tree) if isinstance(tree, ast.Module) else ():
        yield from _asked(node, text, ast.Store)


def _asked(node: ast.AST, text: str, context: type[ast.expr_context]) -> Iterator[str]:
    """The name in `os.environ["…"]`."""
    one = node if isinstance(node, ast.Subscript) and isinstance(node.ctx, context) else None
    tree = parse(text)
    if one is not None and isinstance(tree, ast.Module) and dotted(one.value, aliases_of(tree)) == "os.environ":
        yield from texts([one.slice])


def _instead(name: str) -> str:
    for pattern, instead in _INSTEAD:
        if found := re.fullmatch(pattern, name):
            return f"write {instead.format(*found.groups())}"
    return f"write `environment_variables: {{{name}: …}}`, or leave it out"


RULES: tuple[Rule, ...] = (variables_that_nothing_sets, a_tf_config_of_the_scripts_own)
