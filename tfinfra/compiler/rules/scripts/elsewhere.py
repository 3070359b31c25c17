"""What a script takes from a machine that it was written on: files of that machine, and variables that another service
sets."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.project import Reach, Sure
from tfinfra.compiler.rules.scripts.staying import READING, WRITING
from tfinfra.compiler.source.command_line.calls import texts
from tfinfra.compiler.source.named_files import DRIVE, files_elsewhere
from tfinfra.compiler.source.reached import reached
from tfinfra.compiler.source.script import aliases_of, dotted, line_of, nodes_of, parse, span
from tfinfra.errors import Diagnostic, Position, Severity
from tfinfra.manifest.document import error_at

_SERVICES = re.compile(r"/(kaggle|content|dbfs|opt/ml|gdrive)/")
"""Where Kaggle, Colab, Databricks and SageMaker lay files."""
_HOMES = re.compile(r"/(home/[^/]+|Users/[^/]+|root)/|~")
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
_AS_INPUT = "give it as an input (`inputs`), and the script ${TFINFRA_INPUT_<name>} as an argument"


def files_of_another_machine(facts: Facts) -> Iterator[Diagnostic]:
    """Files that the script reads whatever happens, and that no node has."""
    source = facts.project.source
    for one in files_elsewhere(source.modules, source.reach):
        if why := _why_missing(facts, one.name):
            text = line_of(source.text(one.module), one.line)
            position = Position(source.file(one.module), one.line, one.column + 1, one.length, text)
            is_warning = facts.manifest.setup_script or (_is_local(facts) and one.name in facts.project.absent)
            severity = Severity.WARNING if is_warning else Severity.ERROR
            message = f"'{one.name}' is missing on the nodes: {why}"
            yield Diagnostic("TFI532", severity, message, "entry_script", position, _AS_INPUT)


def _why_missing(facts: Facts, name: str) -> str:
    """ "" of a path that a node may have. Nodes of the local cloud share this machine's files."""
    if DRIVE.match(name):
        return "it is a path of Windows"
    if posixpath.normpath(name).startswith(".."):
        return "it is outside of source_directory, which is what they get"
    if _is_local(facts) and name not in facts.project.absent:
        return ""
    if _SERVICES.match(name):
        return "it is where another service lays files"
    return "it is in a home folder, and nodes have none of yours" if _HOMES.match(name) else ""


def _is_local(facts: Facts) -> bool:
    return facts.chosen.target is None or facts.chosen.target.cloud == "local" or facts.project.rehearse


def parameters_of_another_machine(facts: Facts) -> Iterator[Diagnostic]:
    """The same of what script_params give the script to read."""
    for flag, values in facts.manifest.script_params.items():
        name, _, inline = flag.partition("=")
        is_read = READING.search(name.lower()) and not WRITING.search(name.lower())
        for value in (*values, inline) if is_read else ():
            if (_HOMES.match(value) or _SERVICES.match(value)) and (why := _why_missing(facts, value)):
                message = f"'{value}', which {name} names, is missing on the nodes: {why}"
                path = ("script_params", flag)
                yield error_at(facts.document, "TFI532", path, message, _AS_INPUT, severity=Severity.WARNING)


def variables_of_other_services(facts: Facts) -> Iterator[Diagnostic]:
    """`os.environ["SM_MODEL_DIR"]`, which nothing sets here, is a KeyError: each once, where the script comes by for
    certain."""
    source, manifest = facts.project.source, facts.manifest
    given = {*manifest.environment_variables, *manifest.secrets}
    for module, text in source.modules.items():
        tree = parse(text)
        if "environ" not in text or not isinstance(tree, ast.Module):
            continue
        how, found = source.reach.get(module, Reach(Sure.LATER)), dict[str, ast.Subscript]()
        if any(word in text for word in ("in os.environ", "load_dotenv", ".setdefault", "environ.update")):
            continue
        stored = {name for node in nodes_of(tree) for name in _asked(node, tree, ast.Store)}
        for node, sure in reached(tree, as_program=how.as_program):
            for name in _asked(node, tree, ast.Load) if min(sure, how.sure) is Sure.ALWAYS else ():
                if _SERVICES_OWN.fullmatch(name) and name not in given | stored and isinstance(node, ast.Subscript):
                    found.setdefault(name, node)
        for name, node in found.items():
            column, length = span(node)
            position = Position(source.file(module), node.lineno, column + 1, length, line_of(text, node.lineno))
            message = f"nothing sets {name} in a task: it is a variable of another service"
            yield Diagnostic("TFI533", Severity.ERROR, message, "entry_script", position, _instead(name))


def _asked(node: ast.AST, tree: ast.Module, context: type[ast.expr_context]) -> Iterator[str]:
    """The name in `os.environ["…"]`."""
    one = node if isinstance(node, ast.Subscript) and isinstance(node.ctx, context) else None
    if one is not None and dotted(one.value, aliases_of(tree)) == "os.environ":
        yield from texts([one.slice])


def _instead(name: str) -> str:
    for pattern, instead in _INSTEAD:
        if found := re.fullmatch(pattern, name):
            return f"write {instead.format(*found.groups())}"
    return f"write `environment_variables: {{{name}: …}}`, or leave it out"


RULES: tuple[Rule, ...] = (files_of_another_machine, parameters_of_another_machine, variables_of_other_services)
