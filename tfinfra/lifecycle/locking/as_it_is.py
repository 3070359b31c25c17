"""A compiled manifest and what lies around it → all that a lock says of them and that can be known here, without
asking anybody."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from tfinfra.arm.azure_native import VERSION as AZURE_NATIVE
from tfinfra.catalog.images import AZURE_NODES
from tfinfra.compiler.pipeline import Compiled
from tfinfra.compiler.resolved import resolved_keys
from tfinfra.compiler.rules.data import is_url
from tfinfra.compiler.user_paths import read_bounded
from tfinfra.engine.tool.toolchain import VERSION as PULUMI
from tfinfra.environment.requirements.markers import this_platform
from tfinfra.errors import ManifestError
from tfinfra.lifecycle.locking.launch_line import launch_of
from tfinfra.lifecycle.locking.source_files import source_files
from tfinfra.locking.aliases import Aliases, aliased
from tfinfra.locking.as_manifest import SOURCES
from tfinfra.locking.canonical import digest_of, sha256, text_digest
from tfinfra.locking.document import (
    LockedData,
    LockedDeploy,
    LockedEngine,
    LockedFile,
    LockedSource,
    LockedTarget,
)
from tfinfra.locking.now import Now
from tfinfra.locking.trees import tree_digest
from tfinfra.manifest.reading.limits import PAGE
from tfinfra.model import PackageSources, Requirements, to_json
from tfinfra.system.local_tree import LocalTree, Trust, read_tree
from tfinfra.system.progress import Progress
from tfinfra.version import __version__

Reader = Callable[[Path], LocalTree]


def as_it_is(
    compiled: Compiled, manifest: Path | None, aliases: Aliases, *, folder: Path, trust: Trust, progress: Progress
) -> Now:
    """What there is now; `folder` is where ./runs is, and `manifest` None where there are arguments in its place.
    Raises ManifestError for what cannot be read, NoAlias for an index that has none."""
    plan, spec = compiled.plan, compiled.spec
    sources = spec.requirements.sources
    read = partial(_tree, trust=trust, progress=progress)
    files = source_files(compiled.source_root, compiled.travels)
    local = spec.target.cloud == "local"
    return Now(
        tfinfra=__version__,
        keys=without_hosts(resolved_keys(compiled.manifest, spec)),
        manifest=LockedFile(manifest.name, manifest_digest(manifest)) if manifest else LockedFile("", sha256(b"")),
        target=LockedTarget(compiled.facts.chosen.name, _target_digest(compiled)),
        source=LockedSource(tree_digest(files), files),
        platforms=(this_platform(), AZURE_NODES) if local else (AZURE_NODES,),
        python=spec.requirements.python_version,
        asked=asked_digest(spec.requirements, aliases),
        indexes=aliased(sources, aliases),
        deploy=_deploy(compiled.tree, sources, aliases),
        engine=LockedEngine(PULUMI, AZURE_NATIVE),
        image=plan.infrastructure.image.name,
        launch=launch_of(plan),
        inputs=_inputs(compiled, read),
        checkpoints=_checkpoints(plan.resume_from, folder, read),
    )


def manifest_digest(manifest: Path) -> str:
    """The digest of a manifest's bytes, its lines ended by "\\n". Raises ManifestError where it cannot be read."""
    try:
        data = read_bounded(manifest, PAGE.bytes)
    except OSError as error:
        raise ManifestError(f"cannot read '{manifest}': {error.strerror}", "name the manifest's file") from error
    return text_digest(data or b"")


def without_hosts(keys: Mapping[str, Any]) -> dict[str, Any]:
    """The resolved manifest without the indexes of its target: a lock has them by their aliases."""
    target = {key: value for key, value in keys["compute_target"].items() if key not in SOURCES}
    return {**keys, "compute_target": target}


def asked_digest(requirements: Requirements, aliases: Aliases) -> str:
    """The digest of what an environment is locked from, its indexes by their aliases. Raises NoAlias."""
    asked = to_json(replace(requirements, sources=PackageSources()))
    return digest_of({**asked, "sources": to_json(aliased(requirements.sources, aliases))})


def _target_digest(compiled: Compiled) -> str:
    """Of the target's entry, wherever it is written; formatting does not matter."""
    chosen = compiled.facts.chosen
    entry: Any = chosen.document.data
    for part in chosen.path if chosen.keys is not None and chosen.name != "local" else ():
        entry = entry[part]
    if chosen.path == () or chosen.name == "local":
        entry = to_json(chosen.keys)
    return digest_of({"entry": entry})


def _deploy(tree: Mapping[str, str], sources: PackageSources, aliases: Aliases) -> LockedDeploy:
    """Where a target names indexes, the text is that with their aliases: another mirror makes no other program."""
    urls = [*sources.all_indexes, *sources.find_links]
    named = {url: f"alias:{aliases.alias(url)}" for url in urls}

    def text(written: str) -> str:
        for url, alias in named.items():
            written = written.replace(url, alias)
        return written

    files = {path: sha256(text(written).encode()) for path, written in tree.items()}
    return LockedDeploy(tree_digest(files), files)


def _inputs(compiled: Compiled, read: Reader) -> dict[str, LockedData]:
    found = {}
    for given in compiled.plan.inputs:
        path = compiled.data.get(given.name)
        if given.url is not None or path is None:
            found[given.name] = LockedData(path=given.path, url=given.url)
        else:
            found[given.name] = replace(locked_tree(read(path)), path=given.path)
    return found


def locked_tree(tree: LocalTree) -> LockedData:
    return LockedData(sha256=f"sha256:{tree.sha256}", files=len(tree.files), bytes=tree.size)


def _checkpoints(run: str | None, folder: Path, read: Reader) -> LockedData | None:
    if run is None:
        return None
    if is_url(run):
        return LockedData(url=run)
    from tfinfra.lifecycle.attach.resume_from import checkpoints_at_home

    path = checkpoints_at_home(run, folder)
    return replace(locked_tree(read(path)), run=run) if path else LockedData(run=run)


def _tree(path: Path, *, trust: Trust, progress: Progress) -> LocalTree:
    from tfinfra.system.paths import cache_folder

    return read_tree(path, cache_folder() / "inputs.sqlite3", progress, trust)
