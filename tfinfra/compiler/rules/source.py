"""Rules on what was found on disk: the source directory, the entry script, the requirements file."""

from __future__ import annotations

from collections.abc import Iterator

from tfinfra.compiler.facts import Facts, Rule
from tfinfra.errors import Diagnostic
from tfinfra.manifest.document import error_at
from tfinfra.manifest.words.foreign_paths import file_written_here

_FILES = {
    "entry_script": "TFI307",
    "pip_requirements_file": "TFI309",
    "conda_dependencies_file": "TFI702",
    "setup_script": "TFI706",
}
"""A key that names a file of the source directory → the code of what is wrong with it."""


def unusable_files(facts: Facts) -> Iterator[Diagnostic]:
    """What the manifest names and the disk does not have as it should."""
    manifest, document, source = facts.manifest, facts.document, facts.project.source
    if not manifest.sound("source_directory"):
        return
    if not source.exists:
        reason = source.problems.get("", "it is not there")
        message = f"source_directory '{manifest.source_directory}' cannot be used: {reason}"
        hint = file_written_here(manifest.source_directory) or "it is relative to the manifest"
        yield error_at(document, "TFI308", ("source_directory",), message, hint)
        return
    for key, code in _FILES.items():
        name = getattr(manifest, key)
        if name and manifest.sound(key) and name in source.problems:
            message = f"{key} '{name}' cannot be used: {source.problems[name]}"
            meant = source.problems.get(f"{name}?") or (_of_command(name) if key == "setup_script" else None)
            hint = meant or "it is relative to source_directory and stays inside it"
            yield error_at(document, code, manifest.path(key), message, hint)


def _of_command(written: str) -> str | None:
    """What to write where somebody wrote the commands themselves."""
    if " " not in written.strip():
        return None
    from tfinfra.manifest.words.meanings import setup
    from tfinfra.manifest.words.written import as_hint

    return as_hint(setup(written))


RULES: tuple[Rule, ...] = (unusable_files,)
