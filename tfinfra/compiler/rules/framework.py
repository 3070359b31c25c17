"""Rules on TensorFlow's and Python's versions: what is known to go together."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.catalog.tensorflow import framework, frameworks, full_version, minor_of
from tfinfra.compiler.facts import Facts
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import error_at
from tfinfra.manifest.manifest import Manifest


def framework_rules(facts: Facts) -> Iterator[Diagnostic]:
    """All of this file's rules."""
    manifest = facts.manifest
    if not manifest.sound("framework_version"):
        return
    version, document = manifest.framework_version, manifest.document
    here, python_line = document.line(("framework_version",)), document.line(("python_version",))
    known = framework(version)
    if known is None:
        yield _unknown_framework(manifest, version)
        return
    if manifest.sound("python_version") and minor_of(manifest.python_version) not in known.python:
        python, path = (
            manifest.python_version,
            "python_version" if "python_version" in manifest.given else "framework_version",
        )
        message = f"TensorFlow {full_version(version)}{here} has no build for Python {python}{python_line}"
        yield error_at(
            document, "TFI408", (path,), message, f"it has them for python_version {', '.join(known.python)}"
        )
    if known.estimator is False and manifest.tf_config == "estimator" and facts.dialect is not None:
        dialect = f"tf_config: estimator{document.line(('tf_config',))}"
        ended = f"ended with TensorFlow 2.15; framework_version is {version}{here}"
        message = f"{dialect} needs tf.estimator, which {ended}"
        yield error_at(
            document,
            "TFI410",
            ("tf_config",),
            message,
            "write framework_version: 2.15.1, or use ParameterServerStrategy with tf_config: coordinator",
        )


def _unknown_framework(manifest: Manifest, version: str) -> Diagnostic:
    oldest, newest = frameworks()[0], frameworks()[-1]
    numbers = tuple(int(part) for part in minor_of(version).split("."))
    if numbers > tuple(int(part) for part in newest.minor.split(".")):
        message = f"TensorFlow {version} is newer than this tfinfra, which knows up to {newest.minor}"
        return error_at(
            manifest.document,
            "TFI415",
            ("framework_version",),
            message,
            "it may work; 2.15.1 is proven",
            severity=Severity.WARNING,
        )
    hint = (
        f"the oldest is {oldest.minor}; TensorFlow 1 scripts run on 2.15.1 through `import tensorflow.compat.v1 as tf`"
    )
    return error_at(manifest.document, "TFI407", ("framework_version",), f"TensorFlow {version} is not supported", hint)
