"""Rules on credentials within a manifest's URLs and values: they would show in the deploy folder, the lock, the run's
record and its logs, on each node, and in the arguments of the tools that are called with them."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.compiler.packages.written import conda_file, written_lines
from tfinfra.errors import Diagnostic, Severity
from tfinfra.manifest.document import KeyPath, error_at
from tfinfra.manifest.manifest import Manifest
from tfinfra.text.credentials import gives_secret, in_urls, only_name

_WHAT = "the URL carries a user, a password or a token, which would show in every artefact"
_HINT = "take it out: an index's user and password belong in a netrc file, or in UV_INDEX of tfinfra's environment"
_INSTEAD = "name a variable among `secrets`: it is read from your environment and never written"
_REFUSED = ("pip_packages", "conda_packages", "conda_channels", "compute_target")
_OWN_TEXT = ("environment_variables", "script_params", "entry_script")
"""Keys whose values reach the task as they are written."""


def credentials_in_urls(facts: Facts) -> Iterator[Diagnostic]:
    """`inputs` and `resume_from` have a rule of their own, which allows no query at all."""
    manifest, project, document = facts.manifest, facts.project, facts.document
    for path, text in document.texts.items():
        if path and path[0] in _REFUSED and in_urls(text):
            yield error_at(document, "TFI660", path, _WHAT, _HINT)
        elif path and path[0] in _OWN_TEXT and in_urls(text):
            yield error_at(document, "TFI661", path, _WHAT, _INSTEAD, severity=Severity.WARNING)
    for one in written_lines(manifest, project):
        if one.file and in_urls(one.line.text):
            yield Diagnostic("TFI660", Severity.ERROR, _WHAT, one.path, one.position, _HINT)
    chosen = facts.chosen
    if chosen.document is not document:
        for path, text in chosen.document.texts.items():
            if path[:1] == chosen.path and in_urls(text):
                yield error_at(chosen.document, "TFI660", path, _WHAT, _HINT)
    if of_conda := conda_file(manifest, project):
        for path, text in of_conda.document.texts.items():
            if in_urls(text):
                yield error_at(of_conda.document, "TFI660", path, _WHAT, _HINT)


def secrets_in_values(facts: Facts) -> Iterator[Diagnostic]:
    """Secrets that are written down: by the name of a flag or variable, or by the form of what is given to it."""
    manifest, document = facts.manifest, facts.document
    given: list[tuple[KeyPath, str, tuple[str, ...]]]
    given = [(("script_params", flag), flag, values) for flag, values in manifest.script_params.items()]
    given += [(("tune", "parameter_space", name), name, values) for name, values in _options(manifest)]
    given += [
        (("environment_variables", name), name, (value,)) for name, value in manifest.environment_variables.items()
    ]
    for path, name, values in given:
        if any(gives_secret(name, value) and not in_urls(value) for value in values):
            what = f"the value of {only_name(name)} looks like a secret, and would show in every artefact"
            yield error_at(document, "TFI661", path, what, _INSTEAD, at="key", severity=Severity.WARNING)


def _options(manifest: Manifest) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The texts among the options of a search, by parameter."""
    for name, expressions in manifest.tune.parameter_space.items() if manifest.tune else ():
        yield name, tuple(one for each in expressions for one in each.arguments if isinstance(one, str))


RULES: tuple[Rule, ...] = (credentials_in_urls, secrets_in_values)
