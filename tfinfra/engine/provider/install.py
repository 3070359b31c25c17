"""Installs the azure-native plugin once on this machine: fetches, checks and unpacks it, and moves it to its folder."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from tfinfra.arm.azure_native import BINARY, VERSION, archive_name
from tfinfra.engine.provider.plugin_archive import PluginArchive, fetch
from tfinfra.engine.provider.plugin_folder import find_provider, plugins_folder, provider_folder
from tfinfra.engine.provider.plugin_source import SHA256, PluginSource, checked, chosen_source
from tfinfra.engine.provider.work_folder import work_folder
from tfinfra.errors import TfinfraError
from tfinfra.system.ownership import make_private
from tfinfra.system.progress import Progress

GET_IT = "`tfinfra setup` gets it now; TFINFRA_PROVIDER_MIRROR names a mirror or a file where the network is closed"
_NAME = f"the azure-native plugin {VERSION}"


def ensure_provider(
    progress: Progress, *, environ: Mapping[str, str] = os.environ, where: str | None = None, sha256: str | None = None
) -> Path:
    """The plugin's program, installed first where it is not (a download of the vendor's, a mirror's, or a file).

    `where` and `sha256` win over TFINFRA_PROVIDER_MIRROR and TFINFRA_PROVIDER_SHA256. The archive must have the hash
    that the user gives, or that a mirror's checksum file says, or that it had when it was first used here. Raises
    UsageError, and TfinfraError with the way out.
    """
    if find_provider() is None:
        source = chosen_source(environ, where, sha256)
        with _on_a_disk_that_takes_it():
            make_private(plugins_folder())
            with _alone(progress):
                if find_provider() is None:  # still: another may just have installed it
                    return _install(source, progress)
    return as_wanted(environ, sha256)


@contextmanager
def _alone(progress: Progress) -> Iterator[None]:
    from filelock import FileLock, Timeout

    lock = FileLock(plugins_folder().parent / "provider.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress(f"another tfinfra is installing {_NAME}: waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def recorded() -> dict[str, str]:
    """{"sha256", "from", "known_by"} of the archive that was used here last, {} where none was, or nothing that can be
    read."""
    return _entry(_all_recorded()) or {}


def trust() -> str:
    """Why the installed plugin counts as the right one, for a person."""
    known = recorded()
    return f"SHA-256 {known['sha256']} (by {known['known_by']})" if known else "nobody recorded its SHA-256"


def _all_recorded() -> dict[str, dict[str, str]]:
    """The same by the archive's name: of each version that was ever used here."""
    with suppress(OSError, ValueError):
        found = json.loads(_record_file().read_text("utf-8"))
        if isinstance(found, dict):
            return {name: entry for name, entry in found.items() if isinstance(entry, dict)}
    return {}


def _entry(document: Any) -> dict[str, str] | None:
    """This archive's part of the record, {} where it has none; None where it is not as it was written."""
    entry = document.get(archive_name(), {}) if isinstance(document, dict) else None
    if not isinstance(entry, dict) or not all(isinstance(value, str) for value in entry.values()):
        return None
    return entry if not entry or {"sha256", "from", "known_by"} <= entry.keys() else None


def _recorded_or_refused() -> dict[str, str]:
    """The same. Raises TfinfraError where a record is there and cannot be read: to take that for none would let any
    archive pass for the first."""
    try:
        entry = _entry(json.loads(_record_file().read_text("utf-8")))
    except FileNotFoundError:
        return {}
    except ValueError:
        entry = None
    if entry is None:
        message = f"{_record_file()} cannot be read: which archive of the plugin was used here before is not known"
        raise TfinfraError(message, hint=f"give the archive's SHA-256 in {SHA256}, or remove that file")
    return entry


def _record_file() -> Path:
    return plugins_folder().parent / "provider.json"


def as_wanted(environ: Mapping[str, str], sha256: str | None = None) -> Path:
    """The plugin that is there. Raises TfinfraError where the user names a hash that it was not installed from."""
    program = find_provider()
    assert program is not None  # noqa: S101 - the caller has found it
    wanted = checked(sha256 or environ.get(SHA256) or None)
    known = recorded().get("sha256")
    if wanted and wanted != known:
        was = f"from an archive with SHA-256 {known}" if known else "from an archive that nobody recorded"
        raise TfinfraError(
            f"{_NAME} was installed {was}, not with {wanted}",
            hint=f"remove {provider_folder()} and run `tfinfra setup` again, or unset {SHA256}",
        )
    return program


def _install(source: PluginSource, progress: Progress) -> Path:
    """Moves the plugin to its folder in one step: a half-unpacked one is never found."""
    with work_folder(plugins_folder().parent / "provider-work") as work:
        fetched = fetch(source, work, progress)
        known_by = _vouched_by(source, fetched)
        draft = work / "draft"
        progress("unpacking the azure-native plugin")
        _unpack(fetched.archive, draft, source.shown)
        folder = provider_folder()
        if folder.is_dir() and not folder.is_symlink():  # somebody half removed it, or the tool half installed it
            shutil.rmtree(folder, ignore_errors=True)
        else:
            folder.unlink(missing_ok=True)
        folder.with_name(f"{folder.name}.partial").unlink(missing_ok=True)
        draft.replace(folder)
    _note(source, fetched, known_by, progress)
    return provider_folder() / BINARY


@contextmanager
def _on_a_disk_that_takes_it() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        path = error.filename or plugins_folder().parent
        message = f"{_NAME} cannot be installed: {path}: {error.strerror or error}"
        hint = "TFINFRA_CACHE_DIR names another folder; the plugin needs about 1 GiB"
        raise TfinfraError(message, hint=hint) from error


def _vouched_by(source: PluginSource, fetched: PluginArchive) -> str:
    """Who vouches for the archive: "user", "mirror" or "first use". Raises TfinfraError where its hash is another."""
    if source.sha256 is not None:
        if source.sha256 != fetched.sha256:
            raise _differs(source, fetched, f"you gave {source.sha256}")
        return "user"
    if fetched.promised not in (None, fetched.sha256):
        raise _differs(source, fetched, f"the checksum file beside it says {fetched.promised}")
    before = _recorded_or_refused()
    if before.get("sha256") not in (None, fetched.sha256):
        why = f"it was {before['sha256']} when it was first used here (from {before.get('from', 'somewhere')})"
        raise _differs(source, fetched, why)
    return "mirror" if fetched.promised else before.get("known_by", "first use")


def _differs(source: PluginSource, fetched: PluginArchive, why: str) -> TfinfraError:
    message = f"{source.shown} is not the archive that it should be: its SHA-256 is {fetched.sha256}, and {why}"
    hint = f"nothing was installed; where you know that the new one is right, set {SHA256} to it"
    return TfinfraError(message, hint=hint)


def _note(source: PluginSource, fetched: PluginArchive, known_by: str, progress: Progress) -> None:
    """Records the hash, and tells the user who vouches for it."""
    own = {archive_name(): {"sha256": fetched.sha256, "from": source.shown, "known_by": known_by}}
    draft = _record_file().with_suffix(".draft")
    draft.write_text(json.dumps({**_all_recorded(), **own}, indent=1) + "\n", "utf-8")
    draft.replace(_record_file())
    trust = {
        "user": "as you gave it",
        "mirror": "as the mirror's checksum file has it",
        "first use": f"taken as it came and recorded: from now on another is refused (or give yours in {SHA256})",
    }
    progress(f"{_NAME} is installed: SHA-256 {fetched.sha256}, {trust.get(known_by, known_by)}")


def _unpack(archive: Path, folder: Path, shown: str) -> None:
    """Writes the archive's files and folders to `folder`, the plugin's program among them. Raises TfinfraError, also
    for a link, and for a path that leaves the folder; `shown` is where the archive is from."""
    folder.mkdir()
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                if path.is_absolute() or ".." in path.parts:
                    raise _unfit(shown, f"'{member.name}' in it leaves its folder")
                target = folder / path
                if member.isdir():
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                content: Any = tar.extractfile(member) if member.isfile() else None
                if content is None:
                    raise _unfit(shown, f"'{member.name}' in it is neither a file nor a folder")
                target.parent.mkdir(parents=True, exist_ok=True)
                with content, target.open("wb") as out:
                    shutil.copyfileobj(content, out, 1 << 20)
                target.chmod(0o755 if member.mode & 0o100 else 0o644)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise _unfit(shown, f"it is no whole .tar.gz ({str(error) or type(error).__name__})") from error
    except OSError as error:
        if error.errno is not None:
            raise
        raise _unfit(shown, f"it is no .tar.gz ({error})") from error  # gzip.BadGzipFile
    program = folder / BINARY
    if not program.is_file():
        raise _unfit(shown, f"there is no {BINARY} in it")
    program.chmod(0o755)


def _unfit(shown: str, why: str) -> TfinfraError:
    return TfinfraError(f"{shown} cannot be installed: {why}", hint="nothing was installed; fetch the archive anew")
