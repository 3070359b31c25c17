"""The Python of Azure ML's SDK v1 that submits a training: TensorFlow(…), Estimator(…) or ScriptRunConfig(…), found in
the syntax tree. Names: learn.microsoft.com, azureml.train.dnn.TensorFlow and azureml.core.ScriptRunConfig."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any

from tfinfra.backends.registry import backend_called
from tfinfra.converting.commands import put_command
from tfinfra.converting.constants import LeadsTo, Program, Unknown, arguments, called
from tfinfra.converting.draft import NO_TARGET, Draft, removed
from tfinfra.converting.hyperdrive import CONFIGURATIONS, put_configuration
from tfinfra.converting.versions import put_packages, put_version
from tfinfra.errors import Position
from tfinfra.manifest.key_schema import MANIFEST, SPELLINGS
from tfinfra.manifest.words.command_lines import parameters, values_of
from tfinfra.manifest.words.refused import ESTIMATOR
from tfinfra.manifest.words.tensorflow_meant import trained

NAME = "azure-ml-estimator"
_ESTIMATORS = ("TensorFlow", "Estimator", "ScriptRunConfig", "Keras")
_OTHERS = {"PyTorch": "PyTorch", "Chainer": "Chainer", "SKLearn": "scikit-learn"}
_NOT_HERE = {
    "AutoMLConfig": "`tune` searches the parameters of one script",
    **dict.fromkeys(
        ("Pipeline", "EstimatorStep", "PythonScriptStep", "HyperDriveStep"), "a manifest is one training run"
    ),
    "register_model": "what the script wrote to ./outputs is in the run's folder",
}
_ORDER = ("source_directory", "compute_target", "vm_size", "vm_priority", "entry_script", "script_params", "node_count")
_COUNTS = ("process_count_per_node", "node_count", "worker_count", "parameter_server_count")
_SAME = (
    "vm_size",
    "vm_priority",
    "node_count",
    "process_count_per_node",
    "worker_count",
    "parameter_server_count",
    "use_gpu",
    "conda_packages",
    "max_run_duration_seconds",
)
_SCRIPT = ("entry_script", "script")
_PARAMETERS = ("script_params", "arguments")
_BACKEND = ("distributed_training", "distributed_backend", "distributed_job_config")
_FILES = ("pip_requirements_file", "conda_dependencies_file")
_LATER = ("environment", "run_config", "environment_definition")
"""What is read where it is made."""
_DEPLOYED = ("InferenceConfig", "image_configuration", "save_to_file")
"""What takes the environment of a service where the model is deployed; a file of conda's is written for that alone."""
_DATA = ("as_mount", "as_download", "as_named_input", "as_hdfs", "as_upload")


def recognises(program: Program) -> bool:
    """Whether a program submits a training by Azure ML's SDK."""
    names = {called(call) for call in program.calls}
    return bool(names & {*_ESTIMATORS, *_OTHERS})


def convert(program: Program, lines: list[str], draft: Draft) -> None:
    """The first estimator of the program into the draft."""
    source = _Source(program, lines, draft)
    made = [call for call in program.calls if called(call) in (*_ESTIMATORS, *_OTHERS) and _is_estimator(call)]
    for call in program.calls:
        if called(call) in _NOT_HERE:
            draft.note(f"{called(call)} has no equivalent", source.at(call), _NOT_HERE[called(call)])
    if not made:
        return
    for more in made[1:]:
        draft.note(
            f"a second training ({called(more)})", source.at(more), "a manifest is one: convert it from another file"
        )
    first = made[0]
    if called(first) in _OTHERS:
        draft.note(f"tfinfra trains TensorFlow, not {_OTHERS[called(first)]}", source.at(first))
    source.estimator(first)
    source.attributes()
    source.packages(_of_training(program, first))
    source.experiment()
    source.gpus()
    searches = [call for call in program.calls if called(call) in CONFIGURATIONS]
    for search in searches[:1]:
        put_configuration(program, search, source.at(search), draft)
    for more in searches[1:]:
        draft.note("a second search", source.at(more), "a manifest has one, and its resume_from names earlier ones")


def _of_training(program: Program, training: ast.Call) -> list[ast.Call]:
    """The calls that may make the training's environment: those that its arguments lead to; where they name none
    that is made here, all but those that a deployed service's leads to."""
    given = arguments(training)
    named = [given[key] for key in _LATER if key in given]
    sought = LeadsTo(program)
    if any(isinstance(program.written(each), ast.Call) for each in named):
        for each in named:
            sought.follow(each)
        return [call for call in program.calls if sought.has(call)]
    for call in program.calls:
        if called(call) in _DEPLOYED:
            sought.follow(call)
    return [call for call in program.calls if not sought.has(call)]


def _is_estimator(call: ast.Call) -> bool:
    return bool(call.keywords or call.args) or called(call) == "ScriptRunConfig"


class _Source:
    """One program, its lines, and the draft that is made of it."""

    def __init__(self, program: Program, lines: list[str], draft: Draft) -> None:
        self._program, self._lines, self._draft = program, lines, draft
        self._gpu_at: Position | None = None
        self._data: dict[str, str] = {}
        """What stands for the path of data, by the expression that names it."""

    def at(self, node: ast.AST) -> Position:
        """Where a node is; columns count characters."""
        line = getattr(node, "lineno", 1)
        text = self._lines[line - 1] if line <= len(self._lines) else ""
        column = len(text.encode()[: getattr(node, "col_offset", 0)].decode("utf-8", "ignore"))
        return Position(self._draft.file, line, column + 1, 1, text)

    def estimator(self, call: ast.Call) -> None:
        """Each argument: those that mean the same, those with another name here, those that nothing has."""
        order = ("source_directory", "script", "arguments") if called(call) == "ScriptRunConfig" else _ORDER
        given = arguments(call, order)
        self._draft.folder(None)
        unnamed = [*call.args[len(order) :], *(each.value for each in call.keywords if each.arg is None)]
        for node in unnamed:
            named = f": {node.id}" if isinstance(node, ast.Name) else ""
            self._draft.note(
                f"arguments are not written out{named}",
                self.at(node),
                "write each as name=value, or the manifest's keys by hand",
            )
        for name, node in given.items():
            self._argument(name, node)

    def _argument(self, name: str, node: ast.expr) -> None:
        value, at = self._program.value(node), self.at(node)
        known = SPELLINGS.get(name, name)
        if name in _LATER or _means_nothing(name, value):
            return
        if name in _SCRIPT:
            self._text("entry_script", value, at)
        elif known in _FILES:
            self._text(known, value, at)
        elif name in _PARAMETERS:
            self._parameters(node, value, at)
        elif name in _BACKEND:
            self._backend(node, value, at)
        elif name == "compute_target":
            self._target(node, value, at)
        elif name in _SAME and isinstance(value, (bool, int, str)):
            self._same(name, value, at)
        elif not self._made(name, value, at):
            hint = removed(ESTIMATOR.get(name)) or ("write it by hand" if known in MANIFEST else None)
            self._draft.note(f"'{name}' has no equivalent", at, hint)

    def _same(self, name: str, value: Any, at: Position) -> None:
        """A key of the same name, unless it has its default."""
        if name == "use_gpu":
            self._gpu_at = at if value is True else None
        elif value != 1:
            self._draft.put(name, value)

    def gpus(self) -> None:
        """use_gpu needs a target that has GPUs: without one the manifest trains on this machine."""
        keys = self._draft.keys
        if self._gpu_at is not None and ("vm_size" in keys or keys.get("compute_target", "local") != "local"):
            self._draft.put("use_gpu", True)
        elif self._gpu_at is not None:
            self._draft.note("use_gpu is left out: no target with GPUs is known", self._gpu_at, NO_TARGET)

    def _made(self, name: str, value: Any, at: Position) -> bool:
        """Whether a value of several parts found its place."""
        if name == "source_directory":
            self._folder(value, at)
        elif name == "framework_version":
            self._version(value, at)
        elif name == "command":
            self._command(value, at)
        elif name == "environment_variables" and isinstance(value, dict):
            self._variables(value, at)
        elif name in ("pip_packages", "conda_packages") and isinstance(value, list):
            put_packages(self._draft, [each for each in value if isinstance(each, str)], at, name)
        else:
            return False
        return True

    def _variables(self, value: Mapping[str, Any], at: Position) -> None:
        known = {key: each for key, each in value.items() if not isinstance(each, Unknown)}
        self._draft.variables(known, dict.fromkeys(value, at))
        for key in value.keys() - known.keys():
            self._draft.note(f"the variable {key} is not written out", at, "write it in environment_variables")

    def _command(self, value: Any, at: Position) -> None:
        words = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        if words and all(isinstance(each, (str, int, float)) for each in words):
            put_command(self._draft, " ".join(map(str, words)), at, "command")
        else:
            self._draft.note("the command is not written out", at, "write entry_script and script_params")

    def _text(self, key: str, value: Any, at: Position) -> None:
        if isinstance(value, str):
            self._draft.put(key, value.removeprefix("./"))
        else:
            self._draft.note(f"'{key}' is not written out: {_shown(value)}", at, f"write {key}")

    def _folder(self, value: Any, at: Position) -> None:
        if isinstance(value, str):
            self._draft.folder(value)
        else:
            hint = "write source_directory; until then it is the manifest's folder"
            self._draft.note(f"'source_directory' is not written out: {_shown(value)}", at, hint)

    def _places(self, node: ast.expr) -> dict[str, Position]:
        """Where each flag stands."""
        written = self._program.written(node)
        nodes = written.keys if isinstance(written, ast.Dict) else written.elts if isinstance(written, ast.List) else []
        flags = (each for each in nodes if isinstance(each, ast.Constant))
        return {str(each.value): self.at(each) for each in flags}

    def _parameters(self, node: ast.expr, value: Any, at: Position) -> None:
        """The command line: a mapping of flags, or a list of words."""
        if isinstance(value, list):
            found: Mapping[str, Any] = values_of(parameters([self._word(each) for each in value])[0])
        elif isinstance(value, dict):
            found = {flag: None if each in (None, "") else self._word(each) for flag, each in value.items()}
        else:
            self._draft.note(f"the arguments are not written out: {_shown(value)}", at, "write script_params")
            return
        places = self._places(node)
        for flag, each in found.items():
            self._draft.parameters({flag: each}, places.get(flag, at))

    def _word(self, value: Any) -> str:
        if not isinstance(value, Unknown):
            return "" if value is None else str(value)
        written = ast.unparse(value.node)
        if any(f".{name}(" in f".{written}" for name in _DATA) or "dataset" in value.shown.lower():
            if written not in self._data:
                self._data[written] = self._draft.input("data", {"path": self._draft.path("./data")})
            hint = "write its path, or the URL of its container, under inputs"
            self._draft.note(f"the data {value.shown} is registered with Azure ML", self.at(value.node), hint)
            return self._data[written]
        self._draft.note(f"a value is not written out: {value.shown}", self.at(value.node), "write it in script_params")
        return f"<{value.shown}>"

    def _backend(self, node: ast.expr, value: Any, at: Position) -> None:
        call = self._program.names.get(node.id) if isinstance(node, ast.Name) else node
        kind = called(call) if isinstance(call, ast.Call) else value if isinstance(value, str) else ""
        name = backend_called({"Mpi": "mpi", "ParameterServer": "ps"}.get(kind, kind))
        if name is None and value is not None:
            self._draft.note(f"the backend {kind or _shown(value)} has no equivalent", at, "tfinfra trains TensorFlow")
            return
        self._draft.put("distributed_backend", name)
        given = arguments(call, ("process_count_per_node",)) if isinstance(call, ast.Call) else {}
        self._counts({key: self._program.value(each) for key, each in given.items()})

    def _counts(self, counts: Mapping[str, Any]) -> None:
        for key, count in counts.items():
            if key in _COUNTS and isinstance(count, int) and not isinstance(count, bool):
                self._draft.put(key, count)

    def _target(self, node: ast.expr, value: Any, at: Position) -> None:
        call = self._program.names.get(node.id) if isinstance(node, ast.Name) else node
        if isinstance(call, ast.Call):
            given = arguments(call, ("workspace", "name"))
            value = self._program.value(given.get("name"))
        name = value if isinstance(value, str) else _shown(value)
        self._draft.target(name, at)

    def _version(self, value: Any, at: Position) -> None:
        known = trained(value) if isinstance(value, str) else None
        if known:
            self._draft.put("framework_version", value if value.count(".") > 1 else known)
        elif value is not None:
            hint = "the default takes its place; `tfinfra explain framework_version` says which others there are"
            self._draft.note(
                f"TensorFlow {value if isinstance(value, str) else _shown(value)} is too old for this Python", at, hint
            )

    def attributes(self) -> None:
        """What is assigned later: `src.run_config.node_count = 2`, `mpi.process_count_per_node = 4`."""
        for name, node in self._program.set:
            last = name.rpartition(".")[2]
            value = self._program.value(node)
            if last in _COUNTS:
                self._counts({last: value})
            elif last == "communicator" and isinstance(value, str):
                self._backend(node, value, self.at(node))
            elif last == "target" and "run_config" in name:
                self._target(node, value, self.at(node))
            elif last == "environment_variables" and isinstance(value, dict):
                self._variables(value, self.at(node))

    def packages(self, calls: Iterable[ast.Call]) -> None:
        """Environments and their packages, of the calls that the training's environment may be made by."""
        for call in calls:
            name, given = called(call), arguments(call)
            if name in ("add_pip_package", "add_conda_package") and call.args:
                word = self._program.value(call.args[0])
                key = "pip_packages" if name == "add_pip_package" else "conda_packages"
                put_packages(self._draft, [word] if isinstance(word, str) else [], self.at(call), key)
            elif ast.unparse(call.func).endswith("CondaDependencies.create"):
                for key in ("pip_packages", "conda_packages"):
                    value = self._program.value(given.get(key))
                    words = value if isinstance(value, list) else []
                    put_packages(self._draft, [word for word in words if isinstance(word, str)], self.at(call), key)
            elif name in ("from_conda_specification", "from_pip_requirements"):
                path = self._program.value(given.get("file_path") or (call.args[1] if len(call.args) > 1 else None))
                key = "conda_dependencies_file" if "conda" in name else "pip_requirements_file"
                self._text(key, path, self.at(call))
            elif ast.unparse(call.func).endswith("Environment.get"):
                named = self._program.value(given.get("name"))
                put_version(self._draft, named if isinstance(named, str) else _shown(named), self.at(call))

    def experiment(self) -> None:
        """The experiment's name is the run's."""
        for call in self._program.calls:
            if called(call) == "Experiment":
                given = arguments(call, ("workspace", "name"))
                name = self._program.value(given.get("name"))
                self._draft.name(name if isinstance(name, str) else None)
                return


def _shown(value: Any) -> str:
    return value.shown if isinstance(value, Unknown) else str(value)


def _means_nothing(name: str, value: Any) -> bool:
    """Whether an argument asks for what is the case."""
    return value is None or name == "use_docker" or (name == "user_managed" and value is False)
