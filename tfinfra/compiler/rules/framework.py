"""Rules on TensorFlow's and Python's versions: what is known to go together."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.catalog.tensorflow import framework, frameworks, full_version, minor_of
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import error_at


def unknown_framework(facts: Facts) -> Iterator[Diagnostic]:
    """A version of TensorFlow that is newer than all that are known, or not supported."""
    manifest, version = facts.manifest, facts.manifest.framework_version
    if not manifest.sound("framework_version") or framework(version) is not None:
        return
    oldest, newest = frameworks()[0].minor, frameworks()[-1].minor
    numbers = tuple(int(part) for part in minor_of(version).split("."))
    if numbers > tuple(int(part) for part in newest.split(".")):
        message = f"TensorFlow {version} is newer than this tfinfra, which knows up to {newest}"
        hint, code, severity = "it may work; 2.15.1 is proven", "TFI415", Severity.WARNING
    else:
        message, code, severity = f"TensorFlow {version} is not supported", "TFI407", Severity.ERROR
        scripts = "TensorFlow 1 scripts run on 2.15.1 through `import tensorflow.compat.v1 as tf`"
        hint = f"the oldest is {oldest}; {scripts}"
    yield error_at(manifest.document, code, ("framework_version",), message, hint, severity=severity)


def python_without_a_build(facts: Facts) -> Iterator[Diagnostic]:
    """TensorFlow has builds for some versions of Python."""
    manifest, document, python = facts.manifest, facts.document, facts.manifest.python_version
    known = framework(manifest.framework_version) if manifest.sound("framework_version", "python_version") else None
    if known is None or minor_of(python) in known.python:
        return
    line, python_line = document.line(("framework_version",)), document.line(("python_version",))
    version = f"TensorFlow {full_version(manifest.framework_version)}{line}"
    message = f"{version} has no build for Python {python}{python_line}"
    path = "python_version" if "python_version" in manifest.given else "framework_version"
    hint = f"it has them for python_version {', '.join(known.python)}"
    yield error_at(document, "TFI408", (path,), message, hint)


def dialect_without_estimator(facts: Facts) -> Iterator[Diagnostic]:
    """tf.estimator ended with TensorFlow 2.15."""
    manifest, document = facts.manifest, facts.document
    known = framework(manifest.framework_version) if manifest.sound("framework_version") else None
    if known is None or known.estimator or manifest.tf_config != "estimator" or facts.dialect is None:
        return
    dialect, line = f"tf_config: estimator{document.line(('tf_config',))}", document.line(("framework_version",))
    ended = f"ended with TensorFlow 2.15; framework_version is {manifest.framework_version}{line}"
    message = f"{dialect} needs tf.estimator, which {ended}"
    hint = "write framework_version: 2.15.1, or use ParameterServerStrategy with tf_config: coordinator"
    yield error_at(document, "TFI410", ("tf_config",), message, hint)


RULES: tuple[Rule, ...] = (unknown_framework, python_without_a_build, dialect_without_estimator)
