"""Which guardrails hold for a manifest: the file that the caller names, the user's and the machine's, all together.

They are not the manifest's to choose: no file beside it is read for being there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tfinfra.compiler.user_paths import read_for_parser, real
from tfinfra.errors import Diagnostic, ManifestError, Position, Severity
from tfinfra.guardrails.key_schema import FILE
from tfinfra.guardrails.read import read_guardrails
from tfinfra.guardrails.values import Guardrails, GuardrailsFile
from tfinfra.manifest.codes import refusal
from tfinfra.manifest.document import error_at
from tfinfra.manifest.reading.reader import MOST_BYTES
from tfinfra.system.key_place import shared_key

MACHINE_FOLDER = Path("/etc/tfinfra")
"""No variable of the environment moves it: whoever starts tfinfra does not choose it."""


def load_guardrails(given: Path | None) -> Guardrails:
    """The guardrails of `given` (`--guardrails`), of the user's configuration folder and of the machine's. Raises
    ManifestError with all that is wrong in any of them: none is left out because it cannot be read."""
    files: list[GuardrailsFile] = []
    faults: list[Diagnostic] = []
    for path in _places(given):
        try:
            files.append(_read(path))
        except ManifestError as error:
            faults += error.diagnostics
    faults += [fault for file in files for fault in _no_packs(file)]
    if faults:
        raise refusal(tuple(faults))
    return Guardrails(tuple(files))


def _places(given: Path | None) -> tuple[Path, ...]:
    from tfinfra.system.paths import NoHome, config_folder

    usual = [MACHINE_FOLDER / FILE]
    with suppress(NoHome):
        usual.insert(0, config_folder() / FILE)
    found = [*([given] if given is not None else []), *(path for path in usual if _may_be_there(path))]
    return tuple({real(path): path for path in reversed(found)}.values())[::-1]


def _may_be_there(path: Path) -> bool:
    """False only where it is known that nothing is there: what cannot be looked at is read, and refused."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def _read(path: Path) -> GuardrailsFile:
    try:
        data = read_for_parser(path, MOST_BYTES)
    except OSError as error:
        message = f"cannot read the guardrails '{path}': {error.strerror}"
        raise refusal((_whole(path, "TFI440", message, "name a YAML file that you may read"),)) from error
    return read_guardrails(data, str(path), real(path).parent)


def _no_packs(file: GuardrailsFile) -> Iterator[Diagnostic]:
    """The folders of policy packs that are none."""
    document = file.document
    for index, folder in enumerate(file.policy):
        path = ("policy",) if ("policy",) in document.texts else ("policy", index)
        try:
            is_folder = stat.S_ISDIR(folder.stat().st_mode)
        except (OSError, ValueError):
            is_folder = False
        if not is_folder:
            hint = "name a folder, relative to this file"
            yield error_at(document, "TFI442", path, f"there is no folder '{folder}' of policy packs", hint)


def remarks(guardrails: Guardrails, folder: Path) -> Iterator[Diagnostic]:
    """What to know of the guardrails of a manifest in `folder`: which of them a change of its repository can change,
    and that a file beside it is none of them."""
    for file in guardrails.files:
        found = [("the guardrails", Path(file.document.file)), *(("the policy packs", pack) for pack in file.policy)]
        for what, path in found:
            if in_repository(path, folder):
                message = f"{what} '{path}' lie in the manifest's repository: a change of the manifest can change them"
                hint = "keep them where only their owners write"
                yield _whole(Path(file.document.file), "TFI443", message, hint, Severity.WARNING)
    beside = folder / FILE
    held = {real(Path(file.document.file)) for file in guardrails.files}
    if os.path.lexists(beside) and real(beside) not in held:
        message = f"'{beside}' is not read: guardrails come from outside of the manifest's folder"
        hint = "`--guardrails FILE` names one; the user's configuration folder and the machine's may hold others"
        yield _whole(beside, "TFI444", message, hint, Severity.NOTICE)


def shared_keys(guardrails: Guardrails, source: Path) -> Iterator[Diagnostic]:
    """The keys that shall sign evidence and that others can have; `source` is the source directory."""
    for file in guardrails.files:
        key = file.audit.key
        why = shared_key(key, (source,)) if key is not None else None
        if why is not None:
            hint = "keep it outside of all repositories, with the mode 600"
            yield error_at(file.document, "TFI456", ("audit", "sign"), f"the signing key '{key}' {why}", hint)


def in_repository(path: Path, folder: Path) -> bool:
    """Whether `path`, links followed, is of the git repository that `folder` is in; outside of any, of the folder
    itself. A home folder, or one above it, is no such place: the configuration folder is below it."""
    found, here = real(path), real(folder)
    root = next((above for above in (here, *here.parents) if os.path.lexists(above / ".git")), None)
    if root is None and not real(Path("~").expanduser()).is_relative_to(here):
        root = here
    return found.parent == here or (root is not None and found.is_relative_to(root))


def _whole(
    path: Path, code: str, message: str, hint: str | None = None, severity: Severity = Severity.ERROR
) -> Diagnostic:
    return Diagnostic(code, severity, message, "", Position(str(path), 1, 1), hint)
