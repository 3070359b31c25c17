"""Which guardrails hold for a manifest: the file that the caller names, the user's and the machine's, all together.

They are not the manifest's to choose: no file beside it is read for being there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from tfinfra.compiler.user_paths import below, read_for_parser, real
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
    """The guardrails of `given` (`--guardrails`), of the user's configuration folder, which variables of the
    environment may move, of the usual one in the user's listed home, which none moves, and of the machine's. Raises
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
    usual = [folder / FILE for folder in (_moved_folder(), own_folder(), MACHINE_FOLDER) if folder is not None]
    found = [*([given] if given is not None else []), *(path for path in usual if _may_be_there(path))]
    return tuple({real(path): path for path in reversed(found)}.values())[::-1]


def _moved_folder() -> Path | None:
    """The user's configuration folder, wherever the environment says it is; None where there is no home for it."""
    from tfinfra.system.paths import NoHome, config_folder

    try:
        return config_folder()
    except NoHome:
        return None


def own_folder() -> Path | None:
    """The user's configuration folder in the listed home; None where it is known that nothing of the user's is there:
    some users are listed with the home of another. What may be entered is enough to read a file in it."""
    from tfinfra.system.paths import listed_config_folder

    folder = listed_config_folder()
    return folder if folder is not None and os.access(folder, os.X_OK) else None


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


def what_to_know(guardrails: Guardrails, folder: Path) -> Iterator[Diagnostic]:
    """What to know of the guardrails of a manifest in `folder`: which of them a change of its repository can change,
    and that a file beside it is none of them."""
    if _moved_folder() is None:
        message = "there is no home folder: no guardrails of the user's own are looked for"
        hint = f"HOME is not set, and this machine knows no user {os.getuid()}; TFINFRA_CONFIG_DIR names their folder"
        yield Diagnostic("TFI444", Severity.NOTICE, message, hint=hint)
    for file in guardrails.files:
        found = [("the guardrails", Path(file.document.file)), *(("the policy packs", pack) for pack in file.policy)]
        if file.policy:
            found += [("what policy packs run with", cache) for cache in _cache_folder()]
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


def _cache_folder() -> Iterator[Path]:
    """The cache folder, in which packs have their environments; nothing where it cannot be used."""
    from tfinfra.system.paths import named_folders

    yield from named_folders()[1:]


def in_repository(path: Path, folder: Path) -> bool:
    """Whether `path`, links followed, is of the git repository that `folder` is in, or of one around that, as there is
    around a submodule; outside of any, of the folder itself. A `folder` that is a link is where the link is, too."""
    found = real(path)
    for here in {real(folder), Path(os.path.abspath(folder))}:  # noqa: PTH100  links are not followed
        if found.parent == here or any(found.is_relative_to(root) for root in _roots(here)):
            return True
    return False


def _roots(here: Path) -> Iterator[Path]:
    """The tops of what belongs to the same people as `here`. A home, or a folder above it, is the top of nothing that
    it holds, but for what lies in it outside of any other repository: the configuration folder is below it. Which home
    that is the environment does not say: it may name a folder of the repository."""
    from tfinfra.system.paths import listed_home

    home = real(listed_home() or below(Path(os.sep), "~"))
    above = [folder for folder in (here, *here.parents) if os.path.lexists(folder / ".git")]
    if not above and not home.is_relative_to(here):
        yield here
    yield from above[:1]
    yield from (folder for folder in above[1:] if not home.is_relative_to(folder))


def _whole(
    path: Path, code: str, message: str, hint: str | None = None, severity: Severity = Severity.ERROR
) -> Diagnostic:
    return Diagnostic(code, severity, message, "", Position(str(path), 1, 1), hint)
