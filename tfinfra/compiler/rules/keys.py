"""Rules across the manifest's own keys: they need neither the disk nor the catalog."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields

from tfinfra.backends.registry import BACKENDS, DISTRIBUTED
from tfinfra.compiler.facts import Facts
from tfinfra.errors import Diagnostic
from tfinfra.manifest.document import error_at
from tfinfra.manifest.keys import NAME, SPELLINGS
from tfinfra.manifest.manifest import Manifest

_OWNER = {key: name for name, one in BACKENDS.items() for key in one.keys}
"""The backend that a key belongs to."""

_SET_BY_TFINFRA = re.compile(
    r"TF_CONFIG|TFINFRA_.*|PYTHONUNBUFFERED|CUDA_VISIBLE_DEVICES|MLFLOW_TRACKING_URI|HOME|PATH"
    r"|(OMPI|PMIX|PRTE|OPAL)_.*|HOROVOD_(RANK|SIZE|LOCAL_RANK|LOCAL_SIZE|CROSS_RANK|CROSS_SIZE)"
)
_TAG_FORBIDDEN = set("<>%&\\?/")
_MOST_TAGS = 46
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What neither a command line nor a variable of the environment can hold, or no terminal shows as it is."""
LONGEST = 365 * 86400
"""Seconds that a limit allows at most."""
_DEFAULTS = {f.name: f.default for f in fields(Manifest)}


def key_rules(facts: Facts) -> Iterator[Diagnostic]:
    """All of this file's rules."""
    manifest = facts.manifest
    yield from _name(manifest, facts.project.stem)
    yield from _two_spellings(manifest)
    yield from _backend_keys(manifest)
    yield from _evaluator(manifest)
    yield from _environment(manifest)
    yield from _parameters(manifest)
    yield from _tags(manifest)
    yield from _limits(manifest)
    yield from _target_keys(manifest)


def set_by_tfinfra(name: str) -> bool:
    """Whether a variable of this name is tfinfra's own in every task."""
    return _SET_BY_TFINFRA.fullmatch(name) is not None


def _name(manifest: Manifest, stem: str) -> Iterator[Diagnostic]:
    if manifest.name is None and manifest.sound("name") and not re.fullmatch(NAME, stem):
        fitting = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-0123456789")[:24].rstrip("-") or "training"
        hint = f"add `name: {fitting}`"
        yield error_at(
            manifest.document,
            "TFI304",
            (),
            f"'{stem}' cannot be the run's name: a lower-case letter, then at most 23 of a-z, 0-9 and '-'",
            hint,
        )


def _two_spellings(manifest: Manifest) -> Iterator[Diagnostic]:
    document = manifest.document
    for other, key in SPELLINGS.items():
        if key in document.data and other in document.data:
            yield error_at(
                document,
                "TFI209",
                (other,),
                f"'{other}' is another spelling of '{key}'{document.line((key,))}",
                "keep one",
                at="key",
            )
    limits = document.data.get("limits")
    if "max_run_duration_seconds" in document.data and isinstance(limits, dict) and "max_run_duration" in limits:
        line = document.line(("limits", "max_run_duration"))
        yield error_at(
            document,
            "TFI209",
            ("max_run_duration_seconds",),
            f"'max_run_duration_seconds' is another spelling of 'limits.max_run_duration'{line}",
            "keep one",
            at="key",
        )


def _backend_keys(manifest: Manifest) -> Iterator[Diagnostic]:
    if not manifest.sound("distributed_backend"):
        return
    chosen = manifest.distributed_backend
    where = manifest.document.line(("distributed_backend",))
    for key, owner in _OWNER.items():
        if getattr(manifest, key) == _DEFAULTS[key] or owner == chosen or not manifest.sound(key):
            continue
        here = manifest.document.line((key,))
        if chosen is None:
            yield _without_backend(manifest, key, owner)
            continue
        message = f"'{key}'{here} belongs to distributed_backend {owner}, and 'distributed_backend' is {chosen}{where}"
        yield error_at(
            manifest.document,
            "TFI301",
            (key,),
            message,
            f"remove '{key}', or write distributed_backend: {owner}",
            at="key",
        )
    if chosen is None and manifest.node_count > 1:
        yield _without_backend(manifest, "node_count", " or ".join(DISTRIBUTED))


def _without_backend(manifest: Manifest, key: str, owner: str) -> Diagnostic:
    document = manifest.document
    is_null = "distributed_backend" in document.data
    state = f"is null{document.line(('distributed_backend',))}" if is_null else "is not set"
    message = f"'{key}' is {getattr(manifest, key)}{document.line((key,))}, but 'distributed_backend' {state}"
    return error_at(document, "TFI302", (key,), message, f"write distributed_backend: {owner}", at="key")


def _evaluator(manifest: Manifest) -> Iterator[Diagnostic]:
    if manifest.evaluator_count and manifest.tf_config == "cluster_spec" and manifest.sound("tf_config"):
        document = manifest.document
        dialect = document.line(("tf_config",))
        message = (
            f"'evaluator_count'{document.line(('evaluator_count',))} has no place in tf_config: cluster_spec{dialect}"
        )
        yield error_at(
            document, "TFI311", ("evaluator_count",), message, "use tf_config: estimator or coordinator", at="key"
        )


def _environment(manifest: Manifest) -> Iterator[Diagnostic]:
    for name, value in manifest.environment_variables.items():
        path = ("environment_variables", name)
        if set_by_tfinfra(name):
            yield error_at(manifest.document, "TFI305", path, f"tfinfra sets {name} itself", "remove it", at="key")
        elif _UNWRITABLE.search(value):
            message = f"the value of {name} holds a control character"
            yield error_at(manifest.document, "TFI321", path, message, "remove it")


def _parameters(manifest: Manifest) -> Iterator[Diagnostic]:
    for flag, values in manifest.script_params.items():
        path = ("script_params", flag)
        if _UNWRITABLE.search(flag):
            yield error_at(manifest.document, "TFI321", path, "a flag holds a control character", "remove it", at="key")
        elif any(map(_UNWRITABLE.search, values)):
            message = f"the value of {flag} holds a control character"
            yield error_at(manifest.document, "TFI321", path, message, "remove it")


def _tags(manifest: Manifest) -> Iterator[Diagnostic]:
    first: dict[str, str] = {}
    for name, value in manifest.tags.items():
        path = ("tags", name)
        same = first.setdefault(name.lower(), name)
        if not (name + value).isprintable():
            message = "a tag's name or value holds a control character"
            yield error_at(manifest.document, "TFI306", path, message, "remove it", at="key")
        elif same != name:
            message = f"the tags '{same}' and '{name}' are one to Azure, which knows no case in their names"
            yield error_at(manifest.document, "TFI306", path, message, "keep one", at="key")
        elif name.lower().startswith("tfinfra-"):
            yield error_at(
                manifest.document,
                "TFI306",
                path,
                f"the tag '{name}' is one of tfinfra's own",
                "choose another name",
                at="key",
            )
        elif _TAG_FORBIDDEN & set(name):
            yield error_at(
                manifest.document,
                "TFI306",
                path,
                f"Azure takes no tag named '{name}'",
                "leave out < > % & \\ ? /",
                at="key",
            )
    if len(manifest.tags) > _MOST_TAGS:
        yield error_at(
            manifest.document,
            "TFI306",
            ("tags",),
            f"{len(manifest.tags)} tags: a resource has at most 50, and tfinfra sets four",
        )


def _limits(manifest: Manifest) -> Iterator[Diagnostic]:
    limits = manifest.limits
    checks = (("max_run_duration", limits.max_run_duration, 1), ("keep_outputs", limits.keep_outputs, 0))
    for key, value, least in checks:
        if not least <= value <= LONGEST:
            yield error_at(
                manifest.document,
                "TFI205",
                ("limits", key),
                f"'limits.{key}' is between {least} second{'s' * (least != 1)} and 365 days",
            )
    if manifest.on_failure > manifest.max_run_duration and manifest.sound("limits"):
        yield error_at(
            manifest.document,
            "TFI315",
            ("on_failure",),
            "'on_failure' holds the nodes longer than max_run_duration lets the run last",
            "the deadline ends the hold: shorten it",
        )


def _target_keys(manifest: Manifest) -> Iterator[Diagnostic]:
    document = manifest.document
    other = document.line(("compute_target",))
    for key in ("vm_size", "vm_priority"):
        if key in manifest.given and "compute_target" in manifest.given:
            message = f"'{key}'{document.line((key,))} means a target of its own, beside 'compute_target'{other}"
            yield error_at(document, "TFI317", (key,), message, f"write {key} in the target", at="key")
    if "vm_priority" in manifest.given and "vm_size" not in manifest.given and "compute_target" not in manifest.given:
        yield error_at(
            document,
            "TFI317",
            ("vm_priority",),
            "'vm_priority' alone names no target",
            "write vm_size beside it",
            at="key",
        )
