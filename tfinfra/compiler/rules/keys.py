"""Rules across the manifest's own keys: they need neither the disk nor the catalog."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import fields

from tfinfra.backends.registry import BACKENDS, DISTRIBUTED
from tfinfra.compiler.facts import Facts, Rule
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import error_at
from tfinfra.manifest.key_schema import MOST_TAGS, NAME, SPELLINGS, TAG_FORBIDDEN, TAG_OURS, fitting_input, fitting_name
from tfinfra.manifest.manifest import Manifest
from tfinfra.model.script_variables import INPUT, NAMES, names_meant, set_by_tfinfra
from tfinfra.text.credentials import covered

_OWNER = {key: name for name, one in BACKENDS.items() for key in one.keys}
"""The backend that a key belongs to."""

_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""What neither a command line nor a variable of the environment can hold, or no terminal shows as it is."""
_LONGEST_TEXT = 131_072
_IN_A_FILE = "no program can be given more than 131,071 bytes at once: write it into a file of source_directory"
LONGEST = 365 * 86400
"""Seconds that a limit allows at most."""
_DEFAULTS = {f.name: f.default for f in fields(Manifest)}


def unusable_name(facts: Facts) -> Iterator[Diagnostic]:
    """Without a `name` the run is called as its manifest's file."""
    manifest, stem = facts.manifest, facts.project.stem
    if manifest.name is None and manifest.sound("name") and not re.fullmatch(NAME, stem):
        form = "a lower-case letter, then at most 23 of a-z, 0-9 and '-'"
        message = f"'{stem}' cannot be the run's name: {form}" if stem else f"the run has no name: {form}"
        yield error_at(manifest.document, "TFI304", (), message, f"add `name: {fitting_name(stem)}`")


def two_spellings(facts: Facts) -> Iterator[Diagnostic]:
    """One key, written twice under two names."""
    document, limits = facts.document, facts.document.data.get("limits")
    for other, key in SPELLINGS.items():
        if document.has(key) and document.has(other):
            message = f"'{other}' is another spelling of '{key}'{document.line((key,))}"
            yield error_at(document, "TFI209", (other,), message, "keep one", at="key")
    twice = isinstance(limits, dict) and limits.get("max_run_duration") is not None
    if twice and document.has("max_run_duration_seconds"):
        line = document.line(("limits", "max_run_duration"))
        message = f"'max_run_duration_seconds' is another spelling of 'limits.max_run_duration'{line}"
        yield error_at(document, "TFI209", ("max_run_duration_seconds",), message, "keep one", at="key")


def keys_of_another_backend(facts: Facts) -> Iterator[Diagnostic]:
    """A key that belongs to another backend, or to any where the manifest asks for none."""
    manifest, document = facts.manifest, facts.document
    if not manifest.sound("distributed_backend"):
        return
    chosen, where = manifest.distributed_backend, document.line(("distributed_backend",))
    owners = {key: owner for key, owner in _OWNER.items() if owner != chosen and manifest.sound(key)}
    written = {key: owner for key, owner in owners.items() if getattr(manifest, key) != _DEFAULTS[key]}
    if chosen is None and manifest.node_count > 1:
        written["node_count"] = " or ".join(DISTRIBUTED)
    for key, owner in written.items():
        line = document.line((key,))
        if chosen is None:
            state = f"is null{where}" if "distributed_backend" in document.data else "is not set"
            message = f"'{key}' is {getattr(manifest, key)}{line}, but 'distributed_backend' {state}"
            yield error_at(document, "TFI302", (key,), message, f"write distributed_backend: {owner}", at="key")
        else:
            message = f"'{key}'{line} belongs to distributed_backend {owner}, and 'distributed_backend' is"
            hint = f"remove '{key}', or write distributed_backend: {owner}"
            yield error_at(document, "TFI301", (key,), f"{message} {chosen}{where}", hint, at="key")


def evaluator_without_a_place(facts: Facts) -> Iterator[Diagnostic]:
    """The cluster_spec dialect has no evaluator."""
    manifest, document = facts.manifest, facts.document
    if manifest.evaluator_count and manifest.tf_config == "cluster_spec" and manifest.sound("tf_config"):
        line, dialect = document.line(("evaluator_count",)), document.line(("tf_config",))
        message = f"'evaluator_count'{line} has no place in tf_config: cluster_spec{dialect}"
        hint = "use tf_config: estimator or coordinator"
        yield error_at(document, "TFI311", ("evaluator_count",), message, hint, at="key")


def variables(facts: Facts) -> Iterator[Diagnostic]:
    """Environment variables that are tfinfra's own, or that no process can be given."""
    for name, value in facts.manifest.environment_variables.items():
        path = ("environment_variables", name)
        if set_by_tfinfra(name):
            yield error_at(facts.document, "TFI305", path, f"tfinfra sets {name} itself", "remove it", at="key")
        elif _UNWRITABLE.search(value):
            message = f"the value of {name} holds a control character"
            yield error_at(facts.document, "TFI321", path, message, "remove it")
        elif _is_too_long(f"{name}={value}"):
            yield error_at(facts.document, "TFI515", path, f"the value of {name} is too long", _IN_A_FILE)


_TEMPLATE = re.compile(r"\$\{\{[^}]{0,80}\}\}")
_FILL_IN = "write the value itself; ${TFINFRA_INPUT_<NAME>} is an input's path, `secrets` names variables of `up`"


def script_parameters(facts: Facts) -> Iterator[Diagnostic]:
    """Flags and values that no command line can hold."""
    for flag, values in facts.manifest.script_params.items():
        path = ("script_params", flag)
        if _UNWRITABLE.search(flag):
            yield error_at(facts.document, "TFI321", path, "a flag holds a control character", "remove it", at="key")
        elif any(map(_UNWRITABLE.search, values)):
            message = f"the value of {flag} holds a control character"
            yield error_at(facts.document, "TFI321", path, message, "remove it")
        elif any(map(_is_too_long, (flag, *values))):
            yield error_at(facts.document, "TFI515", path, f"a value of {flag} is too long", _IN_A_FILE)


def _is_too_long(text: str) -> bool:
    """Whether no program can be started with the text: MAX_ARG_STRLEN of execve(2), with the NUL at its end."""
    return len(text) >= _LONGEST_TEXT // 4 and len(text.encode("utf-8", "surrogatepass")) >= _LONGEST_TEXT


def templates(facts: Facts) -> Iterator[Diagnostic]:
    """`${{ … }}` of Azure ML, GitHub and others, which nobody fills in here."""
    document = facts.document
    for path, text in document.texts.items():
        key = str(path[-1])
        for written, at in ((key, "key"), (text, "value")):
            if (found := _TEMPLATE.search(written)) and path not in document.wrong:
                message = f"{found[0] if found[0] == covered(found[0]) else '${{…}}'} is text here: nothing fills it in"
                yield error_at(document, "TFI343", path, message, _filled_in(facts, found[0]), at=at)


def _filled_in(facts: Facts, reference: str) -> str:
    """What stands here for a reference of Azure ML's jobs."""
    named = re.fullmatch(r"\$\{\{\s*(inputs|outputs)\.([\w-]+)(\.path)?\s*\}\}", reference)
    if named and named[1] == "outputs":
        return "write ${TFINFRA_OUTPUTS}"
    if named and (name := fitting_input(named[2])) in facts.manifest.inputs:
        return f"write ${{{INPUT}{name.upper()}}}"
    return _FILL_IN


def references(facts: Facts) -> Iterator[Diagnostic]:
    """Names of tfinfra's variables within script_params: of those that exist, and written so that they are expanded."""
    manifest, document = facts.manifest, facts.document
    inputs = (*manifest.inputs, *manifest.wrong_items("inputs"))
    if not inputs and not manifest.sound("inputs"):
        return
    known = sorted(NAMES | {f"{INPUT}{name.upper()}" for name in inputs})
    yield from _not_expanded(facts, known)
    for flag, values in manifest.script_params.items():
        path = ("script_params", flag)
        for text, at in ((flag, "key"), *((value, "value") for value in values)):
            for written, name in names_meant(text):
                if name.upper() in known and written != f"${{{name.upper()}}}":
                    message, hint = f"{written} reaches the script as it is written", f"write ${{{name.upper()}}}"
                    yield error_at(document, "TFI323", path, message, hint, at=at, severity=Severity.WARNING)
                elif name.upper() not in known and written == f"${{{name}}}":
                    message = f"there is no variable {name} for {flag}"
                    hint = f"{_of_an_input(name)}there are {', '.join(known)}"
                    yield error_at(document, "TFI322", path, message, hint, at=at)
                elif name.upper() not in known and (makes := _of_an_input(name.upper())):
                    message = f"{written} reaches the script as it is written, and there is no such variable"
                    hint = f"{makes}write ${{{name.upper()}}} then"
                    yield error_at(document, "TFI323", path, message, hint, at=at, severity=Severity.WARNING)


def _not_expanded(facts: Facts, known: Collection[str]) -> Iterator[Diagnostic]:
    """Names of tfinfra's variables within environment_variables, where nothing is put in their place."""
    for variable, value in facts.manifest.environment_variables.items():
        names = [(written, name.upper()) for written, name in names_meant(value)]
        for written, name in names:
            if written.startswith("$") and name in known and not set_by_tfinfra(variable):
                message = f"{written} reaches the script as it is written: only script_params are filled in"
                hint = f"the task has {name} beside {variable}: have the script read it, or write it in script_params"
                path = ("environment_variables", variable)
                yield error_at(facts.document, "TFI323", path, message, hint, severity=Severity.WARNING)


def _of_an_input(variable: str) -> str:
    name = variable.lower().removeprefix(INPUT.lower())
    return f"`inputs: {{{name}: {{path: ./{name}}}}}` makes it; " if name and name != variable.lower() else ""


def tags(facts: Facts) -> Iterator[Diagnostic]:
    """Tags that Azure refuses, takes for one another, or that tfinfra writes itself."""
    document, written, first = facts.document, facts.manifest.tags, dict[str, str]()
    for name, value in written.items():
        same = first.setdefault(name.lower(), name)
        if not (name + value).isprintable():
            message, hint = "a tag's name or value holds a control character", "remove it"
        elif same != name:
            message = f"the tags '{same}' and '{name}' are the same to Azure, which ignores case in their names"
            hint = "keep one"
        elif name.lower().startswith(TAG_OURS):
            message, hint = f"the tag '{name}' is one of tfinfra's own", "choose another name"
        elif set(TAG_FORBIDDEN) & set(name):
            message, hint = f"Azure allows no tag named '{name}'", "leave out < > % & \\ ? /"
        else:
            continue
        yield error_at(document, "TFI306", ("tags", name), message, hint, at="key")
    if len(written) > MOST_TAGS:
        message = f"{len(written)} tags: a resource has at most 50, and tfinfra sets four"
        yield error_at(document, "TFI306", ("tags",), message)


def limits(facts: Facts) -> Iterator[Diagnostic]:
    """Limits that are out of bounds, and a hold that the deadline ends."""
    manifest, document = facts.manifest, facts.document
    given = manifest.limits
    for key, value, least in (("max_run_duration", given.max_run_duration, 1), ("keep_outputs", given.keep_outputs, 0)):
        if not least <= value <= LONGEST:
            message = f"'limits.{key}' is between {least} second{'s' * (least != 1)} and 365 days"
            yield error_at(document, "TFI205", ("limits", key), message)
    if manifest.on_failure > manifest.max_run_duration and manifest.sound("limits"):
        message = "'on_failure' holds the nodes longer than max_run_duration lets the run last"
        yield error_at(document, "TFI315", ("on_failure",), message, "the deadline ends the hold: shorten it")


def keys_of_a_target(facts: Facts) -> Iterator[Diagnostic]:
    """`vm_size` and `vm_priority` at the top are a target of their own: not beside another, and a priority needs a
    size."""
    given, document = facts.manifest.given, facts.document
    other = document.line(("compute_target",))
    for key in ("vm_size", "vm_priority"):
        if key in given and "compute_target" in given:
            message = f"'{key}'{document.line((key,))} means a target of its own, beside 'compute_target'{other}"
            yield error_at(document, "TFI317", (key,), message, f"write {key} in the target", at="key")
    if "vm_priority" in given and given.isdisjoint(("vm_size", "compute_target")):
        message, hint = "'vm_priority' alone names no target", "write vm_size beside it"
        yield error_at(document, "TFI317", ("vm_priority",), message, hint, at="key")


RULES: tuple[Rule, ...] = (
    unusable_name,
    two_spellings,
    keys_of_another_backend,
    evaluator_without_a_place,
    variables,
    script_parameters,
    templates,
    references,
    tags,
    limits,
    keys_of_a_target,
)
