"""The key `lock` of a lock as frozen values: all that a run of its manifest is made of, as it was when it was locked.

A lock is the resolved manifest with this key. Digests are "sha256:" and 64 hexadecimal digits; a text or number that is
None was not to be had where the lock was made, so that its reader takes it for *declared*. Package indexes and pages of
wheels stand here by their aliases, never by a host (aliases.py).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from tfinfra.model.git_state import GitState
from tfinfra.model.shapes import Count, Line, Many, Shape, matching
from tfinfra.text.credentials import in_urls

VERSION = 1

SDIST_ENDING = r"\.(?:tar\.(?:gz|bz2|xz|lzma|zst)|tgz|tbz|txz|zip)"
_DIGEST = r"sha256:[0-9a-f]{64}"
Digest = Annotated[str, matching(_DIGEST, "a digest: sha256: and 64 hexadecimal digits")]
FileText = Annotated[
    str,
    matching(rf"{_DIGEST}( executable)?|link .+", "a file's digest, with the word executable behind it, or a link"),
]
"""A file of the source directory: its digest, " executable" behind it where its user may run it; "link TARGET"."""
Alias = Annotated[str, matching(r"[a-z][a-z0-9_-]{0,31}", "an index's alias: a-z, 0-9, '-' and '_'")]
Version = Annotated[int, Shape(lambda number: number == VERSION, f"{VERSION}: another version of tfinfra wrote it")]
PackageName = Annotated[str, matching(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,198}[A-Za-z0-9])?", "a package's name (PEP 508)")]
PackageVersion = Annotated[str, matching(r"[A-Za-z0-9][A-Za-z0-9.!+_-]{0,198}", "an exact version (PEP 440)")]
PackageFileName = Annotated[
    str,
    matching(
        rf"[A-Za-z0-9][A-Za-z0-9._!+-]{{0,240}}(\.whl|{SDIST_ENDING})", "the name of a wheel or a source distribution"
    ),
]
"""These go into requirements files, where a space or a '/' more would be an option, or another place."""
Channel = Annotated[
    str,
    Shape(
        lambda text: text.isprintable() and len(text) <= 1000 and not in_urls(text),
        "a channel's name, or its URL without a user, a password or a token",
    ),
]


FileName = Annotated[
    str,
    Shape(
        lambda text: text.isprintable() and "/" not in text and text not in ("", ".", "..") and len(text) <= 255,
        "the name of a file beside the lock",
    ),
]


@dataclass(frozen=True)
class LockedFile:
    """A file beside the lock by the digest of its bytes, `path` as the lock names it."""

    path: FileName
    sha256: Digest


@dataclass(frozen=True)
class LockedTarget:
    """A target: its name, and the digest of its entry's canonical form."""

    name: Line
    sha256: Digest


@dataclass(frozen=True)
class LockedTool:
    """tfinfra itself."""

    version: Line


@dataclass(frozen=True)
class LockedSource:
    """What travels of the source directory: FileText by path. `tree` is the digest of all of it (trees.py); `git` is
    None outside of a repository, and where there is no git to ask."""

    tree: Digest
    files: dict[str, FileText] = field(default_factory=dict)
    git: GitState | None = None


@dataclass(frozen=True)
class LockedPackage:
    """The one file of a package that is installed, with its size in bytes where an index told it."""

    name: PackageName
    version: PackageVersion
    file: PackageFileName
    sha256: Digest
    size: Many | None = None


@dataclass(frozen=True)
class LockedConda:
    """One conda package; `channel` as the manifest names it, the rest as its channel describes it."""

    name: Line
    version: Line
    build: Line
    subdir: Line
    channel: Channel
    file: Line
    sha256: Digest
    build_number: Many = 0
    noarch: Line | None = None
    depends: tuple[Line, ...] = ()


@dataclass(frozen=True)
class LockedPython:
    """`origin` is "uv" (a build that uv fetches), "machine" or "conda"."""

    version: Line
    origin: Line


@dataclass(frozen=True)
class LockedHorovod:
    """What Horovod is compiled from: its source package, Open MPI, the build's own packages; `compiler` and `cuda` are
    those of the machine that builds, None where that is a node."""

    version: Line
    sdist: Digest
    openmpi: Line
    compiler: Line | None = None
    cuda: Line | None = None
    tools: tuple[LockedPackage, ...] = ()


@dataclass(frozen=True)
class LockedIndexes:
    """Where packages come from, by alias, in the order that uv asks: `extra` before `index`, and pages of wheels."""

    index: Alias = "pypi"
    extra: tuple[Alias, ...] = ()
    find_links: tuple[Alias, ...] = ()


@dataclass(frozen=True)
class LockedInstalled:
    """The environment as it was built once: the digest of its tree, and of the Python build in it; what installed the
    packages and compiled Horovod; `declared` says why another build may hold other bytes."""

    tree: Digest
    interpreter: Digest
    installer: Line
    compiler: str = ""
    declared: tuple[Line, ...] = ()


@dataclass(frozen=True)
class LockedEnvironment:
    """The training environment. `key` follows from the rest, as in the cache of environments; `asked` is the digest of
    the requirements that it answers; `recipe` the version of how it is built; `tensorflow` the package that TensorFlow
    comes from; `source_builds` are packages that come as source; `installed` is None where it was never built."""

    key: Line
    asked: Digest
    recipe: Count
    platform: Line
    python: LockedPython
    tensorflow: Line
    framework_version: Line
    gpu: bool
    packages: tuple[LockedPackage, ...]
    indexes: LockedIndexes = field(default_factory=LockedIndexes)
    source_builds: tuple[Line, ...] = ()
    conda: tuple[LockedConda, ...] = ()
    horovod: LockedHorovod | None = None
    installed: LockedInstalled | None = None


@dataclass(frozen=True)
class LockedDeploy:
    """The deploy folder: the digest of each file, and of all of it."""

    tree: Digest
    files: dict[str, Digest] = field(default_factory=dict)


@dataclass(frozen=True)
class LockedEngine:
    """The versions of Pulumi's command line tool and of its provider; `tool` is the digest of the tool that the lock's
    maker had, which is made of sources that Go's checksum database guards."""

    pulumi: Line
    azure_native: Line
    tool: Digest | None = None


@dataclass(frozen=True)
class LockedBody:
    """What ARM is asked for one resource of the program, with what differs from run to run as placeholders."""

    resource: Line
    type: Line
    api: Line
    sha256: Digest


@dataclass(frozen=True)
class LockedInfrastructure:
    """`image` is exact, as a manifest writes it. `bodies`, `custom_data` (of the nodes) and `role_actions` (of the
    caller's role) are empty or None where the lock's maker had no engine."""

    deploy: LockedDeploy
    engine: LockedEngine
    image: Line
    bodies: tuple[LockedBody, ...] = ()
    custom_data: Digest | None = None
    role_actions: Digest | None = None


@dataclass(frozen=True)
class LockedData:
    """An input or a checkpoint: its `path`, `url` or `run`, and the digest of its tree, or of a Blob's names, sizes and
    ETags. Without a digest it is declared: it could not be listed."""

    path: Line | None = None
    url: Line | None = None
    run: Line | None = None
    sha256: Digest | None = None
    files: Many | None = None
    bytes: Many | None = None


@dataclass(frozen=True)
class LockedLaunch:
    """How tasks are started: the `command` behind `python`, the `launcher`'s line where there is one, the `variables`
    that tfinfra sets (one that differs by task as the digest of {task: value}), and where each task is placed. What a
    run alone knows, such as its nodes' addresses, has placeholders."""

    command: tuple[str, ...]
    launcher: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    placement: dict[str, Line] = field(default_factory=dict)


@dataclass(frozen=True)
class ManifestLock:
    """The key `lock`. `digest` is that of the whole document's canonical form without this digest (canonical.py)."""

    version: Version
    digest: Digest
    tfinfra: LockedTool
    manifest: LockedFile
    target: LockedTarget
    source: LockedSource
    environment: LockedEnvironment
    infrastructure: LockedInfrastructure
    launch: LockedLaunch
    inputs: dict[str, LockedData] = field(default_factory=dict)
    checkpoints: LockedData | None = None

    @property
    def declared(self) -> tuple[str, ...]:
        """The keys of the manifest whose data could not be listed."""
        found = [f"inputs.{name}" for name, data in self.inputs.items() if data.sha256 is None]
        return (*found, *(["resume_from"] if self.checkpoints and self.checkpoints.sha256 is None else []))
