"""The compiler's edge: reads the manifest, the targets and the source directory into a Project; passes are pure."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfinfra.compiler.environment_modules import EnvironmentModules, of_lock
from tfinfra.compiler.guardrail_files import in_repository, load_guardrails, shared_keys, what_to_know
from tfinfra.compiler.lock_beside import why_unlocked
from tfinfra.compiler.other_files import TARGETS_FILE, Said, by_its_keys, by_its_name
from tfinfra.compiler.packages.read_files import NamedFiles
from tfinfra.compiler.project import DataPath, KnownPrices, Project, SourceDirectory
from tfinfra.compiler.source.named_files import files_elsewhere, is_relative, named_files
from tfinfra.compiler.source.read_source import read_source
from tfinfra.compiler.user_paths import below, exists, is_file, is_folder, is_kernels, read_for_parser, real
from tfinfra.environment.installed_modules import installed_modules
from tfinfra.errors import Diagnostic, ManifestError, Position, Severity, TfinfraError, in_one_line
from tfinfra.guardrails.values import Guardrails
from tfinfra.locking.read import LIMITS, is_lock, lock_of
from tfinfra.manifest.document import Document
from tfinfra.manifest.key_schema import LOCK, LOCK_ENDING
from tfinfra.manifest.reading.limits import PAGE
from tfinfra.manifest.reading.reader import read_document
from tfinfra.manifest.words.foreign_paths import data_written_here
from tfinfra.manifest.words.odd_characters import what_is_odd
from tfinfra.model import Requirements
from tfinfra.system.file_kinds import kind_at
from tfinfra.system.local_tree import LeftOut, entries_of
from tfinfra.travel.pointer_files import is_pointer
from tfinfra.travel.survey import NO_FILE, ONLY_FILES, Reason, Survey
from tfinfra.travel.walk import survey

if TYPE_CHECKING:
    from tfinfra.locking.aliases import Aliases


def load_project(
    manifest: Path, *, target: str | None = None, rehearse: bool = False, guardrails: Path | None = None
) -> Project:
    """The project of a manifest file; `guardrails` is the caller's own file of them. Raises ManifestError where it, or
    a file of guardrails, cannot be read as one YAML mapping."""
    held = load_guardrails(guardrails)
    _refuse(manifest, by_its_name(manifest))
    document, diagnostics = _read_of_project(manifest)
    _refuse(manifest, by_its_keys(manifest, document.data))
    if is_lock(manifest.name):
        from tfinfra.locking.as_manifest import as_manifest

        document, faults = as_manifest(lock_of(document), known_aliases())
        diagnostics = (*diagnostics, *faults)
    project = _project(
        document, stem_of(manifest), manifest.parent, held, target=target, rehearse=rehearse, diagnostics=diagnostics
    )
    asks = any(LOCK in file.require for file in held.files)
    return replace(project, unlocked=why_unlocked(manifest)) if asks else project


def _refuse(path: Path, said: Said | None) -> None:
    if said is not None:
        raise _unreadable("TFI101", path, f"'{path}' {said[0]}, and is no manifest", said[1])


def project_of_text(
    data: bytes,
    *,
    file: str,
    folder: Path,
    target: str | None = None,
    rehearse: bool = False,
    guardrails: Path | None = None,
) -> Project:
    """The project of a manifest that is no file: its bytes, which positions call `file`. Relative paths start at
    `folder`; it has no name but the one that it says itself. Raises as `load_project` does."""
    held = load_guardrails(guardrails)
    document, diagnostics = read_document(data, file)
    return _project(document, "", folder, held, target=target, rehearse=rehearse, diagnostics=diagnostics)


def project_from_arguments(
    arguments: Mapping[str, Any],
    *,
    name: str,
    folder: Path,
    target: str | None = None,
    rehearse: bool = False,
    guardrails: Path | None = None,
) -> Project:
    """The estimator's arguments as a manifest: None means not given; relative paths start at `folder`, and `name` is
    what the run is called where no argument says so. Raises as `load_project`."""
    from tfinfra.manifest.arguments import argument_document

    document = argument_document(arguments)
    return project_of_document(
        document, name=name, folder=folder, target=target, rehearse=rehearse, guardrails=guardrails
    )


def project_of_document(
    document: Document,
    *,
    name: str,
    folder: Path,
    target: str | None = None,
    rehearse: bool = False,
    guardrails: Path | None = None,
) -> Project:
    """The estimator's arguments, read already. Raises as `load_project`."""
    return _project(document, name, folder, load_guardrails(guardrails), target=target, rehearse=rehearse)


def _project(
    document: Document,
    stem: str,
    folder: Path,
    guardrails: Guardrails,
    *,
    target: str | None,
    rehearse: bool,
    diagnostics: tuple[Diagnostic, ...] = (),
) -> Project:
    targets, more = _targets(document, folder, target)
    source = _source_directory(document, folder)
    travels = _travelling(source, folder)
    return Project(
        document=document,
        stem=stem,
        source=source,
        target=target,
        targets=targets,
        machine_gpus=machine_gpus(),
        data=_data_paths(document, folder),
        rehearse=rehearse,
        prices=cache(partial(known_prices, folder if guardrails.files else None)),  # who asks again means the same ones
        environment=cache(known_environment),  # several rules ask, and its files are some ten thousand
        diagnostics=(*diagnostics, *more, *what_to_know(guardrails, folder), *shared_keys(guardrails, source.root)),
        own_cloud=bool(os.environ.get("TFINFRA_ARM_ENDPOINT")),
        travels=travels,
        pointers=tuple(one.name for one in travels.files if is_pointer(source.root / one.name, one.size)),
        absent=_absent(source, document),
        stays=_staying(source, document, travels),
        guardrails=guardrails,
        repository_targets=frozenset(one.file for one in targets if in_repository(Path(one.file), folder)),
    )


def _travelling(source: SourceDirectory, folder: Path) -> Survey:
    """What of the source directory travels; nothing of what is none."""
    from tfinfra.system.paths import named_folders

    return survey(source.root, folder, frozenset(named_folders())) if source.exists else Survey()


def _absent(source: SourceDirectory, document: Document) -> frozenset[str]:
    """The absolute paths that the script reads for certain, or a parameter names, and that are not on this machine."""
    named = [*(one.name for one in files_elsewhere(source.modules, source.reach)), *_parameters(document)]
    return frozenset(name for name in named if name.startswith("/") and not exists(Path(name)))


def _parameters(document: Document) -> list[str]:
    given = document.data.get("script_params")
    return [one for flag in given.items() for one in _texts_in(flag)] if isinstance(given, Mapping) else []


def _staying(source: SourceDirectory, document: Document, travels: Survey) -> dict[str, Reason]:
    """Why files do not travel that are there, and that the script or a parameter names."""
    values = _parameters(document)
    named = [one.name for one in named_files(source.modules, source.reach)]
    asked = dict.fromkeys([*named, *(os.path.normpath(value) for value in values if is_relative(value))])
    reasons = {name: travels.why_not(name) or _no_file(source.root / name) for name in asked}
    return {name: reason for name, reason in reasons.items() if reason is not None}


def _no_file(path: Path) -> Reason | None:
    """Why what is there cannot travel, None of a file, a folder, or nothing."""
    if not exists(path) or is_file(path) or is_folder(path):
        return None
    return Reason(f"{NO_FILE}{kind_at(path)}")


def _texts_in(flag: tuple[object, object]) -> list[str]:
    """The texts that a flag gives to the script: its values, and what its name holds behind a '='."""
    name, value = flag
    return [str(name).partition("=")[2], *(str(one) for one in (value if isinstance(value, list) else [value]))]


def stem_of(manifest: Path) -> str:
    """The stem of a manifest's file; of a lock, that of its manifest."""
    return manifest.name.removesuffix(LOCK_ENDING) if is_lock(manifest.name) else manifest.stem


def _read_yaml(path: Path) -> tuple[Document, tuple[Diagnostic, ...]]:
    limits = LIMITS if is_lock(path.name) else PAGE
    data = _bytes_of(path, limits.bytes, _of_stream(path) or "name a YAML file")
    return read_document(data, str(path), limits=limits)


def _bytes_of(path: Path, most: int, hint: str) -> bytes:
    """As `read_for_parser`. Raises ManifestError with `hint`, where nothing in the path's name is odd."""
    try:
        return read_for_parser(path, most)
    except OSError as error:
        message = f"cannot read '{in_one_line(str(path))}': {error.strerror}"
        raise _unreadable("TFI101", path, message, what_is_odd(str(path)) or hint) from error


def _read_of_project(path: Path) -> tuple[Document, tuple[Diagnostic, ...]]:
    """A file of the project: a link in it must not make errors quote a file from elsewhere, line by line."""
    if not real(path).is_relative_to(real(path.parent)):
        message = f"'{path}' is a link to a file outside of its folder"
        hint = _of_stream(path) or "name the file itself, or put a copy of it there"
        raise _unreadable("TFI116", path, message, hint)
    return _read_yaml(path)


def _of_stream(path: Path) -> str | None:
    """What to write for /dev/stdin, and for the /dev/fd/63 of a shell's `<(…)`."""
    return "write `-`: that reads stdin" if str(path).startswith(("/dev/", "/proc/")) else None


def _unreadable(code: str, path: Path, message: str, hint: str) -> ManifestError:
    position = Position(str(path), 1, 1)
    return ManifestError(message, hint, (Diagnostic(code, Severity.ERROR, message, "", position, hint),))


def _targets(
    document: Document, folder: Path, target: str | None
) -> tuple[tuple[Document, ...], tuple[Diagnostic, ...]]:
    """The target files, where the manifest asks for a target by name."""
    name = target or document.data.get("compute_target", "local")
    if not isinstance(name, str) or name == "local":
        return (), ()
    read = [_read_targets(path, folder) for path in _target_files(folder)]
    return tuple(found for found, _ in read), tuple(d for _, more in read for d in more)


def load_targets(folder: Path) -> tuple[Document, ...]:
    """The target files that a manifest in `folder` would see, nearest first. Raises ManifestError."""
    return tuple(_read_targets(path, folder)[0] for path in _target_files(folder))


def _read_targets(path: Path, folder: Path) -> tuple[Document, tuple[Diagnostic, ...]]:
    """Reads one file of targets. The user's own may be a link to anywhere."""
    return _read_of_project(path) if path.parent == folder else _read_yaml(path)


def _target_files(folder: Path) -> Iterator[Path]:
    from tfinfra.system.paths import NoHome, config_folder

    candidates = [folder / TARGETS_FILE]
    with suppress(NoHome):
        candidates.append(config_folder() / TARGETS_FILE)
    yield from dict.fromkeys(path for path in candidates if path.is_file())


def read_foreign(path: Path, folder: Path) -> tuple[bytes, frozenset[str]]:
    """The bytes of another tool's file, one more than a manifest may have at most, and the names of the targets that a
    manifest in `folder` would see. Raises ManifestError where one of them cannot be read."""
    data = _bytes_of(path, PAGE.bytes, "name a file")
    return data, frozenset(str(name) for found in load_targets(folder) for name in found.data)


def known_aliases() -> Aliases:
    """The indexes that the user's configuration has a name for. Raises ManifestError where its file is none."""
    from tfinfra.environment.uv.package_index import default_index
    from tfinfra.environment.uv.tool_environment import tool_environment
    from tfinfra.locking.aliases import FILE, Aliases
    from tfinfra.locking.read_aliases import read_aliases
    from tfinfra.system.paths import NoHome, config_folder

    urls: dict[str, str] = {}
    with suppress(NoHome):
        if (path := config_folder() / FILE).is_file():
            urls = read_aliases(*_read_yaml(path))
    return Aliases(urls, default_index(tool_environment()))


def _source_directory(document: Document, folder: Path) -> SourceDirectory:
    """The source directory; what has a wrong shape is left to the schema."""
    data = document.data
    directory, entry, channels = (data.get(key) for key in ("source_directory", "entry_script", "conda_channels"))
    path = folder / (directory if isinstance(directory, str) else ".")
    return read_source(
        path,
        os.path.normpath(path),
        str(entry or ""),
        NamedFiles(_file_name(document, "pip_requirements_file"), _file_name(document, "conda_dependencies_file")),
        tuple(filter(None, [_file_name(document, "setup_script")])),
        variables=_variables(data.get("environment_variables")),
        channels=tuple(one for one in channels if isinstance(one, str)) if isinstance(channels, list) else (),
        project=folder,
    )


def _variables(given: object) -> dict[str, str]:
    """The manifest's environment variables, whatever their shape."""
    return {str(name): str(value) for name, value in given.items()} if isinstance(given, Mapping) else {}


def _file_name(document: Document, key: str) -> str:
    """The file that a key names, in whichever spelling; "" where there is none."""
    return str(document.data.get(key) or document.data.get(f"{key}_path") or "")


def known_prices(folder: Path | None = None) -> KnownPrices:
    """The shipped prices, and over them the newer ones that this user's refresh has brought; not where these are of the
    repository of the manifest in `folder`, which guardrails on money hold."""
    from tfinfra.catalog.price_file import read_price_file
    from tfinfra.catalog.prices import shipped_book
    from tfinfra.system.paths import NoFolder, prices_file

    try:
        refreshed = read_price_file(prices_file())
        if refreshed and folder is not None and in_repository(prices_file(), folder):
            message = f"the prices in {prices_file()} lie in the manifest's repository: the shipped ones are used"
            hint = "guardrails hold: keep the state folder (TFINFRA_STATE_DIR) where no change of a manifest reaches it"
            return KnownPrices(shipped_book(), (Diagnostic("TFI633", Severity.WARNING, message, hint=hint),))
    except NoFolder:  # no refresh can have written there; validate and plan need nothing else of it
        return KnownPrices(shipped_book())
    except ValueError as error:
        message = f"the refreshed prices in {prices_file()} cannot be read ({error}): the shipped ones are used"
        hint = "`tfinfra catalog refresh` writes the file again"
        return KnownPrices(shipped_book(), (Diagnostic("TFI633", Severity.WARNING, message, hint=hint),))
    return KnownPrices(shipped_book().newest(refreshed) if refreshed else shipped_book())


def known_environment(wanted: Requirements, platform: str) -> EnvironmentModules | None:
    """What the environment of these requirements has, where this machine has locked or built it before. What cannot be
    read there is made anew by the run, which then says what is wrong."""
    from tfinfra.environment.known_lock import find_lock
    from tfinfra.environment.whole_environment import is_whole
    from tfinfra.system.paths import cache_folder

    try:
        lock = find_lock(wanted, platform, cache_folder())
        if lock is None:
            return None
        folder = cache_folder() / "environments" / lock.key
        return replace(of_lock(lock), installed=installed_modules(folder) if is_whole(folder) else None)
    except (OSError, TfinfraError):
        return None


def _data_paths(document: Document, folder: Path) -> dict[str, DataPath]:
    """The local inputs; what has a wrong shape is left to the schema."""
    inputs = document.data.get("inputs")
    given = inputs.items() if isinstance(inputs, Mapping) else ()
    paths = {name: value.get("path") for name, value in given if isinstance(value, Mapping)}
    return {str(name): data_path(folder, str(path)) for name, path in paths.items() if path is not None}


def data_path(folder: Path, written: str) -> DataPath:
    """What a path in a manifest of `folder` leads to; "~" is the caller's home."""
    path = Path(os.path.abspath(below(folder, written)))  # noqa: PTH100  a NUL must not raise
    if "\0" in written:
        return DataPath(path, problem="it is no file name")
    if not exists(path):
        return DataPath(path, problem="it does not exist", hint=data_written_here(written) or DataPath.hint)
    if is_kernels(path):
        return DataPath(path, problem="it is where the kernel shows processes and devices")
    if not os.access(path, os.R_OK | (os.X_OK if is_folder(path) else 0)):
        return DataPath(path, problem="you may not read it")
    if is_folder(path):
        return _data_folder(path)
    return DataPath(path, is_file=True) if is_file(path) else _no_data(path)


def _no_data(path: Path) -> DataPath:
    problem = f"it is {kind_at(path)}, neither a file nor a folder"
    return DataPath(path, problem=problem, hint=f"{ONLY_FILES}, and name that")


def _data_folder(path: Path) -> DataPath:
    """A folder of data, with what in it cannot be copied. It may have millions of files: a part of them says enough,
    and `up` looks at all."""
    seen = 0
    left: list[LeftOut] = []
    pointers: list[str] = []
    try:
        for seen, one in enumerate(islice(entries_of(path), _MOST_LOOKED_AT), 1):  # noqa: B007
            if isinstance(one, LeftOut):
                left.append(one)
            elif not os.access(one.path, os.R_OK):
                return DataPath(path, problem=f"you may not read '{one.name}' in it")
            elif is_pointer(one.path, one.size):
                pointers.append(one.name)
    except OSError as error:
        return DataPath(path, problem=f"'{error.filename}' in it: {(error.strerror or str(error)).lower()}")
    except ManifestError as error:
        return DataPath(path, problem=error.message)
    if len(left) == seen < _MOST_LOOKED_AT:
        what = f"; '{left[0].name}' {left[0].why}" if left else ""
        return DataPath(path, problem=f"it holds no file that could be copied{what}")
    return DataPath(path, left=tuple(left), pointers=tuple(pointers))


_MOST_LOOKED_AT = 50_000


def machine_gpus() -> int:
    """NVIDIA's driver makes one /dev/nvidia<number> for each GPU of the machine."""
    return sum(1 for device in Path("/dev").glob("nvidia[0-9]*") if device.name[6:].isdigit())
