"""Rules on TensorFlow's and Python's versions: what is known to go together."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.catalog.tensorflow import (
    framework,
    framework_or_newest,
    frameworks,
    full_version,
    is_no_release,
    minor_of,
    numbers,
)
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import error_at


def unknown_framework(facts: Facts) -> Iterator[Diagnostic]:
    """A TensorFlow that is older than all that are supported, newer than all that are known, or no release at all."""
    manifest, version = facts.manifest, facts.manifest.framework_version
    if not manifest.sound("framework_version"):
        return
    known, found = frameworks(), framework(version)
    oldest, newest = known[0].minor, known[-1].minor
    path = ("framework_version",)
    if is_no_release(version):
        has = f"{found.minor} has {' and '.join(found.releases)}" if found else f"the newest is {known[-1].patch}"
        hint = f"{has}; 2.15.1 is the default"
        yield error_at(manifest.document, "TFI430", path, f"there is no TensorFlow {version}", hint)
    elif found is None and numbers(version) > numbers(newest):
        message = f"TensorFlow {version} is newer than this tfinfra, which knows up to {newest}"
        hint = "it may work; 2.15.1, the default, is proven"
        yield error_at(manifest.document, "TFI415", path, message, hint, severity=Severity.WARNING)
    elif found is None:
        old = "a script for TensorFlow 1 runs on 2.15.1 (the default) after `import tensorflow.compat.v1 as tf`"
        way_out = old if numbers(version) < (2,) else "write 2.15.1 (the default)"
        message, hint = f"TensorFlow {version} is not supported", f"the oldest is {oldest}; {way_out}"
        yield error_at(manifest.document, "TFI407", path, message, hint)


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
    if others := [one.minor for one in frameworks() if minor_of(python) in one.python]:
        hint += f"; Python {minor_of(python)} has TensorFlow {', '.join(others)}"
    yield error_at(document, "TFI408", (path,), message, hint)


def dialect_without_estimator(facts: Facts) -> Iterator[Diagnostic]:
    """tf.estimator ended with TensorFlow 2.15."""
    manifest, document = facts.manifest, facts.document
    known = framework_or_newest(manifest.framework_version) if manifest.sound("framework_version") else None
    if known is None or known.estimator or manifest.tf_config != "estimator" or facts.dialect is None:
        return
    dialect, line = f"tf_config: estimator{document.line(('tf_config',))}", document.line(("framework_version",))
    ended = f"ended with TensorFlow 2.15; framework_version is {manifest.framework_version}{line}"
    message = f"{dialect} needs tf.estimator, which {ended}"
    hint = "write framework_version: 2.15.1, or use ParameterServerStrategy with tf_config: coordinator"
    yield error_at(document, "TFI410", ("tf_config",), message, hint)


RULES: tuple[Rule, ...] = (unknown_framework, python_without_a_build, dialect_without_estimator)
