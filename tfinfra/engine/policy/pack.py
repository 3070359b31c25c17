"""A folder → a policy pack, or what keeps it from being one that can be run here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfinfra.errors import Diagnostic, ManifestError, NotFeasible, Position, Severity
from tfinfra.manifest.codes import refusal
from tfinfra.text.wording import shortened

PROJECT = "PulumiPolicy.yaml"
PROGRAM = "__main__.py"
NO_PACK, NOT_PYTHON, NO_ENVIRONMENT, FAILED = "TFI460", "TFI461", "TFI462", "TFI463"
_LONGEST = 200


@dataclass(frozen=True)
class Pack:
    """`entry` is the program in `folder`, both absolute. `virtualenv` is the environment that the pack names, absolute;
    `requirements` the file that says what it needs (requirements.txt or pyproject.toml); None where there is none."""

    folder: Path
    entry: Path
    version: str
    virtualenv: Path | None
    requirements: Path | None


def packs_in(folder: Path) -> list[Path]:
    """The folder, where it is a pack or holds none; else the packs in it, by name."""
    if (folder / PROJECT).exists():
        return [folder]
    return sorted(project.parent for project in folder.glob(f"*/{PROJECT}")) or [folder]


def read_pack(folder: Path) -> Pack:
    """The pack in `folder`. Raises ManifestError where there is none, or one of a language that is not run here."""
    project = folder / PROJECT
    try:
        document = _mapping(project.read_bytes())
    except OSError as error:
        why = "it has no PulumiPolicy.yaml" if folder.is_dir() else "there is no such folder"
        why = why if isinstance(error, FileNotFoundError) else str(error.strerror or error)
        raise refused(NO_PACK, folder, f"is no policy pack: {why}") from error
    except ValueError as error:
        why = f"is no policy pack: its PulumiPolicy.yaml cannot be read: {error}"
        raise refused(NO_PACK, folder, why, file=project) from error
    runtime = document.get("runtime")
    named = runtime.get("name") if isinstance(runtime, Mapping) else runtime
    if named != "python":
        raise _of_another_language(folder, named)
    entry = folder / str(document.get("main") or PROGRAM)
    entry = entry / PROGRAM if entry.is_dir() else entry
    if not entry.is_file():
        raise refused(NO_PACK, folder, f"is no policy pack: it has no {entry.relative_to(folder)}", file=project)
    options = runtime.get("options") if isinstance(runtime, Mapping) else None
    named_environment = options.get("virtualenv") if isinstance(options, Mapping) else None
    return Pack(
        folder=folder,
        entry=entry,
        version=str(document.get("version") or "0.0.1"),
        virtualenv=folder / str(named_environment) if named_environment else None,
        requirements=next(
            (f for name in ("requirements.txt", "pyproject.toml") if (f := folder / name).is_file()), None
        ),
    )


def refused(
    code: str, folder: Path, why: str, hint: str | None = None, *, file: Path | None = None, line: int = 1
) -> ManifestError | NotFeasible:
    """The error of the pack in `folder`; `why` goes on "the policy pack FOLDER …"."""
    position = Position(str(file), line, 1) if file else None
    message = f"the policy pack {folder} {why}"
    return refusal((Diagnostic(code, Severity.ERROR, message, "policy", position, hint),))


def _mapping(data: bytes) -> Mapping[str, Any]:
    """Raises ValueError with the reason."""
    import yaml

    try:
        found = yaml.safe_load(data)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(shortened(" ".join(str(error).split()), _LONGEST)) from error
    if isinstance(found, Mapping):
        return found
    raise ValueError("it is no mapping")


def _of_another_language(folder: Path, named: object) -> ManifestError | NotFeasible:
    if named is None:
        return refused(
            NO_PACK, folder, "is no policy pack: its PulumiPolicy.yaml names no runtime", file=folder / PROJECT
        )
    hint = "tfinfra runs packs whose runtime is python; no others have been tried"
    return refused(
        NOT_PYTHON, folder, f"has the runtime '{named}', which tfinfra does not run", hint, file=folder / PROJECT
    )
