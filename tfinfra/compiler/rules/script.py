"""Warnings that save a week: what the script uses, against the backend, the dialect and TensorFlow's version."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.backends.base import Backend, ScriptSign
from tfinfra.backends.registry import BACKENDS, backend
from tfinfra.catalog.tensorflow import framework_or_newest
from tfinfra.catalog.tensorflow1_names import replacement
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.source.script import Use, is_within, position_of
from tfinfra.errors import Diagnostic, Position, Severity
from tfinfra.manifest.document import error_at

_MOST_OLD_NAMES = 10
_STARTERS = ("horovod.run", "horovod.runner.run", "horovod.spark.run", "horovod.ray.RayExecutor")
_GONE_WITH_ESTIMATOR = ("tensorflow.estimator.", "tensorflow.layers.", "tensorflow.nn.rnn_cell.")
"""Names that tf.compat.v1 has as long as there are tf.estimator and Keras 2: up to 2.15."""


def uses_of_the_script(facts: Facts) -> Iterator[Diagnostic]:
    """All warnings about the script, in its order."""
    if facts.manifest.sound("distributed_backend", "tf_config", "framework_version"):
        yield from _ScriptRules(facts).findings()


def chosen_dialect(facts: Facts) -> Iterator[Diagnostic]:
    """Why `auto` chose the dialect that it chose; nothing of a guess about a script that is for another backend."""
    manifest, dialect = facts.manifest, facts.dialect
    others = (one for one in BACKENDS.values() if one is not backend(manifest.distributed_backend))
    foreign = any(facts.script.use_of(sign) for one in others for sign in one.signs)
    if dialect and dialect.reason and not (dialect.guessed and foreign):
        path = ("tf_config",) if "tf_config" in manifest.given else ("distributed_backend",)
        message = f"tf_config is {dialect.name}: {dialect.reason}"
        yield error_at(manifest.document, "TFI310", path, message, severity=Severity.NOTICE)


class _ScriptRules:
    """All warnings about one script, against one manifest."""

    def __init__(self, facts: Facts) -> None:
        self._manifest = manifest = facts.manifest
        self._source = facts.project.source
        self._script = facts.script
        self._backend = backend(manifest.distributed_backend)
        self._dialect = facts.dialect.name if facts.dialect else None

    def findings(self) -> Iterator[Diagnostic]:
        yield from self._ranks_of_its_own()
        yield from self._strategy()
        yield from self._no_sign_of_the_backend()
        yield from self._tensorflow_1_names()

    def _ranks_of_its_own(self) -> Iterator[Diagnostic]:
        """horovod.run starts processes, as mpirun has started this one."""
        uses = [use for use in self._script.uses if is_within(use.name, _STARTERS)]
        if self._backend.horovod and uses:
            use = uses[-1]  # the call, behind its import
            message = f"{use.name} starts ranks, and each rank of this run would start its own"
            yield self._at(use, "TFI535", message, "call the function itself: the ranks are started by the manifest")

    def _strategy(self) -> Iterator[Diagnostic]:
        """What a script was written for. One that has several strategies, to choose from, is fine where one fits."""
        own = self._backend
        found = [(one, s, use) for one in BACKENDS.values() for s in one.signs if (use := self._script.use_of(s))]
        fitting = [(sign, use) for one, sign, use in found if one is own]
        if any(sign.needed for sign, _ in fitting):
            return
        if self._dialect is not None and fitting and self._dialect not in [sign.dialect for sign, _ in fitting]:
            sign, use = fitting[0]
            message = f"{sign.what} does not understand tf_config: {self._dialect}"
            yield self._at(use, "TFI503", message, f"tf_config: {sign.dialect} fits")
        others = [(one, sign, use) for one, sign, use in found if one is not own]
        yield from (self._misfit(use, sign, one) for one, sign, use in others if sign.needed)
        excused = not own.many_nodes and any(sign.standalone for _, sign, _ in found)
        has_strategy = any(sign.strategy for sign, _ in fitting)
        also = own.without_sign[2] if own.without_sign else ()
        for one, sign, use in others:
            if sign.needed or excused or not sign.misfit or (sign.strategy and has_strategy) or {*sign.names} & {*also}:
                continue
            yield self._misfit(use, sign, one)
            break

    def _misfit(self, use: Use, sign: ScriptSign, fits: Backend) -> Diagnostic:
        written = self._manifest.distributed_backend or "null"
        return self._at(use, "TFI503", f"{sign.misfit} {written}", f"distributed_backend: {fits.name} fits")

    def _no_sign_of_the_backend(self) -> Iterator[Diagnostic]:
        """Tasks that know nothing of one another each train the whole model."""
        modules, own = self._source.modules, self._backend
        if own.without_sign is None or not modules or self._script.broken:
            return
        message, way_out, also = own.without_sign
        if any(self._script.use_of(sign) for sign in own.signs) or self._script.find(*also):
            return
        name = next(iter(modules))
        text = (modules[name].splitlines() or [""])[0]
        position = Position(self._source.file(name), 1, 1, max(1, len(text)), text)
        yield Diagnostic("TFI506", Severity.WARNING, message, "entry_script", position, way_out)

    def _tensorflow_1_names(self) -> Iterator[Diagnostic]:
        """Each name once, the first ones of many. What a later TensorFlow has in no way is not said to be replaced:
        other rules tell of it."""
        known = framework_or_newest(self._manifest.framework_version)
        gone = _GONE_WITH_ESTIMATOR if known and not known.estimator else ()
        found: dict[str, tuple[Use, str]] = {}
        for use in self._script.uses:
            name, flags, _ = use.name.partition(".FLAGS.")  # what follows are the script's own flags
            name += flags.rstrip(".")
            if name not in found and not name.startswith(gone) and (instead := replacement(name)):
                found[name] = use, instead
        for number, (old, (use, instead)) in enumerate([*found.items()][:_MOST_OLD_NAMES]):
            name = old.replace("tensorflow", "tf", 1)
            message = f"{name} is a TensorFlow 1 name that TensorFlow 2 does not have"
            more = len(found) - _MOST_OLD_NAMES
            if more > 0 and number == _MOST_OLD_NAMES - 1:
                message += f", and there are {more} more"
            all_at_once = "; `import tensorflow.compat.v1 as tf` brings all of them back" if number == 0 else ""
            yield self._at(use, "TFI504", message, instead + all_at_once)

    def _at(self, use: Use, code: str, message: str, hint: str) -> Diagnostic:
        position = position_of(use, self._source.file(use.module), self._source.modules)
        return Diagnostic(code, Severity.WARNING, message, "entry_script", position, hint)


RULES: tuple[Rule, ...] = (uses_of_the_script, chosen_dialect)
