"""Warnings that save a week: what the script uses, against the backend, the dialect and TensorFlow's version."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tfinfra.catalog.tensorflow import framework, full_version
from tfinfra.catalog.tensorflow1_names import replacement
from tfinfra.compiler.dialect import ESTIMATOR_NAMES, PARAMETER_SERVER_NAME, Dialect
from tfinfra.compiler.facts import Facts
from tfinfra.compiler.inputs import Source
from tfinfra.compiler.script import Script, Use, position_of
from tfinfra.errors import Diagnostic, Position, Severity
from tfinfra.manifest.document import error_at
from tfinfra.manifest.manifest import Manifest

_MULTI_WORKER = ("MultiWorkerMirroredStrategy", "CollectiveAllReduceStrategy")
_HOROVOD_KERAS = (
    "horovod.tensorflow.keras.DistributedOptimizer",
    "horovod.keras.DistributedOptimizer",
    "horovod.tensorflow.DistributedOptimizer",
)
_MOST_OLD_NAMES = 10
_OWN = sys.version_info[:2]


def script_rules(facts: Facts) -> Iterator[Diagnostic]:
    """All of this file's rules, in the script's order, and why `auto` chose the dialect that it chose."""
    manifest, dialect = facts.manifest, facts.dialect
    if manifest.sound("distributed_backend", "tf_config", "framework_version"):
        yield from _ScriptRules(manifest, facts.inputs.source, facts.script, dialect).findings()
    if dialect and dialect.reason:
        path = ("tf_config",) if "tf_config" in manifest.given else ("distributed_backend",)
        message = f"tf_config is {dialect.name}: {dialect.reason}"
        yield error_at(manifest.document, "TFI310", path, message, severity=Severity.NOTICE)


class _ScriptRules:
    """All warnings about one script."""

    def __init__(self, manifest: Manifest, source: Source, script: Script, dialect: Dialect | None) -> None:
        self._manifest = manifest
        self._source = source
        self._script = script
        self._dialect = dialect.name if dialect else None
        self._version = full_version(manifest.framework_version)
        known = framework(manifest.framework_version)
        self._keras3 = known.keras >= 3 if known else True
        self._estimator_gone = not known.estimator if known else True

    def findings(self) -> Iterator[Diagnostic]:
        yield from self._unreadable()
        yield from self._horovod_optimizer()
        yield from self._strategy()
        yield from self._lonely_ranks()
        yield from self._keras3_strategies()
        yield from self._estimator()
        yield from self._old_names()

    def _unreadable(self) -> Iterator[Diagnostic]:
        for module, error in self._script.broken.items():
            line = getattr(error, "lineno", None) or 1
            lines = self._source.modules[module].splitlines() or [""]
            text = lines[min(line, len(lines)) - 1]
            column = min(max(getattr(error, "offset", None) or 1, 1), len(text) + 1)
            position = Position(self._source.file(module), line, column, 1, text)
            message = f"Python cannot read this script: {getattr(error, 'msg', None) or error}"
            hint = "Python 2? `2to3` translates it" if "print" in text else "correct it here, or nodes find it later"
            yield Diagnostic("TFI501", self._severity(module, error), message, "entry_script", position, hint)

    def _severity(self, module: str, error: SyntaxError | ValueError) -> Severity:
        """An entry script that this Python cannot read cannot run on an older or equal one; a module may be imported
        on a condition that never holds."""
        sure = module == self._manifest.entry_script and isinstance(error, SyntaxError)
        nodes = tuple(int(part) for part in self._manifest.python_version.split(".")[:2] if part.isdigit())
        return Severity.ERROR if sure and nodes <= _OWN else Severity.WARNING

    def _horovod_optimizer(self) -> Iterator[Diagnostic]:
        if self._keras3 and (use := self._script.find(*_HOROVOD_KERAS)):
            keras3 = f"TensorFlow {self._version} (Keras 3)"
            message = f"with {keras3} Horovod's Keras optimizer silently does not average gradients"
            yield self._at(
                use, "TFI502", message, "write framework_version: 2.15.1, or use hvd.DistributedGradientTape"
            )

    def _strategy(self) -> Iterator[Diagnostic]:
        backend = self._manifest.distributed_backend
        horovod = self._script.find("horovod")
        if horovod and backend != "mpi":
            yield self._at(
                horovod,
                "TFI503",
                f"the script uses Horovod, and distributed_backend is {backend or 'null'}",
                "distributed_backend: mpi fits",
            )
        if not horovod or backend != "mpi":
            yield from self._tensorflow_strategy(backend)

    def _tensorflow_strategy(self, backend: str | None) -> Iterator[Diagnostic]:
        if use := self._script.find_last(*_MULTI_WORKER):
            if backend is not None:
                yield self._at(
                    use,
                    "TFI503",
                    f"MultiWorkerMirroredStrategy cannot work under distributed_backend {backend}",
                    "distributed_backend: multi_worker will fit, which is not supported yet; mpi with Horovod is",
                )
        elif use := self._script.find(*ESTIMATOR_NAMES):
            yield from self._wrong_dialect(use, "tf.estimator", "estimator")
        elif use := self._script.find_last(PARAMETER_SERVER_NAME):
            if backend != "ps":
                yield self._at(
                    use,
                    "TFI503",
                    f"ParameterServerStrategy cannot work with distributed_backend {backend or 'null'}",
                    "distributed_backend: ps fits",
                )
            yield from self._wrong_dialect(use, "ParameterServerStrategy", "coordinator")
        elif use := self._script.find("tensorflow.train.ClusterSpec"):
            if backend != "ps":
                yield self._at(
                    use,
                    "TFI503",
                    f"tf.train.ClusterSpec finds no TF_CONFIG with distributed_backend {backend or 'null'}",
                    "distributed_backend: ps fits",
                )
            yield from self._wrong_dialect(use, "tf.train.ClusterSpec", "cluster_spec")

    def _wrong_dialect(self, use: Use, what: str, fits: str) -> Iterator[Diagnostic]:
        if self._dialect is not None and self._dialect != fits:
            yield self._at(
                use, "TFI503", f"{what} does not understand tf_config: {self._dialect}", f"tf_config: {fits} fits"
            )

    def _lonely_ranks(self) -> Iterator[Diagnostic]:
        modules, mpi = self._source.modules, self._manifest.distributed_backend == "mpi"
        if mpi and modules and not self._script.broken and not self._script.find("horovod", "mpi4py"):
            name = next(iter(modules))
            text = (modules[name].splitlines() or [""])[0]
            position = Position(self._source.file(name), 1, 1, max(1, len(text)), text)
            message = "no module of this script uses Horovod: every rank will train by itself"
            yield Diagnostic(
                "TFI506",
                Severity.WARNING,
                message,
                "entry_script",
                position,
                "use horovod.tensorflow.keras, or leave distributed_backend out",
            )

    def _keras3_strategies(self) -> Iterator[Diagnostic]:
        use = self._script.find_last(PARAMETER_SERVER_NAME)
        if self._keras3 and use and self._script.find("tensorflow.keras", "keras"):
            yield self._at(
                use,
                "TFI507",
                f"with TensorFlow {self._version} Keras 3's model.fit fails under ParameterServerStrategy",
                "write framework_version: 2.15.1",
            )

    def _estimator(self) -> Iterator[Diagnostic]:
        if self._estimator_gone and (use := self._script.find(*ESTIMATOR_NAMES)):
            yield self._at(
                use,
                "TFI505",
                f"tf.estimator ended with TensorFlow 2.15, and framework_version is {self._version}",
                "write framework_version: 2.15.1",
            )

    def _old_names(self) -> Iterator[Diagnostic]:
        seen: set[str] = set()
        for use in self._script.uses:
            instead = replacement(use.name)
            if instead and use.name not in seen and len(seen) < _MOST_OLD_NAMES:
                seen.add(use.name)
                name = use.name.replace("tensorflow", "tf", 1)
                yield self._at(use, "TFI504", f"{name} is a TensorFlow 1 name that TensorFlow 2 does not have", instead)

    def _at(self, use: Use, code: str, message: str, hint: str) -> Diagnostic:
        position = position_of(use, self._source.file(use.module), self._source.modules)
        return Diagnostic(code, Severity.WARNING, message, "entry_script", position, hint)
